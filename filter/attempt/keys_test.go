package attempt

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

func TestDelay(t *testing.T) {
	for _, row := range []struct {
		count uint32
		want  int64
	}{{3, 1000}, {4, 2000}, {5, 4000}, {6, 8000}, {7, 16000}, {8, 30000}, {1 << 31, 30000}} {
		if got := delay(row.count, 3); got != row.want {
			t.Errorf("delay after %d failures of 3: %d ms, want %d", row.count, got, row.want)
		}
	}
}

// step is one line of a script: so many milliseconds later, a request fails or asks.
type step struct {
	after   int64
	fails   bool
	request request
	reason  refusal.Reason // of one that asks
	seconds int64
}

func play(t *testing.T, name, json string, script []step) {
	t.Helper()
	w := newWorker(t, json)
	for i, s := range script {
		w.host.Time += s.after
		if s.fails {
			w.fail(&s.request)
			continue
		}
		if reason, seconds := w.ask(&s.request); reason != s.reason || seconds != s.seconds {
			t.Errorf("%s, step %d: %q for %d s, want %q for %d s", name, i+1, reason, seconds, s.reason, s.seconds)
		}
	}
}

func TestKeys(t *testing.T) {
	const locked, limited = refusal.LockedOut, refusal.RateLimited
	alice, bob := request{account: "alice"}, request{account: "bob"}
	elsewhere := request{account: "alice", client: "192.0.2.2"}
	inForm := request{inForm: "alice"}
	both := request{account: "alice", inForm: "alice"}
	decoy := request{account: "bob", inForm: "alice"}
	known := func(q request) request { q.known = true; return q }
	token, other := request{credential: "t"}, request{credential: "u"}
	for _, row := range []struct {
		name, kind, keys string
		script           []step
	}{
		{"lock an account for everybody", "api", `{"per": ["account"], "failures": 2, "window": "1m", "action": "lock"}`, []step{
			{0, true, alice, "", 0}, {0, false, alice, "", 0}, {10_000, true, elsewhere, "", 0},
			{0, false, alice, locked, 50}, {0, false, elsewhere, locked, 50}, {0, false, bob, "", 0},
			{20_500, true, alice, "", 0}, {0, false, alice, locked, 30}, // a failure that was under way prolongs nothing
			{29_499, false, alice, locked, 1}, {1, false, alice, "", 0},
		}},
		{"lock it for one client", "api", `{"per": ["account", "client"], "failures": 1, "window": "1m", "action": "lock"}`, []step{
			{0, true, alice, "", 0}, {0, false, elsewhere, "", 0}, {0, false, alice, locked, 60},
		}},
		{"lock a credential", "api", `{"per": ["credential"], "failures": 1, "window": "1m", "action": "lock"}`, []step{
			{0, true, token, "", 0}, {0, false, other, "", 0}, {0, false, token, locked, 60}, {0, false, alice, "", 0},
		}},
		{"slow an account down", "api", `{"per": ["account"], "failures": 2, "window": "1m"}`, []step{
			{0, true, alice, "", 0}, {0, true, alice, "", 0},
			{0, false, alice, "", 0}, {0, false, alice, limited, 1}, {0, false, elsewhere, limited, 1}, {0, false, bob, "", 0},
			{999, false, alice, limited, 1}, {1, false, alice, "", 0}, {0, true, alice, "", 0},
			{1000, false, alice, "", 0}, {0, false, alice, limited, 2}, {2000, false, alice, "", 0},
			{55_000, true, alice, "", 0}, // the window lasts as long as attempts fail
			{59_999, false, alice, "", 0}, {1, false, alice, "", 0}, {0, false, alice, "", 0},
		}},
		{"a credential that is known as good", "api", `{"per": ["account"], "failures": 1, "window": "1m", "action": "lock"}`, []step{
			{0, true, alice, "", 0}, {0, false, known(alice), "", 0}, {0, false, known(inForm), "", 0}, {0, false, alice, locked, 60},
		}},
		{"it excuses no form that logs in", "oauth-consent", `{"per": ["account"], "failures": 1, "window": "1m", "action": "lock"}`, []step{
			{0, true, alice, "", 0}, {0, false, known(alice), "", 0}, {0, false, known(inForm), locked, 60},
			{0, false, known(both), locked, 60}, {0, false, known(decoy), locked, 60},
		}},
		{"nor a credential that the header repeats", "oauth-consent", `{"per": ["account"], "failures": 1, "window": "1m"}, {"per": ["credential"], "failures": 1, "window": "1m", "action": "lock"}`, []step{
			{0, true, request{credential: "t", account: "alice"}, "", 0},
			{0, false, known(request{credential: "t", inForm: "alice"}), "", 0}, {0, false, known(request{credential: "t", account: "alice", inForm: "alice"}), limited, 1},
			{0, false, request{credential: "t"}, locked, 60},
		}},
		{"both accounts count", "oauth-token", `{"per": ["account"], "failures": 1, "window": "1m", "action": "lock"}`, []step{
			{0, true, decoy, "", 0}, {0, false, alice, locked, 60}, {0, false, bob, locked, 60},
		}},
		{"one account in both places counts once", "oauth-token", `{"per": ["account"], "failures": 2, "window": "1m", "action": "lock"}`, []step{
			{0, true, both, "", 0}, {0, false, alice, "", 0}, {0, true, both, "", 0}, {0, false, alice, locked, 60},
		}},
		{"two keys count apart", "api", `{"per": ["account"], "failures": 3, "window": "1m"}, {"per": ["account"], "failures": 2, "window": "10s", "action": "lock"}`, []step{
			{0, true, alice, "", 0}, {0, true, alice, "", 0}, {0, false, alice, locked, 10},
			{10_000, false, alice, "", 0}, {0, true, alice, "", 0}, {0, false, alice, "", 0}, {0, false, alice, limited, 1},
		}},
	} {
		play(t, row.name, surface(row.kind, `"keys": [`+row.keys+`]`), row.script)
	}
}

// A request that is decided again needs the turns that it needs then.
func TestNeedNoTurn(t *testing.T) {
	w := newWorker(t, surface("api", `"keys": [{"per": ["account"], "failures": 1, "window": "1m"}]`))
	q := &request{account: "alice"}
	w.fail(q)
	first, second := w.begin(q), w.begin(q)
	for _, s := range []*State{first, second} {
		if _, refused := Check(s, q); refused {
			t.Fatal("refused")
		}
	}
	first.NeedNoTurn()
	for name, row := range map[string]struct {
		s    *State
		want refusal.Reason
	}{"without a turn": {first, ""}, "with one": {second, ""}} {
		if why, _ := row.s.TakeTurns(); why.Reason != row.want {
			t.Errorf("%s: %q", name, why.Reason)
		}
	}
	if why, refused := second.TakeTurns(); !refused || why.Reason != refusal.RateLimited || why.Seconds != 1 || why.Now != w.host.Time {
		t.Errorf("the turn was taken twice: %+v", why)
	}
	if why, refused := first.TakeTurns(); refused {
		t.Errorf("%+v", why)
	}
}

// The credential's standing is asked for only if a key has reached its limit.
func TestKnownIsAskedSeldom(t *testing.T) {
	w := newWorker(t, surface("api", `"keys": [{"per": ["account"], "failures": 1, "window": "1m"}]`))
	q := &request{account: "alice"}
	if _, refused := Check[Known](w.begin(q), nil); refused { // nil must not be asked
		t.Error("refused")
	}
	w.fail(q)
	w.host.Time += 60_000
	if _, refused := Check[Known](w.begin(q), nil); refused {
		t.Error("refused after the window")
	}
}

// Whatever another worker does, and between whichever two host calls, one of two
// requests has the turn.
func TestOneTurnOfTwoWorkers(t *testing.T) {
	seen := 0
	for steps := 0; ; steps++ {
		one := newWorker(t, surface("api", `"keys": [{"per": ["account"], "failures": 1, "window": "1m"}]`))
		two := one.another()
		q := &request{account: "alice"}
		one.fail(q)
		passed := 0
		attempt := func(w *worker) {
			if reason, _ := w.ask(q); reason == "" {
				passed++
			}
		}
		one.host.Meanwhile, one.host.In = func() { attempt(two); seen++ }, steps
		attempt(one)
		if one.host.Meanwhile != nil {
			break
		}
		if passed != 1 {
			t.Errorf("before call %d: %d have passed", steps, passed)
		}
	}
	if seen < 4 {
		t.Errorf("only %d calls to interrupt", seen)
	}
}

// registered are the lockouts in the register, each in a line.
func registered(w *worker) []string {
	var lines []string
	register.New(w.host).List(w.host.Time, func(l register.Lockout) {
		r, _, _ := table.NewSized(w.host, table.Seed{}, l.Size).Get(l.Key, w.host)
		subject := ""
		if l.Subject != 0 {
			subject = " subject"
		}
		lines = append(lines, fmt.Sprintf("%s %v %q%s since %d until %d in the table %d", l.Surface, l.What, l.Client, subject, l.Since, l.Until, r.LockedUntil))
	})
	return lines
}

func TestLockoutsAreRegistered(t *testing.T) {
	for _, row := range []struct {
		name, keys string
		failures   int
		want       []string
	}{
		{"before the limit, nothing", `{"per": ["account"], "failures": 3, "action": "lock"}`, 2, nil},
		{"account", `{"per": ["account"], "failures": 3, "action": "lock"}`, 3,
			[]string{`s account "" subject since 1002 until 301000 in the table 301000`}},
		{"once, however often it fails", `{"per": ["account"], "failures": 3, "action": "lock"}`, 5,
			[]string{`s account "" subject since 1002 until 301000 in the table 301000`}},
		{"account of one client", `{"per": ["account", "client"], "failures": 3}`, 3, nil},
		{"account of one client, locked", `{"per": ["account", "client"], "failures": 3, "action": "lock"}`, 3,
			[]string{`s account "192.0.2.1" subject since 1002 until 301000 in the table 301000`}},
		{"credential", `{"per": ["credential"], "failures": 1, "window": "1m", "action": "lock"}`, 1,
			[]string{`s credential "" subject since 1000 until 61000 in the table 61000`}},
	} {
		w := newWorker(t, surface("api", `"keys": [`+row.keys+`]`))
		w.host.Time = 1000
		for i := range row.failures {
			w.fail(&request{account: "bob", credential: strconv.Itoa(i)})
			w.host.Time++
		}
		if got := registered(w); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", row.name, strings.Join(got, "\n"), strings.Join(row.want, "\n"))
		}
	}
}

// A lockout that the table could not store is not listed.
func TestLostLockoutIsNotRegistered(t *testing.T) {
	w := newWorker(t, surface("api", `"keys": [{"per": ["account"], "failures": 1, "action": "lock"}]`))
	s := w.begin(&request{account: "bob"})
	w.host.Races = 1000 // as often as one update tries
	s.Fail(&caller.Guess{}, w.host.Time)
	if got := registered(w); got != nil || w.host.Races != 0 {
		t.Errorf("%q, %d races left", got, w.host.Races)
	}
}

// A counter that was evicted leaves its level: its successor does not begin at zero, and
// keeps one mistake.
func TestKeysInherit(t *testing.T) {
	rule := &config.FailureKey{Failures: 10, Window: 1000}
	for floor, want := range map[uint8]uint32{0: 1, 26: 2, 255: 9} {
		if got := fail(table.Record{}, floor, rule, rule.Failures, 5000); got.Count != want || got.WindowEnd != 6000 || got.Level != counter.Level(want, 10) {
			t.Errorf("at the level %d: %+v", floor, got)
		}
	}
}

// naiveKey is a failure key as its documentation has it.
type naiveKey struct {
	count           uint32
	windowEnd, turn int64
}

func (k *naiveKey) fail(rule *config.FailureKey, now int64) {
	if now >= k.windowEnd {
		*k = naiveKey{windowEnd: now + rule.Window}
	}
	if !rule.Lock {
		k.windowEnd = now + rule.Window
	}
	k.count++
}

func (k *naiveKey) ask(rule *config.FailureKey, now int64) refusal.Reason {
	switch {
	case k.count < rule.Failures || now >= k.windowEnd:
		return ""
	case rule.Lock:
		return refusal.LockedOut
	case now < k.turn:
		return refusal.RateLimited
	}
	wait := int64(1000)
	for n := rule.Failures; n < k.count && wait < 30_000; n++ {
		wait *= 2
	}
	k.turn = now + min(wait, 30_000)
	return ""
}

// Whatever the order of failures, questions and waits at three accounts, two workers
// agree with the naive key.
func FuzzKeys(f *testing.F) {
	for _, seed := range []string{"", "aaabbb", "aaaAAABBB", "aAaAaA", "a0A0a1A1a2A2a3A3a4A4", "aaaA4A4A5A5", "abcABC9abcABC", "aaaaaaaaaaaaA5A6A7"} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, script []byte, lock bool) {
		if len(script) > 200 {
			return
		}
		action := map[bool]string{true: "lock", false: "slow"}[lock]
		one := newWorker(t, surface("api", `"keys": [{"per": ["account"], "failures": 3, "window": "20s", "action": "`+action+`"}]`))
		workers := [2]*worker{one, one.another()}
		rule := &one.config.Surfaces[0].Lockout.Keys[0]
		naive := map[byte]*naiveKey{'a': {}, 'b': {}, 'c': {}}
		for i, c := range script {
			w := workers[i%2]
			switch who := c | 0x20; {
			case c >= '0' && c <= '9':
				w.host.Time += 250 << (c - '0') // up to two minutes
			case c == who && naive[who] != nil:
				w.fail(&request{account: string(rune(who))})
				naive[who].fail(rule, w.host.Time)
			case naive[who] != nil:
				got, _ := w.ask(&request{account: string(rune(who))})
				if want := naive[who].ask(rule, w.host.Time); got != want {
					t.Fatalf("%s, step %d of %q: %q, want %q", action, i, script, got, want)
				}
			}
		}
	})
}
