package introspect

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/table"
)

// Inquiry is what a request needs to know of its token from a server. The zero Inquiry
// needs nothing. An inquiry that waits must [Inquiry.Leave] before it is cleared.
type Inquiry struct {
	// server must be asked about token; nil if none must.
	server *Server
	token  string
	key    table.Key
	// failed tells whether a server gave no answer, and the configuration admits no
	// request without one.
	failed bool

	// lookup is what the inquiry waits for, nil if it does not wait. place is the
	// inquiry's place among those that wait for it.
	lookup *lookup
	place  int
	// identity receives the answer, and told is called when it has it.
	identity *caller.Identity
	told     func()
}

// IsOpen tells whether a server must be asked, or has not answered yet.
func (q *Inquiry) IsOpen() bool { return q.server != nil }

// Waits tells whether the inquiry waits for an answer.
func (q *Inquiry) Waits() bool { return q.lookup != nil }

// Failed tells whether a server gave no answer that the request needs.
func (q *Inquiry) Failed() bool { return q.failed }

// Ask makes an open inquiry wait for the server's answer on behalf of a client. The
// answer goes into id: the zero identity if the token is not active or the server gives
// no answer. Then told is called, once. Ask does not wait if the answer is known by now,
// or if the server cannot be asked; then id has the result when Ask returns.
func (q *Inquiry) Ask(id *caller.Identity, told func(), client *caller.Client) (waits bool) {
	if q.server == nil {
		return false
	}
	q.identity, q.told = id, told
	// Another request may have been answered while this one's body was read.
	if said := q.server.recall(q.key); said != nil {
		q.settle(said, true)
		return false
	}
	if q.server.lookups.begin(q, client) {
		return true
	}
	q.settle(&caller.Identity{}, false)
	return false
}

// settle ends the inquiry with the answer. It is not ok if there was none.
func (q *Inquiry) settle(id *caller.Identity, ok bool) {
	q.identity.Set(id)
	*q = Inquiry{failed: q.failed || !ok && q.server.config.OnError == config.OnErrorDeny}
}

// Leave ends the wait, if there is one. The look-up goes on.
func (q *Inquiry) Leave() {
	if q.lookup != nil {
		q.lookup.remove(q.place)
		q.lookup = nil
	}
}
