package schematest

import (
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// all is a configuration under which each outcome can be had.
const all = `{"allow_on_headers_stop_iteration": true, "audit": {"lines_per_second": 100}, "log": {"client": "full"},
	"identity": [
		{"source": "introspection", "on_error": "deny", "endpoint": {"cluster": "auth", "url": "https://auth.example.com/introspect", "client_id": "g", "client_secret": "s"}},
		{"source": "headers", "subject": "x-user", "tenant": "x-tenant", "tier": "x-tier", "scopes": "x-scopes", "roles": "x-roles"}],
	"bypass": {"roles": ["admin"]},
	"scopes": {"operations": [{"prefix": "/api/write", "scopes": ["write"]}]},
	"mcp": {"tiers": ["pro"], "tools": [
		{"name": "image_generate", "scopes": [], "cost": 40}, {"name": "video", "scopes": [], "tier": "pro", "cost": 41}, {"name": "search", "scopes": []}]},
	"concurrency": [{"name": "one", "surfaces": ["slow"], "per": "all", "limit": 1}],
	"quotas": [
		{"name": "credits", "unit": "credits", "per": ["client"], "limit": 100, "window": "1h"},
		{"name": "watched", "surfaces": ["slow"], "per": ["client"], "limit": 1, "window": "1h", "mode": "shadow"}],
	"surfaces": [
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"failures": 2}},
		{"name": "slow", "kind": "api", "match": [{"prefix": "/slow"}], "lockout": {"failures": 2}},
		{"name": "guess", "kind": "api", "match": [{"prefix": "/guess"}], "lockout": {"failures": 1, "pending": 1}},
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "require": true, "lockout": {"failures": 1}}]}`

// hall is a filter in a proxy.
type hall struct {
	*filter.Filter
	host *fakehost.Host
	next uint32
}

// begin sends a request, whose body is at hand. headers are pairs.
func (h *hall) begin(path, body string, headers ...string) *filter.Stream {
	method := "GET"
	if body != "" {
		method, headers = "POST", append(headers, "content-type", "application/json")
	}
	h.host.Request = fakehost.Headers(append([]string{":method", method, ":path", path, "x-request-id", "7f0c"}, headers...)...)
	h.host.RequestData = []byte(body)
	s := h.NewStream()
	h.next++
	s.ID = h.next
	if s.RequestHeaders(body == ""); body != "" {
		s.RequestBody(len(body), true)
	}
	return s
}

// ask is a request that the service answers with a status.
func (h *hall) ask(status, path, body string, headers ...string) {
	s, replies := h.begin(path, body, headers...), len(h.host.Replies)
	if h.host.Response = fakehost.Headers(":status", status); replies == 0 {
		s.ResponseHeaders(true)
	}
	s.Done()
}

func call(tool string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + tool + `","arguments":{"prompt":"top-secret"}}}`
}

// play has each outcome happen once, and some more than once.
func play(h *hall) {
	alice := []string{"x-user", "alice", "x-tenant", "acme", "x-tier", "free", "x-scopes", "read", "x-roles", "user"}
	h.ask("200", "/mcp", call("search"), alice...)
	h.ask("503", "/mcp", call("image_generate"), alice...)                      // refunded
	h.ask("200", "/mcp", `[`+call("image_generate")+`,{"method":"ping"}]`)      // a line for each
	h.ask("200", "/mcp", `[`+call("image_generate")+`,`+call("image_generate")) // malformed
	h.ask("200", "/mcp", `[`+call("image_generate")+`,`+strings.Replace(call("image_generate"), `"id":1`, `"id":2`, 1)+`]`, alice...)
	h.ask("200", "/mcp", call("video"), alice...)
	h.ask("200", "/api/write", "", alice...)
	h.ask("200", "/slow", "", append(alice, "x-gatewarden-bypass", "true")...) // a bypass without the role
	h.ask("200", "/api/..%2fslow", "", alice...)                               // malformed, of no surface
	h.ask("401", "/api", "", "x-api-key", "top-secret")                        // auth_denied, and then locked_out
	h.ask("401", "/api", "", "x-api-key", "top-secret")
	first := h.begin("/slow", "", alice...)
	h.ask("200", "/slow", "", alice...) // in shadow mode, and over_capacity
	first.Done()
	guesses := []*filter.Stream{h.begin("/guess", "", "x-api-key", "secret-1"), h.begin("/guess", "", "x-api-key", "secret-2")}
	h.ask("401", "/guess", "", "x-api-key", "secret-3") // rate_limited
	for _, s := range guesses {
		s.Done()
	}
	h.host.Properties[fakehost.SourceAddress] = "[2001:db8::1]:4711"
	waits := h.begin("/api", "", "authorization", "Bearer top-secret")
	h.host.CallStatus = "504"
	h.Answered(uint32(len(h.host.Sent)), 0) // store_unavailable
	waits.Done()
}

// played are the lines that play causes, by outcome.
var played = map[string]int{
	"allowed": 7, "auth_denied": 2, "insufficient_scope": 1, "locked_out": 1, "malformed": 2, "over_capacity": 1,
	"quota_exceeded": 2, "rate_limited": 1, "refunded": 1, "store_unavailable": 1, "tier_denied": 1,
}

// lines returns the audit lines of a proxy.
func lines(host *fakehost.Host) (list []string) {
	for _, line := range host.Log {
		if json, is := strings.CutPrefix(line, "gatewarden: audit "); is {
			list = append(list, json)
		}
	}
	return list
}

func newHall(t *testing.T, text string) *hall {
	t.Helper()
	host := fakehost.New()
	host.Wall = 1_700_000_000_000
	return &hall{Filter: filter.New(fakehost.ParseConfig(t, text), host, fakehost.Seed), host: host}
}

// TestLines: the schema accepts the line of each outcome, in every form, and no line has a
// secret.
func TestLines(t *testing.T) {
	schema := compile(t)
	for _, form := range []string{"full", "truncated", "hash"} {
		h := newHall(t, strings.Replace(all, `"full"`, `"`+form+`"`, 1))
		play(h)
		seen := map[string]int{}
		for _, line := range lines(h.host) {
			value := unmarshal(t, line)
			if err := schema.Validate(value); err != nil {
				t.Errorf("%s\n%v", line, err)
			}
			if strings.Contains(line, "secret") {
				t.Errorf("%s has a secret", line)
			}
			for _, hidden := range []string{"192.0.2.1\"", "2001:db8::1", "alice"} {
				if form != "full" && strings.Contains(line, hidden) {
					t.Errorf("%s: %s has %s", form, line, hidden)
				}
			}
			seen[value.(map[string]any)["outcome"].(string)]++
		}
		if !maps.Equal(seen, played) || len(played) != int(config.NumAuditOutcomes) {
			t.Errorf("lines by outcome: %v, want %v", seen, played)
		}
	}
}

// TestSchema: the schema refuses what no line has.
func TestSchema(t *testing.T) {
	schema := compile(t)
	const begin, least = `{"time":"2026-11-29T17:10:41.123Z",`, `"outcome":"malformed","client":"unknown"}`
	if err := schema.Validate(unmarshal(t, begin+least)); err != nil {
		t.Error(err)
	}
	for _, line := range []string{
		`{` + least,
		begin + `"client":"unknown"}`,
		begin + `"outcome":"bypass_denied","client":"unknown"}`,
		begin + `"outcome":"malformed","client":"Bearer x"}`,
		begin + `"token":"x",` + least,
		begin + `"arguments":{},` + least,
		begin + `"messages":1,` + least,
		begin + `"shadow":false,` + least,
		begin + `"subject":"",` + least,
		begin + `"tool":"` + strings.Repeat("x", 258) + `",` + least,
		begin + `"outcome":"refunded","client":"unknown"}`,
		begin + `"outcome":"allowed","client":"unknown"}`,
		strings.Replace(begin, ".123", "", 1) + least,
		strings.Replace(begin, "Z", "+00:00", 1) + least,
	} {
		if schema.Validate(unmarshal(t, line)) == nil {
			t.Errorf("the schema accepts %s", line)
		}
	}
}

// TestPage: docs/audit.md explains each member and each outcome of the schema.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	var first strings.Builder // the first cells of its tables
	for _, line := range strings.Split(string(page), "\n") {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			first.WriteString(cells[1])
		}
	}
	schema := compile(t)
	for name := range schema.Properties {
		if !strings.Contains(first.String(), "`"+name+"`") {
			t.Errorf("the page does not explain %s", name)
		}
	}
	for o := range config.NumAuditOutcomes {
		if !strings.Contains(first.String(), "`"+o.String()+"`") {
			t.Errorf("the page does not explain %s", o)
		}
	}
	if len(schema.Properties) < 15 {
		t.Errorf("only %d members: the test looks for the wrong thing", len(schema.Properties))
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile("../../../docs/audit.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func unmarshal(t *testing.T, line string) any {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return value
}
