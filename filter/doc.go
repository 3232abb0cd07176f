// Package filter decides what becomes of each request. It is the hall of the house: it
// knows the order in which the rooms are asked, and nothing about what they decide.
//
// A [Filter] is a configuration made ready for one worker, a [Stream] is one request
// and its response. Both reach the proxy only through the ports of package proxy; the
// rules themselves are functions of their arguments, time included.
//
// The rooms are the packages below this one:
//
//	route        which surface a request belongs to
//	client       the address that it comes from
//	credential   the credential that it presents, and the account that it attempts
//	identity     the verified caller, and the callers that a surface admits
//	outcome      what the response says about the credential
//	lockout      how many failures a client may have, and how long it is locked out
//	attempt      how often one account or one credential may fail
//	burst        how many parallel guesses of a client pass
//	bypass       which callers have no limit on requests
//	quota        how many requests a caller may make
//	concurrency  how many requests may be in flight
//	scope        which scopes an operation needs
//	mcp          what the calls of an MCP server need and cost
//	oauth        how OAuth clients find the authorization server
//
// They exchange values that are defined in packages of their own: proxy, request,
// caller, counter, report, refusal and jsonrpc. No room imports another one.
//
// The files of the hall:
//
//	filter.go    the rooms of a worker
//	surface.go   what the rooms have for a surface
//	stream.go    a request's headers, and the end of its stream
//	decide.go    the rooms that may refuse it, in order
//	body.go      its body, if the decision needs it
//	ask.go       the answer about its token, if the decision needs that
//	response.go  the response
//	fail.go      a failed authentication
//	refuse.go    a refusal
//	explain.go   the rooms' views of a request, for tools
package filter
