package attempt

import (
	"fmt"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
)

// In a script, a letter is a failure with a guess at bob's account, in capitals from another
// client; "-" one with a guess that is not known; a digit so many times ten seconds; "!" and
// "?" tell whether a further attempt is refused. All limits are two in a minute.
func TestRepeats(t *testing.T) {
	const account = `{"per": ["account"], "failures": 2, "window": "1m", "action": "lock"}`
	for _, row := range []struct{ name, lockout, script string }{
		{"counted each time", `"keys": [` + account + `]`, "aa!"},
		{"counted once", `"repeats": "once", "keys": [` + account + `]`, "aaaa?b!"},
		{"what is not known", `"repeats": "once", "keys": [` + account + `]`, "a-!"},
		{"once for each client", `"repeats": "once", "keys": [` + account + `]`, "aaaaA!"},
		{"once in each window", `"repeats": "once", "keys": [` + account + `]`, "a5a1a?5a?b!"},
		{"over a window of its own", `"repeats": "once", "window": "10s", "keys": [` + account + `]`, "a2a2a1?a?b!"},
		{"for each client apart", `"repeats": "once", "keys": [{"per": ["client", "account"], "failures": 2, "window": "1m", "action": "lock"}]`, "aaAAaAB?b!"},
		{"slowed down", `"repeats": "once", "keys": [{"per": ["account"], "failures": 2, "window": "1m"}]`, "aaaa??ab?!"},
		{"again when the window has passed", `"repeats": "once", "keys": [{"per": ["account"], "failures": 2, "window": "1m"}]`, "a5a?1a?5a??b?!"},
		{"sprayed", `"repeats": "once", "spraying": {"clients": 2, "window": "1m", "action": "slow"}`, "aA?!"},
	} {
		w := newWorker(t, surface("api", `"failures": 1000, `+row.lockout))
		for i := range len(row.script) {
			c := row.script[i]
			q := &request{account: "bob", credential: string(c)}
			if c >= 'A' && c <= 'Z' {
				q.client = "192.0.2.2"
			}
			switch {
			case c >= '0' && c <= '9':
				w.host.Time += int64(c-'0') * 10_000
			case c == '!' || c == '?':
				if why, _ := w.ask(q); (why != "") != (c == '!') {
					t.Errorf("%s: after %s, refused %q", row.name, row.script[:i], why)
				}
			default:
				q.guess = guessed(c)
				w.fail(q)
			}
		}
	}
}

// guessed returns the guess of a letter in either case, and for a hyphen the one that is not
// known.
func guessed(letter byte) caller.Guess {
	if letter == '-' {
		return caller.Guess{}
	}
	return caller.Guess{letter | 0x20}
}

// A credential that fails with many clients counts once for each.
func TestRepeatsByCredential(t *testing.T) {
	w := newWorker(t, surface("api", `"repeats": "once", "keys": [{"per": ["credential"], "failures": 3, "action": "lock"}]`))
	q := &request{credential: "shared", guess: guessed('s')}
	for i := range 3 {
		q.client = fmt.Sprint("192.0.2.", i+1)
		if why, _ := w.ask(q); why != "" {
			t.Errorf("refused after %d clients: %s", i, why)
		}
		for range 5 {
			w.fail(q)
		}
	}
	if why, _ := w.ask(q); why == "" {
		t.Error("three clients did not lock the credential")
	}
}

// Two workers see the same guess at once: wherever one interrupts the other, it counts once.
func TestRepeatsOfTwoWorkers(t *testing.T) {
	const lockout = `"repeats": "once", "keys": [{"per": ["account"], "failures": 2, "action": "lock"}]`
	q := func(letter byte) *request { return &request{account: "bob", guess: guessed(letter)} }
	steps := 0
	for ; ; steps++ {
		one := newWorker(t, surface("api", lockout))
		two := one.another()
		one.host.Meanwhile, one.host.In = func() { two.fail(q('a')) }, steps
		one.fail(q('a'))
		if one.host.Meanwhile != nil {
			break
		}
		if why, _ := one.ask(q('b')); why != "" {
			t.Errorf("interrupted before call %d: locked", steps)
		}
		one.fail(q('b'))
		if why, _ := one.ask(q('b')); why == "" {
			t.Errorf("interrupted before call %d: not locked", steps)
		}
	}
	if steps < 5 {
		t.Errorf("only %d calls to interrupt", steps)
	}
}
