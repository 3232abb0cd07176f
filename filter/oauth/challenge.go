package oauth

import (
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	header "github.com/gatewarden/gatewarden/filter/challenge"
	"github.com/gatewarden/gatewarden/internal/text"
)

// challenge has the parameters of the Bearer challenge that leads an OAuth client to
// the authorization server (RFC 6750 section 3, RFC 9728 section 5.1). The
// configuration allows no character in them that needs quoting.
type challenge struct {
	// realm, scope and metadata are whole parameters; the first two may be empty.
	realm, scope, metadata string
}

func newChallenge(o *config.OAuth) *challenge {
	return &challenge{
		realm: parameter("realm", o.Realm), scope: parameter("scope", strings.Join(o.ChallengeScope, " ")),
		metadata: parameter("resource_metadata", metadataURL(o.Resource)),
	}
}

// parameter returns a parameter of a challenge, "" without a value.
func parameter(name, value string) string {
	if value == "" {
		return ""
	}
	return text.Join(name, `="`, value, `"`)
}

// line returns the challenge as a field line of its own. failure is a parameter that
// names an error, or "".
func (c *challenge) line(failure string) string {
	return text.Join(caller.Bearer+" ", join(c.realm, failure, c.scope, c.metadata))
}

// merge returns the WWW-Authenticate lines of a 401 that came with the given lines, and
// whether they differ from those.
//
// The challenges of other schemes stay as they are. The Bearer challenge comes first,
// because some clients parse only the first challenge, and on a line of its own, because
// a list "might not be interoperable" (RFC 9110 section 11.6.1).
func (c *challenge) merge(lines []string) (merged []string, changed bool) {
	var all []header.Challenge
	ours, readable := -1, true
	for _, line := range lines {
		parsed, ok := header.Parse(line)
		readable = readable && ok
		all = append(all, parsed...)
	}
	bearers := 0
	for i := range all {
		_, leads := all[i].Param("resource_metadata")
		switch {
		case leads:
			return lines, false // the service leads its clients itself
		case all[i].Is(caller.Bearer) && !all[i].Opaque:
			ours = i
			bearers++
		}
	}
	if !readable {
		return append([]string{c.line("")}, lines...), true
	}
	if bearers == 1 {
		merged = append(merged, c.complete(&all[ours]))
	} else {
		ours = -1
		merged = append(merged, c.line(""))
	}
	for i := range all {
		if i != ours {
			merged = append(merged, all[i].Text)
		}
	}
	return merged, true
}

// complete adds the missing parameters to a Bearer challenge.
func (c *challenge) complete(existing *header.Challenge) string {
	scope := c.scope
	if _, found := existing.Param("scope"); found {
		scope = ""
	}
	separator := ", "
	if existing.Bare {
		separator = " "
	}
	return text.Join(existing.Text, separator, join(scope, c.metadata))
}

func join(params ...string) string {
	given := params[:0]
	for _, p := range params {
		if p != "" {
			given = append(given, p)
		}
	}
	return strings.Join(given, ", ")
}
