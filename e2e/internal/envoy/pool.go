package envoy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

// Pool lends Envoys that run already. Each has one borrower at a time, who finds it as
// if it had just started: without listeners and clusters, with empty logs, all counters
// at zero, and nothing in the filter's memory.
//
// To compile the filter takes seconds of both processors. Envoy does so once for a module,
// as long as some VM runs it. So each of these Envoys has a VM that does nothing else.
type Pool struct {
	Binary Binary
	// Root is the repository, Wasm the filter's module.
	Root, Wasm string

	mu       sync.Mutex
	idle     map[int][]*Process // by the number of workers
	clearing map[int]int        // how many are about to be idle
	changed  *sync.Cond         // one of them is, or is gone
	clears   sync.WaitGroup
	failed   error
}

// NewPool returns a pool that has no Envoys yet.
func NewPool(binary Binary, root, wasm string) *Pool {
	l := &Pool{Binary: binary, Root: root, Wasm: wasm, idle: map[int][]*Process{}, clearing: map[int]int{}}
	l.changed = sync.NewCond(&l.mu)
	return l
}

// Borrow returns an Envoy with so many workers for [Process.Push]. It starts one only
// if there is none, because to wait for one that is being cleared costs no processor.
func (l *Pool) Borrow(ctx context.Context, workers int) (*Process, error) {
	l.mu.Lock()
	for len(l.idle[workers]) == 0 && l.clearing[workers] > 0 {
		l.changed.Wait()
	}
	if n := len(l.idle[workers]); n > 0 {
		p := l.idle[workers][n-1]
		l.idle[workers] = l.idle[workers][:n-1]
		l.mu.Unlock()
		return p, nil
	}
	l.mu.Unlock()
	return l.start(ctx, workers)
}

func (l *Pool) start(ctx context.Context, workers int) (*Process, error) {
	b, err := Load(filepath.Join(l.Root, "envoy.yaml"))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(b.FreePorts(), b.SetWasm(l.Wasm)); err != nil {
		return nil, err
	}
	b.onlyKeepModule()
	dir, err := os.MkdirTemp("", "gatewarden-envoy-")
	if err != nil {
		return nil, err
	}
	p, err := Start(ctx, l.Binary, Options{Bootstrap: b, Dir: dir, WorkDir: l.Root, Workers: workers, Dynamic: true})
	if err == nil {
		p.vms, err = p.VMs(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	p.Log.clear() // of what the VM that keeps the module says
	return p, nil
}

// GiveBack takes an Envoy back, and clears it while the borrower goes on.
func (l *Pool) GiveBack(p *Process) {
	l.mu.Lock()
	l.clearing[p.workers]++
	l.mu.Unlock()
	l.clears.Go(func() {
		err := p.clear()
		if err != nil {
			err = fmt.Errorf("an Envoy that was given back: %w\nits log ends with:\n%s", err, p.Log.Tail(20))
			err = errors.Join(err, l.end(p))
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.clearing[p.workers]--
		l.failed = errors.Join(l.failed, err)
		if err == nil {
			l.idle[p.workers] = append(l.idle[p.workers], p)
		}
		l.changed.Broadcast()
	})
}

// clear brings an Envoy back to how it started. It fails if something of the borrower
// stays.
func (p *Process) clear() error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), 2*time.Minute, errors.New("two minutes are over"))
	defer cancel()
	select {
	case <-p.Done():
		return fmt.Errorf("it ended: %w", p.Err())
	default:
	}
	if err := p.replace(ctx, &p.dynamic.listeners, nil); err != nil {
		return err
	}
	// With its last VM, the counters in the shared data of a vm_id go.
	err := wait.Until(ctx, "the borrower's VMs to go", func() (bool, error) {
		vms, err := p.VMs(ctx)
		return err == nil && vms == p.vms, nil // a busy Envoy may answer late
	})
	if err != nil {
		return err
	}
	if err := errors.Join(p.replace(ctx, &p.dynamic.clusters, nil), p.resetCounters(ctx)); err != nil {
		return err
	}
	p.Log.clear()
	p.Access.clear()
	return nil
}

// Close ends all Envoys, which must have been given back. It returns why some of them
// could not be lent again.
func (l *Pool) Close() error {
	l.clears.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, some := range l.idle {
		for _, p := range some {
			l.failed = errors.Join(l.failed, l.end(p))
		}
	}
	clear(l.idle)
	return l.failed
}

func (l *Pool) end(p *Process) error {
	p.Stop()
	return os.RemoveAll(p.dir)
}
