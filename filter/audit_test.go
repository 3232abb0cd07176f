package filter

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// decided returns the audit lines so far, behind the time and without the members that are
// the same in all of them, and forgets them.
func decided(host *fakehost.Host) (lines []string) {
	for _, line := range host.Log {
		if json, is := strings.CutPrefix(line, `gatewarden: audit {"time":"1970-01-01T00:00:00.000Z","outcome":`); is {
			json = strings.NewReplacer(`"client":"192.0.2.1",`, "", `"http_method":"POST",`, "", `"surface":"mcp",`, "").Replace(json)
			lines = append(lines, strings.TrimSuffix(json, "}"))
		}
	}
	host.Log = nil
	return lines
}

const auditConfig = `{"allow_on_headers_stop_iteration": true, "audit": {"lines_per_second": 1000},
	"mcp": {"tools": [{"name": "image", "scopes": [], "cost": 20}, {"name": "ping", "scopes": []}], "other_tools": {"scopes": [], "cost": 1}},
	"quotas": [{"name": "b", "unit": "credits", "per": ["client"], "limit": 60, "window": "1h"},
		{"name": "w", "unit": "credits", "per": ["client"], "limit": 30, "window": "1h", "mode": "shadow"}]}`

// TestDecisionLines shows which lines a call has.
func TestDecisionLines(t *testing.T) {
	const image = `"method":"tools/call","tool":"image","cost":20`
	f, host := newFilter(t, auditConfig)
	for _, row := range []struct {
		name, body   string
		status, says string // what the service answers
		want         []string
	}{
		{"a result", callOf("image"), "200", `{"id":7,"result":{}}`, []string{`"allowed",` + image}},
		{"an error, and a quota in shadow mode", callOf("image"), "200", `{"id":7,"error":{}}`, []string{
			`"quota_exceeded",` + image + `,"reason":"w","shadow":true`, `"allowed",` + image, `"refunded",` + image + `,"reason":"error"`,
		}},
		{"no answer", callOf("image"), "", "", []string{
			`"quota_exceeded",` + image + `,"reason":"w","shadow":true`, `"allowed",` + image, `"refunded",` + image + `,"reason":"unanswered"`,
		}},
		{"a batch of which one fails", `[` + callOf("ping") + `,` + strings.Replace(callOf("new"), "7", "8", 1) + `]`, "200", `[{"id":8,"result":{"isError":true}}]`, []string{
			`"allowed","method":"tools/call","tool":"ping","cost":0,"messages":2`, `"allowed","method":"tools/call","tool":"new","cost":1,"messages":2`,
			`"refunded","method":"tools/call","tool":"new","cost":1,"messages":2,"reason":"error"`,
		}},
		{"a batch that is refused", `[` + callOf("image") + `,` + strings.Replace(callOf("image"), "7", "8", 1) + `,` + strings.Replace(callOf("image"), "7", "9", 1) + `]`, "", "", []string{
			`"quota_exceeded","cost":60,"messages":3,"reason":"b"`,
		}},
		{"a body that cannot be read", `[`, "", "", []string{`"malformed","cost":0`}},
		{"a method", `{"id":7,"method":"tools/list"}`, "200", `{}`, []string{`"allowed","method":"tools/list","cost":0`}},
	} {
		host.Request, host.RequestData = posted(0), []byte(row.body)
		s := f.NewStream()
		s.RequestHeaders(false)
		s.RequestBody(len(row.body), true)
		answers(s, host, row.status, row.says)
		if got := decided(host); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", row.want) {
			t.Errorf("%s: %q\nwant %q", row.name, got, row.want)
		}
	}
}

// TestWhatIsNoDecision: a preflight asks for nothing, and a path of no surface and a surface
// without rules concern nobody.
func TestWhatIsNoDecision(t *testing.T) {
	f, host := newFilter(t, `{"audit": {}, "surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}]},
		{"name": "off", "kind": "api", "match": [{"prefix": "/off"}], "lockout": {"failures": 0}}]}`)
	for _, request := range [][]proxy.Header{
		get("/elsewhere"), get("/off"),
		hdr(":method", "OPTIONS", ":path", "/a", "origin", "https://x", "access-control-request-method", "GET"),
		hdr(":method", "OPTIONS", ":path", "/a?api_key=k", "origin", "https://x", "access-control-request-method", "GET"),
	} {
		if exchange(f, host, request, hdr(":status", "200")); len(host.Log) > 0 {
			t.Errorf("%q has the lines %q", request, host.Log)
		}
	}
	if exchange(f, host, get("/a"), hdr(":status", "200")); len(host.Log) != 1 {
		t.Errorf("lines %q", host.Log)
	}
}

// TestHostCallsOfDecisions: a line costs two calls of the proxy, and a decision that is not
// kept none.
func TestHostCallsOfDecisions(t *testing.T) {
	const begin, end = "request headers, property source.address, get", ", response header :status"
	for _, row := range []struct{ audit, want string }{
		{`"audit": {}`, begin + ", wall now, log" + end},
		{`"audit": {"sample": {"allowed": 0}}`, begin + end},
	} {
		f, host := newFilter(t, `{`+row.audit+`}`)
		exchange(f, host, get("/api/v1"), hdr(":status", "200"))
		if got := taken(host); got != row.want {
			t.Errorf("%s: %s\nwant %s", row.audit, got, row.want)
		}
	}
}

// TestToolCredits: the credits by tool are those by rule.
func TestToolCredits(t *testing.T) {
	for _, answer := range []string{`{"id":7,"result":{}}`, `{"id":7,"error":{}}`, `{"id":7,`, ""} {
		for _, tool := range []string{"image", "ping", "new"} {
			f, host := newFilter(t, auditConfig)
			for range 4 { // the fourth image has no credits left
				host.Request, host.RequestData = posted(0), []byte(callOf(tool))
				s := f.NewStream()
				s.RequestHeaders(false)
				s.RequestBody(len(host.RequestData), true)
				status := "200"
				if answer == "" || len(host.Replies) > 0 {
					status = ""
				}
				answers(s, host, status, answer)
			}
			label := map[string]string{"image": "image", "ping": "ping", "new": "other"}[tool]
			for _, outcome := range []string{"reserved", "committed", "refunded"} {
				byTool := sum(t, host, "gatewarden_tool_credits_total.tool."+label+".outcome."+outcome, f)
				if byRule := host.Value(t, "gatewarden_credits_total.rule.b.outcome."+outcome); byTool != byRule || tool == "image" && outcome == "reserved" && byRule == 0 {
					t.Errorf("%s, answered with %q: %d %s by tool, %d by rule", tool, answer, byTool, outcome, byRule)
				}
			}
			calls := func(outcome string) uint64 {
				return host.Value(t, "gatewarden_tool_calls_total.tool."+label+".outcome."+outcome)
			}
			if passed, refused := calls("allowed"), calls("quota_exceeded"); passed+refused != 4 || refused != uint64(len(host.Replies)) {
				t.Errorf("%s: %d calls passed and %d were refused, with %d replies", tool, passed, refused, len(host.Replies))
			}
		}
	}
}

// TestToolCreditsWithoutABudget: a price that no budget asks for is no credit.
func TestToolCreditsWithoutABudget(t *testing.T) {
	f, host := newFilter(t, auditConfig[:strings.Index(auditConfig, `,
	"quotas"`)]+`}`)
	host.Request, host.RequestData = posted(0), []byte(callOf("image"))
	s := f.NewStream()
	s.RequestHeaders(false)
	s.RequestBody(len(host.RequestData), true)
	answers(s, host, "503", "")
	const tool = ".tool.image.outcome."
	if n := sum(t, host, "gatewarden_tool_credits_total"+tool+"reserved", f) + host.Value(t, "gatewarden_tool_credits_total"+tool+"refunded"); n != 0 ||
		host.Value(t, "gatewarden_tool_calls_total"+tool+"allowed") != 1 {
		t.Errorf("%d credits", n)
	}
	if got := decided(host); len(got) != 1 {
		t.Errorf("lines %q", got)
	}
}
