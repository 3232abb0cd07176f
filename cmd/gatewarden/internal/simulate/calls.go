package simulate

import (
	"encoding/json"
	"slices"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/request"
)

// What a request of MCP calls is in its body, which no log has. If the log names the method
// and the tool, the filter gets a body that calls it. Arguments are never there: a tool whose
// price depends on them has a twin that costs what the log says, and without that the call
// costs what it would without arguments.

// twin is before the name of a twin. That of the tools that are not listed is twin alone.
const twin = "\x00"

// adaptMCP leaves out what the log has nothing about.
func (a *adaptation) adaptMCP(log known) {
	if a.MCP == nil {
		return
	}
	if !log.calls {
		a.MCP = nil
		a.left = append(a.left, "mcp")
		return
	}
	m := *a.MCP
	a.MCP, m.Annotate = &m, false
	m.RejectFormat = config.RejectHTTP
	if m.NeedsScopes() && !log.scopes {
		m.Methods, m.Risks = nil, [config.NumRisks][]string{}
		a.left = append(a.left, "mcp: scopes")
	}
	switch {
	case m.NeedsTiers() && !log.tiers:
		a.left = append(a.left, "mcp: tiers")
	case hasValueTiers(&m.OtherTools) || slices.ContainsFunc(m.Tools, func(t config.Tool) bool { return hasValueTiers(&t) }):
		a.left = append(a.left, "mcp: tiers of values")
	}
	m.Tools = slices.Clone(m.Tools)
	for i := range m.Tools {
		adaptTool(&m.Tools[i], log)
	}
	adaptTool(&m.OtherTools, log)
	if log.prices {
		for _, t := range m.Tools {
			m.Tools = appendTwin(m.Tools, &t)
		}
		m.Tools = appendTwin(m.Tools, &m.OtherTools)
	}
}

func hasValueTiers(t *config.Tool) bool {
	return slices.ContainsFunc(t.Arguments, func(a config.ToolArgument) bool {
		return slices.ContainsFunc(a.Values, func(v config.ArgumentValue) bool { return v.Tier != "" })
	})
}

// appendTwin appends the twin of a tool, if the tool's price depends on arguments.
func appendTwin(tools []config.Tool, t *config.Tool) []config.Tool {
	if len(t.Arguments) == 0 {
		return tools
	}
	other := *t
	other.Name, other.Cost = twin+t.Name, 1
	other.Arguments = []config.ToolArgument{{Way: []string{"credits"}, MaxCount: 1_000_000_000}}
	return append(tools, other)
}

// adaptTool leaves out what the log has nothing about: scopes, tiers, and always the tiers of
// single values.
func adaptTool(t *config.Tool, log known) {
	if !log.scopes {
		t.Risk, t.Scopes = config.RiskUnset, nil
	}
	if !log.tiers {
		t.Tier = ""
	}
	t.Arguments = slices.Clone(t.Arguments)
	for i := range t.Arguments {
		values := slices.Clone(t.Arguments[i].Values)
		for j := range values {
			values[j].Tier = ""
		}
		t.Arguments[i].Values = values
	}
}

// readsCalls tells whether what the current request calls matters on its surface.
func (v *variant) readsCalls() bool {
	if v.router == nil {
		return false
	}
	t, _ := request.Read(v.host.Request)
	at, ambiguous := v.router.Route(&t)
	return at >= 0 && ambiguous == "" && v.adapted.MCP.AppliesTo(&v.adapted.Surfaces[at])
}

// describeCall puts what a request calls before the filter.
func (v *variant) describeCall(r *accesslog.Record) {
	params := map[string]any{"name": r.Tool, "uri": "simulated:"}
	method := r.Call
	if method == "" {
		method = "tools/call"
	}
	if method == "tools/call" {
		t := v.toolNamed(r.Tool)
		switch {
		case len(t.Arguments) == 0:
		case r.Credits < 0:
			v.unpriced++
		default:
			params["name"], params["arguments"] = twin+t.Name, map[string]int64{"credits": r.Credits}
		}
	}
	v.host.Request = append(v.host.Request, proxy.Header{Name: "content-type", Value: "application/json"})
	v.host.Body, _ = json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params}) // it has nothing that cannot be JSON
}

// toolNamed returns a tool of the configuration.
func (v *variant) toolNamed(name string) *config.Tool {
	m := v.adapted.MCP
	for i := range m.Tools {
		if m.Tools[i].Name == name {
			return &m.Tools[i]
		}
	}
	return &m.OtherTools
}
