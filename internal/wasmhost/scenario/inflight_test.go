package scenario

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
	"github.com/gatewarden/gatewarden/internal/wasmhost/native"
)

// crowd is a service that counts the requests that it has.
type crowd struct{ now, most atomic.Int64 }

// visit sends a request, which stays at the service until stay returns, and tells
// whether it got there.
func (c *crowd) visit(worker *wasmhost.Proxy, stay func()) bool {
	r := worker.Do(wasmhost.Request{Path: "/a"}, func(wasmhost.Request) wasmhost.Response {
		now := c.now.Add(1)
		for most := c.most.Load(); now > most && !c.most.CompareAndSwap(most, now); most = c.most.Load() {
		}
		stay()
		c.now.Add(-1)
		return wasmhost.Response{}
	})
	return r.ReachedUpstream
}

// Each worker goes on sending requests, none of which ends before all workers are
// refused: exactly as many as the limit pass.
func TestExactlySoManyAreInFlight(t *testing.T) {
	const limit = 20
	config := inFlight(fmt.Sprintf(`{"name": "all", "per": "all", "limit": %d}`, limit))
	for name, start := range runtimes(t) {
		for _, n := range []int{2, 8} {
			t.Run(fmt.Sprintf("%s, %d workers", name, n), func(t *testing.T) {
				_, workers := startWorkers(t, start, config, n)
				for round := range 3 {
					if got := rush(workers); got != limit {
						t.Errorf("round %d: %d in flight at once, want %d", round+1, got, limit)
					}
				}
			})
		}
	}
}

// rush returns how many requests passed at once.
func rush(workers []*wasmhost.Proxy) int64 {
	var c crowd
	var full, all sync.WaitGroup
	full.Add(len(workers))
	for _, worker := range workers {
		var next func()
		next = func() {
			if !c.visit(worker, next) {
				full.Done()
				full.Wait() // until nobody has found a place any more
			}
		}
		all.Go(next)
	}
	all.Wait()
	return c.most.Load()
}

// On each worker one request goes on and on; beside it others come and go, on all
// workers at once, while periods pass. There are never more than the limit, and in
// the end all places are free.
func TestNeverMoreThanTheLimit(t *testing.T) {
	const rounds, each, room = 12, 200, 2
	for _, n := range []int{2, 8} {
		t.Run(fmt.Sprintf("%d workers", n), func(t *testing.T) {
			limit := n + room
			process, workers := startWorkers(t, native.NewProxy, inFlight(fmt.Sprintf(`{"name": "all", "per": "all", "limit": %d}`, limit)), n)
			var c crowd
			ready, over := make(chan struct{}), make([]chan struct{}, rounds)
			for i := range over {
				over[i] = make(chan struct{})
			}
			var all sync.WaitGroup
			for _, worker := range workers {
				all.Go(func() {
					c.visit(worker, func() {
						for round := range rounds {
							ready <- struct{}{}
							<-over[round]
							_ = worker.Tick()
							for range each {
								c.visit(worker, func() { c.visit(worker, func() {}) })
							}
						}
					})
				})
			}
			for _, round := range over {
				for range workers {
					<-ready
				}
				process.Clock.Advance(4 * time.Second)
				close(round)
			}
			all.Wait()
			if most := c.most.Load(); most > int64(limit) || most < int64(limit)-1 {
				t.Errorf("%d were in flight at once, the limit is %d", most, limit)
			}
			if got := rush(workers); got != int64(limit) {
				t.Errorf("afterwards %d pass at once, want %d", got, limit)
			}
		})
	}
}
