package mcp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// worker is the room of a configuration with the surfaces "tools", an MCP server, and
// "rest".
type worker struct {
	*Room
	config  *config.Config
	host    *fakehost.Host
	metrics *report.Metrics
	out     []byte // scratch: of a list
}

// newWorker returns a worker. mcp is the configuration of its room, without braces.
func newWorker(t testing.TB, mcp string) *worker {
	t.Helper()
	c := fakehost.ParseConfig(t, `{"identity": [{"source": "headers", "subject": "x-user", "scopes": "x-scopes", "tier": "x-tier"}],
		"surfaces": [{"name": "tools", "kind": "mcp", "match": [{"prefix": "/mcp"}]}, {"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}],
		"mcp": {`+mcp+`}}`)
	host := fakehost.New()
	metrics := report.NewMetrics(host)
	return &worker{Room: New(c, host, metrics), config: c, host: host, metrics: metrics}
}

// begin is a POST of JSON without a known length. headers are pairs of name and value, and
// replace these.
func (w *worker) begin(headers ...string) *State {
	s := &State{}
	w.beginWith(s, false, append([]string{":method", "POST", ":path", "/mcp", "content-type", "application/json"}, headers...)...)
	return s
}

func (w *worker) beginWith(s *State, end bool, headers ...string) {
	list := fakehost.Headers(headers...)
	for i := len(list) - 1; i >= 0; i-- { // of :method and content-type, the last one holds
		for j := 0; j < i; j++ {
			if name := list[i].Name; name == list[j].Name && (name == ":method" || name == "content-type") {
				list[j].Value = list[i].Value
				list = append(list[:i], list[i+1:]...)
				break
			}
		}
	}
	t, d := request.Read(list)
	s.Begin(w.Rule(0), list, &t, &d, end)
}

// read is a request with this body.
func (w *worker) read(body string, headers ...string) *State {
	s := w.begin(headers...)
	if s.Awaits() {
		s.Read([]byte(body))
	}
	return s
}

func call(id, tool, arguments string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + arguments + `}}`
}

func of(tier string) *caller.Identity { return &caller.Identity{Verified: true, Tier: tier} }

func TestRule(t *testing.T) {
	w := newWorker(t, `"max_body": 2048`)
	if w.Rule(0) == nil || w.Rule(1) != nil || w.Rule(-1) != nil || w.Rule(2) != nil {
		t.Error("the room reads other surfaces than the MCP server's")
	}
	if w.Rule(0).MaxBody() != 2048 || (*Rule)(nil).MaxBody() != 0 {
		t.Errorf("the largest body has %d bytes", w.Rule(0).MaxBody())
	}
	host := fakehost.New()
	off := New(fakehost.ParseConfig(t, `{}`), host, report.NewMetrics(host))
	if off.Rule(0) != nil || off.Rule(2) != nil || len(host.Names) > 0 {
		t.Errorf("a room without configuration has the metrics %q", host.Names)
	}
}

// TestZeroState: all methods of a state without a rule may be called.
func TestZeroState(t *testing.T) {
	var s State
	s.Begin(nil, nil, &request.Target{}, &request.Details{}, false)
	s.Read([]byte("{"))
	s.Refused(&refusal.Refusal{Reason: refusal.Malformed})
	why := refusal.Refusal{Reason: refusal.TierDenied}
	if _, refused := s.Check(); refused || s.Awaits() || s.Reads() || (s.flaw != sound) || s.NeedsTier() || s.MaxBody() != 0 || !s.NamesID() ||
		s.Cost() != 0 || len(s.Scopes()) > 0 || *s.Words(&why) != (refusal.Words{}) || s.View() != (View{}) {
		t.Errorf("does something: %+v", s)
	}
	if _, refused := s.CheckTier(&caller.Identity{}); refused {
		t.Error("refuses for a tier")
	}
}

// TestAwaits: a request with a body is decided about when that was read.
func TestAwaits(t *testing.T) {
	w := newWorker(t, `"tools": [{"name": "t", "scopes": ["x"]}]`)
	for _, row := range []struct {
		name    string
		end     bool
		headers []string
		awaits  bool
	}{
		{"a message", false, []string{":method", "POST", "content-type", "application/json"}, true},
		{"no body", true, []string{":method", "POST", "content-type", "application/json"}, false},
		{"a stream", true, []string{":method", "GET"}, false},
		{"a stream with a body", false, []string{":method", "GET", "content-type", "application/json"}, true},
		{"the end of a session", true, []string{":method", "DELETE"}, false},
		{"a WebSocket", false, []string{":method", "GET", "upgrade", "websocket"}, false},
		{"an upgrade that is none", false, []string{":method", "POST", "content-type", "application/json", "upgrade", "websocket"}, true},
	} {
		var s State
		w.beginWith(&s, row.end, row.headers...)
		if s.Awaits() != row.awaits || (s.flaw != sound) {
			t.Errorf("%s: awaits %v, malformed %v", row.name, s.Awaits(), (s.flaw != sound))
		}
		if !s.Reads() {
			t.Errorf("%s: is not read", row.name)
		}
	}
}

// TestStatesAreUsedAgain: nothing of a request is left for the next one.
func TestStatesAreUsedAgain(t *testing.T) {
	w := newWorker(t, `"tiers": ["pro"], "tools": [{"name": "t", "scopes": ["x"], "tier": "pro", "cost": 5}, {"name": "u", "scopes": []}]`)
	s := w.read(call("1", "t", "{}"))
	if s.Cost() != 5 || !s.NeedsTier() || strings.Join(s.Scopes(), " ") != "x" || len(s.calls) != 1 {
		t.Fatalf("the first: %+v", s)
	}
	w.beginWith(s, false, ":method", "POST", "content-type", "application/json")
	if s.Read([]byte(call("2", "u", "{}"))); s.Cost() != 0 || s.NeedsTier() || len(s.Scopes())+len(s.calls) > 0 || (s.flaw != sound) || s.View() != (View{}) {
		t.Errorf("the second: %+v", s)
	}
	for _, m := range w.messages[:cap(w.messages)] {
		if m.Method != "" || m.ID != "" {
			t.Errorf("the room keeps a message: %+v", m)
		}
	}
	s = w.read("[")
	w.beginWith(s, true, ":method", "GET")
	if (s.flaw != sound) || s.Awaits() {
		t.Errorf("the third: %+v", s)
	}
}

func TestMetrics(t *testing.T) {
	w := newWorker(t, `"tiers": ["pro"], "tools": [{"name": "t", "scopes": [], "tier": "pro"}]`)
	for _, row := range []struct {
		s      *State
		reason refusal.Reason
	}{
		{w.read(call("1", "t", "{}")), refusal.TierDenied}, {w.read("["), refusal.Malformed}, {w.read("{}"), refusal.Malformed},
		{w.read("{}"), refusal.LockedOut},
	} {
		row.s.Refused(&refusal.Refusal{Reason: row.reason})
	}
	w.metrics.Flush()
	for reason, want := range map[string]uint64{"tier_denied": 1, "malformed": 2} {
		if got := w.host.Value(t, "gatewarden_rate_limited_requests_total.surface.tools.reason."+reason); got != want {
			t.Errorf("%s: %d, want %d", reason, got, want)
		}
	}
}

// TestReadingAllocatesLittle holds what a call of the last of many tools allocates, and a
// list of tools that is filtered: memory serves again, and nothing is copied to be compared.
func TestReadingAllocatesLittle(t *testing.T) {
	var tools []string
	for i := range 1000 {
		tools = append(tools, fmt.Sprintf(`{"name": "tool_%d", "scopes": []}`, i))
	}
	w := newWorker(t, `"other_tools": {"scopes": ["all"]}, "tools": [`+strings.Join(tools, ",")+`, {"name": "last", "scopes": [], "cost": 2, "arguments": [
		{"argument": "quality", "times": {"standard": 1, "premium": 3}}]}]`)
	post := fakehost.Headers(":method", "POST", ":path", "/mcp", "content-type", "application/json")
	target, details := request.Read(post)
	exchange := func(s *State, body, answer []byte) (out []byte) {
		s.Begin(w.Rule(0), post, &target, &details, false)
		s.Read(body)
		s.Passed(true)
		s.AnswerHeaders(200, "application/json", false)
		if filters, _ := s.ListHeaders("application/json", "", nobody, none); filters {
			out = s.ListBody(w.out[:0], answer)
		}
		s.AnswerBody(answer, true)
		s.Done(true)
		return out
	}
	w.out = make([]byte, 0, 1024)
	for _, row := range []struct {
		name, body, answer, passes string
		most                       float64
	}{
		{"a call", call("1", "last", `{"prompt":"`+strings.Repeat("A cat on a mat. ", 60)+`","quality":"premium"}`), `{"jsonrpc":"2.0","id":1,"result":{"content":[]}}`, "", 2},
		{"a list", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"last"},{"name":"x"}]}}`,
			`{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"last"}]}}`, 1},
	} {
		s, body, answer := &State{}, []byte(row.body), []byte(row.answer)
		if got := string(exchange(s, body, answer)); got != row.passes || s.Settling() {
			t.Errorf("%s: %s passes, want %s", row.name, got, row.passes)
		}
		if n := testing.AllocsPerRun(100, func() { exchange(s, body, answer) }); n > row.most {
			t.Errorf("%s: %v allocations", row.name, n)
		}
	}
}

var nobody = &caller.Identity{}

func none(scopes []string) bool { return len(scopes) == 0 }
