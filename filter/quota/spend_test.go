package quota

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/quota/algorithm"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/table"
)

// TestWhatAQuotaCosts holds the host calls of a request, in their order. Watch stops at
// each quota in shadow mode that is exceeded: the hall writes a log line there.
func TestWhatAQuotaCosts(t *testing.T) {
	const one, response = "now, get, set", ", response headers, now, add ratelimit-policy, add ratelimit"
	const triple = ", add x-ratelimit-limit, add x-ratelimit-remaining, add x-ratelimit-reset"
	for _, row := range []struct{ name, json, path, want string }{
		{"one quota", quotaConfig(rule("all", 9, "")), "/api", one + response + triple},
		{"without the X-RateLimit headers", with(quotaConfig(rule("all", 9, "")), `"headers": {"x_ratelimit": "off"}`), "/api", one + response},
		{"at no cost", quotaConfig(rule("all", 9, `, "cost": [{"prefix": "/", "cost": 0}]`)), "/api", "now, get" + response + triple},
		{"three quotas", quotaConfig(rule("a", 9, ""), rule("b", 9, ""), rule("c", 9, "")), "/api",
			"now, get, get, get, set, set, set" + response + triple},
		{"no limit for the caller", quotaConfig(`{"name": "a", "per": ["client"], "limits": {"free": 9, "default": "unlimited"}, "window": "1m"}`), "/api", ""},
		{"quotas on another surface", quotaConfig(rule("a", 9, `, "surfaces": ["mcp"]`)), "/api", ""},
		{"no surface", quotaConfig(rule("a", 9, "")), "/x", ""},
		{"no quotas", quotaConfig(), "/api", ""},
		{"quotas that are off", quotaConfig(rule("a", 9, `, "mode": "off"`)), "/api", ""},
		{"shadow mode", quotaConfig(rule("a", 9, `, "mode": "shadow"`)), "/api", one},
		{"epoch", with(quotaConfig(rule("a", 9, "")), `"headers": {"x_ratelimit": "epoch"}`), "/api",
			one + strings.Replace(response, "now", "now, wall now", 1) + triple},
	} {
		d := newDoor(t, row.json)
		d.ask(nobody, get(row.path))
		if got := d.take(); got != row.want {
			t.Errorf("%s: %s\nwant %s", row.name, got, row.want)
		}
	}
	d := newDoor(t, quotaConfig(rule("a", 9, ""), rule("b", 1, "")))
	d.ask(nobody, get("/api"))
	d.forget()
	if d.ask(nobody, get("/api")); len(d.replies) != 1 || d.take() != "now, get, get" {
		t.Error("a refusal costs a write")
	}
	d = newDoor(t, quotaConfig(rule("a", 1, `, "mode": "shadow"`), rule("b", 9, ""), rule("c", 9, `, "mode": "shadow"`)))
	d.ask(nobody, get("/api"))
	s, _, _ := d.begin(get("/api"))
	d.forget()
	s.Spend(&d.client, &nobody)
	for i, want := range []string{"now, get, set", "get", "get, set", ""} {
		if got := d.take(); got != want {
			t.Errorf("step %d in shadow mode: %q, want %q", i, got, want)
		}
		s.Watch()
	}
}

// TestRefusedByOneRuleCostsTheOthersNothing shows it for each place of the quota that
// refuses.
func TestRefusedByOneRuleCostsTheOthersNothing(t *testing.T) {
	for narrow := range 3 {
		var rules []string
		for i := range 3 {
			limit := 100
			if i == narrow {
				limit = 2
			}
			rules = append(rules, rule(fmt.Sprint("r", i), limit, ""))
		}
		d := newDoor(t, quotaConfig(rules...))
		for range 10 {
			d.ask(nobody, get("/api"))
		}
		if len(d.replies) != 8 {
			t.Errorf("quota %d: %d refused", narrow, len(d.replies))
		}
		for i := range 3 {
			if got := d.left(nobody, "/api", fmt.Sprint("r", i)); i != narrow && got != 98 {
				t.Errorf("quota %d has %d left after quota %d refused", i, got, narrow)
			}
		}
		d.metrics.Flush()
		for i := range 3 {
			refused := uint64(0)
			if i == narrow {
				refused = 8
			}
			name := fmt.Sprint("gatewarden_quota_requests_total.rule.r", i, ".outcome.")
			if d.host.Value(t, name+"admitted") != 2 || d.host.Value(t, name+"refused") != refused {
				t.Errorf("quota %d: %v\n%v", i, d.host.Names, d.host.Values)
			}
		}
	}
}

// TestALostRaceGivesBack has another worker take the last that there is before each of
// the host calls of a request: what the request took until then is given back.
func TestALostRaceGivesBack(t *testing.T) {
	rules := quotaConfig(rule("a", 10, ""), rule("b", 3, ""), rule("c", 10, ""))
	lost := 0
	for in := 0; in < 15; in++ {
		d := newDoor(t, rules)
		other := newDoorAt(t, rules, d.host, d.host)
		d.ask(nobody, get("/api"))
		d.ask(nobody, get("/api"))
		d.forget()
		d.host.In, d.host.Meanwhile = in, func() { other.ask(nobody, get("/api")) }
		d.ask(nobody, get("/api"))
		if d.host.Meanwhile != nil {
			continue // there were not so many calls
		}
		if refused := len(d.replies) + len(other.replies); refused != 1 {
			t.Errorf("in call %d: of two for the last unit, %d were refused", in, refused)
		}
		for _, name := range []string{"a", "c"} {
			if got := d.left(nobody, "/api", name); got != 7 {
				t.Errorf("in call %d: %d left at %s, want 7", in, got, name)
			}
		}
		lost += len(d.replies)
	}
	if lost < 3 {
		t.Errorf("only %d races were lost: the test shows nothing", lost)
	}
}

// TestALostRaceTellsOfAllThatRefuse has another worker take the last at two quotas after
// the request looked at both: the reply tells of both.
func TestALostRaceTellsOfAllThatRefuse(t *testing.T) {
	rules := quotaConfig(rule("a", 1, ""), `{"name": "b", "per": ["client"], "limit": 1, "window": "1h"}`)
	d := newDoor(t, rules)
	other := newDoorAt(t, rules, d.host, d.host)
	d.forget()
	d.host.In, d.host.Meanwhile = 3, func() { other.ask(nobody, get("/api")) }
	d.ask(nobody, get("/api"))
	if len(d.replies) != 1 || fakehost.First(d.replies[0].Headers, "retry-after") != "3600" ||
		!strings.Contains(string(d.replies[0].Body), `"violated-policies":["a","b"]`) {
		t.Errorf("%+v", d.replies)
	}
}

// TestQuotasInOneSet shows that quotas whose counters share a set of the table take as
// those do that are apart: what was drafted for the second is out of date when the first
// has taken, and is made anew.
func TestQuotasInOneSet(t *testing.T) {
	d := newDoor(t, with(quotaConfig(rule("a", 3, ""), rule("b", 3, ""), rule("c", 3, "")), `"table": {"quotas": 1024}`))
	calls := map[string]int{}
	for i := range 150 {
		d.from(fmt.Sprintf("10.0.0.%d", i))
		d.forget()
		d.ask(nobody, get("/api"))
		took, _, _ := strings.Cut(d.take(), ", response")
		calls[took]++
		for _, name := range []string{"a", "b", "c"} {
			if got := d.left(nobody, "/api", name); got != 2 {
				t.Errorf("client %d, %s: %d left at %s", i, took, got, name)
			}
		}
		for range 3 {
			d.ask(nobody, get("/api"))
		}
		if len(d.replies) != 1 {
			t.Errorf("client %d, %s: %d refused", i, took, len(d.replies))
		}
	}
	const drafted = "now, get, get, get, "
	if calls[drafted+"set, set, set"] < 100 || calls[drafted+"set, set, get, set, set"] == 0 || calls[drafted+"set, set, set, get, set"] == 0 {
		t.Errorf("%v", calls)
	}
	d.metrics.Flush()
	if got := d.host.Value(t, "gatewarden_quota_table_retries_total"); got == 0 {
		t.Error("no retry was counted")
	}
}

// TestQuotaShadow shows that a quota in shadow mode refuses nobody, and counts and tells
// as if it did.
func TestQuotaShadow(t *testing.T) {
	d := newDoor(t, quotaConfig(rule("watching", 2, `, "mode": "shadow"`), rule("all", 4, "")))
	for range 6 {
		before := len(d.replies)
		s := d.ask(nobody, get("/api"))
		if got := fakehost.All(d.host.Response, rateLimitPolicy); len(d.replies) == before && fmt.Sprint(got) != `["all";q=4;w=60]` {
			t.Errorf("%q, %v", got, s.charges)
		}
	}
	d.metrics.Flush()
	for name, want := range map[string]uint64{
		"gatewarden_quota_requests_total.rule.watching.outcome.admitted":            2,
		"gatewarden_quota_requests_total.rule.watching.outcome.shadowed":            2,
		"gatewarden_quota_requests_total.rule.watching.outcome.refused":             0,
		"gatewarden_quota_requests_total.rule.all.outcome.admitted":                 4,
		"gatewarden_quota_requests_total.rule.all.outcome.refused":                  2,
		"gatewarden_quota_unverified_total.rule.all":                                0,
		"gatewarden_rate_limited_requests_total.surface.rest.reason.quota_exceeded": 2,
		"gatewarden_rate_limited_requests_total.surface.mcp.reason.quota_exceeded":  0,
		"gatewarden_quota_table_evictions_total":                                    0,
	} {
		if got := d.host.Value(t, name); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
	want := refusal.Refusal{Reason: refusal.QuotaExceeded, Seconds: 60, Now: 1_000_000, Rule: "watching"}
	if len(d.watched) != 2 || d.watched[0] != want || d.watched[1] != want {
		t.Errorf("%+v", d.watched)
	}
}

// TestUnverifiedIsCounted shows that a caller who was not verified pays by its address,
// and that a metric tells.
func TestUnverifiedIsCounted(t *testing.T) {
	d := newDoor(t, quotaConfig(`{"name": "q", "per": ["subject"], "limit": 3, "window": "1m"}`))
	d.ask(caller.Identity{Verified: true, Subject: "ann"}, get("/api"))
	for range 5 {
		d.ask(nobody, get("/api"))
	}
	d.metrics.Flush()
	if got := d.host.Value(t, "gatewarden_quota_unverified_total.rule.q"); got != 5 || len(d.replies) != 2 {
		t.Errorf("%d unverified, %d refused", got, len(d.replies))
	}
}

// TestMoments shows what each moment leaves of an allowance of two, beside a request that
// was paid for.
func TestMoments(t *testing.T) {
	for _, row := range []struct {
		name  string
		after func(d *door, s *State)
		left  uint32
	}{
		{"it passes", func(*door, *State) {}, 1},
		{"something else refuses it", func(d *door, s *State) { s.GiveBack(d.host.Time) }, 2},
		{"twice", func(d *door, s *State) { s.GiveBack(d.host.Time); s.GiveBack(d.host.Time) }, 2},
		{"it is asked again", func(d *door, s *State) { s.GiveBack(d.host.Time); s.Spend(&d.client, &nobody) }, 1},
		{"it was let off", func(d *door, s *State) { s.GiveBack(d.host.Time); s.Drop(); s.Spend(&d.client, &nobody) }, 2},
		{"a page is told", func(d *door, s *State) {
			s.Headers(&d.client, &nobody, &refusal.Refusal{Reason: refusal.LockedOut})
			s.Headers(&d.client, &nobody, &refusal.Refusal{Reason: refusal.LockedOut})
		}, 1},
	} {
		d := newDoor(t, quotaConfig(rule("all", 3, ""), rule("watching", 9, `, "mode": "shadow"`)))
		d.ask(nobody, get("/api"))
		s, _, _ := d.begin(get("/api"))
		if _, exceeded := s.Watch(); exceeded || s.next != len(s.charges) {
			t.Fatalf("%s: it is watched before it spent", row.name)
		}
		if !s.Any() {
			t.Fatalf("%s: no quota holds", row.name)
		}
		// The proxy may answer a request that still waits.
		if s.Limited() || s.AddHeaders(refusal.Origin{}) != 0 {
			t.Fatalf("%s: it is told of quotas that were not asked", row.name)
		}
		if _, refused := s.Spend(&d.client, &nobody); refused || !s.Limited() {
			t.Fatalf("%s: it is refused: %v, limited: %v", row.name, refused, s.Limited())
		}
		row.after(d, s)
		if got := d.left(nobody, "/api", "all"); got != row.left {
			t.Errorf("%s: %d left, want %d", row.name, got, row.left)
		}
	}
}

// TestRefusedMayAskAgain shows that a request that was refused passes if there is enough
// by the time it is decided again, and pays once.
func TestRefusedMayAskAgain(t *testing.T) {
	d := newDoor(t, quotaConfig(rule("all", 1, ""), rule("more", 9, ""), rule("watching", 1, `, "mode": "shadow"`)))
	d.ask(nobody, get("/api"))
	s, _, _ := d.begin(get("/api"))
	for _, want := range []bool{true, true, false} {
		why, refused := s.Spend(&d.client, &nobody)
		if _, exceeded := s.Watch(); refused && exceeded {
			t.Error("it is watched though it is refused")
		}
		if refused != want || refused && s.Words(&why).Violated != `"all"` {
			t.Errorf("refused: %v, %+v", refused, s.Words(&why))
		}
		if !want && s.Words(&why).Violated != "" {
			t.Errorf("%s is violated", s.Words(&why).Violated)
		}
		d.host.Time += 30_000
	}
	if got := d.left(nobody, "/api", "more"); got != 8 {
		t.Errorf("%d left", got)
	}
}

// TestRefusedWaitsAtLeastASecond shows it for a counter whose clock is behind.
func TestRefusedWaitsAtLeastASecond(t *testing.T) {
	d := newDoor(t, quotaConfig(rule("all", 1, "")))
	s, _, _ := d.begin(get("/api"))
	s.bill(&d.client, &nobody)
	s.now = d.host.Time
	s.charges[0].Balance = algorithm.Balance{More: s.now - 5}
	if why := s.refuse(); why.Seconds != 1 || s.exceeded.first.seconds != 1 {
		t.Errorf("%+v", why)
	}
}

// TestAllowedClientsHaveQuotas shows that quotas hold for clients that are never locked
// out.
func TestAllowedClientsHaveQuotas(t *testing.T) {
	d := newDoor(t, quotaConfig(rule("all", 1, "")))
	d.client.Allowed = true
	d.ask(nobody, get("/api"))
	if d.ask(nobody, get("/api")); len(d.replies) != 1 {
		t.Errorf("%v", d.replies)
	}
}

// TestZeroState shows that a state without quotas does nothing and costs nothing.
func TestZeroState(t *testing.T) {
	var s State
	var client caller.Client
	s.Begin(nil, &request.Target{})
	why, refused := s.Spend(&client, &nobody)
	_, exceeded := s.Watch()
	s.GiveBack(1)
	s.Drop()
	s.Passed()
	s.Refused()
	s.Reset()
	if refused || exceeded || s.Any() || s.Limited() || s.Headers(&client, &nobody, &why) != nil || s.AddHeaders(refusal.Origin{}) != 0 {
		t.Error("it does something")
	}
}

// TestNoPlaceForAQuota shows that a table without a place refuses nobody, and that a
// metric tells.
func TestNoPlaceForAQuota(t *testing.T) {
	d := newDoor(t, with(quotaConfig(rule("all", 1, "")), `"table": {"quotas": 1024}`))
	const clients = 4000
	for round, want := range []struct{ full, refused int }{{clients - 1024, 0}, {2 * (clients - 1024), 1024}} {
		for i := range clients {
			d.from(fmt.Sprintf("10.0.%d.%d", i/250, i%250))
			d.ask(nobody, get("/api"))
		}
		d.metrics.Flush()
		full, refused := d.host.Value(t, "gatewarden_quota_table_full_total"), len(d.replies)
		if int(full) != want.full || refused != want.refused {
			t.Errorf("round %d: %d found no place, %d were refused; want %+v", round, full, refused, want)
		}
	}
	if got := d.host.Value(t, "gatewarden_quota_table_evictions_total"); got != 0 {
		t.Errorf("%d counters with nothing left were evicted", got)
	}
}

// TestEvictedClientsGetNoMore shows that a client gains nothing by having its counter
// evicted.
func TestEvictedClientsGetNoMore(t *testing.T) {
	for _, algorithm := range []string{"fixed_window", "sliding_window", "gcra"} {
		d := newDoor(t, with(quotaConfig(rule("all", 20, `, "algorithm": "`+algorithm+`"`)), `"table": {"quotas": 1024}`))
		served := func(client, times int) (n int) {
			d.from(fmt.Sprintf("10.%d.%d.%d", client/65536, client/256%256, client%256))
			for range times {
				d.forget()
				if d.ask(nobody, get("/api")); len(d.replies) == 0 {
					n++
				}
			}
			return n
		}
		full := func() uint64 {
			d.metrics.Flush()
			return d.host.Value(t, "gatewarden_quota_table_full_total")
		}
		const victims = 100
		for i := range victims {
			served(i, 15)
		}
		for i := range 1500 { // clients that matter more, but are not locked
			served(victims+i, 18)
		}
		evicted := 0
		for i := range victims {
			d.from(fmt.Sprintf("10.0.%d.%d", i/250, i%250))
			if d.left(nobody, "/api", "all") == 20 {
				evicted++
			}
			before := full()
			if more := served(i, 20); more > 5 && full() == before {
				t.Errorf("%s: client %d got 15 and then %d", algorithm, i, more)
			}
		}
		if evicted < victims/2 {
			t.Errorf("%s: only %d were evicted", algorithm, evicted)
		}
	}
}

// locked is shared data for workers that run at the same time.
type locked struct {
	mu    sync.Mutex
	share fakehost.Host
}

func (l *locked) Get(key []byte) ([]byte, uint32, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.share.Calls = nil
	value, cas, found := l.share.Get(key)
	return append([]byte(nil), value...), cas, found
}

func (l *locked) Set(key, value []byte, cas uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.share.Calls = nil
	return l.share.Set(key, value, cas)
}

// TestWorkersInParallelAdmitTheLimit shows that 8 workers at once, none of which waits
// for another, admit exactly the limit, window after window, for each algorithm and with
// several quotas.
func TestWorkersInParallelAdmitTheLimit(t *testing.T) {
	const workers, clients = 8, 5
	for _, algorithm := range []string{"fixed_window", "sliding_window", "gcra"} {
		// Both quotas count every request, and the second one is narrower for all
		// clients together.
		config := quotaConfig(rule("client", 500, `, "algorithm": "`+algorithm+`"`),
			`{"name": "all", "per": ["path"], "limit": 2000, "window": "1m", "algorithm": "`+algorithm+`"}`)
		share := &locked{}
		for window := range int64(3) {
			var admitted [clients]atomic.Int64
			var group sync.WaitGroup
			for w := range workers {
				host := fakehost.New()
				host.Time += window * 300_000
				d := newDoorAt(t, config, host, share)
				group.Add(1)
				go func() {
					defer group.Done()
					for i := range 4000 {
						client := (i + w) % clients
						d.from(fmt.Sprintf("192.0.2.%d", client))
						d.forget()
						s, _, _ := d.begin(get("/api"))
						if _, refused := s.Spend(&d.client, &nobody); !refused {
							admitted[client].Add(1)
						}
					}
				}()
			}
			group.Wait()
			total := int64(0)
			for i := range admitted {
				total += admitted[i].Load()
				if admitted[i].Load() > 500 {
					t.Errorf("%s: client %d got %d", algorithm, i, admitted[i].Load())
				}
			}
			if total != 2000 {
				t.Errorf("%s, window %d: %d admitted of 2000", algorithm, window, total)
			}
		}
	}
}

// TestAShorterWindowIsWaitedForOnce shows that a window that an earlier configuration
// began ends after the new length, counted once from when it was first looked at: a
// client that asks again and again with nothing left must not put the end off.
func TestAShorterWindowIsWaitedForOnce(t *testing.T) {
	for _, algorithm := range []string{"fixed_window", "sliding_window", "gcra"} {
		for _, more := range [][]string{nil, {rule("other", 100, "")}} {
			rules := func(window string) string {
				return quotaConfig(append(more, `{"name": "all", "per": ["client"], "limit": 4, "window": "`+window+`", "algorithm": "`+algorithm+`"}`)...)
			}
			d := newDoor(t, rules("1h"))
			for range 4 {
				d.ask(nobody, get("/api"))
			}
			d = newDoorAt(t, rules("1m"), d.host, d.host)
			refusals := 0
			for ; refusals < 300; refusals++ {
				d.forget()
				if d.ask(nobody, get("/api")); len(d.replies) == 0 {
					break
				}
				d.host.Time += 1_000
			}
			if refusals < 15 || refusals > 120 {
				t.Errorf("%s, %d quotas: refused for %d seconds", algorithm, len(more)+1, refusals)
			}
		}
	}
}

// TestAStepBackIsWaitedForOnce shows that the time that passes after the clock stepped back
// counts, even for a client that is refused by another quota each time.
func TestAStepBackIsWaitedForOnce(t *testing.T) {
	d := newDoor(t, quotaConfig(rule("a", 9, ""), `{"name": "b", "per": ["client"], "limit": 1, "window": "1h"}`))
	d.ask(nobody, get("/api"))
	d.host.Time -= 600_000
	for range 7 {
		d.host.Time += 10_000
		d.ask(nobody, get("/api"))
	}
	if got := d.left(nobody, "/api", "a"); got != 9 || len(d.replies) != 7 {
		t.Errorf("%d left at a after a minute, want 9; %d refused", got, len(d.replies))
	}
}

// still is a proxy that allocates nothing.
type still struct {
	*fakehost.StillData
	lines []proxy.Header
}

func (*still) Now() int64                        { return 1_000_000 }
func (*still) WallNow() int64                    { return 1_700_000_000_000 }
func (s *still) ResponseHeaders() []proxy.Header { return s.lines }
func (*still) AddResponseHeader(_, _ string)     {}
func (*still) RemoveResponseHeader(string)       {}
func (*still) Counter(string) proxy.Metric       { return 0 }
func (*still) Histogram(string) proxy.Metric     { return 0 }
func (*still) Gauge(string) proxy.Metric         { return 0 }
func (*still) Add(proxy.Metric, uint64)          {}
func (*still) Record(proxy.Metric, uint64)       {}

var (
	_ Ports         = (*still)(nil)
	_ table.Store   = (*still)(nil)
	_ proxy.Metrics = (*still)(nil)
)

// TestPassingAllocatesNothing holds that a passing request and its response allocate
// nothing.
func TestPassingAllocatesNothing(t *testing.T) {
	for _, algorithm := range []string{"fixed_window", "sliding_window", "gcra"} {
		host := &still{fakehost.NewStillData(), fakehost.Headers(":status", "200")}
		more := `, "algorithm": "` + algorithm + `"`
		c := fakehost.ParseConfig(t, quotaConfig(rule("a", 1_000_000, more), rule("b", 1_000_000, more+`, "paths": [{"prefix": "/api"}], "cost": [{"path": "/api", "cost": 2}]`),
			`{"name": "c", "per": ["subject", "tenant", "credential", "path", "client"], "limit": 1000000, "window": "1m", "mode": "shadow"}`))
		r := New(c, host, host, fakehost.Seed, nil, report.NewMetrics(host))
		client, who := caller.Client{}, caller.Identity{Verified: true, Subject: "ann", Tenant: "acme"}
		target := request.Target{Method: "GET", Path: "/api", Readings: []string{"/api"}}
		var s State
		pass := func() {
			s.Begin(r.Rules(0), &target)
			if _, refused := s.Spend(&client, &who); refused {
				t.Fatal("it is refused")
			}
			if _, exceeded := s.Watch(); exceeded {
				t.Fatal("it is watched")
			}
			s.Passed()
		}
		if n := testing.AllocsPerRun(100, pass); n != 0 {
			t.Errorf("%s: %v allocations", algorithm, n)
		}
		if n := testing.AllocsPerRun(100, func() { s.AddHeaders(refusal.Origin{}) }); n != 0 {
			t.Errorf("%s: %v allocations of a response", algorithm, n)
		}
		if n := testing.AllocsPerRun(100, func() { s.GiveBack(1_000_000) }); n != 0 {
			t.Errorf("%s: %v allocations when it is given back", algorithm, n)
		}
	}
}
