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

// Spread is how a lockout spread over the proxies, for one client.
type Spread struct {
	// Extra are the guesses that reached the backend beyond the limit.
	Extra int
	// Last is the time from the failure that reached the limit until the last proxy
	// refused.
	Last time.Duration
	// Open is how many connections were never refused, whatever they sent.
	Open int
}

// errNeverLocked says that a client could go on guessing.
var errNeverLocked = errors.New("a client was never locked out")

// Sequence has a client guess at one proxy after the other, each time when the guess
// before was answered, until all proxies refuse.
func Sequence(s *fleet.Stand, variant string, limit int) (Spread, error) {
	client, conns := fleet.NewClient(), connect(s, variant)
	defer closeAll(conns)
	refused := make([]bool, len(conns))
	var reached time.Time
	failures, left := 0, len(conns)
	for i := 0; i < 20*limit; i++ {
		answer, err := conns[i%len(conns)].Get(client, fleet.NewGuess())
		switch {
		case err != nil:
			return Spread{}, err
		case answer.Status == http.StatusUnauthorized:
			if failures++; failures == limit {
				reached = time.Now()
			}
		case !refused[i%len(conns)]:
			refused[i%len(conns)] = true
			left--
		}
		if left == 0 {
			return Spread{Extra: failures - limit, Last: since(reached)}, nil
		}
	}
	return Spread{}, fmt.Errorf("%s, in sequence: %w", variant, errNeverLocked)
}

// since is 0 if all proxies refused before the limit was reached.
func since(reached time.Time) time.Duration {
	if reached.IsZero() {
		return 0
	}
	return time.Since(reached)
}

// Quiet has a client guess at one proxy after the other until the limit is reached, and
// not once more. Each proxy is asked, with a credential that is right, whether it knows.
// Of several clients, one guesses at a time: turn is what they share.
func Quiet(ctx context.Context, s *fleet.Stand, variant string, limit int, every time.Duration, turn sync.Locker) (Spread, error) {
	client, conns := fleet.NewClient(), connect(s, variant)
	defer closeAll(conns)
	if err := guessAll(conns, client, limit, turn); err != nil {
		return Spread{}, err
	}
	reached := time.Now()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for _, c := range conns {
		for {
			answer, err := c.Get(client, fleet.Right)
			if err != nil {
				return Spread{}, err
			}
			if answer.Status == http.StatusTooManyRequests {
				break
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return Spread{}, fmt.Errorf("%s, quiet: %w", variant, errNeverLocked)
			}
		}
	}
	return Spread{Last: time.Since(reached)}, nil
}

func guessAll(conns []*fleet.Conn, client string, limit int, turn sync.Locker) error {
	turn.Lock()
	defer turn.Unlock()
	for i := range limit {
		if _, err := conns[i%len(conns)].Get(client, fleet.NewGuess()); err != nil {
			return err
		}
	}
	return nil
}

// Parallel has a client guess over as many connections at once, spread over the proxies,
// each until it is refused, or has sent what would be enough for many lockouts.
func Parallel(s *fleet.Stand, variant string, limit, connections int) (Spread, error) {
	client := fleet.NewClient()
	var group sync.WaitGroup
	var open atomic.Int64
	failed := make([]error, connections)
	for i := range connections {
		group.Go(func() {
			c := fleet.Dial(s.Proxies[i%len(s.Proxies)][variant])
			defer c.Close()
			var answer fleet.Answer
			answer, failed[i] = guessUntil(c, client, http.StatusTooManyRequests, 2*limit)
			if answer.Status != http.StatusTooManyRequests {
				open.Add(1)
			}
		})
	}
	group.Wait()
	if err := errors.Join(failed...); err != nil {
		return Spread{}, fmt.Errorf("%s, in parallel: %w", variant, err)
	}
	guesses := s.Backend.Guesses(client)
	spread := Spread{Extra: len(guesses) - limit, Open: int(open.Load())}
	if len(guesses) >= limit {
		spread.Last = guesses[len(guesses)-1].Sub(guesses[limit-1])
	}
	return spread, nil
}

// guessUntil guesses until a status comes, at most so often, and returns the last answer.
func guessUntil(c *fleet.Conn, client string, status, atMost int) (answer fleet.Answer, err error) {
	for range atMost {
		if answer, err = c.Get(client, fleet.NewGuess()); err != nil || answer.Status == status {
			break
		}
	}
	return answer, err
}

// connect returns a connection to each proxy.
func connect(s *fleet.Stand, variant string) (conns []*fleet.Conn) {
	for _, listeners := range s.Proxies {
		conns = append(conns, fleet.Dial(listeners[variant]))
	}
	return conns
}

func closeAll(conns []*fleet.Conn) {
	for _, c := range conns {
		c.Close()
	}
}
