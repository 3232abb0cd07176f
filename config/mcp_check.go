package config

import (
	"slices"

	"github.com/tidwall/gjson"
)

// has tells whether an argument of the tool is at this way.
func (t *Tool) has(way []string) bool {
	for i := range t.Arguments {
		if len(way) > 0 && slices.Equal(t.Arguments[i].Way, way) {
			return true
		}
	}
	return false
}

// checkArguments refuses arguments that change the cost of a tool without one. v is the
// tool.
func (t *toolDraft) checkArguments(v *value) {
	cost := v.member("cost")
	if cost.exists() && (cost.json.Type != gjson.Number || cost.json.Num != 0) {
		return
	}
	for i := range t.Arguments {
		a := &t.Arguments[i]
		if !a.needsTier() && (a.MaxCount > 0 || len(a.Values) > 0) {
			v.member("arguments").at(i).bad("has no effect: the tool costs nothing; give the tool a cost, or remove it")
		}
	}
}

// needsTier tells whether some values are for certain tiers only.
func (a *ToolArgument) needsTier() bool {
	for i := range a.Values {
		if a.Values[i].Tier != "" {
			return true
		}
	}
	return false
}

func (t *Tool) needsTier() bool {
	if t.Tier != "" {
		return true
	}
	for i := range t.Arguments {
		if t.Arguments[i].needsTier() {
			return true
		}
	}
	return false
}

// NeedsTiers tells whether a tool, or a value of an argument, is for certain tiers only.
func (m *MCP) NeedsTiers() bool {
	for i := range m.Tools {
		if m.Tools[i].needsTier() {
			return true
		}
	}
	return m.OtherTools.needsTier()
}

// hasPrices tells whether a call of some tool costs something.
func (m *MCP) hasPrices() bool {
	for i := range m.Tools {
		if m.Tools[i].Cost > 0 {
			return true
		}
	}
	return m.OtherTools.Cost > 0
}

// hasMCP reports whether a surface is of the kind mcp. It gives a surface whose kind could
// not be read the benefit of the doubt.
func (d *draft) hasMCP() bool {
	for i := range d.Surfaces {
		if kind := d.Surfaces[i].Kind; kind == KindMCP || kind == kindUnknown {
			return true
		}
	}
	return false
}

// tellsTiers reports whether a source can provide tiers. It gives a source that could not
// be read the benefit of the doubt.
func (d *draft) tellsTiers() bool {
	for i := range d.Identity {
		s := &d.Identity[i]
		if s.Kind == identityUnknown || s.DefaultTier != "" || len(s.Claims.Tier) > 0 || s.Headers.Tier != "" {
			return true
		}
		for j := range s.Keys {
			if s.Keys[j].Tier != "" {
				return true
			}
		}
	}
	return false
}

// warnStepUp warns about scopes for whose lack clients are refused without being told where
// to get a token with them. The holders of API keys cannot get one, and clients behind a
// gateway learn it there.
func (c *Config) warnStepUp(warn *warnings) {
	tokens := false
	for i := range c.Identity {
		kind := c.Identity[i].Kind
		tokens = tokens || kind == IdentityMetadata || kind == IdentityIntrospection
	}
	if c.OAuth != nil || !tokens {
		return
	}
	const message = "need scopes, and without oauth no refusal tells clients where to get a token with them; add oauth"
	if c.Scopes.needsAny() {
		warn.add(at("scopes.operations"), message)
	}
	if c.MCP != nil && c.MCP.NeedsScopes() {
		warn.add(at("mcp"), "has tools or methods that "+message)
	}
}
