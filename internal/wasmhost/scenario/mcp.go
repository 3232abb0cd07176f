package scenario

import "strings"

// tooled is a configuration with tools that need scopes and tiers.
func tooled(more ...string) string {
	return `{` + strings.Join(append([]string{
		`"identity": [` + keys(
			key("free", "Free-1", `, "tier": "free", "scopes": ["mcp:query"]`),
			key("low", "Low-1", `, "tier": "free", "scopes": ["generate"]`),
			key("odd", "Odd-1", `, "tier": "guest", "scopes": ["generate"]`),
			key("pro", "Pro-1", `, "tier": "pro", "scopes": ["mcp:query", "generate"]`),
			key("admin", "Admin-1", `, "tier": "ultra", "scopes": ["mcp:admin"]`),
			key("bare", "Bare-1", "")) + `]`,
		`"scopes": {"implies": {"mcp:admin": ["generate", "mcp:query"]}}`,
		`"oauth": {"resource": "https://h/mcp", "authorization_servers": ["https://auth"]}`,
		`"mcp": {"tiers": ["free", "pro", "ultra"], "risks": {"READ_ONLY": ["mcp:query"]},
			"methods": [{"method": "resources/read", "scopes": ["mcp:query"]}],
			"tools": [
				{"name": "search", "risk": "READ_ONLY"},
				{"name": "time", "scopes": []},
				{"name": "delete", "risk": "DESTRUCTIVE", "scopes": ["files:delete"]},
				{"name": "image_generate", "risk": "EXTERNAL_MUTATION", "cost": 5,
					"arguments": [{"argument": "quality", "times": {"premium": 3, "ultra": 5, "ultra_plus": 8}, "tiers": {"ultra_plus": "pro"}}]}
			]}`,
	}, more...), ",") + `}`
}

func call(id, tool, arguments string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"` + tool + `","arguments":{` + arguments + `}}}`
}

func rpcRefusal(id, code, message, reason, more string) string {
	if id != "" {
		id = `"id":` + id + `,`
	}
	return `{"jsonrpc":"2.0",` + id + `"error":{"code":` + code + `,"message":"` + message + `","data":{"reason":"` + reason + `"` + more + `}}}`
}

// lacks is a refusal for scopes that are missing.
func lacks(id, scopes string) option {
	return func(s *Step) {
		refused("insufficient_scope", 403)(s)
		has("www-authenticate", `Bearer error="insufficient_scope", scope="`+scopes+`", resource_metadata="https://h/.well-known/oauth-protected-resource/mcp"`)(s)
		says(rpcRefusal(id, "403", "This needs the scopes: "+scopes+".", "insufficient_scope", `,"scope":"`+scopes+`","hint":"Get an access token with these scopes."`))(s)
	}
}

func unreadable(status int, code, message string) option {
	return func(s *Step) {
		refused("malformed", status)(s)
		says(rpcRefusal("", code, message, "malformed", ""))(s)
	}
}

const (
	notJSON   = "The body is not one JSON document in UTF-8, or it is nested too deeply."
	ambiguous = "The body can be read in more than one way. Write each name once, in its own letters."
	noMessage = "The body is not a JSON-RPC message."
	mismatch  = "Mcp-Method and Mcp-Name must say what the body does."
)

const toolList = `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"search"}, {"name":"image_generate"},{"name":"delete"},{"name":"time"},{"name":"new"}],"nextCursor":"x"}}`

const imagePrice = `"cost":5,"arguments":[{"argument":["quality"],"times":{"premium":3,"ultra":5,"ultra_plus":8},"tiers":{"ultra_plus":"pro"},"other":8,"other_tier":"pro","absent":1}]`

// withPrice is a tool in a list that tells prices.
func withPrice(name, price string) string {
	return `{"name":"` + name + `","_meta":{"io.github.gatewarden/price":{"unit":"credits",` + price + `}}}`
}

const tierPro = "This needs the tier pro or a higher one."

// python is the client of the official SDK for Python.
func python(s *Step) { with("user-agent", "python-httpx/0.28.1")(s) }

// reads is what a client of streamable HTTP accepts.
func reads(s *Step) { with("accept", "application/json, text/event-stream")(s) }

func toldByTool(result string) option {
	return func(s *Step) {
		refused("tier_denied", 200)(s)
		has("content-type", "application/json")(s)
		says(`{"jsonrpc":"2.0","id":7,"result":{` + result + `}}`)(s)
	}
}

func unreadableList(s *Step) {
	s.Want.Refused, s.Want.Status, s.Want.HeadersSent = "", 502, true
}

func mcpCalls() []Scenario {
	ask := func(note, key, body string, options ...option) Step {
		return post(note, "/mcp", append([]option{tokenIf(key), with("content-type", "application/json"), bodyOf(body)}, options...)...)
	}
	version := func(v string) option { return with("mcp-protocol-version", v) }
	tier := func(id, tier string) option {
		return func(s *Step) {
			refused("tier_denied", 403)(s)
			says(rpcRefusal(id, "403", "This needs the tier "+tier+" or a higher one.", "tier_denied", `,"tier":"`+tier+`"`))(s)
		}
	}
	return []Scenario{
		{
			Name:   "MCP: a tool needs the scopes of its risk and its own",
			Config: tooled(),
			Steps: []Step{
				ask("", "Free-1", call("1", "search", "")),
				ask("", "Free-1", call(`"a"`, "image_generate", ""), lacks(`"a"`, "generate")),
				ask("all that the call needs", "Free-1", call("2", "delete", ""), lacks("2", "generate files:delete")),
				ask("also those that the caller has", "Pro-1", call("2", "delete", ""), lacks("2", "generate files:delete")),
				ask("a wider scope includes it", "Admin-1", call("3", "image_generate", "")),
				ask("an unknown tool is the most dangerous", "Free-1", call("4", "new", ""), lacks("4", "generate")),
				ask("a tool that needs none", "Bare-1", call("5", "time", "")),
				ask("no scopes at all", "Bare-1", call("6", "search", ""), lacks("6", "mcp:query")),
				ask("a method", "Bare-1", `{"jsonrpc":"2.0","id":7,"method":"resources/read","params":{"uri":"file:///x"}}`, lacks("7", "mcp:query")),
				ask("another method", "Bare-1", `{"jsonrpc":"2.0","id":8,"method":"tools/list"}`),
				ask("a notification", "Bare-1", `{"jsonrpc":"2.0","method":"notifications/initialized"}`, answer(202)),
				ask("a notification that calls a tool", "Free-1", `{"jsonrpc":"2.0","method":"tools/call","params":{"name":"new"}}`, lacks("", "generate")),
				ask("a response", "Bare-1", `{"jsonrpc":"2.0","id":9,"result":{}}`, answer(202)),
				get("a stream", "/mcp", token("Bare-1")),
				step("", "DELETE", "/mcp", token("Bare-1")),
			},
			Metrics: map[string]uint64{
				"gatewarden_rate_limited_requests_total.surface.mcp.reason.insufficient_scope": 7,
				"gatewarden_auth_failures_total.surface.mcp":                                   0,
			},
			Log: []string{`refusal surface=mcp client=192.0.2.1 reason=insufficient_scope`},
		},
		{
			Name:   "MCP: who is nobody has no scopes",
			Config: tooled(),
			Steps: []Step{
				post("", "/mcp", with("content-type", "application/json"), bodyOf(call("1", "search", "")), refused("auth_denied", 401)),
				post("what needs none is for everybody", "/mcp", with("content-type", "application/json"), bodyOf(call("1", "time", ""))),
				ask("a guess", "x", call("1", "search", ""), refused("auth_denied", 401)),
			},
			Metrics: map[string]uint64{
				"gatewarden_auth_failures_total.surface.mcp": 1,
				"gatewarden_auth_denied_total.surface.mcp":   2,
			},
		},
		{
			Name:   "MCP: a value of an argument is for higher tiers",
			Config: tooled(),
			Steps: []Step{
				ask("", "Pro-1", call("1", "image_generate", `"quality":"ultra_plus"`)),
				ask("", "Admin-1", call("1", "image_generate", `"quality":"ultra_plus"`)),
				ask("", "Low-1", call("1", "image_generate", `"quality":"ultra"`)),
				ask("", "Low-1", call("2", "image_generate", `"quality":"ultra_plus"`), tier("2", "pro")),
				ask("", "Low-1", call("2", "image_generate", `"quality":"ultr\u0061_plus"`), tier("2", "pro")),
				ask("in other words it may be the same", "Low-1", call("2", "image_generate", `"quality":"Ultra_Plus"`), tier("2", "pro")),
				ask("a tier that is not listed", "Odd-1", call("3", "image_generate", `"quality":"ultra_plus"`), tier("3", "pro")),
				ask("read in two ways", "Pro-1", call("4", "image_generate", `"quality":"standard","Quality":"ultra_plus"`), refused("malformed", 400)),
				ask("read in two ways", "Pro-1", call("4", "image_generate", `"quality":"standard","quality":"ultra_plus"`), refused("malformed", 400)),
				ask("not read", "Pro-1", call("4", "time", `"quality":"standard","quality":"ultra_plus"`)),
			},
			Metrics: map[string]uint64{"gatewarden_rate_limited_requests_total.surface.mcp.reason.tier_denied": 4},
		},
		{
			Name:   "MCP: what can be read in two ways is refused",
			Config: tooled(),
			Steps: []Step{
				ask("", "Pro-1", `{"method":"ping","method":"tools/call"}`, unreadable(400, "-32600", ambiguous)),
				ask("", "Pro-1", `{"method":"ping","Method":"tools/call"}`, unreadable(400, "-32600", ambiguous)),
				ask("", "Pro-1", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"time","Name":"search"}}`, unreadable(400, "-32600", ambiguous)),
				ask("", "Pro-1", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"time","n\u0061me":"search"}}`, unreadable(400, "-32600", ambiguous)),
				ask("", "Pro-1", `{"jsonrpc":"2.0","id":1,"method":"ping"}{}`, unreadable(400, "-32700", notJSON)),
				ask("", "Pro-1", "\xef\xbb\xbf{}", unreadable(400, "-32700", notJSON)),
				ask("", "Pro-1", `hello`, unreadable(400, "-32700", notJSON)),
				ask("", "Pro-1", `7`, unreadable(400, "-32600", noMessage)),
				ask("", "Pro-1", `{"jsonrpc":"2.0","id":null,"method":"ping"}`, unreadable(400, "-32600", noMessage)),
				ask("", "Pro-1", strings.Repeat("[", 1000), unreadable(400, "-32700", notJSON)),
				ask("no name", "Pro-1", `{"jsonrpc":"2.0","id":1,"method":"tools/call"}`, refused("malformed", 400)),
				ask("another media type", "Pro-1", "{}", with("content-type", "text/plain"), refused("malformed", 415)),
				ask("compressed", "Pro-1", "{}", with("content-encoding", "gzip"), refused("malformed", 415), has("accept-encoding", "identity")),
				ask("too large", "Pro-1", `{"x":"`+strings.Repeat("x", 300<<10)+`"}`, refused("malformed", 413)),
				ask("large", "Pro-1", `{"jsonrpc":"2.0","id":1,"method":"ping","x":"`+strings.Repeat("x", 200<<10)+`"}`),
				ask("in pieces", "Pro-1", "", body(`{"jsonrpc":"2.0","id":1,`, `"method":"tools/call","params":{"na`, `me":"delete"}}`), lacks("1", "generate files:delete")),
				ask("with trailers", "Pro-1", call("1", "delete", ""), trailer("x", "y"), lacks("1", "generate files:delete")),
			},
		},
		{
			Name:   "MCP: pages of other origins",
			Config: strings.Replace(tooled(), `"mcp": {`, `"mcp": {"origins": ["https://app.example"], `, 1),
			Steps: []Step{
				ask("no page", "Pro-1", call("1", "search", "")),
				ask("a page that may", "Pro-1", call("1", "search", ""), with("origin", "https://app.example")),
				ask("one that must not", "Pro-1", call("1", "search", ""), with("origin", "https://evil.example"), refused("malformed", 403),
					says(rpcRefusal("", "403", "Pages of this origin must not call this server.", "malformed", ""))),
				get("a stream", "/mcp", token("Pro-1"), with("origin", "https://evil.example"), refused("malformed", 403)),
				get("no failure of the page's user", "/mcp", token("Pro-1"), with("origin", "https://evil.example"), refused("malformed", 403), times(25)),
				get("so that others go on", "/mcp", token("Pro-1")),
			},
		},
		{
			Name:   "MCP: batches where there are some",
			Config: tooled(),
			Steps: []Step{
				ask("", "Pro-1", `[`+call("1", "search", "")+`,`+call("2", "image_generate", "")+`]`),
				ask("one is not allowed", "Free-1", `[`+call("1", "search", "")+`,`+call(`"b"`, "image_generate", "")+`]`, refused("insufficient_scope", 403),
					says(`[`+rpcRefusal("1", "403", "This needs the scopes: mcp:query generate.", "insufficient_scope", `,"scope":"mcp:query generate","hint":"Get an access token with these scopes."`)+`,`+
						rpcRefusal(`"b"`, "403", "This needs the scopes: mcp:query generate.", "insufficient_scope", `,"scope":"mcp:query generate","hint":"Get an access token with these scopes."`)+`]`)),
				ask("", "Pro-1", `[]`, unreadable(400, "-32600", noMessage)),
				ask("", "Pro-1", `[`+call("1", "search", "")+`]`, version("2025-03-26")),
				ask("", "Pro-1", `[`+call("1", "search", "")+`]`, version("2025-06-18"), refused("malformed", 400)),
				ask("", "Pro-1", `[`+strings.Repeat(`{"method":"x"},`, 100)+`{"method":"x"}]`, refused("malformed", 400)),
			},
		},
		{
			Name:   "MCP: versions and the headers of the newest",
			Config: tooled(),
			Steps: []Step{
				ask("", "Pro-1", call("1", "search", ""), version("2025-11-25")),
				ask("", "Pro-1", call("1", "search", ""), version("1.0, 1.1"), refused("malformed", 400)),
				ask("a version that only the server can know", "Pro-1", call("1", "search", ""), version("v999.0.0"), with("mcp-method", "tools/call"), with("mcp-name", "search")),
				ask("it has the rules of the newest", "Pro-1", call("1", "search", ""), version("v999.0.0"), refused("malformed", 400)),
				ask("", "Pro-1", call("1", "search", ""), version("2025-11-25"), version("2025-11-25"), refused("malformed", 400)),
				ask("", "Pro-1", call("1", "search", ""), version("2026-07-28"), refused("malformed", 400),
					says(rpcRefusal("1", "-32020", mismatch, "malformed", ""))),
				ask("", "Pro-1", call("1", "search", ""), version("2026-07-28"), with("mcp-method", "tools/call"), with("mcp-name", " search ")),
				ask("", "Pro-1", call("1", "search", ""), version("2026-07-28"), with("mcp-method", "tools/call"), with("mcp-name", "=?base64?c2VhcmNo?=")),
				ask("", "Pro-1", call("1", "search", ""), version("2026-07-28"), with("mcp-method", "TOOLS/CALL"), with("mcp-name", "search"), refused("malformed", 400)),
				ask("", "Pro-1", call("1", "search", ""), version("2026-07-28"), with("mcp-method", "tools/call"), with("mcp-name", "=?base64?!!?="), refused("malformed", 400)),
				ask("cheap in the header", "Pro-1", call("1", "delete", ""), version("2026-07-28"), with("mcp-method", "tools/call"), with("mcp-name", "search"), refused("malformed", 400)),
				ask("early", "Free-1", call("1", "delete", ""), version("2026-07-28"), with("mcp-method", "tools/call"), with("mcp-name", "delete"), lacks("1", "generate files:delete")),
				ask("older versions trust no header", "Free-1", call("1", "delete", ""), version("2025-11-25"), with("mcp-method", "tools/call"), with("mcp-name", "search"), lacks("1", "generate files:delete")),
				ask("a notification needs none", "Pro-1", `{"jsonrpc":"2.0","method":"notifications/x"}`, version("2026-07-28"), answer(202)),
			},
		},
		{
			Name:   "MCP: lists have the tools that the caller may use",
			Config: tooled(),
			Steps: []Step{
				ask("", "Free-1", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, with("accept-encoding", "gzip"), arrives("accept-encoding"),
					answerBody("application/json", toolList), says(`{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"search"},{"name":"time"}],"nextCursor":"x"}}`), hasNo("content-length")),
				ask("", "Pro-1", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, answerBody("application/json", toolList[:20], toolList[20:60], toolList[60:]),
					says(`{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"search"}, {"name":"image_generate"},{"name":"time"},{"name":"new"}],"nextCursor":"x"}}`)),
				ask("", "Bare-1", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, answerBody("text/event-stream", "event: message\n", "data: "+toolList+"\n\n"),
					says("event: message\ndata: "+`{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"time"}],"nextCursor":"x"}}`+"\n\n")),
				ask("nobody", "", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, answerBody("application/json", toolList),
					says(`{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"time"}],"nextCursor":"x"}}`)),
				get("a stream that repeats it", "/mcp", token("Bare-1"), answerBody("text/event-stream", "data: "+toolList+"\n\n", ": ping\n\n"),
					says("data: "+`{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"time"}],"nextCursor":"x"}}`+"\n\n: ping\n\n")),
				ask("other answers pass as they are", "Pro-1", call("1", "search", ""), answerBody("application/json", toolList), says(toolList)),
				ask("with trailers", "Bare-1", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, answerBody("application/json", toolList), answerTrailer("x", "y"),
					says(`{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"time"}],"nextCursor":"x"}}`)),
				ask("compressed in spite of all", "Pro-1", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, answer(200, [2]string{"content-encoding", "gzip"}), answerBody("application/json", "\x1f\x8b"), unreadableList),
			},
		},
		{
			Name:   "MCP: lists say what calls cost",
			Config: strings.Replace(tooled(), `"mcp": {`, `"mcp": {"annotate": true, `, 1),
			Steps: []Step{
				ask("what the caller may use", "Low-1", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, answerBody("application/json", toolList[:70], toolList[70:]),
					says(`{"jsonrpc":"2.0","id":1,"result":{"tools":[ `+withPrice("image_generate", imagePrice)+`,`+withPrice("time", `"cost":0`)+`,`+withPrice("new", `"cost":0`)+`],"nextCursor":"x"}}`), hasNo("content-length")),
				ask("in events", "Free-1", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, answerBody("text/event-stream", "data: "+toolList[:95], toolList[95:]+"\n\n"),
					says("data: "+`{"jsonrpc":"2.0","id":1,"result":{"tools":[`+withPrice("search", `"cost":0`)+`,`+withPrice("time", `"cost":0`)+`],"nextCursor":"x"}}`+"\n\n")),
				ask("other answers pass as they are", "Pro-1", call("1", "search", ""), answerBody("application/json", toolList), says(toolList)),
			},
		},
		{
			Name:        "MCP: calls are read where headers cannot be held",
			Config:      tooled(),
			HidesBodies: true,
			Steps: []Step{
				ask("it is found out", "Pro-1", call("1", "search", "")),
				ask("", "Pro-1", call("2", "image_generate", "")),
				ask("", "Free-1", call("3", "image_generate", ""), lacks("3", "generate"), headersSent),
				ask("", "Pro-1", "hello", unreadable(400, "-32700", notJSON), headersSent),
				ask("in pieces", "Pro-1", "", body(`{"jsonrpc":"2.0","id":1,`, `"method":"tools/call","params":{"na`, `me":"delete"}}`), lacks("1", "generate files:delete"), headersSent),
				ask("before the headers go", "x", call("4", "time", "")),
				get("a stream", "/mcp", token("Pro-1")),
			},
			Log: []string{"the proxy does not show a request's body while its headers are held"},
		},
		{
			Name:        "MCP: the first call is refused where headers cannot be held",
			Config:      tooled(),
			HidesBodies: true,
			Steps: []Step{
				ask("", "Free-1", call("3", "image_generate", ""), lacks("3", "generate"), headersSent),
			},
		},
		{
			Name:   "MCP: a client that drops its session at a status is told by a tool's result",
			Config: tooled(),
			Steps: []Step{
				ask("", "Low-1", call("7", "image_generate", `"quality":"ultra_plus"`), tier("7", "pro")),
				ask("", "Low-1", call("7", "image_generate", `"quality":"ultra_plus"`), python, reads, toldByTool(`"content":[{"type":"text","text":"`+tierPro+`"}],"isError":true`)),
				ask("an event", "Low-1", call("7", "image_generate", `"quality":"ultra_plus"`), python, with("accept", "text/event-stream"), refused("tier_denied", 200),
					has("content-type", "text/event-stream"), says("event: message\ndata: "+`{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"`+tierPro+`"}],"isError":true}}`+"\n\n")),
				ask("the newest version", "Low-1", call("7", "image_generate", `"quality":"ultra_plus"`), python, reads, version("2026-07-28"), with("mcp-method", "tools/call"), with("mcp-name", "image_generate"),
					toldByTool(`"resultType":"complete","content":[{"type":"text","text":"`+tierPro+`"}],"isError":true`)),
				ask("scopes stay a status", "Free-1", call("7", "image_generate", ""), python, reads, lacks("7", "generate")),
				ask("over HTTP+SSE, nobody reads it", "Low-1", call("7", "image_generate", `"quality":"ultra_plus"`), python, with("accept", "*/*"), tier("7", "pro")),
				ask("a notification", "Low-1", `{"jsonrpc":"2.0","method":"tools/call","params":{"name":"image_generate","arguments":{"quality":"ultra_plus"}}}`, python, tier("", "pro")),
			},
		},
		{
			Name:   "MCP: a client that does not read the answers with some statuses is told with 200",
			Config: tooled(),
			Steps: []Step{
				ask("", "Low-1", call("7", "image_generate", `"quality":"ultra_plus"`), with("user-agent", "Go-http-client/1.1"), reads, refused("tier_denied", 200), has("content-type", "application/json"),
					says(rpcRefusal("7", "403", tierPro, "tier_denied", `,"tier":"pro"`))),
				ask("scopes stay a status", "Free-1", call("7", "image_generate", ""), with("user-agent", "Go-http-client/1.1"), lacks("7", "generate")),
			},
		},
		{
			Name:   "MCP: a refusal is a JSON-RPC error with status 200",
			Config: strings.Replace(tooled(), `"mcp": {`, `"mcp": {"reject_format": "jsonrpc", `, 1),
			Steps: []Step{
				ask("", "Low-1", call("7", "image_generate", `"quality":"ultra_plus"`), reads, refused("tier_denied", 200), has("content-type", "application/json"),
					says(rpcRefusal("7", "403", tierPro, "tier_denied", `,"tier":"pro"`))),
				ask("over HTTP+SSE, nobody reads it", "Low-1", call("7", "image_generate", `"quality":"ultra_plus"`), tier("7", "pro")),
				ask("", "Free-1", call("7", "image_generate", ""), reads, lacks("7", "generate")),
			},
		},
		{
			Name:   "MCP: a locked-out client is not read",
			Config: tooled(),
			Steps: []Step{
				ask("", "x", call("1", "search", ""), refused("auth_denied", 401), times(20)),
				ask("", "Pro-1", call("7", "search", ""), locked("60"), says(`{"jsonrpc":"2.0","id":7,`+rpcError)),
			},
		},
	}
}

func operations() []Scenario {
	config := `{"identity": [` + keys(key("r", "Read-1", `, "scopes": ["api:read"]`), key("w", "Write-1", `, "scopes": ["api:write"]`)) + `],
		"scopes": {"implies": {"api:write": ["api:read"]}, "operations": [
			{"path": "/api/v1/open", "scopes": []},
			{"prefix": "/api/v1", "methods": ["GET"], "scopes": ["api:read"]},
			{"prefix": "/api/v1", "scopes": ["api:write"]}]}}`
	missing := func(scope string) option {
		return func(s *Step) {
			refused("insufficient_scope", 403)(s)
			has("www-authenticate", `Bearer realm="rest", error="insufficient_scope", scope="`+scope+`"`)(s)
		}
	}
	return []Scenario{{
		Name:   "an operation needs scopes",
		Config: config,
		Steps: []Step{
			get("", "/api/v1/items", token("Read-1")),
			get("a wider scope includes it", "/api/v1/items", token("Write-1")),
			post("", "/api/v1/items", token("Write-1")),
			post("", "/api/v1/items", token("Read-1"), missing("api:write"), has("content-type", "application/problem+json"),
				says(`{"type":"about:blank","title":"Forbidden","status":403,"detail":"This needs the scopes: api:write.","scope":"api:write","hint":"Get an access token with these scopes."}`)),
			get("the method that a service may run", "/api/v1/items", token("Read-1"), with("x-http-method-override", "DELETE"), missing("api:read api:write")),
			get("an exception", "/api/v1/open", token("Read-1")),
			get("for everybody", "/api/v1/open"),
			get("to the letter", "/API/v1/open;x=1", token("Read-1"), missing("api:read api:write")),
			get("not by another spelling", "/api/v1/open/%2e%2e/items", refused("auth_denied", 401)),
			get("nobody", "/api/v1/items", refused("auth_denied", 401)),
			get("another surface", "/mcp", token("Read-1")),
			step("a preflight", "OPTIONS", "/api/v1/items", with("origin", "https://app.example"), with("access-control-request-method", "POST"), answer(204)),
		},
		Metrics: map[string]uint64{"gatewarden_rate_limited_requests_total.surface.rest.reason.insufficient_scope": 3},
	}}
}

// tokenIf sends no token if t is "".
func tokenIf(t string) option {
	if t == "" {
		return func(*Step) {}
	}
	return token(t)
}

func bodyOf(text string) option {
	if text == "" {
		return func(*Step) {}
	}
	return body(text)
}
