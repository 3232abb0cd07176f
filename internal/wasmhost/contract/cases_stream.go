package contract

func phaseCases() []Case {
	return []Case{
		one("phases: request headers are gone once they were let go, and back in the log", with(post, "x-c-a", "1"), report(
			`request-body get 0 x-c-a BadArgument ""`, `request-body get 0 x-c-a BadArgument ""`,
			`response get 0 x-c-a BadArgument ""`, `response pairs 0 OK [] (no bytes)`, `response add 0 x-c-a BadArgument`,
			`response property request.path NotFound ""`, `response property request.headers.x-c-a NotFound ""`,
			`response property request.method NotFound ""`,
			`log get 0 x-c-a OK "1"`, `log get 0 x-c-none NotFound ""`, `log get 2 :status OK "200"`, `log add 0 x-c-a BadArgument`,
			`log property request.path OK "/x"`, `log property request.headers.x-c-a OK "1"`, `log get 1 x NotFound ""`,
		), in("request-body", "get", "0", "x-c-a"),
			in("response", "get", "0", "x-c-a"), in("response", "pairs", "0", ""), in("response", "add", "0", "x-c-a", "2"),
			in("response", "property", "text", "request", "path"), in("response", "property", "text", "request", "headers", "x-c-a"),
			in("response", "property", "text", "request", "method"),
			in("log", "get", "0", "x-c-a"), in("log", "get", "0", "x-c-none"), in("log", "get", "2", ":status"), in("log", "add", "0", "x-c-a", "2"),
			in("log", "property", "text", "request", "path"), in("log", "property", "text", "request", "headers", "x-c-a"),
			in("log", "get", "1", "x")),
		one("phases: the order of the callbacks", with(post, "x-echo-body", "abc"), report(
			`request size=0 end=false`, `request-body size=7 end=false`, `request-body size=0 end=true`,
			`response size=0 end=false`, `response-body size=3 end=false`, `response-body size=0 end=true`,
			`log size=0 end=true`, `done size=0 end=true`, `delete size=0 end=true`,
		), in("request", "call"), in("request-body", "call"), in("response", "call"), in("response-body", "call"),
			in("log", "call"), in("done", "call"), in("delete", "call")),
		one("phases: messages without a body end with their headers", with(get, "x-echo-status", "204"), Want{Status: 204, Report: []string{
			`request size=0 end=true`, `response size=0 end=true`,
		}}, in("request", "call"), in("request-body", "call"), in("response", "call"), in("response-body", "call")),
		one("phases: HEAD", with(Request{Method: "HEAD", Path: "/x"}, "x-echo-body", "abc"), Want{Status: 200, Body: Text(""), Report: []string{
			`request size=0 end=true`, `response size=0 end=true`,
		}}, in("request", "call"), in("response", "call"), in("response-body", "call")),
		one("phases: trailers end both messages", with(Request{Method: "POST", Path: "/x", Body: "0123456", Trailers: [][2]string{{"x-t", "1"}}}, "x-echo-body", "abc", "x-echo-trailer", "x-r=2"), report(
			`request-body size=7 end=false`,
			`response-body size=3 end=false`, `response-trailers size=0 end=true`, `response-trailers pairs 3 OK [x-r=2]`,
		), in("request-body", "call"), in("response-body", "call"), in("response-trailers", "call"), in("response-trailers", "pairs", "3", "")),
		one("phases: request headers that were paused stay", with(post, "x-c-a", "1"), Want{Status: 200, Report: []string{
			`request-body get 0 x-c-a OK "1"`, `request-body get 0 x-c-a OK "1"`,
			`response get 0 x-c-a OK "1"`, `response property request.path OK "/x"`,
		}}, in("request", "pause"), in("request-body", "pause-until-end"), in("request-body", "get", "0", "x-c-a"),
			in("response", "get", "0", "x-c-a"), in("response", "property", "text", "request", "path")),
		one("phases: no callback but the log sees a map at the end", get, report(
			`done get 0 :path BadArgument ""`, `delete get 2 :status BadArgument ""`,
		), in("done", "get", "0", ":path"), in("delete", "get", "2", ":status")),
		one("phases: after a reply from request headers the body is not shown", post, Want{Status: 401, Report: []string{
			`request reply OK`, `log property response.code OK 401`,
		}}, in("request", "reply", "401", "-1", "d", "no"), in("request-body", "call"), in("log", "property", "int", "response", "code")),
	}
}

func bodyCases() []Case {
	trailered := Request{Method: "POST", Path: "/x", Body: "0123456", Trailers: [][2]string{{"x-t", "1"}}}
	echoed := Text("POST /x\n\n0123456")
	return []Case{
		one("body: passing on, sizes are those of the pieces", post, Want{Status: 200, Body: echoed, Report: []string{
			`request-body size=7 end=false`, `request-body buffer 0 OK "0123456"`,
			`request-body size=0 end=true`, `request-body buffer 0 OK ""`,
			`response buffer 0 OK ""`,
		}}, in("request-body", "call"), in("request-body", "buffer", "0", "0", "100"), in("response", "buffer", "0", "0", "100")),
		one("body: paused, sizes are those of all so far", post, Want{Status: 200, Body: echoed, Report: []string{
			`request-body size=7 end=false`, `request-body buffer 0 OK "0123456"`,
			`request-body size=7 end=true`, `request-body buffer 0 OK "0123456"`,
		}}, in("request-body", "pause-until-end"), in("request-body", "call"), in("request-body", "buffer", "0", "0", "100")),
		one("body: parts of a buffer", post, Want{Status: 200, Report: []string{
			`request-body buffer 0 OK "234"`, `request-body buffer 0 OK "56"`, `request-body buffer 0 OK ""`, `request-body buffer 0 OK ""`,
			`request-body buffer 7 NotFound ""`, `request-body buffer 9 BadArgument ""`, `request-body buffer 6 OK "vm"`,
			`request-body buffer 0 OK ""`, `request-body buffer 0 OK ""`, `request-body buffer 0 OK ""`, `request-body buffer 0 OK ""`,
			`request-body buffer 7 NotFound ""`, `request-body buffer 9 BadArgument ""`, `request-body buffer 6 OK "vm"`,
		}}, in("request-body", "buffer", "0", "2", "3"), in("request-body", "buffer", "0", "5", "100"),
			in("request-body", "buffer", "0", "7", "1"), in("request-body", "buffer", "0", "100", "1"),
			in("request-body", "buffer", "7", "0", "100"), in("request-body", "buffer", "9", "0", "100"), in("request-body", "buffer", "6", "0", "100")),
		one("body: changed", post, Want{Status: 200, Body: Text("POST /x\n\n<new>"), Report: []string{
			`request remove 0 content-length OK`, `request-body buffer 0 OK "0123456"`, `request-body set-buffer 0 OK`,
			`request-body set-buffer 0 OK`, `request-body set-buffer 0 OK`, `request-body set-buffer 0 BadArgument`,
		}}, in("request", "remove", "0", "content-length"), in("request", "pause"), in("request-body", "pause-until-end"),
			in("request-body", "buffer-at-end", "0", "0", "100"), in("request-body", "set-buffer-at-end", "0", "0", "100", "new"),
			in("request-body", "set-buffer-at-end", "0", "0", "0", "<"), in("request-body", "set-buffer-at-end", "0", "4", "0", ">"),
			in("request-body", "set-buffer-at-end", "0", "1", "2", "x")),
		one("body: headers wait while the body is read", post, Want{Status: 403, Body: Text("no"), Upstream: SawNothing, Report: []string{
			`request-body size=7 end=false`, `request-body size=7 end=true`, `request-body reply OK`,
		}}, in("request", "pause"), in("request-body", "call"), in("request-body", "pause-until-end"), in("request-body", "reply-at-end", "403", "-1", "d", "no")),
		one("body: headers that were let go are with the upstream", post, Want{Status: 403, Body: Text("no"), Upstream: SawHeaders, Report: []string{
			`request-body size=7 end=false`, `request-body size=7 end=true`, `request-body reply OK`,
		}}, in("request-body", "call"), in("request-body", "pause-until-end"), in("request-body", "reply-at-end", "403", "-1", "d", "no")),
		one("body: what waited arrives whole", post, Want{Status: 200, Body: echoed, Upstream: SawWhole},
			in("request", "pause"), in("request-body", "pause-until-end")),
		one("body: trailers let go of what was paused, if the filter has no callback for them", trailered, Want{
			Status: 200, Body: Text("POST /x\n\n0123456\nx-t: 1"), Upstream: SawWhole, Report: []string{`request-body size=7 end=false`},
		}, in("request", "pause"), in("request-body", "pause-until-end"), in("request-body", "call")),
		one("body: a request without a body that is paused hangs", get, Want{Hung: true, Upstream: SawNothing, Report: []string{
			`log get 0 :path OK "/x"`, `log get 2 :status NotFound ""`, `log property response.code_details OK "downstream_remote_disconnect"`,
			`log property response.code NotFound ""`, `done size=0 end=true`,
		}}, in("request", "pause"), in("log", "get", "0", ":path"), in("log", "get", "2", ":status"), in("log", "property", "text", "response", "code_details"),
			in("log", "property", "int", "response", "code"), in("done", "call")),
		one("body: the response, paused", with(get, "x-echo-body", "abc"), Want{Status: 200, Body: Text("abc"), Report: []string{
			`response-body size=3 end=false`, `response-body buffer 1 OK "abc"`, `response-body size=3 end=true`, `response-body buffer 1 OK "abc"`,
		}}, in("response-body", "pause-until-end"), in("response-body", "call"), in("response-body", "buffer", "1", "0", "100")),
		one("body: the response, changed with its headers", with(get, "x-echo-body", "abc"), Want{Status: 200, Body: Text("longer"), Headers: map[string][]string{"content-length": nil}, Report: []string{
			`response get 2 :status OK "200"`, `response remove 2 content-length OK`, `response-body get 2 :status OK "200"`, `response-body get 2 :status OK "200"`, `response-body set-buffer 1 OK`,
		}}, in("response", "get", "2", ":status"), in("response", "remove", "2", "content-length"), in("response", "pause"), in("response-body", "get", "2", ":status"),
			in("response-body", "pause-until-end"), in("response-body", "set-buffer-at-end", "1", "0", "100", "longer")),
		one("body: a reply while the response headers wait", with(get, "x-echo-body", "abc"), Want{Status: 403, Body: Text("no"), Report: []string{
			`response-body reply OK`, `log property response.code_details OK "d"`,
		}}, in("response", "pause"), in("response-body", "reply", "403", "-1", "d", "no"), in("log", "property", "text", "response", "code_details")),
		one("body: a response without a body that is paused hangs", with(get, "x-echo-status", "204"), Want{Hung: true, Upstream: SawWhole},
			in("response", "pause")),
	}
}
