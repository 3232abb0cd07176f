package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Store is a rate limit service with its Redis, for proxies that somebody else starts.
type Store struct {
	Redis, Service *Program

	dir string
}

// StartStore starts both for the limits of a configuration of the filter, which has a fleet.
// root is the repository. The programs' logs also go where logTo says, by their names.
func StartStore(ctx context.Context, root, config string, logTo map[string]io.Writer) (s *Store, err error) {
	s = &Store{}
	if s.dir, err = os.MkdirTemp("", "gatewarden-store-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	domain, err := printLimits(ctx, root, s.dir, config)
	if err != nil {
		return s, err
	}
	logged := func(at func(ports []string) *Program) func(ports []string) *Program {
		return func(ports []string) *Program {
			p := at(ports)
			p.LogTo = logTo[p.Name]
			return p
		}
	}
	redis, err := redisAt(root, s.dir)
	if err != nil {
		return s, err
	}
	if s.Redis, err = startSomewhere(ctx, logged(redis), 1); err != nil {
		return s, err
	}
	service, err := serviceAt(serviceOptions{
		root: root, dir: s.dir, domain: domain, redisType: "SINGLE", redisURL: s.Redis.Address,
	})
	if err != nil {
		return s, err
	}
	s.Service, err = startSomewhere(ctx, logged(service), servicePorts)
	return s, err
}

// Stop ends both, and leaves nothing behind.
func (s *Store) Stop() error {
	for _, p := range []*Program{s.Service, s.Redis} {
		if p != nil {
			p.Stop()
		}
	}
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("files of the rate limit service: %w", err)
	}
	return nil
}
