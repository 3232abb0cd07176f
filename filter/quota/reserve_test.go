package quota

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/journal"
)

// budgets is a configuration with the given quotas and an MCP server with prices.
func budgets(rules ...string) string {
	return with(quotaConfig(rules...), `"mcp": {"other_tools": {"scopes": [], "cost": 1}}`)
}

// budget is a rule of credits per client, with more of its members; per minute unless they
// have a window.
func budget(name string, limit int, more string) string {
	if !strings.Contains(more, "window\":") {
		more += `, "window": "1m"`
	}
	return fmt.Sprintf(`{"name": %q, "unit": "credits", "per": ["client"], "limit": %d%s}`, name, limit, more)
}

// call sends a request whose calls cost so many credits, and returns it as the service has
// it.
func (d *door) call(credits uint32) (s *State, refused bool) {
	s, _, _ = d.begin(get("/mcp"))
	s.Price(credits)
	if why, refused := s.Spend(&d.client, &nobody); refused {
		s.Refused()
		words := s.Words(&why)
		to := refusal.Recipient{Form: refusal.JSONRPCForm, Quotas: s.Headers(&d.client, &nobody, &why)}
		d.replies = append(d.replies, d.cors.Reply(words, &why, &to))
		return s, true
	}
	for why, exceeded := s.Watch(); exceeded; why, exceeded = s.Watch() {
		d.watched = append(d.watched, why)
	}
	s.Passed()
	return s, false
}

// funds is how much of a budget is left.
func (d *door) funds(name string) uint32 {
	s, _, _ := d.begin(get("/mcp"))
	s.Price(1)
	s.bill(&d.client, &nobody)
	for i := range s.charges {
		if c := &s.charges[i]; c.quota.Name == name {
			d.look(c, 0, d.host.Time)
			return c.Left
		}
	}
	return 1<<32 - 1
}

// books returns what became of a rule's credits.
func (d *door) books(t *testing.T, rule string) (b [4]uint64) {
	t.Helper()
	d.metrics.Flush()
	for i, outcome := range []string{"reserved", "committed", "refunded", "expired"} {
		b[i] = d.host.Value(t, "gatewarden_credits_total.rule."+rule+".outcome."+outcome)
	}
	return b
}

// TestSettlement settles a reservation of 10 of 100 credits in each way.
func TestSettlement(t *testing.T) {
	const no, yes = false, true
	for _, row := range []struct {
		name  string
		do    func(d *door, s *State)
		left  uint32
		open  bool
		books [4]uint64
	}{
		{"nothing yet", func(*door, *State) {}, 90, yes, [4]uint64{10, 0, 0, 0}},
		{"spent", func(_ *door, s *State) { s.Commit() }, 90, no, [4]uint64{10, 10, 0, 0}},
		{"spent once", func(_ *door, s *State) { s.Commit(); s.Commit() }, 90, no, [4]uint64{10, 10, 0, 0}},
		{"given back", func(d *door, s *State) { s.Refund(10, d.host.Time) }, 100, no, [4]uint64{10, 0, 10, 0}},
		{"given back in parts", func(d *door, s *State) { s.Refund(3, d.host.Time); s.Refund(7, d.host.Time) }, 100, no, [4]uint64{10, 0, 10, 0}},
		{"a part", func(d *door, s *State) { s.Refund(3, d.host.Time) }, 93, yes, [4]uint64{10, 0, 3, 0}},
		{"a part, the rest is spent", func(d *door, s *State) { s.Refund(3, d.host.Time); s.Commit() }, 93, no, [4]uint64{10, 7, 3, 0}},
		{"more than there is", func(d *door, s *State) { s.Refund(3, d.host.Time); s.Refund(90, d.host.Time) }, 100, no, [4]uint64{10, 0, 10, 0}},
		{"nothing", func(d *door, s *State) { s.Refund(0, d.host.Time) }, 90, yes, [4]uint64{10, 0, 0, 0}},
		{"after it was spent", func(d *door, s *State) { s.Commit(); s.Refund(5, d.host.Time); s.GiveBack(d.host.Time) }, 90, no, [4]uint64{10, 10, 0, 0}},
		{"something else refuses", func(d *door, s *State) { s.GiveBack(d.host.Time); s.GiveBack(d.host.Time) }, 100, no, [4]uint64{10, 0, 10, 0}},
		{"something else refuses late", func(d *door, s *State) { s.Refund(4, d.host.Time); s.GiveBack(d.host.Time) }, 100, no, [4]uint64{10, 0, 10, 0}},
		{"done, spent", func(d *door, s *State) { s.Done(false, d.host.Time) }, 90, no, [4]uint64{10, 10, 0, 0}},
		{"done, given back", func(d *door, s *State) { s.Done(true, d.host.Time); s.Done(false, d.host.Time) }, 100, no, [4]uint64{10, 0, 10, 0}},
		{"in the next window", func(d *door, s *State) {
			d.host.Time += 60_000
			d.call(1)
			s.Refund(10, d.host.Time)
		}, 99, no, [4]uint64{11, 0, 10, 0}},
		{"the worker is gone", func(d *door, s *State) {
			other := newDoorAt(t, d.json, d.host, d.host)
			for range journal.Patience + 1 {
				other.Tick()
			}
			other.metrics.Flush()
			s.Commit()
			s.Refund(10, d.host.Time)
			s.GiveBack(d.host.Time)
		}, 100, no, [4]uint64{10, 0, 0, 10}},
		{"the worker is gone after a part", func(d *door, s *State) {
			s.Refund(4, d.host.Time)
			other := newDoorAt(t, d.json, d.host, d.host)
			for range journal.Patience + 1 {
				other.Tick()
			}
			other.metrics.Flush()
			s.Done(true, d.host.Time)
		}, 100, no, [4]uint64{10, 0, 4, 6}},
	} {
		for _, more := range []string{"", `, "mode": "shadow"`, `, "algorithm": "sliding_window"`, `, "algorithm": "gcra"`} {
			d := newDoor(t, budgets(budget("plan", 100, more)))
			s, _ := d.call(10)
			row.do(d, s)
			if row.name == "in the next window" && strings.Contains(more, "algorithm") {
				continue // their windows slide
			}
			if got := d.funds("plan"); got != row.left || s.Open() != row.open {
				t.Errorf("%s%s: %d left, open %v", row.name, more, got, s.Open())
			}
			if got := d.books(t, "plan"); got != row.books {
				t.Errorf("%s%s: %v", row.name, more, got)
			}
		}
	}
}

// TestLateRefundInParts gives back in parts, when some of it has come back by itself and
// something else was spent: the parts give back what was still owed, once.
func TestLateRefundInParts(t *testing.T) {
	d := newDoor(t, budgets(budget("plan", 60, `, "algorithm": "gcra"`)))
	s, _ := d.call(30)
	d.host.Time += 20_000
	d.call(20)
	for _, row := range []struct{ part, left uint32 }{{0, 30}, {10, 40}, {20, 40}} {
		if s.Refund(row.part, d.host.Time); d.funds("plan") != row.left {
			t.Errorf("after %d: %d left, want %d", row.part, d.funds("plan"), row.left)
		}
	}
}

// TestBudgetsAndRequests has rules of both units: a request that costs no credits does not
// touch a budget, and refusals by rules of requests come first.
func TestBudgetsAndRequests(t *testing.T) {
	d := newDoor(t, budgets(rule("rate", 4, ""), budget("month", 100, `, "window": "month"`), budget("day", 50, `, "window": "day"`)))
	d.host.Wall = 1_800_000_000_000 // 2027-01-15 08:00
	const policy = `"rate";q=4;w=60`
	const all = policy + `, "month";q=100;qu="credits";w=2678400, "day";q=50;qu="credits";w=86400`
	for i, row := range []struct {
		credits        uint32
		policy, limit  string
		triple, status string
	}{
		{0, policy, `"rate";r=3;t=60`, "4/3/60", ""},
		{20, all, `"rate";r=2;t=60, "day";r=30;t=57600`, "4/2/60", ""},
		{31, all, `"day";r=30;t=57600, "rate";r=2;t=60`, "50/30/57600", "402"},
		{101, all, `"month";r=80;t=1440000, "rate";r=2;t=60`, "100/80/1440000", "402"},
		{10, all, `"rate";r=1;t=60, "day";r=20;t=57600`, "4/1/60", ""},
		{20, all, `"rate";r=0;t=60, "day";r=0;t=57600`, "4/0/60", ""},
		{20, all, `"rate";r=0;t=60, "day";r=0;t=57600`, "4/0/60", "429"},
		{0, policy, `"rate";r=0;t=60`, "4/0/60", "429"},
	} {
		d.forget()
		s, refused := d.call(row.credits)
		d.host.Response = fakehost.Headers(":status", "200")
		status, headers := "", &d.host.Response
		if refused {
			status, headers = fmt.Sprint(d.replies[0].Status), &d.replies[0].Headers
		} else if s.AddHeaders(refusal.Origin{}); s.Open() {
			s.Commit()
		}
		triple := first(*headers, xRateLimitLimit) + "/" + first(*headers, xRateLimitLeft) + "/" + first(*headers, xRateLimitReset)
		if first(*headers, rateLimitPolicy) != row.policy || first(*headers, rateLimit) != row.limit || triple != row.triple || status != row.status {
			t.Errorf("step %d: %q %s\n%s\n%s\n%s", i, status, triple, first(*headers, rateLimitPolicy), first(*headers, rateLimit), *headers)
		}
	}
	if got := d.books(t, "day"); got != [4]uint64{50, 50, 0, 0} {
		t.Errorf("day: %v", got)
	}
	if d.host.Value(t, "gatewarden_quota_requests_total.rule.day.outcome.refused") != 3 { // twice alone, once beside rate
		t.Error("refusals of day")
	}
}

func first(headers []proxy.Header, name string) string { return fakehost.First(headers, name) }

// TestPaymentRequired shows the replies of a budget.
func TestPaymentRequired(t *testing.T) {
	d := newDoor(t, budgets(budget("plan", 100, "")))
	d.call(98)
	for _, row := range []struct {
		credits    uint32
		retryAfter string
		want       string
	}{
		{5, "60", `{"jsonrpc":"2.0","error":{"code":402,"message":"This costs 5 credits, and plan has 2 of 100 left. Try again in 60 seconds.",` +
			`"data":{"reason":"quota_exceeded","retryAfter":60,"rule":"plan","cost":5,"left":2,"limit":100}}}`},
		{101, "", `{"jsonrpc":"2.0","error":{"code":402,"message":"This costs 101 credits, more than all 100 of plan. Waiting does not help.",` +
			`"data":{"reason":"quota_exceeded","rule":"plan","cost":101,"left":2,"limit":100}}}`},
		{1_000_000_000, "", `{"jsonrpc":"2.0","error":{"code":402,"message":"This costs 1000000000 credits, more than all 100 of plan. Waiting does not help.",` +
			`"data":{"reason":"quota_exceeded","rule":"plan","cost":1000000000,"left":2,"limit":100}}}`},
	} {
		d.forget()
		if _, refused := d.call(row.credits); !refused {
			t.Fatalf("%d credits passed", row.credits)
		}
		r := d.replies[0]
		if string(r.Body) != row.want || r.Status != 402 || first(r.Headers, "retry-after") != row.retryAfter || r.Details != "gatewarden_quota_exceeded" {
			t.Errorf("%d credits: %d %q\n%s\nwant\n%s", row.credits, r.Status, first(r.Headers, "retry-after"), r.Body, row.want)
		}
	}
	s, _, _ := d.begin(get("/mcp"))
	s.Price(5)
	why, _ := s.Spend(&d.client, &nobody)
	words := s.Words(&why)
	const problem = `{"type":"about:blank","title":"Payment Required","status":402,"detail":"This costs 5 credits, and plan has 2 of 100 left. Try again in 60 seconds.",` +
		`"violated-policies":["plan"],"rule":"plan","cost":5,"left":2,"limit":100}`
	if r := d.cors.Reply(words, &why, &refusal.Recipient{}); string(r.Body) != problem {
		t.Errorf("%s\nwant\n%s", r.Body, problem)
	}
}

// TestNeverInEachAlgorithm asks for more than the whole limit of a counter that is new,
// used and used up. Nothing overflows, and nothing is taken.
func TestNeverInEachAlgorithm(t *testing.T) {
	for _, more := range []string{"", `, "algorithm": "sliding_window"`, `, "algorithm": "gcra"`, `, "window": "day"`, `, "window": "month"`, `, "mode": "shadow"`} {
		for _, used := range []uint32{0, 1, 100} {
			d := newDoor(t, budgets(budget("plan", 100, more)))
			d.call(used)
			d.watched = nil
			if _, refused := d.call(101); refused == (len(d.watched) > 0) || len(d.watched) > 0 && d.watched[0].Seconds != 0 {
				t.Errorf("%s, %d used: refused %v, %+v", more, used, refused, d.watched)
			}
			if got := d.funds("plan"); got != 100-used {
				t.Errorf("%s, %d used: %d left", more, used, got)
			}
		}
	}
}

// TestWhatABudgetCosts holds the host calls of a call that costs something.
func TestWhatABudgetCosts(t *testing.T) {
	const spend, claim, write = "now, get, set", ", get, set, get, get, set", ", get, set"
	d := newDoor(t, budgets(budget("plan", 100, "")))
	s, _ := d.call(1)
	if got := d.take(); got != spend+claim {
		t.Errorf("the first one: %s", got)
	}
	s.Commit()
	if got := d.take(); got != "get, set" {
		t.Errorf("settled: %s", got)
	}
	s, _ = d.call(1)
	if got := d.take(); got != spend+write {
		t.Errorf("another one: %s", got)
	}
	s.Refund(1, d.host.Time)
	if got := d.take(); got != "get, set, get, set" {
		t.Errorf("given back: %s", got)
	}
	if d.call(0); d.take() != "" {
		t.Error("a request without cost asks")
	}
	d = newDoor(t, quotaConfig(rule("all", 9, "")))
	for range 100 {
		d.Tick()
	}
	if got := d.take(); got != "" {
		t.Errorf("without budgets: %s", got)
	}
}

// TestNoPlaceInTheJournal shows that what is not written down is settled all the same, and
// stays spent if its worker is gone.
func TestNoPlaceInTheJournal(t *testing.T) {
	var rules []string
	for i := range 33 { // more than a slot has entries
		rules = append(rules, budget(fmt.Sprint("b", i), 100, ""))
	}
	d := newDoor(t, budgets(rules...))
	s, _ := d.call(10)
	d.metrics.Flush()
	if got := d.host.Value(t, "gatewarden_credits_unwritten_total"); got != 1 || !s.Open() {
		t.Errorf("%d are not written down, open %v", got, s.Open())
	}
	other := newDoorAt(t, d.json, d.host, d.host)
	for range journal.Patience + 1 {
		other.Tick()
	}
	if got := d.funds("b32"); got != 90 {
		t.Errorf("%d left", got)
	}
	s.Refund(4, d.host.Time)
	s.Commit()
	if got := d.books(t, "b32"); got != [4]uint64{10, 6, 4, 0} || d.funds("b32") != 94 {
		t.Errorf("%v, %d left", got, d.funds("b32"))
	}
}

// TestWhatIsNotReservedIsNotSettled: no reservation without a budget, in a table that is
// full, or of a request that bypasses the quotas.
func TestWhatIsNotReservedIsNotSettled(t *testing.T) {
	d := newDoor(t, budgets(budget("plan", 100, `, "surfaces": ["mcp"]`), rule("rate", 9, "")))
	s, _, _ := d.begin(get("/api"))
	s.Price(5)
	s.Spend(&d.client, &nobody)
	if s.Watch(); s.Open() {
		t.Error("reserved on another surface")
	}
	s, _, _ = d.begin(get("/mcp"))
	s.Price(5)
	if s.Drop(); s.Any() || s.Open() {
		t.Error("reserved for a request that bypasses quotas")
	}
	s.Done(true, d.host.Time)
	if (&State{}).Open() {
		t.Error("the zero State is open")
	}
	(&State{}).Done(true, 0)
	(&State{}).Commit()
	(&State{}).GiveBack(0)
}

// TestExpireOfForeignEntries gives nothing back, and does not panic, where an entry is of
// another table or makes no sense.
func TestExpireOfForeignEntries(t *testing.T) {
	d := newDoor(t, budgets(budget("plan", 100, "")))
	s, _ := d.call(10)
	good := d.entryOf(&s.charges[0])
	for i, spoil := range []func(e *journal.Entry){
		func(e *journal.Entry) { e.Size++ }, func(e *journal.Entry) { e.Kind = 99 }, func(e *journal.Entry) { e.Limit = 0 },
		func(e *journal.Entry) { e.Window = 0 }, func(e *journal.Entry) { e.Window = 1 << 47 }, func(e *journal.Entry) { e.TakenIn++ },
		func(e *journal.Entry) { e.Limit = 1<<32 - 1 },
	} {
		e := good
		if spoil(&e); i >= 0 {
			d.expire(&e)
		}
		if got := d.funds("plan"); got != 90 {
			t.Errorf("entry %d: %d left", i, got)
		}
	}
	e := good
	e.Rule++ // of a rule that is gone
	d.expire(&e)
	if got := d.funds("plan"); got != 100 || d.books(t, "plan")[3] != 70 {
		t.Errorf("%d left, %v", got, d.books(t, "plan"))
	}
}

// TestBudgetsInAnySchedule plays random schedules of calls, settlements, VMs that go away
// and are loaded anew with other limits, on rules of each algorithm in shadow mode and
// not. In the end reserved is committed, refunded and expired together, for each payer as
// for each rule, and what is left of the budgets is what was not committed.
func TestBudgetsInAnySchedule(t *testing.T) {
	for seed := range uint64(150) {
		rng := rand.New(rand.NewPCG(seed, 8))
		p := newBooks(t, rng)
		for range 150 {
			p.step()
		}
		p.close(seed)
	}
}

// ledger plays a schedule of [TestBudgetsInAnySchedule]: the windows are long, so that
// everything stays in them.
type ledger struct {
	t       *testing.T
	rng     *rand.Rand
	host    *fakehost.Host
	workers []*door
	all     []*door
	open    map[*door][]*pending
	every   []*pending
}

// pending is a call with what its payer should have paid when it is settled.
type pending struct {
	*State
	payer string
	paid  uint32
}

var ledgerRules = []string{"fixed", "day", "sliding", "watched"}

func newBooks(t *testing.T, rng *rand.Rand) *ledger {
	p := &ledger{t: t, rng: rng, host: fakehost.New(), open: map[*door][]*pending{}}
	p.host.Wall = 1_800_000_000_000
	for range 3 {
		p.workers = append(p.workers, p.load())
	}
	return p
}

func (p *ledger) load() *door {
	limit := 100_000 + p.rng.IntN(3)
	d := newDoorAt(p.t, budgets(
		budget("fixed", limit, `, "window": "30d"`), budget("day", limit, `, "window": "day"`),
		budget("sliding", limit, `, "window": "30d", "algorithm": "sliding_window"`), budget("watched", limit, `, "window": "30d", "mode": "shadow"`)), p.host, p.host)
	p.all = append(p.all, d)
	return d
}

var ledgerPayers = []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}

func (p *ledger) step() {
	i := p.rng.IntN(len(p.workers))
	d := p.workers[i]
	p.host.Time += p.rng.Int64N(2000)
	switch n := p.rng.IntN(20); {
	case n < 7:
		payer := ledgerPayers[p.rng.IntN(len(ledgerPayers))]
		d.from(payer)
		credits := 1 + p.rng.Uint32N(100)
		s, refused := d.call(credits)
		if refused {
			p.t.Fatal("refused")
		}
		call := &pending{s, payer, 0}
		p.open[d], p.every = append(p.open[d], call), append(p.every, call)
	case n < 14:
		p.settle(d)
	case n < 16: // a VM is loaded anew; streams of the old one may still end
		p.workers[i] = p.load()
		if p.rng.IntN(2) == 0 {
			delete(p.open, d)
		}
	case n < 17: // or it stands still for a while
		for range journal.Patience + 5 {
			for j, other := range p.workers {
				if j != i {
					other.Tick()
				}
			}
		}
	case n < 18:
		p.settle(p.all[p.rng.IntN(len(p.all))])
	default:
		d.Tick()
	}
}

func (p *ledger) settle(d *door) {
	list := p.open[d]
	if len(list) == 0 {
		return
	}
	call := list[p.rng.IntN(len(list))]
	before := call.reserved
	committed := d.committed()
	switch p.rng.IntN(4) {
	case 0:
		call.Refund(1+p.rng.Uint32N(call.reserved+1), p.host.Time)
	case 1:
		call.GiveBack(p.host.Time)
	case 2:
		call.Done(p.rng.IntN(2) == 0, p.host.Time)
	default:
		call.Commit()
	}
	if d.committed() > committed {
		call.paid += before
	}
}

// committed is what was committed of a rule since the metrics were flushed last.
func (d *door) committed() (n uint64) {
	d.metrics.Flush()
	for i, name := range d.host.Names {
		if strings.HasSuffix(name, "credits_total.rule.fixed.outcome.committed") {
			return d.host.Values[i]
		}
	}
	return 0
}

func (p *ledger) close(seed uint64) {
	last := p.load()
	for range 3 * journal.Patience {
		last.Tick()
	}
	for _, d := range p.all {
		d.metrics.Flush()
	}
	for _, name := range ledgerRules {
		b := last.books(p.t, name)
		if b[0] != b[1]+b[2]+b[3] {
			p.t.Fatalf("seed %d: %s: reserved %d, committed %d, refunded %d, expired %d", seed, name, b[0], b[1], b[2], b[3])
		}
		for _, payer := range ledgerPayers {
			paid := uint32(0)
			for _, call := range p.every {
				if call.payer == payer {
					paid += call.paid
				}
			}
			last.from(payer)
			limit := uint32(0)
			for i := range last.quotas {
				if last.quotas[i].Name == name {
					limit = last.quotas[i].Limit
				}
			}
			if got := limit - last.funds(name); got != paid {
				p.t.Fatalf("seed %d: %s: %s has paid %d, want %d", seed, name, payer, got, paid)
			}
		}
	}
}

// TestPayersOfABudget: a budget is the tenant's, by its tier.
func TestPayersOfABudget(t *testing.T) {
	d := newDoor(t, budgets(`{"name": "plan", "unit": "credits", "per": ["tenant"], "limits": {"free": 10, "pro": "unlimited", "default": 5}, "window": "month"}`))
	ask := func(tenant, tier string, credits uint32) bool {
		s, _, _ := d.begin(get("/mcp"))
		s.Price(credits)
		_, refused := s.Spend(&d.client, &caller.Identity{Verified: true, Tenant: tenant, Tier: tier})
		return !refused
	}
	for i, row := range []struct {
		tenant, tier string
		credits      uint32
		want         bool
	}{{"a", "free", 10, true}, {"a", "free", 1, false}, {"b", "free", 11, false}, {"b", "free", 10, true}, {"c", "pro", 1_000_000, true}, {"d", "", 6, false}, {"d", "", 5, true}} {
		if got := ask(row.tenant, row.tier, row.credits); got != row.want {
			t.Errorf("row %d: passed %v", i, got)
		}
	}
}
