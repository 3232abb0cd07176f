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
	keys     []apiKey
	server   *introspect.Server
}

func (r *Room) newSource(c *config.Identity, place int) source {
	s := source{
		kind: c.Kind, defaultTier: c.DefaultTier,
		metadata: newMetadataClaims(c.Filter, &c.Claims), headers: newHeaderNames(&c.Headers), keys: r.newAPIKeys(c.Keys),
	}
	if c.Kind == config.IdentityIntrospection {
		s.server = r.lookups.Server(c, place)
	}
	return s
}

// consult asks one source. All but the first two verify the credential that the request
// presents, and need one alone.
// See RATIONALE.md, "Why do two credentials give no identity?"
func (s *State) consult(source *source, q *Request) caller.Identity {
	room := s.rule.room
	switch {
	case source.kind == config.IdentityMetadata:
		return room.named(source.metadata.identity(room.properties, s.rule.audiences != nil))
	case source.kind == config.IdentityHeaders:
		return room.named(source.headers.identity(q.Headers))
	case !q.Alone:
	case source.kind == config.IdentityAPIKeys:
		return room.keyIdentity(source.keys, &q.Credential)
	case source.kind == config.IdentityAccepted:
		return s.acceptedIdentity(&q.Credential)
	case source.kind == config.IdentityIntrospection && s.rule.resource && q.Credential.IsBearer():
		return source.server.Identify(&s.inquiry, q.Credential.Token)
	}
	return caller.Identity{}
}

// verifiesCredential tells whether the source itself verifies the one credential of a
// request. The other sources trust another filter or a gateway.
func (s *source) verifiesCredential() bool {
	return s.kind != config.IdentityMetadata && s.kind != config.IdentityHeaders
}

// named adds the hash of its name to an identity that is known by name.
func (r *Room) named(id caller.Identity) caller.Identity {
	if id.Verified {
		r.scratch = claim.AppendName(r.scratch[:0], &id)
		id.Credential = r.names.Hash(r.scratch)
	}
	return id
}
