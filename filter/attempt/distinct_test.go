package attempt

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/table"
)

const distinctConfig = `{"surfaces": [
	{"name": "api", "kind": "api", "match": [{"prefix": "/api"}],
	 "lockout": {"failures": 100, "window": "10m", "stuffing": {"credentials": 3, "action": "lock"}, "spraying": {"clients": 2}}},
	{"name": "login", "kind": "oauth-consent", "match": [{"prefix": "/login"}],
	 "lockout": {"failures": 100, "account_fields": ["user"], "stuffing": {"credentials": 3}, "spraying": {"clients": 3}}}]}`

const apiStuffing = "gatewarden_stuffing_total.surface.api"

// guess fails with a credential.
func (w *worker) guess(credential string) { w.fail(&request{credential: credential}) }

// lockouts counts the lines of clients that were locked out for stuffing.
func lockouts(w *worker) (n int) {
	for _, line := range w.host.Log {
		if strings.Contains(line, "stuffing") && strings.Contains(line, "locked_for=") {
			n++
		}
	}
	return n
}

// Whatever another worker does, and between whichever two host calls, a pair is
// counted once.
func TestPairsOfTwoWorkers(t *testing.T) {
	for _, row := range []struct {
		other, then  string
		before, last uint64 // reports when both are done, and after one more
	}{
		{"b", "c", 0, 1}, // the same pair
		{"c", "d", 1, 1},
		{"a", "c", 0, 1},
	} {
		steps := 0
		for ; ; steps++ {
			one := newWorker(t, distinctConfig)
			two := one.another()
			one.guess("a")
			one.host.Meanwhile, one.host.In = func() { two.guess(row.other) }, steps
			one.guess("b")
			if one.host.Meanwhile != nil {
				break
			}
			before := sum(t, apiStuffing, one, two)
			two.guess(row.then)
			if last := sum(t, apiStuffing, one, two); before != row.before || last != row.last {
				t.Errorf("%s before call %d: %d reports, then %d", row.other, steps, before, last)
			}
			if got := lockouts(one); got != 1 {
				t.Errorf("%s before call %d: %d lockouts", row.other, steps, got)
			}
		}
		if steps < 6 {
			t.Errorf("only %d calls to interrupt", steps)
		}
	}
}

// A pair whose window ends while it is being counted is not part of the next window.
func TestPairAtTheEndOfItsWindow(t *testing.T) {
	for steps := 0; ; steps++ {
		one := newWorker(t, distinctConfig)
		two := one.another()
		one.guess("a")
		one.host.Time += 600_000 - 100
		one.host.Meanwhile = func() { one.host.Time += 200; two.guess("z") }
		one.host.In = steps
		one.guess("b")
		if one.host.Meanwhile != nil {
			if steps < 5 {
				t.Errorf("only %d calls to interrupt", steps)
			}
			break
		}
		one.guess("b")
		if got := sum(t, apiStuffing, one, two); got != 0 {
			t.Errorf("ended before call %d: counted twice", steps)
		}
		one.guess("c")
		if got := sum(t, apiStuffing, one, two); got != 1 {
			t.Errorf("ended before call %d: %d reports", steps, got)
		}
	}
}

// TestSlowedWindow: attempts are slowed down for a whole window from the limit on;
// until then the window is that of the first failure.
func TestSlowedWindow(t *testing.T) {
	for _, row := range []struct {
		name    string
		third   int64 // minutes after the first
		ask     int64 // minutes after the third
		refused bool
	}{
		{"just slowed down", 9, 0, true},
		{"a window from the first on", 9, 2, true},
		{"to the end", 9, 9, true},
		{"after it", 9, 10, false},
		{"the third came too late", 10, 0, false},
	} {
		w := newWorker(t, `{"surfaces": [{"name": "api", "kind": "api", "match": [{"prefix": "/api"}],
			"lockout": {"failures": 100, "spraying": {"clients": 3, "window": "10m", "action": "slow"}}}]}`)
		begin := w.host.Time
		for i, minute := range []int64{0, 8, row.third} {
			w.host.Time = begin + minute*60_000
			w.fail(&request{account: "alice", client: []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}[i]})
		}
		w.host.Time += row.ask * 60_000
		if reason, _ := w.ask(&request{account: "alice"}); reason != "" { // one passes
			t.Errorf("%s: the first attempt is refused", row.name)
		}
		if reason, _ := w.ask(&request{account: "alice"}); (reason == refusal.RateLimited) != row.refused {
			t.Errorf("%s: %q", row.name, reason)
		}
	}
}

// From the limit on, failures at a sprayed account make the wait longer, and its window.
func TestSlowedFailures(t *testing.T) {
	w := newWorker(t, surface("api", `"spraying": {"clients": 2, "window": "10m", "action": "slow"}`))
	for _, client := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.2"} {
		w.fail(&request{account: "alice", client: client})
	}
	q := &request{account: "alice"}
	if got := w.begin(q).Explain().Attempts[0]; got.Key != -1 || got.Count != 4 || got.WindowEnd != w.host.Time+600_000 {
		t.Errorf("%+v", got)
	}
	w.ask(q)
	if reason, seconds := w.ask(q); reason != refusal.RateLimited || seconds != 4 {
		t.Errorf("%q for %d s", reason, seconds)
	}
	w.host.Time += 599_999
	w.fail(q)
	if got := w.begin(q).Explain().Attempts[0]; got.Count != 5 || got.WindowEnd != w.host.Time+600_000 {
		t.Errorf("%+v", got)
	}
	if got := sum(t, "gatewarden_spraying_total.surface.s", w); got != 1 || len(w.host.Log) != 1 {
		t.Errorf("%d reports, %q", got, w.host.Log)
	}
}

// A good credential in the headers excuses no guess at a sprayed account in the form,
// where the form logs in.
func TestSprayedForm(t *testing.T) {
	for kind, want := range map[string]refusal.Reason{"oauth-consent": refusal.RateLimited, "api": ""} {
		w := newWorker(t, surface(kind, `"spraying": {"clients": 2, "action": "slow"}`))
		for _, client := range []string{"192.0.2.1", "192.0.2.2"} {
			w.fail(&request{inForm: "alice", client: client})
		}
		q := &request{inForm: "alice", known: true}
		w.ask(q)
		if reason, _ := w.ask(q); reason != want {
			t.Errorf("%s: %q", kind, reason)
		}
	}
}

// A window that is over takes no pair, and none is written.
func TestPairAfterItsWindow(t *testing.T) {
	w := newWorker(t, distinctConfig)
	rule := &w.Rule(0).stuffing
	counter, pair := w.table.Key([]byte("counter")), w.table.Key([]byte("pair"))
	if count := w.countPair(counter, pair, rule, w.host.Time, w.host.Time); count != 0 || w.host.Data != nil {
		t.Errorf("%d pairs, %d values", count, len(w.host.Data))
	}
	if count := w.countPair(counter, pair, rule, w.host.Time+1, w.host.Time); count != 1 {
		t.Errorf("%d pairs", count)
	}
}

// A counter that is evicted while a pair is being counted has that pair.
func TestPairOfAnEvictedCounter(t *testing.T) {
	for steps := 0; ; steps++ {
		w := newWorker(t, distinctConfig)
		w.host.Meanwhile = func() { w.host.Data = nil }
		w.host.In = steps
		w.guess("a")
		if w.host.Meanwhile != nil {
			if steps < 7 {
				t.Errorf("only %d calls to interrupt", steps)
			}
			break
		}
		w.guess("a")
		w.guess("b")
		w.guess("c")
		if got := sum(t, apiStuffing, w); got != 1 {
			t.Errorf("forgotten before call %d: %d reports", steps, got)
		}
	}
}

// An evicted counter leaves its level: a counter in its place does not begin too low.
func TestDistinctInherits(t *testing.T) {
	rule := &distinct{limit: 10, window: 1000}
	for count := uint32(0); count <= 10; count++ {
		got := beginDistinct(counter.Level(count, 10), rule, 5000)
		if want := min(count, 8); got.Count < want || got.Count > 8 || got.WindowEnd != 5000 || got.Level != counter.Level(got.Count, 10) {
			t.Errorf("after %d: %+v", count, got)
		}
	}
}

// Beyond the limit, a failure costs a read and no record.
func TestDistinctIsBounded(t *testing.T) {
	w := newWorker(t, strings.ReplaceAll(distinctConfig, `, "action": "lock"`, ""))
	for i := range 3 {
		w.fail(&request{credential: strings.Repeat("a", i+1), account: "alice"})
	}
	w.fail(&request{credential: "x", account: "alice", client: "192.0.2.2"})
	w.host.Forget()
	w.fail(&request{credential: "new", account: "alice"})
	if got := strings.Join(w.host.Calls, ", "); got != "now, get, get" {
		t.Errorf("%s", got)
	}
	// Neither does it while the client is locked out.
	w = newWorker(t, distinctConfig)
	for i := range 3 {
		w.guess(strings.Repeat("a", i+1))
	}
	w.host.Forget()
	w.guess("new")
	if got := strings.Join(w.host.Calls, ", "); got != "now, get" {
		t.Errorf("%s", got)
	}
}

// A client that is free again is locked out by the next new credential, and only by a
// new one; the report is not repeated.
func TestStuffingLocksAgain(t *testing.T) {
	w := newWorker(t, distinctConfig)
	for _, c := range []string{"a", "b", "c"} {
		w.guess(c)
	}
	s := w.begin(&request{credential: "a"})
	if st := s.Stuff(false, w.host.Time); st != (Stuffing{}) {
		t.Errorf("a known pair: %+v", st)
	}
	s = w.begin(&request{credential: "d"})
	want := Stuffing{Locks: true, WindowEnd: 1_600_000, Now: 1_000_000, credentials: 4}
	if st := s.Stuff(false, w.host.Time); st != want {
		t.Errorf("%+v, want %+v", st, want)
	}
	w.host.Forget()
	s.ReportStuffing(&want, 0) // it was locked out meanwhile
	if len(w.host.Log) != 0 {
		t.Errorf("%q", w.host.Log)
	}
	w.host.Time += 1000 // the clock of the log's rate
	want.Now = w.host.Time
	s.ReportStuffing(&want, 1_600_000)
	if line := "gatewarden: stuffing surface=api client=192.0.2.1 credentials=4 window=600 locked_for=599"; !slices.Equal(w.host.Log, []string{line}) {
		t.Errorf("%q", w.host.Log)
	}
	if got := sum(t, apiStuffing, w); got != 1 {
		t.Errorf("%d reports", got)
	}
}

// The key that an unlock deletes is the counter of the client's credentials.
func TestStuffingKey(t *testing.T) {
	w := newWorker(t, distinctConfig)
	api := w.begin(&request{credential: "a"})
	w.guess("a")
	if r, _, found := w.table.Get(api.StuffingKey(), w.host); !found || r.Count != 1 || r.Level != counter.Level(1, 3) {
		t.Errorf("%+v", r)
	}
	if key := w.begin(&request{surface: 1}).StuffingKey(); key != (table.Key{}) {
		t.Errorf("%v where stuffing does not lock", key)
	}
}

// Where the body logs in, the accounts that a request attempts are its credential.
func TestStuffingByAccount(t *testing.T) {
	const login = "gatewarden_stuffing_total.surface.login"
	for _, row := range []struct {
		name  string
		tries []request
		want  uint64
	}{
		{"three accounts", []request{{inForm: "a"}, {inForm: "b"}, {account: "c"}}, 1},
		{"one account, three passwords", []request{{inForm: "a", credential: "x"}, {inForm: "a", credential: "y"}, {account: "a", credential: "z"}}, 0},
		{"no account", []request{{credential: "x"}, {credential: "y"}, {credential: "z"}}, 0},
		{"two at once are one of their own", []request{{inForm: "a"}, {inForm: "b"}, {account: "a", inForm: "b"}}, 1},
		{"parts are kept apart", []request{{account: "a", inForm: "bc"}, {account: "ab", inForm: "c"}, {inForm: "abc"}}, 1},
	} {
		w := newWorker(t, distinctConfig)
		for _, q := range row.tries {
			q.surface = 1
			w.fail(&q)
		}
		if got := sum(t, login, w); got != row.want {
			t.Errorf("%s: %d reports", row.name, got)
		}
	}
}

// A clock that steps back neither forgets a pair nor counts it again.
func TestDistinctBearsTheClock(t *testing.T) {
	w := newWorker(t, distinctConfig)
	w.guess("a")
	w.guess("b")
	w.host.Time -= 300_000
	for range 3 {
		w.guess("a")
		w.guess("b")
	}
	if got := sum(t, apiStuffing, w); got != 0 {
		t.Fatalf("%d reports", got)
	}
	w.guess("c")
	if got := sum(t, apiStuffing, w); got != 1 {
		t.Errorf("%d reports", got)
	}
}

// Neither the table nor the log has the name of an account or a credential.
func TestDistinctKeepsSecrets(t *testing.T) {
	w := newWorker(t, strings.Replace(distinctConfig, `{"surfaces"`, `{"log": {"client": "hash"}, "surfaces"`, 1))
	for _, address := range []string{"192.0.2.1", "192.0.2.2"} {
		for _, user := range []string{"alice", "bob", "carol"} {
			w.fail(&request{client: address, credential: user + ":secret", account: user})
		}
	}
	for key, d := range w.host.Data {
		for _, secret := range []string{"alice", "bob", "carol", "secret"} {
			if strings.Contains(key+string(d.Value), secret) {
				t.Errorf("%q in the table", secret)
			}
		}
	}
	lines := strings.Join(w.host.Log, "\n")
	accounts := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^gatewarden: spraying surface=api account=([0-9a-f]{10,16}) clients=2 window=3600$`).FindAllStringSubmatch(lines, -1) {
		accounts[m[1]] = true
	}
	stuffing := regexp.MustCompile(`(?m)^gatewarden: stuffing surface=api client=[0-9a-f]{10,16} credentials=3 window=600 locked_for=600$`)
	if len(accounts) != 3 || len(stuffing.FindAllString(lines, -1)) != 2 || strings.Contains(lines, "alice") || strings.Contains(lines, "192.0.2") {
		t.Errorf("%s", lines)
	}
}

// Lines about attacks are not lost among those of the failures, and are held to a rate,
// too.
func TestSignals(t *testing.T) {
	w := newWorker(t, `{"log": {"per_second": 1}, "surfaces": [{"name": "api", "kind": "api", "match": [{"prefix": "/api"}],
		"lockout": {"failures": 100, "stuffing": {"credentials": 2}, "spraying": {"clients": 2}}}]}`)
	for w.log.Allows(report.Decision, w.host.Time) { // the lines of the failures
	}
	for _, address := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"} {
		for _, token := range []string{"a", "b", "c"} {
			w.fail(&request{client: address, credential: token, account: "bob"})
		}
	}
	if len(w.host.Log) != 1 || !strings.HasPrefix(w.host.Log[0], "gatewarden: stuffing surface=api client=192.0.2.1 credentials=2 window=600") {
		t.Errorf("%q", w.host.Log)
	}
	// One of the failures, two clients and one account.
	if got := sum(t, "gatewarden_log_suppressed_total", w); got != 4 {
		t.Errorf("%d lines are counted as left out", got)
	}
	w.host.Time += 1000
	w.fail(&request{client: "192.0.2.4", credential: "a"})
	w.fail(&request{client: "192.0.2.4", credential: "b"})
	if last := w.host.Log[len(w.host.Log)-1]; !strings.HasSuffix(last, " omitted_before=3") {
		t.Errorf("%q", last)
	}
}

// Whenever the table stops storing: a report is written if, and only if, the counter has
// reached its limit in the table.
func TestNoPlaceForACounter(t *testing.T) {
	for steps := 0; ; steps++ {
		w := newWorker(t, strings.ReplaceAll(distinctConfig, `"credentials": 3`, `"credentials": 2`))
		w.guess("a")
		s := w.begin(&request{credential: "b"})
		w.host.Meanwhile, w.host.In = func() { w.host.Races = 1 << 20 }, steps
		st := s.Stuff(false, w.host.Time)
		if w.host.Meanwhile != nil {
			if steps < 5 {
				t.Errorf("only %d calls to interrupt", steps)
			}
			break
		}
		w.host.Races = 0
		r, _, _ := w.table.Get(s.StuffingKey(), w.host)
		if got := sum(t, apiStuffing, w); (got == 1) != (r.Count == 2) || st.Locks != (r.Count == 2) {
			t.Errorf("before call %d: %d reports, %+v, the counter is %d", steps, got, st, r.Count)
		}
	}
	// Without a counter, no pair is stored.
	w := newWorker(t, distinctConfig)
	w.host.Races = 1000 // as often as one update tries
	w.begin(&request{credential: "b"}).Stuff(false, w.host.Time)
	if w.host.Races != 0 || w.host.Data != nil {
		t.Errorf("%d races left, %d values", w.host.Races, len(w.host.Data))
	}
}

// Of two workers that bring the clients of an account to the limit, one reports it.
func TestSprayingOfTwoWorkers(t *testing.T) {
	for steps := 0; ; steps++ {
		one := newWorker(t, distinctConfig)
		two := one.another()
		one.fail(&request{account: "alice", client: "192.0.2.1"})
		one.host.Meanwhile = func() { two.fail(&request{account: "alice", client: "192.0.2.3"}) }
		one.host.In = steps
		one.fail(&request{account: "alice", client: "192.0.2.2"})
		if one.host.Meanwhile != nil {
			if steps < 6 {
				t.Errorf("only %d calls to interrupt", steps)
			}
			break
		}
		if got := sum(t, "gatewarden_spraying_total.surface.api", one, two); got != 1 || len(one.host.Log) != 1 {
			t.Errorf("before call %d: %d reports, %q", steps, got, one.host.Log)
		}
	}
}

// Whatever order failures come in, two workers report what the sets of the different
// credentials and clients say.
func FuzzDistinct(f *testing.F) {
	for _, seed := range []string{"", "\x00\x01\x02", "\x00\x10\x20\x30", "\x00\x01\xff\x02", "\x00\x01\x00\x01\x02\x03", "\x00\x11\x22\x33\xff\xff\x00\x11\x22\x33",
		"\x00\x01\xf0\xf0\xf0\xf0\x02\x03", "\x00\x10\x20\xf8\x00\x10\x20"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 200 {
			return
		}
		one := newWorker(t, `{"log": {"per_second": 1000}, "surfaces": [{"name": "s", "kind": "api", "match": [{"prefix": "/"}],
			"lockout": {"stuffing": {"credentials": 3, "window": "1m"}, "spraying": {"clients": 3, "window": "1m"}}}]}`)
		workers := [2]*worker{one, one.another()}
		stuffing, spraying := newNaive(3), newNaive(3)
		for i, c := range script {
			w := workers[i%2]
			if c >= 0xf0 {
				w.host.Time += int64(c-0xef) * 4000 // up to 64 seconds
				continue
			}
			client := "192.0.2." + string('1'+rune(c>>4&7))
			credential, account := string('a'+rune(c&3)), string('a'+rune(c>>2&3))
			w.fail(&request{client: client, credential: credential, account: account})
			stuffing.count(client, credential, w.host.Time)
			spraying.count(account, client, w.host.Time)
			for name, want := range map[string]uint64{"stuffing": stuffing.reports, "spraying": spraying.reports} {
				if got := sum(t, "gatewarden_"+name+"_total.surface.s", workers[:]...); got != want {
					t.Fatalf("%s after step %d of %q: %d reports, want %d", name, i, script, got, want)
				}
			}
		}
	})
}

// naive counts what is different in sets, in windows of a minute.
type naive struct {
	limit   int
	ends    map[string]int64
	sets    map[string]map[string]bool
	reports uint64
}

func newNaive(limit int) *naive {
	return &naive{limit: limit, ends: map[string]int64{}, sets: map[string]map[string]bool{}}
}

func (n *naive) count(of, what string, now int64) {
	if now >= n.ends[of] {
		n.ends[of], n.sets[of] = now+60_000, map[string]bool{}
	}
	set := n.sets[of]
	if set[what] {
		return
	}
	set[what] = true
	if len(set) == n.limit {
		n.reports++
	}
}
