// Package identity determines the caller of a request: it asks the configured sources, in
// order, and the first one that verifies the caller decides. It also guards the surfaces
// that require an identity: there it refuses requests whose caller no source verified. Tokens
// that are for another resource are refused everywhere.
//
// The sources are one file each: metadata.go reads what another filter verified,
// headers.go reads headers that a trusted gateway sets, apikey.go compares API keys,
// accepted.go knows credentials that the service accepted, and package introspect asks
// authorization servers. seen.go keeps identities that headers named before. source.go
// chooses between the sources. rule.go has what a surface has, state.go the state of a
// request, audience.go for whom a token is, gate.go and words.go the refusals, and
// explain.go the view for explanations. spelling.go gives the spellings of one
// credential one name. Package claim has the rules for texts in claims.
//
// The moments of a request:
//
//	Room.Distrust ─► State.Begin ─► Identify ─► Check ─► Ask ─► told ─► Identify ─► Check
//	                                                         └► Leave
//
// Ask and what follows happens only while [State.Open]. If the response says whether
// the credential was good, Accept or Reject follows.
//
// See RATIONALE.md, the section "Who is asking".
package identity

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/identity/introspect"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/table"
)

// Ports is what the room needs of the proxy.
type Ports interface {
	proxy.Clock
	proxy.WallClock
	proxy.Properties
	proxy.Callouts
	proxy.RequestHeaderRemover
}

// Room has the identity sources and the surfaces that require an identity.
type Room struct {
	clock      proxy.Clock
	wall       proxy.WallClock
	properties proxy.Properties
	headers    proxy.RequestHeaderRemover
	table      *counter.Table
	names      *table.Names

	untrusted []string // headers
	sources   []source
	// acceptedFor is how long, in milliseconds, a credential stays accepted.
	acceptedFor int64
	lookups     *introspect.Lookups
	rules       []Rule

	scratch []byte // a token or a name, before it is hashed
}

// New makes the sources and surfaces of a configuration ready. discoveries has for each
// surface the member in which refusals tell OAuth clients where to get a token, with a
// comma before it. It is "" where there is none. Credentials are hashed by names.
//
//go:noinline
func New(c *config.Config, p Ports, t *counter.Table, names *table.Names, log *report.Log, m *report.Metrics, discoveries []string) *Room {
	r := &Room{
		clock: p, wall: p, properties: p, headers: p, table: t, names: names,
		untrusted: c.UntrustedHeaders,
		sources:   make([]source, len(c.Identity)),
		lookups:   introspect.New(p, t, names, log, m),
		rules:     make([]Rule, len(c.Surfaces)),
	}
	for i := range r.sources {
		r.sources[i].compile(r, &c.Identity[i], i)
		if c.Identity[i].Kind == config.IdentityAccepted {
			r.acceptedFor = c.Identity[i].For
		}
	}
	for i := range r.rules {
		r.rules[i].define(r, &c.Surfaces[i], c.AudiencesOf(i), m)
	}
	r.hint(c, discoveries)
	return r
}

// HasSources tells whether any source is configured. Without one, there is no caller to
// identify.
func (r *Room) HasSources() bool { return len(r.sources) > 0 }

// Distrust removes the headers that no client may send.
func (r *Room) Distrust(headers []proxy.Header) {
	for i := range headers {
		for _, name := range r.untrusted {
			if proxy.SameHeader(headers[i].Name, name) {
				r.headers.RemoveRequestHeader(headers[i].Name)
			}
		}
	}
}

// Answered takes the outcome of the proxy's call with the given number: an answer with
// a body of size bytes. It calls Told of all that waited for it.
func (r *Room) Answered(number uint32, size int) { r.lookups.Answered(number, size) }
