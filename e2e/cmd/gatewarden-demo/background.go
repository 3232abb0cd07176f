package main

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// background is what goes on while the store is gone: a customer who is served, and a client
// that is locked out, at both proxies.
type background struct {
	customer, locked pair
	ctx              context.Context
	end              context.CancelFunc
	group            sync.WaitGroup

	mu   sync.Mutex
	seen sample
	err  error
}

// sample is what was seen in the background.
type sample struct {
	customer, locked tally
	// slowest is the request of the customer that took longest.
	slowest time.Duration
}

// pace is the time between two requests of a client at one proxy.
const pace = 40 * time.Millisecond

func newBackground(ctx context.Context) *background {
	b := &background{}
	b.ctx, b.end = context.WithCancel(ctx)
	return b
}

// start lets both ask both proxies, again and again.
func (b *background) start() {
	for i := range b.customer {
		b.group.Go(func() { b.ask(b.customer[i], http.StatusOK, &b.seen.customer, &b.seen.slowest) })
		b.group.Go(func() { b.ask(b.locked[i], http.StatusTooManyRequests, &b.seen.locked, new(time.Duration)) })
	}
}

// stop ends it.
func (b *background) stop() {
	b.end()
	b.group.Wait()
}

// sample is what was seen up to now.
func (b *background) sample() sample {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seen
}

// failed is what went wrong.
func (b *background) failed() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// ask sends requests with the right token and wants the same answer to all of them.
func (b *background) ask(v *visitor, want int, counts *tally, slowest *time.Duration) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for b.ctx.Err() == nil {
		began := time.Now()
		a, err := v.items(context.WithoutCancel(b.ctx), right)
		b.mu.Lock()
		if counts.sent++; a.status == http.StatusTooManyRequests {
			counts.refused++
		}
		*slowest = max(*slowest, time.Since(began))
		if err == nil {
			err = expect("a request while the store was gone", a.status, want)
		}
		b.err = errors.Join(b.err, err)
		b.mu.Unlock()
		select {
		case <-tick.C:
		case <-b.ctx.Done():
		}
	}
}
