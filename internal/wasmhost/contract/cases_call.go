package contract

func callCases() []Case {
	echoed := Text("POST /x\n\n0123456")
	answers := []string{"service", "x-echo-status", "418", "x-echo-body", "abc"}
	return []Case{
		one("call: a body that is not shown is counted all the same", post, Want{Status: 200, Body: echoed, Upstream: SawWhole, Report: []string{
			`request http-call OK`, `answer attend OK`, `answer growth request.total_size 7`, `answer continue OK`,
		}}, in("request", "pause-all"), in("request", "growth", "request", "total_size"), in("request", "http-call", answers...),
			in("answer", "attend"), in("answer", "growth", "request", "total_size"), in("answer", "continue", "0")),
		one("call: a body that has not come is not", get, Want{Hung: true, Report: []string{
			`request http-call OK`, `answer attend OK`, `answer growth request.total_size 0`,
		}}, in("request", "pause-all"), in("request", "growth", "request", "total_size"), in("request", "http-call", answers...),
			in("answer", "attend"), in("answer", "growth", "request", "total_size")),
		one("call: its answer comes to the plugin, and the stream goes on when it is attended to", post, Want{Status: 200, Body: echoed, Upstream: SawWhole, Report: []string{
			`request http-call OK`,
			`answer size=3 end=true`, `answer get 6 :status OK "418"`, `answer buffer 4 OK "bc"`, `answer get 0 :path BadArgument ""`,
			`answer attend OK`, `answer get 0 :path OK "/x"`, `answer get 6 :status OK "418"`, `answer buffer 4 OK "abc"`, `answer continue OK`, `answer get 0 :path BadArgument ""`,
			`request-body size=7 end=true`,
		}}, in("request", "pause-all"), in("request", "http-call", answers...),
			in("answer", "call"), in("answer", "get", "6", ":status"), in("answer", "buffer", "4", "1", "100"), in("answer", "get", "0", ":path"),
			in("answer", "attend"), in("answer", "get", "0", ":path"), in("answer", "get", "6", ":status"), in("answer", "buffer", "4", "0", "100"),
			in("answer", "continue", "0"), in("answer", "get", "0", ":path"), in("request-body", "call")),
		one("call: without that it does not", get, Want{Hung: true, Upstream: SawNothing, Report: []string{
			`request http-call OK`, `answer continue OK`,
		}}, in("request", "pause-all"), in("request", "http-call", answers...), in("answer", "continue", "0")),
		one("call: the stream is answered when it is attended to", post, Want{Status: 403, Body: Text("no"), Upstream: SawNothing, Report: []string{
			`request http-call OK`, `answer attend OK`, `answer reply OK`, `response get 2 :status OK "403"`,
			`log property response.code_details OK "d"`,
		}}, in("request", "pause-all"), in("request", "http-call", answers...),
			in("answer", "attend"), in("answer", "reply", "403", "-1", "d", "no"), in("request-body", "call"), in("response", "get", "2", ":status"),
			in("log", "property", "text", "response", "code_details")),
		one("call: a body that waits at the sender is shown piece by piece, and arrives whole", post, Want{Status: 200, Body: echoed, Upstream: SawWhole, Report: []string{
			`request http-call OK`, `request-body size=7 end=false`, `request-body size=0 end=true`,
			`answer size=3 end=true`, `answer attend OK`, `answer continue OK`,
		}}, in("request", "pause"), in("request", "http-call", answers...),
			in("request-body", "call"), in("request-body", "pause-stream"), in("answer", "call"), in("answer", "attend"), in("answer", "continue", "0")),
		one("call: a body that was paused is at hand when the answer comes", post, Want{Status: 200, Body: echoed, Upstream: SawWhole, Report: []string{
			`request http-call OK`, `request-body size=7 end=false`, `request-body size=7 end=true`,
			`answer attend OK`, `answer buffer 0 OK "0123456"`, `answer continue OK`, `answer buffer 0 OK "0123456"`,
		}}, in("request", "pause"), in("request", "http-call", answers...), in("request-body", "call"), in("request-body", "pause"),
			in("answer", "attend"), in("answer", "buffer", "0", "0", "100"), in("answer", "continue", "0"), in("answer", "buffer", "0", "0", "100")),
	}
}
