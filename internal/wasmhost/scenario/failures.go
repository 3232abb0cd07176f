package scenario

import (
	"encoding/base64"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

func basic(pair string) option {
	return with("authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
}

const many = 100

func failures() []Scenario {
	return append(tokenEndpoint(), []Scenario{
		{
			Name:   "what never counts on an API",
			Config: `{"credentials": {"query": []}}`,
			Steps: []Step{
				get("401 without a credential", "/api/v1/x", answer(401), times(many)),
				get("a scheme without a token", "/api/v1/x", with("authorization", "Bearer "), answer(401), times(many)),
				get("a token in the query", "/api/v1/x?access_token=t", answer(401), times(many)),
				get("403", "/api/v1/x", token("t"), answer(403), times(many)),
				get("404", "/api/v1/x", token("t"), answer(404), times(many)),
				get("413", "/api/v1/x", token("t"), answer(413), times(many)),
				get("429", "/api/v1/x", token("t"), answer(429), times(many)),
				get("500", "/api/v1/x", token("t"), answer(500), times(many)),
				get("503", "/api/v1/x", token("t"), answer(503), times(many)),
				get("200", "/api/v1/x", token("t"), times(many)),
				post("the same on MCP", "/mcp", answer(401), times(many)),
				post("", "/mcp", token("t"), answer(403), times(many)),
				post("", "/mcp", token("t"), answer(404), times(many)),
				post("still served", "/mcp", token("t")),
				get("still served", "/api/v1/x", token("t")),
			},
			Metrics: map[string]uint64{
				"gatewarden_auth_failures_total.surface.rest": 0,
				"gatewarden_auth_failures_total.surface.mcp":  0,
			},
		},
		{
			Name:   "count_anonymous counts a 401 without a credential",
			Config: rest(`"failures": 3, "window": "1m", "count_anonymous": true`),
			Steps: []Step{
				get("", "/api/v1/x", answer(401), times(3)),
				get("", "/api/v1/x", locked("60")),
			},
		},
		{
			Name: "every configured place of a credential",
			Config: `{"credentials": {"headers": ["authorization", "x-api-key"], "cookies": ["session"]},
				"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {"failures": 5}}]}`,
			Steps: []Step{
				get("as CGI reads it", "/api/v1/x", with("x_api_key", "x"), answer(401)),
				get("", "/api/v1/x", with("authorization", "Bearer x"), answer(401)),
				get("", "/api/v1/x", with("x-api-key", "x"), answer(401)),
				get("", "/api/v1/x", with("cookie", "a=b; session=x"), answer(401)),
				get("not another cookie", "/api/v1/x", with("cookie", "a=b; xsession=x"), answer(401)),
				get("nor another header", "/api/v1/x", with("x-auth", "x"), answer(401)),
				get("", "/api/v1/x", basic("u:p"), answer(401)),
				get("", "/api/v1/x", locked("60")),
			},
		},
		{
			Name:        "refusals of filters behind it count like the service's own",
			StandInOnly: true,
			Steps: []Step{
				get("", "/api/v1/x", token("bad"), answer(401), by("jwt_authn_access_denied{Jwt_verification_fails}"), times(10)),
				get("", "/api/v1/x", token("bad"), answer(401), by("ext_authz_denied"), times(10)),
				get("", "/api/v1/x", token("bad"), locked("60")),
			},
		},
		{
			Name: "its own replies do not count and prolong nothing",
			Steps: []Step{
				get("", "/api/v1/x", token("bad"), answer(401), times(20)),
				get("", "/api/v1/x", token("bad"), locked("60"), times(many)),
				get("", "/api/v1/x", token("bad"), after(59*second), locked("1")),
				get("", "/api/v1/x", token("bad"), after(second), answer(401)),
			},
			Metrics: map[string]uint64{"gatewarden_auth_failures_total.surface.rest": 21},
		},
		{
			Name: "consent counts 401, 403 and 422 on POST",
			Steps: []Step{
				post("a redirect is a success", "/oauth/authorize", answer(302, [2]string{"location", "https://c/?error=access_denied"}), times(many)),
				post("200 is the form again, which is not counted unless asked for", "/oauth/authorize", answer(200), times(many)),
				post("400", "/oauth/authorize", answer(400), times(many)),
				get("GET", "/oauth/authorize", answer(401), times(many)),
				post("", "/oauth/authorize", answer(401), times(2)),
				post("", "/oauth/authorize", answer(403), times(2)),
				post("", "/oauth/authorize", answer(422)),
				post("", "/oauth/authorize", locked("300")),
			},
		},
		{
			Name:   "consent counts 200 when asked for",
			Config: `{"surfaces": [{"name": "consent", "kind": "oauth-consent", "match": [{"path": "/login", "methods": ["POST"]}], "lockout": {"statuses": [200, 401], "failures": 2, "window": "1m"}}]}`,
			Steps: []Step{
				post("", "/login", answer(200), times(2)),
				post("", "/login", locked("60")),
			},
		},
		{
			Name: "gRPC status 16 counts, in headers or trailers",
			Steps: []Step{
				grpc("other codes do not", answerTrailer("grpc-status", "7"), times(many)),
				grpc("nor success", answerTrailer("grpc-status", "0"), times(many)),
				grpc("in trailers", answerTrailer("grpc-status", "16"), times(10)),
				grpc("trailers-only", answer(200, [2]string{"grpc-status", "16"}), times(10)),
				grpc("", refused("locked_out", 200), has("grpc-status", "8"), has("retry-after", "60"),
					has("grpc-message", "Too many failed authentications. Try again in 60 seconds.")),
			},
		},
	}...)
}

func grpc(note string, options ...option) Step {
	return post(note, "/api/v1/pkg.Service/Method", append([]option{
		with("content-type", "application/grpc"), token("t"), body("\x00\x00\x00\x00\x00"),
	}, options...)...)
}

func tokenEndpoint() []Scenario {
	const json = "application/json"
	return []Scenario{
		{
			Name: "the token endpoint's errors are read while they pass",
			Steps: []Step{
				post("authorization_pending", "/oauth/token", answer(400), answerBody(json, `{"error":"authorization_pending"}`), times(many)),
				post("slow_down", "/oauth/token", answer(400), answerBody(json, `{"error":"slow_down"}`), times(many)),
				post("invalid_request", "/oauth/token", answer(400), answerBody(json, `{"error":"invalid_request","error_description":"invalid_grant"}`), times(many)),
				post("expired_token", "/oauth/token", answer(400), answerBody(json, `{"error":"expired_token"}`), times(many)),
				post("no body", "/oauth/token", answer(400), times(many)),
				post("no JSON", "/oauth/token", answer(400), answerBody("text/html", `<p title="error">invalid_grant</p>`), times(many)),
				post("compressed", "/oauth/token", answer(400, [2]string{"content-encoding", "gzip"}), answerBody(json, `{"error":"invalid_grant"}`), times(many)),
				post("nested", "/oauth/token", answer(400), answerBody(json, `{"a":{"error":"invalid_grant"},"b":["error","invalid_grant"]}`), times(many)),
				post("success", "/oauth/token", answer(200), answerBody(json, `{"access_token":"x"}`), times(many)),
				post("invalid_grant", "/oauth/token", answer(400), answerBody(json, `{"error":"invalid_grant"}`), times(4)),
				post("in pieces", "/oauth/token", answer(400), answerBody(json, `{"error_description":"\"no\"","er`, `ror" : "inv`, `alid_cl`, `ient"}`), times(4)),
				post("with a charset", "/oauth/token", answer(400), answerBody("Application/JSON; charset=utf-8", `{"error":"invalid_client"}`)),
				post("401 whatever the body", "/oauth/token", answer(401)),
				post("", "/oauth/token", locked("300")),
			},
			Log: []string{"reason=invalid_grant failures=1 limit=10", "reason=invalid_client", "reason=status_401 failures=10"},
		},
		{
			Name:        "who leaves before the error is read is counted",
			StandInOnly: true,
			Steps: []Step{
				post("", "/oauth/token", answer(400), answerBody(json, `{"error":"invalid_grant"}`), leaves(), times(10)),
				post("", "/oauth/token", locked("300")),
			},
		},
	}
}

// leaves lets the client go away as soon as it has the response headers.
func leaves() option {
	return func(s *Step) { s.Send.AbortAfter = wasmhost.AfterResponseHeaders }
}
