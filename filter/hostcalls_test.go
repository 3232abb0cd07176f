package filter

import (
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// TestHostCalls holds what a request costs: its calls of the proxy, in their order.
func TestHostCalls(t *testing.T) {
	const lockoutOnly = "request headers, property source.address, get, response header :status"
	const oneQuota, quotaResponse = "now, get, set", ", response headers, now, add ratelimit-policy, add ratelimit"
	const triple = ", add x-ratelimit-limit, add x-ratelimit-remaining, add x-ratelimit-reset"
	for _, row := range []struct {
		name, json        string
		request, response []proxy.Header
		want              string
	}{
		{"a path of no surface", "", hdr(":method", "GET", ":path", "/x", "authorization", "x"), hdr(":status", "401"), "request headers"},
		{"a path of no surface, with oauth", oauthConfig, hdr(":method", "GET", ":path", "/x"), hdr(":status", "401"), "request headers"},
		{"an exempt path", "", hdr(":method", "GET", ":path", "/healthz"), hdr(":status", "200"), "request headers"},
		{"no credential", "", hdr(":method", "GET", ":path", "/api/v1"), hdr(":status", "200"), lockoutOnly},
		{"a credential", "", hdr(":method", "GET", ":path", "/api/v1", "authorization", "x"), hdr(":status", "200"), lockoutOnly},
		{"a credential in the query", "", hdr(":method", "GET", ":path", "/api/v1?api_key=%6b", "x", "y"), hdr(":status", "200"), lockoutOnly},
		{"a query without a credential", "", hdr(":method", "GET", ":path", "/api/v1?page=2"), hdr(":status", "200"), lockoutOnly},
		{"a credential in a WebSocket protocol", "", hdr(":method", "GET", ":path", "/api/v1", "sec-websocket-protocol", "chat, bearer.x"), hdr(":status", "101"), lockoutOnly},
		{"a preflight with a credential in the query", "", hdr(":method", "OPTIONS", ":path", "/api/v1?api_key=k", "origin", "https://x", "access-control-request-method", "GET"),
			hdr(":status", "204"), lockoutOnly},
		{"no credential, and 401", "", hdr(":method", "GET", ":path", "/api/v1"), hdr(":status", "401"), lockoutOnly},
		{"a credential, and 403", "", hdr(":method", "GET", ":path", "/api/v1", "authorization", "x"), hdr(":status", "403"), lockoutOnly},
		{"an MCP surface", "", hdr(":method", "POST", ":path", "/mcp", "authorization", "x"), hdr(":status", "200"), lockoutOnly},
		{"with oauth", oauthConfig, hdr(":method", "GET", ":path", "/api", "authorization", "x"), hdr(":status", "200"), lockoutOnly},
		{"with several resources", resourcesConfig, hdr(":method", "GET", ":path", "/api", "authorization", "x"), hdr(":status", "200"), lockoutOnly},
		{"a surface of no resource", resourcesConfig, hdr(":method", "GET", ":path", "/off"), hdr(":status", "401"), "request headers"},
		{"a metadata document", resourcesConfig, hdr(":method", "GET", ":path", "/.well-known/oauth-protected-resource/mcp"), nil, "request headers, reply"},
		{"the document of an authorization server", serverConfig, hdr(":method", "GET", ":path", "/.well-known/oauth-authorization-server"), nil, "request headers, now, call"},
		{"a path of no surface, with an authorization server", serverConfig, hdr(":method", "GET", ":path", "/x"), hdr(":status", "401"), "request headers"},
		{"surfaces by host", hostsConfig, hdr(":method", "GET", ":path", "/api", ":authority", "API.example.com:80", "authorization", "x"), hdr(":status", "200"), lockoutOnly},
		{"a host of no surface", hostsConfig, hdr(":method", "GET", ":path", "/api", ":authority", "else.example", "authorization", "x"), hdr(":status", "401"), "request headers"},
		{"a host that may be any", hostsConfig, hdr(":method", "GET", ":path", "/api", ":authority", "a,b"), nil, "request headers, property source.address, now, log, reason, reply"},
		{"a surface without a lockout", `{"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/"}], "lockout": {"failures": 0}}]}`,
			hdr(":method", "GET", ":path", "/x", "authorization", "x"), hdr(":status", "401"), "request headers"},
		{"a client on the allow list", `{"client": {"allow": ["192.0.2.0/24"]}}`,
			hdr(":method", "GET", ":path", "/api/v1", "authorization", "x"), hdr(":status", "401"), "request headers, property source.address"},
		{"a client that X-Forwarded-For names", `{"client": {"source": "xff"}}`,
			hdr(":method", "GET", ":path", "/api/v1", "authorization", "x", "x-forwarded-for", "192.0.2.7"), hdr(":status", "200"),
			"request headers, get, response header :status"},
		{"a client that X-Forwarded-For does not name", `{"client": {"source": "xff-first"}}`,
			hdr(":method", "GET", ":path", "/api/v1", "authorization", "x", "x-forwarded-for", "unknown"), hdr(":status", "200"), lockoutOnly},
		{"a preflight", "", hdr(":method", "OPTIONS", ":path", "/api/v1", "origin", "https://x", "access-control-request-method", "GET"),
			hdr(":status", "401"), "request headers"},
		{"gRPC", "", hdr(":method", "POST", ":path", "/api/v1", "content-type", "application/grpc", "authorization", "x"), hdr(":status", "200"),
			lockoutOnly + ", response header grpc-status"},
		{"gRPC-Web", "", hdr(":method", "POST", ":path", "/api/v1", "content-type", "application/grpc-web", "authorization", "x"), hdr(":status", "200"),
			lockoutOnly + ", response header content-type, response header grpc-status"},
		{"gRPC-Web that accepts compression", "", hdr(":method", "POST", ":path", "/api/v1", "content-type", "application/grpc-web", "authorization", "x", "accept-encoding", "br"),
			hdr(":status", "401"), "request headers, property source.address, remove request header accept-encoding, get, response header :status, now, get, set, log"},
		{"Connect", "", hdr(":method", "POST", ":path", "/api/v1", "content-type", "application/json", "connect-protocol-version", "1", "authorization", "x"), hdr(":status", "200"), lockoutOnly},
		{"a failure", "", hdr(":method", "GET", ":path", "/api/v1", "authorization", "x"), hdr(":status", "401"),
			lockoutOnly + ", now, get, set, log"},
		{"a step of a handshake", "", hdr(":method", "GET", ":path", "/api/v1", "authorization", "NTLM TlRMTVNTUAABAAAA"),
			hdr(":status", "401", "www-authenticate", "NTLM TlRMTVNTUAACAAAA"), lockoutOnly + ", response headers"},
		{"the end of a handshake", "", hdr(":method", "GET", ":path", "/api/v1", "authorization", "NTLM TlRMTVNTUAADAAAA"), hdr(":status", "200"), lockoutOnly},
		{"a token endpoint", "", hdr(":method", "POST", ":path", "/oauth/token"), hdr(":status", "200"), lockoutOnly},
		{"a token endpoint that is asked to compress", "", hdr(":method", "POST", ":path", "/oauth/token", "accept-encoding", "gzip"), hdr(":status", "200"),
			"request headers, property source.address, remove request header accept-encoding, get, response header :status"},
		{"an API that is asked to compress", "", hdr(":method", "GET", ":path", "/api/v1", "accept-encoding", "gzip", "authorization", "x"), hdr(":status", "200"), lockoutOnly},
		{"a condition that looks at a header", conditionsConfig, hdr(":method", "POST", ":path", "/login", "accept-encoding", "gzip"), hdr(":status", "302", "location", "/"),
			lockoutOnly + ", response headers"},
		{"a condition for another status", conditionsConfig, hdr(":method", "POST", ":path", "/login"), hdr(":status", "200"), lockoutOnly},
		{"stuffing and spraying are looked for", distinctConfig, hdr(":method", "GET", ":path", "/api", "authorization", basic("alice", "x")), hdr(":status", "200"), lockoutOnly},
		{"stuffing and spraying at a login", distinctConfig, hdr(":method", "POST", ":path", "/login", "authorization", basic("alice", "x")), hdr(":status", "302"), lockoutOnly},
		{"the account may be slowed down", strings.Replace(distinctConfig, `"clients": 2`, `"clients": 2, "action": "slow"`, 1),
			hdr(":method", "GET", ":path", "/api", "authorization", basic("alice", "x")), hdr(":status", "200"),
			"request headers, property source.address, get, get, response header :status"},
		{"one quota", quotaConfig(rule("all", 9, "")), get("/api"), hdr(":status", "200"),
			"request headers, property source.address, get, " + oneQuota + quotaResponse + triple},
		{"a quota where there is no lockout", quotaConfig(rule("all", 9, "")), get("/mcp"), hdr(":status", "200"),
			"request headers, property source.address, " + oneQuota + quotaResponse + triple},
		{"a quota without the X-RateLimit headers", strings.Replace(quotaConfig(rule("all", 9, "")), "{", `{"headers": {"x_ratelimit": "off"}, `, 1),
			get("/mcp"), hdr(":status", "200"), "request headers, property source.address, " + oneQuota + quotaResponse},
		{"a quota that costs nothing", quotaConfig(rule("all", 9, `, "cost": [{"prefix": "/", "cost": 0}]`)), get("/mcp"), hdr(":status", "200"),
			"request headers, property source.address, now, get" + quotaResponse + triple},
		{"three quotas", quotaConfig(rule("a", 9, ""), rule("b", 9, ""), rule("c", 9, "")), get("/mcp"), hdr(":status", "200"),
			"request headers, property source.address, now, get, get, get, set, set, set" + quotaResponse + triple},
		{"a budget, of a request without calls", budgetConfig, get("/mcp"), hdr(":status", "200"), lockoutOnly},
		{"a quota without a limit for this caller", quotaConfig(`{"name": "a", "per": ["client"], "limits": {"free": 9, "default": "unlimited"}, "window": "1m"}`),
			get("/api"), hdr(":status", "200"), lockoutOnly},
		{"a quota for another surface", quotaConfig(rule("a", 9, `, "surfaces": ["mcp"]`)), get("/api"), hdr(":status", "200"), lockoutOnly},
		{"identity headers", headersConfig, hdr(":method", "GET", ":path", "/api", "x-user-id", "alice"), hdr(":status", "200"), lockoutOnly},
		{"an API key", keysConfig(`{"id": "ci", "sha256": "` + hashOf("k") + `"}`), hdr(":method", "GET", ":path", "/api", "x-api-key", "k"), hdr(":status", "200"), lockoutOnly},
		{"a wrong API key", keysConfig(`{"id": "ci", "sha256": "` + hashOf("k") + `"}`), hdr(":method", "GET", ":path", "/api", "x-api-key", "x"), nil,
			"request headers, property source.address, get, now, get, set, log, reason, reply"},
		{"no API key where one is required", keysConfig(`{"id": "ci", "sha256": "` + hashOf("k") + `"}`), hdr(":method", "GET", ":path", "/api"), nil,
			"request headers, property source.address, get, reason, reply"},
		{"a token that a response could accept, and 404", acceptedConfig, hdr(":method", "GET", ":path", "/api", "authorization", "Bearer t"), hdr(":status", "404"),
			"request headers, property source.address, get, get, response header :status"},
		{"a token that the response accepts", acceptedConfig, hdr(":method", "GET", ":path", "/api", "authorization", "Bearer t"), hdr(":status", "200"),
			"request headers, property source.address, get, get, response header :status, now, get, set"},
		{"no token that the response could accept", acceptedConfig, hdr(":method", "GET", ":path", "/api"), hdr(":status", "200"), lockoutOnly},
		{"a preflight with a token that a response could accept", acceptedConfig, hdr(":method", "OPTIONS", ":path", "/api?api_key=t", "origin", "https://x",
			"access-control-request-method", "GET"), hdr(":status", "204"), lockoutOnly},
		{"identity headers where there is no lockout", strings.Replace(headersConfig, `"match"`, `"lockout": {"failures": 0}, "match"`, 1),
			hdr(":method", "GET", ":path", "/api", "x-user-id", "alice"), hdr(":status", "401"), "request headers, property source.address"},
		{"untrusted headers are configured", `{"untrusted_headers": ["x-user-id"]}`, hdr(":method", "GET", ":path", "/x"), hdr(":status", "200"), "request headers"},
		{"a client sends an untrusted header", `{"untrusted_headers": ["x-user-id"]}`, hdr(":method", "GET", ":path", "/x", "x-user-id", "mallory"), hdr(":status", "200"),
			"request headers, remove request header x-user-id"},
	} {
		f, host := newFilter(t, row.json)
		exchange(f, host, row.request, row.response)
		if got := taken(host); got != row.want {
			t.Errorf("%s: %s\nwant %s", row.name, got, row.want)
		}
	}
}

// TestHostCallsOfCalls: to read what a request calls costs one call of the proxy for its
// body, and one for the lockout, which may have begun meanwhile.
func TestHostCallsOfCalls(t *testing.T) {
	const begin, end = "request headers, property source.address, get, request body, get", ", response header :status"
	const refused = ", now, reason, log, reply"
	for _, row := range []struct {
		name, body, want string
		headers          []proxy.Header
	}{
		{"allowed", callOf("free"), begin + end, posted(0)},
		{"allowed, of a known length", callOf("free"), begin + end, posted(len(callOf("free")))},
		{"for a scope and a tier", callOf("paid"), begin + end, posted(0, "x-tier", "pro")},
		{"too low a tier", callOf("paid"), begin + refused, posted(0)},
		{"malformed", "[", begin + refused, posted(0)},
		{"a version that is none", callOf("free"), strings.Replace(begin, "request body", "now, now, request body", 1) + refused, posted(0, "mcp-protocol-version", "x y")},
	} {
		f, host := newFilter(t, callsConfig(""))
		form(f, host, row.headers, row.body, hdr(":status", "200"))
		if got := taken(host); got != row.want {
			t.Errorf("%s: %s\nwant %s", row.name, got, row.want)
		}
	}
	const passes = "request headers, property source.address, get, response header :status"
	for method, want := range map[string]string{"GET": passes + ", response header content-type", "DELETE": passes} { // a stream may repeat a list
		f, host := newFilter(t, callsConfig(""))
		exchange(f, host, hdr(":method", method, ":path", "/mcp"), hdr(":status", "200"))
		if got := taken(host); got != want {
			t.Errorf("%s: %s\nwant %s", method, got, want)
		}
	}
}

// TestHostCallsOfRefusals holds what a refusal costs, for each rule that refuses. The request
// was sent so many times before, as far as it was answered.
func TestHostCallsOfRefusals(t *testing.T) {
	const address, told = "request headers, property source.address, ", ", reason, log, reply"
	three := quotaConfig(rule("a", 9, ""), rule("b", 1, ""), rule("c", 9, ""))
	scoped := strings.Replace(headersConfig, `"surfaces"`, `"scopes": {"operations": [{"prefix": "/api", "scopes": ["read"]}]}, "surfaces"`, 1)
	for _, row := range []struct {
		name, json string
		request    []proxy.Header
		before     int
		want       string
	}{
		{"lockout", "", hdr(":method", "GET", ":path", "/api/v1", "authorization", "x"), 20, address + "get, now, reason, reply"}, // the log has said it often enough
		{"one quota", quotaConfig(rule("a", 1, "")), get("/mcp"), 1, address + "now, get" + told},
		{"the second of three quotas", three, get("/mcp"), 1, address + "now, get, get, get" + told},
		{"a quota after the lockout", quotaConfig(rule("a", 1, "")), get("/api"), 1, address + "get, now, get" + told},
		{"a scope", scoped, hdr(":method", "GET", ":path", "/api", "x-user-id", "alice"), 0, address + "get, now" + told},
		{"a bypass", bypassConfig, hdr(":method", "GET", ":path", "/a", "x-user", "alice", "x-gatewarden-bypass", "true"), 0,
			"request headers, remove request header x-gatewarden-bypass, property source.address, get, now" + told},
	} {
		f, host := newFilter(t, row.json)
		for range row.before {
			exchange(f, host, row.request, hdr(":status", "401"))
		}
		host.Forget()
		exchange(f, host, row.request, hdr(":status", "200"))
		if got := taken(host); got != row.want {
			t.Errorf("%s: %s\nwant %s", row.name, got, row.want)
		}
	}
}

// TestHostCallsOfTools holds what calls with a price and lists of tools cost, with the answer:
// the second request of a worker, which has its place in the journal then.
func TestHostCallsOfTools(t *testing.T) {
	const list = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
	const tools = `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"free"},{"name":"paid"}]}}`
	const read = "request headers, property source.address, get, request body, get"
	const fields = ", response headers, now, add ratelimit-policy, add ratelimit, add x-ratelimit-limit, add x-ratelimit-remaining, add x-ratelimit-reset"
	const reserved, kind, coding = ", now, get, set, get, set" + fields, ", response header content-type", ", response header content-encoding"
	const filtered = read + ", response header :status" + kind + coding + ", remove content-length, response body"
	priced := strings.Replace(callsConfig(""), `"mcp": {`, `"quotas": [{"name": "b", "unit": "credits", "per": ["subject"], "limit": 60, "window": "1h"}],
		"mcp": {"other_tools": {"scopes": [], "cost": 2}, `, 1)
	plain := strings.Replace(callsConfig(""), `"scopes": ["generate"], "tier": "pro"`, `"scopes": []`, 1)
	plain = strings.Replace(plain, `"mcp": {`, `"mcp": {"other_tools": {"scopes": []}, `, 1)
	for _, row := range []struct{ name, json, body, answer, want string }{
		{"a call without a price", priced, callOf("free"), `{"jsonrpc":"2.0","id":7,"result":{}}`, read + ", response header :status"},
		{"a call with a price", priced, callOf("other"), `{"jsonrpc":"2.0","id":7,"result":{}}`, read + reserved + kind + ", response body, get, set"},
		{"a call with a price that fails", priced, callOf("other"), `{"jsonrpc":"2.0","id":7,"error":{}}`, read + reserved + kind + ", response body, now, get, set, get, set"},
		{"a list of tools for everybody", plain, list, tools, read + ", response header :status"},
		{"a list of which the caller may use all", callsConfig(""), list, strings.Replace(tools, "paid", "free", 1), filtered},
		{"a list of which the caller may use a part", callsConfig(""), list, tools, filtered + ", replace response body"},
	} {
		f, host := newFilter(t, row.json)
		for range 2 {
			host.Forget()
			host.Request, host.RequestData = posted(0), []byte(row.body)
			s := f.NewStream()
			s.RequestHeaders(false)
			s.RequestBody(len(row.body), true)
			answers(s, host, "200", row.answer)
		}
		if got := taken(host); got != row.want {
			t.Errorf("%s: %s\nwant %s", row.name, got, row.want)
		}
	}
}
