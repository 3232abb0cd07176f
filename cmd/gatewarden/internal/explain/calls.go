package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/filter"
	"github.com/gatewarden/gatewarden/filter/mcp"
)

// callRules are those about operations and about what an MCP request calls.
func (w *written) callRules(v *filter.Explanation) (list []Rule) {
	for _, i := range v.Scope.Operations {
		list = append(list, Rule{
			Rule: "operation", Place: w.place("scopes.operations[%d]", i), Applies: true, Says: needs(v, w.Scopes.Operations[i].Scopes, ""),
		})
	}
	if len(list) == 0 && v.Scope.Asked && len(w.Scopes.Operations) > 0 {
		list = append(list, Rule{Rule: "operations", Place: w.place("scopes.operations"), Says: "none matches: they need no scope"})
	}
	if !v.Call.Reads {
		return list
	}
	switch {
	case v.Call.Flaw != "":
		return append(list, Rule{Rule: "mcp", Place: w.place("mcp"), Applies: true, Says: "is refused: " + v.Call.Flaw})
	case v.Call.Awaits:
		says := "the body is not read yet: its headers say that it " + needs(v, v.Scope.Needed, v.Call.Tier)
		return append(list, Rule{Rule: "mcp", Place: w.place("mcp"), Applies: true, Says: says})
	case len(v.Call.Messages) == 0:
		return append(list, Rule{Rule: "mcp", Place: w.place("mcp"), Says: "there is no body to read; say --json"})
	}
	for i := range v.Call.Messages {
		for _, rule := range w.messageRules(v, &v.Call.Messages[i]) {
			if !slices.Contains(list, rule) { // in a batch, many may be alike
				list = append(list, rule)
			}
		}
	}
	return list
}

// messageRules are what a message's method and tool need.
func (w *written) messageRules(v *filter.Explanation, m *mcp.MessageView) (list []Rule) {
	if m.Rule >= 0 || m.Tool < 0 && m.Name == "" {
		place := w.place("mcp.methods")
		if m.Rule >= 0 {
			place = w.place("mcp.methods[%d]", m.Rule)
		}
		list = append(list, Rule{Rule: methodName(m), Place: place, Applies: m.Rule >= 0, Says: needs(v, m.MethodScopes, "")})
	}
	if m.Method == "tools/list" && w.MCP.Annotate {
		list = append(list, Rule{Rule: "prices", Place: w.place("mcp.annotate"), Applies: true, Says: "each tool in the list says what its calls cost"})
	}
	if m.Name == "" && m.Method != "tools/call" {
		return list
	}
	rule := Rule{Rule: fmt.Sprintf("tool %q", m.Name), Place: w.place("mcp.other_tools"), Applies: true, Says: needs(v, m.Scopes, m.Tier)}
	if m.Tool >= 0 {
		rule.Place = w.place("mcp.tools[%d]", m.Tool)
	} else {
		rule.Says = "is not listed; " + rule.Says
	}
	if m.Cost > 0 {
		rule.Says += "; costs " + some(int64(m.Cost), "credit")
	}
	return append(list, rule)
}

func methodName(m *mcp.MessageView) string {
	if m.Method == "" {
		return "a response"
	}
	return fmt.Sprintf("method %q", m.Method)
}

// needs says what scopes and tier are needed, and what of it the caller has not.
func needs(v *filter.Explanation, scopes []string, tier string) string {
	if len(scopes) == 0 && tier == "" {
		return "needs no scope"
	}
	var parts []string
	if len(scopes) > 0 {
		says := "needs the scopes " + strings.Join(scopes, ", ")
		if missing := among(scopes, v.Scope.Missing); len(missing) > 0 {
			says += ", of which the caller lacks " + strings.Join(missing, ", ")
		}
		parts = append(parts, says)
	}
	if tier != "" {
		says := "needs the tier " + tier + " or a higher one"
		if v.Identity.Tier != "" {
			says += fmt.Sprintf(", and the caller has %q", v.Identity.Tier)
		}
		parts = append(parts, says)
	}
	return sentence(parts...)
}

// among are those of some scopes that are in a list.
func among(scopes, list []string) (both []string) {
	for _, scope := range scopes {
		if slices.Contains(list, scope) {
			both = append(both, scope)
		}
	}
	return both
}

// callsRefusing are the places of what refuses a request for what it calls. tier tells
// that it does so for the caller's tier, and otherwise for its scopes, or because there is
// no verified caller.
func (w *written) callsRefusing(v *filter.Explanation, tier bool) (places []string) {
	lacks := func(scopes []string) bool { return len(among(scopes, v.Scope.Missing)) > 0 }
	add := func(refuses bool, format string, args ...any) {
		if refuses {
			places = append(places, w.place(format, args...))
		}
	}
	for _, i := range v.Scope.Operations {
		add(!tier && lacks(w.Scopes.Operations[i].Scopes), "scopes.operations[%d]", i)
	}
	add(v.Call.Awaits, "mcp")
	for i := range v.Call.Messages {
		m := &v.Call.Messages[i]
		add(m.Rule >= 0 && !tier && lacks(m.MethodScopes), "mcp.methods[%d]", m.Rule)
		refuses := !tier && lacks(m.Scopes) || m.Tier != "" && (tier && w.below(v.Identity.Tier, m.Tier) || !v.Identity.Verified)
		if m.Tool >= 0 {
			add(refuses, "mcp.tools[%d]", m.Tool)
		} else {
			add(refuses, "mcp.other_tools")
		}
	}
	return places
}

// below tells whether a tier is a lower one than another.
func (w *written) below(tier, needed string) bool {
	return slices.Index(w.MCP.Tiers, tier) < slices.Index(w.MCP.Tiers, needed)
}

// nextScopes says what gives the request its scopes.
func (w *written) nextScopes(v *filter.Explanation) []string {
	return []string{
		"Send a token with the scopes " + strings.Join(v.Scope.Needed, ", ") + ".",
		strings.Join(w.callsRefusing(v, false), " and ") + " says what is needed; scopes.implies lets wider scopes include it.",
	}
}

func (w *written) nextTier(v *filter.Explanation) []string {
	return []string{strings.Join(w.callsRefusing(v, true), " and ") + " says which tier is needed, mcp.tiers which tiers are above it."}
}
