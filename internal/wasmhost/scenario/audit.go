package scenario

import "strings"

// audited is a configuration of priced tools whose decisions are kept.
func audited(audit string) string {
	return strings.Replace(priced(hourly), "{", `{"audit": `+audit+`, "concurrency": [{"name": "all", "per": "all", "limit": 1}],`, 1)
}

// kept is a part of the line about a decision.
func kept(outcome, surface, members string) string {
	return `"outcome":"` + outcome + `","surface":"` + surface + `","client":"192.0.2.1",` + members
}

func audits() []Scenario {
	const image = `"http_method":"POST","method":"tools/call","tool":"image","cost":25`
	return []Scenario{
		{
			Name:   "audit: each decision has a line",
			Config: audited(`{"lines_per_second": 1000}`),
			Steps: []Step{
				paid("", "Free-1", call("1", "image", ""), answerBody("application/json", `{"jsonrpc":"2.0","id":1,"result":{}}`), meanwhile(
					paid("", "Pro-1", call("2", "image", ""), refused("over_capacity", 503)))),
				paid("", "Free-1", call("3", "image", ""), answer(503)),
				paid("an error", "Free-1", `[`+call("4", "image", "")+`,`+call("5", "Größe", "")+`]`, answerBody("application/json", `[{"jsonrpc":"2.0","id":4,"error":{}}]`)),
				paid("", "Free-1", call("6", "image", `"count":4`), refused("quota_exceeded", 402)),
				paid("", "Free-1", call("7", "video", ""), refused("tier_denied", 403)),
				paid("", "Free-1", "[", refused("malformed", 400)),
				get("nobody", "/mcp"),
			},
			Metrics: map[string]uint64{
				"gatewarden_audit_lines_total.outcome.written":                 11,
				"gatewarden_audit_lines_total.outcome.sampled_out":             0,
				"gatewarden_tool_calls_total.tool.image.outcome.allowed":       3,
				"gatewarden_tool_calls_total.tool.other.outcome.allowed":       1,
				"gatewarden_tool_calls_total.tool.image.outcome.over_capacity": 1,
				"gatewarden_tool_calls_total.tool.video.outcome.tier_denied":   1,
				"gatewarden_tool_credits_total.tool.image.outcome.reserved":    75,
				"gatewarden_tool_credits_total.tool.image.outcome.committed":   25,
				"gatewarden_tool_credits_total.tool.image.outcome.refunded":    50,
				"gatewarden_tool_credits_total.tool.video.outcome.reserved":    0,
			},
			Log: []string{
				kept("allowed", "mcp", `"subject":"free","tenant":"small","tier":"free",`+image),
				kept("over_capacity", "mcp", `"subject":"pro","tenant":"large","tier":"pro",`+image+`,"reason":"all"`),
				kept("allowed", "mcp", `"subject":"free","tenant":"small","tier":"free",`+image),
				kept("refunded", "mcp", `"subject":"free","tenant":"small","tier":"free",`+image+`,"reason":"status_503"`),
				kept("allowed", "mcp", `"subject":"free","tenant":"small","tier":"free",`+image+`,"messages":2`),
				kept("allowed", "mcp", `"subject":"free","tenant":"small","tier":"free","http_method":"POST","method":"tools/call","tool":"Gr\u00f6\u00dfe","cost":0,"messages":2`),
				kept("refunded", "mcp", `"subject":"free","tenant":"small","tier":"free",`+image+`,"messages":2,"reason":"error"`),
				kept("quota_exceeded", "mcp", `"subject":"free","tenant":"small","tier":"free","http_method":"POST","method":"tools/call","tool":"image","cost":100,"reason":"hour"`),
				kept("tier_denied", "mcp", `"subject":"free","tenant":"small","tier":"free","http_method":"POST","method":"tools/call","tool":"video","cost":250`),
				kept("malformed", "mcp", `"subject":"free","tenant":"small","tier":"free","http_method":"POST","cost":0`),
				kept("allowed", "mcp", `"http_method":"GET","cost":0`),
			},
		},
		{
			Name:   "audit: what is not kept has no line",
			Config: audited(`{"sample": {"allowed": 0, "over_capacity": 0}}`),
			Steps: []Step{
				paid("", "Free-1", call("1", "image", ""), answer(503), meanwhile(
					paid("", "Pro-1", call("2", "image", ""), refused("over_capacity", 503)))),
			},
			Metrics: map[string]uint64{
				"gatewarden_audit_lines_total.outcome.written":     1,
				"gatewarden_audit_lines_total.outcome.sampled_out": 2,
			},
			Log: []string{`"outcome":"refunded","surface":"mcp"`},
		},
	}
}
