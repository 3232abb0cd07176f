package gauntlet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// stand is a system that runs, with a service of its own behind it.
type stand struct {
	key     string
	keep    bool // for the next attack
	window  time.Duration
	used    time.Time // last
	target  *Target
	referee *Referee
	stops   []func()
}

// stands are kept from one attack to the next: an Envoy with a Wasm filter takes
// seconds to start, and what it has counted it forgets within a window.
type stands struct {
	mu   sync.Mutex
	free map[string]*stand
}

// take returns a system set up for the bout, which works and remembers nothing.
func (p *stands) take(ctx context.Context, tools Tools, b bout) (*stand, error) {
	key := fmt.Sprint(b.system.Name, b.variant.Name, b.attack.Edge, b.sizes.Limit, b.sizes.Table)
	if b.attack.Fresh {
		key += b.attack.Name
	}
	p.mu.Lock()
	s := p.free[key]
	delete(p.free, key)
	p.mu.Unlock()
	if s != nil {
		// Two windows are enough even for systems with sliding windows.
		return s, sleep(ctx, time.Until(s.used.Add(2*s.window)))
	}
	s = &stand{key: key, keep: keep(b), window: b.sizes.Limit.Window, referee: NewReferee()}
	if err := s.start(ctx, tools, b); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// keep tells which stands are used again: not those that remember for longer
// than a window, and not the variants, which one or two attacks have.
func keep(b bout) bool {
	return b.attack.Window == 0 && !b.attack.Fresh && b.attack.Systems == nil && (b.variant.Name == "" || b.variant.Name == hardened().Name)
}

func (s *stand) start(ctx context.Context, tools Tools, b bout) error {
	address, stopService, err := serve(s.referee)
	if err != nil {
		return err
	}
	s.stops = append(s.stops, stopService)
	dir, err := os.MkdirTemp("", "gatewarden-gauntlet-")
	if err != nil {
		return err
	}
	s.stops = append(s.stops, func() { _ = os.RemoveAll(dir) })
	s.target, err = b.system.Start(ctx, Setup{
		Tools: tools, Limit: b.sizes.Limit, Edge: b.attack.Edge, Table: b.sizes.Table,
		Variant: b.variant, Workers: cmp.Or(b.variant.Workers, usualWorkers), Service: address, Referee: s.referee, Dir: dir,
	})
	if err != nil {
		return err
	}
	s.stops = append(s.stops, s.target.Stop)
	if err := checkWorks(ctx, s.target, b.sizes.Limit); err != nil {
		return fmt.Errorf("before the attack: %w", err)
	}
	return nil
}

func (s *stand) stop() {
	for i := len(s.stops) - 1; i >= 0; i-- {
		s.stops[i]()
	}
}

func (p *stands) giveBack(s *stand) {
	if !s.keep {
		s.stop()
		return
	}
	s.used = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free[s.key] = s
}

func (p *stands) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.free {
		s.stop()
	}
	clear(p.free)
}

// serve puts the referee on a port.
func serve(r *Referee) (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Sprintf("the service: %v", err)) // a listener of our own does not fail
		}
	}()
	return listener.Addr().String(), func() { _ = server.Close() }, nil
}
