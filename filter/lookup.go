package filter

import "github.com/gatewarden/gatewarden/table"

// A look-up asks an authorization server about one token. It belongs to no stream:
// all that have the same token wait for the same one, and it goes on when they
// leave.

const (
	// maxLookups bounds the look-ups that one worker has under way, and
	// maxClientLookups those that are begun for one client.
	maxLookups       = 256
	maxClientLookups = 64
)

type lookup struct {
	key    table.Key
	source *introspection
	client [17]byte
	// credential stands for the token where the answer names nobody.
	credential uint64
	waiting    []*Stream
}

// lookups are those under way.
type lookups struct {
	byKey    map[table.Key]*lookup
	byNumber map[uint32]*lookup // the host's
}

func newLookups() lookups {
	return lookups{byKey: map[table.Key]*lookup{}, byNumber: map[uint32]*lookup{}}
}

// hasRoomFor tells whether one more may begin for a client. Those that are never
// locked out may be many people behind one address.
func (l *lookups) hasRoomFor(c *client) bool {
	own := 0
	for _, other := range l.byNumber {
		if other.client == c.key {
			own++
		}
	}
	return len(l.byNumber) < maxLookups && (own < maxClientLookups || c.allowed)
}

// take ends the look-up of that number, nil if there is none.
func (l *lookups) take(number uint32) *lookup {
	ended := l.byNumber[number]
	if ended != nil {
		delete(l.byNumber, number)
		delete(l.byKey, ended.key)
	}
	return ended
}

func (l *lookup) join(s *Stream) {
	s.inquiry.lookup, s.inquiry.place = l, len(l.waiting)
	l.waiting = append(l.waiting, s)
}

// leave ends a stream's wait, if it has one.
func (s *Stream) leave() {
	l, place := s.inquiry.lookup, s.inquiry.place
	if l == nil {
		return
	}
	last := len(l.waiting) - 1
	l.waiting[place] = l.waiting[last]
	l.waiting[place].inquiry.place = place
	l.waiting[last] = nil
	l.waiting = l.waiting[:last]
	s.inquiry.lookup = nil
}

// lookUp makes the stream wait for what is said of its token. It is not ok if that
// cannot be asked.
func (f *Filter) lookUp(host Host, s *Stream) (ok bool) {
	q := &s.inquiry
	if l := f.lookups.byKey[q.key]; l != nil {
		f.metrics.introspections[introspectionJoined].add(1)
		l.join(s)
		return true
	}
	if !f.lookups.hasRoomFor(&s.client) {
		f.metrics.introspections[introspectionOverload].add(1)
		f.reportIntrospection(host, q.source, "too_many")
		return false
	}
	number, ok := host.Call(q.source.request(q.token))
	if !ok {
		f.failIntrospection(host, q.source, "not_sent")
		return false
	}
	f.name = appendPart(appendPart(f.name[:0], "bearer"), q.token)
	l := &lookup{key: q.key, source: q.source, client: s.client.key, credential: f.table.Hash(f.name)}
	f.lookups.byKey[l.key], f.lookups.byNumber[number] = l, l
	l.join(s)
	return true
}

// Answered tells what came of the host's call of that number: an answer with a body
// of that size. All that waited for it go on.
func (f *Filter) Answered(host Host, number uint32, size int) {
	l := f.lookups.take(number)
	if l == nil {
		return
	}
	said, ok := f.readAnswer(host, l, size)
	for _, s := range l.waiting {
		s.inquiry.lookup = nil
		host.Attend(s.ID)
		s.resume(host, said, ok)
	}
}

// readAnswer reads what was said of a token, and remembers it. It is not ok if
// nothing was said.
func (f *Filter) readAnswer(host Host, l *lookup, size int) (id identity, ok bool) {
	source := l.source
	if status := host.AnswerStatus(); status != "200" {
		f.failIntrospection(host, source, "status_"+status)
		return identity{}, false
	}
	now := host.WallNow()
	said, ok := introspected{}, false
	if size <= maxAnswer {
		said, ok = readIntrospection(host.AnswerBody(size), source.claims, source.Audience, now)
	}
	if !ok {
		f.failIntrospection(host, source, "malformed")
		return identity{}, false
	}
	if !said.active {
		f.metrics.introspections[introspectionInactive].add(1)
		source.inactive.put(answer{key: l.key, since: now, until: now + source.InactiveFor})
		return identity{}, true
	}
	f.metrics.introspections[introspectionActive].add(1)
	id = f.named(said.identity)
	if id.tier == "" {
		id.tier = source.defaultTier
	}
	if id.subject == "" && id.tenant == "" {
		id.credential = l.credential
	}
	// RFC 7662 section 2.2: not beyond exp.
	source.active.put(answer{key: l.key, since: now, until: min(now+source.For, said.until), identity: id})
	return id, true
}

func (f *Filter) failIntrospection(host Host, source *introspection, why string) {
	f.metrics.introspections[introspectionError].add(1)
	f.reportIntrospection(host, source, why)
}
