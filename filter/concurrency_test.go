package filter

import (
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/table"
)

// limits is a configuration with one surface and these limits.
func limits(rules string, more string) string {
	return `{"allow_on_headers_stop_iteration": true, "table": {"clients": 1024}, "concurrency": [` + rules + `],
		"surfaces": [{"name": "a", "kind": "mcp", "match": [{"prefix": "/a"}], "lockout": {"pending": 5}},
			{"name": "form", "kind": "oauth-consent", "match": [{"prefix": "/form"}], "lockout": {"keys": [{"per": ["account"], "failures": 9}]}}]` + more + `}`
}

const oneInAll = `{"name": "one", "per": "all", "limit": 1}`

// enter begins a request without a body and tells whether it passes.
func enter(f *Filter, host *fakeHost, path string) (s *Stream, passes bool) {
	host.request = hdr(":method", "GET", ":path", path)
	s = f.NewStream()
	return s, s.RequestHeaders(host, true) == Continue
}

func TestWhatAPlaceCosts(t *testing.T) {
	const get = "request headers, property source.address, get, now"
	for _, row := range []struct{ name, rules, begin, end string }{
		{"one limit", oneInAll, get + ", get, set", "now, get, set"},
		{"two", oneInAll + `, {"name": "two", "per": "identity", "limit": 9}`, get + ", get, set, get, set", "now, get, set, get, set"},
		{"off", `{"name": "off", "per": "all", "limit": 1, "mode": "off"}`, "request headers, property source.address, get", ""},
		{"elsewhere", `{"name": "form", "surfaces": ["form"], "per": "all", "limit": 1}`, "request headers, property source.address, get", ""},
	} {
		f, host := newFilter(t, limits(row.rules, ""))
		s, _ := enter(f, host, "/a")
		if got := host.take(); got != row.begin {
			t.Errorf("%s: begins with %s, want %s", row.name, got, row.begin)
		}
		other, passes := enter(f, host, "/a")
		if row.end != "" && (passes || !strings.HasSuffix(host.take(), ", get, now, get, reason, log, reply")) {
			t.Errorf("%s: a second one passes, or costs a write", row.name)
		}
		other.Done(host)
		host.forget()
		s.Done(host)
		if got := host.take(); got != row.end {
			t.Errorf("%s: ends with %s, want %s", row.name, got, row.end)
		}
	}
}

func TestConfirmingCosts(t *testing.T) {
	f, host := newFilter(t, limits(`{"name": "nine", "per": "identity", "limit": 9}`, ""))
	tick := func(after int64) string {
		host.now += after
		f.confirmPlaces(host)
		return host.take()
	}
	if got := tick(1000); got != "" {
		t.Errorf("with nothing in flight: %s", got)
	}
	for range 5 {
		enter(f, host, "/a")
	}
	host.forget()
	for _, row := range []struct {
		after int64
		want  string
	}{{9_999, "now"}, {1, "now, get, set"}, {9_999, "now"}, {1, "now, get, set"}} {
		if got := tick(row.after); got != row.want {
			t.Errorf("after %d ms: %q, want %q", row.after, got, row.want)
		}
	}
}

// Two workers go for the last place: one has it, though both saw it.
func TestTheLastPlaceIsTakenOnce(t *testing.T) {
	f, host := newFilter(t, limits(oneInAll, ""))
	other := New(parseConfig(t, limits(oneInAll, "")), host, testSeed)
	host.forget()
	var theirs bool
	// Between what I read and what I write.
	host.meanwhile, host.in = func() { _, theirs = enter(other, host, "/a") }, 5
	_, mine := enter(f, host, "/a")
	if mine || !theirs {
		t.Errorf("mine passes: %v, theirs: %v\n%s", mine, theirs, host.take())
	}
}

// A request that is refused gives back what it took before anything else happens.
func TestRefusedHoldsNothing(t *testing.T) {
	f, host := newFilter(t, limits(`{"name": "two", "per": "all", "limit": 2}, {"name": "one", "surfaces": ["a"], "per": "surface", "limit": 1}`, ""))
	enter(f, host, "/a")
	if _, passes := enter(f, host, "/a"); passes {
		t.Fatal("a second one passes")
	}
	if _, passes := enter(f, host, "/form"); !passes {
		t.Error("what was refused holds a place of the limit before")
	}
}

// A request that waits for its body to be refused holds nothing, and passes if a
// place has become free by then.
func TestHeldForAPlace(t *testing.T) {
	for _, free := range []bool{false, true} {
		f, host := newFilter(t, limits(oneInAll, ""))
		first, _ := enter(f, host, "/a")
		host.request = hdr(":method", "POST", ":path", "/a", "content-type", "application/json", "authorization", "x")
		host.requestBody = []byte(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)
		held := f.NewStream()
		if held.RequestHeaders(host, false) != Pause || len(host.replies) > 0 {
			t.Fatal("it is not held")
		}
		if free {
			first.Done(host)
		}
		action := held.RequestBody(host, len(host.requestBody), true)
		f.Flush(host)
		if passes := action == Continue && len(host.replies) == 0; passes != free {
			t.Errorf("passes: %v", passes)
		}
		refused := host.value(t, "gatewarden_over_capacity_total.rule.one.outcome.refused")
		if (refused == 1) == free {
			t.Errorf("%d refused", refused)
		}
		held.Done(host)
		if first.Done(host); len(f.holdings) > 0 {
			t.Errorf("%d holdings are left", len(f.holdings))
		}
		if _, _, found := f.table.Get(held.slotKey(host.now/slotPeriod), host); found {
			t.Error("it is pending twice, once for ever")
		}
	}
}

// A form that is refused when it was read gives its place back at once.
func TestRefusedFormHoldsNothing(t *testing.T) {
	f, host := newFilter(t, limits(oneInAll, ""))
	host.request = hdr(":method", "POST", ":path", "/form", "content-type", "application/x-www-form-urlencoded")
	host.requestBody = []byte("username=a&username=b")
	s := f.NewStream()
	s.RequestHeaders(host, false)
	if _, passes := enter(f, host, "/a"); passes {
		t.Error("a request that waits for its body is not in flight")
	}
	s.RequestBody(host, len(host.requestBody), true)
	if _, passes := enter(f, host, "/a"); !passes {
		t.Error("the form holds its place")
	}
}

// lockAll fills the table with clients that are locked out.
func lockAll(f *Filter, now int64, locked bool) {
	for i := range 64 * table.Ways * 16 {
		f.table.Update(f.table.Key([]byte{byte(i), byte(i >> 8)}), now, func(table.Record, uint8, int64) (table.Record, bool) {
			r := table.Record{Count: 1, Level: 200, WindowEnd: now + 600_000}
			if locked {
				r.LockedUntil = r.WindowEnd
			}
			return r, true
		})
	}
}

func TestPlacesInAFullTable(t *testing.T) {
	f, host := newFilter(t, limits(oneInAll, ""))
	s, _ := enter(f, host, "/a")
	lockAll(f, host.now, false)
	if _, passes := enter(f, host, "/a"); passes {
		t.Error("the count was evicted: a second request passes")
	}
	s.Done(host)
	lockAll(f, host.now, true)
	host.forget()
	if _, passes := enter(f, host, "/a"); passes || len(host.replies) != 1 || host.replies[0].Status != 503 {
		t.Error("what cannot be counted passes")
	}
	f.Flush(host)
	if host.value(t, "gatewarden_table_full_total") == 0 {
		t.Error("nothing says that the table is full")
	}
	if len(f.holdings) > 0 {
		t.Error("it holds what it could not take")
	}
}

// What finds no place is charged nothing, and told how its quota stands; what a quota
// refuses takes no place.
func TestConcurrencyAndQuotas(t *testing.T) {
	f, host := newFilter(t, `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}],
		"concurrency": [{"name": "few", "per": "all", "limit": 1}],
		"quotas": [{"name": "all", "per": ["client"], "limit": 2, "window": "1m"}]}`)
	host.request, host.response = get("/api"), hdr(":status", "200")
	first := f.NewStream()
	first.RequestHeaders(host, true)
	for range 5 {
		ask(f, host, nobody, get("/api"))
	}
	if len(host.replies) != 5 || host.replies[4].Status != 503 || allOf(host.replies[4].Headers, xRateLimitLeft)[0] != "1" {
		t.Fatalf("%+v", host.replies)
	}
	if got := left(f, host, nobody, "/api", "all"); got != 1 {
		t.Errorf("%d left after refusals for want of a place", got)
	}
	first.Done(host)
	host.forget()
	ask(f, host, nobody, get("/api"))
	for range 5 {
		ask(f, host, nobody, get("/api"))
	}
	if len(host.replies) != 5 || host.replies[4].Status != 429 || len(f.holdings) != 0 {
		t.Errorf("%+v, %d held", host.replies, len(f.holdings))
	}
}
