// Package operations is the endpoint for people on call: who is locked out, unlock one,
// lock one by hand. It runs in the place of the filter in an instance with "admin", on a
// listener of its own, and answers every request there itself.
//
//	GET    /                  the page, which has no data in it
//	GET    /lockouts          who is locked out; surface=, client=
//	POST   /lockouts          lock a client; surface=, client=, duration=
//	DELETE /lockouts/{id}     unlock
//
// What it shows and changes are the counters of the instances that guard, in the shared
// data of the same vm_id: there is nothing to send to them, and an unlock holds for all
// workers at once. It is pure as package filter is: a [Host] in, a reply out.
//
//	endpoint.go   which request is for what
//	access.go     who may ask: a token, and a page of this endpoint only
//	list.go       who is locked out
//	change.go     locking and unlocking
//	request.go    what there is of a request
//	query.go      and of its query
//	reply.go      what all answers have
//	page.go       the page
package operations
