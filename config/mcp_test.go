package config

import (
	"reflect"
	"testing"
)

// verified is an identity source that provides all parts of an identity.
const verified = `"identity": [{"source": "headers", "subject": "x-user", "scopes": "x-scopes", "tier": "x-tier"}]`

func mcpOf(t *testing.T, text string) *MCP {
	t.Helper()
	return mustParse(t, `{`+verified+`, "mcp": `+text+`}`).MCP
}

func TestDefaultsOfMCP(t *testing.T) {
	generate := []string{"generate"}
	want := &MCP{MaxBody: 262144, Risks: [NumRisks][]string{nil, generate, generate, generate}, OtherTools: Tool{Risk: RiskUnset}}
	if got := mcpOf(t, `{}`); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if c := mustParse(t, `{}`); c.MCP != nil || len(c.Scopes.Operations)+len(c.Scopes.Implies) > 0 {
		t.Errorf("on by default: %+v %+v", c.MCP, c.Scopes)
	}
	mustParse(t, `{"mcp": {}}`) // reads messages, and needs no identity
}

// TestScopesOfTools: a tool that says nothing needs what other tools do, and these need the
// most as soon as a tool needs anything.
func TestScopesOfTools(t *testing.T) {
	const risks = `"risks": {"READ_ONLY": ["read"], "DESTRUCTIVE": ["write", "delete"]}, `
	for _, row := range []struct {
		mcp           string
		tool, another []string
	}{
		{`"tools": [{"name": "t"}]`, nil, nil},
		{`"tools": [{"name": "t", "cost": 5}]`, nil, nil},
		{`"tools": [{"name": "t", "risk": "READ_ONLY"}]`, []string{"read"}, []string{"write", "delete"}},
		{`"tools": [{"name": "t", "scopes": []}]`, []string{}, []string{"write", "delete"}},
		{`"tools": [{"name": "t"}, {"name": "u", "scopes": ["x"]}]`, []string{"write", "delete"}, []string{"write", "delete"}},
		{`"tools": [{"name": "t", "risk": "DESTRUCTIVE", "scopes": ["x", "delete"]}]`, []string{"write", "delete", "x"}, []string{"write", "delete"}},
		{`"tools": [{"name": "t", "scopes": ["x"]}], "other_tools": {"scopes": []}`, []string{"x"}, []string{}},
		{`"tools": [{"name": "t"}], "other_tools": {"risk": "READ_ONLY", "scopes": ["x"], "cost": 3}`, []string{"read", "x"}, []string{"read", "x"}},
		{`"tools": [{"name": "t"}], "other_tools": {"scopes": ["x"]}`, []string{"x"}, []string{"x"}},
	} {
		m := mcpOf(t, `{`+risks+row.mcp+`}`)
		if got := m.ToolScopes(&m.Tools[0]); !reflect.DeepEqual(got, row.tool) {
			t.Errorf("%s: the tool needs %q, want %q", row.mcp, got, row.tool)
		}
		if got := m.ToolScopes(&m.OtherTools); !reflect.DeepEqual(got, row.another) {
			t.Errorf("%s: another tool needs %q, want %q", row.mcp, got, row.another)
		}
		if got, want := m.NeedsScopes(), len(row.tool)+len(row.another) > 0; got != want {
			t.Errorf("%s: NeedsScopes is %v", row.mcp, got)
		}
		if m.Tools[0].Cost == 3 {
			t.Errorf("%s: the tool costs what other tools do", row.mcp)
		}
		if risk := m.Risks[RiskDestructive]; !reflect.DeepEqual(risk, []string{"write", "delete"}) {
			t.Errorf("%s: the risk has the scopes %q now", row.mcp, risk)
		}
	}
}

// TestFactors: what is not listed costs as much as the most expensive that is.
func TestFactors(t *testing.T) {
	for _, row := range []struct {
		argument string
		want     ToolArgument
	}{
		{`"times": {"b": 3, "a": 5}`, ToolArgument{Values: []ArgumentValue{{"a", 5, ""}, {"b", 3, ""}}, Other: 5, Absent: 1}},
		{`"times": {"b": 0}`, ToolArgument{Values: []ArgumentValue{{"b", 0, ""}}, Other: 1, Absent: 1}},
		{`"times": {"b": 3}, "other": 0, "absent": 0`, ToolArgument{Values: []ArgumentValue{{"b", 3, ""}}}},
		{`"tiers": {"b": "pro"}`, ToolArgument{Values: []ArgumentValue{{"b", 1, "pro"}}, Other: 1, Absent: 1}},
		{`"tiers": {"c": "pro", "a": "free"}, "times": {"b": 2, "c": 4}`,
			ToolArgument{Values: []ArgumentValue{{"a", 1, "free"}, {"b", 2, ""}, {"c", 4, "pro"}}, Other: 4, Absent: 1}},
		{`"max_count": 10`, ToolArgument{MaxCount: 10, Other: 10, Absent: 1}},
		{`"max_count": 1000000, "other": 1, "absent": 4`, ToolArgument{MaxCount: 1_000_000, Other: 1, Absent: 4}},
	} {
		m := mcpOf(t, `{"tiers": ["free", "pro"], "tools": [{"name": "t", "cost": 5, "arguments": [{"argument": ["o", "q"], `+row.argument+`}]}]}`)
		row.want.Way = []string{"o", "q"}
		if got := m.Tools[0].Arguments[0]; !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: got %+v, want %+v", row.argument, got, row.want)
		}
	}
}

func TestTiersOfIdentities(t *testing.T) {
	const mcp = `, "mcp": {"tiers": ["pro"], "tools": [{"name": "t", "cost": 1, "arguments": [{"argument": "q", "tiers": {"high": "pro"}}]}]}}`
	const key = `{"source": "api_keys", "keys": [{"id": "a", "sha256": "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"`
	for source, tells := range map[string]bool{
		`{"source": "metadata", "subject": "sub", "tier": "plan"}`:           true,
		`{"source": "metadata", "subject": "sub"}`:                           false,
		`{"source": "headers", "subject": "x-user", "tier": "x-tier"}`:       true,
		`{"source": "headers", "subject": "x-user"}`:                         false,
		`{"source": "headers", "subject": "x-user", "default_tier": "free"}`: true,
		`{"source": "accepted", "for": "1h", "default_tier": "free"}`:        true,
		`{"source": "accepted", "for": "1h"}`:                                false,
		key + `, "tier": "pro"}]}`:                                           true,
		key + `}]}`:                                                          false,
	} {
		if _, err := Parse([]byte(`{"identity": [`+source+`]`+mcp), nil); (err == nil) != tells {
			t.Errorf("%s: %v", source, err)
		}
	}
}

func TestSurfacesOfMCP(t *testing.T) {
	c := mustParse(t, `{"surfaces": [
		{"name": "a", "kind": "mcp", "match": [{"prefix": "/a"}]}, {"name": "b", "kind": "mcp", "match": [{"prefix": "/b"}]},
		{"name": "c", "kind": "api", "match": [{"prefix": "/c"}]}], "mcp": {"surfaces": ["b"]}}`)
	all := mustParse(t, `{"mcp": {}}`).MCP
	for i, want := range []struct{ named, all bool }{{false, true}, {true, true}, {false, false}} {
		if s := &c.Surfaces[i]; c.MCP.AppliesTo(s) != want.named || all.AppliesTo(s) != want.all || (*MCP)(nil).AppliesTo(s) {
			t.Errorf("%s: %v %v", s.Name, c.MCP.AppliesTo(s), all.AppliesTo(s))
		}
	}
}

func TestWarningsOfStepUp(t *testing.T) {
	const (
		token     = `{"identity": [{"source": "metadata", "subject": "sub", "scopes": "scope"}], `
		gateway   = `{` + verified + `, `
		mcp       = `"mcp": {"tools": [{"name": "t", "risk": "DESTRUCTIVE"}]}`
		free      = `"mcp": {"tools": [{"name": "t", "cost": 5}]}`
		operation = `"scopes": {"operations": [{"prefix": "/api/v1", "scopes": ["read"]}]}`
		open      = `"scopes": {"operations": [{"prefix": "/api/v1", "scopes": []}]}`
		oauth     = `"oauth": {"resource": "https://h", "authorization_servers": ["https://a"]}`
	)
	checkWarnings(t, []warningsRow{
		{token + mcp + `}`, "mcp"},
		{token + operation + `}`, "scopes.operations"},
		{token + operation + `, ` + mcp + `}`, "scopes.operations mcp"},
		{token + operation + `, ` + mcp + `, ` + oauth + `}`, ""},
		{token + open + `, ` + free + `}`, ""},
		{gateway + operation + `, ` + mcp + `}`, ""},
	})
}
