// Package filter decides what becomes of a request: which surface it belongs
// to, who its client is, whether that client is locked out, and whether the
// response was a failed authentication.
//
// A [Filter] is made of a configuration for each worker, a [Stream] for each
// request. Both reach the proxy through a [Host] alone; the rules themselves are
// functions of their arguments, time included. A rule stands in the file that
// bears its name:
//
//	surface.go, path.go   which surface a request belongs to
//	client.go             the address it comes from
//	credential.go         whether it presents a credential, and whose
//	identity.go           who it was verified to come from: by
//	claims.go               metadata of other filters, or headers,
//	apikey.go               its API key,
//	accepted.go             what the service said of its credential,
//	introspection.go        or what an authorization server says of its token:
//	lookup.go                 asked once for all that wait for it,
//	introspection_answer.go   read with care,
//	answers.go                and remembered
//	presented.go          the one credential, however it is spelled
//	gate.go               who is not let in, and what they are told
//	unavailable.go        if it cannot be found out, too
//	failure.go            which responses are failures
//	lockout.go            when failures lock out, for how long
//	pending.go            how many attempts may be under way
//	quota.go              which rules about how much there are for it, and who pays
//	spend.go                all of them, or none
//	algorithm.go            by one of fixedwindow.go, slidingwindow.go and gcra.go,
//	ratelimit.go            and what is told of it
//	concurrency.go        how many requests may be in flight
//	inflight.go             and how they are counted
//	overcapacity.go         and what is said to one more
//	bypass.go             who is not limited
//	knowngood.go          which credentials pass a lockout
//	keys.go, account.go   limits by account and credential
//	distinct.go           how many different credentials, or clients, fail
//	register.go           which lockouts and surfaces operators are told of
//	operator.go           and whom they mean
//	reply.go              what a refused client is told
//	challenge.go          what is added to a 401
//	metadata.go           the documents for OAuth clients
//	explain.go            what was made of a request, for whoever asks: not the proxy
//
// stream.go, stream_ask.go, stream_body.go and stream_response.go ask them in
// order; count.go puts the outcome into the table.
package filter
