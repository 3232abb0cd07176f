package contract

func replyCases() []Case {
	problem := []string{"429", "-1", "contract reply", `{"a":1}`,
		"content-type", "application/problem+json", "retry-after", "7",
		"www-authenticate", `Bearer realm="a"`, "www-authenticate", "Basic", "cache-control", "no-store"}
	grpc := with(Request{Method: "POST", Path: "/pkg.Service/Method", Body: "\x00\x00\x00\x00\x00"}, "content-type", "application/grpc", "te", "trailers")
	return []Case{
		one("reply: from request headers", get, Want{
			Status: 429, Body: Text(`{"a":1}`), Upstream: SawNothing,
			Headers: map[string][]string{
				"content-type": {"application/problem+json"}, "retry-after": {"7"}, "content-length": {"7"},
				"www-authenticate": {`Bearer realm="a"`, "Basic"}, "cache-control": {"no-store"},
			},
			Order: []string{"content-type", "retry-after", "www-authenticate", "www-authenticate", "cache-control", "content-length"},
			Report: []string{
				`request reply OK`, `request get 0 :path OK "/x"`,
				`response size=0 end=false`, `response get 2 :status OK "429"`,
				`response pairs 2 OK [:status=429 | content-type=application/problem+json | retry-after=7 | www-authenticate=Bearer realm="a" | www-authenticate=Basic | cache-control=no-store | content-length=7]`,
				`response property response.code OK 429`, `response property response.code_details OK "contract_reply"`,
				`response get 0 :path OK "/x"`,
				`response-body size=7 end=true`,
				`log get 2 :status OK "429"`, `log property response.code OK 429`, `log property response.code_details OK "contract_reply"`,
			},
		}, in("request", "reply", problem...), in("request", "get", "0", ":path"),
			in("response", "call"), in("response", "get", "2", ":status"), in("response", "pairs", "2", ""),
			in("response", "property", "int", "response", "code"), in("response", "property", "text", "response", "code_details"),
			in("response", "get", "0", ":path"),
			in("response-body", "call"),
			in("log", "get", "2", ":status"), in("log", "property", "int", "response", "code"), in("log", "property", "text", "response", "code_details")),
		one("reply: its headers can be changed on the way out", get, Want{Status: 401, Headers: map[string][]string{"x-c-late": {"1"}}},
			in("request", "reply", "401", "-1", "d", "b"), in("response", "add", "2", "x-c-late", "1")),
		one("reply: text/plain unless told", get, Want{Status: 403, Body: Text("no"), Headers: map[string][]string{"content-type": {"text/plain"}, "content-length": {"2"}}},
			in("request", "reply", "403", "-1", "d", "no")),
		one("reply: without a body", get, Want{Status: 204, Body: Text(""), Headers: map[string][]string{"content-type": nil, "content-length": nil, "x-c-a": {"1"}}},
			in("request", "reply", "204", "-1", "d", "", "x-c-a", "1", "content-type", "text/html")),
		one("reply: without a body, not 204", get, Want{Status: 401, Body: Text(""), Headers: map[string][]string{"content-type": nil, "content-length": {"0"}, "x-c-a": {"1"}}},
			in("request", "reply", "401", "-1", "d", "", "x-c-a", "1", "content-type", "text/html")),
		one("reply: a content-length of its own is not believed", get, Want{Status: 401, Body: Text("four"), Headers: map[string][]string{"content-length": {"4"}}},
			in("request", "reply", "401", "-1", "d", "four", "content-length", "99")),
		one("reply: without details", get, Want{Status: 401, Report: []string{
			`request reply OK`, `log property response.code_details OK ""`,
		}}, in("request", "reply", "401", "-1", "", "x"), in("log", "property", "text", "response", "code_details")),
		one("reply: HEAD gets headers only", Request{Method: "HEAD", Path: "/x"}, Want{
			Status: 429, Body: Text(""), Headers: map[string][]string{"content-length": {"7"}, "content-type": {"application/problem+json"}, "retry-after": {"7"}},
			Report: []string{`request reply OK`, `response size=0 end=true`},
		}, in("request", "reply", problem...), in("response", "call"), in("response-body", "call")),
		one("reply: from the request body", post, Want{Status: 403, Body: Text("no"), Report: []string{
			`request-body size=7 end=false`, `request-body reply OK`, `response get 2 :status OK "403"`, `response get 0 :path BadArgument ""`,
		}}, in("request-body", "call"), in("request-body", "reply", "403", "-1", "d", "no"), in("response", "get", "2", ":status"), in("response", "get", "0", ":path")),
		one("reply: from response headers it takes the place of the response", with(get, "x-echo-header", "x-r=1", "x-echo-body", "abc"), Want{
			Status: 429, Body: Text(`{"a":1}`), Headers: map[string][]string{"x-r": nil, "retry-after": {"7"}}, Upstream: SawWhole,
			Report: []string{`response get 2 :status OK "200"`, `response reply OK`, `log get 2 :status OK "429"`, `log property response.code OK 429`, `log property response.code_details OK "contract_reply"`},
		}, in("response", "get", "2", ":status"), in("response", "reply", problem...), in("response-body", "call"),
			in("log", "get", "2", ":status"), in("log", "property", "int", "response", "code"), in("log", "property", "text", "response", "code_details")),
		one("reply: when the response is out it only cuts it off", with(get, "x-echo-body", "abc"), Want{Status: 200, Body: Text(""), Cut: true, Report: []string{
			`response-body size=3 end=false`, `response-body reply OK`, `log property response.code_details OK "contract_reply"`,
		}}, in("response-body", "call"), in("response-body", "reply", problem...), in("log", "property", "text", "response", "code_details")),
		one("reply: at the end of the response nobody notices it", with(get, "x-echo-body", "abc"), Want{Status: 200, Body: Text("abc"), Report: []string{
			`response-body size=3 end=false`, `response-body size=0 end=true`, `response-body reply OK`,
			`log property response.code_details OK "contract_reply"`,
		}}, in("response-body", "call"), in("response-body", "reply-at-end", problem...), in("log", "property", "text", "response", "code_details")),
		one("reply: of two the first is sent, with the details of the second", get, Want{Status: 401, Body: Text("a"), Report: []string{
			`request reply OK`, `request reply OK`, `log property response.code_details OK "second"`,
		}}, in("request", "reply", "401", "-1", "first", "a"), in("request", "reply", "403", "-1", "second", "b"), in("log", "property", "text", "response", "code_details")),
		one("reply: lines that are joined elsewhere are joined here", get, Want{Status: 401, Headers: map[string][]string{
			"cache-control": {"no-store,private"}, "vary": {"a,b"}, "set-cookie": {"a=1", "b=2"},
		}}, in("request", "reply", "401", "-1", "d", "x", "cache-control", "no-store", "cache-control", "private",
			"vary", "a", "vary", "b", "set-cookie", "a=1", "set-cookie", "b=2")),
		one("reply: gRPC carries a status of its own", grpc, Want{
			Status: 200, Body: Text(""), Headers: map[string][]string{
				"content-type": {"application/grpc"}, "grpc-status": {"8"}, "grpc-message": {"slow down"}, "retry-after": {"7"},
			}, Report: []string{
				`request reply OK`, `response size=0 end=true`,
				`response pairs 2 OK [:status=200 | retry-after=7 | content-type=application/grpc | grpc-status=8 | grpc-message=slow down]`,
				`log property response.code OK 200`, `log property response.code_details OK "d"`,
			},
		}, in("request", "reply", "429", "8", "d", "slow down", "retry-after", "7"), in("response", "call"), in("response", "pairs", "2", ""),
			in("log", "property", "int", "response", "code"), in("log", "property", "text", "response", "code_details")),
		one("reply: gRPC with a status that Envoy chooses", grpc, Want{Status: 200, Headers: map[string][]string{"grpc-status": {"14"}, "grpc-message": {"100%25 %C3%A9"}}},
			in("request", "reply", "429", "-1", "d", "100% \u00e9")),
		one("reply: gRPC with a content-type", grpc, Want{Status: 200, Headers: map[string][]string{"content-type": {"application/grpc"}, "grpc-message": nil}},
			in("request", "reply", "401", "16", "d", "", "content-type", "text/html")),
		one("reply: gRPC-Web is not gRPC", with(post, "content-type", "application/grpc-web"), Want{Status: 401, Body: Text("x")},
			in("request", "reply", "401", "16", "d", "x")),
		one("reply: outside of gRPC the gRPC status is nothing", get, Want{Status: 429, Headers: map[string][]string{"grpc-status": nil}},
			in("request", "reply", "429", "8", "d", "x")),
	}
}
