package simulate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
)

// calls are n requests of acme's to an MCP server, a minute apart, that call a tool.
func calls(n int, from int64, tool string, change ...func(*accesslog.Record)) []accesslog.Record {
	out := visits(n, 0, "192.0.2.1", 200)
	for i := range out {
		r := &out[i]
		at := noon + (from+int64(i))*60_000
		r.Start, r.Answered, r.Ended = at, at+1, at+1
		r.Method, r.Path, r.Tenant, r.Tool = "POST", "/mcp", "acme", tool
		for _, c := range change {
			c(r)
		}
	}
	return out
}

func credits(n int64) func(*accesslog.Record) { return func(r *accesslog.Record) { r.Credits = n } }

func scopes(list string) func(*accesslog.Record) {
	return func(r *accesslog.Record) { r.Scopes, r.ScopesKnown = list, true }
}

func tier(name string) func(*accesslog.Record) { return func(r *accesslog.Record) { r.Tier = name } }

// tools is a configuration with priced tools and a budget.
func tools(budget string) string {
	return `{"identity": [{"source": "metadata", "subject": "sub", "tenant": "org", "scopes": "scope", "tier": "plan"}],
		"scopes": {"implies": {"all": ["generate"]}, "operations": [{"prefix": "/api/v1", "scopes": ["read"]}]},
		"mcp": {"annotate": true, "tiers": ["free", "pro"], "methods": [{"method": "resources/read", "scopes": ["read"]}], "tools": [
			{"name": "search", "scopes": []}, {"name": "plain", "scopes": [], "cost": 4}, {"name": "draw", "risk": "DESTRUCTIVE", "cost": 1}, {"name": "late", "scopes": [], "tier": "pro", "cost": 1},
			{"name": "image", "scopes": [], "cost": 5, "arguments": [{"argument": "quality", "times": {"ultra": 8}, "tiers": {"ultra": "pro"}}]}]},
		"quotas": [{"name": "credits", "unit": "credits", "per": ["tenant"], ` + budget + `}]}`
}

func TestCalls(t *testing.T) {
	const twenty = `"limit": 20, "window": "1h"`
	// Noon is 13:33:20 UTC.
	for _, row := range []struct {
		name, budget string
		records      [][]accesslog.Record
		spent        uint64
		reasons      string
		says         []string
	}{
		{"what fits into the budget", twenty, [][]accesslog.Record{calls(7, 0, "plain")}, 20, "map[quota_exceeded:2]", nil},
		{"another tenant has its own", twenty, [][]accesslog.Record{calls(5, 0, "plain"), calls(5, 5, "plain", func(r *accesslog.Record) { r.Tenant = "zeta" })}, 40, "map[]", nil},
		{"a window later", twenty, [][]accesslog.Record{calls(7, 0, "plain"), calls(2, 61, "plain")}, 28, "map[quota_exceeded:2]", nil},
		{"a free tool", twenty, [][]accesslog.Record{calls(30, 0, "search")}, 0, "map[]", nil},
		{"what fails is not paid", twenty, [][]accesslog.Record{calls(7, 0, "plain", func(r *accesslog.Record) { r.Status = 500 })}, 0, "map[]", nil},
		{"the price that the log has", twenty, [][]accesslog.Record{calls(3, 0, "image", credits(12))}, 12, "map[quota_exceeded:2]", []string{"mcp: tiers"}},
		{"no price", twenty, [][]accesslog.Record{calls(3, 0, "image", credits(0))}, 0, "map[]", nil},
		{"the price without arguments", twenty, [][]accesslog.Record{calls(5, 0, "image")}, 20, "map[quota_exceeded:1]",
			[]string{"5 calls of tools whose price depends on arguments"}},
		{"the price of others is the table's", twenty, [][]accesslog.Record{calls(5, 0, "plain", credits(100))}, 20, "map[]", nil},
		{"a tool that is not listed", twenty, [][]accesslog.Record{calls(3, 0, "new")}, 0, "map[]", nil},
		{"other methods", twenty, [][]accesslog.Record{calls(3, 0, "", func(r *accesslog.Record) { r.Call = "tools/list" }), calls(1, 3, "plain")}, 4, "map[]", nil},
		{"what the log does not say", twenty, [][]accesslog.Record{calls(1, 0, "plain"), calls(3, 1, "")}, 4, "map[]",
			[]string{"3 requests of MCP name no method", "1 callers of priced tools", ": scopes.", "mcp: scopes.", "mcp: tiers."}},
		{"a day", `"limit": 20, "window": "day"`, [][]accesslog.Record{calls(7, 0, "plain"), calls(6, 11*60, "plain")}, 40, "map[quota_exceeded:3]", nil},
		{"a month", `"limit": 20, "window": "month"`, [][]accesslog.Record{calls(7, 0, "plain"), calls(6, 11*60, "plain")}, 20, "map[quota_exceeded:8]", nil},
		{"limits by tier", `"limits": {"pro": 40, "default": 20}, "window": "1h"`, [][]accesslog.Record{calls(12, 0, "plain", tier("pro"))}, 40, "map[quota_exceeded:2]", []string{"mcp: tiers of values."}},

		{"scopes", twenty, [][]accesslog.Record{calls(3, 0, "draw", scopes("")), calls(2, 3, "draw", scopes("read all"))}, 2, "map[insufficient_scope:3]", nil},
		{"scopes of methods", twenty, [][]accesslog.Record{calls(2, 0, "", scopes("all"), func(r *accesslog.Record) { r.Call = "resources/read" })}, 0, "map[insufficient_scope:2]", nil},
		{"scopes of operations", twenty, [][]accesslog.Record{
			calls(1, 0, "plain", scopes("all")), calls(2, 1, "", scopes("all"), func(r *accesslog.Record) { r.Path = "/api/v1/items" }),
		}, 4, "map[insufficient_scope:2]", nil},
		{"scopes that the log does not have", twenty, [][]accesslog.Record{calls(3, 0, "draw")}, 3, "map[]", []string{"mcp: scopes."}},
		{"tiers", twenty, [][]accesslog.Record{calls(3, 0, "late", tier("free")), calls(2, 3, "late", tier("pro"))}, 2, "map[tier_denied:3]", nil},
		{"tiers that the log does not have", twenty, [][]accesslog.Record{calls(3, 0, "late")}, 3, "map[]", []string{"mcp: tiers."}},
		{"repeats of a credential are no bodies", twenty, [][]accesslog.Record{calls(2, 0, "plain", func(r *accesslog.Record) { r.Guess = "0a1b" }), calls(2, 2, "", func(r *accesslog.Record) { r.Guess = "0a1b" })}, 8, "map[]", nil},
	} {
		f := runAll(t, false, tools(row.budget), row.records...)
		v := &f.Variants[0]
		if q := v.Quotas[0]; q.Credits != row.spent || q.Unit != "credits" || fmt.Sprint(v.Reasons) != row.reasons {
			t.Errorf("%s: %d credits are spent, refused are %v; want %d, %s", row.name, q.Credits, v.Reasons, row.spent, row.reasons)
		}
		for _, want := range row.says {
			if all := strings.Join(f.Assumptions, "\n"); !strings.Contains(all, want) {
				t.Errorf("%s: %q is not among\n%s", row.name, want, all)
			}
		}
	}
}

// A quota service is not asked, and its budgets refuse nobody.
func TestQuotaServiceIsLeftOut(t *testing.T) {
	const service = `"quota_service": {"name": "bank", "endpoint": {"cluster": "quota", "url": "https://quota.example.com/v1", "token": "secret"}}`
	f := runAll(t, false, strings.Replace(tools(`"limit": 20, "window": "1h"`), `"quotas"`, service+`, "quotas"`, 1), calls(3, 0, "plain"))
	if v := &f.Variants[0]; v.Refused != 0 || v.Quotas[0].Credits != 12 || !strings.Contains(strings.Join(f.Assumptions, "\n"), ": quota_service.") {
		t.Errorf("%v\n%s", v.Reasons, f.Assumptions)
	}
}

// Who spends what, and who is refused from when on.
func TestPayers(t *testing.T) {
	v := run(t, false, tools(`"limit": 20, "window": "1h"`), calls(7, 0, "plain"), calls(3, 7, "search"),
		calls(1, 10, "plain", func(r *accesslog.Record) { r.Tenant, r.Subject = "", "bob" }),
		calls(1, 61, "plain", func(r *accesslog.Record) { r.Status = 502 }), calls(1, 11, "plain", func(r *accesslog.Record) { r.Tenant = "" }))
	if len(v.Payers) != 3 {
		t.Fatalf("%+v", v.Payers)
	}
	acme := v.Payers[0]
	if acme.Payer != "acme" || acme.Calls != 8 || acme.Refused != 2 || acme.Credits != 20 || acme.First == nil || acme.First.UnixMilli() != noon+5*60_000 {
		t.Errorf("%+v", acme)
	}
	for i, name := range []string{1: "bob", 2: "192.0.2.1"} {
		if p := v.Payers[i]; name != "" && (p.Payer != name || p.Calls != 1 || p.Credits != 4 || p.First != nil) {
			t.Errorf("%+v", p)
		}
	}
}
