// Package burst keeps a burst of parallel guesses from getting further than a sequence of
// them: of a client's attempts, no more are under way in this worker than it has failures
// left. The others wait until earlier ones are answered, and then go on or, if the client
// is locked out by now, are refused. Nobody waits for longer than the configured time,
// and nobody is refused for having waited.
//
// What is counted are guesses: requests under way that present the same credential are
// one, and a credential that the service has accepted is none. All of it is in the
// worker's memory: neither passing nor waiting costs a call of the proxy.
// See RATIONALE.md, "Why does a burst wait?"
//
// A [Rule] is what a surface has, a [State] what a request needs of it. Its moments:
//
//	Begin       the response to the request can be a failure
//	Credential  which one it presents, if that is asked for
//	Enter       is there a place? Otherwise Wait or Excuse follows, and later Enter again
//	Accepted,   what the response said
//	Failed
//	Answered    the response was judged: others of the client go on
//	Leave       the stream is done
//
// The files:
//
//	room.go     the room, its rules and metrics
//	state.go    a request
//	client.go   the attempts of a client that are under way, and those that wait
//	memory.go   the credentials that were accepted
//	explain.go  what explanations show
package burst
