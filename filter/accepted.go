package filter

import "github.com/gatewarden/gatewarden/table"

// A credential that the service accepted on a surface is known there for some time,
// and is an identity of its own. Until then its requests are their client's
// address: who makes up a new one for each request gains nothing by it, and fills
// nothing. The table has its keyed hash. The record matters least of all in a full
// set: to lose it is to treat the credential as made up.

// acceptance is what is known of a credential that may be accepted.
type acceptance struct {
	key table.Key
	// tracked tells that the service's answer is waited for, known that it
	// accepted the credential before, and fresh that this need not be written
	// again.
	tracked, known, fresh bool
}

// acceptedIdentity asks the table whether the service accepts a credential. On
// surfaces where the body is what logs in, a 2xx says nothing about it.
func (s *Stream) acceptedIdentity(host Host, p *presented) identity {
	f, a := s.filter, &s.acceptance
	bucket, ok := appendBucket(f.name[:0], p)
	if f.name = bucket; !ok || !s.surface.challenged() {
		return identity{}
	}
	credential := f.table.Hash(f.name)
	f.name = appendPart(appendPart(appendPart(f.name[:0], p.place), p.scheme), p.token)
	a.key = f.table.Key(acceptedRule, s.surface.name, f.name)
	a.tracked = true
	r, now, found := f.table.Get(a.key, host)
	if !found {
		return identity{}
	}
	a.known, a.fresh = true, r.WindowEnd-now > f.acceptedFor/2
	return identity{verified: true, credential: credential}
}

// accept writes down that the service accepted the credential.
func (s *Stream) accept(host Host) {
	if a := &s.acceptance; a.tracked && !a.fresh {
		s.filter.renew(a.key, s.filter.acceptedFor, host.Now())
	}
}

// reject forgets a credential that the service accepts no longer.
func (s *Stream) reject(host Host) {
	if a := &s.acceptance; a.known {
		s.filter.observe(s.filter.table.Update(a.key, host.Now(), func(r table.Record, _ uint8, _ int64) (table.Record, bool) {
			return table.Record{}, r != table.Record{}
		}))
	}
}
