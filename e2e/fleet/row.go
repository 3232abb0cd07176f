package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/fleet"
)

// Pace says how fast the players of a row are, at each proxy.
type Pace struct {
	// Duration of the fault, if it has to be mended.
	Duration time.Duration
	// Valid, Locked and Guess are the times between two requests of valid users, of the
	// client that is locked out, and of the one that guesses.
	Valid, Locked, Guess time.Duration
	// Recovery is the longest that is waited for it.
	Recovery time.Duration
}

// Outcome is what a fault did to one variant.
type Outcome struct {
	Variant string
	// Waits are how long valid users and the one who guesses waited during the fault.
	Waits []time.Duration
	// Valid is what the valid users were answered during the fault, by status.
	Valid map[int]int
	// Unserved is the first of these answers that was not 200.
	Unserved fleet.Answer
	// Lost counts the requests of the client that was locked out before the fault which
	// were not refused, before its time; Outlived those which were refused after it.
	Lost, Outlived int
	// Guesses is how many guesses the service behind the proxies saw of a client that
	// began with the fault, in one window.
	Guesses int
	// Recovered is the time from the end of the fault, or from its beginning if it mends
	// itself, until proxies learned from each other again.
	Recovered time.Duration
}

// margin is how exact the end of a lockout is known from Retry-After, whole seconds, by
// somebody who is served by a machine that does other things.
const margin = 1500 * time.Millisecond

// Play plays a fault on a stand.
func Play(ctx context.Context, s *fleet.Stand, rules Rules, f Fault, pace Pace, variants []string) ([]Outcome, error) {
	rows, err := prepare(ctx, s, rules, pace, variants)
	if err != nil {
		return nil, err
	}
	mended, err := cause(ctx, s, f, rows, pace.Duration)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	failed := make([]error, len(rows))
	var group sync.WaitGroup
	for i, r := range rows {
		group.Go(func() { failed[i] = r.finish(ctx, mended) })
	}
	group.Wait()
	outcomes := make([]Outcome, len(rows))
	for i, r := range rows {
		if failed[i] != nil {
			failed[i] = fmt.Errorf("%s, %s: %w", f.Name, variants[i], failed[i])
		}
		outcomes[i] = r.outcome
	}
	return outcomes, errors.Join(failed...)
}

// prepare makes sure that proxies learn from each other, and locks a client out.
func prepare(ctx context.Context, s *fleet.Stand, rules Rules, pace Pace, variants []string) ([]*row, error) {
	rows := make([]*row, len(variants))
	for i, v := range variants {
		rows[i] = &row{stand: s, rules: rules, pace: pace, outcome: Outcome{Variant: v, Valid: map[int]int{}}}
		if err := rows[i].recover(ctx); err != nil {
			return nil, err
		}
	}
	err := AwaitWindow(ctx, rules.Window, rules.Window*3/4)
	for _, r := range rows {
		if err == nil {
			err = r.lock()
		}
	}
	return rows, err
}

// cause makes something go wrong for a while, and returns when it was mended. What mends
// itself does so from the beginning.
func cause(ctx context.Context, s *fleet.Stand, f Fault, rows []*row, d time.Duration) (mended time.Time, err error) {
	began := time.Now()
	if err := f.Begin(ctx, s); err != nil {
		return began, err
	}
	for _, r := range rows {
		r.play(ctx)
	}
	if f.End == nil {
		return began, nil
	}
	if err := pause(ctx, d); err != nil {
		return began, err
	}
	for _, r := range rows {
		r.over()
	}
	err = f.End(ctx, s)
	return time.Now(), err
}

// row is one variant while a fault is played.
type row struct {
	stand   *fleet.Stand
	rules   Rules
	pace    Pace
	locked  string      // the client that is locked out
	until   []time.Time // and until when, at each proxy
	guesser string

	mu      sync.Mutex
	mended  bool
	outcome Outcome
	problem error
	group   sync.WaitGroup
	stop    context.CancelFunc
}

// lock locks a client out at all proxies.
func (r *row) lock() error {
	r.locked = fleet.NewClient()
	for proxy, c := range r.connect() {
		defer c.Close()
		answer, err := guessUntil(c, r.locked, http.StatusTooManyRequests, 3*r.rules.Failures)
		if err != nil {
			return err
		}
		if answer.Status != http.StatusTooManyRequests {
			return fmt.Errorf("%w: the last answer is %+v", errNeverLocked, answer)
		}
		until := time.Now().Add(time.Duration(answer.RetryAfter) * time.Second)
		if answer.RetryAfter == 0 {
			until = r.endOfUnit(proxy)
		}
		r.until = append(r.until, until)
	}
	return nil
}

// endOfUnit is when a window ends that Envoy's own filter says nothing about.
func (r *row) endOfUnit(proxy int) time.Time {
	length, ahead := r.rules.unit(), r.stand.Ahead(proxy)
	return time.Now().Add(ahead).Truncate(length).Add(length - ahead)
}

func (r *row) connect() []*fleet.Conn { return connect(r.stand, r.outcome.Variant) }

// play starts everybody who sends requests.
func (r *row) play(ctx context.Context) {
	ctx, r.stop = context.WithCancel(ctx)
	r.guesser = fleet.NewClient()
	users := make([]string, 20)
	for i := range users {
		users[i] = fleet.NewClient()
	}
	for proxy := range r.stand.Proxies {
		next := proxy
		r.every(ctx, r.pace.Valid, proxy, func(c *fleet.Conn) (fleet.Answer, error) {
			next++
			return c.Get(users[next%len(users)], fleet.Right)
		}, r.sawValid)
		r.every(ctx, r.pace.Locked, proxy, func(c *fleet.Conn) (fleet.Answer, error) {
			return c.Get(r.locked, fleet.Right)
		}, func(a fleet.Answer) { r.sawLocked(proxy, a) })
		r.every(ctx, r.pace.Guess, proxy, func(c *fleet.Conn) (fleet.Answer, error) {
			return c.Get(r.guesser, fleet.NewGuess())
		}, func(a fleet.Answer) { r.wait(a) })
	}
}

// every sends a request again and again, on one connection, until the context ends.
func (r *row) every(ctx context.Context, pace time.Duration, proxy int, send func(c *fleet.Conn) (fleet.Answer, error), saw func(a fleet.Answer)) {
	r.group.Go(func() {
		c := fleet.Dial(r.stand.Proxies[proxy][r.outcome.Variant])
		defer c.Close()
		tick := time.NewTicker(pace)
		defer tick.Stop()
		for {
			answer, err := send(c)
			r.mu.Lock()
			if err != nil {
				r.problem = errors.Join(r.problem, fmt.Errorf("proxy %d: %w", proxy, err))
			} else {
				saw(answer)
			}
			r.mu.Unlock()
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
}

func (r *row) wait(a fleet.Answer) {
	if !r.mended {
		r.outcome.Waits = append(r.outcome.Waits, a.Took)
	}
}

func (r *row) sawValid(a fleet.Answer) {
	r.wait(a)
	if !r.mended {
		r.outcome.Valid[a.Status]++
		if a.Status != http.StatusOK && r.outcome.Unserved.Status == 0 {
			r.outcome.Unserved = a
		}
	}
}

// sawLocked looks whether the client is refused for as long as it was told.
func (r *row) sawLocked(proxy int, a fleet.Answer) {
	now := time.Now()
	refused := a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable
	switch {
	case !refused && now.Before(r.until[proxy].Add(-margin)):
		r.outcome.Lost++
	case a.Status == http.StatusTooManyRequests && now.After(r.until[proxy].Add(margin)):
		r.outcome.Outlived++
	}
}

// over notes that the fault is about to be mended.
func (r *row) over() {
	r.mu.Lock()
	r.mended = true
	r.mu.Unlock()
}

// finish waits until proxies learn from each other, and until the lockout of before has
// ended.
func (r *row) finish(ctx context.Context, mended time.Time) error {
	err := r.recover(ctx)
	r.outcome.Recovered = time.Since(mended)
	for _, until := range r.until {
		if err == nil {
			err = pause(ctx, time.Until(until.Add(margin+5*r.pace.Locked)))
		}
	}
	r.over()
	r.stop()
	r.group.Wait()
	r.outcome.Guesses = r.guesses()
	return errors.Join(err, r.problem)
}

// errNotRecovered says that proxies went on to know nothing of each other.
var errNotRecovered = errors.New("proxies did not learn from each other again")

// recover waits until a client that is locked out at one proxy is refused at the others.
func (r *row) recover(ctx context.Context) error {
	for end := time.Now().Add(r.pace.Recovery); time.Now().Before(end); {
		learned, err := r.learns(ctx)
		if err != nil || learned {
			return err
		}
		// A client that guesses at once again would be a small flood.
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return errNotRecovered
}

// patience is how long a proxy has to learn of a lockout.
const patience = 500 * time.Millisecond

func (r *row) learns(ctx context.Context) (bool, error) {
	client, conns := fleet.NewClient(), r.connect()
	defer closeAll(conns)
	for range r.rules.Failures {
		if _, err := conns[0].Get(client, fleet.NewGuess()); err != nil {
			return false, err
		}
	}
	for end := time.Now().Add(patience); time.Now().Before(end); {
		all := true
		for _, c := range conns {
			answer, err := c.Get(client, fleet.Right)
			if err != nil {
				return false, err
			}
			all = all && answer.Status == http.StatusTooManyRequests
		}
		if all {
			return true, nil
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return false, err
		}
	}
	return false, nil
}

// guesses is the most guesses of one window.
func (r *row) guesses() (most int) {
	windows := map[time.Time]int{}
	for _, at := range r.stand.Backend.Guesses(r.guesser) {
		window := at.Truncate(r.rules.Window)
		windows[window]++
		most = max(most, windows[window])
	}
	return most
}
