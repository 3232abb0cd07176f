package filter

import (
	"regexp"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/table"
)

const distinctConfig = `{"surfaces": [
	{"name": "api", "kind": "api", "match": [{"prefix": "/api"}],
	 "lockout": {"failures": 100, "window": "10m", "stuffing": {"credentials": 3, "action": "lock"}, "spraying": {"clients": 2}}},
	{"name": "login", "kind": "oauth-consent", "match": [{"prefix": "/login"}],
	 "lockout": {"failures": 100, "account_fields": ["user"], "stuffing": {"credentials": 3}, "spraying": {"clients": 3}}}]}`

// guess is an exchange that fails.
func guess(f *Filter, host *fakeHost, authorization string) {
	exchange(f, host, hdr(":method", "GET", ":path", "/api", "authorization", authorization), hdr(":status", "401"))
}

// sum is a counter of several workers together.
func sum(t *testing.T, host *fakeHost, name string, workers ...*Filter) uint64 {
	t.Helper()
	for _, f := range workers {
		f.Flush(host)
	}
	return host.value(t, name)
}

// Whatever another worker does, and between whichever two host calls, a pair is
// counted once.
func TestPairsOfTwoWorkers(t *testing.T) {
	const stuffing, lockouts = "gatewarden_stuffing_total.surface.api", "gatewarden_lockouts_total.surface.api"
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
			one, host := newFilter(t, distinctConfig)
			two := New(one.config, host, testSeed)
			guess(one, host, "a")
			host.meanwhile, host.in = func() { guess(two, host, row.other) }, steps
			guess(one, host, "b")
			if host.meanwhile != nil {
				break
			}
			before := sum(t, host, stuffing, one, two)
			guess(two, host, row.then)
			if last := sum(t, host, stuffing, one, two); before != row.before || last != row.last {
				t.Errorf("%s before call %d: %d reports, then %d", row.other, steps, before, last)
			}
			if got := sum(t, host, lockouts); got != 1 {
				t.Errorf("%s before call %d: %d lockouts", row.other, steps, got)
			}
		}
		if steps < 12 {
			t.Errorf("only %d calls to interrupt", steps)
		}
	}
}

// A pair whose window ends while it is on its way is not one of the next window.
func TestPairAtTheEndOfItsWindow(t *testing.T) {
	for steps := 0; ; steps++ {
		one, host := newFilter(t, distinctConfig)
		two := New(one.config, host, testSeed)
		guess(one, host, "a")
		host.now += 600_000 - 100
		host.meanwhile = func() { host.now += 200; guess(two, host, "z") }
		host.in = steps
		guess(one, host, "b")
		if host.meanwhile != nil {
			break
		}
		guess(one, host, "b")
		if got := sum(t, host, "gatewarden_stuffing_total.surface.api", one, two); got != 0 {
			t.Errorf("ended before call %d: counted twice", steps)
		}
		guess(one, host, "c")
		if got := sum(t, host, "gatewarden_stuffing_total.surface.api", one, two); got != 1 {
			t.Errorf("ended before call %d: %d reports", steps, got)
		}
	}
}

// TestSlowedWindow: attempts are slowed down for a whole window from the limit
// on; until then the window is that of the first failure.
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
		f, host := newFilter(t, `{"surfaces": [{"name": "api", "kind": "api", "match": [{"prefix": "/api"}],
			"lockout": {"failures": 100, "spraying": {"clients": 3, "window": "10m", "action": "slow"}}}]}`)
		begin := host.now
		for i, minute := range []int64{0, 8, row.third} {
			host.now = begin + minute*60_000
			host.properties[sourceAddress] = []string{"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"}[i]
			guess(f, host, basic("alice", "x"))
		}
		host.now += row.ask * 60_000
		for i := 0; i < 2; i++ { // one passes
			exchange(f, host, hdr(":method", "GET", ":path", "/api", "authorization", basic("alice", "x")), hdr(":status", "200"))
		}
		if got := len(host.replies) == 1; got != row.refused {
			t.Errorf("%s: refused %v", row.name, got)
		}
	}
}

// A counter that is evicted while a pair is on its way has that pair.
func TestPairOfAnEvictedCounter(t *testing.T) {
	for steps := 0; ; steps++ {
		f, host := newFilter(t, distinctConfig)
		host.meanwhile = func() { host.data = nil }
		host.in = steps
		guess(f, host, "a")
		if host.meanwhile != nil {
			break
		}
		guess(f, host, "a")
		guess(f, host, "b")
		guess(f, host, "c")
		if got := sum(t, host, "gatewarden_stuffing_total.surface.api", f); got != 1 {
			t.Errorf("forgotten before call %d: %d reports", steps, got)
		}
	}
}

// What was evicted leaves its level: a counter in its place is not too low.
func TestDistinctInherits(t *testing.T) {
	rule := &distinct{limit: 10, window: 1000}
	for count := uint32(0); count <= 10; count++ {
		got := beginDistinct(levelOf(count, 10), rule, 5000)
		if want := min(count, 8); got.Count < want || got.Count > 8 || got.WindowEnd != 5000 || got.Level != levelOf(got.Count, 10) {
			t.Errorf("after %d: %+v", count, got)
		}
	}
}

// Beyond the limit, a failure costs a read and no record.
func TestDistinctIsBounded(t *testing.T) {
	f, host := newFilter(t, strings.ReplaceAll(distinctConfig, `, "action": "lock"`, ""))
	for i := 0; i < 3; i++ {
		guess(f, host, basic("alice", "x")+strings.Repeat("a", i))
	}
	host.properties[sourceAddress] = "192.0.2.2:1"
	guess(f, host, basic("alice", "x"))
	host.forget()
	host.properties[sourceAddress] = "192.0.2.1:1"
	guess(f, host, basic("alice", "new"))
	const failure = "request headers, property source.address, get, now, response header :status, now, get, set, "
	if got, want := host.take(), failure+"get, get, log"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	// Nor while the client is locked out, be it in shadow mode or not.
	f, host = newFilter(t, strings.Replace(distinctConfig, `"failures": 100`, `"failures": 100, "mode": "shadow"`, 1))
	for i := 0; i < 3; i++ {
		guess(f, host, strings.Repeat("a", i+1))
	}
	host.forget()
	guess(f, host, "new")
	if got, want := host.take(), strings.Replace(failure, "now,", "now, log,", 1)+"get, log"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// A clock that steps back neither forgets a pair nor counts it again.
func TestDistinctBearsTheClock(t *testing.T) {
	f, host := newFilter(t, distinctConfig)
	guess(f, host, "a")
	guess(f, host, "b")
	host.now -= 300_000
	for i := 0; i < 3; i++ {
		guess(f, host, "a")
		guess(f, host, "b")
	}
	if got := sum(t, host, "gatewarden_stuffing_total.surface.api", f); got != 0 {
		t.Fatalf("%d reports", got)
	}
	guess(f, host, "c")
	if got := sum(t, host, "gatewarden_stuffing_total.surface.api", f); got != 1 {
		t.Errorf("%d reports", got)
	}
}

// Nothing in the table or in the log tells an account or a credential.
func TestDistinctKeepsSecrets(t *testing.T) {
	f, host := newFilter(t, strings.Replace(distinctConfig, `{"surfaces"`, `{"log": {"client": "hash"}, "surfaces"`, 1))
	for _, address := range []string{"192.0.2.1:1", "192.0.2.2:1"} {
		host.properties[sourceAddress] = address
		for _, user := range []string{"alice", "bob", "carol"} {
			guess(f, host, basic(user, "secret"))
		}
	}
	for key, d := range host.data {
		for _, secret := range []string{"alice", "bob", "carol", "secret"} {
			if strings.Contains(key+string(d.value), secret) {
				t.Errorf("%q in the table", secret)
			}
		}
	}
	lines := strings.Join(host.log, "\n")
	accounts := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^gatewarden: spraying surface=api account=([0-9a-f]{10,16}) clients=2 window=3600$`).FindAllStringSubmatch(lines, -1) {
		accounts[m[1]] = true
	}
	stuffing := regexp.MustCompile(`(?m)^gatewarden: stuffing surface=api client=[0-9a-f]{10,16} credentials=3 window=600 locked_for=600$`)
	if len(accounts) != 3 || len(stuffing.FindAllString(lines, -1)) != 2 || strings.Contains(lines, "alice") || strings.Contains(lines, "192.0.2") {
		t.Errorf("%s", lines)
	}
}

// Lines about attacks do not go under among those of the failures, and are held
// to a rate, too.
func TestAuditSignals(t *testing.T) {
	f, host := newFilter(t, `{"log": {"per_second": 1}, "surfaces": [{"name": "api", "kind": "api", "match": [{"prefix": "/api"}],
		"lockout": {"failures": 100, "stuffing": {"credentials": 2}}}]}`)
	for _, address := range []string{"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"} {
		host.properties[sourceAddress] = address
		for _, token := range []string{"a", "b", "c"} {
			guess(f, host, token)
		}
	}
	if len(host.log) != 2 || !strings.HasPrefix(host.log[1], "gatewarden: stuffing surface=api client=192.0.2.1 credentials=2 window=600") {
		t.Errorf("%q", host.log)
	}
	if got := sum(t, host, "gatewarden_log_suppressed_total", f); got != 10 {
		t.Errorf("%d lines are counted as left out, of 12 with 2 written", got)
	}
	host.now += 1000
	guess(f, host, "d")
	if last := host.log[len(host.log)-1]; !strings.HasSuffix(last, " omitted_before=10") {
		t.Errorf("%q", last)
	}
}

// TestWatchedForm: where only a report depends on the account, nothing of a body
// is held, and what was read of it until the response is what counts.
func TestWatchedForm(t *testing.T) {
	for _, row := range []struct {
		name     string
		chunks   []string
		trailers bool
		end      bool
		reports  uint64 // after two more accounts
	}{
		{"at once", []string{"user=alice"}, false, true, 1},
		{"in pieces", []string{"us", "er=al", "ice"}, false, true, 1},
		{"an empty end", []string{"user=alice", ""}, false, true, 1},
		{"before trailers", []string{"user=alice"}, true, false, 1},
		{"a response before the end", []string{"user=alice&pass"}, false, false, 1},
		{"no account yet", []string{"pass=x"}, false, false, 0},
		{"two accounts", []string{"user=alice&us", "er=dave"}, false, true, 0},
		{"no body", nil, false, false, 0},
	} {
		f, host := newFilter(t, distinctConfig)
		send := func(chunks []string, trailers, end bool) {
			host.request = hdr(":method", "POST", ":path", "/login", "content-type", "application/x-www-form-urlencoded")
			host.response = hdr(":status", "401")
			s := f.NewStream()
			if s.RequestHeaders(host, false) != Continue {
				t.Errorf("%s: headers are held", row.name)
			}
			for i, chunk := range chunks {
				host.requestBody = []byte(chunk) // passes by: the chunk is all there is
				if s.RequestBody(host, len(chunk), end && i == len(chunks)-1) != Continue {
					t.Errorf("%s: chunk %d is held", row.name, i)
				}
			}
			if trailers && s.RequestTrailers(host) != Continue {
				t.Errorf("%s: trailers are held", row.name)
			}
			s.ResponseHeaders(host, true)
			s.Done(host)
		}
		send(row.chunks, row.trailers, row.end)
		send([]string{"user=bob"}, false, true)
		send([]string{"user=carol"}, false, true)
		if got := sum(t, host, "gatewarden_stuffing_total.surface.login", f); got != row.reports || len(host.replies) != 0 {
			t.Errorf("%s: %d reports, replies %v", row.name, got, host.replies)
		}
	}
}

// TestAccountUse: a body is read only where an account in it matters, and held
// only where something follows from it.
func TestAccountUse(t *testing.T) {
	for _, row := range []struct {
		kind, lockout string
		reads, awaits bool
	}{
		{"api", ``, false, false},
		{"api", `"stuffing": {"credentials": 3, "action": "lock"}`, false, false},
		{"mcp", `"spraying": {"clients": 3}`, true, false},
		{"api", `"spraying": {"clients": 3, "action": "slow"}`, true, true},
		{"oauth-token", `"stuffing": {"credentials": 3}`, true, false},
		{"oauth-consent", `"stuffing": {"credentials": 3, "action": "lock"}`, true, true},
		{"oauth-consent", `"keys": [{"per": ["credential"], "failures": 3}]`, false, false},
		{"oauth-consent", `"keys": [{"per": ["account"], "failures": 3}], "spraying": {"clients": 3}`, true, true},
	} {
		f, _ := newFilter(t, `{"surfaces": [{"name": "s", "kind": "`+row.kind+`", "match": [{"prefix": "/"}], "lockout": {`+row.lockout+`}}]}`)
		if s := &f.surfaces[0]; s.readsAccount != row.reads || s.awaitsAccount != row.awaits {
			t.Errorf("%s %s: reads %v, awaits %v", row.kind, row.lockout, s.readsAccount, s.awaitsAccount)
		}
	}
}

// TestLockEarly: the lockout is that of the surface, but ends with the window of
// what was counted.
func TestLockEarly(t *testing.T) {
	const windowEnd, now = 9_000, 5_000
	for _, row := range []struct {
		name string
		rule config.Lockout
		r    table.Record
		want table.Record
	}{
		{"until the window ends", config.Lockout{Window: 8000}, table.Record{Count: 3, WindowEnd: 5001},
			table.Record{Count: 3, WindowEnd: 5001, LockedUntil: 9000}},
		{"a duration", config.Lockout{Window: 8000, Duration: 500}, table.Record{},
			table.Record{LockedUntil: 5500}},
		{"escalated", config.Lockout{Window: 8000, Escalate: config.Escalate{Factor: 2, Max: 60_000, Forget: 100}},
			table.Record{Strikes: 1, ForgetAt: 6000}, table.Record{Strikes: 2, LockedUntil: 21_000, ForgetAt: 21_100}},
	} {
		if got := lock(row.r, &row.rule, windowEnd, now, 0); got != row.want {
			t.Errorf("%s: %+v, want %+v", row.name, got, row.want)
		}
	}
}
