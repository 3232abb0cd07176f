package introspect

import (
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/identity/claim"
	"github.com/gatewarden/gatewarden/table"
)

const (
	// maxLookups bounds the look-ups that one worker has in progress, and
	// maxClientLookups those that begin for one client.
	maxLookups       = 256
	maxClientLookups = 64
)

// lookup asks a server about one token. It belongs to no request: all requests with
// this token wait for it, and it goes on when they leave.
// See RATIONALE.md, "Why does a look-up belong to no stream?"
type lookup struct {
	key    table.Key
	server *Server
	// client is the key of the client whose request began the look-up.
	client [caller.KeySize]byte
	// credential is the hash of the token, for an answer that names no caller.
	credential uint64
	waiting    []*Inquiry
}

func (l *lookup) add(q *Inquiry) {
	q.lookup, q.place = l, len(l.waiting)
	l.waiting = append(l.waiting, q)
}

// remove moves the last inquiry to the place of one that leaves.
func (l *lookup) remove(place int) {
	last := len(l.waiting) - 1
	l.waiting[place] = l.waiting[last]
	l.waiting[place].place = place
	l.waiting[last] = nil
	l.waiting = l.waiting[:last]
}

// hasRoomFor tells whether one more look-up may begin for a client. An allowed client may
// be many people behind one address, and has no bound of its own.
func (l *Lookups) hasRoomFor(c *caller.Client) bool {
	own := 0
	for _, other := range l.byNumber {
		if other.client == c.Key {
			own++
		}
	}
	return len(l.byNumber) < maxLookups && (own < maxClientLookups || c.Allowed)
}

// begin makes the inquiry wait for a look-up of its token: the one in progress, or a
// new one. It is not ok if the server cannot be asked.
func (l *Lookups) begin(q *Inquiry, client *caller.Client) (ok bool) {
	if other := l.byKey[q.key]; other != nil {
		l.count(outcomeJoined)
		other.add(q)
		return true
	}
	if !l.hasRoomFor(client) {
		l.count(outcomeOverload)
		l.report(q.server, "too_many")
		return false
	}
	number, ok := l.callouts.Call(q.server.request.about(q.token))
	if !ok {
		l.fail(q.server, "not_sent")
		return false
	}
	l.scratch = table.AppendPart(table.AppendPart(l.scratch[:0], "bearer"), q.token)
	begun := &lookup{key: q.key, server: q.server, client: client.Key, credential: l.names.Hash(l.scratch)}
	l.byKey[begun.key], l.byNumber[number] = begun, begun
	begun.add(q)
	return true
}

// Answered takes the outcome of the proxy's call with the given number: an answer with
// a body of size bytes. It tells all waiters. Calls that are not look-ups do not concern
// it.
func (l *Lookups) Answered(number uint32, size int) {
	ended := l.take(number)
	if ended == nil {
		return
	}
	var id caller.Identity
	ok := l.read(&id, ended, size)
	// A waiter that is told may make one behind it leave.
	for i := 0; i < len(ended.waiting); i++ {
		q := ended.waiting[i]
		told := q.told
		q.settle(&id, ok)
		told()
	}
}

// take ends the look-up with the given number. It returns nil if there is none.
func (l *Lookups) take(number uint32) *lookup {
	ended := l.byNumber[number]
	if ended != nil {
		delete(l.byNumber, number)
		delete(l.byKey, ended.key)
	}
	return ended
}

// read reads an answer and remembers it. It sets id to the owner of an active token, and is
// not ok if there was no answer.
func (l *Lookups) read(id *caller.Identity, ended *lookup, size int) (ok bool) {
	s := ended.server
	if status := l.callouts.AnswerStatus(); status != "200" {
		l.fail(s, "status_"+status)
		return false
	}
	now := l.wall.WallNow()
	var said *answer
	if size <= maxAnswer {
		said = readAnswer(l.callouts.AnswerBody(size), s.claims, s.config.Audience, now)
	}
	if said == nil {
		l.fail(s, "malformed")
		return false
	}
	if !said.active {
		l.count(outcomeInactive)
		s.inactive.put(ended.key, now, now+s.config.InactiveFor, id)
		return true
	}
	l.count(outcomeActive)
	id.Set(&said.identity)
	l.complete(ended, id)
	// RFC 7662 section 2.2: an answer must not be used beyond exp.
	s.active.put(ended.key, now, min(now+s.config.For, said.until), id)
	return true
}

// complete adds to the owner of an active token what the answer does not tell. Without
// a name, each token is an identity of its own.
func (l *Lookups) complete(ended *lookup, id *caller.Identity) {
	if id.Tier == "" {
		id.Tier = ended.server.defaultTier
	}
	if id.Subject == "" && id.Tenant == "" {
		id.Credential = ended.credential
		return
	}
	l.scratch = claim.AppendName(l.scratch[:0], id)
	id.Credential = l.names.Hash(l.scratch)
}
