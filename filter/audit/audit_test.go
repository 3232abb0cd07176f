package audit

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/table"
)

// worker is the room of a configuration.
type worker struct {
	*Room
	host    *fakehost.Host
	metrics *report.Metrics
}

func newWorker(t testing.TB, json string) *worker {
	t.Helper()
	c, host := fakehost.ParseConfig(t, json), fakehost.New()
	host.Wall = 1_700_000_000_000
	m, counters := report.NewMetrics(host), table.New(host, fakehost.Seed, 100)
	w := &worker{New(c, host, report.NewLog(&c.Log, host, counters, m), counters, m), host, m}
	host.Forget()
	return w
}

// keep decides about a request, and returns the line about it, "" without one.
func (w *worker) keep(d Decision, headers ...string) string {
	var s State
	s.Begin(w.Room, "POST", fakehost.Headers(headers...))
	before := len(w.host.Log)
	if d.Identity == nil {
		d.Identity = &caller.Identity{}
	}
	if s.Keeps(d.Outcome) {
		s.Write(&d)
	}
	return strings.Join(w.host.Log[before:], "\n")
}

// counted returns what became of the lines.
func (w *worker) counted(t *testing.T) string {
	t.Helper()
	w.metrics.Flush()
	of := func(outcome string) uint64 { return w.host.Value(t, "gatewarden_audit_lines_total.outcome."+outcome) }
	return fmt.Sprintf("%d written, %d sampled out, %d dropped", of("written"), of("sampled_out"), of("dropped"))
}

var client = netip.MustParsePrefix("192.0.2.1/32")

func TestLines(t *testing.T) {
	alice := &caller.Identity{Verified: true, Subject: "alice", Tenant: "acme", Tier: "pro", Scopes: []string{"secret"}}
	for _, row := range []struct {
		name    string
		d       Decision
		headers []string
		want    string // behind the time
	}{
		{"the least", Decision{Outcome: config.AuditMalformed}, nil, `"outcome":"malformed","client":"unknown","http_method":"POST","cost":0}`},
		{"the most", Decision{
			Outcome: config.AuditQuotaExceeded, Surface: "mcp", Client: client, Identity: alice, Method: "tools/call", Tool: `a "tool"`,
			Cost: 40, Messages: 3, Reason: "credits", Shadow: true,
		}, []string{"x-request-id", "id-1", "authorization", "Bearer secret", "x-request-id", "id-2"},
			`"outcome":"quota_exceeded","surface":"mcp","client":"192.0.2.1","subject":"alice","tenant":"acme","tier":"pro","http_method":"POST",` +
				`"method":"tools/call","tool":"a \"tool\"","cost":40,"messages":3,"reason":"credits","shadow":true,"request_id":"id-1"}`},
		{"claims that nobody verified", Decision{Outcome: config.AuditAllowed, Surface: "rest", Client: client, Identity: &caller.Identity{Subject: "eve", Tier: "pro"}, Messages: 1}, nil,
			`"outcome":"allowed","surface":"rest","client":"192.0.2.1","http_method":"POST","cost":0}`},
	} {
		want := `gatewarden: audit {"time":"2023-11-14T22:13:20.000Z",` + row.want
		if got := newWorker(t, `{"audit": {}}`).keep(row.d, row.headers...); got != want {
			t.Errorf("%s: %s\nwant %s", row.name, got, want)
		}
	}
}

// TestForms: clients have the form of the log, names that of audit.identity, which is that of
// the log if it says nothing.
func TestForms(t *testing.T) {
	d := Decision{Outcome: config.AuditAllowed, Client: client, Identity: &caller.Identity{Verified: true, Subject: "alice", Tenant: "acme", Tier: "pro"}}
	for _, row := range []struct{ log, audit, client, names string }{
		{"full", ``, "192.0.2.1", "clear"},
		{"full", `"identity": "hash"`, "192.0.2.1", "hash"},
		{"truncated", ``, "192.0.2.0/24", "hash"},
		{"hash", ``, "", "hash"},
		{"hash", `"identity": "clear"`, "", "clear"},
	} {
		w := newWorker(t, `{"log": {"client": "`+row.log+`"}, "audit": {`+row.audit+`}}`)
		line := w.keep(d)
		var got struct{ Client, Subject, Tenant, Tier string }
		if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "gatewarden: audit ")), &got); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		want := row.client
		if want == "" {
			want = w.names.Client(client)
		}
		subject, tenant := "alice", "acme"
		if row.names == "hash" {
			subject, tenant = w.names.Hash(subject), w.names.Hash(tenant)
		}
		if got.Client != want || got.Subject != subject || got.Tenant != tenant || got.Tier != "pro" {
			t.Errorf("%+v: %s", row, line)
		}
		if (row.client != "192.0.2.1" && strings.Contains(line, "192.0.2.1")) || row.names == "hash" && strings.Contains(line, "alice") {
			t.Errorf("%+v: %s shows what is to be hidden", row, line)
		}
	}
}

// TestSample: of many decisions the configured part is kept, whichever outcomes come between.
func TestSample(t *testing.T) {
	w := newWorker(t, `{"audit": {"lines_per_second": 10000, "sample": {"allowed": 0.25, "locked_out": 0, "refunded": 0.75}}}`)
	kept := map[config.AuditOutcome]int{}
	for range 4000 {
		for o := range config.NumAuditOutcomes {
			if w.host.Wall += 1000; w.keep(Decision{Outcome: o}) != "" {
				kept[o]++
			}
		}
	}
	near := func(o config.AuditOutcome, want int) {
		t.Helper()
		if got := kept[o]; got < want-200 || got > want+200 {
			t.Errorf("%d of 4000 are kept of %s, want about %d", got, o, want)
		}
	}
	near(config.AuditAllowed, 1000)
	near(config.AuditRefunded, 3000)
	if kept[config.AuditLockedOut] != 0 || kept[config.AuditTierDenied] != 4000 || kept[config.AuditMalformed] != 4000 {
		t.Errorf("kept: %v", kept)
	}
	sampled := 3*4000 - kept[config.AuditAllowed] - kept[config.AuditRefunded]
	if want := fmt.Sprintf("%d written, %d sampled out, 0 dropped", 11*4000-sampled, sampled); w.counted(t) != want {
		t.Errorf("%s, want %s", w.counted(t), want)
	}
}

// TestRate: refusals do not crowd out other lines, and the next line tells how many are missing.
func TestRate(t *testing.T) {
	w := newWorker(t, `{"audit": {"lines_per_second": 2}}`)
	say := func(want string, outcomes ...config.AuditOutcome) {
		t.Helper()
		got := ""
		for _, o := range outcomes {
			switch line := w.keep(Decision{Outcome: o}); {
			case line == "":
				got += "-"
			case strings.Contains(line, `"dropped_before":2}`):
				got += "2"
			case strings.Contains(line, "dropped_before"):
				got += "?"
			default:
				got += "+"
			}
		}
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	const yes, no, back = config.AuditAllowed, config.AuditLockedOut, config.AuditRefunded
	say("++--2+", no, no, no, no, yes, back)
	w.host.Wall -= 60_000 // a clock that steps back
	say("--", no, yes)
	w.host.Wall += 500
	say("2-", no, no)
	if got := w.counted(t); got != "5 written, 0 sampled out, 5 dropped" {
		t.Error(got)
	}
}

func TestOutcomes(t *testing.T) {
	for _, reason := range []refusal.Reason{
		refusal.LockedOut, refusal.RateLimited, refusal.QuotaExceeded, refusal.Malformed, refusal.AuthDenied, refusal.StoreUnavailable,
		refusal.OverCapacity, refusal.InsufficientScope, refusal.TierDenied,
	} {
		if got := OutcomeOf(reason); got.String() != string(reason) {
			t.Errorf("%s is %s", reason, got)
		}
	}
	if got := OutcomeOf(refusal.BypassDenied); got != config.AuditAuthDenied {
		t.Errorf("a bypass that is denied is %s", got)
	}
}

// TestOff: without a configuration nothing is kept, and nothing is called, counted or
// allocated.
func TestOff(t *testing.T) {
	w := newWorker(t, `{}`)
	headers := fakehost.Headers("x-request-id", "1")
	if n := testing.AllocsPerRun(100, func() {
		var s State
		s.Begin(w.Room, "GET", headers)
		if s.Keeps(config.AuditAllowed) || s != (State{}) {
			t.Error("something is kept")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	(&State{}).Write(&Decision{})
	if len(w.host.Calls) > 0 || strings.Contains(strings.Join(w.host.Names, " "), "audit") {
		t.Errorf("calls %q, metrics %q", w.host.Calls, w.host.Names)
	}
}

// TestCost holds what a line costs: two calls of the proxy. What is not kept costs none, and
// what is dropped one.
func TestCost(t *testing.T) {
	for text, want := range map[string]string{
		`{"audit": {"lines_per_second": 1}}`:                             "wall now, log, wall now",
		`{"audit": {"lines_per_second": 1, "sample": {"malformed": 0}}}`: "",
	} {
		w := newWorker(t, text)
		w.keep(Decision{Outcome: config.AuditMalformed})
		w.keep(Decision{Outcome: config.AuditMalformed})
		if got := strings.Join(w.host.Calls, ", "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
