package identity

import (
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/identity/claim"
)

// A token that was verified to be for another resource identifies nobody here: whoever
// has it may be that resource, which its user trusted with nothing but that. A token
// without an audience is for nobody else.
// See RATIONALE.md, "Why is a token for another resource a failure?"

// examine refuses an identity whose token is for another resource. No further source is
// asked: this one has verified what the request presents.
func (s *State) examine() {
	if !s.Verified || s.rule.isMeant(s.Audience) {
		return
	}
	s.Identity = caller.Identity{Audience: s.Audience} // for explanations
	s.denial = deniedAudience
}

// isMeant tells whether a token with these audiences is for the surface.
func (u *Rule) isMeant(audiences []string) bool {
	if u.audiences == nil || len(audiences) == 0 {
		return true
	}
	for _, audience := range audiences {
		for _, own := range u.audiences {
			if claim.SameAudience(audience, own) {
				return true
			}
		}
	}
	return false
}

// IsForeign tells whether the request presents a token for another resource.
func (s *State) IsForeign() bool { return s.denial == deniedAudience }
