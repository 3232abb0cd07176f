package scenario

import (
	"strings"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

const oauth = `{"oauth": {"resource": "https://api.example.com/mcp", "authorization_servers": ["https://auth.example.com"],
	"scopes_supported": ["mcp:query", "mcp:tools"], "resource_documentation": "https://api.example.com/docs",
	"realm": "mcp", "challenge_scope": ["mcp:query"]}}`

const (
	metadataParam = `resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/mcp"`
	ownChallenge  = `Bearer realm="mcp", scope="mcp:query", ` + metadataParam
)

func challenges() []Scenario {
	const name = "www-authenticate"
	line := func(values ...string) option {
		return func(s *Step) {
			s.Answer.Status = 401
			for _, v := range values {
				s.Answer.Headers = append(s.Answer.Headers, [2]string{name, v})
			}
		}
	}
	return []Scenario{
		{
			Name:   "every 401 leads an OAuth client on",
			Config: oauth,
			Steps: []Step{
				post("none", "/mcp", line(), has(name, ownChallenge)),
				post("of another filter", "/mcp", line(`Bearer realm="http://h/mcp"`), by("jwt_authn_access_denied{Jwt_is_missing}"),
					has(name, `Bearer realm="http://h/mcp", scope="mcp:query", `+metadataParam)),
				post("its error stays", "/mcp", token("t"), line(`Bearer realm="r", error="invalid_token"`), has(name, `Bearer realm="r", error="invalid_token", scope="mcp:query", `+metadataParam)),
				post("its scope stays", "/mcp", line(`Bearer scope="a b"`), has(name, `Bearer scope="a b", `+metadataParam)),
				post("bare", "/mcp", line(`Bearer`), has(name, `Bearer scope="mcp:query", `+metadataParam)),
				post("behind another scheme", "/mcp", line(`Basic realm="x"`, `bearer realm="y"`), has(name, `bearer realm="y", scope="mcp:query", `+metadataParam, `Basic realm="x"`)),
				post("on one line", "/mcp", line(`Basic realm="x", Bearer realm="y"`), has(name, `Bearer realm="y", scope="mcp:query", `+metadataParam, `Basic realm="x"`)),
				post("another scheme alone", "/mcp", line(`Negotiate abc==`), has(name, ownChallenge, `Negotiate abc==`)),
				post("the service speaks for itself", "/mcp", line(`Bearer resource_metadata="https://other"`), has(name, `Bearer resource_metadata="https://other"`)),
				post("broken", "/mcp", line(`Bearer realm="x`), has(name, ownChallenge, `Bearer realm="x`)),
				get("an API as well", "/api/v1/x", line(), has(name, ownChallenge)),
				post("not the token endpoint", "/oauth/token", line(`Basic realm="c"`), has(name, `Basic realm="c"`)),
				post("not a 403", "/mcp", token("t"), answer(403), hasNo(name)),
				post("not a 200", "/mcp", token("t"), hasNo(name)),
				post("readable where the response is", "/mcp", with("origin", "https://a"), answer(401, [2]string{"access-control-allow-origin", "*"}),
					has(name, ownChallenge), has("access-control-expose-headers", "WWW-Authenticate")),
			},
		},
		{
			Name: "without oauth nothing is added",
			Steps: []Step{
				post("", "/mcp", line(`Bearer realm="x"`), has(name, `Bearer realm="x"`)),
				post("", "/mcp", line(), hasNo(name)),
			},
		},
		{
			Name:   "the metadata of the resource and of its host",
			Config: oauth,
			Steps: []Step{
				get("", "/.well-known/oauth-protected-resource/mcp", served(200), has("content-type", "application/json"),
					has("cache-control", "public, max-age=3600"), has("access-control-allow-origin", "*"),
					says(`{"resource":"https://api.example.com/mcp","authorization_servers":["https://auth.example.com"],"scopes_supported":["mcp:query","mcp:tools"],"bearer_methods_supported":["header"],"resource_documentation":"https://api.example.com/docs"}`)),
				get("", "/.well-known/oauth-protected-resource?x=1", served(200),
					says(`{"resource":"https://api.example.com","authorization_servers":["https://auth.example.com"],"scopes_supported":["mcp:query","mcp:tools"],"bearer_methods_supported":["header"],"resource_documentation":"https://api.example.com/docs"}`)),
				step("", "HEAD", "/.well-known/oauth-protected-resource/mcp", served(200)),
				step("", "OPTIONS", "/.well-known/oauth-protected-resource/mcp", served(204), has("access-control-allow-headers", "mcp-protocol-version, authorization, content-type")),
				post("", "/.well-known/oauth-protected-resource/mcp", served(405), has("allow", "GET, HEAD, OPTIONS")),
				get("a near miss is the service's", "/.well-known/oauth-protected-resource-evil"),
				get("", "/.well-known/oauth-protected-resource/other"),
				post("lock", "/mcp", token("bad"), answer(401), times(20)),
				post("locked", "/mcp", token("bad"), locked("60")),
				get("and still there", "/.well-known/oauth-protected-resource/mcp", served(200)),
			},
		},
	}
}

// manyResources is one Envoy in front of services of two hosts, each a resource.
const manyResources = `{
	"identity": [{"source": "api_keys", "keys": [{"id": "k", "sha256": "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"}]}],
	"surfaces": [
		{"name": "tools", "kind": "mcp", "match": [{"prefix": "/mcp", "hosts": ["a.example.com"]}]},
		{"name": "others", "kind": "mcp", "match": [{"prefix": "/mcp", "hosts": ["b.example.com"]}]},
		{"name": "inner", "kind": "api", "match": [{"prefix": "/api/inner"}], "require": true},
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]},
		{"name": "none", "kind": "api", "match": [{"prefix": "/none"}], "require": true}],
	"oauth": [
		{"resource": "https://a.example.com/mcp", "authorization_servers": ["https://as.example.com/a"], "realm": "a", "challenge_scope": ["a:use"], "host_default": true},
		{"resource": "https://b.example.com/mcp", "authorization_servers": ["https://as.example.com/b"]},
		{"resource": "https://a.example.com/api", "authorization_servers": ["https://as.example.com/api"], "realm": "api"},
		{"resource": "https://a.example.com/api/inner", "authorization_servers": ["https://as.example.com/inner"], "realm": "inner"}]}`

func resources() []Scenario {
	const (
		challenge = "www-authenticate"
		wellKnown = "/.well-known/oauth-protected-resource"
		at        = `resource_metadata="https://a.example.com` + wellKnown
		ofA, ofB  = `{"resource":"https://a.example.com/mcp","authorization_servers":["https://as.example.com/a"],"bearer_methods_supported":["header"]}`,
			`{"resource":"https://b.example.com/mcp","authorization_servers":["https://as.example.com/b"],"bearer_methods_supported":["header"]}`
	)
	metadata := func(note, path, authority, document string) Step {
		return get(note, wellKnown+path, host(authority), served(200), has("content-type", "application/json"), says(document))
	}
	return []Scenario{
		{
			Name:   "each surface leads to its own resource",
			Config: manyResources,
			Steps: []Step{
				post("", "/mcp", host("a.example.com"), answer(401), has(challenge, `Bearer realm="a", scope="a:use", `+at+`/mcp"`)),
				post("its parameters stay", "/mcp", host("a.example.com"), answer(401, [2]string{challenge, `Bearer realm="own", error="invalid_token"`}),
					has(challenge, `Bearer realm="own", error="invalid_token", scope="a:use", `+at+`/mcp"`)),
				post("another host", "/mcp", host("b.example.com"), answer(401), has(challenge, `Bearer resource_metadata="https://b.example.com`+wellKnown+`/mcp"`)),
				get("by the path", "/api/x", host("b.example.com"), answer(401), has(challenge, `Bearer realm="api", `+at+`/api"`)),
				get("the filter's own", "/api/inner", denied(has(challenge, `Bearer realm="inner", `+at+`/api/inner"`),
					says(`{"type":"about:blank","title":"Unauthorized","status":401,"detail":"This needs a credential.","hint":"Get an access token where oauth_discovery says, and send it in the header Authorization, after Bearer, or in the header x-api-key.",`+
						`"oauth_discovery":{"resource_metadata":"https://a.example.com`+wellKnown+`/api/inner","authorization_servers":["https://as.example.com/inner"]}}`))),
				get("with a token", "/api/inner", token("bad"), denied(has(challenge, `Bearer realm="inner", error="invalid_token", `+at+`/api/inner"`))),
				get("of no resource", "/none", denied(has(challenge, `Bearer realm="none"`),
					says(`{"type":"about:blank","title":"Unauthorized","status":401,"detail":"This needs a credential.","hint":"Send it in the header Authorization, after Bearer, or in the header x-api-key."}`))),
				post("no surface", "/mcp", host("else.example"), answer(401), hasNo(challenge)),
			},
		},
		{
			Name:   "each resource has its metadata",
			Config: manyResources,
			Steps: []Step{
				metadata("", "/mcp", "a.example.com", ofA), metadata("", "/mcp", "B.example.com:8443", ofB),
				metadata("a path of its own, whatever the host", "/api/inner", "else.example",
					`{"resource":"https://a.example.com/api/inner","authorization_servers":["https://as.example.com/inner"],"bearer_methods_supported":["header"]}`),
				metadata("the marked one", "", "a.example.com", `{"resource":"https://a.example.com","authorization_servers":["https://as.example.com/a"],"bearer_methods_supported":["header"]}`),
				metadata("the only one", "", "b.example.com", `{"resource":"https://b.example.com","authorization_servers":["https://as.example.com/b"],"bearer_methods_supported":["header"]}`),
				get("of no host", wellKnown+"/mcp", host("else.example")), get("", wellKnown, host("a.example.com,b.example.com")),
				step("", "OPTIONS", wellKnown+"/mcp", host("b.example.com"), served(204)), post("", wellKnown+"/mcp", host("b.example.com"), served(405)),
				get("lock", "/api", token("bad"), answer(401), times(20)), get("", "/api", token("bad"), locked("60")),
				metadata("and still there", "/mcp", "a.example.com", ofA),
			},
		},
	}
}

// ownServer is an authorization server that the configuration describes, and one whose
// own metadata passes through.
const ownServer = `{
	"oauth": [
		{"resource": "https://a.example.com/mcp", "authorization_servers": ["https://as.example.com"], "surfaces": ["mcp"]},
		{"resource": "https://b.example.com/api/v1", "authorization_servers": ["https://as.example.com/t"]}],
	"authorization_server": [
		{"issuer": "https://as.example.com", "authorization_endpoint": "https://as.example.com/authorize", "token_endpoint": "https://as.example.com/token"},
		{"issuer": "https://as.example.com/t", "cluster": "` + AuthCluster + `", "openid": true, "path": "/t/metadata?x", "cache": {"for": "10s", "stale": "30s"}}]}`

func servers() []Scenario {
	const (
		oauth, openid = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
		own           = `{"issuer":"https://as.example.com","authorization_endpoint":"https://as.example.com/authorize","token_endpoint":"https://as.example.com/token",` +
			`"response_types_supported":["code"],"grant_types_supported":["authorization_code","refresh_token"],"code_challenge_methods_supported":["S256"]}`
		fetched = `{"issuer":"https://as.example.com/t","authorization_endpoint":"https://as.example.com/t/a","token_endpoint":"https://as.example.com/t/t",` +
			`"response_types_supported":["code"],"code_challenge_methods_supported":["S256"],"jwks_uri":"https://as.example.com/k","subject_types_supported":["public"],` +
			`"id_token_signing_alg_values_supported":["RS256"], "more": 1}`
		gone = `{"type":"about:blank","title":"Bad Gateway","status":502,"detail":"The authorization server's metadata is not available at the moment."}`
	)
	public := has("access-control-allow-origin", "*")
	at := func(note, path, authority, document string) Step {
		return get(note, path, host(authority), served(200), has("content-type", "application/json"), public, says(document))
	}
	none := served(502)
	return []Scenario{
		{
			Name:   "authorization servers are described at the hosts of their resources",
			Config: ownServer,
			Has:    map[string][]wasmhost.Response{"/t/metadata?x": {introspection(fetched)}},
			Steps: []Step{
				at("", oauth, "a.example.com", own), at("", oauth+"?x=1", "as.example.com:443", own),
				at("passed on", oauth+"/t", "b.example.com", fetched), at("", oauth+"/t", "else.example.com", fetched), at("", oauth, "b.example.com", fetched),
				at("", openid, "b.example.com", fetched), at("", openid+"/t", "b.example.com", fetched), at("", "/t"+openid, "b.example.com", fetched),
				get("not of OpenID Connect", openid, host("a.example.com")),
				get("of no host", oauth, host("else.example.com")), get("", oauth+"/u"), get("", oauth+"-evil"), get("", "/x/t"+openid), get("", "/t"+openid+"/"),
				step("", "HEAD", oauth+"/t", served(200), public), step("", "HEAD", oauth, host("a.example.com"), served(200), has("cache-control", "public, max-age=3600")),
				step("", "OPTIONS", oauth+"/t", with("origin", "https://page"), with("access-control-request-method", "GET"), served(204),
					has("access-control-allow-headers", "mcp-protocol-version, authorization, content-type")),
				post("", oauth+"/t", served(405), has("allow", "GET, HEAD, OPTIONS"), body("x")),
				get("lock", "/api/v1", token("bad"), answer(401), times(20)), get("", "/api/v1", token("bad"), locked("60")),
				at("and still there", oauth+"/t", "b.example.com", fetched), at("", oauth, "a.example.com", own),
			},
			Metrics: map[string]uint64{
				"gatewarden_metadata_fetches_total.outcome.valid":   1,
				"gatewarden_metadata_fetches_total.outcome.invalid": 0,
				"gatewarden_auth_failures_total.surface.rest":       20,
			},
		},
		{
			Name:   "a document that clients could not use is not passed on",
			Config: ownServer,
			Has: map[string][]wasmhost.Response{"/t/metadata?x": {introspection(strings.Replace(fetched, "S256", "plain", 1)), introspection(fetched),
				noAnswer(503), introspection("<html>"), introspection(fetched)}},
			Steps: []Step{
				get("no PKCE", oauth+"/t", none, has("content-type", "application/problem+json"), has("cache-control", "no-store"), public, says(gone)),
				get("not asked again at once", oauth+"/t", none),
				get("", oauth+"/t", after(5*second), served(200), says(fetched), has("cache-control", "public, max-age=10")),
				get("stale", oauth+"/t", after(10*second), served(200), says(fetched), has("cache-control", "public, max-age=5")),
				get("still", oauth+"/t", after(29*second), served(200), says(fetched)),
				get("for so long", oauth+"/t", after(second), none),
				get("back", oauth+"/t", after(4*second), served(200), says(fetched)),
			},
			Metrics: map[string]uint64{
				"gatewarden_metadata_fetches_total.outcome.valid":   2,
				"gatewarden_metadata_fetches_total.outcome.invalid": 2,
				"gatewarden_metadata_fetches_total.outcome.error":   1,
			},
			Log: []string{"metadata error cluster=auth reason=wrong member=code_challenge_methods_supported", "metadata error cluster=auth reason=status_503",
				"metadata error cluster=auth reason=malformed"},
		},
	}
}

func updates() []Scenario {
	return []Scenario{
		{
			Name:    "an update keeps lockouts and counts, and applies its limits at once",
			Config:  rest(`"failures": 5, "window": "1m"`),
			Workers: 2,
			Steps: []Step{
				get("", "/api/v1/x", token("bad"), answer(401), times(5)),
				get("", "/api/v1/x", token("bad"), locked("60")),
				get("locked under the new limit", "/api/v1/x", token("bad"), reconfigured(rest(`"failures": 10, "window": "1m"`)), locked("60")),
				get("another client", "/api/v1/x", token("bad"), from("192.0.2.9:1"), answer(401), times(9)),
				get("its count is kept", "/api/v1/x", token("bad"), from("192.0.2.9:1"), reconfigured(rest(`"failures": 3, "window": "1m"`)), answer(401)),
				get("and the lower limit holds", "/api/v1/x", token("bad"), from("192.0.2.9:1"), locked("60")),
				get("a shorter window, too", "/api/v1/x", token("bad"), from("192.0.2.8:1"), answer(401)),
				get("", "/api/v1/x", token("bad"), from("192.0.2.8:1"), reconfigured(rest(`"failures": 2, "window": "5s"`)), answer(401)),
				get("", "/api/v1/x", token("bad"), from("192.0.2.8:1"), locked("5")),
			},
		},
	}
}
