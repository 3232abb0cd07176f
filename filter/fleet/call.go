package fleet

import "github.com/gatewarden/gatewarden/filter/fleet/message"

const (
	serviceName = "envoy.service.ratelimit.v3.RateLimitService"
	methodName  = "ShouldRateLimit"

	// patience, in milliseconds, is how long a report waits for its answer: nobody waits
	// with it.
	patience = 1000
	// longestDelay, in milliseconds, is how long the service is left alone at most.
	longestDelay = 10_000
	// maxAsking bounds the requests of a worker that wait for the service.
	maxAsking = 1024
)

// gRPC status codes, see https://grpc.io/docs/guides/status-codes/
const (
	grpcUnknown          = 2
	grpcDeadlineExceeded = 4
	grpcExhausted        = 8
	grpcUnavailable      = 14
)

// call is a call that is under way: of a request that waits, or with items that nobody waits
// for. Both are missing in one that only looks whether the service is there again.
type call struct {
	kind    callKind
	sent    moment
	timeout int64
	asker   *State
	// confirms tells that a request has asked before, and now asks for unlocks.
	confirms bool
	items    []*item
	// asked is what a request had asked that has gone.
	asked []Asked
	// descriptors is the number of answers that have to come.
	descriptors int
}

// orphan notes that nobody waits for the call any more.
func (c *call) orphan(asked []Asked) { c.asker, c.asked = nil, append([]Asked(nil), asked...) }

// callKind is the kind of a call, with a metric and a breaker of its own.
type callKind uint8

const (
	reporting callKind = iota
	asking
	callKinds
)

var callKindNames = [callKinds]string{"report", "ask"}

// outcome is what became of a call.
type outcome uint8

const (
	answered outcome = iota
	timedOut
	failed
	skipped
	outcomes
)

var outcomeNames = [outcomes]string{"answered", "timed_out", "failed", "skipped"}

// flush sends what waits, unless a call is under way: then the answer will.
func (r *Room) flush(at moment) {
	if r.underway || len(r.outbox.waiting) == 0 || r.breakers[reporting].IsOpen() {
		return
	}
	c := &call{kind: reporting, sent: at, items: r.outbox.take()}
	for _, i := range c.items {
		if i.kind == confirm || i.kind == unlock {
			r.addUnlock(&i.Counter, i.hits)
			continue
		}
		i.generation = r.generation(i.Shared)
		r.addCounter(&i.Counter, i.window, i.generation, i.hits)
	}
	r.start(c)
}

// probe looks whether the service is there again.
func (r *Room) probe(at moment) {
	if r.underway || !r.breakers[reporting].Allows(at.now) {
		return
	}
	r.addUnlock(&Counter{}, 0)
	r.start(&call{kind: reporting, sent: at})
}

// start sends a call that nobody waits for.
func (r *Room) start(c *call) {
	if r.underway = r.send(c, max(patience, r.config.Timeout)); !r.underway {
		r.failed(c, grpcUnavailable)
	}
}

// ask asks what a request has to know. It returns nil if the service cannot be asked.
func (r *Room) ask(s *State) *call {
	at := r.moment()
	if len(r.calls) > maxAsking || !r.breakers[asking].Allows(at.now) {
		r.outcomes[asking][skipped].Add(1)
		return nil
	}
	for i := range s.asked {
		a := &s.asked[i]
		if !a.waits() {
			continue
		}
		a.window, a.Until = a.Rule.window(at)
		if a.Charge < 0 {
			a.generation = r.generation(a.Shared)
			r.addCounter(&a.Counter, a.window, a.generation, 0)
			continue
		}
		a.carried = r.carry.take(carried{a.Shared, a.window}, a.cost)
		r.addCounter(&a.Counter, a.window, 0, a.cost-a.carried)
	}
	c := &call{kind: asking, sent: at, asker: s}
	if !r.send(c, r.config.Timeout) {
		r.failed(c, grpcUnavailable)
		return nil
	}
	return c
}

// askUnlocks asks whether those were unlocked who are over a limit, in what is left of the time
// of the call before. It returns false if the service cannot be asked.
func (r *Room) askUnlocks(s *State, before *call, at moment) bool {
	for i := range s.asked {
		if a := &s.asked[i]; a.awaitsUnlocks() {
			r.addUnlock(&a.Counter, 0)
		}
	}
	s.call = &call{kind: asking, sent: at, asker: s, confirms: true}
	return r.send(s.call, max(before.sent.now+before.timeout-at.now, 1))
}

// Answered takes the answer to the proxy's call with the given number, of size bytes. Calls of
// others do not concern it.
func (r *Room) Answered(number uint32, size int) {
	c := r.calls[number]
	if c == nil {
		return
	}
	delete(r.calls, number)
	overall, statuses, ok := message.ReadResponse(r.ports.GRPCMessage(size), r.statuses[:0])
	r.statuses = statuses
	if !ok || overall == message.Unknown || len(r.statuses) != c.descriptors {
		r.failed(c, grpcMalformed)
		return
	}
	at := r.moment()
	r.measure(c, at.now)
	r.outcomes[c.kind][answered].Add(1)
	r.heard(c.kind, at.now)
	if c.kind == asking {
		r.answer(c, at)
		return
	}
	r.underway = false
	for i, item := range c.items {
		r.told(item, &r.statuses[i], at)
	}
	r.flush(at)
}

// grpcMalformed stands for an answer that cannot be read.
const grpcMalformed = 13

// Failed takes the gRPC status of a call without an answer.
func (r *Room) Failed(number, status uint32) {
	c := r.calls[number]
	if c == nil {
		return
	}
	delete(r.calls, number)
	r.failed(c, status)
}

// failed takes what became of a call without an answer.
func (r *Room) failed(c *call, status uint32) {
	at := r.moment()
	r.measure(c, at.now)
	what := failed
	if status == grpcDeadlineExceeded || at.now-c.sent.now >= c.timeout { // Envoy says 14 for both
		what = timedOut
	}
	r.outcomes[c.kind][what].Add(1)
	weight := 1
	if c.kind == reporting && what == timedOut {
		// Nobody waits for reports, so they have a second. Five would be long to count as if
		// the others still did.
		weight = 3
	}
	r.unheard(c.kind, weight, status, at.now)
	if c.kind == asking {
		if c.confirms {
			r.giveBackAll(c.asked)
		} else {
			r.keepAllCarried(c.asked)
		}
		if s := c.asker; s != nil && s.told != nil {
			s.settle()
			r.tell(s)
		}
		return
	}
	r.underway = false
	// What comes back at once has most likely not arrived. Envoy's status does not tell.
	uncounted := what == failed && (status == grpcUnavailable || status == grpcUnknown || status == grpcExhausted)
	for _, i := range c.items {
		switch {
		case !i.kind.isReport():
			r.memory.forget(i.Shared)
		case !uncounted:
			// The service may have counted it: told again, it would count twice.
			r.delivery[unconfirmed].Add(uint64(i.hits))
		default:
			r.keep(i)
		}
	}
}

// keep keeps an item for later.
func (r *Room) keep(i *item) {
	if !r.outbox.put(i) && i.kind.isReport() {
		r.delivery[lost].Add(uint64(i.hits))
	}
}
