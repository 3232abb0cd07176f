package lockout

import (
	"testing"

	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/table"
)

// Failures of requests that were under way when the lockout began do not prolong it.
func TestLateFailures(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 1, "window": "1m", "duration": "2m"`))
	var late []*State
	for range 3 {
		s := w.begin(ann, "x")
		if why := w.request(s); why != "" {
			t.Fatal(why)
		}
		late = append(late, s)
	}
	for i, s := range late {
		if f := w.respond(s, 401); f.Locks != (i == 0) || f.LockedUntil != 1_120_000 {
			t.Errorf("failure %d: %+v", i+1, f)
		}
		w.host.Time += 50_000
	}
	if why := w.request(w.begin(ann, "x")); why != "" { // 150 s after the first
		t.Error("a late failure prolonged the lockout")
	}
}

// No failure of several workers is lost, wherever one of them interrupts another.
func TestFailuresOfTwoWorkers(t *testing.T) {
	steps := 0
	for ; ; steps++ {
		one := newWorker(t, oneSurface(`"failures": 3, "wide": {"failures": 3}`))
		two := newWorkerOn(t, oneSurface(`"failures": 3, "wide": {"failures": 3}`), one.host)
		one.exchange(ann, "x", 401)
		one.host.Meanwhile, one.host.In = func() { two.exchange(ann, "y", 401) }, steps
		one.exchange(ann, "x", 401)
		if one.host.Meanwhile != nil {
			break
		}
		for _, name := range []string{"gatewarden_lockouts_total.surface.a", "gatewarden_network_lockouts_total.surface.a"} {
			if got := value(t, name, one, two); got != 1 {
				t.Errorf("interrupted before call %d: %s is %d", steps, name, got)
			}
		}
		if why := one.request(one.begin(ann, "x")); why != refusal.LockedOut {
			t.Errorf("interrupted before call %d: not locked out", steps)
		}
	}
	if steps < 10 {
		t.Errorf("only %d calls to interrupt", steps)
	}
}

// A lockout that begins early has the rule's duration, or ends with the given window.
func TestLockEarly(t *testing.T) {
	const windowEnd = 1_300_000
	for _, row := range []struct {
		name, lockout string
		before        []int // responses before
		want          int64
	}{
		{"until the window ends", `"failures": 9`, nil, windowEnd},
		{"a duration", `"failures": 9, "duration": "5s"`, nil, 1_005_000},
		{"after failures", `"failures": 9`, []int{401, 401}, windowEnd},
		{"locked out already", `"failures": 1`, []int{401}, 0},
	} {
		w := newWorker(t, oneSurface(row.lockout+`, "stuffing": {"credentials": 3, "action": "lock"}`))
		s := w.begin(ann, "x")
		for _, status := range row.before {
			w.exchange(ann, "x", status)
		}
		lockouts := value(t, "gatewarden_lockouts_total.surface.a", w)
		if got := s.LockEarly(windowEnd, w.host.Time, table.Key{}); got != row.want {
			t.Errorf("%s: until %d, want %d", row.name, got, row.want)
		}
		if why, refused := w.begin(ann, "").Check(); !refused || row.want > 0 && why.Seconds != (row.want-w.host.Time)/1000 {
			t.Errorf("%s: %+v", row.name, why)
		}
		lockouts = value(t, "gatewarden_lockouts_total.surface.a", w) - lockouts
		if want := uint64(min(row.want, 1)); lockouts != want || len(w.registered()) != 1 {
			t.Errorf("%s: %d lockouts are counted, registered are %q", row.name, lockouts, w.registered())
		}
	}
}

// A repeated early lockout is as long as the stuffing window, times the factor for each
// lockout before.
func TestLockEarlyEscalates(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 9, "window": "1m", "escalate": {"factor": 2, "max": "2h", "forget": "12h"},
		"stuffing": {"credentials": 3, "window": "10m", "action": "lock"}`))
	s := w.begin(ann, "x")
	for i, want := range []int64{100_000, 1_200_000, 2_400_000} {
		if got := s.LockEarly(w.host.Time+100_000, w.host.Time, table.Key{}) - w.host.Time; got != want {
			t.Errorf("lockout %d lasts %d ms, want %d", i+1, got, want)
		}
		w.host.Time += want
	}
}

// A failure that the table could not store locks nobody out, and is reported.
func TestLostLockout(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 1, "wide": {"failures": 1}, "stuffing": {"credentials": 3, "action": "lock"}`))
	s := w.begin(ann, "x")
	w.host.Races = 1 << 30
	if f := w.respond(s, 401); f.Locks {
		t.Errorf("%+v", f)
	}
	if until := s.LockEarly(9_000_000, w.host.Time, table.Key{}); until != 0 {
		t.Errorf("locked out until %d", until)
	}
	w.host.Races = 0
	if why := w.request(w.begin(ann, "")); why != "" {
		t.Error(why)
	}
	for _, name := range []string{"gatewarden_lockouts_total.surface.a", "gatewarden_network_lockouts_total.surface.a"} {
		if got := value(t, name, w); got != 0 {
			t.Errorf("%s is %d", name, got)
		}
	}
	if got := value(t, "gatewarden_auth_failures_total.surface.a", w); got != 1 {
		t.Errorf("%d failures", got)
	}
}

// Jitter makes lockouts longer, each by its own length up to the configured one, and
// Retry-After says how long it is.
func TestJitter(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 1, "window": "1m", "jitter": "30s", "wide": {"failures": 1000}`))
	lengths := map[int64]bool{}
	for range 100 {
		f := w.respond(w.begin(ann, "x"), 401)
		length := f.LockedUntil - w.host.Time
		if length < 60_000 || length > 90_000 {
			t.Fatalf("a lockout lasts %d ms", length)
		}
		why, _ := w.begin(ann, "x").Check()
		if want := (length + 999) / 1000; why.Seconds != want {
			t.Errorf("Retry-After is %d for %d ms", why.Seconds, length)
		}
		lengths[length] = true
		w.host.Time = f.LockedUntil
	}
	if len(lengths) < 50 {
		t.Errorf("only %d different lengths", len(lengths))
	}
	// Another seed, other lengths: nobody outside can predict them.
	s := w.begin(ann, "x")
	before := s.spread(30_000, 1)
	w.room.table.Table = table.New(w.host, table.Seed{9}, 100)
	if s.spread(30_000, 1) == before {
		t.Error("the spread does not depend on the seed")
	}
}
