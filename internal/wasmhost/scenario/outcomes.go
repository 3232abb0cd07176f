package scenario

import "encoding/base64"

// ntlm is an Authorization header, or a challenge, with a message of NTLM of a type.
func ntlm(message byte) string {
	return "NTLM " + base64.StdEncoding.EncodeToString([]byte("NTLMSSP\x00"+string([]byte{message, 0, 0, 0})))
}

// some is more than any limit here.
const some = 15

// bare is the body of an answer without a media type.
func bare(text string) option {
	return func(s *Step) { s.Answer.Body = pieces([]string{text}) }
}

// outcomes are what responses say by more than their status.
func outcomes() []Scenario {
	return append(handshakes(), append(tokenErrors(), conditions()...)...)
}

func handshakes() []Scenario {
	authorization := func(value string) option { return with("authorization", value) }
	unauthorized := func(lines ...string) option {
		var headers [][2]string
		for _, line := range lines {
			headers = append(headers, [2]string{"www-authenticate", line})
		}
		return answer(401, headers...)
	}
	const digest = `Digest username="u", nonce="n", response="r"`
	return []Scenario{
		{
			Name:   "steps of a handshake are no failures, its refusal is one",
			Config: rest(`"failures": 3, "window": "1m"`),
			Steps: []Step{
				get("the first step", "/api/v1/x", authorization(ntlm(1)), unauthorized("Negotiate", ntlm(2)), times(some)),
				get("the last", "/api/v1/x", authorization(ntlm(3)), times(some)),
				get("Negotiate", "/api/v1/x", authorization("Negotiate YIGeBgYrBgEFBQI="), unauthorized("Negotiate oQcwBaADCgEB"), times(some)),
				get("Digest, stale", "/api/v1/x", authorization(digest), unauthorized(`Digest realm="r", nonce="m", stale=true`), times(some)),
				get("SCRAM", "/api/v1/x", authorization("SCRAM-SHA-256 data=biwsbj11c2VyLHI9YWJj"), unauthorized("SCRAM-SHA-256 sid=A, data=cj1hYmMscz1XMjIsaT00MDk2"), times(some)),
				get("DPoP without a nonce", "/api/v1/x", authorization("DPoP t"), unauthorized(`DPoP error="use_dpop_nonce"`), times(some)),
				get("Negotiate, rejected", "/api/v1/x", authorization("Negotiate YIGeBgYrBgEFBQI="), unauthorized("Negotiate oQcwBaADCgEC")),
				get("Digest, wrong", "/api/v1/x", authorization(digest), unauthorized(`Digest realm="r", nonce="m"`)),
				get("the last, with a new challenge", "/api/v1/x", authorization(ntlm(3)), unauthorized(ntlm(2))),
				get("", "/api/v1/x", authorization(ntlm(1)), locked("60")),
			},
			Metrics: map[string]uint64{"gatewarden_auth_failures_total.surface.rest": 3},
		},
		{
			Name:   "another scheme cannot make a step of its failure",
			Config: rest(`"failures": 3, "window": "1m"`),
			Steps: []Step{
				get("", "/api/v1/x", basic("u:p"), unauthorized(ntlm(2), `Digest stale=true`), times(3)),
				get("", "/api/v1/x", basic("u:p"), locked("60")),
			},
		},
	}
}

func tokenErrors() []Scenario {
	const grant = `{"error":"invalid_grant"}`
	return []Scenario{
		{
			Name: "a token error counts in every status but 5xx, as JSON or a form",
			Steps: []Step{
				post("500", "/oauth/token", answer(500), answerBody("application/json", grant), times(some)),
				post("another error", "/oauth/token", answer(403), answerBody("application/json", `{"error":"mfa_required"}`), times(some)),
				post("a page that quotes one", "/oauth/token", answer(400), answerBody("text/html", "<a href='?x&error=invalid_grant&'>"), times(some)),
				post("200 with a token", "/oauth/token", answer(200), answerBody("application/x-www-form-urlencoded", "access_token=error&scope=x"), times(some)),
				post("200", "/oauth/token", answer(200), answerBody("application/json", grant)),
				post("200, as GitHub answers", "/oauth/token", answer(200), answerBody("application/x-www-form-urlencoded", "error=bad_veri", "fication_code&error_description=x")),
				post("403", "/oauth/token", answer(403), answerBody("application/json", grant)),
				post("a problem", "/oauth/token", answer(400), answerBody("application/problem+json", grant)),
				post("no media type", "/oauth/token", answer(400), bare(grant)),
				post("HTML by name", "/oauth/token", answer(400), answerBody("text/html", grant)),
				get("GET", "/oauth/token?grant_type=password", answer(400), answerBody("application/json", grant)),
				post("302", "/oauth/token", answer(302), answerBody("application/json", grant)),
				post("404", "/oauth/token", answer(404), answerBody("application/json", grant)),
				post("a secret", "/oauth/token", answer(400), answerBody("application/json", `{"error":"invalid_client"}`)),
				post("", "/oauth/token", locked("300")),
			},
			Log: []string{"reason=invalid_grant failures=1", "reason=bad_verification_code failures=2", "reason=invalid_client failures=10"},
		},
		{
			Name:   "token_errors says which codes count",
			Config: `{"surfaces": [{"name": "token", "kind": "oauth-token", "match": [{"path": "/token"}], "lockout": {"failures": 2, "window": "1m", "token_errors": ["unauthorized_client"]}}]}`,
			Steps: []Step{
				post("", "/token", answer(400), answerBody("application/json", grant), times(some)),
				post("", "/token", answer(400), answerBody("application/json", `{"error":"unauthorized_client"}`), times(2)),
				post("", "/token", locked("60")),
			},
		},
		{
			Name: "where a body tells, the service is not asked to hide it",
			Steps: []Step{
				post("", "/oauth/token", with("accept-encoding", "gzip, br"), with("if-none-match", `"x"`), with("range", "bytes=9-"), with("accept", "*/*"),
					answer(400), answerBody("application/json", grant), arrives("accept-encoding"), arrives("if-none-match"), arrives("range"), arrives("accept", "*/*")),
				get("elsewhere it is", "/api/v1/x", with("accept-encoding", "gzip, br"), token("t"), arrives("accept-encoding", "gzip, br")),
			},
		},
	}
}

func conditions() []Scenario {
	const config = `{"surfaces": [
		{"name": "form", "kind": "oauth-consent", "match": [{"path": "/login", "methods": ["POST"]}], "lockout": {"failures": 3, "window": "1m",
			"failures_when": [{"status": [302], "header": {"name": "location", "contains": "/login?error"}}], "succeeded_when": [{"status": [302]}]}},
		{"name": "graphql", "kind": "api", "match": [{"path": "/graphql"}], "lockout": {"failures": 3, "window": "1m", "known_good": {"for": "1h"},
			"failures_when": [{"status": [401]}, {"status": ["2xx"], "json": {"path": ["errors", "0", "extensions", "code"], "one_of": ["UNAUTHENTICATED"]}}]}}]}`
	const json, no, yes = "application/json", `{"errors":[{"extensions":{"code":"UNAUTHENTICATED"}}]}`, `{"data":{"me":1}}`
	to := func(location string) option { return answer(302, [2]string{"location", location}) }
	return []Scenario{
		{
			Name:   "a login that redirects to its form again is a failure",
			Config: config,
			Steps: []Step{
				post("to the page", "/login", to("/home"), times(some)),
				post("neither", "/login", answer(200), times(some)),
				post("401 is not among the conditions", "/login", answer(401), times(some)),
				post("back to the form", "/login", to("https://h/login?error"), times(3)),
				post("", "/login", locked("60")),
			},
			Log: []string{"reason=failures_when[0] failures=3"},
		},
		{
			Name:   "a 200 whose JSON says no is a failure, and no success of its credential",
			Config: config,
			Steps: []Step{
				post("right", "/graphql", token("good"), answerBody(json, yes), times(some)),
				post("another error", "/graphql", token("good"), answerBody(json, `{"errors":[{"extensions":{"code":"BAD_USER_INPUT"}}]}`), times(some)),
				post("without a credential", "/graphql", answerBody(json, no), times(some)),
				post("in pieces", "/graphql", token("bad"), answerBody(json, no[:9], no[9:30], no[30:])),
				post("", "/graphql", token("bad"), answerBody(json, no)),
				post("by status", "/graphql", token("worse"), answer(401)),
				post("", "/graphql", token("bad"), locked("60")),
				post("known as good", "/graphql", token("good"), answerBody(json, yes)),
			},
			Log: []string{"reason=failures_when[1] failures=1", "reason=status_401 failures=3"},
		},
		{
			Name:   "where failures_when reads nothing, bodies are not read",
			Config: `{"surfaces": [{"name": "token", "kind": "oauth-token", "match": [{"path": "/token"}], "lockout": {"failures": 2, "window": "1m", "failures_when": [{"status": [401]}]}}]}`,
			Steps: []Step{
				post("", "/token", with("accept-encoding", "gzip"), answer(400), answerBody(json, `{"error":"invalid_grant"}`), arrives("accept-encoding", "gzip"), times(some)),
				post("", "/token", answer(401), times(2)),
				post("", "/token", locked("60")),
			},
		},
	}
}
