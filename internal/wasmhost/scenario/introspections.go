package scenario

import (
	"strings"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// asks is an identity source that asks the authorization server.
func asks(more string) string {
	return `{"source": "introspection"` + more + `, "endpoint": {"cluster": "` + AuthCluster + `",
		"url": "http://auth.example.com/introspect", "client_id": "gateway", "client_secret": "secret"}}`
}

// told is what the authorization server says of tokens: answer after token.
func told(pairs ...string) map[string][]wasmhost.Response {
	out := map[string][]wasmhost.Response{}
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i]] = append(out[pairs[i]], introspection(pairs[i+1]))
	}
	return out
}

const (
	activeToken   = `{"active":true,"sub":"alice","scope":"mcp:query","exp":1900000000}`
	inactiveToken = `{"active":false}`
	notKnown      = `{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"It cannot be found out at the moment whether the credential is valid."}`
)

// unanswered is a refusal because nobody said whether the token is active.
func unanswered(options ...option) option {
	return func(s *Step) {
		refused("store_unavailable", 503)(s)
		has("retry-after", "5")(s)
		for _, o := range options {
			o(s)
		}
	}
}

func introspections() []Scenario {
	return append(answers(), []Scenario{
		{
			Name:   "an authorization server says who comes in",
			Config: gate("api", asks(""), ""),
			Says:   told("good", activeToken, "a+b/c=&d%20", activeToken, "nameless", `{"active":true}`, "over", `{"active":true,"exp":1}`),
			Steps: []Step{
				get("", "/gate", token("good"), times(3)),
				get("", "/gate", with("authorization", "bEARER  good")),
				get("a token in strange letters", "/gate", token("a+b/c=&d%20")),
				get("nobody's", "/gate", token("nameless")),
				get("none", "/gate", denied()),
				get("two", "/gate", with("authorization", "Bearer good"), with("x-api-key", "k"), denied()),
				get("over", "/gate", token("over"), denied(says(`{"type":"about:blank","title":"Unauthorized","status":401,"detail":"The credential is unknown or has expired.","hint":"Check it, or get another one."}`),
					has("www-authenticate", `Bearer realm="gate", error="invalid_token"`))),
				get("made up", "/gate", token("made-up"), denied()),
				get("locked out, and nobody is asked", "/gate", token("next"), locked("60")),
				get("a good one, too", "/gate", token("good"), locked("60")),
				get("another client", "/gate", from("192.0.2.2:1"), token("good")),
				post("with a body", "/gate", from("192.0.2.2:1"), token("a-post"), denied(), body("some", "thing")),
				post("with a body", "/gate", from("192.0.2.2:1"), token("good"), body("some", "thing"), trailer("x-t", "1")),
				get("elsewhere nobody asks", "/elsewhere", token("elsewhere")),
			},
			Metrics: map[string]uint64{
				"gatewarden_introspections_total.outcome.active":   3,
				"gatewarden_introspections_total.outcome.inactive": 3,
				"gatewarden_introspections_total.outcome.cached":   6,
				"gatewarden_introspections_total.outcome.error":    0,
				"gatewarden_auth_failures_total.surface.gate":      4,
				"gatewarden_lockouts_total.surface.gate":           1,
				"gatewarden_auth_denied_total.surface.gate":        5,
			},
		},
		{
			// The body is read for the request's id first, and is longer than what is
			// read. Its trailers come while the answer is waited for.
			Name:   "trailers let no request pass whose token is asked about",
			Config: gate("mcp", asks(""), ""),
			Says:   told("good", activeToken),
			Steps: []Step{
				post("a token of nobody's", "/gate", token("made-up"), denied(), body(strings.Repeat("x", 70<<10)), trailer("x-t", "1")),
				post("a good one", "/gate", token("good"), body(strings.Repeat("x", 70<<10)), trailer("x-t", "1")),
			},
		},
		{
			Name:   "answers grow stale",
			Config: gate("api", asks(`, "cache": {"for": "30s", "inactive_for": "5s"}`), ""),
			Says: told("revoked", activeToken, "revoked", inactiveToken, "renewed", inactiveToken, "renewed", activeToken,
				"short", `{"active":true,"exp":1800000010}`, "short", inactiveToken),
			Steps: []Step{
				get("", "/gate", token("revoked")),
				get("", "/gate", token("short")),
				get("", "/gate", token("renewed"), denied()),
				get("not for long", "/gate", token("renewed"), after(5*second)),
				get("", "/gate", token("short"), after(4*second)),
				get("exp is over", "/gate", token("short"), after(second), denied()),
				get("", "/gate", token("revoked"), after(19*second)),
				get("", "/gate", token("revoked"), after(second), denied()),
			},
			Metrics: map[string]uint64{
				"gatewarden_introspections_total.outcome.active":   3,
				"gatewarden_introspections_total.outcome.inactive": 3,
				"gatewarden_introspections_total.outcome.cached":   2,
			},
		},
		{
			Name:   "an MCP gate answers with the request's id when it was told",
			Config: gate("mcp", asks(""), ""),
			Says:   map[string][]wasmhost.Response{"good": {introspection(activeToken)}, "down": {noAnswer(503)}},
			Steps: []Step{
				post("", "/gate", token("good"), body(`{"jsonrpc":"2.0","id":7,"method":"initialize"}`)),
				post("in pieces", "/gate", token("bad"), denied(says(`{"jsonrpc":"2.0","id":"a","error":{"code":401,"message":"The credential is unknown or has expired.","data":{"reason":"auth_denied","hint":"Check it, or get another one."}}}`)),
					body(`{"jsonrpc":"2.0","id":`, `"a","method":"initialize"}`)),
				post("", "/gate", token("down"), unanswered(has("content-type", "application/json"),
					says(`{"jsonrpc":"2.0","id":7,"error":{"code":503,"message":"It cannot be found out at the moment whether the credential is valid.","data":{"reason":"store_unavailable","retryAfter":5}}}`)),
					body(`{"jsonrpc":"2.0","id":7,"method":"initialize"}`)),
				get("no body", "/gate", token("bad2"), denied()),
				post("a long one", "/gate", token("long-and-bad"), denied(), body(strings.Repeat(" ", 70<<10), `{"jsonrpc":"2.0","id":7}`)),
				post("a long one", "/gate", from("192.0.2.2:1"), token("good"), body(strings.Repeat(" ", 70<<10), `{"jsonrpc":"2.0","id":7}`)),
				post("locked out", "/gate", token("good"), locked("60"), body(`{"jsonrpc":"2.0","id":7,"method":"initialize"}`)),
			},
		},
	}...)
}

// answers are those that are none.
func answers() []Scenario {
	broken := map[string][]wasmhost.Response{
		"down": {noAnswer(503)}, "hangs": {noAnswer(504)}, "refuses": {noAnswer(401)}, "html": {introspection("<html>")},
		"string": {introspection(`{"active":"true"}`)}, "list": {introspection(`[{"active":true}]`)}, "empty": {introspection("")},
		"twice": {introspection(`{"active":true,"active":true}`)}, "good": {introspection(activeToken)},
		"restarts": {noAnswer(503), introspection(activeToken)}, "deep": {introspection(`{"active":true,"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`)},
		"long": {introspection(`{"active":true,"a":"` + strings.Repeat("x", 70<<10) + `"}`)},
	}
	bad := []string{"down", "hangs", "refuses", "html", "string", "list", "empty", "twice", "deep", "long"}
	each := func(options ...option) (steps []Step) {
		for _, t := range bad {
			steps = append(steps, get(t, "/gate", append([]option{token(t)}, options...)...))
		}
		return steps
	}
	return []Scenario{
		{
			Name:   "without an answer nobody comes in, and it is nobody's failure",
			Config: gate("api", asks(""), ""),
			Says:   broken,
			Steps: append(each(unanswered(says(notKnown), has("cache-control", "no-store"), hasNo("www-authenticate"))),
				get("again", "/gate", token("restarts"), unanswered()), get("and again", "/gate", token("restarts")),
				get("", "/gate", token("good"))),
			Metrics: map[string]uint64{
				"gatewarden_auth_failures_total.surface.gate":            0,
				"gatewarden_auth_unavailable_total.surface.gate":         11,
				"gatewarden_introspections_total.outcome.error":          11,
				"gatewarden_requests_total.surface.gate.outcome.refused": 11,
			},
			Log: []string{"introspection error cluster=auth reason=status_503", "reason=status_504", "reason=status_401", "reason=malformed"},
		},
		{
			Name:   "without an answer anybody is nobody",
			Config: strings.Replace(gate("api", asks(`, "on_error": "anonymous"`), ""), `"require": true, `, "", 1),
			Says:   broken,
			Steps:  append(each(), get("", "/gate", token("made-up")), get("", "/gate", token("good"))),
			Metrics: map[string]uint64{
				"gatewarden_auth_unavailable_total.surface.gate": 0, "gatewarden_introspections_total.outcome.error": 10,
			},
		},
		{
			Name:   "a source behind knows what the first does not",
			Config: gate("api", asks("")+", "+keys(key("ci", "key", ""), key("two", "down", "")), ""),
			Says:   broken,
			Steps: []Step{
				get("a key", "/gate", token("key")),
				get("a key while the server is down", "/gate", token("down")),
				get("no key while the server is down", "/gate", token("hangs"), unanswered()),
				get("nobody's", "/gate", token("made-up"), denied()),
				get("", "/gate", token("good")),
			},
		},
	}
}
