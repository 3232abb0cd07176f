package table

// Ways is the number of records in a set. More make an eviction before the
// table is full less likely and every read longer; with 16, a table filled to a
// half by random keys has one set in 270 that is too small.
const Ways = 16

// clockSkew, in milliseconds, is by how much two workers may disagree on the
// time because one of them read the clock before the other wrote. A larger
// difference is a clock that stepped back.
const clockSkew = 1000

// entry is a record and the fingerprint that finds it.
type entry struct {
	fingerprint uint64
	Record
}

// set is the decoded form of one shared-data value.
type set struct {
	entries [Ways]entry
	count   int
	// touched is the time of the last write.
	touched int64
	// floor is the highest level of a record that was evicted before its
	// time; it is remembered until floorUntil.
	floor      uint8
	floorUntil int64
}

func (s *set) find(fingerprint uint64) int {
	for i := 0; i < s.count; i++ {
		if s.entries[i].fingerprint == fingerprint {
			return i
		}
	}
	return -1
}

// follow puts the set on the clock that now was read from and returns the time
// to use. Where the clock stepped back, everything moves back with it, so that
// what was still to last goes on to last just as long: nothing is unlocked, and
// nothing stays locked until the clock has caught up.
func (s *set) follow(now int64) int64 {
	if !s.steppedBack(now) {
		return max(now, s.touched)
	}
	step := s.touched - now
	for i := 0; i < s.count; i++ {
		r := &s.entries[i].Record
		r.WindowEnd = max(r.WindowEnd-step, 0)
		r.LockedUntil = max(r.LockedUntil-step, 0)
		r.ForgetAt = max(r.ForgetAt-step, 0)
	}
	s.floorUntil = max(s.floorUntil-step, 0)
	s.touched = now
	return now
}

// steppedBack tells whether the clock stepped back since the last write.
func (s *set) steppedBack(now int64) bool {
	return s.touched-now > clockSkew
}

// expire drops the records that say nothing any more.
func (s *set) expire(now int64) {
	kept := 0
	for i := 0; i < s.count; i++ {
		if now < s.entries[i].expiry() {
			s.entries[kept] = s.entries[i]
			kept++
		}
	}
	s.count = kept
	if now >= s.floorUntil {
		s.floor, s.floorUntil = 0, 0
	}
}

// place returns the index for a new record: a free one, or that of the record
// that matters least, which is evicted. It is -1 when all are locked.
func (s *set) place(now int64) (index int, evicted bool) {
	if s.count < Ways {
		s.count++
		return s.count - 1, false
	}
	victim := -1
	for i := 0; i < Ways; i++ {
		if now >= s.entries[i].LockedUntil && (victim < 0 || s.lesser(i, victim, now)) {
			victim = i
		}
	}
	if victim >= 0 {
		s.leaveLevel(&s.entries[victim].Record, now)
	}
	return victim, victim >= 0
}

// lesser tells whether entry i matters less than entry j.
func (s *set) lesser(i, j int, now int64) bool {
	a, b := &s.entries[i].Record, &s.entries[j].Record
	if wa, wb := a.weight(now), b.weight(now); wa != wb {
		return wa < wb
	}
	return a.expiry() < b.expiry()
}

func (s *set) leaveLevel(r *Record, now int64) {
	if now < r.WindowEnd && r.Level > 0 {
		s.floor = max(s.floor, r.Level)
		s.floorUntil = max(s.floorUntil, r.WindowEnd)
	}
}

func (s *set) remove(i int) {
	s.count--
	s.entries[i] = s.entries[s.count]
}
