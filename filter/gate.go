package filter

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/mcp"
)

// A surface that requires an identity is a gate: what no source verified is refused
// here, and the service never sees it.

// denial is why a request is not let in.
type denial uint8

const (
	deniedMissing denial = iota // it presents no credential
	deniedScheme                // one that is no token
	deniedInvalid               // one that nobody could verify
	deniedUnclear               // several, or one that can be read in several ways
	denials
)

var denialDetails = [denials]string{
	deniedMissing: "This needs a credential.",
	deniedScheme:  "The credential is unknown or has expired.",
	deniedInvalid: "The credential is unknown or has expired.",
	deniedUnclear: "The request presents more than one credential, or one in an unclear form.",
}

// denialOf tells why a request with the given credential is not let in. alone tells
// that it is the only one.
func denialOf(credential, alone bool, p *presented) denial {
	switch {
	case !credential:
		return deniedMissing
	case !alone:
		return deniedUnclear
	case p.place == authorization && !p.cookie && !strings.EqualFold(p.scheme, bearer):
		return deniedScheme
	}
	return deniedInvalid
}

// unverified tells whether the gate is closed to the request.
func (s *Stream) unverified() bool { return s.surface.Require && !s.identity.verified }

// decideIdentity tells whether the request may not go on for want of a verified
// identity. As long as somebody has to be asked, it may.
func (s *Stream) decideIdentity(host Host) (why refusal, refused bool) {
	switch {
	case s.inquiry.open:
	case s.inquiry.failed && !s.identity.verified:
		return refusal{reason: ReasonStoreUnavailable, seconds: unavailableFor, now: host.Now()}, true
	case s.unverified():
		return s.deny(host), true
	}
	return refusal{}, false
}

// deny is the refusal of a request that is not let in. What it presents, if
// anything, was a wrong credential: once, however often this is asked.
func (s *Stream) deny(host Host) refusal {
	if s.counted && s.credential {
		s.filter.countFailure(host, s, cause{code: string(ReasonAuthDenied)})
	}
	s.counted, s.judged = false, false
	return refusal{reason: ReasonAuthDenied}
}

// guidance is what those are told who are not let in: what to do, and where the
// authorization server is. They are parts of a JSON object.
type guidance struct {
	hints     [denials]string
	discovery string // "" without oauth
}

func newGuidance(c *config.Config) guidance {
	send := sending(c)
	g := guidance{hints: [denials]string{
		deniedMissing: "Send it " + send + ".",
		deniedScheme:  "Send one " + send + ".",
		deniedInvalid: "Check it, or get another one.",
		deniedUnclear: "Send one " + send + ".",
	}}
	if c.OAuth == nil {
		return g
	}
	const get = "Get an access token where oauth_discovery says, and send it "
	g.hints[deniedMissing], g.hints[deniedScheme], g.hints[deniedInvalid] = get+send+".", get+send+".", get+send+"."
	b := gjson.AppendJSONString([]byte(`,"oauth_discovery":{"resource_metadata":`), metadataURL(c.OAuth.Resource))
	g.discovery = string(append(appendList(b, "authorization_servers", c.OAuth.AuthorizationServers), '}'))
	return g
}

// sending says where a credential is looked for.
func sending(c *config.Config) string {
	keys := false
	for i := range c.Identity {
		keys = keys || c.Identity[i].Kind == config.IdentityAPIKeys
	}
	var places []string
	for _, header := range c.Credentials.Headers {
		switch {
		case header == authorization:
			places = append(places, "in the header Authorization, after Bearer")
		case keys:
			places = append(places, "in the header "+header)
		}
	}
	if len(places) == 0 {
		return "along"
	}
	return strings.Join(places, ", or ")
}

// denial is the surface's reply to who is not let in. One that depends on nothing
// else is made once.
func (f *Filter) denial(s *surface, why denial, grpc bool, request []byte, cors []Header) *Reply {
	if grpc || request != nil || cors != nil {
		return f.unauthorized(s, why, grpc, request, cors)
	}
	if s.denials[why] == nil {
		s.denials[why] = f.unauthorized(s, why, false, nil, nil)
	}
	return s.denials[why]
}

func (f *Filter) unauthorized(s *surface, why denial, grpc bool, request []byte, cors []Header) *Reply {
	reply := &Reply{
		Status:  401,
		Details: ReasonAuthDenied.details(),
		GRPC:    grpcUnauthenticated,
		Headers: append([]Header{
			{wwwAuthenticate, f.gateChallenge(s, why)},
			{"cache-control", "no-store"},
		}, cors...),
	}
	detail, more := denialDetails[why], `"hint":"`+f.guidance.hints[why]+`"`+f.guidance.discovery+`}`
	return reply.explain(s, grpc, request, explanation{
		code: mcp.CodeUnauthorized, message: detail,
		data:    `{"reason":"` + string(ReasonAuthDenied) + `",` + more,
		problem: `{"type":"about:blank","title":"Unauthorized","status":401,"detail":"` + detail + `",` + more,
	})
}

// gateChallenge is the challenge of a refusal. Who presented no token is told of no
// error (RFC 6750 section 3.1).
func (f *Filter) gateChallenge(s *surface, why denial) string {
	c := f.challenge
	if c == nil {
		c = &challenge{realm: `realm="` + s.Name + `"`}
	}
	if why == deniedMissing || why == deniedScheme {
		return c.line("")
	}
	return c.line(`error="invalid_token"`)
}
