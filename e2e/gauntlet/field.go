package gauntlet

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Field is where one attack meets one system.
type Field struct {
	Sizes  Sizes
	Target *Target

	mu      sync.Mutex
	sent    map[Mark]int
	refused int // honest requests
	pages   map[string]Pages
	failed  []error
}

func newField(s Sizes, t *Target) *Field {
	return &Field{Sizes: s, Target: t, sent: map[Mark]int{}, pages: map[string]Pages{}}
}

// fire sends a shot and writes down what came of it.
func (f *Field) fire(ctx context.Context, s Shot) int {
	status, err := f.Target.Send(ctx, s)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent[s.Mark]++
	if err != nil {
		f.failed = append(f.failed, err)
	}
	if s.Mark == Honest && (err != nil || status >= 400) {
		f.refused++
	}
	return status
}

// tolerated is how many requests in a thousand may fail for want of a
// connection, as happens on a machine that is busy.
const tolerated = 5

// trouble returns an error if too many requests got no response for the figures to be
// meaningful.
func (f *Field) trouble() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	total := 0
	for _, n := range f.sent {
		total += n
	}
	if len(f.failed)*1000 <= total*tolerated {
		return nil
	}
	return errors.Join(f.failed[:min(3, len(f.failed))]...)
}

// spread calls shoot n times, evenly over a length of time, from as many
// goroutines as it takes to keep up. What a busy machine has not sent when the
// time is over is not sent: the bounds are for that time.
func (f *Field) spread(ctx context.Context, n, workers int, over time.Duration, shoot func(i int)) {
	began := time.Now()
	next := make(chan int)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := range next {
				// It may have waited here for the one before.
				if over == 0 || time.Since(began) < over {
					shoot(i)
				}
			}
		})
	}
	for i := range n {
		due := began.Add(time.Duration(i) * over / time.Duration(n))
		if sleep(ctx, time.Until(due)) != nil {
			break
		}
		next <- i
	}
	close(next)
	group.Wait()
}

// volley calls shoot n times at once.
func volley(n int, shoot func(i int)) {
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { shoot(i) })
	}
	group.Wait()
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// The honest client that most attacks have beside them.
const (
	honestAddress = "127.50.0.1"
	honestPace    = time.Second / 3
)

// honestly is a request of that client.
func honestly(int) Shot {
	return Shot{From: honestAddress, Auth: bearer(honestToken(1)), Mark: Honest}
}

// beside runs attack while an honest client works at its pace, until the attack
// is over.
func (f *Field) beside(ctx context.Context, shot func(i int) Shot, attack func()) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() {
		began := time.Now()
		for i := 0; ; i++ {
			// It does not wait for slow answers, and what is under way when the
			// attack ends counts.
			group.Go(func() { f.fire(context.WithoutCancel(ctx), shot(i)) })
			if sleep(ctx, time.Until(began.Add(time.Duration(i+1)*honestPace))) != nil {
				return
			}
		}
	})
	attack()
	cancel()
	group.Wait()
}
