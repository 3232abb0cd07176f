// Package concurrency limits how many requests may be in flight at the same time.
//
// A request is in flight from its headers until its stream is done, and holds a place
// under each limit that applies to it for that time: a response that streams keeps it. A
// refused request holds none.
//
// A [Room] is made of a configuration for each worker; it compiles the limits into
// [Rules] for each surface. A [State] belongs to a request. Its moments, in order:
//
//	Begin     which limits apply
//	Enter     takes a place under all enforced limits, or under none
//	Watch     the limits in shadow mode, after Enter let the request pass
//	Refused   a limit refused the request; Words is for the reply
//	Leave     the request is done, or something else refuses it
//
// Tick confirms once a second that the worker's requests are still in flight.
//
// The files:
//
//	room.go        the room and its metrics
//	state.go       the places of a request
//	key.go         the caller that a limit applies to
//	worker.go      the places of a worker
//	occupancy.go   the record that counts places
//	explain.go     the view for tools; the proxy never uses it
package concurrency
