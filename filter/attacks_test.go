package filter

import (
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// guess is an exchange on an API that fails.
func guess(f *Filter, host *fakehost.Host, authorization string) {
	exchange(f, host, with(get("/api"), "authorization", authorization), hdr(":status", "401"))
}

// TestPairsOfTwoWorkers shows that a client and a credential are counted once, whatever
// another worker does between any two calls of the proxy, and that the client is locked out
// once.
func TestPairsOfTwoWorkers(t *testing.T) {
	const stuffing, lockouts = "gatewarden_stuffing_total.surface.api", "gatewarden_lockouts_total.surface.api"
	for _, row := range []struct {
		other, then  string
		before, last uint64 // reports after both guesses, and after one more
	}{
		{"b", "c", 0, 1}, // the same credential
		{"c", "d", 1, 1},
		{"a", "c", 0, 1},
	} {
		steps := 0
		for ; ; steps++ {
			one, host := newFilter(t, distinctConfig)
			two := newWorker(one, host)
			guess(one, host, "a")
			host.Meanwhile, host.In = func() { guess(two, host, row.other) }, steps
			guess(one, host, "b")
			if host.Meanwhile != nil {
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

// TestDistinctIsBounded shows that a failure beyond the limit costs a read and no record.
func TestDistinctIsBounded(t *testing.T) {
	f, host := newFilter(t, strings.ReplaceAll(distinctConfig, `, "action": "lock"`, ""))
	for i := 0; i < 3; i++ {
		guess(f, host, basic("alice", "x")+strings.Repeat("a", i))
	}
	from(host, "192.0.2.2")
	guess(f, host, basic("alice", "x"))
	host.Forget()
	from(host, "192.0.2.1")
	guess(f, host, basic("alice", "new"))
	const failure = "request headers, property source.address, get, now, response header :status, now, get, set, "
	if got, want := taken(host), failure+"get, get, log"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	// A failure while the client is locked out costs none either, here in shadow mode.
	f, host = newFilter(t, strings.Replace(distinctConfig, `"failures": 100`, `"failures": 100, "mode": "shadow"`, 1))
	for i := 0; i < 3; i++ {
		guess(f, host, strings.Repeat("a", i+1))
	}
	host.Forget()
	guess(f, host, "new")
	if got, want := taken(host), strings.Replace(failure, "now,", "now, log,", 1)+"get, log"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// TestAuditSignals shows that lines about attacks have a rate of their own, which those of
// failures do not use up.
func TestAuditSignals(t *testing.T) {
	f, host := newFilter(t, `{"log": {"per_second": 1}, "surfaces": [{"name": "api", "kind": "api", "match": [{"prefix": "/api"}],
		"lockout": {"failures": 100, "stuffing": {"credentials": 2}}}]}`)
	for _, address := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"} {
		from(host, address)
		for _, token := range []string{"a", "b", "c"} {
			guess(f, host, token)
		}
	}
	if len(host.Log) != 2 || !strings.HasPrefix(host.Log[1], "gatewarden: stuffing surface=api client=192.0.2.1 credentials=2 window=600") {
		t.Errorf("%q", host.Log)
	}
	if got := sum(t, host, "gatewarden_log_suppressed_total", f); got != 10 {
		t.Errorf("%d of 12 lines are counted as suppressed, and 2 are written", got)
	}
	host.Time += 1000
	guess(f, host, "d")
	if last := host.Log[len(host.Log)-1]; !strings.HasSuffix(last, " omitted_before=10") {
		t.Errorf("%q", last)
	}
}
