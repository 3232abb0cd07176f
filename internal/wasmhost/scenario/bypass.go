package scenario

// skipping is a configuration with a limit that admins may pass.
func skipping(more ...string) string {
	return inFlight(`{"name": "one", "per": "all", "limit": 1}`, append(more,
		`"identity": [`+jwtSource[:len(jwtSource)-1]+`, "tenant": "org", "roles": "roles"}, `+keys(key("ops", "Secret-1", `, "roles": ["on call"]`), key("ci", "Secret-2", ""))+`]`,
		`"bypass": {"roles": ["admin", "on call"]}`)...)
}

func roles(subject string, list ...any) option {
	return claims(map[string]any{"sub": subject, "roles": list})
}

const (
	bypassHeader  = "x-gatewarden-bypass"
	bypassMessage = "The header x-gatewarden-bypass needs a role that you do not have. Send the request without it."
	bypassProblem = `{"type":"about:blank","title":"Precondition Required","status":428,"detail":"` + bypassMessage + `"}`
)

func bypasses() []Scenario {
	ask, unseen := with(bypassHeader, "true"), arrives(bypassHeader)
	denied := func(options ...option) option {
		return func(s *Step) {
			refused("bypass_denied", 428)(s)
			for _, o := range options {
				o(s)
			}
		}
	}
	return []Scenario{
		{
			Name:   "who has the role is not limited",
			Config: skipping(),
			Steps: []Step{get("", "/a", meanwhile(
				get("a role", "/a", roles("root", "user", "admin"), ask, unseen, meanwhile(
					get("by its key", "/b", with("x-api-key", "Secret-1"), ask, unseen),
					get("any letter case", "/b", roles("root", "admin"), with("X-Gatewarden-Bypass", " TRUE "), unseen),
					get("on two lines", "/b", roles("root", "admin"), ask, ask, unseen),
					get("without asking", "/b", roles("root", "admin"), crowded()),
				)),
				get("no role", "/a", roles("eve", "user", "Admin", "admin "), ask, denied(says(bypassProblem), has("content-type", "application/problem+json"), has("cache-control", "no-store"), has("retry-after"))),
				get("no role by its key", "/b", with("x-api-key", "Secret-2"), ask, denied()),
				get("nobody", "/a", ask, crowded()),
				get("a forged claim", "/a", with("x-roles", "admin"), ask, crowded()),
				get("a made-up key", "/a", with("x-api-key", "guess"), ask, crowded()),
				get("another value", "/a", roles("eve"), with(bypassHeader, "1"), crowded()),
				get("no value", "/a", roles("root", "admin"), with(bypassHeader, ""), crowded()),
				get("as CGI has it", "/a", roles("root", "admin"), with("x_gatewarden_bypass", "true"), crowded()),
			))},
			Metrics: map[string]uint64{
				"gatewarden_bypass_total.surface.a.outcome.used":          1,
				"gatewarden_bypass_total.surface.b.outcome.used":          3,
				"gatewarden_bypass_total.surface.a.outcome.denied":        1,
				"gatewarden_bypass_total.surface.b.outcome.denied":        1,
				"gatewarden_over_capacity_total.rule.one.outcome.refused": 7,
				"gatewarden_requests_total.surface.a.outcome.passed":      2,
			},
			Log: []string{
				`bypass surface=a client=192.0.2.1 subject="root" role="admin"`,
				`bypass surface=b client=192.0.2.1 subject="ops" role="on call"`,
				`refusal surface=a client=192.0.2.1 reason=bypass_denied subject="eve"`,
			},
		},
		{
			Name:   "the header reaches nobody",
			Config: skipping(),
			Steps: []Step{
				get("on a surface", "/a", ask, unseen),
				get("with another value", "/a", with(bypassHeader, "false"), unseen),
				get("in any letter case", "/a", with("X-GATEWARDEN-BYPASS", "true"), unseen),
				get("as CGI has it", "/a", with("x_gatewarden-bypass", "true"), with("X_Gatewarden_Bypass", "true"), ask, unseen,
					arrives("x_gatewarden-bypass"), arrives("x_gatewarden_bypass"), arrives("x_gatewarden-bypass")),
				get("twice", "/a", ask, with(bypassHeader, "no"), ask, unseen),
				get("on no surface", "/elsewhere", ask, unseen),
				get("exempt", "/healthz", ask, unseen),
				step("in a preflight", "OPTIONS", "/a", ask, with("origin", "https://app.example"), with("access-control-request-method", "GET"), unseen),
				post("before a body", "/mcp", ask, body("{}"), unseen),
				get("another one stays", "/a", with("x-gatewarden-bypassed", "true"), arrives("x-gatewarden-bypassed", "true")),
			},
		},
		{
			Name:   "without a bypass the header is any other",
			Config: inFlight(`{"name": "one", "per": "all", "limit": 1}`),
			Steps:  []Step{get("", "/a", ask, arrives(bypassHeader, "true"), meanwhile(get("", "/a", ask, crowded())))},
		},
		{
			Name: "a bypass does not pass a lockout or the gate",
			Config: `{"identity": [` + keys(key("ops", "Secret-1", `, "roles": ["admin"]`)) + `], "bypass": {"header": "x-skip", "roles": ["admin"]},
				"surfaces": [{"name": "gate", "kind": "api", "match": [{"prefix": "/gate"}], "require": true, "lockout": {"failures": 2, "window": "1m"}}]}`,
			Steps: []Step{
				get("no limit is needed", "/gate", token("Secret-1"), with("x-skip", "true"), arrives("x-skip")),
				get("", "/gate", token("x"), with("x-skip", "true"), refused("auth_denied", 401), times(2)),
				get("", "/gate", token("Secret-1"), with("x-skip", "true"), locked("60")),
			},
			Metrics: map[string]uint64{"gatewarden_bypass_total.surface.gate.outcome.used": 1},
		},
		{
			Name:   "MCP, gRPC and pages understand why not",
			Config: skipping(),
			Steps: []Step{
				post("", "/mcp", roles("eve"), ask, body(`{"jsonrpc":"2.0","id":"x","method":"ping"}`), denied(has("content-type", "application/json"),
					says(`{"jsonrpc":"2.0","id":"x","error":{"code":428,"message":"`+bypassMessage+`","data":{"reason":"bypass_denied"}}}`))),
				post("", "/mcp", roles("root", "admin"), ask, body(`{"jsonrpc":"2.0","id":"x","method":"ping"}`), unseen),
				post("", "/a/pkg.Service/Method", roles("eve"), ask, with("content-type", "application/grpc"), body("\x00\x00\x00\x00\x00"), refused("bypass_denied", 200),
					has("grpc-status", "9"), has("grpc-message", bypassMessage)),
				get("", "/a", roles("eve"), ask, with("origin", "https://app.example"), denied(has("access-control-allow-origin", "*"))),
			},
			Metrics: map[string]uint64{"gatewarden_bypass_total.surface.mcp.outcome.denied": 1, "gatewarden_bypass_total.surface.mcp.outcome.used": 1},
		},
	}
}
