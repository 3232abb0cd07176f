package introspect

import (
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/table"
)

// introspectionRule keeps the keys of tokens apart from those of counters.
var introspectionRule = []byte("introspection")

// maxToken is the longest token, in bytes, that a server is asked about. Access tokens
// are shorter.
const maxToken = 8192

// Server is a configured authorization server, with the answers that the worker
// remembers.
//
// Answers about active tokens have a memory of their own: a flood of made-up tokens
// evicts none of them. See RATIONALE.md, "Why is what is known of tokens not in the
// shared table?"
type Server struct {
	lookups *Lookups
	config  *config.Introspection
	claims  *config.Claims
	// defaultTier is the tier of identities for which the server names none.
	defaultTier string
	// place is the server's place among the identity sources. It keeps the answers of
	// two servers about one token apart.
	place            [1]byte
	request          request
	active, inactive memory
}

// Server makes an identity source of the kind introspection ready. place is its place
// in the configuration, from 0 on.
func (l *Lookups) Server(c *config.Identity, place int) *Server {
	i := &c.Introspection
	return &Server{
		lookups: l, config: i, claims: &c.Claims, defaultTier: c.DefaultTier, place: [1]byte{byte(place)},
		request: newRequest(i), active: newMemory(i.Entries), inactive: newMemory(i.Entries),
	}
}

// Identify sets id to the owner of a bearer token that is known to be active. If nothing
// is known of the token, it leaves the inquiry open.
func (s *Server) Identify(q *Inquiry, id *caller.Identity, token string) {
	if len(token) > maxToken {
		return
	}
	l := s.lookups
	l.scratch = append(l.scratch[:0], token...)
	key := l.table.Key(introspectionRule, s.place[:], l.scratch)
	if said := s.recall(key); said != nil {
		id.Set(said)
	} else {
		q.server, q.key, q.token = s, key, strings.Clone(token)
	}
}

// recall returns the server's earlier answer about a token: the zero identity if the
// token was not active, and nil if there is none.
func (s *Server) recall(key table.Key) *caller.Identity {
	now := s.lookups.wall.WallNow()
	said := s.active.get(key, now)
	if said == nil {
		said = s.inactive.get(key, now)
	}
	if said != nil {
		s.lookups.count(outcomeCached)
	}
	return said
}
