package mcp

import (
	"reflect"
	"testing"
)

func TestExplain(t *testing.T) {
	w := newWorker(t, `"tiers": ["free", "pro"], "methods": [{"method": "ping", "scopes": ["p"]}, {"method": "tools/call", "scopes": ["c"]}],
		"tools": [{"name": "a", "scopes": ["x"]}, {"name": "b", "scopes": [], "tier": "pro", "cost": 3}], "other_tools": {"scopes": ["y"]}`)
	sees := func(v View, messages ...MessageView) Explanation {
		return Explanation{View: v, Reads: true, Messages: messages}
	}
	for _, row := range []struct {
		body string
		want Explanation
	}{
		{ping, sees(View{}, MessageView{Method: "ping", Rule: 0, Tool: -1, MethodScopes: []string{"p"}})},
		{`{"id":1,"method":"tools/list"}`, sees(View{}, MessageView{Method: "tools/list", Rule: -1, Tool: -1})},
		{call("1", "a", "{}"), sees(View{}, MessageView{Method: "tools/call", Name: "a", Rule: 1, Tool: 0, MethodScopes: []string{"c"}, Scopes: []string{"x"}})},
		{`[` + call("1", "b", "{}") + `,` + call("2", "z", "{}") + `]`, sees(View{3, "pro"},
			MessageView{Method: "tools/call", Name: "b", Rule: 1, Tool: 1, MethodScopes: []string{"c"}, Scopes: []string{}, View: View{3, "pro"}},
			MessageView{Method: "tools/call", Name: "z", Rule: 1, Tool: -1, MethodScopes: []string{"c"}, Scopes: []string{"y"}})},
		{"[", Explanation{Reads: true, Flaw: "The body is not one JSON document in UTF-8, or it is nested too deeply."}},
	} {
		if got := w.read(row.body).Explain([]byte(row.body)); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s:\n%+v, want\n%+v", row.body, got, row.want)
		}
	}
	early := w.begin("mcp-protocol-version", "2026-07-28", "mcp-method", "tools/call", "mcp-name", "b").Explain(nil)
	if want := (Explanation{View: View{Tier: "pro"}, Reads: true, Awaits: true}); !reflect.DeepEqual(early, want) {
		t.Errorf("before the body: %+v", early)
	}
	var none State
	if got := none.Explain([]byte(ping)); !reflect.DeepEqual(got, Explanation{}) {
		t.Errorf("without a rule: %+v", got)
	}
}
