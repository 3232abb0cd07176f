package scenario

// places are the credentials that stand neither in a header of their own nor in a
// cookie.
func places() []Scenario {
	const kubernetes = "base64url.bearer.authorization.k8s.io."
	protocol := func(list string) option { return with("sec-websocket-protocol", list) }
	return []Scenario{
		{
			Name:   "a key in the query is a credential, however it is spelled",
			Config: rest(`"failures": 14, "window": "1m"`),
			Steps: []Step{
				get("", "/api/v1/x?api_key=k", answer(401)),
				get("", "/api/v1/x?page=1&access_token=t", answer(401)),
				get("in another letter case", "/api/v1/x?API_Key=k", answer(401)),
				get("encoded", "/api/v1/x?%61pi_ke%79=k", answer(401)),
				get("encoded twice", "/api/v1/x?%2561pi_key=k", answer(401)),
				get("as old ASP decodes", "/api/v1/x?%u0061pi_key=k", answer(401)),
				get("a list", "/api/v1/x?api_key[]=k", answer(401)),
				get("a list, encoded", "/api/v1/x?api_key%5B0%5D=k", answer(401)),
				get("as PHP reads it", "/api/v1/x?api.key=k", answer(401)),
				get("with a blank before", "/api/v1/x?+api_key=k", answer(401)),
				get("after a semicolon", "/api/v1/x?a=b;api_key=k", answer(401)),
				get("the second of two", "/api/v1/x?api_key=&api_key=k", answer(401)),
				get("after a second question mark", "/api/v1/x??api_key=k", answer(401)),
				get("beside a placeholder", "/api/v1/x?api_key=null&api_key=k", answer(401)),
				get("all of them counted", "/api/v1/x?api_key=k", locked("60")),
				get("and without a credential, too", "/api/v1/x", locked("60")),
			},
			Metrics: map[string]uint64{"gatewarden_auth_failures_total.surface.rest": 14},
		},
		{
			Name:   "a token among the protocols of a WebSocket is a credential",
			Config: `{"credentials": {"websocket_protocols": ["bearer.", "` + kubernetes + `", "access_token"]}, ` + rest(`"failures": 6, "window": "1m"`)[1:],
			Steps: []Step{
				get("of Kubernetes", "/api/v1/watch", protocol(kubernetes+"bXl0b2tlbg, base64.binary.k8s.io"), answer(401)),
				get("", "/api/v1/watch", protocol("chat, bearer.t"), answer(401)),
				get("in another letter case", "/api/v1/watch", protocol("Bearer.t"), answer(401)),
				get("as a protocol of its own", "/api/v1/watch", protocol("bearer, t"), answer(401)),
				get("behind a configured word", "/api/v1/watch", protocol("access_token, t"), answer(401)),
				get("not another protocol", "/api/v1/watch", protocol("graphql-ws, bearers"), answer(401), times(many)),
				get("", "/api/v1/watch", protocol("bearer.t"), answer(401)),
				get("", "/api/v1/watch", protocol("bearer.t"), locked("60")),
			},
			Metrics: map[string]uint64{"gatewarden_auth_failures_total.surface.rest": 6},
		},
		{
			Name:   "a placeholder is no credential",
			Config: `{"credentials": {"cookies": ["session"]}, ` + rest(`"failures": 1, "window": "1m"`)[1:],
			Steps: []Step{
				get("", "/api/v1/x", token("undefined"), answer(401), times(many)),
				get("", "/api/v1/x", token("null"), answer(401), times(many)),
				get("", "/api/v1/x", with("authorization", "Token None"), answer(401), times(many)),
				get("", "/api/v1/x", with("authorization", "bearer  [object Object]"), answer(401), times(many)),
				get("", "/api/v1/x", with("authorization", "nil"), answer(401), times(many)),
				get("", "/api/v1/x", with("x-api-key", "NaN"), answer(401), times(many)),
				get("", "/api/v1/x", with("cookie", "session=null"), answer(401), times(many)),
				get("", "/api/v1/x?api_key=undefined", answer(401), times(many)),
				get("", "/api/v1/x?access_token=%5Bobject%20Promise%5D", answer(401), times(many)),
				get("", "/api/v1/x", protocol("bearer.undefined"), answer(401), times(many)),
				get("", "/api/v1/x", protocol("bearer, null"), answer(401), times(many)),
				get("a word that is none of them", "/api/v1/x", token("anonymous"), answer(401)),
				get("", "/api/v1/x", locked("60")),
			},
			Metrics: map[string]uint64{"gatewarden_auth_failures_total.surface.rest": 1},
		},
		{
			Name:   "a preflight with a key in its query guesses like any other request",
			Config: rest(`"failures": 3, "window": "1m"`),
			Steps: []Step{
				step("a preflight", "OPTIONS", "/api/v1/x?api_key=k", with("origin", "https://a.example"), with("access-control-request-method", "PUT"), answer(204), times(many)),
				step("that the service refuses", "OPTIONS", "/api/v1/x?api_key=k", with("origin", "https://a.example"), with("access-control-request-method", "PUT"), answer(401), times(3)),
				step("", "OPTIONS", "/api/v1/x?api_key=k", with("origin", "https://a.example"), with("access-control-request-method", "PUT"), locked("60")),
				step("without a key it passes", "OPTIONS", "/api/v1/x", with("origin", "https://a.example"), with("access-control-request-method", "PUT"), answer(204)),
			},
		},
		{
			Name: "an API key in the query or in a WebSocket protocol",
			Config: `{"identity": [{"source": "api_keys", "keys": [
				{"id": "ci", "sha256": "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683", "tenant": "acme"}]}],
				"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "require": true, "lockout": {"failures": 4, "window": "1m"}}]}`,
			Steps: []Step{
				get("", "/api/v1/x?api_key=key"),
				get("encoded", "/api/v1/x?api_key=%6bey"),
				get("", "/api/v1/x", protocol("bearer.key")),
				get("as a protocol of its own", "/api/v1/x", protocol("bearer, key")),
				get("of Kubernetes", "/api/v1/x", protocol(kubernetes+"a2V5")),
				get("a wrong one", "/api/v1/x?api_key=keys", refused("auth_denied", 401)),
				get("two", "/api/v1/x?api_key=key&api_key=key", refused("auth_denied", 401)),
				get("two places", "/api/v1/x?api_key=key", token("key"), refused("auth_denied", 401)),
				get("in a form that services read in several ways", "/api/v1/x?API_KEY=key", refused("auth_denied", 401)),
				get("", "/api/v1/x?api_key=key", locked("60")),
			},
		},
	}
}
