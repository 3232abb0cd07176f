package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// Lab has the proxies. To compile the filter takes seconds of both processors in each, so
// all stands share them, each with listeners and clusters of its own.
type Lab struct {
	root, dir string
	pool      *envoy.Pool
	envoys    []*envoy.Process

	mu     sync.Mutex
	stands []*Stand // those that are open
	count  int
}

// Open starts as many Envoys at once, each with so many workers.
func Open(ctx context.Context, count, workers int) (*Lab, error) {
	root, err := envoy.Repository()
	if err != nil {
		return nil, err
	}
	wasm, err := envoy.Filter(root)
	if err != nil {
		return nil, err
	}
	binary, err := envoy.Finder{Root: root, Log: os.Stderr}.Find(ctx)
	if err != nil {
		return nil, err
	}
	l := &Lab{root: root, pool: envoy.NewPool(binary, root, wasm), envoys: make([]*envoy.Process, count)}
	if l.dir, err = os.MkdirTemp("", "gatewarden-fleet-"); err != nil {
		return nil, err
	}
	var group sync.WaitGroup
	failed := make([]error, count)
	for i := range count {
		group.Go(func() { l.envoys[i], failed[i] = l.pool.Borrow(ctx, workers) })
	}
	group.Wait()
	if err := errors.Join(failed...); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Close ends the Envoys. Stands must have been closed.
func (l *Lab) Close() error {
	for _, e := range l.envoys {
		if e != nil {
			l.pool.GiveBack(e)
		}
	}
	return errors.Join(l.pool.Close(), os.RemoveAll(l.dir))
}

// Options say what a stand has.
type Options struct {
	Variants []Variant
	// Limits are those of the rate limit service besides those of the variants.
	Limits []Limit
	// Failover gives Redis a replica and a Sentinel.
	Failover bool
	// Skew is how far the clock of the service is ahead that the last of the proxies
	// asks. The others ask another one.
	Skew time.Duration
}

// Stand is a fleet: proxies, a rate limit service with its Redis, and a backend.
type Stand struct {
	Redis   *Program // nil with a Pair
	Pair    *Pair
	Service *Program // envoyproxy/ratelimit
	Skewed  *Program // that of the last proxy, if it is another
	Backend *Backend
	// Store is between the service and its Redis, if that is not a Pair.
	Store *Relay
	// Edges are between each proxy and the service.
	Edges []*Relay
	// Proxies has the addresses of the listeners of each proxy, by the name of the Variant.
	Proxies []map[string]string

	lab      *Lab
	name     string
	variants []Variant
	wall     *wall
	skew     time.Duration
}

// Stand brings one up.
func (l *Lab) Stand(ctx context.Context, o Options) (s *Stand, err error) {
	l.mu.Lock()
	l.count++
	s = &Stand{lab: l, name: fmt.Sprintf("stand%d", l.count), variants: o.Variants, skew: o.Skew}
	l.mu.Unlock()
	dir := filepath.Join(l.dir, s.name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.Backend, err = startBackend(); err != nil {
		return s, err
	}
	if s.wall, err = startWall(); err != nil {
		return s, err
	}
	service := serviceOptions{root: l.root, dir: dir}
	if service.domain, err = domain(ctx, l.root, dir, o.Variants, o.Limits); err != nil {
		return s, err
	}
	if service.redisType, service.redisURL, err = s.startStore(ctx, dir, o.Failover); err != nil {
		return s, err
	}
	if err = s.startServices(ctx, service, o.Skew); err != nil {
		return s, err
	}
	l.mu.Lock()
	l.stands = append(l.stands, s)
	l.mu.Unlock()
	if err = l.push(ctx); err != nil {
		return s, err
	}
	return s, s.findListeners(ctx)
}

func (s *Stand) startStore(ctx context.Context, dir string, failover bool) (kind, url string, err error) {
	if failover {
		if s.Pair, err = startPair(ctx, s.lab.root, dir); err != nil {
			return "", "", err
		}
		return "SENTINEL", masterName + "," + s.Pair.Sentinel.Address, nil
	}
	if s.Redis, err = startRedis(ctx, s.lab.root, dir); err != nil {
		return "", "", err
	}
	if s.Store, err = newRelay(s.Redis.Address); err != nil {
		return "", "", err
	}
	return "SINGLE", s.Store.Address, nil
}

func (s *Stand) startServices(ctx context.Context, o serviceOptions, skew time.Duration) (err error) {
	if s.Service, err = startService(ctx, o); err != nil {
		return err
	}
	if skew != 0 {
		o.skew = skew
		if s.Skewed, err = startService(ctx, o); err != nil {
			return err
		}
	}
	for i := range s.lab.envoys {
		target := s.Service.Address
		if s.Skewed != nil && i == len(s.lab.envoys)-1 {
			target = s.Skewed.Address
		}
		edge, err := newRelay(target)
		if err != nil {
			return err
		}
		s.Edges = append(s.Edges, edge)
	}
	return nil
}

// Ahead is how far the clock of the service is ahead that a proxy asks.
func (s *Stand) Ahead(proxy int) time.Duration {
	if proxy == len(s.lab.envoys)-1 {
		return s.skew
	}
	return 0
}

// Disturb makes trouble for the connections of all proxies to the service.
func (s *Stand) Disturb(t Trouble) {
	for _, e := range s.Edges {
		e.Disturb(t)
	}
}

// Heal ends it.
func (s *Stand) Heal() { s.Disturb(Trouble{}) }

// Redirect has all proxies ask another service.
func (s *Stand) Redirect(target string) {
	for _, e := range s.Edges {
		e.Redirect(target)
	}
}

// Close takes the stand down.
func (s *Stand) Close() {
	s.lab.leave(s)
	for _, r := range append(s.Edges, s.Store) {
		if r != nil {
			r.Close()
		}
	}
	for _, program := range []*Program{s.Service, s.Skewed, s.Redis} {
		if program != nil {
			program.Stop()
		}
	}
	if s.Pair != nil {
		s.Pair.Stop()
	}
	if s.Backend != nil {
		s.Backend.Stop()
	}
	if s.wall != nil {
		s.wall.stop()
	}
}

// leave takes a stand's listeners away.
func (l *Lab) leave(s *Stand) {
	l.mu.Lock()
	for i, other := range l.stands {
		if other == s {
			l.stands = append(l.stands[:i:i], l.stands[i+1:]...)
			break
		}
	}
	l.mu.Unlock()
	// Listeners that stay are in nobody's way: the pool finds them.
	_ = l.push(context.Background())
}

// push gives each Envoy the listeners and clusters of all open stands.
func (l *Lab) push(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var group sync.WaitGroup
	failed := make([]error, len(l.envoys))
	for i, e := range l.envoys {
		group.Go(func() {
			b, err := l.bootstrap(i)
			if err == nil {
				err = e.Push(ctx, b)
			}
			failed[i] = err
		})
	}
	group.Wait()
	return errors.Join(failed...)
}

func (l *Lab) bootstrap(proxy int) (*envoy.Bootstrap, error) {
	b, err := envoy.Load(filepath.Join(l.root, "envoy.yaml"))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(b.FreePorts(), b.SetWasm(l.pool.Wasm)); err != nil {
		return nil, err
	}
	for _, s := range l.stands {
		if err := s.configure(b, proxy); err != nil {
			return nil, err
		}
	}
	b.RemovePlugin() // from the listener that the file has, which nobody uses
	return b, nil
}

func (s *Stand) cluster() string { return s.name + "-ratelimit" }

// configure adds the stand's clusters and listeners.
func (s *Stand) configure(b *envoy.Bootstrap, proxy int) error {
	err := errors.Join(
		b.AddCluster(s.name, s.Backend.Address),
		b.AddCluster(s.name+"-wall", s.wall.address),
		b.AddCluster(s.cluster(), s.Edges[proxy].Address),
		b.SpeakHTTP2(s.cluster()))
	for _, v := range s.variants {
		name := s.name + "-" + v.Name
		config := strings.ReplaceAll(v.Config, "CLUSTER", s.cluster())
		err = errors.Join(err, b.AddCopy(name, config, func(b *envoy.Bootstrap) error {
			if v.Wall {
				b.RouteTo(s.name + "-wall")
			} else {
				b.RouteTo(s.name)
			}
			b.SetVM(s.name + "-" + cmp.Or(v.Shares, v.Name))
			delete(b.HCM, "access_log")
			if v.Edit != nil {
				v.Edit(b, s.cluster())
			}
			return nil
		}))
	}
	return err
}

func (s *Stand) findListeners(ctx context.Context) error {
	for _, e := range s.lab.envoys {
		addresses := map[string]string{}
		for _, v := range s.variants {
			address, err := e.ListenerAddress(ctx, s.name+"-"+v.Name)
			if err != nil {
				return err
			}
			addresses[v.Name] = address
		}
		s.Proxies = append(s.Proxies, addresses)
	}
	return nil
}

// Calls is how many calls all proxies have made to the service.
func (s *Stand) Calls(ctx context.Context) (calls uint64, err error) {
	name := "cluster." + s.cluster() + ".upstream_rq_total"
	for _, e := range s.lab.envoys {
		stats, err := e.Stats(ctx, name)
		if err != nil {
			return 0, err
		}
		calls += stats[name]
	}
	return calls, nil
}

// Envoy returns the process of a proxy.
func (s *Stand) Envoy(proxy int) *envoy.Process { return s.lab.envoys[proxy] }

// Logs is the end of what the programs of the stand wrote.
func (s *Stand) Logs() string {
	var b strings.Builder
	for i, e := range s.lab.envoys {
		fmt.Fprintf(&b, "Envoy %d:\n%s\n", i, e.Log.Tail(15))
	}
	if s.Service != nil {
		fmt.Fprintf(&b, "ratelimit:\n%s\n", s.Service.Log.Tail(15))
	}
	return b.String()
}
