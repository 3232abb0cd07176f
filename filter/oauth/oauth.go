// Package oauth makes a service discoverable for OAuth clients. It completes the
// challenge of each 401 and serves the metadata documents of the protected resource
// (RFC 9728). Nothing in the documents is secret: pages of every origin may read them,
// and no lockout hides them.
//
//	oauth.go      the room and its moments: Serve, Complete
//	challenge.go  the Bearer challenge, alone and merged with those of the service
//	metadata.go   the documents
package oauth

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/request"
)

// Room is one worker's OAuth configuration made ready for requests.
type Room struct {
	response  proxy.ResponseHeaders
	config    *config.OAuth // nil without oauth
	challenge *challenge    // nil without oauth
	documents []document
}

// New makes the room ready. c is nil if OAuth is not configured.
func New(c *config.OAuth, response proxy.ResponseHeaders) *Room {
	r := &Room{response: response, config: c}
	if c == nil {
		return r
	}
	r.challenge = newChallenge(c)
	if c.ServeMetadata {
		r.documents = documents(c)
	}
	return r
}

// Serve returns the reply to a request for one of the documents, and nil for every
// other request.
func (r *Room) Serve(t *request.Target) *proxy.Reply {
	path := request.CutQuery(t.Path)
	if !strings.HasPrefix(path, wellKnown) {
		return nil
	}
	for i := range r.documents {
		if path == r.documents[i].path {
			return r.documents[i].reply(t.Method)
		}
	}
	return nil
}

// Challenges tells whether the room completes the 401s of a surface of this kind.
func (r *Room) Challenges(k config.Kind) bool { return r.challenge != nil && k.IsResource() }

// Complete completes the challenge of the current response, which is a 401. If the
// service lets a page of another origin read the response, the page may read the
// challenge, too.
func (r *Room) Complete(crossOrigin bool) {
	var lines []string
	readable := false
	for _, h := range r.response.ResponseHeaders() {
		switch h.Name {
		case wwwAuthenticate:
			lines = append(lines, h.Value)
		case "access-control-allow-origin":
			readable = true
		}
	}
	merged, changed := r.challenge.merge(lines)
	if !changed {
		return
	}
	if len(lines) > 0 {
		r.response.RemoveResponseHeader(wwwAuthenticate)
	}
	for _, line := range merged {
		r.response.AddResponseHeader(wwwAuthenticate, line)
	}
	if crossOrigin && readable {
		r.response.AddResponseHeader(refusal.ExposeHeaders, "WWW-Authenticate")
	}
}

const wwwAuthenticate = "www-authenticate"

// Challenge returns the challenge of a 401 that the filter sends itself on a surface.
// Only a request that presented a token is told that the token is invalid (RFC 6750
// section 3.1).
func (r *Room) Challenge(surface string, invalidToken bool) string {
	c := r.challenge
	if c == nil {
		c = &challenge{realm: `realm="` + surface + `"`}
	}
	if invalidToken {
		return c.line(`error="invalid_token"`)
	}
	return c.line("")
}

// StepUp returns the challenge of a 403 for scopes that are missing: it names all that the
// operation needs, with spaces between them.
func (r *Room) StepUp(surface, scopes string) string {
	c := r.challenge
	if c == nil {
		c = &challenge{realm: `realm="` + surface + `"`}
	}
	return caller.Bearer + " " + join(c.realm, `error="insufficient_scope"`, `scope="`+scopes+`"`, c.metadata)
}

// Discovery returns a JSON member, with a comma before it, that leads a developer to
// the authorization server, and "" without OAuth.
func (r *Room) Discovery() string {
	if r.config == nil {
		return ""
	}
	b := gjson.AppendJSONString([]byte(`,"oauth_discovery":{"resource_metadata":`), metadataURL(r.config.Resource))
	return string(append(appendList(b, "authorization_servers", r.config.AuthorizationServers), '}'))
}
