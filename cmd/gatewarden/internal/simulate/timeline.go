package simulate

import "github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"

// A log has one line for a request, written when it ended, and the filter decides
// when it came and learns from the answer: the timeline makes two events of a line
// and puts them into the order of their times. It holds them back for as long as its
// window: in a log that is written in order, that is as long as a request may last
// and still be put where it belongs.

// event is one of the two.
type event struct {
	at     int64
	record *accesslog.Record
	// flight is a small number that the request and its answer have in common, and
	// no other request in between.
	flight int32
	answer bool
}

// maxHeld is how many requests the timeline holds. If there are more, it gives out
// the oldest before the window is over.
const maxHeld = 1 << 17

// timeline is a ring of lists, one for each millisecond of the window.
type timeline struct {
	lists []list
	nodes []node
	free  int32 // the first unused node
	held  int   // events

	next    int64 // the time of the first list
	begun   bool
	latest  int64 // when a request ended
	flights freeNumbers
	late    int
	out     func(event)
}

type list struct{ first, last int32 }

type node struct {
	event
	next int32
}

const none = -1

// newTimeline returns one that gives its events to out, in order.
func newTimeline(window int64, out func(event)) *timeline {
	t := &timeline{lists: make([]list, window+1), free: none, out: out}
	for i := range t.lists {
		t.lists[i] = list{none, none}
	}
	return t
}

// window is how long events are held, in milliseconds.
func (t *timeline) window() int64 { return int64(len(t.lists)) - 1 }

// add takes the next line.
func (t *timeline) add(r *accesslog.Record) {
	if !t.begun {
		t.begun, t.next, t.latest = true, max(0, r.Ended-t.window()), r.Ended
	}
	t.latest = max(t.latest, r.Ended)
	t.advance(t.latest - t.window())
	for t.held > 2*maxHeld {
		t.advance(t.next + 1)
	}
	if r.Start < t.next {
		t.late++
	}
	flight := t.flights.take()
	came := max(r.Start, t.next)
	t.put(event{at: came, record: r, flight: flight})
	t.put(event{at: max(r.Answered, came), record: r, flight: flight, answer: true})
}

func (t *timeline) put(e event) {
	i := t.free
	if i == none {
		i = int32(len(t.nodes))
		t.nodes = append(t.nodes, node{})
	} else {
		t.free = t.nodes[i].next
	}
	t.nodes[i] = node{e, none}
	l := &t.lists[e.at%int64(len(t.lists))]
	if l.first == none {
		l.first = i
	} else {
		t.nodes[l.last].next = i
	}
	l.last = i
	t.held++
}

// advance gives out what is before the given time.
func (t *timeline) advance(to int64) {
	for t.next < to {
		if t.held == 0 {
			t.next = to
			return
		}
		l := &t.lists[t.next%int64(len(t.lists))]
		for i := l.first; i != none; {
			n := &t.nodes[i]
			e := n.event
			following := n.next
			n.record, n.next, t.free = nil, t.free, i
			i = following
			t.held--
			if e.answer {
				t.flights.giveBack(e.flight)
			}
			t.out(e)
		}
		*l = list{none, none}
		t.next++
	}
}

// end gives out what is left: all lists.
func (t *timeline) end() { t.advance(t.next + int64(len(t.lists))) }

// freeNumbers gives out unused numbers, small ones first.
type freeNumbers struct {
	back []int32
	next int32
}

func (f *freeNumbers) take() int32 {
	if last := len(f.back) - 1; last >= 0 {
		n := f.back[last]
		f.back = f.back[:last]
		return n
	}
	f.next++
	return f.next - 1
}

func (f *freeNumbers) giveBack(n int32) { f.back = append(f.back, n) }
