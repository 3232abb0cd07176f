package identity

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/text"
)

// Rule is what the room knows of a surface.
type Rule struct {
	room *Room
	name []byte // of the surface, as it goes into keys
	// required tells whether only verified callers get in.
	required bool
	// resource tells whether a credential in the headers is what lets a caller in.
	resource bool
	// audiences are those by which a token may be for the surface, nil if it may be for
	// anybody.
	audiences []string
	// challenge and blame are the challenges without oauth. blame names the error
	// invalid_token.
	challenge, blame string
	// more are the further members of a refusal's body.
	more *[denials]string

	denied, unavailable report.Counter
	// last are the replies that were given last, for each denial.
	last [denials]refusal.Last
}

func (u *Rule) define(r *Room, s *config.Surface, audiences []string, m *report.Metrics) {
	u.audiences = audiences
	u.room, u.name = r, []byte(s.Name)
	u.required, u.resource = s.Require, s.Kind.IsResource()
	u.challenge = text.Join(caller.Bearer+` realm="`, s.Name, `"`)
	u.blame = text.Join(u.challenge, `, error="invalid_token"`)
	m.DefineBy(&u.denied, "gatewarden_auth_denied_total", "surface", s.Name)
	m.DefineBy(&u.unavailable, "gatewarden_auth_unavailable_total", "surface", s.Name)
}

// Rule returns the rule of a surface, by its place in the configuration. It returns nil
// for -1, and where there is neither a source nor a required identity.
func (r *Room) Rule(surface int) *Rule {
	if surface < 0 || surface >= len(r.rules) {
		return nil
	}
	if u := &r.rules[surface]; u.required || len(r.sources) > 0 {
		return u
	}
	return nil
}
