package lockout

import (
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/refusal"
)

const resetting = `{"surfaces": [
	{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 3, "window": "1m", "reset_on_success": true}},
	{"name": "other", "kind": "api", "match": [{"prefix": "/other"}], "lockout": {"failures": 3, "window": "1m", "reset_on_success": true}}]}`

// TestResetOnSuccess plays scripts of exchanges: "who surface status". Afterwards the
// client is locked out or not.
func TestResetOnSuccess(t *testing.T) {
	surfaces := map[string]int{"/api": 0, "/other": 1}
	for _, row := range []struct {
		name, script string
		locked       bool
	}{
		{"L03 its own failures", "ann /api 401, ann /api 401, ann /api 200, ann /api 401, ann /api 401", false},
		{"and no more", "ann /api 401, ann /api 401, ann /api 200, ann /api 401, ann /api 401, ann /api 401", true},
		{"another's success", "ann /api 401, ann /api 401, bob /api 200, ann /api 401", true},
		{"another's failures stay", "ann /api 401, bob /api 401, bob /api 200, ann /api 401, ann /api 401", true},
		{"two successes take back once", "ann /api 401, bob /api 401, bob /api 200, bob /api 200, ann /api 401, bob /api 401", true},
		{"of one surface only", "ann /other 401, ann /api 401, ann /api 401, ann /other 200, ann /api 401", true},
		{"without a credential", "ann /api 401, ann /api 401, - /api 200, ann /api 401", true},
		{"no success", "ann /api 401, ann /api 401, ann /api 404, ann /api 302, ann /api 401", true},
		{"a success after the window", "ann /api 401, wait, ann /api 200, ann /api 401, ann /api 401", false},
		{"old failures are not taken from a new window", "ann /api 401, wait, bob /api 401, bob /api 401, ann /api 200, bob /api 401", true},
		{"while locked out", "ann /api 401, ann /api 401, ann /api 401, ann /api 200", true},
	} {
		w := newWorker(t, resetting)
		for _, exchanged := range strings.Split(row.script, ", ") {
			if exchanged == "wait" {
				w.host.Time += 60_000
				continue
			}
			w.host.Time++
			parts := strings.Fields(exchanged)
			status, _ := strconv.Atoi(parts[2])
			who := ""
			if parts[0] != "-" {
				who = parts[0] + ":" + strconv.FormatInt(w.host.Time, 10) // a password of its own each time
			}
			if s := w.beginOn(surfaces[parts[1]], ann, who); w.request(s) == "" {
				w.respond(s, status)
			}
		}
		if why := w.request(w.begin(ann, "")); (why != "") != row.locked {
			t.Errorf("%s: refused %q", row.name, why)
		}
	}
}

// Where a lockout is shorter than the window, a new window begins after it. The failures
// of the window before are not taken back from it.
func TestResetAcrossLockout(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 2, "window": "1m", "duration": "10s", "reset_on_success": true`))
	w.exchange(ann, "ann", 401)
	w.exchange(ann, "ann", 401)
	w.host.Time += 10_000
	for _, row := range []struct {
		who    string
		status int
	}{{"bob", 401}, {"ann", 200}, {"bob", 401}} {
		if why := w.exchange(ann, row.who, row.status); why != "" {
			t.Fatal("locked out too early")
		}
	}
	if w.exchange(ann, "bob", 200) != refusal.LockedOut {
		t.Error("ann took back what bob did")
	}
}

// A success that was under way when the lockout began does not end it.
func TestLateSuccess(t *testing.T) {
	w := newWorker(t, resetting)
	late := w.begin(ann, "x")
	w.request(late)
	for range 3 {
		w.exchange(ann, "x", 401)
	}
	w.respond(late, 200)
	if w.exchange(ann, "x", 200) != refusal.LockedOut {
		t.Error("free again")
	}
}

// Failures whose record the table could not remove are not taken back: the next success
// would take them back again.
func TestContendedSuccess(t *testing.T) {
	w := newWorker(t, resetting)
	w.exchange(ann, "ann", 401)
	w.exchange(ann, "ann", 401)
	s := w.begin(ann, "ann")
	w.host.Races = 1000 // all tries of the first update
	w.respond(s, 200)
	if r, _, _ := w.room.table.Get(s.counter, w.host); r.Count != 2 || w.host.Races != 0 {
		t.Errorf("%d failures are left", r.Count)
	}
	w.respond(s, 200)
	if r, _, found := w.room.table.Get(s.counter, w.host); found {
		t.Errorf("%d failures are left after the next success", r.Count)
	}
}

// Of two successes of one credential, only one takes its failures back, wherever one of
// them interrupts the other.
func TestSuccessesOfTwoWorkers(t *testing.T) {
	steps := 0
	for ; ; steps++ {
		one := newWorker(t, resetting)
		two := newWorkerOn(t, resetting, one.host)
		one.exchange(ann, "bob", 401)
		one.exchange(ann, "ann", 401)
		first, second := one.begin(ann, "ann"), two.begin(ann, "ann")
		one.host.Meanwhile, one.host.In = func() { two.respond(second, 200) }, steps
		one.respond(first, 200)
		if one.host.Meanwhile != nil {
			break
		}
		if r, _, _ := one.room.table.Get(first.counter, one.host); r.Count != 1 {
			t.Errorf("interrupted before call %d: %d failures are left, want bob's", steps, r.Count)
		}
	}
	if steps < 5 {
		t.Errorf("only %d calls to interrupt", steps)
	}
}
