package bypass

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/table"
)

const bypassConfig = `{"log": {"client": "full", "per_second": 2}, "identity": [{"source": "headers", "subject": "x-user", "tenant": "x-org", "roles": "x-roles"}],
	"bypass": {"roles": ["admin", "on call"]}, "surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}]}]}`

const used, denied = "gatewarden_bypass_total.surface.a.outcome.used", "gatewarden_bypass_total.surface.a.outcome.denied"

type worker struct {
	*Room
	host    *fakehost.Host
	metrics *report.Metrics
	log     *report.Log
}

func newWorker(t testing.TB, json string) *worker {
	t.Helper()
	c, host := fakehost.ParseConfig(t, json), fakehost.New()
	metrics := report.NewMetrics(host)
	log := report.NewLog(&c.Log, host, table.New(host, fakehost.Seed, 1), metrics)
	w := &worker{New(c, host, log, metrics), host, metrics, log}
	host.Forget()
	return w
}

var (
	client = caller.Client{Prefix: netip.MustParsePrefix("192.0.2.1/32")}
	asking = fakehost.Headers("x-gatewarden-bypass", "true")
)

func with(subject string, roles ...string) *caller.Identity {
	return &caller.Identity{Verified: true, Subject: subject, Tenant: "acme", Roles: roles}
}

func (w *worker) ask(headers []proxy.Header, id *caller.Identity) (s State, why refusal.Refusal, refused bool) {
	s.Read(w.Room, headers)
	s.Begin(w.Rule(0))
	why, refused = s.Decide(&client, id)
	if refused {
		s.Refused()
	}
	return s, why, refused
}

func (w *worker) value(t *testing.T, name string) uint64 {
	w.metrics.Flush()
	return w.host.Value(t, name)
}

func TestDecide(t *testing.T) {
	for _, row := range []struct {
		name             string
		headers          []proxy.Header
		id               *caller.Identity
		granted, refused bool
	}{
		{"the role", asking, with("alice", "user", "admin"), true, false},
		{"a role with a blank", asking, with("alice", "on call"), true, false},
		{"no role", asking, with("alice"), false, true},
		{"other roles", asking, with("alice", "user", "Admin", "admin ", "on", ""), false, true},
		{"nobody", asking, &caller.Identity{}, false, false},
		{"a claim that nobody verified", asking, &caller.Identity{Roles: []string{"admin"}}, false, false},
		{"without asking", nil, with("alice", "admin"), false, false},
		{"without asking, without the role", nil, with("alice"), false, false},
	} {
		w := newWorker(t, bypassConfig)
		s, why, refused := w.ask(row.headers, row.id)
		if s.Asked() != (row.headers != nil) || s.Granted() != row.granted || refused != row.refused {
			t.Errorf("%s: asked %v, granted %v, refused %v", row.name, s.Asked(), s.Granted(), refused)
		}
		want := refusal.Refusal{}
		if row.refused {
			want = refusal.Refusal{Reason: refusal.BypassDenied, Now: w.host.Time}
		}
		if why != want {
			t.Errorf("%s: %+v", row.name, why)
		}
		for name, is := range map[string]bool{used: row.granted, denied: row.refused} {
			if got := w.value(t, name) == 1; got != is {
				t.Errorf("%s: %s %v", row.name, name, got)
			}
		}
	}
}

func TestRead(t *testing.T) {
	for _, row := range []struct {
		name, value string
		asked       bool
		removed     string
	}{
		{"x-gatewarden-bypass", "true", true, "x-gatewarden-bypass"},
		{"x-gatewarden-bypass", " \tTRUE ", true, "x-gatewarden-bypass"},
		{"x-gatewarden-bypass", "1", false, "x-gatewarden-bypass"},
		{"x-gatewarden-bypass", "false", false, "x-gatewarden-bypass"},
		{"x-gatewarden-bypass", "true, true", false, "x-gatewarden-bypass"},
		{"x-gatewarden-bypass", "", false, "x-gatewarden-bypass"},
		{"x_gatewarden_bypass", "true", false, "x_gatewarden_bypass"}, // only a service may read it
		{"x-gatewarden_bypass", "true", false, "x-gatewarden_bypass"},
		{"x-gatewarden-bypas", "true", false, ""},
		{"x-gatewarden-bypass2", "true", false, ""},
		{"x.gatewarden.bypass", "true", false, ""},
	} {
		w := newWorker(t, bypassConfig)
		w.host.Request = fakehost.Headers(":path", "/a", row.name, row.value)
		var s State
		s.Read(w.Room, w.host.Request)
		removed := ""
		if len(w.host.Request) == 1 {
			removed = row.name
		}
		if s.Asked() != row.asked || removed != row.removed {
			t.Errorf("%s: %q: asked %v, removed %q", row.name, row.value, s.Asked(), removed)
		}
	}
	// One of several lines is enough.
	w := newWorker(t, bypassConfig)
	var s State
	if s.Read(w.Room, fakehost.Headers("x-gatewarden-bypass", "true", "x-gatewarden-bypass", "no")); !s.Asked() {
		t.Error("the second line takes the first one back")
	}
}

// The log has a rate of its own for uses, and the counter has all of them.
func TestEveryUseIsCounted(t *testing.T) {
	w := newWorker(t, bypassConfig)
	for w.log.Allows(report.Decision, w.host.Time) || w.log.Allows(report.Signal, w.host.Time) {
	}
	before := w.value(t, "gatewarden_log_suppressed_total")
	for range 5 {
		w.ask(asking, with("alice", "admin"))
	}
	if got := w.value(t, used); got != 5 {
		t.Errorf("%d uses are counted, want 5", got)
	}
	if got := w.value(t, "gatewarden_log_suppressed_total") - before; len(w.host.Log) != 2 || got != 3 {
		t.Errorf("%q, %d left out", w.host.Log, got)
	}
}

func TestWhoUsesTheBypass(t *testing.T) {
	for _, row := range []struct{ form, user, want string }{
		{"full", "alice", `gatewarden: bypass surface=a client=192.0.2.1 subject="alice" tenant="acme" role="admin"`},
		{"full", `a" role="x`, `gatewarden: bypass surface=a client=192.0.2.1 subject="a\" role=\"x" tenant="acme" role="admin"`},
		{"full", "", `gatewarden: bypass surface=a client=192.0.2.1 tenant="acme" role="admin"`},
		{"hash", "alice", ""},
		{"truncated", "alice", ""},
	} {
		w := newWorker(t, strings.Replace(bypassConfig, "full", row.form, 1))
		w.ask(asking, with(row.user, "admin"))
		if len(w.host.Log) != 1 || row.want != "" && w.host.Log[0] != row.want {
			t.Errorf("%s: %q, want %s", row.form, w.host.Log, row.want)
		}
		if row.want == "" && (strings.Contains(w.host.Log[0], "alice") || strings.Contains(w.host.Log[0], "acme") || !strings.Contains(w.host.Log[0], "subject=")) {
			t.Errorf("%s: %q", row.form, w.host.Log)
		}
	}
}

// The log line of a refusal names the caller.
func TestAppendIdentity(t *testing.T) {
	w := newWorker(t, bypassConfig)
	s, _, _ := w.ask(asking, with("eve"))
	for id, want := range map[*caller.Identity]string{
		with("eve"):           ` subject="eve" tenant="acme"`,
		{Subject: "a\nb"}:     ` subject="a\nb"`,
		{Tenant: "x"}:         ` tenant="x"`,
		{}:                    "",
		{Roles: []string{""}}: "",
	} {
		if got := string(s.AppendIdentity(report.NewLine("refusal"), id).Buffer); got != "gatewarden: refusal"+want {
			t.Errorf("%q", got)
		}
	}
}

// A request that does not ask costs nothing; one that asks costs the removal of the
// header, and the time when it is decided.
func TestCost(t *testing.T) {
	w := newWorker(t, bypassConfig)
	alice := with("alice", "admin")
	none, id := fakehost.Headers(":path", "/a", "x-user", "alice"), &caller.Identity{}
	if n := testing.AllocsPerRun(100, func() { w.ask(none, alice) }); n != 0 || len(w.host.Calls) != 0 {
		t.Errorf("%v allocations, %q", n, w.host.Calls)
	}
	w.ask(asking, id)
	if want := []string{"remove request header x-gatewarden-bypass"}; !slices.Equal(w.host.Calls, want) {
		t.Errorf("an unverified caller: %q", w.host.Calls)
	}
	w.host.Forget()
	s, _, _ := w.ask(asking, alice)
	s.Decide(&client, alice) // again, as for a request that was held
	if want := []string{"remove request header x-gatewarden-bypass", "now", "log"}; !slices.Equal(w.host.Calls, want) || !s.Granted() {
		t.Errorf("a use: %q", w.host.Calls)
	}
}

// Without a bypass in the configuration, the header is one like any other.
func TestNoBypass(t *testing.T) {
	w := newWorker(t, `{"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}]}]}`)
	s, _, refused := w.ask(append(asking, proxy.Header{}), with("alice", "admin"))
	if s.Asked() || s.Granted() || refused || w.Rule(0) != nil || len(w.host.Calls) != 0 {
		t.Errorf("%+v, %q", s, w.host.Calls)
	}
	if w.value(t, used) != 0 { // it is defined
		t.Error("a use is counted")
	}
	var zero State
	zero.Refused()
	if line := zero.AppendIdentity(nil, with("alice")); line != nil || *zero.Words() != (refusal.Words{}) {
		t.Errorf("the zero State says %s", line)
	}
	if w := newWorker(t, bypassConfig); w.Rule(-1) != nil || w.Rule(1) != nil || w.Rule(0) == nil {
		t.Error("a rule of no surface")
	}
}

func TestWords(t *testing.T) {
	w := newWorker(t, bypassConfig)
	s, why, _ := w.ask(asking, with("eve"))
	words := s.Words()
	cors := refusal.NewCORS(&fakehost.ParseConfig(t, "").CORS, "")
	const message = "The header x-gatewarden-bypass needs a role that you do not have. Send the request without it."
	for form, want := range map[refusal.Form]string{
		refusal.ProblemForm: `{"type":"about:blank","title":"Precondition Required","status":428,"detail":"` + message + `"}`,
		refusal.JSONRPCForm: `{"jsonrpc":"2.0","error":{"code":428,"message":"` + message + `","data":{"reason":"bypass_denied"}}}`,
		refusal.GRPCForm:    message,
	} {
		got := cors.Reply(words, &why, &refusal.Recipient{Form: form})
		if string(got.Body) != want || got.Status != 428 || got.GRPC != 9 || got.Details != "gatewarden_bypass_denied" || fakehost.First(got.Headers, "cache-control") != "no-store" {
			t.Errorf("%+v %s", got, got.Body)
		}
	}
}

// Whatever a header is called and says: no service sees it in a spelling that it may
// read as the configured one, and only the configured name with "true" asks.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"x-gatewarden-bypass", "x_gatewarden-bypass", "x-gatewarden-bypass ", "", "_", "authorization"} {
		for _, value := range []string{"true", " True\t", "", "1", "true\x00", "t\u017frue"} {
			f.Add(name, value)
		}
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		w := newWorker(t, bypassConfig)
		w.host.Request = fakehost.Headers("x-other", "true", name, value)
		var s State
		s.Read(w.Room, w.host.Request)
		same := strings.ReplaceAll(name, "_", "-") == "x-gatewarden-bypass"
		asks := name == "x-gatewarden-bypass" && strings.ToLower(strings.Trim(value, "\t ")) == "true"
		if removed := len(w.host.Request) == 1; removed != same || s.Asked() != asks {
			t.Errorf("%q: %q: removed %v, asked %v", name, value, removed, s.Asked())
		}
	})
}
