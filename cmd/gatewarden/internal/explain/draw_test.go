package explain

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/internal/wasmhost/model"
)

// drawScript takes a script of the model's and adds what the model does not know.
func drawScript(r *rand.Rand, seed uint64) *script {
	drawn := model.Generate(seed, stepsEach)
	for i := range drawn.Setup.Surfaces {
		drawn.Setup.Surfaces[i].Lockout.Jitter = 0 // it hangs on the seed of the table
	}
	s := &script{env: drawn.Setup.Variables(), held: drawn.Setup.Held}
	s.env["SECRET"] = "x"
	s.config = drawConfig(r, drawn.Setup.JSON())
	for i := range drawn.Steps {
		from := &drawn.Steps[i]
		step := step{after: max(from.Advance, 0), send: from.Send.Wire(&drawn.Setup)}
		step.send.Trailers, step.send.AbortAfter = nil, ""
		if from.Answer.Late = false; from.Answer.GRPC != "" && !from.Send.GRPC {
			from.Answer.GRPC = ""
		}
		step.answer = from.Answer.Wire()
		drawMore(r, &step)
		s.steps = append(s.steps, step)
		if r.IntN(6) == 0 {
			step.after = 0
			s.steps = append(s.steps, step) // the same again, which is rarely drawn twice
		}
	}
	return s
}

func one[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// drawConfig adds parts to a configuration.
func drawConfig(r *rand.Rand, text []byte) []byte {
	c := asJSON(string(text))
	add := func(key, value string) {
		if r.IntN(3) == 0 {
			var v any
			if err := json.Unmarshal([]byte(value), &v); err != nil {
				panic(err)
			}
			c[key] = v
		}
	}
	if c["identity"] == nil {
		add("identity", one(r,
			`[{"source": "metadata", "subject": "sub", "tier": "tier", "roles": "roles", "scopes": "scope"}, {"source": "accepted", "for": "10m"}]`,
			`[{"source": "metadata", "path": "payload", "subject": ["user", "name"], "roles": "roles"}]`,
			`[{"source": "introspection", "endpoint": {"cluster": "auth", "url": "https://auth.example.com/introspect", "client_id": "g",
				"client_secret_env": "SECRET"}, "roles": "roles"}, {"source": "accepted", "for": "1m", "default_tier": "free"}]`,
			`[{"source": "introspection", "endpoint": {"cluster": "auth", "url": "https://auth.example.com/introspect", "client_id": "g",
				"client_secret_env": "SECRET"}, "on_error": "anonymous"}]`))
	}
	if list, ok := c["identity"].([]any); ok {
		c["identity"] = append(list, map[string]any{"source": "metadata", "subject": "sub", "roles": "roles", "scopes": "scope", "default_tier": "free"})
		add("bypass", `{"roles": ["owner"]}`)
		drawScopes(r, c, add)
		if r.IntN(2) == 0 {
			require(r, c)
		}
	}
	if list, ok := c["surfaces"].([]any); ok && r.IntN(3) == 0 {
		drawHosts(r, list)
	}
	if list, ok := c["surfaces"].([]any); ok && r.IntN(2) == 0 {
		countOnce(list)
	}
	add("concurrency", one(r, `[{"name": "few", "per": "identity", "limit": 2}]`, `[{"name": "all", "per": "all", "limit": 1, "mode": "shadow"}]`))
	add("oauth", `{"resource": "https://api.example.com/mcp", "authorization_servers": ["https://auth.example.com"], "realm": "mcp"}`)
	add("cors", one(r, `{"origins": ["*"]}`, `{"origins": ["https://app.example"]}`))
	out, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return out
}

// drawScopes adds what operations and tools need.
func drawScopes(r *rand.Rand, c map[string]any, add func(key, value string)) {
	add("scopes", one(r,
		`{"implies": {"admin": ["read", "write"], "write": ["read"]}, "operations": [{"prefix": "/", "methods": ["GET"], "scopes": ["read"]}, {"prefix": "/", "scopes": ["write"]}]}`,
		`{"operations": [{"prefix": "/api", "scopes": ["read"]}, {"prefix": "/mcp", "scopes": ["read", "write"]}]}`,
		`{"implies": {"write": ["generate"]}}`))
	if scopes, ok := c["scopes"].(map[string]any); ok {
		keepReached(c, scopes)
	}
	surfaces, _ := c["surfaces"].([]any)
	if slices.ContainsFunc(surfaces, func(s any) bool { return s.(map[string]any)["kind"] == "mcp" }) {
		add("mcp", one(r, `{}`,
			`{"max_body": 1024, "tiers": ["free", "pro"], "risks": {"READ_ONLY": ["read"]}, "methods": [{"method": "ping", "scopes": ["read"]}], "tools": [
				{"name": "search", "risk": "READ_ONLY"}, {"name": "time", "scopes": []}, {"name": "draw", "risk": "EXTERNAL_MUTATION", "cost": 5,
				 "arguments": [{"argument": "quality", "times": {"low": 1, "high": 4}, "tiers": {"high": "pro"}}]}]}`,
			`{"tiers": ["pro"], "other_tools": {"tier": "pro", "cost": 2}}`,
			`{"tiers": ["free", "pro"], "tools": [{"name": "search", "tier": "pro", "scopes": []}, {"name": "draw", "scopes": ["read"], "cost": 1,
				"arguments": [{"argument": "quality", "tiers": {"high": "pro"}}]}]}`))
	}
}

// keepReached drops operations that no surface has.
func keepReached(c, scopes map[string]any) {
	operations, ok := scopes["operations"].([]any)
	if !ok {
		return
	}
	operations = slices.DeleteFunc(operations, func(o any) bool {
		text, _ := json.Marshal(map[string]any{"exempt": []any{}, "surfaces": c["surfaces"], "scopes": map[string]any{"operations": []any{o}},
			"identity": []any{map[string]any{"source": "headers", "subject": "x", "scopes": "y"}}})
		_, err := config.Parse(text, nil)
		return err != nil
	})
	if scopes["operations"] = operations; len(operations) == 0 {
		delete(scopes, "operations")
	}
}

// drawHosts makes the first surface one for some hosts.
func drawHosts(r *rand.Rand, surfaces []any) {
	first := surfaces[0].(map[string]any)
	for _, match := range first["match"].([]any) {
		match.(map[string]any)["hosts"] = []string{one(r, "api.example.com", "*.example.com"), "gateway.example"}
	}
}

// countOnce makes the same failure count once, where no key could then not be reached.
func countOnce(surfaces []any) {
	for _, s := range surfaces {
		surface := s.(map[string]any)
		lockout, _ := surface["lockout"].(map[string]any)
		if lockout == nil {
			lockout = map[string]any{}
			surface["lockout"] = lockout
		}
		if lockout["keys"] == nil {
			lockout["repeats"] = "once"
		}
	}
}

// require makes a surface admit only verified callers, if a source can verify any.
func require(r *rand.Rand, c map[string]any) {
	surface := one(r, c["surfaces"].([]any)...).(map[string]any)
	if kind := surface["kind"]; kind == "api" || kind == "mcp" {
		surface["require"] = true
	}
}

var pieces = []string{
	"/api", "/API", "/items", "/admin", "/mcp", "/oauth", "/token", "/login", "/healthz", "/..", "/.", "//", "/%2e%2e", "/%2E", "%2fapi",
	"%5c..", `\mcp`, ";v=1", "/;a/../x", "%61pi", "%25%36%31", "/.well-known", "/oauth-protected-resource", "%00", "?q=/api", "%3fx", "/v2",
	"/mcp%2fpublic", "/public", "/open", "#f",
}

// drawMore dresses a request up in ways that the model does not know.
func drawMore(r *rand.Rand, s *step) {
	add := func(name, value string) { s.send.Headers = append(s.send.Headers, [2]string{name, value}) }
	if r.IntN(6) == 0 {
		var path strings.Builder
		for range 1 + r.IntN(6) {
			path.WriteString(one(r, pieces...))
		}
		s.send.Path = "/" + strings.TrimPrefix(path.String(), "/")
	}
	if r.IntN(4) == 0 {
		s.send.Authority = one(r, "api.example.com", "API.example.com.:80", "b.example.com", "else.example", "api.example.com,else.example", "u@api.example.com", "[::1]:80")
	}
	if r.IntN(200) == 0 {
		s.send.Path = "/api/" + strings.Repeat("a/../", 1000)
	}
	if r.IntN(6) == 0 {
		add("x-forwarded-for", one(r, "203.0.113.7", "10.1.1.1", "junk", "192.0.2.1, 10.0.0.1", "10.0.0.1,, 192.0.2.2", "[2001:db8::1]:4, 10.2.3.4", ""))
	}
	if r.IntN(8) == 0 {
		add(one(r, "x-http-method-override", "x-method-override", "x_http_method"), one(r, "POST", "options", "GET, DELETE", ""))
	}
	if r.IntN(8) == 0 {
		add("x-gatewarden-bypass", one(r, "true", "TRUE ", "false"))
	}
	if r.IntN(6) == 0 {
		add("origin", one(r, "https://app.example", "https://other.example"))
	}
	if r.IntN(10) == 0 {
		add(one(r, "x_api_key", "authorization", "cookie"), one(r, "Bearer b", "c", "session=a", "Basic YTpi"))
	}
	if r.IntN(12) == 0 {
		s.send.Path += one(r, "?api_key=k", "?a=b&access_token=%6b", "?API_KEY=k", "?api_key=null", "?api_key=k&api_key=l")
	}
	if r.IntN(20) == 0 {
		add("sec-websocket-protocol", one(r, "chat, bearer.k", "bearer, k", "bearer", "chat"))
	}
	if r.IntN(3) == 0 {
		s.send.Metadata = asJSON(one(r,
			`{"envoy.filters.http.jwt_authn": {"sub": "ann", "tier": "free", "roles": ["owner", "dev"], "scope": "read"}}`,
			`{"envoy.filters.http.jwt_authn": {"sub": "eve", "tier": "pro", "scope": "read write generate"}}`,
			`{"envoy.filters.http.jwt_authn": {"sub": "joe", "scope": ["admin"]}}`,
			`{"envoy.filters.http.jwt_authn": {"sub": 7, "roles": "dev owner"}}`,
			`{"envoy.filters.http.jwt_authn": {"payload": {"user": {"name": "bob"}, "roles": ["dev"]}}}`,
			`{"envoy.filters.http.jwt_authn": {"sub": null}}`))
	}
	if r.IntN(4) == 0 {
		drawCall(r, s)
	}
	s.said = one(r, "", `{"active": false}`, `{"active": true, "sub": "ann", "roles": "owner"}`, `{"active": true}`, `junk`)
	if r.IntN(10) == 0 {
		s.answer.Headers = append(s.answer.Headers, [2]string{"www-authenticate", one(r, `Basic realm="x"`, `Bearer`, `Bearer resource_metadata="y"`)})
	}
}

// drawCall makes a request one of an MCP client.
func drawCall(r *rand.Rand, s *step) {
	s.send.Method = "POST"
	s.send.Headers = slices.DeleteFunc(s.send.Headers, func(h [2]string) bool { return h[0] == "content-type" || h[0] == "content-length" })
	add := func(name, value string) { s.send.Headers = append(s.send.Headers, [2]string{name, value}) }
	add("content-type", one(r, "application/json", "application/json", "application/json; charset=utf-8", "text/plain"))
	tool := func() string {
		return `{"jsonrpc":"2.0","id":` + one(r, "1", `"a"`) + `,"method":"tools/call","params":{"name":"` + one(r, "search", "time", "draw", "new") +
			`","arguments":` + one(r, "{}", `{"quality":"low"}`, `{"quality":"high"}`, `{"quality":"low","quality":"high"}`) + `}}`
	}
	body := one(r, tool(), tool(), tool(), "["+tool()+","+tool()+"]", `{"jsonrpc":"2.0","id":1,"method":"ping"}`, `{"jsonrpc":"2.0","method":"notifications/x"}`,
		`{"id":1,"result":{}}`, `{"id":1,"id":2,"method":"ping"}`, "[]", "{", `{"id":1,"method":"ping","x":"`+strings.Repeat("x", 2000)+`"}`)
	s.send.Body = [][]byte{[]byte(body)}
	if r.IntN(2) == 0 {
		s.send.Metadata = asJSON(one(r, `{"envoy.filters.http.jwt_authn": {"sub": "ann", "tier": "free", "scope": "read generate"}}`,
			`{"envoy.filters.http.jwt_authn": {"sub": "eve", "tier": "pro", "scope": "read write generate"}}`))
	}
	if r.IntN(2) == 0 {
		s.send.Path = "/mcp"
	}
	if r.IntN(4) == 0 {
		add("mcp-protocol-version", one(r, "2025-11-25", "2025-03-26", "2026-07-28", "1"))
	}
	if r.IntN(6) == 0 {
		add("mcp-method", one(r, "tools/call", "ping"))
		add("mcp-name", one(r, "search", "draw"))
	}
}
