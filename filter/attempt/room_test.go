package attempt

import (
	"fmt"
	"net/netip"
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

// worker is the room of one worker, with what it reports.
type worker struct {
	*Room
	config  *config.Config
	host    *fakehost.Host
	metrics *report.Metrics
	// lockedUntil is when the lockouts for stuffing end, by client. It stands for the
	// lockout's counters, and workers on one host share it.
	lockedUntil map[caller.Client]int64
}

// newWorker makes a worker of a fresh proxy.
func newWorker(t testing.TB, json string) *worker {
	t.Helper()
	w := &worker{config: fakehost.ParseConfig(t, json), host: fakehost.New(), lockedUntil: map[caller.Client]int64{}}
	w.start()
	w.host.Forget()
	return w
}

// another makes another worker of the same proxy.
func (w *worker) another() *worker {
	other := *w
	other.start()
	return &other
}

func (w *worker) start() {
	w.metrics = report.NewMetrics(w.host)
	plain := table.New(w.host, fakehost.Seed, 1<<12)
	log := report.NewLog(&w.config.Log, w.host, plain, w.metrics)
	list := report.NewLockouts(w.host, plain, w.metrics)
	w.Room = New(w.config, w.host, counter.New(plain, "gatewarden_table", w.metrics), counter.NewShared(w.config.Fleet), log, list, w.metrics)
}

// request is what a test's request attempts on the first surface, or the given one.
type request struct {
	surface                       int
	client, credential            string
	account, inForm               string
	known, allowed, onlyPrincipal bool
	guess                         caller.Guess
}

func (q *request) Known() bool { return q.known }

// begin takes up a request as the hall does.
func (w *worker) begin(q *request) *State {
	client := clientAt(q.client)
	client.Allowed = q.allowed
	s := &State{}
	rule := w.Rule(q.surface)
	s.Begin(rule, &client)
	if q.credential != "" {
		s.Principal([]byte(q.credential))
		if !q.onlyPrincipal {
			s.Credential([]byte(q.credential))
		}
	}
	s.Account(q.account, false)
	s.Account(q.inForm, true)
	return s
}

func clientAt(address string) caller.Client {
	if address == "" {
		address = "192.0.2.1"
	}
	a := netip.MustParseAddr(address)
	prefix := caller.Network(a, 32, 64)
	return caller.Client{Address: a, Prefix: prefix, Key: caller.Key(prefix)}
}

// ask decides about a request, and returns "" if it passes.
func (w *worker) ask(q *request) (reason refusal.Reason, seconds int64) {
	s := w.begin(q)
	why, refused := Check(s, q)
	if !refused {
		why, refused = s.TakeTurns()
	}
	if refused != (why.Reason != "") {
		panic("a refusal without a reason")
	}
	return why.Reason, why.Seconds
}

// fail counts a failed request, in the hall's order.
func (w *worker) fail(q *request) {
	s := w.begin(q)
	now := w.host.Now()
	s.Fail(&q.guess, now)
	locked := w.lockedUntil[*s.clientOrNone()]
	st := s.Stuff(now < locked, now)
	until := int64(0)
	if st.Locks && st.Now >= locked {
		until = st.WindowEnd
		w.lockedUntil[*s.client] = until
	}
	s.ReportStuffing(&st, until)
	s.Spray(&q.guess, now)
}

func (s *State) clientOrNone() *caller.Client {
	if s.client == nil {
		return &caller.Client{}
	}
	return s.client
}

// sum is what a counter of several workers stands at.
func sum(t *testing.T, name string, workers ...*worker) uint64 {
	t.Helper()
	for _, w := range workers {
		w.metrics.Flush()
	}
	return workers[0].host.Value(t, name)
}

// TestAccountUse: a body is read only where an account in it matters, and held only
// where it has consequences.
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
		w := newWorker(t, surface(row.kind, row.lockout))
		if r := w.Rule(0); r.ReadsAccount() != row.reads || r.AwaitsAccount() != row.awaits {
			t.Errorf("%s %s: reads %v, awaits %v", row.kind, row.lockout, r.ReadsAccount(), r.AwaitsAccount())
		}
	}
}

func surface(kind, lockout string) string {
	return `{"surfaces": [{"name": "s", "kind": "` + kind + `", "match": [{"prefix": "/"}], "lockout": {` + lockout + `}}]}`
}

// TestRuleUse: what the hall has to read from the headers, and where there is no rule.
func TestRuleUse(t *testing.T) {
	for _, row := range []struct {
		kind, lockout                       string
		is, namesPrincipal, namesCredential bool
	}{
		{"api", ``, false, false, false},
		{"api", `"failures": 0, "keys": [{"per": ["account"], "failures": 3}]`, false, false, false},
		{"api", `"mode": "off", "keys": [{"per": ["account"], "failures": 3}]`, false, false, false},
		{"api", `"mode": "shadow", "keys": [{"per": ["account"], "failures": 3}]`, true, false, false},
		{"api", `"keys": [{"per": ["account"], "failures": 3}, {"per": ["credential", "client"], "failures": 3}]`, true, false, true},
		{"mcp", `"stuffing": {"credentials": 3}`, true, true, false},
		{"oauth-token", `"stuffing": {"credentials": 3}`, true, false, false},
		{"oauth-consent", `"spraying": {"clients": 3}`, true, false, false},
	} {
		r := newWorker(t, surface(row.kind, row.lockout)).Rule(0)
		if (r != nil) != row.is || r.NamesPrincipal() != row.namesPrincipal || r.NamesCredential() != row.namesCredential {
			t.Errorf("%s %s: %v, %v, %v", row.kind, row.lockout, r != nil, r.NamesPrincipal(), r.NamesCredential())
		}
	}
	w := newWorker(t, surface("api", `"account_fields": ["user", "mail"], "spraying": {"clients": 3}`))
	if got, each := w.Rule(0).Fields(); len(got) != 2 || got[0] != "user" || each {
		t.Errorf("fields %q, each %v", got, each)
	}
	if got, each := w.Rule(-1).Fields(); w.Rule(-1) != nil || w.Rule(1) != nil || got != nil || each || w.Rule(-1).InBody() {
		t.Error("a rule of no surface")
	}
	if _, each := newWorker(t, surface("login", `"spraying": {"clients": 3}`)).Rule(0).Fields(); !each {
		t.Error("of a login, not each field counts")
	}
	for kind, want := range map[string]bool{"api": false, "mcp": false, "oauth-token": true, "oauth-consent": true, "login": true} {
		if got := newWorker(t, surface(kind, `"spraying": {"clients": 3}`)).Rule(0).InBody(); got != want {
			t.Errorf("%s logs in by its body: %v", kind, got)
		}
	}
	if !newWorker(t, surface("api", `"count_anonymous": true, "spraying": {"clients": 3}`)).Rule(0).InBody() {
		t.Error("where anonymous failures count, the body does not log in")
	}
}

// A State without a rule does nothing, whatever is asked of it; neither does that of an
// allowed client.
func TestStateWithoutRule(t *testing.T) {
	w := newWorker(t, surface("api", ``))
	all := newWorker(t, surface("oauth-token", `"stuffing": {"credentials": 2}, "spraying": {"clients": 2}, "keys": [{"per": ["account"], "failures": 1}]`))
	for range 3 {
		w.fail(&request{credential: "c", account: "a", inForm: "b"})
		all.fail(&request{credential: "c", account: "a", inForm: "b", allowed: true})
	}
	if reason, _ := w.ask(&request{credential: "c", account: "a"}); reason != "" {
		t.Errorf("%s without a rule", reason)
	}
	var zero State
	zero.NeedNoTurn()
	if v := zero.Explain(); zero.StuffingKey() != (table.Key{}) || zero.Accounts() != 0 || v.Attempts != nil || v.Stuffing != (counter.View{}) {
		t.Errorf("the zero State says %+v", v)
	}
	zero.Reset()
	for _, w := range []*worker{w, all} {
		for _, call := range w.host.Calls {
			if call != "now" { // the test's own
				t.Errorf("a host call: %s", call)
			}
		}
	}
}

// What a stream did leaves nothing to the next one, and costs it no memory.
func TestReset(t *testing.T) {
	w := newWorker(t, surface("api", `"stuffing": {"credentials": 9}, "spraying": {"clients": 9, "action": "slow"}, "keys": [{"per": ["account"], "failures": 9}, {"per": ["credential"], "failures": 9}]`))
	client, q := clientAt(""), &request{}
	principal := []byte("p")
	var s State
	pass := func() {
		s.Begin(w.Rule(0), &client)
		s.Principal(principal)
		s.Credential(principal)
		s.Account("alice", false)
		s.Account("bob", true)
		if _, refused := Check(&s, q); refused {
			t.Error("refused")
		}
		if len(s.targets) != 5 || s.Accounts() != 2 || !s.hasPair {
			t.Errorf("%d targets, %d accounts", len(s.targets), s.Accounts())
		}
		s.Reset()
		w.host.Calls = w.host.Calls[:0]
	}
	pass()
	if kept := s.accounts[:2]; kept[0] != "" || s.hasPair || s.rule != nil || s.client != nil {
		t.Errorf("a trace is left: %+v", s)
	}
	if n := testing.AllocsPerRun(100, pass); n != 0 {
		t.Errorf("a passing request allocates %v times", n)
	}
}

// The counter that refuses an attempt shows, and only that one.
func TestExplainRefuses(t *testing.T) {
	for _, row := range []struct {
		name, lockout string
		before        func(w *worker, q *request)
		want          string
	}{
		{"nothing", `"keys": [{"per": ["credential"], "failures": 2}]`, func(w *worker, q *request) { w.fail(q) }, "0:false"},
		{"a key that locks", `"keys": [{"per": ["account"], "failures": 9}, {"per": ["credential"], "failures": 1, "action": "lock"}]`,
			func(w *worker, q *request) { w.fail(q) }, "1:true 0:false"},
		{"the turn of another request", `"keys": [{"per": ["credential"], "failures": 9}, {"per": ["account"], "failures": 1}]`,
			func(w *worker, q *request) { w.fail(q); w.ask(q) }, "0:false 1:true"},
		{"spraying", `"spraying": {"clients": 2, "action": "slow"}`, func(w *worker, q *request) {
			w.fail(q)
			w.fail(&request{account: q.account, client: "192.0.2.2"})
			w.ask(q)
		}, "-1:true"},
	} {
		w := newWorker(t, surface("api", row.lockout))
		q := &request{credential: "c", account: "alice"}
		row.before(w, q)
		s := w.begin(q)
		if _, refused := Check(s, q); !refused {
			s.TakeTurns()
		}
		var got []string
		for _, a := range s.Explain().Attempts {
			got = append(got, fmt.Sprint(a.Key, ":", a.Refuses))
		}
		if strings.Join(got, " ") != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
		if s.NeedNoTurn(); slices.ContainsFunc(s.Explain().Attempts, func(a AttemptView) bool { return a.Refuses }) {
			t.Errorf("%s: it refuses although it will be asked again", row.name)
		}
	}
}

// What counts for stuffing and spraying depends on the surface: where the body logs in,
// a credential in the headers is not what is tried.
func TestExplainSignals(t *testing.T) {
	const both = `"stuffing": {"credentials": 3}, "spraying": {"clients": 2}`
	for _, row := range []struct {
		kind, lockout  string
		request        request
		stuffs, sprays bool
	}{
		{"api", both, request{}, false, false},
		{"api", both, request{credential: "c"}, true, false},
		{"api", both, request{credential: "c", account: "alice"}, true, true},
		{"oauth-consent", both, request{credential: "c"}, false, false},
		{"oauth-consent", both, request{inForm: "alice"}, true, true},
		{"oauth-consent", `"stuffing": {"credentials": 3}`, request{inForm: "alice"}, true, false},
		{"oauth-consent", `"spraying": {"clients": 2}`, request{inForm: "alice"}, false, true},
		{"api", both, request{credential: "c", account: "alice", allowed: true}, false, false},
	} {
		w := newWorker(t, surface(row.kind, row.lockout))
		v := w.begin(&row.request).Explain()
		if v.Stuffs != row.stuffs || v.Sprays != row.sprays {
			t.Errorf("%s, %s: %+v counts for stuffing: %v, and for spraying: %v", row.kind, row.lockout, row.request, v.Stuffs, v.Sprays)
		}
		before := v.Stuffing.Count
		w.fail(&row.request)
		if counted := w.begin(&row.request).Explain().Stuffing.Count > before; counted != row.stuffs {
			t.Errorf("%s, %s: %+v is counted for stuffing: %v", row.kind, row.lockout, row.request, counted)
		}
	}
}

// A turn that another worker takes between the check and the turn shows, too.
func TestExplainLostTurn(t *testing.T) {
	w := newWorker(t, surface("api", `"keys": [{"per": ["account"], "failures": 1}]`))
	q := &request{account: "alice"}
	w.fail(q)
	s, other := w.begin(q), w.another()
	if _, refused := Check(s, q); refused {
		t.Fatal("refused at once")
	}
	other.ask(q)
	if _, refused := s.TakeTurns(); !refused || !s.Explain().Attempts[0].Refuses {
		t.Errorf("refused: %v, %+v", refused, s.Explain())
	}
}

func TestExplain(t *testing.T) {
	w := newWorker(t, surface("api", `"stuffing": {"credentials": 3, "window": "10m"}, "spraying": {"clients": 2, "window": "1h", "action": "slow"},
		"keys": [{"per": ["credential"], "failures": 2, "window": "5m", "action": "lock"}, {"per": ["account"], "failures": 9, "window": "5m"}]`))
	q := &request{credential: "c", account: "alice"}
	w.fail(q)
	w.host.Time += 1000
	w.fail(q)
	sets := len(w.host.Data)
	w.host.Forget()
	got := w.begin(q).Explain()
	want := []AttemptView{
		{0, false, counter.View{Count: 2, WindowEnd: 1_300_000, LockedUntil: 1_300_000}},
		{1, false, counter.View{Count: 2, WindowEnd: 1_301_000}},
		{-1, false, counter.View{Count: 1, WindowEnd: 4_600_000}},
	}
	if len(got.Attempts) != len(want) || got.Stuffing != (counter.View{Count: 1, WindowEnd: 1_600_000}) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got.Attempts[i] != want[i] {
			t.Errorf("attempt %d: %+v, want %+v", i, got.Attempts[i], want[i])
		}
	}
	for _, call := range w.host.Calls {
		if call == "set" {
			t.Error("to explain is to look only")
		}
	}
	w.host.Time += 2 * 3600 * 1000
	if got := w.begin(q).Explain(); got.Stuffing != (counter.View{}) || got.Attempts[0].View != (counter.View{}) {
		t.Errorf("expired counters: %+v", got)
	}
	if len(w.host.Data) != sets {
		t.Error("it created a set")
	}
}
