package scenario

import (
	"crypto/sha256"
	"fmt"
	"time"
)

// gate is a configuration whose one surface lets in whom these sources verify.
func gate(kind, sources, more string) string {
	return `{"allow_on_headers_stop_iteration": true, "identity": [` + sources + `]` + more + `,
		"surfaces": [{"name": "gate", "kind": "` + kind + `", "match": [{"prefix": "/gate"}], "require": true, "lockout": {"failures": 3, "window": "1m"}}]}`
}

// key is a configured API key.
func key(id, text, more string) string {
	return fmt.Sprintf(`{"id": %q, "sha256": "%x"%s}`, id, sha256.Sum256([]byte(text)), more)
}

func keys(list ...string) string {
	text := `{"source": "api_keys", "keys": [`
	for i, k := range list {
		if i > 0 {
			text += ", "
		}
		text += k
	}
	return text + `]}`
}

const (
	jwtSource = `{"source": "metadata", "path": "payload", "subject": "sub"}`
	missing   = `{"type":"about:blank","title":"Unauthorized","status":401,"detail":"This needs a credential.","hint":"Send it in the header Authorization, after Bearer, or in the header x-api-key."}`
	invalid   = `{"type":"about:blank","title":"Unauthorized","status":401,"detail":"The credential is unknown or has expired.","hint":"Check it, or get another one."}`
)

func denied(options ...option) option {
	return func(s *Step) {
		refused("auth_denied", 401)(s)
		for _, o := range options {
			o(s)
		}
	}
}

func identities() []Scenario {
	return append(gates(), []Scenario{
		{
			Name:   "nobody brings along who he is",
			Config: `{"identity": [` + jwtSource + `], "untrusted_headers": ["x-user-id", "x-tier"]}`,
			Steps: []Step{
				get("on a surface", "/api/v1/x", with("x-user-id", "mallory"), with("X-Tier", "enterprise"), with("x-other", "1"),
					arrives("x-user-id"), arrives("x-tier"), arrives("x-other", "1")),
				get("elsewhere", "/elsewhere", with("x-user-id", "mallory"), arrives("x-user-id")),
				get("exempt", "/healthz", with("x-user-id", "mallory"), arrives("x-user-id")),
				get("twice", "/api/v1/x", with("x-user-id", "a"), with("x-user-id", "b"), arrives("x-user-id")),
				get("as CGI has it", "/api/v1/x", with("x_user_id", "mallory"), arrives("x_user_id")),
				post("before a body", "/mcp", with("x-user-id", "mallory"), body("{}"), arrives("x-user-id")),
			},
		},
		{
			Name:   "without identity nothing is removed",
			Config: `{}`,
			Steps:  []Step{get("", "/api/v1/x", with("x-user-id", "alice"), arrives("x-user-id", "alice"))},
		},
		{
			Name:   "claims that another filter has verified",
			Config: gate("api", `{"source": "metadata", "path": ["payload"], "subject": ["who", "id"], "roles": "roles"}, {"source": "metadata", "tenant": ["payload", "org"]}`, ""),
			Steps: []Step{
				get("a string", "/gate", claims(map[string]any{"who": map[string]any{"id": "alice"}, "roles": []any{"admin"}})),
				get("a number", "/gate", claims(map[string]any{"who": map[string]any{"id": 42.0}})),
				get("a boolean", "/gate", claims(map[string]any{"who": map[string]any{"id": true}})),
				get("in a list", "/gate", claims(map[string]any{"who": map[string]any{"id": []any{"alice"}}}), denied()),
				get("null", "/gate", claims(map[string]any{"who": map[string]any{"id": nil}}), denied()),
				get("empty", "/gate", claims(map[string]any{"who": map[string]any{"id": ""}}), denied()),
				get("a fraction", "/gate", claims(map[string]any{"who": map[string]any{"id": 1.5}}), denied()),
				get("a number that is not itself any more", "/gate", claims(map[string]any{"who": map[string]any{"id": 9007199254740993.0}}), denied()),
				get("with a line break", "/gate", claims(map[string]any{"who": map[string]any{"id": "a\nb"}}), denied()),
				get("one level too high", "/gate", claims(map[string]any{"id": "alice"}), denied()),
				get("the second source", "/gate", claims(map[string]any{"org": "acme"})),
				get("nobody", "/gate", denied()),
			},
		},
		{
			Name:   "headers of a gateway in front",
			Config: gate("api", `{"source": "headers", "subject": "x-user-id", "tier": "x-tier"}`, ""),
			Steps: []Step{
				get("", "/gate", with("x-user-id", "alice"), with("x-tier", "pro"), arrives("x-user-id", "alice"), arrives("x-tier", "pro")),
				get("a second value", "/gate", with("x-user-id", "mallory"), with("x-user-id", "alice"), denied()),
				get("a second tier", "/gate", with("x-user-id", "alice"), with("x-tier", "enterprise"), with("x-tier", "free"), denied()),
				get("as CGI has it", "/gate", with("x_user_id", "mallory"), denied()),
				get("empty", "/gate", with("x-user-id", ""), denied()),
				get("none", "/gate", denied()),
			},
			Metrics: map[string]uint64{"gatewarden_auth_denied_total.surface.gate": 5, "gatewarden_auth_failures_total.surface.gate": 0},
		},
	}...)
}

// audiences is a gateway in front of two resources, of which each has tokens of its own.
func audiences(sources string) string {
	return `{"identity": [` + sources + `], "surfaces": [
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "require": true, "lockout": {"failures": 3, "window": "1m"}},
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 3, "window": "1m"}},
		{"name": "none", "kind": "api", "match": [{"prefix": "/none"}]}],
		"oauth": [{"resource": "https://a.example.com/mcp", "authorization_servers": ["https://as.example.com"]},
			{"resource": "https://a.example.com/api", "authorization_servers": ["https://as.example.com"], "audiences": ["api://rest"]}]}`
}

func confusedDeputies() []Scenario {
	const (
		foreign = `Bearer error="invalid_token", error_description="The token is for another resource", resource_metadata="https://a.example.com/.well-known/oauth-protected-resource`
		detail  = `{"type":"about:blank","title":"Unauthorized","status":401,"detail":"The token is for another resource.","hint":"Get an access token for this resource where oauth_discovery says, ` +
			`and send it in the header Authorization, after Bearer.","oauth_discovery":{"resource_metadata":"https://a.example.com/.well-known/oauth-protected-resource/api","authorization_servers":["https://as.example.com"]}}`
	)
	aud := func(list ...any) option { return claims(map[string]any{"sub": "alice", "aud": list}) }
	one := func(audience any) option { return claims(map[string]any{"sub": "alice", "aud": audience}) }
	wrong := func(path string) option { return denied(has("www-authenticate", foreign+path+`"`)) }
	return []Scenario{
		{
			Name:   "a token for another resource is refused",
			Config: audiences(`{"source": "metadata", "path": "payload", "subject": "sub", "audience": "aud"}`),
			Steps: []Step{
				post("", "/mcp", token("t"), one("https://a.example.com/mcp")), post("a slash", "/mcp", token("t"), one("https://A.example.com/mcp/")),
				post("none", "/mcp", token("t"), claims(map[string]any{"sub": "alice"})),
				get("", "/api", token("t"), aud("https://a.example.com/api", "https://b.example.com")), get("its other name", "/api", token("t"), one("api://rest")),
				post("of the other", "/mcp", token("t"), aud("https://a.example.com/api", "api://rest"), wrong("/mcp")),
				get("where nobody has to be known", "/api", token("t"), one("https://a.example.com/mcp"), wrong("/api"), denied(says(detail))),
				get("of no resource", "/none", token("t"), one("https://a.example.com/mcp")),
				post("without a credential", "/mcp", one("https://a.example.com/api"), wrong("/mcp")),
				get("nobody", "/api"), post("nobody", "/mcp", denied(has("www-authenticate", `Bearer resource_metadata="https://a.example.com/.well-known/oauth-protected-resource/mcp"`))),
				get("it counts", "/api", token("t"), one("https://a.example.com"), wrong("/api"), times(2)),
				get("", "/api", token("t"), one("api://rest"), locked("60")),
			},
			Metrics: map[string]uint64{
				"gatewarden_auth_failures_total.surface.mcp":  1,
				"gatewarden_auth_failures_total.surface.rest": 3,
				"gatewarden_auth_denied_total.surface.mcp":    3,
				"gatewarden_auth_denied_total.surface.rest":   3,
			},
			Log: []string{"failure surface=mcp client=192.0.2.1 reason=wrong_audience failures=1", "failure surface=rest client=192.0.2.1 reason=wrong_audience failures=1"},
		},
		{
			Name:   "an authorization server says for whom a token is",
			Config: audiences(asks("")),
			Says: told("mcp", `{"active":true,"sub":"alice","aud":"https://a.example.com/mcp"}`, "both", `{"active":true,"aud":["https://a.example.com/mcp","api://rest"]}`,
				"any", `{"active":true,"sub":"alice"}`),
			Steps: []Step{
				post("", "/mcp", token("mcp")), get("", "/api", token("mcp"), wrong("/api"), times(2)), get("", "/none", token("mcp")),
				post("", "/mcp", token("both")), get("", "/api", token("both")), get("", "/api", token("any")),
			},
			Metrics: map[string]uint64{
				"gatewarden_introspections_total.outcome.active":   3,
				"gatewarden_introspections_total.outcome.inactive": 0,
				"gatewarden_auth_failures_total.surface.rest":      2,
			},
		},
	}
}

func gates() []Scenario {
	return []Scenario{
		{
			Name:   "a gate for API keys",
			Config: gate("api", keys(key("ci", "Secret-1", ""), key("old", "expired", `, "expires": "2020-01-01T00:00:00Z"`), key("new", "valid", `, "expires": "2099-01-01T00:00:00Z"`)), ""),
			Steps: []Step{
				get("", "/gate", with("x-api-key", "Secret-1")),
				get("", "/gate", token("Secret-1")),
				get("", "/gate", with("authorization", "bEARER   Secret-1")),
				get("one that expires", "/gate", with("x-api-key", "valid")),
				get("none", "/gate", denied(says(missing), has("www-authenticate", `Bearer realm="gate"`), has("content-type", "application/problem+json"),
					has("cache-control", "no-store"), has("retry-after")), times(10)),
				get("a scheme alone", "/gate", with("authorization", "Bearer"), denied(says(missing))),
				get("another case", "/gate", with("x-api-key", "secret-1"), denied(says(invalid), has("www-authenticate", `Bearer realm="gate", error="invalid_token"`))),
				get("one that has expired", "/gate", token("expired"), denied(says(invalid))),
				get("two", "/gate", with("x-api-key", "Secret-1"), token("valid"), denied(has("www-authenticate", `Bearer realm="gate", error="invalid_token"`))),
				get("locked out", "/gate", with("x-api-key", "Secret-1"), locked("60")),
				get("another client", "/gate", from("192.0.2.2:1"), with("x-api-key", "Secret-1")),
				get("two values", "/gate", from("192.0.2.2:1"), with("x-api-key", "Secret-1"), with("x-api-key", "Secret-1"), denied()),
				get("on one line", "/gate", from("192.0.2.2:1"), token("Secret-1"), token("Secret-1"), denied()),
				get("no token", "/gate", from("192.0.2.2:1"), basic("Secret-1:"), denied(has("www-authenticate", `Bearer realm="gate"`))),
				get("locked out, too", "/gate", from("192.0.2.2:1"), locked("60")),
				get("elsewhere nobody asks", "/elsewhere"),
			},
			Metrics: map[string]uint64{
				"gatewarden_auth_denied_total.surface.gate":             17,
				"gatewarden_auth_failures_total.surface.gate":           6,
				"gatewarden_requests_total.surface.gate.outcome.passed": 5,
				"gatewarden_lockouts_total.surface.gate":                2,
			},
			Log: []string{
				"failure surface=gate client=192.0.2.1 reason=auth_denied failures=1 limit=3",
				"failure surface=gate client=192.0.2.1 reason=auth_denied failures=3 limit=3 locked_for=60",
			},
		},
		{
			Name:   "a key that expires meanwhile",
			Config: gate("api", keys(key("ci", "k", `, "expires": "2027-01-15T08:00:30Z"`)), ""),
			Steps: []Step{
				get("", "/gate", token("k")),
				get("", "/gate", token("k"), after(29*second)),
				get("", "/gate", token("k"), after(second), denied(says(invalid))),
				get("", "/gate", token("k"), after(time.Hour), denied()),
			},
		},
		{
			Name:   "the gate leads to the authorization server",
			Config: gate("api", keys(key("ci", "k", "")), `, "oauth": {"resource": "https://api.example.com/mcp", "authorization_servers": ["https://auth.example.com"]}`),
			Steps: []Step{
				get("", "/gate", denied(has("www-authenticate", "Bearer "+metadataParam),
					says(`{"type":"about:blank","title":"Unauthorized","status":401,"detail":"This needs a credential.","hint":"Get an access token where oauth_discovery says, and send it in the header Authorization, after Bearer, or in the header x-api-key.","oauth_discovery":{"resource_metadata":"https://api.example.com/.well-known/oauth-protected-resource/mcp","authorization_servers":["https://auth.example.com"]}}`))),
				get("", "/gate", token("x"), denied(has("www-authenticate", `Bearer error="invalid_token", `+metadataParam))),
				get("where it says", "/.well-known/oauth-protected-resource/mcp", served(200)),
			},
		},
		{
			Name:   "pages on other origins can read the refusal",
			Config: gate("api", keys(key("ci", "k", "")), ""),
			Steps: []Step{
				step("a preflight passes", "OPTIONS", "/gate", with("origin", "https://app.example"), with("access-control-request-method", "GET"), answer(204)),
				step("with a credential it is none", "OPTIONS", "/gate", token("x"), with("origin", "https://app.example"), with("access-control-request-method", "GET"), denied()),
				get("", "/gate", with("origin", "https://app.example"), denied(has("access-control-allow-origin", "*"),
					has("access-control-expose-headers", "Retry-After, RateLimit, WWW-Authenticate"))),
				step("HEAD", "HEAD", "/gate", denied(has("www-authenticate", `Bearer realm="gate"`))),
			},
		},
		{
			Name:   "an MCP gate answers with the request's id",
			Config: gate("mcp", keys(key("ci", "k", "")), ""),
			Steps: []Step{
				post("", "/gate", denied(has("content-type", "application/json"),
					says(`{"jsonrpc":"2.0","id":7,"error":{"code":401,"message":"This needs a credential.","data":{"reason":"auth_denied","hint":"Send it in the header Authorization, after Bearer, or in the header x-api-key."}}}`)),
					body(`{"jsonrpc":"2.0","id":7,"method":"initialize"}`)),
				post("in pieces", "/gate", token("x"), denied(
					says(`{"jsonrpc":"2.0","id":"a","error":{"code":401,"message":"The credential is unknown or has expired.","data":{"reason":"auth_denied","hint":"Check it, or get another one."}}}`)),
					body(`{"jsonrpc":"2.0","id":`, `"a","method":"initialize"}`), times(3)),
				post("three failures, not six", "/gate", token("k"), locked("60"), body(`{"jsonrpc":"2.0","id":7,"method":"initialize"}`)),
				post("another client", "/gate", from("192.0.2.2:1"), token("k"), body(`{"jsonrpc":"2.0","id":7,"method":"initialize"}`)),
				get("no body", "/gate", from("192.0.2.2:1"), denied(
					says(`{"jsonrpc":"2.0","error":{"code":401,"message":"This needs a credential.","data":{"reason":"auth_denied","hint":"Send it in the header Authorization, after Bearer, or in the header x-api-key."}}}`))),
			},
			Metrics: map[string]uint64{"gatewarden_auth_failures_total.surface.gate": 3, "gatewarden_lockouts_total.surface.gate": 1},
		},
		{
			Name:   "a gate for gRPC",
			Config: gate("api", keys(key("ci", "k", "")), ""),
			Steps: []Step{
				post("", "/gate/pkg.Service/Method", with("content-type", "application/grpc"), body("\x00\x00\x00\x00\x00"), refused("auth_denied", 200),
					has("grpc-status", "16"), has("grpc-message", "This needs a credential.")),
				post("", "/gate/pkg.Service/Method", with("content-type", "application/grpc"), token("k"), body("\x00\x00\x00\x00\x00"), answerTrailer("grpc-status", "0")),
			},
		},
		{
			Name: "in shadow mode the gate is closed all the same",
			Config: `{"identity": [` + keys(key("ci", "k", "")) + `], "surfaces": [{"name": "gate", "kind": "api", "match": [{"prefix": "/gate"}], "require": true,
				"lockout": {"failures": 1, "window": "1m", "mode": "shadow"}}]}`,
			Steps: []Step{
				get("", "/gate", token("x"), denied(), times(3)),
				get("locked out, if it were", "/gate", token("k")),
				get("", "/gate", denied()),
			},
			Metrics: map[string]uint64{"gatewarden_requests_total.surface.gate.outcome.shadowed": 1, "gatewarden_auth_denied_total.surface.gate": 4},
			Log:     []string{"failure surface=gate client=192.0.2.1 reason=auth_denied failures=1 limit=1 locked_for=60", "shadow refusal surface=gate"},
		},
	}
}
