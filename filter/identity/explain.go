package identity

// View is the verified caller of a request, for explanations. Places are those in the
// configuration's lists, and -1 stands for none.
type View struct {
	Verified              bool
	Subject, Tenant, Tier string
	Scopes, Roles         []string
	// Source is the place of the source that verified the caller.
	Source int
	// Said is what each source said, by place.
	Said []Said
	// Waits tells whether the request still waits for an answer about its token, NoAnswer
	// whether it is refused because there was none.
	Waits, NoAnswer bool
	// Expired is the place, in a source of API keys, of the key that the request
	// presents and that has expired. Required tells whether the surface requires an
	// identity.
	Expired  int
	Required bool
	// Audience is for whom the token is, as far as a source tells, and Foreign that this
	// is another resource.
	Audience []string
	Foreign  bool
}

// Said is what a source said about a request.
type Said uint8

// What sources say.
const (
	// SaidNothing: the source did not verify the caller.
	SaidNothing Said = iota
	// SaidVerified: the source verified the caller.
	SaidVerified
	// SaidWait: the source waits for an answer.
	SaidWait
	// SaidForeign: the source verified a token that is for another resource.
	SaidForeign
	// NotAsked: another source stands before this one, and verified the caller or
	// waits for an answer.
	NotAsked
)

// Explain returns the room's view of a request. It changes nothing.
func (s *State) Explain(q *Request) View {
	v := View{
		Verified: s.Verified, Subject: s.Subject, Tenant: s.Tenant, Tier: s.Tier, Scopes: s.Scopes, Roles: s.Roles,
		Audience: s.Audience, Foreign: s.IsForeign(),
		Source: -1, Waits: s.Open(), NoAnswer: s.inquiry.Failed() && !s.Verified, Expired: -1,
	}
	if s.rule == nil {
		return v
	}
	v.Required = s.rule.required
	sources := s.rule.room.sources
	last := len(sources) - 1
	if s.Verified || s.Open() || s.IsForeign() {
		last = s.next - 1
	}
	for i := range sources {
		v.Said = append(v.Said, s.said(i, last))
		switch v.Said[i] {
		case SaidVerified:
			v.Source = i
		case SaidNothing:
			v.Expired = max(v.Expired, s.rule.room.expiredKey(&sources[i], q))
		}
	}
	return v
}

// said returns what the source at place i said. last is the place of the last source
// that was asked.
func (s *State) said(i, last int) Said {
	switch {
	case i > last:
		return NotAsked
	case i == last && s.Verified:
		return SaidVerified
	case i == last && s.Open():
		return SaidWait
	case i == last && s.IsForeign():
		return SaidForeign
	}
	return SaidNothing
}

// expiredKey returns the place of the expired key that a request presents, or -1.
func (r *Room) expiredKey(source *source, q *Request) int {
	if !q.Alone {
		return -1
	}
	if place, expired := r.presentedKey(source.keys, &q.Credential); expired {
		return place
	}
	return -1
}
