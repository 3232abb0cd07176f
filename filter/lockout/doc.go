// Package lockout counts the failed authentications of each client on each surface, and
// refuses the requests of clients that failed too often.
//
// A [Rule] is the lockout of one surface, a [State] what a request needs of it. The
// hall calls the methods of a State at these moments:
//
//	Begin       the request belongs to a surface, and its client is known
//	Principal,  the request presents a credential
//	Credential
//	Check       may the client send a request at all?
//	Admit       may it have one more unanswered attempt?
//	Fail        the response, or the filter itself, said that the credential is wrong:
//	            then FailNetwork and Report, with LockEarly in between if the
//	            client tries too many credentials
//	Succeed     the response said that the credential is right
//	Release     the response was judged, or the stream ended
//
// The files:
//
//	room.go        the configuration, compiled
//	state.go       the counters of a request, and whether one of them locks it out
//	arithmetic.go  when failures lock out, and for how long: functions of a record
//	failure.go     counting a failure
//	repeat.go      the guesses that counted before
//	success.go     what a success takes back
//	pending.go     the attempts that are unanswered at once
//	knowngood.go   the credentials that pass a lockout
//	report.go      log lines, and entries in the register of lockouts
//	words.go       what a refused client is told
//	catalogue.go   the surfaces, published for operations endpoints
//	operator.go    the counters that an operator means
//	explain.go     what explanations show
package lockout
