package lockout

import (
	"testing"

	"github.com/gatewarden/gatewarden/filter/refusal"
)

// TestKnownGood plays scripts while the client is locked out.
func TestKnownGood(t *testing.T) {
	type step struct {
		address, who string
		after        int64 // milliseconds since the step before
		status       int
		refused      bool
	}
	for _, row := range []struct {
		name, lockout string
		steps         []step
	}{
		{"colleagues of an attacker are served", `"failures": 2, "window": "1m", "known_good": {"for": "1h"}`, []step{
			{ann, "alice", 0, 200, false},
			{ann, "guess", 0, 401, false},
			{ann, "guess", 0, 401, false},
			{ann, "guess", 0, 200, true},
			{ann, "new", 0, 200, true},
			{ann, "", 0, 200, true},
			{ann, "alice", 0, 200, false},
			{ann, "alice", 0, 401, false}, // revoked: one failure ends the standing
			{ann, "alice", 0, 200, true},
		}},
		{"a standing ends in time, and belongs to a client", `"failures": 2, "window": "1m", "duration": "5h", "known_good": {"for": "1h", "failures": 3}`, []step{
			{ann, "alice", 0, 200, false},
			{ann, "guess", 0, 401, false},
			{ann, "guess", 0, 401, false},
			{ann, "alice", 0, 401, false}, // two of three failures
			{ann, "alice", 0, 401, false},
			{ann, "alice", 0, 200, false}, // which a success forgets
			{ann, "alice", 0, 401, false},
			{ann, "alice", 0, 401, false},
			{ann, "alice", 0, 200, false},
			{other, "guess", 0, 401, false},
			{other, "guess", 0, 401, false},
			{other, "alice", 0, 200, true},
			{ann, "alice", 3_599_999, 404, false},
			{ann, "alice", 1, 200, true},
		}},
		{"a success renews a standing of which less than half is left", `"failures": 1, "duration": "5h", "known_good": {"for": "1h"}`, []step{
			{ann, "alice", 0, 200, false},
			{ann, "alice", 1_800_000, 200, false},
			{ann, "guess", 0, 401, false},
			{ann, "alice", 3_599_999, 404, false},
			{ann, "alice", 1, 200, true},
		}},
		{"off by default", `"failures": 1, "duration": "5h"`, []step{
			{ann, "alice", 0, 200, false},
			{ann, "guess", 0, 401, false},
			{ann, "alice", 0, 200, true},
		}},
		{"nor with a bound on pending attempts alone", `"failures": 1, "duration": "5h", "pending": 3`, []step{
			{ann, "alice", 0, 200, false},
			{ann, "guess", 0, 401, false},
			{ann, "alice", 0, 200, true},
		}},
		{"a network's lockout, too", `"failures": 9, "duration": "5h", "wide": {"failures": 1}, "known_good": {"for": "1h"}`, []step{
			{ann, "alice", 0, 200, false},
			{other, "guess", 0, 401, false},
			{ann, "alice", 0, 200, false},
			{ann, "guess", 0, 200, true},
		}},
	} {
		w := newWorker(t, oneSurface(row.lockout))
		for i, step := range row.steps {
			w.host.Time += step.after
			if why := w.exchange(step.address, step.who, step.status); (why == refusal.LockedOut) != step.refused {
				t.Errorf("%s: step %d: refused %q, want %v", row.name, i+1, why, step.refused)
			}
		}
	}
}

// A request that is excused takes no slot, and stays excused.
func TestExcused(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 1, "window": "1m", "pending": 1, "known_good": {"for": "1h"}`))
	w.exchange(ann, "alice", 200)
	s := w.begin(ann, "alice")
	if why := w.request(s); why != "" || s.Excused() {
		t.Fatalf("%q, excused %v before the lockout", why, s.Excused())
	}
	w.exchange(ann, "guess", 401)
	s = w.begin(ann, "alice")
	if why := w.request(s); why != "" || !s.Excused() || s.HoldsSlot() || !s.Known() {
		t.Errorf("%q, excused %v, holds a slot %v, known %v", why, s.Excused(), s.HoldsSlot(), s.Known())
	}
	if guess := w.begin(ann, "guess"); w.request(guess) != refusal.LockedOut || guess.Excused() || guess.Known() {
		t.Error("a guess is excused")
	}
}

// A lower limit of failures applies at once to what is known.
func TestStandingUnderAnotherConfiguration(t *testing.T) {
	w := newWorker(t, oneSurface(`"known_good": {"for": "1h", "failures": 3}`))
	w.exchange(ann, "alice", 200)
	w.exchange(ann, "alice", 401)
	strict := newWorkerOn(t, oneSurface(`"known_good": {"for": "1h", "failures": 1}`), w.host)
	if !w.begin(ann, "alice").Known() || strict.begin(ann, "alice").Known() {
		t.Error("the standing is not that of the configuration")
	}
}

// The table is asked once, and not at all for a request without a credential.
func TestKnownAsksOnce(t *testing.T) {
	w := newWorker(t, oneSurface(`"known_good": {"for": "1h"}`))
	s := w.begin(ann, "alice")
	for range 3 {
		s.Known()
	}
	w.begin(ann, "").Known()
	if len(w.host.Calls) != 1 {
		t.Errorf("calls %v", w.host.Calls)
	}
}

// The standing for the bound on pending attempts lasts ten minutes.
func TestStandingWithoutKnownGood(t *testing.T) {
	w := newWorker(t, oneSurface(`"pending": 1`))
	w.exchange(ann, "alice", 200)
	for _, row := range []struct {
		at    int64
		known bool
	}{{1_599_999, true}, {1_600_000, false}} {
		w.host.Time = row.at
		if got := w.begin(ann, "alice").Known(); got != row.known {
			t.Errorf("at %d: known %v", row.at, got)
		}
	}
}
