// Package oauth makes services discoverable for OAuth clients. It completes the
// challenge of each 401 and serves the metadata documents of the protected resources
// (RFC 9728) and of their authorization servers (RFC 8414). Nothing in the documents is
// secret: pages of every origin may read them, and no lockout hides them.
//
//	oauth.go      the room and its moments
//	challenge.go  the Bearer challenge, alone and merged with those of the service
//	place.go      where documents are, and whose a request asks for
//	metadata.go   the documents of resources
//	server.go     those of authorization servers, and the calls that fetch their own
//	check.go      whether clients can use what a server says of itself
//
// The moments of a request for a document, of which the last ones happen only if a
// server must be asked:
//
//	Room.Find ─► Document.Reply ─► Visit.Await ─► Room.Answered ─► told
//	                                           └► Visit.Leave
//
// Those of any other response: Rule.Complete, if it is a 401.
package oauth

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/text"
)

// Ports is what the room needs of the proxy.
type Ports interface {
	proxy.Clock
	proxy.Callouts
	proxy.ResponseHeaders
}

// Room is one worker's OAuth configuration made ready for requests.
type Room struct {
	ports   Ports
	log     *report.Log
	rules   []*Rule // by surface
	sites   []site
	servers []*server // those that are asked
	fetches [outcomes]report.Counter
	// appended tells that a document is at a location that ends in openidKnown.
	appended bool
}

// Rule is a resource: what the room has for the surfaces that belong to it.
type Rule struct {
	response  proxy.ResponseHeaders
	challenge *challenge
	// plain, blame and foreign are the challenges of the filter's own 401s. The last two
	// name the error invalid_token.
	plain, blame, foreign string
	discovery             string
}

// New makes the room ready.
//
//go:noinline
func New(c *config.Config, p Ports, log *report.Log, m *report.Metrics) *Room {
	r := &Room{ports: p, log: log, rules: make([]*Rule, len(c.Surfaces))}
	for i := range r.fetches {
		m.DefineBy(&r.fetches[i], "gatewarden_metadata_fetches_total", "outcome", outcomeNames[i])
	}
	resources := make([]*Rule, len(c.OAuth))
	for i := range resources {
		resources[i] = newRule(&c.OAuth[i], p)
		r.describe(c, i)
	}
	r.describeServers(c)
	for i := range r.rules {
		if at := c.ResourceOf(i); at >= 0 {
			r.rules[i] = resources[at]
		}
	}
	return r
}

func newRule(o *config.OAuth, response proxy.ResponseHeaders) *Rule {
	c := newChallenge(o)
	var b document
	b.Add(`,"oauth_discovery":{"resource_metadata":`)
	b.AddJSON(metadataURL(o.Resource))
	b.list("authorization_servers", o.AuthorizationServers)
	b.Add("}")
	return &Rule{
		response: response, challenge: c, plain: c.line(""), blame: c.line(`error="invalid_token"`),
		foreign:   c.line(`error="invalid_token", error_description="The token is for another resource"`),
		discovery: string(b.Buffer),
	}
}

// Rule returns the rule of a surface, by its place in the configuration. It returns nil
// for a surface that belongs to no resource: the room does not touch its responses.
func (r *Room) Rule(surface int) *Rule { return r.rules[surface] }

// Complete completes the challenge of the current response, which is a 401. If the
// service lets a page of another origin read the response, the page may read the
// challenge, too.
func (u *Rule) Complete(crossOrigin bool) {
	var lines []string
	readable := false
	for _, h := range u.response.ResponseHeaders() {
		switch h.Name {
		case wwwAuthenticate:
			lines = append(lines, h.Value)
		case "access-control-allow-origin":
			readable = true
		}
	}
	merged, changed := u.challenge.merge(lines)
	if !changed {
		return
	}
	if len(lines) > 0 {
		u.response.RemoveResponseHeader(wwwAuthenticate)
	}
	for _, line := range merged {
		u.response.AddResponseHeader(wwwAuthenticate, line)
	}
	if crossOrigin && readable {
		u.response.AddResponseHeader(refusal.ExposeHeaders, "WWW-Authenticate")
	}
}

const wwwAuthenticate = "www-authenticate"

// Challenge returns the challenge of a 401 that the filter sends itself, and "" without
// a resource. Only a request that presented a token is told that the token is invalid
// (RFC 6750 section 3.1), and why if it is for another resource.
func (u *Rule) Challenge(invalidToken, foreign bool) string {
	switch {
	case u == nil:
		return ""
	case foreign:
		return u.foreign
	case invalidToken:
		return u.blame
	}
	return u.plain
}

// StepUp returns the challenge of a 403 for scopes that are missing, and "" without a
// resource. It names all that the operation needs, with spaces between them.
func (u *Rule) StepUp(scopes string) string {
	if u == nil {
		return ""
	}
	return text.Join(caller.Bearer+" ", join(u.challenge.realm, `error="insufficient_scope"`, parameter("scope", scopes), u.challenge.metadata))
}

// Discovery returns a JSON member, with a comma before it, that leads a developer to
// the authorization server, and "" without a resource.
func (u *Rule) Discovery() string {
	if u == nil {
		return ""
	}
	return u.discovery
}
