package table

// Draft is an update that was computed and is not written yet, so that it can be seen
// what several updates would do before one of them is made. Its memory serves again.
type Draft struct {
	// Stepped tells that the clock stepped back since the set was written. That has to be
	// written down, by [Table.Update], if the draft is not.
	Stepped bool

	key     Key
	cas     uint32
	value   []byte // the set with the change
	outcome Outcome
	evicted bool
}

// Draft computes an update of the record of key.
func (t *Table) Draft(d *Draft, key Key, now int64, change Change) {
	value, cas, found := t.store.Get(t.locate(key))
	if !found {
		value, cas = nil, createOnly
	}
	d.key, d.cas, d.Stepped, d.evicted = key, cas, false, false
	if d.patch(value, now, change) {
		return
	}
	t.set.decode(value)
	d.Stepped = t.set.steppedBack(now)
	d.outcome, d.evicted = t.set.apply(key.fingerprint, now, change)
	if d.writes() {
		d.value = t.set.encode(d.value[:0])
	}
}

// writes tells whether there is something to write. A step back is written down even where
// nothing else is, or the time that passes from now on would not count.
func (d *Draft) writes() bool { return d.outcome == Stored || d.Stepped }

// Write writes what was drafted. It is not ok if the set has changed since: then nothing was
// written.
func (t *Table) Write(d *Draft) (result Result, ok bool) {
	result = Result{Outcome: d.outcome, Evicted: d.evicted && d.outcome == Stored}
	return result, !d.writes() || t.store.Set(t.locate(d.key), d.value, d.cas)
}

// patch drafts the usual update without decoding the set: that of a record which is there,
// in a set of which nothing has expired. It tells whether it was one.
func (d *Draft) patch(value []byte, now int64, change Change) bool {
	at := indexOf(value, d.key.fingerprint)
	if at < 0 || touchedOf(value)-now > clockSkew {
		return false
	}
	if now = max(now, touchedOf(value)); hasExpired(value, now) {
		return false
	}
	var old Record
	old.decode(recordOf(value, at))
	changed, ok := change(old, 0, now)
	if !ok {
		d.outcome = Unchanged
		return true
	}
	d.outcome, d.value = Stored, append(d.value[:0], value...)
	AppendTime(d.value[touchedAt:touchedAt], now) // which overwrites
	if changed != (Record{}) {
		changed.encode(recordOf(d.value, at)[:0])
		return true
	}
	last := len(value) - recordSize
	copy(d.value[headerSize+at*recordSize:], value[last:])
	d.value[countAt]--
	d.value = d.value[:last]
	return true
}

// hasExpired tells whether a part of an encoded set says nothing any more.
func hasExpired(value []byte, now int64) bool {
	if until := ReadTime(value[floorUntilAt:]); now >= until && (until > 0 || value[floorAt] > 0) {
		return true
	}
	for i := 0; i < int(value[countAt]); i++ {
		if r := recordOf(value, i); now >= ReadTime(r[windowEndAt:]) && now >= ReadTime(r[lockedUntilAt:]) && now >= ReadTime(r[forgetAtAt:]) {
			return true
		}
	}
	return false
}
