package scenario

import "strings"

// once is a configuration with this lockout on all surfaces, in which the same wrong
// credential counts once.
func once(lockout string) string {
	lockout = strings.TrimSuffix(`"lockout": {"repeats": "once", `+lockout, ", ") + `}}`
	return `{"allow_on_headers_stop_iteration": true, "log": {"per_second": 1000}, "credentials": {"cookies": ["session"]}, "surfaces": [
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], ` + lockout + `,
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], ` + lockout + `,
		{"name": "token", "kind": "oauth-token", "match": [{"path": "/oauth/token"}], ` + lockout + `,
		{"name": "login", "kind": "login", "match": [{"path": "/login"}], ` + lockout + `]}`
}

// repeats are failures with what has failed before.
func repeats() []Scenario {
	const thirty = 30
	csrf := func(token, rest string, o ...option) Step { return form(token, "_csrf="+token+"&"+rest, o...) }
	return []Scenario{
		{
			Name:   "repeats: a dead session locks nobody out, guesses do",
			Config: once(`"failures": 3, "window": "1m"`),
			Steps: []Step{
				get("a page", "/api/v1/x", with("cookie", "a=1; session=dead"), answer(401), times(thirty)),
				get("another page", "/api/v1/y", with("cookie", "session=dead; a=2"), answer(401), times(thirty)),
				get("signed in again", "/api/v1/x", with("cookie", "session=alive")),
				get("a program", "/api/v1/x", token("expired"), answer(401), times(thirty)),
				get("the third guess", "/api/v1/x", token("guess"), answer(401)),
				get("", "/api/v1/x", with("cookie", "session=alive"), locked("60")),
			},
			Metrics: map[string]uint64{
				"gatewarden_auth_failures_total.surface.rest": 3, "gatewarden_repeated_failures_total.surface.rest": 88,
			},
			Log: []string{"failure surface=rest", "repeated failure surface=rest", "failures=3 limit=3"},
		},
		{
			Name:    "repeats: each window counts anew, on any worker",
			Config:  once(`"failures": 2, "window": "1m"`),
			Workers: 3,
			Steps: []Step{
				get("", "/api/v1/x", token("a"), answer(401), times(9)),
				get("", "/api/v1/x", token("a"), after(59*second), answer(401), times(9)),
				get("", "/api/v1/x", token("a"), after(second), answer(401), times(9)),
				get("", "/api/v1/x", token("b"), answer(401)),
				get("", "/api/v1/x", token("a"), locked("60")),
			},
			Metrics: map[string]uint64{"gatewarden_auth_failures_total.surface.rest": 3, "gatewarden_repeated_failures_total.surface.rest": 25},
		},
		{
			Name:   "repeats: the body of a sign-in is a part of the guess",
			Config: once(`"failures": 4, "window": "1m"`),
			Steps: []Step{
				post("a dead refresh token", "/oauth/token", body("grant_type=refresh_token&", "refresh_token=dead"), with("content-type", "application/x-www-form-urlencoded"), answer(401), times(thirty)),
				csrf("0123", "username=ann&password=wrong", answer(401)),
				csrf("4567", "username=ann&password=wrong", answer(401), times(thirty)),
				jsonBody("in JSON", `{"email": "ann", "password": "wrong"}`, answer(401), times(thirty)),
				parts("in multipart", part("email", "ann")+part("password", "wrong")+"--b--\r\n", answer(401), times(thirty)),
				csrf("89ab", "username=ann&password=right", answer(302)),
				csrf("89ab", "username=ann&password=wrong&code=1", answer(401)),
				csrf("89ab", "username=ann&password=right", locked("60")),
				post("the token endpoint counts for itself", "/oauth/token", body("grant_type=refresh_token&refresh_token=good"), with("content-type", "application/x-www-form-urlencoded")),
			},
			Metrics: map[string]uint64{
				"gatewarden_auth_failures_total.surface.login": 4, "gatewarden_auth_failures_total.surface.token": 1,
				"gatewarden_repeated_failures_total.surface.login": 88, "gatewarden_repeated_failures_total.surface.token": 29,
			},
		},
		{
			Name:   "repeats: a second factor cannot be guessed beside one password",
			Config: once(`"failures": 3, "window": "1m"`),
			Steps: []Step{
				jsonBody("", `{"email": "ann", "password": "right", "code": "000001"}`, answer(401)),
				jsonBody("", `{"email": "ann", "password": "right", "code": "000002"}`, answer(401)),
				form("in what looks like a token", `_csrf=1;code=3&password=right`, answer(401)),
				jsonBody("", `{"email": "ann", "password": "right", "code": "000004"}`, locked("60")),
			},
		},
		{
			Name:   "repeats: networks, accounts and credentials count once, too",
			Config: once(`"failures": 9, "window": "1m", "wide": {"failures": 4}, "keys": [{"per": ["account"], "failures": 2, "window": "1h", "action": "lock"}, {"per": ["credential"], "failures": 2, "window": "1h", "action": "lock"}]`),
			Steps: []Step{
				form("", "email=ann&password=a", answer(401), times(thirty)),
				form("", "email=ann&password=b", answer(401)),
				form("", "email=ann&password=a", locked("3600")),
				form("", "email=bob&password=a", from("192.0.2.77:1"), answer(401), times(thirty)),
				form("the fourth of the network", "email=eve&password=a", from("192.0.2.78:1"), answer(401)),
				form("", "email=eve&password=a", from("192.0.2.79:1"), locked("60")),
				get("a leaked key", "/api/v1/x", token("leaked"), from("198.51.100.1:1"), answer(401), times(thirty)),
				get("at another client", "/api/v1/x", token("leaked"), from("203.0.113.1:1"), answer(401)),
				get("", "/api/v1/x", token("leaked"), from("203.0.113.1:1"), locked("3600")),
			},
		},
		{
			Name:   "repeats: an attempt that has failed is not held back",
			Config: `{"burst": {"hold": "off"}, ` + once(`"failures": 2, "window": "1m", "pending": 1`)[1:],
			Steps: []Step{
				get("", "/api/v1/x", token("dead"), answer(401)),
				get("", "/api/v1/x", token("dead"), answer(401), meanwhile(
					get("", "/api/v1/x", token("dead"), answer(401), meanwhile(
						get("", "/api/v1/x", token("dead"), answer(401), meanwhile(get("", "/api/v1/x", token("dead"), answer(401)))))))),
				get("a new one", "/api/v1/x", token("b"), meanwhile(get("", "/api/v1/x", token("c"), meanwhile(
					get("", "/api/v1/x", token("d"), refused("rate_limited", 429)))))),
			},
		},
	}
}
