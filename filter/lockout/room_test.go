package lockout

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/table"
)

// worker is the room of one worker. It plays the hall.
type worker struct {
	room    *Room
	host    *fakehost.Host
	config  *config.Config
	metrics *report.Metrics
}

// newWorker returns a worker on a host of its own. Its calls so far are forgotten.
func newWorker(t testing.TB, json string) *worker {
	t.Helper()
	w := newWorkerOn(t, json, fakehost.New())
	w.host.Forget()
	return w
}

// newWorkerOn returns a worker on a host that others may share.
func newWorkerOn(t testing.TB, json string, host *fakehost.Host) *worker {
	t.Helper()
	c := fakehost.ParseConfig(t, json)
	m := report.NewMetrics(host)
	counters := counter.New(table.New(host, fakehost.Seed, c.Table.Clients), "gatewarden_table", m)
	log := report.NewLog(&c.Log, host, counters.Table, m)
	list := report.NewLockouts(host, counters.Table, m)
	w := &worker{room: New(c, host, host, counters, counter.NewShared(c.Fleet), log, list, m), host: host, config: c, metrics: m}
	w.room.Tick()
	return w
}

// oneSurface is a configuration with the surface "a" of the kind api.
func oneSurface(lockout string) string {
	return `{"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}], "lockout": {` + lockout + `}}]}`
}

// client returns the client at an address, "" for a client without one.
func (w *worker) client(address string) *caller.Client {
	c := &caller.Client{}
	if address == "" {
		return c
	}
	c.Address = netip.MustParseAddr(address)
	c.Prefix = caller.Network(c.Address, w.config.Client.IPv4Prefix, w.config.Client.IPv6Prefix)
	c.Key = caller.Key(c.Prefix)
	for _, network := range w.config.Client.Allow {
		c.Allowed = c.Allowed || network.Contains(c.Address)
	}
	return c
}

// begin begins a request on the first surface. who is its credential as "user" or
// "user:password", "" for none.
func (w *worker) begin(address, who string) *State { return w.beginOn(0, address, who) }

func (w *worker) beginOn(surface int, address, who string) *State {
	s, rule := &State{}, w.room.Rule(surface)
	s.Begin(rule, w.client(address), who != "" || w.config.Surfaces[surface].Lockout.CountAnonymous)
	if who == "" {
		return s
	}
	if rule.NamesPrincipal() {
		user, _, _ := strings.Cut(who, ":")
		s.Principal([]byte(user))
	}
	if rule.NamesCredential() {
		s.Credential([]byte(who))
	}
	return s
}

// request decides about a request and returns why it is refused, "" if it is not.
func (w *worker) request(s *State) refusal.Reason {
	why, refused := s.Check()
	if !refused {
		why, refused = s.Admit(&caller.Guess{})
	}
	if !refused {
		return ""
	}
	s.Refused(&why)
	return why.Reason
}

// respond judges a response and ends the stream. It returns the failure if it is one.
func (w *worker) respond(s *State, status int) (f Failure) {
	switch {
	case status == 401 && s.mayFail && s.Counts():
		now := w.host.Now()
		f = s.Fail(&caller.Guess{}, now)
		s.FailNetwork(&caller.Guess{}, now)
		s.Report(&f, report.Cause{Status: status}, table.Key{}, now)
	case status == 200:
		s.Succeed()
	}
	if s.HoldsSlot() {
		s.Release(w.host.Now())
	}
	return f
}

// exchange plays a request and its response on the first surface. It returns why the
// request is refused, "" if it is not.
func (w *worker) exchange(address, who string, status int) refusal.Reason {
	s := w.begin(address, who)
	if why := w.request(s); why != "" {
		return why
	}
	w.respond(s, status)
	return ""
}

// value returns what a counter stands at when all workers have flushed.
func value(t testing.TB, name string, workers ...*worker) uint64 {
	t.Helper()
	for _, w := range workers {
		w.metrics.Flush()
	}
	return workers[0].host.Value(t, name)
}

const (
	ann   = "192.0.2.1"
	other = "192.0.2.2"
)

func TestMetricNames(t *testing.T) {
	w := newWorker(t, `{"surfaces": [
		{"name": "a", "kind": "api", "match": [{"prefix": "/a"}]},
		{"name": "b-c_1", "kind": "mcp", "match": [{"prefix": "/b"}], "lockout": {"mode": "off"}}]}`)
	for _, name := range []string{"a", "b-c_1"} {
		for _, want := range []string{
			"counter gatewarden_auth_failures_total.surface." + name,
			"counter gatewarden_lockouts_total.surface." + name,
			"counter gatewarden_network_lockouts_total.surface." + name,
			"counter gatewarden_rate_limited_requests_total.surface." + name + ".reason.locked_out",
			"counter gatewarden_rate_limited_requests_total.surface." + name + ".reason.rate_limited",
		} {
			if !slices.Contains(w.host.Names, want) {
				t.Errorf("there is no %s", want)
			}
		}
	}
	// The table has six, the log and the register one each.
	if got, want := len(w.host.Names), 2*5+6+2; got != want {
		t.Errorf("%d metrics, want %d: %q", got, want, w.host.Names)
	}
}

func TestMetrics(t *testing.T) {
	const config = `{"surfaces": [
		{"name": "a", "kind": "api", "match": [{"prefix": "/a"}], "lockout": {"failures": 1}},
		{"name": "b", "kind": "mcp", "match": [{"prefix": "/b"}], "lockout": {"failures": 9, "pending": 1, "wide": {"failures": 2}}}]}`
	w := newWorker(t, config)
	for _, status := range []int{200, 401, 200, 401} { // the last two are refused
		w.exchange(ann, "x", status)
	}
	for range 2 {
		s := w.beginOn(1, ann, "x")
		w.request(s)
		w.respond(s, 401)
	}
	w.request(w.beginOn(1, ann, "x"))
	w.beginOn(1, ann, "x").Refused(&refusal.Refusal{Reason: refusal.RateLimited})
	w.beginOn(1, ann, "x").Refused(&refusal.Refusal{Reason: refusal.QuotaExceeded}) // another room's
	for name, want := range map[string]uint64{
		"gatewarden_auth_failures_total.surface.a":                             1,
		"gatewarden_lockouts_total.surface.a":                                  1,
		"gatewarden_network_lockouts_total.surface.a":                          0,
		"gatewarden_rate_limited_requests_total.surface.a.reason.locked_out":   2,
		"gatewarden_rate_limited_requests_total.surface.a.reason.rate_limited": 0,
		"gatewarden_auth_failures_total.surface.b":                             2,
		"gatewarden_lockouts_total.surface.b":                                  0,
		"gatewarden_network_lockouts_total.surface.b":                          1,
		"gatewarden_rate_limited_requests_total.surface.b.reason.locked_out":   1,
		"gatewarden_rate_limited_requests_total.surface.b.reason.rate_limited": 1,
	} {
		if got := value(t, name, w); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
}

// What the hall has to tell a State depends on the configuration.
func TestRules(t *testing.T) {
	for _, row := range []struct {
		lockout                               string
		counts, shadow, principal, credential bool
	}{
		{``, true, false, false, false},
		{`"failures": 0`, false, false, false, false},
		{`"mode": "off", "reset_on_success": true, "pending": 3`, false, false, false, false},
		{`"mode": "shadow"`, true, true, false, false},
		{`"reset_on_success": true`, true, false, true, false},
		{`"pending": 1`, true, false, false, true},
		{`"known_good": {"for": "1h"}`, true, false, false, true},
		{`"known_good": {"for": "1h"}, "reset_on_success": true`, true, false, true, true},
	} {
		r := newWorker(t, oneSurface(row.lockout)).room.Rule(0)
		got := []bool{r.Counts(), r.IsShadow(), r.NamesPrincipal(), r.NamesCredential()}
		if want := []bool{row.counts, row.shadow, row.principal, row.credential}; !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", row.lockout, got, want)
		}
	}
	w := newWorker(t, oneSurface(``))
	for _, surface := range []int{-1, 1} {
		if r := w.room.Rule(surface); r != nil || r.Counts() || r.IsShadow() || r.NamesPrincipal() || r.NamesCredential() {
			t.Errorf("there is a rule for surface %d", surface)
		}
	}
}

// What the rule does not need has no effect.
func TestNeedlessNames(t *testing.T) {
	w := newWorker(t, oneSurface(``))
	s := w.begin(ann, "x")
	s.Principal([]byte("x"))
	s.Credential([]byte("x"))
	if w.respond(s, 200); s.Known() || len(w.host.Calls) != 0 {
		t.Errorf("known %v, calls %v", s.Known(), w.host.Calls)
	}
}

// Without a rule that counts, each moment does nothing.
func TestStatesThatDoNothing(t *testing.T) {
	off := newWorker(t, oneSurface(`"mode": "off", "pending": 1, "known_good": {"for": "1h"}, "reset_on_success": true, "wide": {"failures": 1}`))
	allowed := newWorker(t, strings.Replace(oneSurface(`"failures": 1, "pending": 1, "known_good": {"for": "1h"}, "reset_on_success": true, "wide": {"failures": 1}`),
		`{`, `{"client": {"allow": ["192.0.2.0/24"]}, `, 1))
	stopped := newWorker(t, oneSurface(`"failures": 1, "wide": {"failures": 1}`))
	quiet := stopped.begin(ann, "x")
	quiet.StopCounting()
	without := &State{}
	without.Begin(nil, &caller.Client{}, true)
	for name, s := range map[string]*State{
		"zero": {}, "no rule": without, "switched off": off.begin(ann, "x"), "client allowed": allowed.begin(ann, "x"), "stopped": quiet,
	} {
		s.Principal([]byte("x"))
		s.Credential([]byte("x"))
		_, locked := s.Check()
		_, refused := s.Admit(&caller.Guess{})
		f := s.Fail(&caller.Guess{}, 1000)
		s.FailNetwork(&caller.Guess{}, 1000)
		s.Report(&f, report.Cause{Status: 401}, table.Key{}, 1000)
		s.Succeed()
		s.Release(1000)
		if locked || refused || s.Counts() || s.Known() || s.Excused() || s.HoldsSlot() || f != (Failure{}) || s.LockEarly(5000, 1000, table.Key{}) != 0 {
			t.Errorf("%s: does something", name)
		}
	}
	without.Refused(&refusal.Refusal{Reason: refusal.LockedOut})
	if words := without.Words(&refusal.Refusal{Reason: refusal.LockedOut}); *words != (refusal.Words{}) {
		t.Errorf("%+v", words)
	}
	for _, w := range []*worker{off, allowed, stopped} {
		if len(w.host.Calls) != 0 {
			t.Errorf("calls %v", w.host.Calls)
		}
	}
}

// Each moment costs its calls of the host, in this order.
func TestCalls(t *testing.T) {
	for _, row := range []struct {
		name, lockout, who string
		before             []int // responses to earlier requests
		status             int
		request, response  string
	}{
		{"a good request", ``, "x", nil, 200, "get", ""},
		{"one without a credential", ``, "", nil, 401, "get", ""},
		{"a failure", ``, "x", nil, 401, "get", "now, get, set, log"},
		{"a second", ``, "x", []int{401}, 401, "get, now", "now, get, set, log"},
		{"the failure that locks", `"failures": 1`, "x", nil, 401, "get", "now, get, set, get, set, log"},
		{"a locked client", `"failures": 1`, "x", []int{401}, 0, "get, now", ""},
		{"with a network", `"wide": {"failures": 9}`, "x", nil, 200, "get, get", ""},
		{"a failure of a network", `"wide": {"failures": 9}`, "x", nil, 401, "get, get", "now, get, set, get, set, log"},
		{"the failure that locks a network", `"wide": {"failures": 1}`, "x", nil, 401, "get, get", "now, get, set, get, set, get, set, log, log"},
		{"with a reset, a success", `"reset_on_success": true`, "x", nil, 200, "get", "get"},
		{"with a reset, a failure", `"reset_on_success": true`, "x", nil, 401, "get", "now, get, set, log, get, set"},
		{"with a reset, a success after a failure", `"reset_on_success": true`, "x", []int{401}, 200, "get, now", "get, now, get, set, get, set"},
		{"known good, the first success", `"known_good": {"for": "1h"}`, "x", nil, 200, "get", "now, get, set"},
		{"known good, another", `"known_good": {"for": "1h"}`, "x", []int{200}, 200, "get", "now, get"},
		{"known good, a failure", `"known_good": {"for": "1h"}`, "x", nil, 401, "get", "now, get, set, get, log"},
		{"known good, a failure that matters", `"known_good": {"for": "1h"}`, "x", []int{200}, 401, "get", "now, get, set, get, set, log"},
		{"a failure of a credential that is not known", `"known_good": {"for": "1h", "failures": 3}`, "x", nil, 401, "get", "now, get, set, get, log"},
		{"pending", `"pending": 2`, "x", nil, 404, "get, get, now, get, get, set, get", "now, get, set"},
		{"pending without a credential", `"pending": 2`, "", nil, 404, "get", ""},
		{"pending, known", `"pending": 2`, "x", []int{200}, 404, "get, get, now", ""},
	} {
		w := newWorker(t, oneSurface(row.lockout))
		for _, status := range row.before {
			w.exchange(ann, row.who, status)
		}
		w.host.Forget()
		s := w.begin(ann, row.who)
		w.request(s)
		if got := strings.Join(w.host.Calls, ", "); got != row.request {
			t.Errorf("%s: the request costs %s\nwant %s", row.name, got, row.request)
		}
		w.host.Forget()
		w.respond(s, row.status)
		if got := strings.Join(w.host.Calls, ", "); got != row.response {
			t.Errorf("%s: the response costs %s\nwant %s", row.name, got, row.response)
		}
	}
}

// memory is a store that allocates nothing once it has its keys.
type memory struct{ values map[string]*[]byte }

func (m *memory) Get(key []byte) ([]byte, uint32, bool) {
	if value := m.values[string(key)]; value != nil {
		return *value, 1, true
	}
	return nil, 0, false
}

func (m *memory) Set(key, value []byte, _ uint32) bool {
	if m.values[string(key)] == nil {
		room := make([]byte, 0, 4096)
		m.values[string(key)] = &room
	}
	stored := m.values[string(key)]
	*stored = append((*stored)[:0], value...)
	return true
}

func (m *memory) Now() int64 { return 1_000_000 }

// No request allocates before it fails or is refused, whatever is configured.
func TestRequestsAllocateNothing(t *testing.T) {
	const all = `"failures": 100, "wide": {"failures": 1000}, "pending": 5, "known_good": {"for": "1h"}, "reset_on_success": true, "jitter": "10s"`
	w := newWorker(t, oneSurface(all))
	store := &memory{values: map[string]*[]byte{}}
	c, m := w.config, report.NewMetrics(w.host)
	counters := counter.New(table.New(store, fakehost.Seed, c.Table.Clients), "gatewarden_table", m)
	room := New(c, store, store, counters, nil, report.NewLog(&c.Log, w.host, counters.Table, m), report.NewLockouts(store, counters.Table, m), m)
	client, name, s := w.client(ann), []byte("ann"), &State{}
	play := func() {
		s.Begin(room.Rule(0), client, true)
		s.Principal(name)
		s.Credential(name)
		if _, refused := s.Check(); refused {
			t.Fatal("locked out")
		}
		if _, refused := s.Admit(&caller.Guess{}); refused {
			t.Fatal("not admitted")
		}
		f := s.Fail(&caller.Guess{}, 1_000_000)
		s.FailNetwork(&caller.Guess{}, 1_000_000)
		s.remember(f.windowEnd, 1_000_000)
		s.Succeed()
		s.Release(1_000_000)
	}
	play()
	if n := testing.AllocsPerRun(50, play); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A State is small and cleared by assignment: it begins anew as if it were new.
func TestStatesBeginAnew(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 1, "pending": 1, "known_good": {"for": "1h"}, "reset_on_success": true`))
	s := w.begin(ann, "x")
	w.request(s)
	s.Begin(w.room.Rule(0), w.client(other), false)
	fresh := &State{}
	fresh.Begin(w.room.Rule(0), w.client(other), false)
	if !reflect.DeepEqual(s, fresh) {
		t.Errorf("%+v, want %+v", s, fresh)
	}
}
