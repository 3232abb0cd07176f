package journal

import "github.com/gatewarden/gatewarden/table"

// Tick does what is due once a second: it confirms the slots of this worker, and takes over
// those of workers that are gone. It calls orphan for each entry in them.
func (j *Journal) Tick(orphan func(e *Entry)) {
	if j.ticks++; j.ticks%confirmEvery == 0 {
		j.confirm()
	}
	for n := 0; n < scanned; n++ {
		value, _, found := j.store.Get(j.locate(j.next))
		if !found {
			j.next = 0 // slots are claimed from the first one on: there are no more
			return
		}
		h, _ := read(value)
		j.watch(j.next, h, orphan)
		if j.next++; j.next == slots {
			j.next = 0
		}
	}
}

// watch takes a slot over if nobody has written to it for long enough.
func (j *Journal) watch(slot int, h header, orphan func(e *Entry)) {
	for len(j.seen) <= slot {
		j.seen = append(j.seen, sighting{})
	}
	s := &j.seen[slot]
	switch {
	case h.owner == 0 || h.owner == j.owner || h != s.header:
		*s = sighting{h, j.ticks}
	case j.ticks-s.since >= Patience && j.takeOver(slot, h):
		for i := range j.found {
			orphan(&j.found[i])
		}
	}
}

// takeOver empties a slot, if nobody has written to it meanwhile, and keeps what was in it.
func (j *Journal) takeOver(slot int, seen header) (taken bool) {
	stored := table.Swap(j.store, j.locate(slot), func(value []byte) ([]byte, bool) {
		h, entries := read(value)
		if taken = h == seen; !taken {
			return nil, false
		}
		j.found = j.found[:0]
		for ; len(entries) >= entrySize; entries = entries[entrySize:] {
			j.found = append(j.found, decode(entries[:entrySize]))
		}
		h.owner = 0
		j.out = finish(begin(j.out[:0], h))
		return j.out, true
	})
	return stored && taken
}

// confirm tells the others that this worker is there. It frees its empty slots but one.
func (j *Journal) confirm() {
	for i := len(j.own) - 1; i >= 0; i-- {
		free := j.own[i].entries == 0 && len(j.own) > 1
		mine := false
		table.Swap(j.store, j.locate(j.own[i].slot), func(value []byte) ([]byte, bool) {
			h, entries := read(value)
			if mine = h.owner == j.owner; !mine {
				return nil, false
			}
			if free {
				h.owner = 0
			}
			j.out = append(begin(j.out[:0], h), entries...)
			return finish(j.out), true
		})
		if free || !mine {
			j.drop(i)
		}
	}
}
