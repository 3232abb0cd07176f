package scenario

import "strings"

const (
	lockoutProblem = `{"type":"https://iana.org/assignments/http-problem-types#abnormal-usage-detected","title":"Abnormal usage detected","status":429,"detail":"Too many failed authentications. Try again in 60 seconds.","violated-policies":["lockout-rest"]}`
	rpcError       = `"error":{"code":429,"message":"Too many failed authentications. Try again in 60 seconds.","data":{"reason":"locked_out","retryAfter":60}}}`
)

func replies() []Scenario {
	lock := get("lock", "/api/v1/x", token("bad"), answer(401), times(20))
	lockMCP := post("lock", "/mcp", token("bad"), answer(401), times(20))
	ask := func(note string, options ...option) Step {
		return post(note, "/mcp", append([]option{token("good"), with("content-type", "application/json"), locked("60")}, options...)...)
	}
	return []Scenario{
		{
			Name: "a problem document",
			Steps: []Step{
				lock,
				get("", "/api/v1/x", locked("60"), says(lockoutProblem), has("content-type", "application/problem+json"),
					has("cache-control", "no-store"), has("ratelimit", `"lockout-rest";r=0;t=60`), hasNo("access-control-allow-origin")),
				step("HEAD has the headers of GET", "HEAD", "/api/v1/x", locked("60"), has("content-type", "application/problem+json")),
			},
		},
		{
			Name: "a page on another origin can read it",
			Steps: []Step{
				lock,
				step("a preflight passes", "OPTIONS", "/api/v1/x", with("origin", "https://app.example"), with("access-control-request-method", "GET"), answer(204)),
				step("with a credential it is none", "OPTIONS", "/api/v1/x", token("bad"), with("origin", "https://app.example"), with("access-control-request-method", "GET"), locked("60")),
				step("nor without the method", "OPTIONS", "/api/v1/x", with("origin", "https://app.example"), locked("60")),
				get("", "/api/v1/x", with("origin", "https://app.example"), locked("60"),
					has("access-control-allow-origin", "*"), has("access-control-expose-headers", "Retry-After, RateLimit, WWW-Authenticate")),
			},
		},
		{
			Name: "named origins may read it with credentials",
			Config: `{"cors": {"origins": ["https://app.example"]},
				"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {"failures": 20, "window": "1m"}}]}`,
			Steps: []Step{
				lock,
				get("", "/api/v1/x", with("origin", "https://app.example"), locked("60"),
					has("access-control-allow-origin", "https://app.example"), has("access-control-allow-credentials", "true"), has("vary", "origin")),
				get("others may not", "/api/v1/x", with("origin", "https://app.example.evil"), locked("60"),
					hasNo("access-control-allow-origin"), has("vary", "origin")),
			},
		},
		{
			Name: "MCP: an error with the request's id, byte for byte",
			Steps: []Step{
				lockMCP,
				ask("a number", body(`{"jsonrpc":"2.0","id":7,"method":"tools/list"}`), says(`{"jsonrpc":"2.0","id":7,`+rpcError), has("content-type", "application/json")),
				ask("a huge one", body(`{"id":123456789012345678901234567890, "jsonrpc":"2.0", "method":"ping"}`), says(`{"jsonrpc":"2.0","id":123456789012345678901234567890,`+rpcError)),
				ask("a string", body(`{"jsonrpc":"2.0","id":"a\u0062\"c","method":"ping"}`), says(`{"jsonrpc":"2.0","id":"a\u0062\"c",`+rpcError)),
				ask("in pieces", body(`{"jsonrpc":"2.0","i`, `d":"x","meth`, `od":"ping"}`), says(`{"jsonrpc":"2.0","id":"x",`+rpcError)),
				ask("with trailers", body(`{"jsonrpc":"2.0","id":1,"method":"ping"}`), trailer("x", "y"), says(`{"jsonrpc":"2.0","id":1,`+rpcError)),
				ask("a notification has none", body(`{"jsonrpc":"2.0","method":"notifications/x"}`), says(`{"jsonrpc":"2.0",`+rpcError)),
				ask("null is none", body(`{"jsonrpc":"2.0","id":null,"method":"ping"}`), says(`{"jsonrpc":"2.0",`+rpcError)),
				ask("a batch", body(`[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"n"},{"jsonrpc":"2.0","id":"b","method":"ping"}]`),
					says(`[{"jsonrpc":"2.0","id":1,`+rpcError+`,{"jsonrpc":"2.0","id":"b",`+rpcError+`]`)),
				ask("no JSON", body(`hello`), says(`{"jsonrpc":"2.0",`+rpcError)),
				ask("too deep", body(strings.Repeat("[", 30000)), says(`{"jsonrpc":"2.0",`+rpcError)),
				ask("too long", body(`{"jsonrpc":"2.0","id":1,"method":"`, strings.Repeat("x", 70000), `"}`), says(`{"jsonrpc":"2.0",`+rpcError)),
				ask("no body", says(`{"jsonrpc":"2.0",`+rpcError)),
				step("GET", "GET", "/mcp", token("good"), locked("60"), says(`{"jsonrpc":"2.0",`+rpcError)),
				step("HEAD", "HEAD", "/mcp", token("good"), locked("60")),
			},
		},
		{
			Name: "a request whose body comes after the lockout's end is served",
			Steps: []Step{
				lockMCP,
				ask("locked", body(`{"jsonrpc":"2.0","id":7,"method":"ping"}`)),
				post("free", "/mcp", token("good"), after(60*second), body(`{"jsonrpc":"2.0","id":7,"method":"ping"}`)),
			},
		},
		{
			Name:        "MCP: a proxy that hides held bodies is found out",
			HidesBodies: true,
			Steps: []Step{
				lockMCP,
				post("it is found out", "/mcp", token("good"), body(`{"jsonrpc":"2.0","id":7,"method":"ping"}`), refused("locked_out", 429)),
				post("from then on at once", "/mcp", token("good"), body(`{"jsonrpc":"2.0","id":7,"method":"ping"}`), refused("locked_out", 429)),
			},
			Log: []string{"the proxy does not show a request's body while its headers are held"},
		},
		{
			Name:   "MCP without held headers: an error without id",
			Config: `{"allow_on_headers_stop_iteration": false}`,
			Steps: []Step{
				lockMCP,
				ask("", body(`{"jsonrpc":"2.0","id":7,"method":"ping"}`), says(`{"jsonrpc":"2.0",`+rpcError)),
			},
		},
	}
}
