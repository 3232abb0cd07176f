package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// run starts the service and Envoy on the ports of envoy.yaml, shows the screen
// and waits until it is told to stop. In a fleet, there is a second Envoy.
func run(ctx context.Context, finder envoy.Finder, configFile string, inFleet bool, out io.Writer) error {
	set, err := newSetting(finder.Root, configFile, inFleet)
	if err != nil {
		return err
	}
	logs, err := openLogs(filepath.Join(finder.Root, "build", "demo"))
	if err != nil {
		return err
	}
	defer logs.close()
	quotas, err := startQuotaService(set.bootstrap, set.config.QuotaService, logs.dir)
	if err != nil {
		return err
	}
	defer quotas.close()
	store, err := startStore(ctx, finder.Root, set.bootstrap, set.config, logs.dir)
	if err != nil {
		return err
	}
	defer store.close()
	screen := screen{
		operations: set.operations, token: set.token, logs: filepath.Join("build", "demo"), configFile: configFile,
		config: set.config, more: append(store.places(), quotas.places()...),
	}
	options := []envoy.Options{{Bootstrap: set.bootstrap, Dir: logs.dir, LogTo: logs.envoy, AccessTo: logs.access}}
	if inFleet {
		beside, err := openLogs(filepath.Join(logs.dir, "second"))
		if err != nil {
			return err
		}
		defer beside.close()
		other, operations, err := second(set.bootstrap, set.operations)
		if err != nil {
			return err
		}
		screen.second = &door{operations: operations}
		options = append(options, envoy.Options{Bootstrap: other, Dir: beside.dir, LogTo: beside.envoy, AccessTo: beside.access})
	}
	return serve(ctx, finder, set.backend, options, screen, out)
}

// serve shows the screen when everything has started.
func serve(ctx context.Context, finder envoy.Finder, backend string, options []envoy.Options, screen screen, out io.Writer) error {
	sayStarting(out, len(options))
	begin := time.Now()
	s, err := start(ctx, finder, backend, options...)
	if err != nil {
		return err
	}
	defer s.stop()
	say(out, "Ready after %.1f seconds.\n", time.Since(begin).Seconds())
	screen.service = s.service.Address
	screen.public, screen.admin = s.proxies[0].public, s.proxies[0].envoy.Admin
	if screen.second != nil {
		screen.second.public, screen.second.admin = s.proxies[1].public, s.proxies[1].envoy.Admin
	}
	screen.print(out)
	return attend(ctx, s, out)
}

// setting is what "run" starts.
type setting struct {
	bootstrap *envoy.Bootstrap
	config    *config.Config
	// backend and operations are the addresses of the service and of the operations
	// endpoint, token is that of the latter.
	backend, operations, token string
}

func newSetting(root, configFile string, inFleet bool) (*setting, error) {
	plugin := ""
	if inFleet {
		plugin = fleetConfig
	}
	if configFile != "" {
		text, err := os.ReadFile(configFile)
		if err != nil {
			return nil, err
		}
		plugin = string(text)
	}
	if inFleet {
		plugin = withFleet(plugin)
	}
	s := &setting{token: rand.Text()}
	var err error
	if s.bootstrap, s.config, err = load(root, plugin); err != nil {
		return nil, err
	}
	hash := sha256.Sum256([]byte(s.token))
	if err := s.bootstrap.Operations(hex.EncodeToString(hash[:])); err != nil {
		return nil, err
	}
	if s.operations, err = s.bootstrap.OperationsAddress(); err != nil {
		return nil, err
	}
	s.backend, err = checkPorts(s.bootstrap, s.operations)
	return s, err
}

// attend waits until the demo is told to stop, or an Envoy ends by itself.
func attend(ctx context.Context, s *stack, out io.Writer) error {
	ended := make(chan *envoy.Process, len(s.proxies))
	for _, p := range s.proxies {
		go func() {
			<-p.envoy.Done()
			ended <- p.envoy
		}()
	}
	select {
	case <-ctx.Done():
		say(out, "\nStopped.\n")
		return nil
	case p := <-ended:
		how := "exit status 0"
		if err := p.Err(); err != nil {
			how = err.Error()
		}
		return fmt.Errorf("the proxy has ended: %s; Envoy's log ends with:\n%s", how, p.Log.Tail(10))
	}
}

// sayStarting tells what is being waited for.
func sayStarting(out io.Writer, proxies int) {
	if proxies > 1 {
		say(out, "Starting a demo service, a rate limit service with Redis, and %d Envoys %s\n"+
			"with the filter. That takes seconds with TinyGo's build of the filter, up to\n"+
			"twenty with Go's.\n", proxies, envoy.Version)
		return
	}
	say(out, "Starting a demo service, and Envoy %s with the filter in front of it.\n"+
		"That takes a second with TinyGo's build of the filter, up to ten with Go's.\n", envoy.Version)
}

// logFiles is where Envoy's logs go, so that they do not push the screen away.
type logFiles struct {
	dir           string
	envoy, access *os.File
}

func openLogs(dir string) (*logFiles, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	l := &logFiles{dir: dir}
	var err error
	if l.envoy, err = os.Create(filepath.Join(dir, "envoy.log")); err != nil {
		return nil, err
	}
	if l.access, err = os.Create(filepath.Join(dir, "access.log")); err != nil {
		_ = l.envoy.Close()
		return nil, err
	}
	return l, nil
}

func (l *logFiles) close() {
	_ = l.envoy.Close()
	_ = l.access.Close()
}
