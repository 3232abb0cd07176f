package attempt

import (
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/table"
)

// Stuffing is what [State.Stuff] found out. The zero Stuffing asks for nothing.
type Stuffing struct {
	// Locks tells whether the client is to be locked out now: until WindowEnd, unless its
	// lockouts have a duration of their own.
	Locks bool
	// WindowEnd is the end of the window that was counted, and Now the time of the
	// failure. Both are on the clock of the counter, in milliseconds.
	WindowEnd, Now int64

	credentials uint32
	reaches     bool // it is the failure that reaches the limit
}

// Stuff counts the credential with which the client failed at the time now. locked tells
// whether the client is locked out: then no further credential has a consequence.
func (s *State) Stuff(locked bool, now int64) (st Stuffing) {
	r := s.rule
	if r == nil || r.stuffing.limit == 0 || !s.pairsUp() {
		return Stuffing{}
	}
	key := s.stuffingKey()
	running, now, ok := r.room.beginWindow(key, &r.stuffing, now)
	locks := r.surface.Lockout.Stuffing.Lock
	if !ok || running.Count >= r.stuffing.limit && (locked || !locks) {
		return Stuffing{}
	}
	count := r.room.countPair(key, s.pair, &r.stuffing, running.WindowEnd, now)
	if count < r.stuffing.limit {
		return Stuffing{}
	}
	st = Stuffing{Locks: locks, WindowEnd: running.WindowEnd, Now: now, credentials: count, reaches: count == r.stuffing.limit}
	if st.reaches {
		r.stuffings.Add(1)
	}
	return st
}

// ReportStuffing logs a client that failed with too many different credentials.
// lockedUntil is the end of the lockout that began with st, or 0 if none did.
func (s *State) ReportStuffing(st *Stuffing, lockedUntil int64) {
	r := s.rule
	if r == nil || !st.reaches && lockedUntil == 0 || !r.room.log.Allows(report.Signal, st.Now) {
		return
	}
	line := r.room.log.About("stuffing", r.surface.Name, s.client.Prefix)
	line.Number("credentials", int64(st.credentials)).Number("window", r.stuffing.window/1000)
	if lockedUntil > 0 {
		line.Number("locked_for", refusal.SecondsUntil(lockedUntil, st.Now))
	}
	r.room.log.Write(line)
}

// StuffingKey returns the counter that must be deleted when an operator unlocks the
// client, because the next failure would lock it again. It is zero if stuffing does not
// lock.
func (s *State) StuffingKey() table.Key {
	if s.rule == nil || !s.rule.surface.Lockout.Stuffing.Lock {
		return table.Key{}
	}
	return s.stuffingKey()
}

func (s *State) stuffingKey() table.Key {
	return s.rule.room.table.Key(stuffingRule, s.rule.name, s.client.Key[:])
}

// pairsUp names the pair of client and credential, and tells whether there is one. On
// surfaces where the body logs in, the attempted account takes the credential's place: a
// person mistypes a password, but does not try ten accounts.
func (s *State) pairsUp() bool {
	if !s.rule.surface.Kind.IsResource() && len(s.accounts) > 0 {
		room := s.rule.room
		room.name = room.name[:0]
		for _, account := range s.accounts {
			room.name = table.AppendPart(room.name, account)
		}
		s.namePair(room.name)
	}
	return s.hasPair
}

// namePair names the pair of the client and a credential.
func (s *State) namePair(credential []byte) {
	s.pair = s.rule.room.table.Key(stuffingPairRule, s.rule.name, s.client.Key[:], credential)
	s.hasPair = true
}
