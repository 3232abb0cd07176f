package scenario

import "strings"

// accounts are the places in which services look for whom a login attempts.
func accounts() []Scenario {
	at := func(address string) option { return from(address) }
	return []Scenario{
		{
			Name:   "accounts: one login is one account, however its body is written",
			Config: page(`"keys": [{"per": ["account"], "failures": 9, "window": "1h", "action": "lock"}], "account_fields": ["user.email"]`),
			Steps: append(append([]Step{}, everyBody(answer(401))...), append(
				everyBody(locked("3600")),
				jsonBody("another account", `{"user": {"email": "bob"}}`, answer(401)),
				step("a page is no attempt", "GET", "/login", answer(200)),
			)...),
			Metrics: map[string]uint64{"gatewarden_lockouts_total.surface.login": 0, "gatewarden_auth_failures_total.surface.login": 10},
		},
		{
			Name:   "accounts: whatever names one counts, and no other hides it",
			Config: page(`"keys": [{"per": ["account"], "failures": 2, "window": "1h", "action": "lock"}]`),
			Steps: []Step{
				form("a field that the application ignores", "username=decoy1&email=bob", answer(401)),
				post("the query", "/login?username=decoy2&email=bob", answer(401)),
				jsonBody("bob is locked", `{"email": "bob"}`, locked("3600")),
				step("in the query, too", "POST", "/login?email=x&email=Bob", locked("3600")),
				step("first or last", "POST", "/login?email=Bob&email=x", locked("3600")),
				form("carol in the form, dave in the query", "email=carol", query("email=dave"), answer(401)),
				jsonBody("and the other way round", `{"email": "dave"}`, query("email=carol"), answer(401)),
				form("both are locked", "email=carol", locked("3600")),
				form("", "email=dave", locked("3600")),
			},
		},
		{
			Name:   "accounts: a client's Basic user counts as it is written, and decoded",
			Config: `{"surfaces": [{"name": "token", "kind": "oauth-token", "match": [{"path": "/oauth/token"}], "lockout": {"keys": [{"per": ["account"], "failures": 2, "window": "1h", "action": "lock"}]}}]}`,
			Steps: []Step{
				post("", "/oauth/token", basic("%61lice:1"), answer(401)),
				post("", "/oauth/token", basic("al%49ce:2"), answer(401)),
				post("", "/oauth/token", basic("alice:3"), locked("3600")),
				post("", "/oauth/token", basic("a%6Cice:4"), locked("3600")),
				post("another one", "/oauth/token", basic("%2561lice:5"), answer(401)),
			},
		},
		{
			Name:   "accounts: the client in the URL of a consent page is no account of a user",
			Config: login(`"keys": [{"per": ["account"], "failures": 1, "window": "1h", "action": "lock"}]`),
			Steps: []Step{
				form("", "username=ann", query("client_id=app"), answer(401)),
				form("", "username=ann", query("client_id=app"), locked("3600")),
				form("others go on", "username=bob", query("client_id=app"), answer(302)),
				form("a user in the query hides no client", "client_id=app", query("username=decoy"), answer(401)),
				form("", "client_id=app", query("username=decoy2"), locked("3600")),
			},
		},
		{
			Name:   "accounts: a body that hides one is refused where something follows from it",
			Config: page(`"spraying": {"clients": 2, "action": "slow"}, "account_fields": ["user"]`),
			Steps: []Step{
				form("compressed", "\x1f\x8b\x08", with("content-encoding", "gzip"), unsupported, has("accept-encoding", "identity")),
				post("without a media type", "/login", body("user=bob"), unsupported, has("accept-encoding")),
				typed("text/plain", `{"user": "bob"}`, unsupported),
				typed("application/xml", `<user>bob</user>`, unsupported),
				typed("application/x-www-form-urlencoded; charset=utf-16", "u\x00", unsupported),
				typed("application/json, application/x-www-form-urlencoded", "user=bob", unsupported),
				typed("multipart/form-data", "--b", unsupported),
				jsonBody("twice", `{"user": "a", "USER": "b"}`, refused("malformed", 400)),
				jsonBody("in a batch", `[{"user": "a"}, {"user": "b"}]`, refused("malformed", 400)),
				jsonBody("a condition", `{"user": {"$ne": ""}}`, refused("malformed", 400)),
				jsonBody("lenient", `{'user': 'bob'}`, refused("malformed", 400)),
				jsonBody("not all of it", `{"user": "bob"`, refused("malformed", 400)),
				jsonBody("too long", `{"x": "`+strings.Repeat("x", 70000)+`", "user": "bob"}`, refused("malformed", 400)),
				parts("lenient", "--b\nContent-Disposition: form-data; name=\"user\"\n\nbob\n--b--", refused("malformed", 400)),
				parts("another part behind the end", part("x", "y")+"--b--\r\n"+part("user", "bob")+"--b--", refused("malformed", 400)),
				jsonBody("none", `{}`, answer(401)),
				post("no body", "/login", answer(401)),
				post("a message of gRPC", "/login", with("content-type", "application/grpc"), body("\x00\x00\x00\x00\x00"),
					refused("malformed", 200), has("grpc-status", "3")),
			},
			Metrics: map[string]uint64{
				"gatewarden_rate_limited_requests_total.surface._.reason.malformed": 16,
				"gatewarden_auth_failures_total.surface.login":                      2,
			},
		},
		{
			Name: "accounts: elsewhere such bodies pass",
			Config: strings.Replace(rest(`"failures": 100, "keys": [{"per": ["account"], "failures": 1, "window": "1h", "action": "lock"}]`),
				"{", `{"allow_on_headers_stop_iteration": true, `, 1),
			Steps: []Step{
				post("an upload", "/api/v1/x", token("t"), with("content-type", "image/png"), body("\x89PNG")),
				post("compressed", "/api/v1/x", token("t"), with("content-type", "application/json"), with("content-encoding", "gzip"), body("\x1f\x8b")),
				post("without a media type", "/api/v1/x", token("t"), body("x")),
				post("a list of users", "/api/v1/x", token("t"), with("content-type", "application/json"), body(`[{"username": "a"}, {"username": "b"}]`)),
				post("a long document", "/api/v1/x", token("t"), with("content-type", "application/json"), body(`{"x": "`, strings.Repeat("x", 70000), `"}`)),
				post("a lenient one", "/api/v1/x", token("t"), with("content-type", "application/json"), body(`{x: 1}`)),
				post("an account", "/api/v1/x", token("t"), with("content-type", "application/json"), body(`{"username": "bob"}`), answer(401)),
				post("is found", "/api/v1/x", token("u"), with("content-type", "application/json"), body(`{"username": "Bob"}`), locked("3600")),
			},
		},
		{
			Name:   "accounts: a report refuses nothing, and sees accounts in every body",
			Config: page(`"spraying": {"clients": 9}, "stuffing": {"credentials": 3}, "account_fields": ["user"]`),
			Steps: []Step{
				typed("text/plain", "user=x", answer(401)),
				form("compressed", "x", with("content-encoding", "gzip"), answer(401)),
				jsonBody("", `{"user": "a"}`, answer(401)),
				parts("", part("user", "b")+"--b--", answer(401)),
				step("the third", "POST", "/login?user=c", answer(401)),
			},
			Metrics: map[string]uint64{"gatewarden_stuffing_total.surface.login": 1, "gatewarden_requests_total.surface.login.outcome.refused": 0},
		},
		{
			Name:   "accounts: shadow mode",
			Config: page(`"mode": "shadow", "keys": [{"per": ["account"], "failures": 1}]`),
			Steps: []Step{
				typed("text/plain", "x", answer(401)),
				jsonBody("", `{"email": "a", "email": "b"}`, answer(401)),
			},
			Metrics: map[string]uint64{"gatewarden_requests_total.surface.login.outcome.shadowed": 2},
			Log:     []string{"shadow refusal surface=login client=192.0.2.1 reason=malformed"},
		},
		{
			Name:   "login: what counts",
			Config: `{"surfaces": [{"name": "login", "kind": "login", "match": [{"path": "/login", "methods": ["POST"]}]}]}`,
			Steps: []Step{
				form("a redirect", "email=a", answer(302), times(6)),
				form("the page again", "email=a", answer(200), times(6)),
				form("a mistake", "email=a", answer(400), times(6)),
				form("", "email=a", answer(401), times(2)),
				form("", "email=a", answer(403), times(2)),
				jsonBody("", `{"email": "a"}`, answer(422)),
				form("", "email=a", locked("300")),
				form("another client", "email=a", at("192.0.2.2:1"), answer(302)),
			},
			Metrics: map[string]uint64{"gatewarden_auth_failures_total.surface.login": 5, "gatewarden_lockouts_total.surface.login": 1},
		},
		{
			Name: "login: a page that answers 200 counts it if told to",
			Config: `{"surfaces": [{"name": "login", "kind": "login", "match": [{"path": "/login", "methods": ["POST"]}],
				"lockout": {"failures": 2, "window": "1m", "statuses": [200, 401]}}]}`,
			Steps: []Step{
				form("a right password", "username=a", answer(302), times(5)),
				form("a wrong one", "username=a", answer(200), times(2)),
				form("", "username=a", locked("60")),
			},
		},
	}
}

// everyBody is an attempt at one account, in each way in which services take it.
func everyBody(want option) []Step {
	const json = `{"password": "x", "user": {"email": "Ann@x"}}`
	return []Step{
		form("a form", "user%5Bemail%5D=ann%40x&password=x", want),
		form("in other spellings", "+User.Email=ANN%40X+", want),
		parts("multipart", part("password", "x")+part("user[email]", "ann@x")+"--b--\r\n", want),
		jsonBody("JSON", json, want),
		typed("application/vnd.api+json", json, want),
		form("JSON by curl -d", json, want),
		post("JSON in pieces", "/login", with("content-type", "application/json"), body(`{"us\u0065r": {"ema`, `il": "\u0041nn@`, `x"}}`), want),
		jsonBody("a batch of one", `[`+json+`]`, want),
		step("the query", "POST", "/login?user[email]=ann@x", want),
	}
}

// page is a configuration with one login surface of the given lockout.
func page(lockout string) string {
	return strings.Replace(login(lockout), "oauth-consent", "login", 1)
}

func unsupported(s *Step) { refused("malformed", 415)(s) }

func query(text string) option { return func(s *Step) { s.Send.Path += "?" + text } }

func typed(mediaType, text string, options ...option) Step {
	return post(mediaType, "/login", append([]option{with("content-type", mediaType), body(text)}, options...)...)
}

func jsonBody(note, text string, options ...option) Step {
	s := typed("application/json", text, options...)
	s.Note = note
	return s
}

func parts(note, text string, options ...option) Step {
	s := typed("multipart/form-data; boundary=b", text, options...)
	s.Note = note
	return s
}

func part(name, value string) string {
	return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
}
