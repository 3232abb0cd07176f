package fleetplan

// kind is what an item is for.
type kind uint8

const (
	peek kind = iota
	failure
	confirm // that no operator has unlocked the client
)

// item is what a worker tells the service, or asks it, about a client.
type item struct {
	client int32
	kind   kind
	hits   int32
	window int32
	over   bool // what the service says
}

// worker is a thread of a proxy.
type worker struct {
	waiting  []item
	underway []item
	memory   []place
	recent   [32]int32 // the clients of its connections
	guesser  int32
}

// place remembers until when a client need not be looked at.
type place struct {
	client int32
	due    float32
}

// isOutdated tells whether a client has to be looked at.
func (w *worker) isOutdated(client int32, now float64) bool {
	p := &w.memory[hash(client)%places]
	return p.client != client || float32(now) >= p.due
}

// isDue tells the same, and notes that this is done.
func (w *worker) isDue(client int32, now, after float64) bool {
	if !w.isOutdated(client, now) {
		return false
	}
	w.seen(client, now+after)
	return true
}

// seen notes until when a client need not be looked at.
func (w *worker) seen(client int32, due float64) {
	w.memory[hash(client)%places] = place{client, float32(due)}
}

// hash spreads clients over the places.
func hash(client int32) uint32 {
	h := uint32(client) * 2654435769
	return h ^ h>>16
}

// put adds an item to those that wait, joined with one like it.
func (w *worker) put(i item) {
	for j := range w.waiting {
		if have := &w.waiting[j]; have.client == i.client && have.kind == i.kind && have.window == i.window {
			have.hits += i.hits
			return
		}
	}
	w.waiting = append(w.waiting, i)
}

// take moves what waits into the call that is under way.
func (w *worker) take() {
	n := min(len(w.waiting), maxItems)
	w.underway = append(w.underway[:0], w.waiting[:n]...)
	w.waiting = append(w.waiting[:0], w.waiting[n:]...)
}
