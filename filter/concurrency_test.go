package filter

import (
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

const (
	oneInAll = `{"name": "one", "per": "all", "limit": 1}`
	twoInAll = `{"name": "two", "per": "all", "limit": 2}`
)

// limits has an MCP surface and a form, and these limits on requests in flight.
func limits(rules string) string {
	return `{"allow_on_headers_stop_iteration": true, "concurrency": [` + rules + `],
		"surfaces": [{"name": "a", "kind": "mcp", "match": [{"prefix": "/a"}], "lockout": {"pending": 5}},
			{"name": "form", "kind": "oauth-consent", "match": [{"prefix": "/form"}], "lockout": {"keys": [{"per": ["account"], "failures": 9}]}}]}`
}

// enter begins a request without a body. It returns whether the request passes.
func enter(f *Filter, host *fakehost.Host, path string) (s *Stream, passes bool) {
	host.Request = hdr(":method", "GET", ":path", path)
	s = f.NewStream()
	return s, s.RequestHeaders(true) == proxy.Continue
}

// TestWhatAPlaceCosts holds the calls of the proxy that a request with limits costs.
func TestWhatAPlaceCosts(t *testing.T) {
	const get = "request headers, property source.address, get, now"
	for _, row := range []struct{ name, rules, begin, end string }{
		{"one limit", oneInAll, get + ", get, set", "now, get, set"},
		{"two", oneInAll + `, {"name": "nine", "per": "identity", "limit": 9}`, get + ", get, set, get, set", "now, get, set, get, set"},
		{"off", `{"name": "off", "per": "all", "limit": 1, "mode": "off"}`, "request headers, property source.address, get", ""},
		{"for another surface", `{"name": "form", "surfaces": ["form"], "per": "all", "limit": 1}`, "request headers, property source.address, get", ""},
	} {
		f, host := newFilter(t, limits(row.rules))
		s, _ := enter(f, host, "/a")
		if got := taken(host); got != row.begin {
			t.Errorf("%s: begins with %s, want %s", row.name, got, row.begin)
		}
		other, passes := enter(f, host, "/a")
		if row.end != "" && (passes || !strings.HasSuffix(taken(host), ", get, now, get, reason, log, reply")) {
			t.Errorf("%s: a second request passes, or costs a write", row.name)
		}
		other.Done()
		host.Forget()
		s.Done()
		if got := taken(host); got != row.end {
			t.Errorf("%s: ends with %s, want %s", row.name, got, row.end)
		}
	}
}

// TestConfirmingCosts holds what it costs to confirm that requests are still in flight.
func TestConfirmingCosts(t *testing.T) {
	f, host := newFilter(t, limits(`{"name": "nine", "per": "identity", "limit": 9}`))
	tick := func(after int64) string {
		host.Time += after
		f.Tick()
		return taken(host)
	}
	if got := tick(1000); got != "" {
		t.Errorf("with nothing in flight: %s", got)
	}
	for range 5 {
		enter(f, host, "/a")
	}
	f.Flush()
	host.Forget()
	for _, row := range []struct {
		after int64
		want  string
	}{{9_999, "now"}, {1, "now, get, set"}, {9_999, "now"}, {1, "now, get, set"}} {
		if got := tick(row.after); got != row.want {
			t.Errorf("after %d ms: %q, want %q", row.after, got, row.want)
		}
	}
}

// TestRefusedHoldsNothing shows that a refused request holds no place of the limits that
// had one for it.
func TestRefusedHoldsNothing(t *testing.T) {
	f, host := newFilter(t, limits(twoInAll+`, {"name": "one", "surfaces": ["a"], "per": "surface", "limit": 1}`))
	enter(f, host, "/a")
	if _, passes := enter(f, host, "/a"); passes {
		t.Fatal("a second request passes")
	}
	if _, passes := enter(f, host, "/form"); !passes {
		t.Error("the refused request holds a place of the other limit")
	}
}

// TestRefusedFormHoldsNothing shows that a form that is refused after it was read gives
// its place back at once.
func TestRefusedFormHoldsNothing(t *testing.T) {
	f, host := newFilter(t, limits(oneInAll))
	host.Request = hdr(":method", "POST", ":path", "/form", "content-type", "application/x-www-form-urlencoded")
	host.RequestData = []byte("username=a&username=b")
	s := f.NewStream()
	s.RequestHeaders(false)
	if _, passes := enter(f, host, "/a"); passes {
		t.Error("a request that waits for its body is not in flight")
	}
	s.RequestBody(len(host.RequestData), true)
	if _, passes := enter(f, host, "/a"); !passes {
		t.Error("the form holds its place")
	}
}

// TestOneLimitForAllWorkers shows that two workers share a limit, and that a place is free
// again when the stream is done, whatever became of it.
func TestOneLimitForAllWorkers(t *testing.T) {
	f, host := newFilter(t, limits(oneInAll))
	other := newWorker(f, host)
	for end, finish := range map[string]func(s *Stream){
		"without a response": func(*Stream) {},
		"after a success":    func(s *Stream) { host.Response = hdr(":status", "200"); s.ResponseHeaders(true) },
		"after a failure":    func(s *Stream) { host.Response = hdr(":status", "401"); s.ResponseHeaders(true) },
		"done twice":         func(s *Stream) { s.Done() },
	} {
		s, passes := enter(f, host, "/a")
		if !passes {
			t.Fatalf("%s: no place", end)
		}
		if _, passes := enter(other, host, "/a"); passes {
			t.Errorf("%s: a second request passes", end)
		}
		finish(s)
		s.Done()
		if n := records(host); n != 0 {
			t.Errorf("%s: %d counters are left", end, n)
		}
	}
}

// TestConcurrencyAndQuotas shows that a request without a place pays nothing and is told how
// its quota stands, and that a request over its quota takes no place.
func TestConcurrencyAndQuotas(t *testing.T) {
	f, host := newFilter(t, `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}],
		"concurrency": [{"name": "few", "per": "all", "limit": 1}],
		"quotas": [{"name": "all", "per": ["client"], "limit": 2, "window": "1m"}]}`)
	host.Request, host.Response = get("/api"), hdr(":status", "200")
	first := f.NewStream()
	first.RequestHeaders(true)
	for range 5 {
		ask(f, host, get("/api"))
	}
	if len(host.Replies) != 5 || host.Replies[4].Status != 503 || fakehost.All(host.Replies[4].Headers, "x-ratelimit-remaining")[0] != "1" {
		t.Fatalf("%+v", host.Replies)
	}
	if got := left(f, host, "/api", "all"); got != 1 {
		t.Errorf("%d left after refusals without a place", got)
	}
	first.Done()
	host.Forget()
	ask(f, host, get("/api"))
	for range 5 {
		ask(f, host, get("/api"))
	}
	if len(host.Replies) != 5 || host.Replies[4].Status != 429 || records(host) != 0 {
		t.Errorf("%+v, %d counters of places are left", host.Replies, records(host))
	}
}

// TestPreflightsTakePlaces shows that a limit on requests in flight holds for preflights,
// and that they have no other limit.
func TestPreflightsTakePlaces(t *testing.T) {
	f, host := newFilter(t, limits(oneInAll))
	preflight := hdr(":method", "OPTIONS", ":path", "/a", "origin", "https://x", "access-control-request-method", "GET")
	host.Request = preflight
	first := f.NewStream()
	first.RequestHeaders(true)
	if got, want := taken(host), "request headers, property source.address, now, get, set"; got != want {
		t.Errorf("a preflight costs %s, want %s", got, want)
	}
	if exchange(f, host, preflight, nil); status(host) != "503" || fakehost.First(host.Replies[0].Headers, "access-control-allow-origin") != "*" {
		t.Errorf("without a place: %+v", host.Replies)
	}
	if first.Done(); records(host) != 0 {
		t.Error("the preflight holds its place")
	}
}
