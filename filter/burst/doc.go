// Package burst keeps parallel guesses from getting further than sequential ones: at most
// as many attempts of a client are in progress in this worker as it has failures left.
// The others wait until earlier ones have their responses. Then they continue or, if the
// client is locked out by then, are refused. No request waits for longer than the
// configured time, and none is refused for having waited.
//
// The package counts guesses: requests in progress that present the same credential are
// one guess, and an accepted credential is not a guess. All state is in the worker's
// memory: neither passing nor waiting costs a host call.
// See RATIONALE.md, "Why does a burst wait?"
//
// A [Rule] is what a surface has, a [State] what a request needs of it. Its moments:
//
//	Begin       the response to the request can be a failure
//	Credential  the credential that the request presents, if it is needed
//	Enter       takes a place; if there is none, Wait or Excuse follows, and later Enter
//	Accepted,   what the response said
//	Failed
//	Answered    the response was judged: other requests of the client continue
//	Leave       the stream has ended
//
// The files:
//
//	room.go     the room, its rules and metrics
//	state.go    a request
//	client.go   the attempts of a client that are under way, and those that wait
//	memory.go   the credentials that were accepted
//	explain.go  what explanations show
package burst
