package fleet

import "github.com/gatewarden/gatewarden/table"

// kind says what an item is for.
type kind uint8

const (
	// peek looks how a counter stands.
	peek kind = iota
	// failure reports failures.
	failure
	// spending reports what requests spent of a quota.
	spending
	// confirm looks whether an operator has unlocked a client, before it is locked out, and
	// now and then while it is.
	confirm
	// unlock tells that an operator did.
	unlock
)

// isReport tells whether the service has to be told, and not only asked.
func (k kind) isReport() bool { return k == failure || k == spending || k == unlock }

// item is something that the service has to be told or asked without anybody waiting.
type item struct {
	Counter
	kind kind
	// hits are the failures or units to be counted in the window, which ends at ends.
	hits         uint32
	window, ends int64
	// generation is that of the counter when it was asked about.
	generation uint32
	// until is the end of the lockout that waits to be confirmed; 0 if the client is locked
	// out already.
	until int64
}

// outbox has the items that wait, each counter once for each kind and window: what is the
// same is joined, so that an attack makes items larger and not more.
type outbox struct {
	waiting []*item
	at      map[joined]*item
	reports int // of those that wait
}

type joined struct {
	shared table.Key
	window int64
	kind   uint64 // no smaller: a map hashes its keys as bytes under TinyGo, with what lies between
}

func (i *item) joined() joined { return joined{i.Shared, i.window, uint64(i.kind)} }

const (
	// maxReports bounds the reports that wait, maxPeeks everything else.
	maxReports = 4096
	maxPeeks   = 1024
	// maxItems bounds what one call tells and asks.
	maxItems = 128
)

// put adds an item. It returns false if there is no place for it.
func (o *outbox) put(i *item) bool {
	key := i.joined()
	if have := o.at[key]; have != nil {
		have.hits += min(i.hits, 1<<32-1-have.hits)
		have.until = max(have.until, i.until)
		return true
	}
	if i.kind.isReport() {
		if o.reports >= maxReports {
			return false
		}
		o.reports++
	} else if len(o.waiting)-o.reports >= maxPeeks {
		return false
	}
	o.at[key] = i
	o.waiting = append(o.waiting, i)
	return true
}

// take removes the items that go into the next call.
func (o *outbox) take() []*item {
	n := min(len(o.waiting), maxItems)
	list := append([]*item(nil), o.waiting[:n]...)
	o.waiting = append(o.waiting[:0], o.waiting[n:]...)
	for _, i := range list {
		o.gone(i)
	}
	return list
}

// expire removes the items whose window has ended, and returns the units that nobody was told
// about. keepsPeeks tells whether questions are still worth asking.
func (o *outbox) expire(now int64, keepsPeeks bool) (lost uint64) {
	kept := o.waiting[:0]
	for _, i := range o.waiting {
		switch {
		case !i.kind.isReport() && !keepsPeeks:
			o.gone(i)
		case now >= i.ends:
			if i.kind.isReport() {
				lost += uint64(i.hits)
			}
			o.gone(i)
		default:
			kept = append(kept, i)
		}
	}
	clear(o.waiting[len(kept):])
	o.waiting = kept
	return lost
}

func (o *outbox) gone(i *item) {
	delete(o.at, i.joined())
	if i.kind.isReport() {
		o.reports--
	}
}
