package lockout

import (
	"fmt"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/refusal"
)

const (
	limit, extra = 5, 2
	bounded      = `"failures": 5, "window": "10m", "pending": 2`
)

// burst begins n requests before any of them is answered, on all workers in turn. It
// returns those that pass.
func burst(t *testing.T, n int, who func(i int) string, workers ...*worker) (passed []*State) {
	t.Helper()
	for i := range n {
		w := workers[i%len(workers)]
		s := w.begin(ann, who(i))
		switch why, refused := s.Admit(&caller.Guess{}); {
		case !refused:
			passed = append(passed, s)
		case why.Reason != refusal.RateLimited || why.Seconds != 1 || why.Now != w.host.Time || s.HoldsSlot():
			t.Errorf("request %d: %+v, holds a slot %v", i, why, s.HoldsSlot())
		}
	}
	return passed
}

func guess(i int) string { return fmt.Sprint("guess", i) }

// Parallel guesses get no further than guesses one after the other.
func TestBurst(t *testing.T) {
	w := newWorker(t, oneSurface(bounded))
	two := newWorkerOn(t, oneSurface(bounded), w.host)
	for window := range 3 {
		passed := burst(t, 200, guess, w, two)
		if len(passed) != limit+extra {
			t.Errorf("window %d: %d of 200 requests pass, want %d", window, len(passed), limit+extra)
		}
		for _, s := range passed {
			w.respond(s, 401)
		}
		if why := w.request(w.begin(ann, "x")); why != refusal.LockedOut {
			t.Errorf("window %d: %q afterwards", window, why)
		}
		w.host.Time += 600_000
	}
	if got := value(t, "gatewarden_auth_failures_total.surface.a", w, two); got != 3*(limit+extra) {
		t.Errorf("%d failures", got)
	}
}

// Failures reduce the number of attempts that may be pending.
func TestBurstAfterFailures(t *testing.T) {
	for failures := range limit {
		w := newWorker(t, oneSurface(bounded))
		for range failures {
			w.exchange(ann, "x", 401)
		}
		if got := len(burst(t, 20, guess, w)); got != limit-failures+extra {
			t.Errorf("after %d failures, %d requests pass", failures, got)
		}
	}
}

// While the client is locked out, nothing is admitted: the lockout may have begun after
// the check.
func TestBurstDuringLockout(t *testing.T) {
	w := newWorker(t, oneSurface(bounded))
	for range limit {
		w.exchange(ann, "x", 401)
	}
	if got := len(burst(t, 20, guess, w)); got != 0 {
		t.Errorf("%d requests are admitted", got)
	}
}

// A lockout that is shorter than the window forgives its failures: all of them are left
// for pending attempts.
func TestBurstAfterLockout(t *testing.T) {
	w := newWorker(t, oneSurface(bounded+`, "duration": "10s"`))
	for range limit {
		w.exchange(ann, "x", 401)
	}
	w.host.Time += 10_000
	if got := len(burst(t, 20, guess, w)); got != limit+extra {
		t.Errorf("%d requests pass", got)
	}
}

// Attempts that cannot fail, and those with a known credential, are not held back.
func TestNotHeldBack(t *testing.T) {
	w := newWorker(t, oneSurface(bounded))
	if got := len(burst(t, 50, func(int) string { return "" }, w)); got != 50 {
		t.Errorf("%d of 50 requests without a credential pass", got)
	}
	w.exchange(ann, "good", 200)
	if got := len(burst(t, 50, func(int) string { return "good" }, w)); got != 50 {
		t.Errorf("%d of 50 requests with a known credential pass", got)
	}
	if got := len(burst(t, 50, guess, w)); got != limit+extra {
		t.Errorf("%d of 50 guesses pass", got)
	}
	one := newWorker(t, oneSurface(bounded)).begin(ann, "x")
	for range 50 {
		if _, refused := one.Admit(&caller.Guess{}); refused {
			t.Fatal("a request that is decided again takes another slot")
		}
	}
}

// A slot comes back with the response, and in time even if the response never comes.
func TestNoSlotLeaks(t *testing.T) {
	for _, row := range []struct {
		name  string
		after int64 // milliseconds
		want  int
	}{
		{"at once", 0, 0},
		{"before the second period", 19_999, 0}, // the first began 10 s before
		{"in the second period", 20_000, 0},
		{"before the third period", 49_999, 0},
		{"in the third period", 50_000, limit + extra},
	} {
		w := newWorker(t, oneSurface(bounded))
		burst(t, 20, guess, w)
		w.host.Time += row.after
		if got := len(burst(t, 20, guess, w)); got != row.want {
			t.Errorf("%s: %d requests pass, want %d", row.name, got, row.want)
		}
	}
	w := newWorker(t, oneSurface(bounded))
	passed := burst(t, 3, guess, w)
	if r, _, _ := w.room.table.Get(passed[0].slot.key, w.host); r.WindowEnd != 1_050_000 { // the first period began at 990,000
		t.Errorf("the record of a period lasts until %d", r.WindowEnd)
	}
	passed[0].Release(w.host.Time)
	passed[1].Release(w.host.Time)
	if got := len(burst(t, 20, guess, w)); got != limit+extra-1 {
		t.Errorf("%d requests pass while one is pending", got)
	}
	w.host.Time += 60_000
	for range 50 {
		s := w.begin(ann, "x")
		if why := w.request(s); why != "" {
			t.Fatal("a released slot is missing")
		}
		w.host.Time += 1000 // released in another period than it was taken
		s.Release(w.host.Time)
		s.Release(w.host.Time) // again
	}
	if got := len(burst(t, 20, guess, w)); got != limit+extra {
		t.Errorf("%d requests pass after 50 that are over", got)
	}
}

// Wherever one worker interrupts another, failures and pending attempts never add up to
// more than the limit allows, and never to less.
func TestPendingOfTwoWorkers(t *testing.T) {
	steps := 0
	for ; ; steps++ {
		w := newWorker(t, oneSurface(`"failures": 2, "window": "10m", "pending": 1`))
		two := newWorkerOn(t, oneSurface(`"failures": 2, "window": "10m", "pending": 1`), w.host)
		reached := 0
		attempt := func(w *worker) {
			s := w.begin(ann, guess(reached))
			if w.request(s) == "" {
				reached++
				w.respond(s, 401)
			}
		}
		w.host.Meanwhile, w.host.In = func() { attempt(two); attempt(two); attempt(two) }, steps
		attempt(w)
		if w.host.Meanwhile != nil {
			break
		}
		attempt(w)
		if reached < 2 || reached > 3 {
			t.Errorf("interrupted before call %d: %d guesses reach the service", steps, reached)
		}
	}
	if steps < 10 {
		t.Errorf("only %d calls to interrupt", steps)
	}
}

// Without room in the table there is no slot, and no attempt is held back for it.
func TestSlotsWithoutRoom(t *testing.T) {
	w := newWorker(t, oneSurface(bounded))
	w.host.Races = 1 << 30
	s := w.begin(ann, "x")
	if _, refused := s.Admit(&caller.Guess{}); refused || s.HoldsSlot() {
		t.Errorf("refused %v, holds a slot %v", refused, s.HoldsSlot())
	}
}
