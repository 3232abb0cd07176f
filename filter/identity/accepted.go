package identity

import (
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/table"
)

// A credential that the service accepted on a surface is known there for some time, and
// is an identity of its own. Until then its requests belong to the client's address: a
// client that makes up a new credential for each request gains nothing by it, and fills
// no memory. The table has a keyed hash of the credential. A full set evicts such a
// record first: a lost one only makes its credential unknown again.
// See RATIONALE.md, "Why is an accepted credential known on one surface only?"

// acceptedRule keeps the records of accepted credentials apart from other rules'.
var acceptedRule = []byte("accepted")

// acceptance is what the table knows of a credential that the service may accept.
type acceptance struct {
	key table.Key
	// tracked tells whether the service's response to the credential matters, known
	// whether the service has accepted it before, and fresh whether the record of that is
	// recent enough.
	tracked, known, fresh bool
}

// identifyAccepted asks the table whether the service accepts a credential. On surfaces
// where the body is what logs in, a 2xx says nothing about the credential.
func (s *State) identifyAccepted(c *caller.Credential) {
	if !s.rule.resource {
		return
	}
	r, a := s.rule.room, &s.acceptance
	spelling, ok := appendSpelling(r.scratch[:0], c)
	if r.scratch = spelling; !ok {
		return
	}
	credential := r.names.Hash(r.scratch)
	r.scratch = table.AppendPart(table.AppendPart(table.AppendPart(r.scratch[:0], c.Place), c.Scheme), c.Token)
	if c.Carrier == caller.InQuery || c.Carrier == caller.InProtocol {
		r.scratch = append(r.scratch, byte(c.Carrier)) // a header may have the same name
	}
	a.key = r.table.Key(acceptedRule, s.rule.name, r.scratch)
	a.tracked = true
	record, now, found := r.table.Get(a.key, r.clock)
	if !found {
		return
	}
	a.known, a.fresh = true, record.WindowEnd-now > r.acceptedFor/2
	s.Verified, s.Credential = true, credential
}

// Tracked tells whether the response matters: whether the service accepts the
// credential.
func (s *State) Tracked() bool { return s.acceptance.tracked }

// Accept records that the service accepted the credential.
func (s *State) Accept() {
	if a := &s.acceptance; a.tracked && !a.fresh {
		r := s.rule.room
		r.table.Renew(a.key, r.acceptedFor, r.clock.Now())
	}
}

// Reject forgets a credential that the service no longer accepts.
func (s *State) Reject() {
	if a := &s.acceptance; a.known {
		r := s.rule.room
		r.table.Update(a.key, r.clock.Now(), remove)
	}
}

// remove removes a record from the table.
func remove(r table.Record, _ uint8, _ int64) (table.Record, bool) {
	return table.Record{}, r != table.Record{}
}
