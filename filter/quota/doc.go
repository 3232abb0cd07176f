// Package quota enforces how much a caller may spend within a window, by plan, and
// tells clients on every response how much is left.
//
// A [Room] is made of a configuration for each worker; it compiles the quotas into
// [Rules] for each surface. A [State] belongs to a request. Its moments, in order:
//
//	Begin       which quotas apply to the request, and what it costs
//	Price       what its MCP calls cost, in credits
//	Spend       charges all quotas or none, if enough is left
//	Watch       the quotas in shadow mode, after Spend let the request pass
//	GiveBack    something else refuses the request: it pays nothing
//	Drop        the request bypasses the quotas
//	Passed      the request goes on to the service
//	Refused     a quota refused the request; Words and Headers are for the reply
//	AddHeaders  the service responds
//	Refund      some of its calls failed: their credits are given back
//	Commit      the others are spent
//	Done        the stream is done; what of its credits is not settled?
//
// Tick confirms once a second what this worker has reserved, and gives back what workers
// had reserved that are gone.
//
// The files, and the package algorithm below:
//
//	room.go         the room and its metrics
//	rule.go         a compiled quota: the requests that it is for, and their cost
//	state.go        the quotas that apply to a request
//	payer.go        the caller whose counter is charged
//	spend.go        charging all quotas or none
//	algorithm/      how a counter fills and empties
//	reserve.go      credits are reserved and settled
//	words.go        the refusal
//	headers.go      the header fields, on refusals and on responses
//	triple.go       what the service itself says about its limits
//	explain.go      the view for tools; the proxy never uses it
package quota
