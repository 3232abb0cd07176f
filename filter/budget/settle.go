package budget

import (
	"github.com/gatewarden/gatewarden/internal/breaker"
	"github.com/gatewarden/gatewarden/journal"
)

// perTick bounds the settlements that are repeated in a second.
const perTick = 512

// settle settles a reservation: it commits what is spent, or refunds all of it. If another
// worker has taken the reservation over, that is its business.
func (r *Room) settle(v *reservation, how verb, spent uint32, now int64) {
	v.verb, v.spent, v.tries, v.delay = how, spent, 0, breaker.FirstDelay
	kind, cost := uint8(kindRefund), v.credits
	if how == commit {
		kind, cost = kindCommit, spent
	}
	if v.written && !r.journal.Amend(v.ticket, kind, cost) {
		return
	}
	if !r.breaker.Allows(now) || !r.send(v) {
		r.postpone(v, now)
	}
}

// postpone repeats a settlement later.
func (r *Room) postpone(v *reservation, now int64) {
	if now >= v.until || len(r.due) >= maxDue {
		r.lose(v)
		return
	}
	v.next = now + v.delay
	v.delay = min(2*v.delay, breaker.LongestDelay)
	r.due = append(r.due, v)
}

// lose gives a settlement up: the service gives the credits back by itself.
func (r *Room) lose(v *reservation) {
	r.calls[v.verb][lost].Add(1)
	r.expire(v)
}

// expire counts the credits of a reservation that the service has given back by itself.
func (r *Room) expire(v *reservation) {
	if v.granted {
		r.credits.Expired.Add(uint64(v.credits))
	}
	r.drop(v)
}

// settled takes the answer to a settlement.
func (r *Room) settled(v *reservation, o outcome, now int64) {
	switch {
	case o == failed:
		r.postpone(v, now)
		return
	case o == conflict:
		r.expire(v)
		return
	case v.granted && v.verb == commit:
		r.credits.Committed.Add(uint64(v.spent))
		r.credits.Refunded.Add(uint64(v.credits - v.spent))
	case v.granted:
		r.credits.Refunded.Add(uint64(v.credits))
	}
	r.drop(v)
}

// Tick does what is due once a second: it confirms this worker's reservations, takes over
// those of workers that are gone, and repeats settlements. Without a quota service it costs
// nothing.
func (r *Room) Tick() {
	if r.config == nil {
		return
	}
	r.journal.Tick(r.adopt)
	if len(r.due) > 0 {
		r.repeat(r.ports.Now())
	}
}

// adopt takes over what a worker that is gone had not settled. Nobody knows what came of a
// request whose worker is gone: it is not paid.
func (r *Room) adopt(e *journal.Entry) {
	v := &reservation{key: e.Key, credits: e.Cost, until: e.At, verb: refund, delay: breaker.FirstDelay}
	kind := uint8(kindRefund)
	if e.Kind == kindCommit {
		v.verb, v.spent, kind = commit, e.Cost, kindCommit
	}
	if len(r.due) < maxDue {
		r.write(v, kind)
		r.due = append(r.due, v)
	}
}

// repeat sends the settlements again whose time has come.
func (r *Room) repeat(now int64) {
	list, sent := r.due, 0
	r.due = nil // those that fail again are appended behind
	kept := list[:0]
	for i, v := range list {
		switch {
		case now >= v.until:
			r.lose(v)
		case breaker.IsAhead(v.next, now) || sent >= perTick:
			kept = append(kept, v)
		case !r.breaker.Allows(now):
			r.due = append(append(kept, list[i:]...), r.due...)
			return
		default:
			if sent++; !r.send(v) {
				r.postpone(v, now)
			}
		}
	}
	r.due = append(kept, r.due...)
}
