package budget

import (
	"github.com/gatewarden/gatewarden/internal/breaker"
	"github.com/gatewarden/gatewarden/journal"
	"github.com/gatewarden/gatewarden/table"
)

// reservation is a reservation at the service: asked for, granted, or to be settled.
type reservation struct {
	key     table.Key
	credits uint32
	// until is when its lifetime ends, on the proxy's clock in milliseconds.
	until   int64
	ticket  journal.Ticket
	written bool // in the journal
	// verb is what the service is asked to do, or was asked last, and spent what a commit
	// spends.
	verb    verb
	spent   uint32
	granted bool
	tries   int
	// body is the request to reserve, and waiter the request that waits for the answer,
	// nil if it has gone.
	body   []byte
	waiter *State
	// next is when a settlement is repeated, and delay the time before.
	next, delay int64
}

// The kinds of the journal's entries.
const (
	kindOpen   = 1 // to be refunded if the worker goes away
	kindCommit = 2
	kindRefund = 3
)

// newReservation begins a reservation.
func (r *Room) newReservation(key table.Key, credits uint32, now int64) *reservation {
	v := &reservation{key: key, credits: credits, until: now + r.config.Lifetime}
	r.write(v, kindOpen)
	return v
}

// write writes a reservation into the journal.
func (r *Room) write(v *reservation, kind uint8) {
	cost := v.credits
	if kind == kindCommit {
		cost = v.spent
	}
	r.entries[0] = journal.Entry{Key: v.key, Kind: kind, Cost: cost, At: v.until}
	v.ticket, v.written = r.journal.Write(r.entries[:])
}

// drop ends a reservation: nothing is left to be done about it.
func (r *Room) drop(v *reservation) {
	if v.written {
		r.journal.Settle(v.ticket, 0)
		v.written = false
	}
}

// send asks the service for what is to be done. It returns false if the proxy cannot.
func (r *Room) send(v *reservation) bool {
	number, ok := r.ports.Call(r.callFor(v))
	if !ok {
		r.calls[v.verb][failed].Add(1)
		r.report(v.verb, "not_sent")
		r.breaker.Failed(1, r.ports.Now(), breaker.LongestDelay, 0)
		return false
	}
	v.tries++
	r.asked[number] = v
	return true
}

// Answered takes the outcome of the proxy's call with the given number: an answer with a
// body of size bytes. Calls of others do not concern it.
func (r *Room) Answered(number uint32, size int) {
	v := r.asked[number]
	if v == nil {
		return
	}
	delete(r.asked, number)
	o, b, again := r.read(v.verb, size)
	r.calls[v.verb][o].Add(1)
	now := r.ports.Now()
	if o == failed {
		r.breaker.Failed(1, now, breaker.LongestDelay, 0)
	} else {
		r.breaker.Succeeded()
	}
	if v.verb != reserve {
		r.settled(v, o, now)
		return
	}
	if o == failed && again && r.retries(v) {
		return
	}
	r.reserved(v, o, b, again, now)
}

// retries asks for a reservation again that got no answer, under the same key.
func (r *Room) retries(v *reservation) bool {
	return v.waiter != nil && v.tries <= r.config.Retries && !r.breaker.IsOpen() && r.send(v)
}

// reserved takes the final answer to a reservation, and tells the request that waits for it.
// A service that gave none may have granted it all the same, or grant it when a call arrives
// that is still on its way. A refund keeps it from that.
func (r *Room) reserved(v *reservation, o outcome, b balance, again bool, now int64) {
	s := v.waiter
	v.waiter, v.body = nil, nil
	if v.granted = o == confirmed; v.granted {
		r.credits.Reserved.Add(uint64(v.credits))
	}
	switch {
	case v.granted && s != nil:
	case v.granted || o == failed && again || v.tries > 1:
		r.settle(v, refund, 0, now)
	default:
		r.drop(v)
	}
	if s == nil {
		return
	}
	told := s.told
	s.told, s.balance, s.verdict = nil, b, verdicts[o]
	if !v.granted {
		s.reservation = nil
	}
	told()
}
