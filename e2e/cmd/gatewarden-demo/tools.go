package main

import (
	"fmt"
	"slices"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// expensive is a call of the demo service's tool that costs most.
const expensive = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"image_generate","arguments":{"prompt":"a rook","quality":"ultra_plus"}}}`

// mcpTries returns the commands to try with a configuration that keeps the best pictures of
// the demo service for a plan, and limits each plan's requests; none if it does not.
func (s screen) mcpTries() []try {
	rule := s.limiting()
	if rule == nil || s.config.MCP == nil || !slices.ContainsFunc(s.config.MCP.Tools, isForPlan) {
		return nil
	}
	for i := range s.config.Identity {
		if s.config.Identity[i].Kind != config.IdentityAPIKeys {
			continue
		}
		if who, ok := withAPIKey(&s.config.Identity[i]); ok {
			return s.toolTries(who, int(limitOf(rule, who.tier)))
		}
	}
	return nil
}

func isForPlan(t config.Tool) bool {
	return t.Name == "image_generate" && slices.ContainsFunc(t.Arguments, func(a config.ToolArgument) bool {
		return slices.ContainsFunc(a.Values, func(v config.ArgumentValue) bool { return v.Value == "ultra_plus" && v.Tier != "" })
	})
}

// toolTries has a call that a plan does not include, the same for a plan that does, and
// requests until the first plan's limit is reached.
func (s screen) toolTries(who asker, limit int) []try {
	post := func(headers, body string) string {
		return fmt.Sprintf(`curl -i %s-H 'Content-Type: application/json' -d '%s' http://%s/mcp`, headers, body, s.public)
	}
	list := fmt.Sprintf(`curl -s -o /dev/null -w '%%{http_code}\n' %s-H 'Content-Type: application/json' -d '%s' 'http://%s/mcp?[1-%d]' | sort | uniq -c`,
		who.headers, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, s.public, limit+1)
	return []try{
		{"The best picture for " + service.User + ", whose plan does not include it: 403, and the plan that does.", post(who.headers, expensive)},
		{"For bob, whose plan does: 200, and the headers say what is left of his credits.", post(who.other, expensive)},
		{fmt.Sprintf("%d lists of the tools: %d times 200, then 429. Every method counts.", limit+1, limit), list},
		{"REST calls of the same tenant count, too: refused until Retry-After is over.",
			"curl -i " + who.headers + `-d '{"text": "hello"}' http://` + s.public + "/api/v1/mcp/query"},
	}
}
