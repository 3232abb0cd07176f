// Package operations is the endpoint for people on call: it lists lockouts, unlocks
// clients and locks them out by hand. It replaces the filter in an instance with "admin",
// on a listener of its own, and answers every request there itself.
//
//	GET    /                  the page, which contains no data
//	GET    /lockouts          the lockouts; surface=, client=
//	POST   /lockouts          lock a client; surface=, client=, duration=
//	DELETE /lockouts/{id}     unlock
//
// It shows and changes the counters of the guarding instances, in the shared data of the
// same vm_id: it sends them nothing, and an unlock applies to all workers at once. It is
// as pure as package filter: a [Host] in, a reply out.
//
//	endpoint.go   routing
//	access.go     access: a token, and only pages of this endpoint
//	list.go       the list of lockouts
//	change.go     locking and unlocking
//	request.go    the parts of a request
//	query.go      the query of a request
//	reply.go      what all replies share
//	page.go       the page
package operations
