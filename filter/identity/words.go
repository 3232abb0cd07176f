package identity

import (
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/internal/text"
)

var denialMessages = [denials]string{
	deniedMissing:  "This needs a credential.",
	deniedScheme:   "The credential is unknown or has expired.",
	deniedInvalid:  "The credential is unknown or has expired.",
	deniedUnclear:  "The request presents more than one credential, or one in an unclear form.",
	deniedAudience: "The token is for another resource.",
}

const unavailableMessage = "It cannot be found out at the moment whether the credential is valid."

// Words returns the words for a refusal of the room. challenge is the value of
// WWW-Authenticate for a denial; if it is "", the words have a challenge whose realm is
// the surface.
func (s *State) Words(why *refusal.Refusal, challenge string) *refusal.Words {
	if why.Reason == refusal.StoreUnavailable {
		return refusal.NewUnavailable(unavailableMessage) // without a challenge
	}
	if s.rule == nil {
		return &refusal.Words{}
	}
	if challenge == "" {
		challenge = s.rule.ownChallenge(s.BlamesToken())
	}
	return &refusal.Words{
		Status: 401, GRPC: refusal.GRPCUnauthenticated, Code: jsonrpc.CodeUnauthorized,
		Problem: refusal.Blank("Unauthorized"), Message: denialMessages[s.denial],
		More: s.rule.more[s.denial], Challenge: challenge,
	}
}

// ownChallenge returns the challenge without oauth.
func (u *Rule) ownChallenge(blamesToken bool) string {
	if blamesToken {
		return u.blame
	}
	return u.challenge
}

// hint gives each surface what its refusals add. Surfaces that lead to the same place
// share it.
func (r *Room) hint(c *config.Config, discoveries []string) {
	known := map[string]*[denials]string{}
	for i := range r.rules {
		discovery := discoveries[i]
		if known[discovery] == nil {
			known[discovery] = newHints(c, discovery)
		}
		r.rules[i].more = known[discovery]
	}
}

// newHints returns the members that tell a denied client what to do, for each denial.
func newHints(c *config.Config, discovery string) *[denials]string {
	send := sending(c)
	texts := &ownHints
	if discovery != "" {
		texts = &discoveryHints
	}
	hints := &[denials]string{}
	for i, hint := range texts {
		if before, found := strings.CutSuffix(hint, sendHere); found {
			hint = text.Join(before, send, ".")
		}
		hints[i] = text.Join(`,"hint":"`, hint, `"`, discovery)
	}
	return hints
}

// The hints for each denial, without and with an authorization server. sendHere stands for
// where to send a credential.
var (
	ownHints = [denials]string{
		deniedMissing:  "Send it " + sendHere,
		deniedScheme:   "Send one " + sendHere,
		deniedInvalid:  "Check it, or get another one.",
		deniedUnclear:  "Send one " + sendHere,
		deniedAudience: "Get one for this resource, and send it " + sendHere,
	}
	discoveryHints = [denials]string{
		deniedMissing:  "Get an access token where oauth_discovery says, and send it " + sendHere,
		deniedScheme:   "Get an access token where oauth_discovery says, and send it " + sendHere,
		deniedInvalid:  "Get an access token where oauth_discovery says, and send it " + sendHere,
		deniedUnclear:  "Send one " + sendHere,
		deniedAudience: "Get an access token for this resource where oauth_discovery says, and send it " + sendHere,
	}
)

const sendHere = "\x00"

// sending says where a client may send a credential.
func sending(c *config.Config) string {
	keys := false
	for i := range c.Identity {
		keys = keys || c.Identity[i].Kind == config.IdentityAPIKeys
	}
	var places []string
	for _, header := range c.Credentials.Headers {
		switch {
		case header == caller.Authorization:
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
