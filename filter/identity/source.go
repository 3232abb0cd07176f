package identity

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/identity/claim"
	"github.com/gatewarden/gatewarden/filter/identity/introspect"
)

// source is a configured source made ready for the request path. Of the fields after
// defaultTier, it has those of its kind.
type source struct {
	kind config.IdentityKind
	// defaultTier is the tier of callers that it verifies without naming one.
	defaultTier string

	metadata metadataClaims
	headers  headerNames
	seen     seen
	keys     []apiKey
	server   *introspect.Server
}

func (s *source) compile(r *Room, c *config.Identity, place int) {
	s.kind, s.defaultTier = c.Kind, c.DefaultTier
	s.metadata.compile(c.Filter, &c.Claims)
	s.headers.compile(&c.Headers)
	s.keys = r.newAPIKeys(c.Keys)
	if c.Kind == config.IdentityHeaders {
		s.seen = make(seen, maxSeen)
	}
	if c.Kind == config.IdentityIntrospection {
		s.server = r.lookups.Server(c, place)
	}
}

// consult asks one source, which sets s.Identity if it verifies the caller. All but the
// first two verify the credential that the request presents, and need one alone.
// See RATIONALE.md, "Why do two credentials give no identity?"
func (s *State) consult(source *source, q *Request) {
	room, id := s.rule.room, &s.Identity
	switch {
	case source.kind == config.IdentityMetadata:
		source.metadata.identify(id, room.properties, s.rule.audiences != nil)
		room.name(id)
	case source.kind == config.IdentityHeaders:
		room.identifyHeaders(id, source, q.Headers)
	case !q.Alone:
	case source.kind == config.IdentityAPIKeys:
		room.identifyKey(id, source.keys, &q.Credential)
	case source.kind == config.IdentityAccepted:
		s.identifyAccepted(&q.Credential)
	case source.kind == config.IdentityIntrospection && s.rule.resource && q.Credential.IsBearer():
		source.server.Identify(&s.inquiry, id, q.Credential.Token)
	}
}

// verifiesCredential tells whether the source itself verifies the one credential of a
// request. The other sources trust another filter or a gateway.
func (s *source) verifiesCredential() bool {
	return s.kind != config.IdentityMetadata && s.kind != config.IdentityHeaders
}

// name adds the hash of its name to an identity that is known by name.
func (r *Room) name(id *caller.Identity) {
	if id.Verified {
		r.scratch = claim.AppendName(r.scratch[:0], id)
		id.Credential = r.names.Hash(r.scratch)
	}
}
