package gauntlet

import "fmt"

// calls are attacks whose guesses or failures are in places that a proxy easily misses.
func calls() []Attack {
	return []Attack{
		inQuery(),
		webCalls("gRPC-Web", GRPCWeb, "Calls of a service that is written with connect-go. It answers HTTP 200, with `grpc-status: 16` in the last frame of the body."),
		webCalls("gRPC-Web as text", GRPCWebText, "The same as base64 text, `application/grpc-web-text`."),
		webCalls("Connect, unary", ConnectUnary, "Calls of [Connect](https://connectrpc.com/docs/protocol) with one message each way. The service answers HTTP 401."),
		webCalls("Connect, streams", ConnectStream, "Calls whose response is a stream. The service answers HTTP 200, and the frame at the end of the stream is "+
			"`{\"error\":{\"code\":\"unauthenticated\"}}`, with a message."),
	}
}

func inQuery() Attack {
	key := func(name, token string, mark Mark) Shot {
		return Shot{From: attacker, Path: "/api/v1/items?page=2&" + name + "=" + token, Mark: mark}
	}
	return Attack{
		Name:    "Keys in the query",
		What:    "In sequence: `?api_key=` and `?access_token=` in turn, and no credential in any header. The service answers 401.",
		Teaches: "A filter that looks at headers only takes these for requests without a credential, which are no failures (a 401 to them is how OAuth discovery begins).",
		Bound:   inSequence,
		Variants: []Variant{{
			Name: "`credentials.query: []`", Plugin: map[string]any{"credentials": map[string]any{"query": []any{}}},
			Bound: func(Sizes) Bound { return unbounded("no parameter is a credential") },
		}},
		Run: besides(func(int) Shot {
			s := key("api_key", honestToken(1), Honest)
			s.From = honestAddress
			return s
		}, func(i int) Shot {
			return key([]string{"api_key", "access_token"}[i%2], fmt.Sprintf("guess-%d", i), Guess)
		}),
	}
}

// webCalls guesses by calls, as web pages make them.
func webCalls(protocol string, c Call, what string) Attack {
	a := Attack{
		Name:    protocol,
		What:    "In sequence. " + what,
		Teaches: "The status says what failed, so that a system that counts 401s sees it.",
		Bound:   inSequence,
		Run: besides(func(int) Shot {
			s := honestly(0)
			s.Call = c
			return s
		}, func(i int) Shot {
			s := guess(i)
			s.Call = c
			return s
		}),
	}
	if c == ConnectUnary {
		return a
	}
	a.Besides = readers
	a.Teaches = "The status is 200, whatever failed. HAProxy can wait for a body and search it for the error, wherever that stands. " +
		"It then holds back each stream until its end, for a second at the most, and does not see what is beyond its buffer."
	a.Bound = func(s Sizes, sys System) Bound {
		if sys.Family == SlidingFailures && !sys.ReadsBodies {
			return unbounded("it counts 401s, and these are 200s")
		}
		return inSequence(s, sys)
	}
	return a
}
