package concurrency

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/table"
)

// TestWhatAPlaceCosts holds the host calls of a request, in their order.
func TestWhatAPlaceCosts(t *testing.T) {
	for _, row := range []struct{ name, rules, begin, end string }{
		{"one limit", oneInAll, "now, get, set", "now, get, set"},
		{"two", oneInAll + `, {"name": "two", "per": "identity", "limit": 9}`, "now, get, set, get, set", "now, get, set, get, set"},
		{"off", `{"name": "off", "per": "all", "limit": 1, "mode": "off"}`, "", ""},
		{"elsewhere", `{"name": "form", "surfaces": ["form"], "per": "all", "limit": 1}`, "", ""},
	} {
		d := newDoor(t, limits(row.rules))
		s, _ := d.enter(a)
		if got := d.take(); got != row.begin {
			t.Errorf("%s: begins with %s, want %s", row.name, got, row.begin)
		}
		if s.Limited() != (row.begin != "") {
			t.Errorf("%s: limited: %v", row.name, s.Limited())
		}
		other, passes := d.enter(a)
		if row.end != "" && (passes || d.take() != "now, get") {
			t.Errorf("%s: a second one passes, or costs a write", row.name)
		}
		d.done(other)
		d.host.Forget()
		d.done(s)
		if got := d.take(); got != row.end {
			t.Errorf("%s: ends with %s, want %s", row.name, got, row.end)
		}
	}
}

func TestConfirmingCosts(t *testing.T) {
	d := newDoor(t, limits(`{"name": "nine", "per": "identity", "limit": 9}`))
	tick := func(after int64) string {
		d.host.Time += after
		d.Tick()
		return d.take()
	}
	if got := tick(1000); got != "" {
		t.Errorf("with nothing in flight: %s", got)
	}
	for range 5 {
		d.enter(a)
	}
	d.host.Forget()
	for _, row := range []struct {
		after int64
		want  string
	}{{9_999, "now"}, {1, "now, get, set"}, {9_999, "now"}, {1, "now, get, set"}} {
		if got := tick(row.after); got != row.want {
			t.Errorf("after %d ms: %q, want %q", row.after, got, row.want)
		}
	}
}

// TestTheLastPlaceIsTakenOnce has two workers go for the last place: one gets it, though
// both saw it.
func TestTheLastPlaceIsTakenOnce(t *testing.T) {
	d := newDoor(t, limits(oneInAll))
	other := newDoorAt(t, limits(oneInAll), d.host)
	d.host.Forget()
	var theirs bool
	// Between what this worker reads and what it writes.
	d.host.Meanwhile, d.host.In = func() { _, theirs = other.enter(a) }, 2
	_, mine := d.enter(a)
	if mine || !theirs {
		t.Errorf("mine passes: %v, theirs: %v\n%s", mine, theirs, d.take())
	}
}

// TestRefusedHoldsNothing shows that a refused request gives back what it took before
// anything else happens.
func TestRefusedHoldsNothing(t *testing.T) {
	d := newDoor(t, limits(`{"name": "two", "per": "all", "limit": 2}, {"name": "one", "surfaces": ["a"], "per": "surface", "limit": 1}`))
	d.enter(a)
	s, passes := d.enter(a)
	if passes || s.Holds() {
		t.Fatal("a second one passes, or holds a place")
	}
	if _, passes := d.enter(form); !passes {
		t.Error("the refused request holds a place of the limit before")
	}
}

// TestRefusedMayEnterAgain shows that a request that was refused passes if a place is
// free by the time it is decided again.
func TestRefusedMayEnterAgain(t *testing.T) {
	d := newDoor(t, limits(oneInAll+`, {"name": "watching", "per": "all", "limit": 1, "mode": "shadow"}`))
	first, _ := d.enter(a)
	client := clientAt("192.0.2.1")
	var s State
	s.Begin(d.Rules(a))
	for _, free := range []bool{false, true} {
		if free {
			d.done(first)
		}
		_, refused := s.Enter(&client, &nobody)
		if refused == free {
			t.Errorf("free: %v, refused: %v", free, refused)
		}
		if _, exceeded := s.Watch(&client, &nobody); refused && (exceeded || s.Holds()) {
			t.Error("it is watched though it is refused")
		}
	}
	if d.done(&s); len(d.holdings) > 0 {
		t.Errorf("%d holdings are left", len(d.holdings))
	}
}

// TestWhoSharesALimit shows which requests compete for a limit of one.
func TestWhoSharesALimit(t *testing.T) {
	const home, work = "192.0.2.1", "192.0.2.2"
	ann := caller.Identity{Verified: true, Subject: "ann", Tenant: "acme", Credential: 1}
	key := caller.Identity{Verified: true, Credential: 1}
	for _, row := range []struct {
		per            string
		one, other     caller.Identity
		oneAt, otherAt string
		on             int // the surface of the other one
		same           bool
	}{
		{"all", ann, nobody, home, work, form, true},
		{"surface", ann, nobody, home, work, a, true},
		{"surface", ann, ann, home, home, form, false},
		{"identity", ann, ann, home, work, form, true},
		{"identity", ann, caller.Identity{Verified: true, Subject: "ann", Tenant: "acme", Credential: 2}, home, home, a, true},
		{"identity", ann, caller.Identity{Verified: true, Subject: "ann"}, home, home, a, false},
		{"identity", ann, caller.Identity{Subject: "ann", Tenant: "acme"}, home, home, a, false},
		{"identity", caller.Identity{Verified: true, Tenant: "acme", Credential: 1}, caller.Identity{Verified: true, Tenant: "acme", Credential: 2}, home, work, a, true},
		{"identity", ann, key, home, home, a, false},
		{"identity", key, key, home, work, a, true},
		{"identity", key, caller.Identity{Verified: true, Credential: 2}, home, home, a, false},
		{"identity", nobody, caller.Identity{Credential: 1}, home, home, a, true},
		{"identity", nobody, nobody, home, work, a, false},
		{"identity", caller.Identity{Verified: true, Subject: "ab", Tenant: "c"}, caller.Identity{Verified: true, Subject: "a", Tenant: "bc"}, home, home, a, false},
	} {
		d := newDoor(t, limits(`{"name": "one", "per": "`+row.per+`", "limit": 1}`))
		d.enterAs(a, clientAt(row.oneAt), row.one)
		if _, passes := d.enterAs(row.on, clientAt(row.otherAt), row.other); passes == row.same {
			t.Errorf("per %s: %+v at %s and %+v at %s: the second passes: %v", row.per, row.one, row.oneAt, row.other, row.otherAt, passes)
		}
	}
}

// TestKeysStay holds the names of counters, by which a new version finds what an old one
// counted.
func TestKeysStay(t *testing.T) {
	client, ann := clientAt("192.0.2.1"), caller.Identity{Verified: true, Subject: "ann", Tenant: "acme"}
	for _, row := range []struct {
		per  string
		who  caller.Identity
		name []string
	}{
		{"all", nobody, []string{"concurrency", "one", "\x02"}},
		{"surface", nobody, []string{"concurrency", "one", "\x00", "a"}},
		{"identity", nobody, []string{"concurrency", "one", "\x01", "client\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02\x01"}},
		{"identity", ann, []string{"concurrency", "one", "\x01", "name\x03\x00\x00\x00ann\x04\x00\x00\x00acme"}},
		{"identity", caller.Identity{Verified: true, Credential: 5}, []string{"concurrency", "one", "\x01", "credential\x05\x00\x00\x00\x00\x00\x00\x00"}},
	} {
		d := newDoor(t, limits(`{"name": "one", "per": "`+row.per+`", "limit": 1}`))
		var parts [][]byte
		for _, part := range row.name {
			parts = append(parts, []byte(part))
		}
		if got, want := d.rules[a].key(&d.limits[0], &client, &row.who), d.table.Key(parts...); got != want {
			t.Errorf("per %s: %v, want that of %q", row.per, got, row.name)
		}
	}
}

// TestShadowMode shows that a limit in shadow mode refuses no request, and reports those
// that the other limits let pass.
func TestShadowMode(t *testing.T) {
	d := newDoor(t, limits(`{"name": "watching", "per": "all", "limit": 1, "mode": "shadow", "retry_after": "2s"},
		{"name": "two", "per": "all", "limit": 2}, {"name": "also", "per": "all", "limit": 9, "mode": "shadow"}`))
	var states []*State
	for i, want := range []bool{true, true, false, false} {
		s, passes := d.enter(a)
		if passes != want {
			t.Errorf("request %d passes: %v", i, passes)
		}
		states = append(states, s)
	}
	want := refusal.Refusal{Reason: refusal.OverCapacity, Rule: "watching", Seconds: 2, Now: d.host.Time}
	if len(d.watched) != 1 || d.watched[0] != want {
		t.Errorf("watched %+v, want %+v", d.watched, want)
	}
	if held := len(states[1].places); held != 2 {
		t.Errorf("it holds %d places, want those of two limits", held)
	}
	d.metrics.Flush()
	for name, want := range map[string]uint64{
		"gatewarden_over_capacity_total.rule.watching.outcome.refused":             0,
		"gatewarden_over_capacity_total.rule.watching.outcome.shadowed":            1,
		"gatewarden_over_capacity_total.rule.two.outcome.refused":                  2,
		"gatewarden_over_capacity_total.rule.two.outcome.shadowed":                 0,
		"gatewarden_over_capacity_total.rule.also.outcome.shadowed":                0,
		"gatewarden_rate_limited_requests_total.surface.a.reason.over_capacity":    2,
		"gatewarden_rate_limited_requests_total.surface.form.reason.over_capacity": 0,
	} {
		if got := d.host.Value(t, name); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
	for _, s := range states {
		d.done(s)
	}
	if len(d.holdings) > 0 {
		t.Errorf("%d holdings are left", len(d.holdings))
	}
}

// TestReplies shows what a refusal says in each protocol.
func TestReplies(t *testing.T) {
	d := newDoor(t, limits(`{"name": "one", "per": "all", "limit": 1, "retry_after": "7s"}`))
	cors := refusal.NewCORS(&fakehost.ParseConfig(t, "{}").CORS, "")
	client := clientAt("192.0.2.1")
	d.enter(a)
	var s State
	s.Begin(d.Rules(a))
	why, _ := s.Enter(&client, &nobody)
	words := s.Words(&why)
	for _, row := range []struct {
		name     string
		form     refusal.Form
		headers  []proxy.Header
		wantBody string
	}{
		{"a problem", refusal.ProblemForm, fakehost.Headers("retry-after", "7", "cache-control", "no-store", "content-type", "application/problem+json"),
			`{"type":"https://iana.org/assignments/http-problem-types#temporary-reduced-capacity","title":"Temporary reduced capacity",` +
				`"status":503,"detail":"The service is currently at capacity. Try again in 7 seconds.","violated-policies":["concurrency-one"]}`},
		{"MCP", refusal.JSONRPCForm, fakehost.Headers("retry-after", "7", "cache-control", "no-store", "content-type", "application/json"),
			`{"jsonrpc":"2.0","error":{"code":503,"message":"The service is currently at capacity. Try again in 7 seconds.",` +
				`"data":{"reason":"over_capacity","retryAfter":7}}}`},
		{"gRPC", refusal.GRPCForm, fakehost.Headers("retry-after", "7", "cache-control", "no-store"),
			"The service is currently at capacity. Try again in 7 seconds."},
	} {
		got := cors.Reply(words, &why, &refusal.Recipient{Form: row.form})
		want := &proxy.Reply{Status: 503, Details: "gatewarden_over_capacity", GRPC: 14, Headers: row.headers, Body: []byte(row.wantBody)}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v\n%s\nwant\n%+v\n%s", row.name, got, got.Body, want, want.Body)
		}
	}
}

// TestZeroState shows that a state without limits does nothing.
func TestZeroState(t *testing.T) {
	var s State
	var client caller.Client
	s.Begin(nil)
	_, refused := s.Enter(&client, &nobody)
	_, exceeded := s.Watch(&client, &nobody)
	s.Refused()
	s.Leave(1)
	s.Reset()
	if refused || exceeded || s.Limited() || s.Holds() {
		t.Error("it does something")
	}
}

// fill fills the table with the counters of other rules, which are locked or not.
func (d *door) fill(locked bool) {
	now := d.host.Time
	for i := range 64 * table.Ways * 16 {
		d.table.Table.Update(d.table.Key([]byte{byte(i), byte(i >> 8)}), now, func(table.Record, uint8, int64) (table.Record, bool) {
			r := table.Record{Count: 1, Level: 200, WindowEnd: now + 600_000}
			if locked {
				r.LockedUntil = r.WindowEnd
			}
			return r, true
		})
	}
}

func TestPlacesInAFullTable(t *testing.T) {
	d := newDoor(t, limits(oneInAll))
	s, _ := d.enter(a)
	d.fill(false)
	if _, passes := d.enter(a); passes {
		t.Error("the count was evicted: a second request passes")
	}
	d.done(s)
	d.fill(true)
	if _, passes := d.enter(a); passes {
		t.Error("a request that cannot be counted passes")
	}
	d.metrics.Flush()
	if d.host.Value(t, "gatewarden_table_full_total") == 0 {
		t.Error("no metric tells that the table is full")
	}
	if len(d.holdings) > 0 {
		t.Error("it holds what it could not take")
	}
}

// TestExplain shows each standing, and that to explain takes no place.
func TestExplain(t *testing.T) {
	d := newDoor(t, limits(`{"name": "off", "per": "all", "limit": 9, "mode": "off"}, {"name": "form", "surfaces": ["form"], "per": "all", "limit": 9},
		{"name": "all", "per": "all", "limit": 9}, {"name": "each", "per": "identity", "limit": 9, "mode": "shadow"}`))
	here, there := clientAt("192.0.2.1"), clientAt("192.0.2.2")
	d.enterAs(a, here, nobody)
	d.enterAs(a, here, nobody)
	d.enterAs(a, there, nobody)
	before := fmt.Sprint(d.host.Data)
	for range 2 {
		if got := fmt.Sprint(d.Explain(a, &here, &nobody)); got != "[{1 0} {2 0} {0 3} {0 2}]" {
			t.Errorf("%s", got)
		}
	}
	if got := fmt.Sprint(d.Explain(form, &there, &nobody)); got != "[{1 0} {0 0} {0 3} {0 1}]" {
		t.Errorf("%s", got)
	}
	if after := fmt.Sprint(d.host.Data); after != before {
		t.Errorf("changed\n%s\nto\n%s", before, after)
	}
	if got := d.Explain(-1, &here, &nobody); got != nil {
		t.Errorf("no surface: %v", got)
	}
}

// TestMetricNames holds the metrics, which dashboards and alerts know by name.
func TestMetricNames(t *testing.T) {
	host := fakehost.New()
	m := report.NewMetrics(host)
	New(fakehost.ParseConfig(t, limits(oneInAll)), host, nil, m)
	want := []string{
		"counter gatewarden_rate_limited_requests_total.surface.a.reason.over_capacity",
		"counter gatewarden_rate_limited_requests_total.surface.form.reason.over_capacity",
		"counter gatewarden_over_capacity_total.rule.one.outcome.refused",
		"counter gatewarden_over_capacity_total.rule.one.outcome.shadowed",
	}
	if !reflect.DeepEqual(host.Names, want) {
		t.Errorf("%q\nwant\n%q", host.Names, want)
	}
}

// still is a proxy that allocates nothing.
type still struct{ *fakehost.StillData }

func (*still) Now() int64                    { return 1_000_000 }
func (*still) Counter(string) proxy.Metric   { return 0 }
func (*still) Gauge(string) proxy.Metric     { return 0 }
func (*still) Histogram(string) proxy.Metric { return 0 }
func (*still) Add(proxy.Metric, uint64)      {}
func (*still) Record(proxy.Metric, uint64)   {}

// TestFurtherPlacesAllocateNothing holds that a request allocates nothing if its worker
// holds places under the same limits already.
func TestFurtherPlacesAllocateNothing(t *testing.T) {
	host := &still{fakehost.NewStillData()}
	m := report.NewMetrics(host)
	c := fakehost.ParseConfig(t, limits(`{"name": "all", "per": "all", "limit": 9}, {"name": "each", "per": "identity", "limit": 9},
		{"name": "watching", "per": "surface", "limit": 9, "mode": "shadow"}`))
	r := New(c, host, counter.New(table.New(host, fakehost.Seed, 1024), "gatewarden_table", m), m)
	client := clientAt("192.0.2.1")
	var first, s State
	enter := func(s *State) {
		s.Begin(r.Rules(a))
		s.Enter(&client, &nobody)
		s.Watch(&client, &nobody)
	}
	enter(&first)
	if n := testing.AllocsPerRun(100, func() { enter(&s); s.Leave(1_000_000); s.Reset() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
