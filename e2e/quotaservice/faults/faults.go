// Package faults stands in front of an http.Handler and does to its clients what networks
// and dying services do: it drops connections, and answers late, wrongly or not at all. The
// handler may have done its work all the same.
package faults

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
)

// Fault is what happens to a request.
type Fault int

const (
	// None lets the handler answer.
	None Fault = iota
	// DropBefore ends the connection. The handler does not see the request.
	DropBefore
	// DropAfter ends the connection when the handler is done.
	DropAfter
	// Status500, Status503 and Status429 are answered in the handler's place.
	Status500
	Status503
	Status429
	// Garbage is answered with status 200 when the handler is done.
	Garbage
	// Truncated is the first half of the handler's answer. Then the connection ends.
	Truncated
	// SlowBefore waits for Release, and then lets the handler answer.
	SlowBefore
	// SlowAfter lets the handler do its work, and waits for Release with the answer.
	SlowAfter
	// Kinds is how many there are.
	Kinds
)

// Schedule chooses the fault of the request that arrives as the nth, from 0 on.
type Schedule func(n int) Fault

// Always is the schedule of one fault.
func Always(fault Fault) Schedule { return func(int) Fault { return fault } }

// Seeded returns a schedule that chooses one of some faults, with a probability. It is the
// same for the same seed.
func Seeded(seed uint64, probability float64, some ...Fault) Schedule {
	return func(n int) Fault {
		random := rand.New(rand.NewPCG(seed, uint64(n)))
		if random.Float64() >= probability {
			return None
		}
		return some[random.IntN(len(some))]
	}
}

// Front is an http.Handler.
type Front struct {
	handler http.Handler

	mu       sync.Mutex
	schedule Schedule
	n        int
	done     [Kinds]int
	waiting  int
	gate     chan struct{} // Release closes it
}

// New returns a front that lets everything pass.
func New(handler http.Handler) *Front {
	return &Front{handler: handler, schedule: Always(None), gate: make(chan struct{})}
}

// Set changes the schedule for the requests that arrive from now on.
func (f *Front) Set(schedule Schedule) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.schedule = schedule
}

// Release lets the requests go on that wait.
func (f *Front) Release() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.gate)
	f.gate = make(chan struct{})
}

// Waiting is how many requests wait for Release.
func (f *Front) Waiting() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.waiting
}

// Done is how often a fault has happened.
func (f *Front) Done(fault Fault) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.done[fault]
}

// ServeHTTP implements http.Handler.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch fault := f.next(); fault {
	case DropBefore:
		panic(http.ErrAbortHandler)
	case DropAfter:
		f.record(r)
		panic(http.ErrAbortHandler)
	case Status500:
		w.WriteHeader(http.StatusInternalServerError)
	case Status503:
		w.WriteHeader(http.StatusServiceUnavailable)
	case Status429:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	case Garbage:
		f.record(r)
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>It works!</html>"))
	case Truncated:
		f.record(r).truncate(w)
	case SlowBefore:
		if f.wait(r) {
			f.handler.ServeHTTP(w, r)
		}
	case SlowAfter:
		answer := f.record(r)
		if f.wait(r) {
			answer.send(w)
		}
	case None, Kinds:
		f.handler.ServeHTTP(w, r)
	default:
		panic(fmt.Sprintf("faults: there is no fault %d", fault))
	}
}

func (f *Front) next() Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	fault := f.schedule(f.n)
	f.n++
	f.done[fault]++
	return fault
}

// wait reports whether the client is still there after Release.
func (f *Front) wait(r *http.Request) bool {
	f.mu.Lock()
	gate := f.gate
	f.waiting++
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.waiting--
	}()
	select {
	case <-gate:
		return true
	case <-r.Context().Done():
		return false
	}
}

// answer is what the handler has answered. It implements http.ResponseWriter.
type answer struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (f *Front) record(r *http.Request) *answer {
	a := &answer{status: http.StatusOK, header: make(http.Header)}
	f.handler.ServeHTTP(a, r)
	return a
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) { a.status = status }

func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// start sends the head of the answer, which says how long all of it is.
func (a *answer) start(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(a.body.Len()))
	w.WriteHeader(a.status)
}

func (a *answer) send(w http.ResponseWriter) {
	a.start(w)
	_, _ = w.Write(a.body.Bytes())
}

func (a *answer) truncate(w http.ResponseWriter) {
	a.start(w)
	_, _ = w.Write(a.body.Bytes()[:a.body.Len()/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
