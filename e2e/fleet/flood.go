package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/fleet"
)

// Flood is an attack with many guesses.
type Flood struct {
	Variant string
	// Addresses is how many clients guess, Proxies how many proxies they guess at.
	Addresses, Proxies int
	// PerSecond is how many guesses are sent in a second at most.
	PerSecond int
	Duration  time.Duration
}

// Flooded is what came of a flood.
type Flooded struct {
	Flood
	// Failed guesses were answered by 401, Refused ones by the filter. Other answers are
	// those of Envoy's own filter when it fails.
	Failed, Refused, Other int
	Calls                  uint64
	Took                   time.Duration
}

// BeforeWall is a variant in front of a service that refuses everything, for floods.
func BeforeWall(v fleet.Variant) fleet.Variant {
	v.Wall = true
	return v
}

// floodConnections are those of a flood at each proxy.
const floodConnections = 64

// Play sends the flood.
func (f Flood) Play(ctx context.Context, s *fleet.Stand) (Flooded, error) {
	before, err := s.Calls(ctx)
	if err != nil {
		return Flooded{}, err
	}
	p := &flooding{Flood: f, began: time.Now(), statuses: map[int]int{}}
	for range f.Addresses {
		p.clients = append(p.clients, fleet.NewClient())
	}
	problems := make([]error, f.Proxies*floodConnections)
	var group sync.WaitGroup
	for i := range problems {
		group.Go(func() {
			c := fleet.Dial(s.Proxies[i%f.Proxies][f.Variant])
			defer c.Close()
			problems[i] = p.guess(ctx, c)
		})
	}
	group.Wait()
	r := Flooded{Flood: f, Failed: p.statuses[http.StatusUnauthorized], Refused: p.statuses[http.StatusTooManyRequests], Took: time.Since(p.began)}
	for _, n := range p.statuses {
		r.Other += n
	}
	r.Other -= r.Failed + r.Refused
	after, err := s.Calls(ctx)
	r.Calls = after - before
	if err := errors.Join(append(problems, err)...); err != nil {
		return r, fmt.Errorf("%+v: %w", f, err)
	}
	return r, nil
}

// flooding is a flood while it is played.
type flooding struct {
	Flood
	clients []string
	began   time.Time
	sent    atomic.Int64

	mu       sync.Mutex
	statuses map[int]int
}

// guess sends guesses over a connection.
func (f *flooding) guess(ctx context.Context, c *fleet.Conn) error {
	statuses := map[int]int{}
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		for status, n := range statuses {
			f.statuses[status] += n
		}
	}()
	for time.Since(f.began) < f.Duration {
		n := f.sent.Add(1)
		if early := time.Until(f.began.Add(time.Duration(n) * time.Second / time.Duration(f.PerSecond))); early > time.Millisecond {
			if err := pause(ctx, early); err != nil {
				return err
			}
		}
		answer, err := c.Get(f.clients[int(n)%len(f.clients)], fleet.NewGuess())
		if err != nil {
			return err
		}
		statuses[answer.Status]++
	}
	return nil
}
