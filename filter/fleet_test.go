package filter

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/lockout"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/internal/fakeratelimit"
	"github.com/gatewarden/gatewarden/register"
)

const fleetSecret = "0123456789abcdef0123456789abcdef"

// fleetOf is a configuration whose clients have three failures a minute, and a fleet with
// further members.
func fleetOf(more, rest string) string {
	return fmt.Sprintf(`{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/"}],
		"lockout": {"failures": 3, "window": "1m"}}]%s,
		"fleet": {"cluster": "ratelimit", "secret": %q%s}}`, rest, fleetSecret, more)
}

// fleetWorld is some proxies with a rate limit service.
type fleetWorld struct {
	*testing.T
	service *fakeratelimit.Service
	proxies []*member
	wall    int64
	down    uint32 // the gRPC status of all calls, 0 if the service is there
}

// member is a proxy of one worker.
type member struct {
	*Filter
	host    *fakehost.Host
	handled int // calls
}

func newFleet(t *testing.T, json string, proxies int) *fleetWorld {
	t.Helper()
	w := &fleetWorld{T: t, wall: 1_800_000_000_000}
	w.service = fakeratelimit.New(fakehost.ParseConfig(t, json), func() int64 { return w.wall })
	for range proxies {
		host := fakehost.New()
		host.Wall = w.wall
		seed := fakehost.Seed
		seed[0] += byte(len(w.proxies)) // proxies share nothing but the secret
		w.proxies = append(w.proxies, &member{Filter: New(fakehost.ParseConfig(t, json), host, seed), host: host})
	}
	w.tick()
	return w
}

// pass lets time pass, in milliseconds, second by second.
func (w *fleetWorld) pass(ms int64) {
	for ; ms > 0; ms -= 1000 {
		step := min(ms, 1000)
		w.wall += step
		for _, p := range w.proxies {
			p.host.Time += step
			p.host.Wall += step
		}
		w.tick()
	}
}

// tick is a tick of all proxies, and the answers to their calls.
func (w *fleetWorld) tick() {
	for _, p := range w.proxies {
		p.Tick()
	}
	w.answer()
}

// answer answers all calls, also those that follow from the answers.
func (w *fleetWorld) answer() {
	for more := true; more; {
		more = false
		for _, p := range w.proxies {
			for p.handled < len(p.host.SentGRPC) {
				p.handled++
				more = true
				p.take(w, uint32(p.handled))
			}
		}
	}
}

func (p *member) take(w *fleetWorld, number uint32) {
	if w.down != 0 {
		p.GRPCFailed(number, w.down)
		return
	}
	p.host.GRPCBody = string(w.service.Answer(p.host.SentGRPC[number-1].Message))
	p.GRPCAnswered(number, len(p.host.GRPCBody))
}

// request sends a request through a proxy and answers what the filter asks. It returns the
// status that the client gets: the service answers with the given one.
func (w *fleetWorld) request(p *member, headers []proxy.Header, status string) string {
	p.host.Request, p.host.Response = headers, hdr(":status", status)
	p.host.Replies, p.host.Resumed = nil, nil
	s := p.NewStream()
	s.ID = 7
	action := s.RequestHeaders(true)
	w.answer()
	switch {
	case len(p.host.Replies) > 0:
		s.Done()
		return fmt.Sprint(p.host.Replies[0].Status)
	case action != proxy.Continue && len(p.host.Resumed) == 0:
		w.Fatalf("the request is held for ever")
	}
	p.host.Request = nil
	s.ResponseHeaders(true)
	s.Done()
	w.answer()
	return status
}

// guess presents a wrong credential.
func (w *fleetWorld) guess(proxy int) string {
	return w.request(w.proxies[proxy], with(get("/x"), "authorization", "Bearer wrong"), "401")
}

// login presents a right one.
func (w *fleetWorld) login(proxy int) string {
	return w.request(w.proxies[proxy], with(get("/x"), "authorization", "Bearer right"), "200")
}

// script plays guesses and logins: "g0" is a guess at the first proxy, "l1" a login at the
// second, "t5" lets five seconds pass, "down14" and "up" are the service's. It returns what
// each request got.
func (w *fleetWorld) script(steps string) string {
	var got []string
	for _, step := range strings.Fields(steps) {
		n := 0
		if _, err := fmt.Sscanf(strings.TrimLeft(step, "glt"), "%d", &n); err != nil && step[0] != 'd' && step[0] != 'u' {
			w.Fatal(step, err)
		}
		switch step[0] {
		case 'g':
			got = append(got, w.guess(n))
		case 'l':
			got = append(got, w.login(n))
		case 't':
			w.pass(int64(n) * 1000)
		case 'd':
			fmt.Sscanf(step, "down%d", &w.down)
		case 'u':
			w.down = 0
		}
	}
	return strings.Join(got, " ")
}

// TestFleetLockouts spreads failures over proxies.
func TestFleetLockouts(t *testing.T) {
	for _, row := range []struct{ name, more, steps, want string }{
		{"the third failure of all locks out everywhere", "",
			"g0 g1 g2 l2 l2 g0 g1", "401 401 401 429 429 401 401"}, // g0 and g1 do not know yet
		{"and who fails there once more is locked out there, too", "",
			"g0 g1 g2 g0 l0 g1 l1", "401 401 401 401 429 401 429"},
		{"a proxy that sees a client first looks", "",
			"g0 g0 g0 l1 l1 g2 g2", "401 401 401 200 429 401 429"},
		{"one that has seen it looks again after the window, or after refresh if it has failed", "",
			"l1 g0 g0 l2 g0 l1 l2 t5 l2 l2 l1", "200 401 401 200 401 200 200 200 429 200"},
		{"in sync mode it looks before", `, "rules": [{"rule": "lockouts", "mode": "sync"}]`,
			"g0 g1 g2 g0 l1 l2", "401 401 401 429 429 429"},
		{"in the mode first, only for clients that the proxy has not seen", `, "rules": [{"rule": "lockouts", "mode": "first"}]`,
			"l1 g0 g0 g0 g0 l2 l1 l1 t60 l1 g0 g0 g0 l1 t5 l1", "200 401 401 401 429 429 200 200 200 401 401 401 200 200"},
		{"until the service's window ends", "",
			"g0 g1 g2 l2 t59 l2 t1 l2", "401 401 401 429 429 200"},
		{"failures of other minutes do not count", "",
			"g0 g1 t60 g2 l2", "401 401 401 200"},
		{"without the service, each proxy counts alone", "",
			"down14 g0 g0 g1 g1 g2 l0 l1 g0 l0", "401 401 401 401 401 200 200 401 429"},
		{"and what it could not report it reports later", "",
			"down14 g0 g0 up t3 g1 l1 l0", "401 401 401 429 200"},
		{"but not what may have been counted: the first of these two", "",
			"down4 g0 g0 up t3 g1 l1 g1 g1 l1", "401 401 401 200 401 429 429"},
		{"nor what is too old", "",
			"down14 g0 g0 t60 up t10 g1 l1", "401 401 401 200"},
		{"alone, the limit is divided, once the service is known to be gone", `, "replicas": 3`,
			"down14 g0 g1 l0 t6 g0 l0 g1 l1", "401 401 200 401 429 401 429"},
		{"a lockout outlasts the service", "",
			"g0 g0 g0 down14 g0 t30 l0 t20 l0 t10 l0", "401 401 401 429 429 429 200"},
		{"open: nobody is locked out anew", `, "rules": [{"rule": "lockouts", "on_error": "open"}]`,
			"down14 g0 t6 g0 g0 g0 g0 l0 up t11 g0 l0", "401 401 401 401 401 200 429 429"},
		{"closed: nobody is let in", `, "rules": [{"rule": "lockouts", "on_error": "closed"}]`,
			"down14 g0 t6 l0 l1 up t11 l0 l1", "401 503 200 200 200"},
	} {
		w := newFleet(t, fleetOf(row.more, ""), 3)
		if got := w.script(row.steps); got != row.want {
			t.Errorf("%s:\n%s\n%s, want\n%s", row.name, row.steps, got, row.want)
		}
	}
}

// TestFleetQuotas spends at several proxies what all have together.
func TestFleetQuotas(t *testing.T) {
	const quota = `, "quotas": [{"name": "all", "per": ["client"], "limit": 3, "window": "1m"}]`
	for _, row := range []struct{ name, rule, more, steps, want string }{
		{"sync: never more than the limit", `"names": ["all"]`, "",
			"l0 l1 l2 l0 l1 l2 t60 l1 l1 l1 l1", "200 200 200 429 429 429 200 200 200 429"},
		{"without the service, each has its part", `"names": ["all"]`, `, "replicas": 3`,
			"down4 l0 l0 l1 l1 l2 t60 up t30 l0 l0 l0 l1", "200 429 200 429 200 200 200 200 429"},
		{"or passes all", `"on_error": "open"`, "",
			"down4 l0 l0 l0 l0", "200 200 200 200"},
		{"or none", `"on_error": "closed"`, "",
			"down4 l0 up t3 l0", "503 200"},
		{"async: known after the answer", `"mode": "async"`, "",
			"l0 l1 l2 l0 l0 l1 l1", "200 200 200 200 429 200 429"},
	} {
		w := newFleet(t, fleetOf(row.more+`, "rules": [{"rule": "quotas", `+row.rule+`}]`, quota), 3)
		if got := w.script(row.steps); got != row.want {
			t.Errorf("%s:\n%s\n%s, want\n%s", row.name, row.steps, got, row.want)
		}
	}
}

// TestFleetFree: what costs nothing passes also when the fleet has nothing left.
func TestFleetFree(t *testing.T) {
	for _, mode := range []string{"sync", "async"} {
		const quota = `, "quotas": [{"name": "all", "per": ["client"], "limit": 3, "window": "1m", "cost": [{"path": "/free", "cost": 0}]}]`
		w := newFleet(t, fleetOf(`, "rules": [{"rule": "quotas", "mode": "`+mode+`"}]`, quota), 2)
		if got := w.script("l0 l1 l1 l1 l0 l0 l0 l0"); !strings.HasSuffix(got, "429 429") {
			t.Fatalf("%s: got %s", mode, got)
		}
		for _, p := range w.proxies {
			if got := w.request(p, get("/free"), "200"); got != "200" {
				t.Errorf("%s: got %s", mode, got)
			}
		}
	}
}

// TestFleetHeaders tell how the quota of the fleet stands, whichever proxy is asked.
func TestFleetHeaders(t *testing.T) {
	const quota = `, "quotas": [{"name": "all", "per": ["client"], "limit": 3, "window": "1m"}]`
	w := newFleet(t, fleetOf(`, "rules": [{"rule": "quotas"}]`, quota), 2)
	w.pass(15_000)
	w.script("l0 l1")
	if got := headers(w.proxies[1].host.Response, "ratelimit"); got != `"all";r=1;t=45` {
		t.Errorf("got %s", got)
	}
	w.script("l0 l1")
	if got := headers(w.proxies[1].host.Replies[0].Headers, "ratelimit", "retry-after"); got != `"all";r=0;t=45 45` {
		t.Errorf("got %s", got)
	}
}

func headers(all []proxy.Header, names ...string) string {
	var got []string
	for _, name := range names {
		for _, h := range all {
			if h.Name == name {
				got = append(got, h.Value)
			}
		}
	}
	return strings.Join(got, " ")
}

// TestFleetUnlock: an operator unlocks a client at one proxy, and all others follow when the
// client comes.
func TestFleetUnlock(t *testing.T) {
	w := newFleet(t, fleetOf("", ""), 4)
	if got, want := w.script("g0 g1 g2 g0 g1 l0 l1 l2"), "401 401 401 401 401 429 429 429"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	w.unlock(1)
	if got, want := w.script("l1 l1"), "200 200"; got != want {
		t.Errorf("at the operator's proxy: got %s, want %s", got, want)
	}
	if got, want := w.script("l3 l3"), "200 200"; got != want {
		t.Errorf("at one that has not seen the client: got %s, want %s", got, want)
	}
	if got, want := w.script("t6 l0 l0 l2 l2"), "429 200 429 200"; got != want {
		t.Errorf("at the others: got %s, want %s", got, want)
	}
	if got, want := w.script("g1 g1 l0 g0 l0 l1 t6 l2 l2"), "401 401 200 401 429 200 200 429"; got != want {
		t.Errorf("afterwards: got %s, want %s", got, want)
	}
}

// TestFleetUnlockHolds: a client that comes back before the service has heard of its unlock
// is not locked out again at the service's word.
func TestFleetUnlockHolds(t *testing.T) {
	for _, mode := range []string{"async", "sync"} {
		w := newFleet(t, fleetOf(fmt.Sprintf(`, "rules": [{"rule": "lockouts", "mode": %q}]`, mode), ""), 2)
		if got, want := w.script("g0 g1 g0 l0 t6"), "401 401 401 429"; got != want {
			t.Fatalf("%s: got %s, want %s", mode, got, want)
		}
		w.release(0)
		if got, want := w.script("l0 l0 t1 l0 t6 l0 l1 l1"), "200 200 200 200 200 200"; got != want {
			t.Errorf("%s: got %s, want %s", mode, got, want)
		}
	}
}

// unlock does at a proxy what its operations endpoint does, and lets the service hear of it.
func (w *fleetWorld) unlock(at int) {
	w.service.Asked = nil
	w.release(at)
	w.tick()
	if !slices.Contains(w.service.Asked, config.FleetUnlock+"+1") {
		w.Errorf("the service was not told: %q", w.service.Asked)
	}
}

// release does at a proxy what its operations endpoint does.
func (w *fleetWorld) release(at int) {
	p := w.proxies[at]
	register.New(p.host).List(p.host.Time, func(l register.Lockout) {
		shared := l.Shared
		if l.Fleet == 0 || !register.AskUnlock(p.host, l.Fleet, shared) {
			w.Error("the lockout is in no fleet")
		}
		p.lockout.Rule(0).Unlock(&lockout.Shared{Local: l.Key}, p.host.Time)
	})
}

// TestFleetCalls: what a request costs at the service.
func TestFleetCalls(t *testing.T) {
	w := newFleet(t, fleetOf("", ""), 1)
	for _, row := range []struct{ steps, want string }{
		{"l0", "lockout/rest+0"}, // seen first
		{"l0 l0 t59 l0", ""},
		{"t2 l0", "lockout/rest+0"},
		{"g0", "lockout/rest+1"},
		{"t5 l0", "lockout/rest+0"}, // it has failed
		{"g0 g0", "lockout/rest+1 lockout/rest+1 unlock+0"},
		{"g0 g0 g0 t4 g0", ""}, // locked out
		{"t2 g0", "unlock+0"},
	} {
		w.service.Asked = nil
		w.script(row.steps)
		if got := strings.Join(w.service.Asked, " "); got != row.want {
			t.Errorf("%s: got %s, want %s", row.steps, got, row.want)
		}
	}
}

// TestFleetCallsInSync: a request that nobody is over a limit for costs one question, and one
// that is refused another one, about unlocks.
func TestFleetCallsInSync(t *testing.T) {
	w := newFleet(t, fleetOf(`, "rules": [{"rule": "lockouts", "mode": "sync"}]`, ""), 2)
	w.script("g1 g1 g1")
	for _, row := range []struct{ steps, want string }{
		{"l0", "lockout/rest+0 unlock+0"},
		{"l0", ""},
		{"t60 l0 l0", "lockout/rest+0 lockout/rest+0"},
	} {
		w.service.Asked = nil
		w.script(row.steps)
		if got := strings.Join(w.service.Asked, " "); got != row.want {
			t.Errorf("%s: got %s, want %s", row.steps, got, row.want)
		}
	}
}

// TestFleetJoins: while a report is under way, others are joined.
func TestFleetJoins(t *testing.T) {
	w := newFleet(t, strings.Replace(fleetOf("", ""), `"failures": 3`, `"failures": 100`, 1), 1)
	p := w.proxies[0]
	before := w.service.Requests
	for range 30 {
		for _, address := range []string{"192.0.2.1", "192.0.2.2"} {
			from(p.host, address)
			exchange(p.Filter, p.host, with(get("/x"), "authorization", "Bearer x"), hdr(":status", "401"))
		}
	}
	w.service.Asked = nil
	w.answer()
	// The first call had the first peek; the second has what came meanwhile.
	want := []string{"lockout/rest+0", "lockout/rest+30", "lockout/rest+0", "lockout/rest+30"}
	if got := w.service.Requests - before; got != 2 || !slices.Equal(w.service.Asked, want) {
		t.Errorf("%d calls: %q", got, w.service.Asked)
	}
}

// TestFleetBounds: what cannot be told is kept, and what is kept has a bound.
func TestFleetBounds(t *testing.T) {
	w := newFleet(t, fleetOf("", ""), 1)
	p := w.proxies[0]
	w.down = 14
	for i := range 6000 {
		from(p.host, fmt.Sprintf("10.0.%d.%d", i/250, i%250))
		exchange(p.Filter, p.host, with(get("/x"), "authorization", "Bearer x"), hdr(":status", "401"))
		w.answer()
	}
	w.tick()
	if got := sum(t, p.host, "gatewarden_fleet_reports_total.outcome.lost", p.Filter); got != 6000-4096 {
		t.Errorf("%d lost", got)
	}
	if got := p.host.Value(t, "gatewarden_fleet_reports_pending"); got != 4096 {
		t.Errorf("%d pending", got)
	}
	if got := sum(t, p.host, "gatewarden_fleet_alone_seconds_total", p.Filter); got != 1 {
		t.Errorf("%d seconds alone", got)
	}
	w.down = 0
	w.pass(12_000)
	if got := w.service.Total("lockout/rest"); got != 4096 {
		t.Errorf("%d told later", got)
	}
	if got := p.host.Value(t, "gatewarden_fleet_reports_pending"); got != 0 {
		t.Errorf("%d are still pending", got)
	}
	alone := sum(t, p.host, "gatewarden_fleet_alone_seconds_total", p.Filter)
	if w.pass(5000); sum(t, p.host, "gatewarden_fleet_alone_seconds_total", p.Filter) != alone {
		t.Error("still alone")
	}
	if got := strings.Join(p.host.Log, "\n"); !strings.Contains(got, "fleet not heard") || !strings.Contains(got, "fleet heard again") {
		t.Errorf("the log has %s", got)
	}
}

// TestFleetTimeout: Envoy gives a call that timed out the status of one that was refused. Its
// reports are not repeated, because the service may have counted them.
func TestFleetTimeout(t *testing.T) {
	for _, row := range []struct {
		after     int64
		delivered uint64
	}{{999, 1}, {1000, 0}} {
		w := newFleet(t, fleetOf("", ""), 1)
		p := w.proxies[0]
		w.login(0)
		exchange(p.Filter, p.host, with(get("/x"), "authorization", "Bearer x"), hdr(":status", "401"))
		p.host.Time += row.after
		p.handled++
		p.GRPCFailed(uint32(p.handled), 14)
		w.pass(1000)
		if got := w.service.Total("lockout/rest"); got != row.delivered {
			t.Errorf("after %d ms: %d reports", row.after, got)
		}
	}
}

// TestFleetSlows: attempts on an account that was attacked elsewhere are slowed down here.
func TestFleetSlows(t *testing.T) {
	for _, mode := range []string{"sync", "async"} {
		w := newFleet(t, strings.Replace(fleetOf(`, "rules": [{"rule": "keys", "mode": "`+mode+`"}]`, ""), `"window": "1m"`,
			`"window": "1m", "keys": [{"per": ["account"], "failures": 2, "window": "1h", "action": "slow"}]`, 1), 3)
		attempt := func(proxy int, status string) string {
			return w.request(w.proxies[proxy], with(get("/x"), "authorization", basic("alice", "x")), status)
		}
		var got []string
		for _, step := range []struct {
			proxy  int
			status string
		}{{0, "401"}, {1, "401"}, {2, "200"}, {2, "200"}} {
			got = append(got, attempt(step.proxy, step.status))
		}
		if mode == "async" { // the first look comes after the first request
			got = append(got, attempt(2, "200"))
		}
		want := "401 401 200 429"
		if mode == "async" {
			want = "401 401 200 200 429"
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %s, want %s", mode, got, want)
		}
		w.pass(2000)
		if got := attempt(2, "200"); got != "200" {
			t.Errorf("%s: after the turn: %s", mode, got)
		}
	}
}

// TestFleetLimitDiffers: a domain file of another configuration is noticed.
func TestFleetLimitDiffers(t *testing.T) {
	w := newFleet(t, fleetOf("", ""), 1)
	limit := w.service.Limits["lockout/rest"]
	limit.Limit = 9
	w.service.Limits["lockout/rest"] = limit
	w.script("g0 g0")
	delete(w.service.Limits, "lockout/rest")
	w.script("g0")
	p := w.proxies[0]
	if got := sum(t, p.host, "gatewarden_fleet_limit_mismatches_total", p.Filter); got != 4 {
		t.Errorf("counted %d times", got)
	}
	var lines []string
	for _, line := range p.host.Log {
		if strings.Contains(line, "limit differs") {
			lines = append(lines, line)
		}
	}
	const want = `gatewarden: fleet limit differs, print the domain file anew with gatewarden fleet rule=lockout/rest service=9/60s configuration=2/60s`
	if len(lines) != 1 || lines[0] != want {
		t.Errorf("the log has %q", lines)
	}
}

// TestFleetHostCalls: a client that was looked at before costs what it costs without a fleet,
// and a rule in sync mode one call of the service.
func TestFleetHostCalls(t *testing.T) {
	const passes = "request headers, property source.address, get, response header :status"
	for _, row := range []struct{ name, more, rest, before, want string }{
		{"seen before", "", "", "l0", passes},
		{"seen first", "", "", "", "request headers, property source.address, get, now, wall now, get, grpc call, grpc message, now, wall now, record metric, response header :status"},
		{"first, seen before", `, "rules": [{"rule": "lockouts", "mode": "first"}]`, "", "l0", passes},
		{"sync", `, "rules": [{"rule": "lockouts", "mode": "sync"}]`, "", "l0",
			"request headers, property source.address, get, now, wall now, get, grpc call, grpc message, now, wall now, record metric, attend, resume, response header :status"},
		{"a quota", `, "rules": [{"rule": "quotas"}]`, `, "quotas": [{"name": "all", "per": ["client"], "limit": 3, "window": "1m"}]`, "l0",
			"request headers, property source.address, get, now, get, now, wall now, grpc call, grpc message, now, wall now, record metric, attend, get, set, resume, " +
				"response headers, now, add ratelimit-policy, add ratelimit, add x-ratelimit-limit, add x-ratelimit-remaining, add x-ratelimit-reset"},
	} {
		w := newFleet(t, fleetOf(row.more, row.rest), 1)
		w.script(row.before)
		w.proxies[0].host.Forget()
		w.script("l0")
		if got := strings.Join(w.proxies[0].host.Calls, ", "); got != row.want {
			t.Errorf("%s: %s\nwant %s", row.name, got, row.want)
		}
	}
}

// TestFleetAllocates: for a client that was looked at before, nothing is allocated that would
// not be without a fleet.
func TestFleetAllocates(t *testing.T) {
	w := newFleet(t, fleetOf("", ""), 1)
	w.script("l0")
	alone, host := newFilter(t, "")
	if with, without := allocations(w.proxies[0].Filter, w.proxies[0].host), allocations(alone, host); with != without {
		t.Errorf("%v allocations, without a fleet %v", with, without)
	}
}

func allocations(f *Filter, host *fakehost.Host) float64 {
	s, request, response := f.NewStream(), with(get("/api/v1"), "authorization", "Bearer x"), hdr(":status", "200")
	return testing.AllocsPerRun(100, func() {
		host.Calls = host.Calls[:0]
		host.Request, host.Response = request, response
		s.RequestHeaders(true)
		s.ResponseHeaders(true)
		s.Done()
		s.Reset()
	})
}
