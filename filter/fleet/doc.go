// Package fleet lets all proxies of a fleet count together. A rate limit service
// (envoy.service.ratelimit.v3, such as envoyproxy/ratelimit with Redis) has the counters.
//
// A [Rule] is a rule whose counters are shared, a [Counter] one of them, a [State] what a
// request needs. Rules have one of three modes:
//
//	async  The request is decided by what this proxy knows. The worker peeks at the counters
//	       of clients that it has not seen for a while, and reports failures after the
//	       response. Reports and peeks are joined: one call is under way at a time, and what
//	       comes meanwhile goes into the next.
//	first  As async, but a request waits if its client has not been looked at for a while.
//	sync   The request waits for the answer, at most for the timeout.
//
// What the service says becomes a record in this proxy's table: the room tells the hall
// (learn), which tells the room whose counter it is. So a lockout holds here whatever becomes
// of the service.
//
// The moments of a request:
//
//	Begin, Watch, Charge   the request is decided but for its shared counters
//	Ask                    the service is asked; told is called when it has answered
//	Unheard, Asked         what it said
//	GiveBack               the request is refused, or its calls failed: what it was charged
//	                       is taken off the next charge
//	Done                   the stream has ended
//
// and of the room: Report counts a failure, Refused looks whether an operator has unlocked a
// client, Tick does what is due, Answered and Failed take the outcomes of calls.
//
// The files:
//
//	room.go        the room
//	rule.go        the rules that take part, and their windows
//	counter.go     a counter, and its name at the service
//	state.go       a request: what it asks, what it is told
//	outbox.go      what has to be told or asked without anybody waiting
//	request.go     what the service is asked
//	call.go        calls, and those without an answer
//	answer.go      what answers mean
//	heard.go       whether the service is heard
//	generation.go  lockouts that an operator ends
//	memory.go      the counters that were looked at lately
//	carry.go       what was charged for nothing
//	words.go       what a refusal says
package fleet
