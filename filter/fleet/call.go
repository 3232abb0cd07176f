package fleet

import (
	"github.com/gatewarden/gatewarden/filter/fleet/message"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/report"
)

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
	items   []*item
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

// request is a request to the service while it is made.
type request struct {
	names       []byte
	descriptors []message.Descriptor
}

// add adds a descriptor whose name is the last of names.
func (q *request) add(rule string, hits uint64) {
	q.descriptors = append(q.descriptors, message.Descriptor{Rule: rule, Hits: hits})
}

// addCounter adds a counter to the request.
func (r *Room) addCounter(c *Counter, window int64, generation, hits uint32) {
	r.request.names = r.appendName(r.request.names, c, window, generation)
	r.request.add(c.Rule.name, uint64(hits))
}

// addUnlock adds a counter of unlocks.
func (r *Room) addUnlock(c *Counter, hits uint32) {
	r.request.names = r.appendUnlock(r.request.names, c.Shared)
	r.request.add(r.unlock.name, uint64(hits))
}

// send makes the call whose request was made. It returns false if the proxy cannot.
func (r *Room) send(c *call, timeout int64) bool {
	c.timeout = timeout
	q := &r.request
	names, size := string(q.names), 0
	for i := range q.descriptors {
		end := size + len(names)/len(q.descriptors) // all names have the same length
		q.descriptors[i].Key = names[size:end]
		size = end
	}
	c.descriptors = len(q.descriptors)
	body := message.AppendRequest(nil, r.config.Domain, q.descriptors)
	q.names, q.descriptors = q.names[:0], q.descriptors[:0]
	number, ok := r.ports.CallGRPC(&proxy.GRPCCall{
		Cluster: r.config.Cluster, Service: serviceName, Method: methodName, Message: body, Timeout: timeout,
	})
	if !ok {
		return false
	}
	r.calls[number] = c
	return true
}

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
		if !a.Rule.sync {
			continue
		}
		a.window, a.Until = a.Rule.window(at)
		if a.Charge < 0 {
			a.generation = r.generation(a.Shared)
			r.addCounter(&a.Counter, a.window, a.generation, 0)
			r.addUnlock(&a.Counter, 0)
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
	r.unheard(c.kind, status, at.now)
	if c.kind == asking {
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

// tell lets a request go on.
func (r *Room) tell(s *State) {
	told := s.told
	s.told, s.call = nil, nil
	told()
}

// told takes what the service says about an item.
func (r *Room) told(i *item, status *message.Status, at moment) {
	if i.kind.isReport() {
		r.delivery[delivered].Add(uint64(i.hits))
	}
	switch {
	case i.kind == confirm || i.kind == unlock:
		r.confirmed(i, r.unlocks(status), at)
	case status.Code == message.OverLimit && i.kind == spending:
		r.learn(&i.Counter, r.until(i.Rule, status, at), at.now)
	case status.Code == message.OverLimit:
		r.over(i, r.until(i.Rule, status, at), at)
	case i.kind != spending:
		r.note(i, status, at)
	}
	if i.kind != confirm && i.kind != unlock {
		r.compare(i.Rule, status)
	}
}

// note notes when a counter has to be looked at again.
func (r *Room) note(i *item, status *message.Status, at moment) {
	due := i.Rule.length
	if status.Left < status.Limit {
		due = min(due, r.config.Refresh) // it has failed somewhere
	}
	r.memory.seen(i.Shared, at.now+due)
}

// until returns when the window ends that the service speaks of.
func (r *Room) until(u *Rule, status *message.Status, at moment) int64 {
	if u.length == u.unit && status.Reset > 0 && status.Reset <= u.unit {
		return at.now + status.Reset
	}
	_, ends := u.window(at)
	return ends
}

// answer takes the answer to what a request has asked. If it has gone, what it was charged is
// given back.
func (r *Room) answer(c *call, at moment) {
	s := c.asker
	if s == nil {
		r.read(c.asked, at)
		for i := range c.asked {
			r.giveBack(&c.asked[i], c.asked[i].cost)
		}
		return
	}
	s.locks = r.read(s.asked, at)
	s.settle()
	r.tell(s)
}

// read reads what the service says about the counters of a request, and tells whether it
// locks somebody out.
func (r *Room) read(asked []Asked, at moment) (locks bool) {
	next := 0
	for i := range asked {
		a := &asked[i]
		if !a.Rule.sync {
			continue
		}
		status := &r.statuses[next]
		next++
		a.Heard = r.compare(a.Rule, status)
		a.Over, a.Left, a.Until = status.Code == message.OverLimit, status.Left, r.until(a.Rule, status, at)
		if a.Charge >= 0 {
			r.charged(a)
			continue
		}
		unlocks := r.unlocks(&r.statuses[next])
		next++
		found := item{Counter: a.Counter, kind: confirm, window: a.window, ends: a.Until, generation: a.generation}
		if a.Over {
			found.until = a.Until
		}
		locks = r.confirmed(&found, unlocks, at) || locks
	}
	return locks
}

// compare compares the limit that the service has with the configured one, and tells whether
// it has any. The log says once that they differ.
func (r *Room) compare(u *Rule, status *message.Status) (limited bool) {
	if status.HasLimit && status.Limit == u.limit && status.Unit.Length() == u.unit {
		return true
	}
	r.mismatches.Add(1)
	if !u.mismatched {
		u.mismatched = true
		has := "none"
		if status.HasLimit {
			has = limitText(status.Limit, status.Unit.Length())
		}
		r.log.Write(report.NewLine("fleet limit differs, print the domain file anew with gatewarden fleet").Field("rule", u.name).Field("service", has).
			Field("configuration", limitText(u.limit, u.unit)))
	}
	return status.HasLimit
}

// measure notes how long a call took.
func (r *Room) measure(c *call, now int64) {
	r.ports.Record(r.duration, uint64(max(now-c.sent.now, 0)))
}

// heard notes that the service has answered.
func (r *Room) heard(kind callKind, now int64) {
	wasOpen, wasAlone := r.breakers[kind].IsOpen(), r.anyOpen()
	if r.breakers[kind].Succeeded(); !wasOpen {
		return
	}
	r.becomes(wasAlone, now)
	if r.log.Allows(report.Signal, now) {
		r.log.Write(report.NewLine("fleet heard again").Field("cluster", r.config.Cluster).Field("calls", callKindNames[kind]).
			Number("pending", int64(r.outbox.reports)))
	}
}

// unheard notes that the service has not answered.
func (r *Room) unheard(kind callKind, status uint32, now int64) {
	b := &r.breakers[kind]
	wasOpen, wasAlone := b.IsOpen(), r.anyOpen()
	b.Failed(now, longestDelay, r.chance(now))
	if wasOpen || !b.IsOpen() {
		return
	}
	r.becomes(wasAlone, now)
	if r.log.Allows(report.Signal, now) {
		r.log.Write(report.NewLine("fleet not heard").Field("cluster", r.config.Cluster).Field("calls", callKindNames[kind]).
			Number("grpc_status", int64(status)))
	}
}
