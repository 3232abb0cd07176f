package lockout

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/table"
)

// guessed returns the guess of a letter, and for a hyphen the one that is not known.
func guessed(letter byte) *caller.Guess {
	if letter == '-' {
		return &caller.Guess{}
	}
	return &caller.Guess{letter}
}

// failWith fails with a guess, in the hall's order.
func (w *worker) failWith(address string, letter byte) Failure {
	s, guess, now := w.begin(address, "x"), guessed(letter), w.host.Now()
	f := s.Fail(guess, now)
	s.FailNetwork(guess, now)
	s.Report(&f, report.Cause{Status: 401}, table.Key{}, now)
	return f
}

// A script has a letter for each failure with a guess, "-" for one that is not known, a
// digit for so many times ten seconds that pass, "+" for a success with the credential,
// "!" where the client must be locked out, and "?" where it must not. The limit is three
// in a minute.
func TestRepeats(t *testing.T) {
	for _, row := range []struct{ name, lockout, script string }{
		{"counted each time", ``, "aa?a!"},
		{"counted each time, as the default says", `"repeats": "count"`, "aa?a!"},
		{"counted once", `"repeats": "once"`, "aaaaaaaa?b?c!"},
		{"in any order", `"repeats": "once"`, "abababa?ab?c!"},
		{"what is not known counts each time", `"repeats": "once"`, "a--!"},
		{"what is not known, and what is", `"repeats": "once"`, "-aa?aa?-!"},
		{"once in each window", `"repeats": "once"`, "a5a?1ab?c!"},
		{"a window begins with its first failure", `"repeats": "once"`, "a3b3ab?c!"},
		{"after a lockout, all are new", `"repeats": "once"`, "abc!6?ab?c!"},
		{"failures during a lockout change nothing", `"repeats": "once", "duration": "90s"`, "abc!dddd8!1?"},
		{"a short lockout makes no new guess of an old one", `"repeats": "once", "duration": "10s"`, "abc!1?abcabc?def!"},
		{"a success takes back what was counted once", `"repeats": "once", "reset_on_success": true`, "aaaa+?bc?d!"},
		{"a guess that was wrong before a success is no new one", `"repeats": "once", "reset_on_success": true`, "a+aaaa?bc?d!"},
	} {
		w := newWorker(t, oneSurface(`"failures": 3, "window": "1m", `+strings.TrimPrefix(row.lockout+`, "mode": "enforce"`, ", ")))
		for i := range len(row.script) {
			switch c := row.script[i]; {
			case c >= '0' && c <= '9':
				w.host.Time += int64(c-'0') * 10_000
			case c == '+':
				w.respond(w.begin(ann, "x"), 200)
			case c == '!' || c == '?':
				if _, locked := w.begin(ann, "x").Check(); locked != (c == '!') {
					t.Errorf("%s: after %s, locked out is %v", row.name, row.script[:i], locked)
				}
			default:
				w.failWith(ann, c)
			}
		}
	}
}

// A guess counts once for each client, and for their network once for each of them.
func TestRepeatsOfANetwork(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 9, "repeats": "once", "wide": {"failures": 4}`))
	for range 5 {
		for _, c := range "ab" {
			w.failWith(ann, byte(c))
		}
	}
	w.failWith(other, 'a')
	if why := w.request(w.begin(other, "x")); why != "" {
		t.Error("three failures lock out a network with a limit of four")
	}
	for range 5 {
		w.failWith(other, 'b')
	}
	for _, address := range []string{ann, other, "192.0.2.77"} {
		if why := w.request(w.begin(address, "x")); why == "" {
			t.Errorf("%s is not locked out", address)
		}
	}
	for name, want := range map[string]uint64{
		"gatewarden_auth_failures_total.surface.a": 4, "gatewarden_repeated_failures_total.surface.a": 12,
		"gatewarden_network_lockouts_total.surface.a": 1, "gatewarden_lockouts_total.surface.a": 0,
	} {
		if got := value(t, name, w); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
}

// The windows of client and network begin apart, and each counts a guess once in its own.
func TestRepeatsInWindowsOfTheirOwn(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 9, "window": "1m", "repeats": "once", "wide": {"failures": 3}`))
	w.failWith(other, 'x') // begins the network's window
	w.host.Time += 50_000
	w.failWith(ann, 'a')
	w.host.Time += 20_000 // the network's window is over, ann's is not
	w.failWith(ann, 'a')
	w.failWith(ann, 'b')
	if why := w.request(w.begin(ann, "x")); why != "" {
		t.Error("the network was locked out by two failures")
	}
	if w.failWith(ann, 'c'); w.request(w.begin(ann, "x")) == "" {
		t.Error("the network was not locked out by three failures")
	}
}

// An attempt that has failed before needs no place among those that are pending.
func TestRepeatsWhilePending(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 2, "repeats": "once", "pending": 1`))
	w.failWith(ann, 'a')
	var held []*State
	admit := func(letter byte) bool {
		s := w.begin(ann, string(letter))
		_, refused := s.Admit(guessed(letter))
		held = append(held, s)
		return !refused
	}
	if !admit('b') || !admit('c') || admit('d') || admit('-') {
		t.Error("not two attempts are admitted with one failure left and one more")
	}
	for range 20 {
		if !admit('a') {
			t.Error("a repeated failure is held back")
		}
	}
	for _, s := range held {
		s.Release(w.host.Time)
	}
}

// A repeated failure writes a line of its own, and ends the standing of a good credential
// as every failure does.
func TestRepeatsAreReported(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 3, "repeats": "once", "known_good": {"for": "1h", "failures": 2}`))
	w.respond(w.begin(ann, "x"), 200)
	w.failWith(ann, 'x')
	if w.begin(ann, "x").Known() != true {
		t.Error("one failure of two ended the standing")
	}
	if f := w.failWith(ann, 'x'); !f.Repeats || f.Locks {
		t.Errorf("%+v", f)
	}
	if w.begin(ann, "x").Known() {
		t.Error("two failures did not end the standing")
	}
	want := []string{
		"gatewarden: failure surface=a client=192.0.2.1 reason=status_401 failures=1 limit=3",
		"gatewarden: repeated failure surface=a client=192.0.2.1 reason=status_401",
	}
	if fmt.Sprint(w.host.Log) != fmt.Sprint(want) {
		t.Errorf("%q", w.host.Log)
	}
}

// Two workers see the same guess at once: wherever one interrupts the other, it counts
// once.
func TestRepeatsOfTwoWorkers(t *testing.T) {
	const lockout = `"failures": 3, "repeats": "once", "wide": {"failures": 3}`
	steps := 0
	for ; ; steps++ {
		one := newWorker(t, oneSurface(lockout))
		two := newWorkerOn(t, oneSurface(lockout), one.host)
		one.host.Meanwhile, one.host.In = func() { two.failWith(ann, 'a'); two.failWith(ann, 'b') }, steps
		one.failWith(ann, 'a')
		done := one.host.Meanwhile != nil
		one.host.Meanwhile = nil
		if done {
			break
		}
		one.failWith(ann, 'b')
		if got := value(t, "gatewarden_auth_failures_total.surface.a", one, two); got != 2 {
			t.Errorf("interrupted before call %d: %d failures", steps, got)
		}
		if why := one.request(one.begin(ann, "x")); why != "" {
			t.Errorf("interrupted before call %d: locked out", steps)
		}
		if one.failWith(ann, 'c'); one.request(one.begin(ann, "x")) == "" {
			t.Errorf("interrupted before call %d: not locked out", steps)
		}
	}
	if steps < 10 {
		t.Errorf("only %d calls to interrupt", steps)
	}
}

// What the table cannot record counts.
func TestRepeatsThatAreLost(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 1000, "repeats": "once"`))
	w.failWith(ann, 'b')
	w.host.Races = 1000 // as often as one update tries
	for i, want := range []uint32{2, 3, 0} {
		if f := w.failWith(ann, 'a'); f.count != want || f.Repeats != (want == 0) {
			t.Errorf("failure %d: %+v", i, f)
		}
	}
}

// What the table gave up counts again: guesses drive each other out of a small table.
func TestRepeatsThatAreEvicted(t *testing.T) {
	w := newWorker(t, strings.Replace(oneSurface(`"failures": 1000000, "repeats": "once"`), "{", `{"table": {"clients": 1024}, `, 1))
	again := 0
	for round := range 3 {
		for i := range 5000 {
			s := w.begin(ann, "x")
			if f := s.Fail(&caller.Guess{byte(i), byte(i >> 8), 1}, w.host.Time); round > 0 && !f.Repeats {
				again++
			}
		}
	}
	if again == 0 || again > 10_000 {
		t.Errorf("%d of 10000 repeated failures counted", again)
	}
}
