package quota

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/quota/algorithm"
	"github.com/gatewarden/gatewarden/journal"
	"github.com/gatewarden/gatewarden/table"
)

// Credits are reserved before the service sees the request, and settled when it is known
// what came of it. Until then the reservation is written down in the journal: if this
// worker is gone, another one gives back what it took. Whoever settles a reservation
// removes it from the journal first, and does nothing if it is not there any more.
// See RATIONALE.md, "Who refunds a reservation whose worker is gone?"

// reservation is what of a request's credits is not settled yet.
type reservation struct {
	// reserved is the same for each quota of credits that took.
	reserved uint32
	ticket   journal.Ticket
	// written tells that the journal has it.
	written bool
}

// reserve writes down what the quotas of credits took. What the journal has no place for
// stays spent if this worker does not settle it.
func (s *State) reserve() {
	if s.credits == 0 || s.reserved > 0 {
		return
	}
	r := s.rules.room
	r.entries = r.entries[:0]
	for i := range s.charges {
		if c := &s.charges[i]; c.reserves() {
			c.quota.credits.Reserved.Add(uint64(c.cost))
			r.entries = append(r.entries, r.entryOf(c))
		}
	}
	if len(r.entries) == 0 {
		return
	}
	s.reserved = s.credits
	if s.ticket, s.written = r.journal.Write(r.entries); !s.written {
		r.unwritten.Add(1)
	}
}

// reserves tells whether the charge is a part of a reservation.
func (c *charge) reserves() bool { return c.taken && c.quota.Unit == config.Credits }

func (r *Room) entryOf(c *charge) journal.Entry {
	return journal.Entry{
		Key: c.key, Size: r.table.Size(), Rule: c.quota.hash,
		Kind: uint8(c.quota.kind), Limit: c.limit.Limit, Window: c.limit.Window,
		Cost: c.cost, At: c.taking.At, TakenIn: c.taking.Window,
	}
}

// Open tells whether credits are reserved that were not settled.
func (s *State) Open() bool { return s.reserved > 0 }

// Refund gives back a part of the credits that are reserved, at the time now: some of the
// calls of the request failed. The rest stays reserved.
func (s *State) Refund(credits uint32, now int64) {
	part := min(credits, s.reserved)
	if part == 0 || !s.settle(s.reserved-part) {
		return
	}
	for i := range s.charges {
		if c := &s.charges[i]; c.reserves() {
			s.rules.room.refund(c, part, now)
			c.quota.credits.Refunded.Add(uint64(part))
			c.taken = s.reserved > 0
		}
	}
}

// Commit ends the reservation: what is still reserved is spent.
func (s *State) Commit() {
	spent := s.reserved
	if spent == 0 || !s.settle(0) {
		return
	}
	for i := range s.charges {
		if c := &s.charges[i]; c.reserves() {
			c.quota.credits.Committed.Add(uint64(spent))
			c.taken = false
		}
	}
}

// Done settles what is still reserved when the stream is done, at the time now: it gives
// that back or takes it as spent.
func (s *State) Done(refund bool, now int64) {
	if refund {
		s.Refund(s.reserved, now)
		return
	}
	s.Commit()
}

// settle notes how much stays reserved. It tells whether the reservation was still this
// worker's: another one may have taken it over.
func (s *State) settle(rest uint32) (mine bool) {
	if mine = !s.written || s.rules.room.journal.Settle(s.ticket, rest); mine {
		s.reserved = rest
		return true
	}
	s.reserved = 0
	for i := range s.charges {
		if c := &s.charges[i]; c.reserves() {
			c.taken = false
		}
	}
	return false
}

// Tick does what is due once a second: it confirms this worker's reservations, and gives
// back those of workers that are gone. Without quotas of credits it costs nothing.
func (r *Room) Tick() {
	if r.journal != nil {
		r.journal.Tick(r.expire)
	}
}

// expire gives back what a worker that is gone had reserved. If the table had another size
// then, its counters began anew since.
func (r *Room) expire(e *journal.Entry) {
	for i := range r.quotas {
		if q := &r.quotas[i]; q.Unit == config.Credits && q.hash == e.Rule {
			q.credits.Expired.Add(uint64(e.Cost))
		}
	}
	kind, p := algorithm.Kind(e.Kind), algorithm.Plan{Limit: e.Limit, Window: e.Window}
	if !kind.Valid() || !p.Valid() || e.Size != r.table.Size() {
		return
	}
	p = r.planOf(kind, p)
	t := algorithm.Taking{Cost: e.Cost, At: e.At, Window: e.TakenIn}
	r.table.Update(e.Key, r.ports.Now(), func(record table.Record, _ uint8, at int64) (table.Record, bool) {
		return algorithm.Of(kind).Refund(record, p, t, e.Cost, at), true
	})
}
