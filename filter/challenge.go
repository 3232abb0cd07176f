package filter

import (
	"strings"

	"github.com/gatewarden/gatewarden/config"
)

// challenge is what the filter adds to a 401 so that an OAuth client finds its
// way: the parameters of a Bearer challenge (RFC 6750 section 3, RFC 9728
// section 5.1). The configuration allows no character that would need quoting.
type challenge struct {
	// realm, scope and metadata are ready parameters; the first two may be
	// empty.
	realm, scope, metadata string
}

const bearer = "Bearer"

func newChallenge(o *config.OAuth) *challenge {
	c := &challenge{metadata: `resource_metadata="` + metadataURL(o.Resource) + `"`}
	if o.Realm != "" {
		c.realm = `realm="` + o.Realm + `"`
	}
	if len(o.ChallengeScope) > 0 {
		c.scope = `scope="` + strings.Join(o.ChallengeScope, " ") + `"`
	}
	return c
}

// line is the challenge as a field line of its own, with a parameter that tells an
// error, or "".
func (c *challenge) line(failure string) string {
	return bearer + " " + join(c.realm, failure, c.scope, c.metadata)
}

// merge returns the WWW-Authenticate lines that a 401 with the given ones leaves
// with, and whether they differ.
//
// Foreign challenges stay what they are. A Bearer challenge comes first, because
// some clients look no further, and on a line of its own, because a list "might
// not be interoperable" (RFC 9110 section 11.6.1).
func (c *challenge) merge(lines []string) (merged []string, changed bool) {
	var all []authChallenge
	ours, readable := -1, true
	for _, line := range lines {
		parsed, ok := parseChallenges(line)
		readable = readable && ok
		all = append(all, parsed...)
	}
	bearers := 0
	for i := range all {
		switch {
		case all[i].metadata:
			return lines, false // the service speaks for itself
		case strings.EqualFold(all[i].scheme, bearer) && !all[i].opaque:
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
			merged = append(merged, all[i].text)
		}
	}
	return merged, true
}

// complete adds what a Bearer challenge lacks to it.
func (c *challenge) complete(existing *authChallenge) string {
	scope := c.scope
	if existing.scope {
		scope = ""
	}
	separator := ", "
	if existing.bare {
		separator = " "
	}
	return existing.text + separator + join(scope, c.metadata)
}

func join(params ...string) string {
	out := ""
	for _, p := range params {
		if p == "" {
			continue
		}
		if out != "" {
			out += ", "
		}
		out += p
	}
	return out
}

// authChallenge is one challenge of a WWW-Authenticate line.
type authChallenge struct {
	scheme string
	text   string // as it stands in the line
	// bare challenges have neither parameters nor a token68.
	bare bool
	// opaque challenges have a token68, beside which no parameter can stand.
	opaque          bool
	scope, metadata bool // has this parameter
}

// parseChallenges reads a WWW-Authenticate field line (RFC 9110 section 11.6.1).
// Commas separate challenges as well as parameters: what is followed by "=" and
// a value is a parameter, anything else begins a challenge.
func parseChallenges(line string) ([]authChallenge, bool) {
	p := challengeParser{line: line}
	for {
		p.skip(" \t,")
		if p.at == len(line) {
			return p.found, true
		}
		if !p.element() {
			return nil, false
		}
		p.skip(" \t")
		if p.at < len(line) && line[p.at] != ',' {
			return nil, false
		}
	}
}

type challengeParser struct {
	line  string
	at    int
	start int // of the challenge being read
	found []authChallenge
}

func (p *challengeParser) skip(set string) {
	for p.at < len(p.line) && strings.IndexByte(set, p.line[p.at]) >= 0 {
		p.at++
	}
}

func (p *challengeParser) token() string {
	start := p.at
	for p.at < len(p.line) && isTokenChar(p.line[p.at]) {
		p.at++
	}
	return p.line[start:p.at]
}

// element reads what stands between two commas: a parameter of the challenge
// before, or a challenge with its first parameter or its token68.
func (p *challengeParser) element() bool {
	start := p.at
	if p.param() {
		return len(p.found) > 0 && !p.found[len(p.found)-1].opaque && p.extend()
	}
	p.at = start
	scheme := p.token()
	if scheme == "" {
		return false
	}
	p.start = start
	p.found = append(p.found, authChallenge{scheme: scheme, bare: true, text: scheme})
	if rest := strings.TrimLeft(p.line[p.at:], " \t"); rest == "" || rest[0] == ',' {
		return true
	}
	p.skip(" ")
	return p.at > start+len(scheme) && (p.token68() || p.param()) && p.extend()
}

// extend lets the last challenge reach up to here.
func (p *challengeParser) extend() bool {
	p.found[len(p.found)-1].text = p.line[p.start:p.at]
	return true
}

// token68 reads a token68, which nothing but a comma may follow.
func (p *challengeParser) token68() bool {
	start := p.at
	for p.at < len(p.line) && (isUnreserved(p.line[p.at]) || p.line[p.at] == '+' || p.line[p.at] == '/') {
		p.at++
	}
	if p.at > start {
		p.skip("=")
		end := p.at
		p.skip(" \t")
		if p.at == len(p.line) || p.line[p.at] == ',' {
			p.at = end
			last := &p.found[len(p.found)-1]
			last.bare, last.opaque = false, true
			return true
		}
	}
	p.at = start
	return false
}

// param reads name BWS "=" BWS ( token / quoted-string ).
func (p *challengeParser) param() bool {
	start := p.at
	name := p.token()
	p.skip(" \t")
	if name == "" || p.at == len(p.line) || p.line[p.at] != '=' {
		p.at = start
		return false
	}
	p.at++
	p.skip(" \t")
	if !p.value() {
		p.at = start
		return false
	}
	if len(p.found) > 0 {
		last := &p.found[len(p.found)-1]
		last.bare = false
		last.scope = last.scope || strings.EqualFold(name, "scope")
		last.metadata = last.metadata || strings.EqualFold(name, "resource_metadata")
	}
	return true
}

func (p *challengeParser) value() bool {
	if p.at == len(p.line) || p.line[p.at] != '"' {
		return p.token() != ""
	}
	for p.at++; p.at < len(p.line); p.at++ {
		switch p.line[p.at] {
		case '\\':
			p.at++
		case '"':
			p.at++
			return true
		}
	}
	return false
}

// isTokenChar tells the characters of a token (RFC 9110 section 5.6.2).
func isTokenChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

const wwwAuthenticate = "www-authenticate"

// completeChallenge puts the challenge on a 401, and lets a page on another
// origin read it where the service lets that page read the response.
func (f *Filter) completeChallenge(host Host, crossOrigin bool) {
	var lines []string
	readable := false
	for _, h := range host.ResponseHeaders() {
		switch h.Name {
		case wwwAuthenticate:
			lines = append(lines, h.Value)
		case "access-control-allow-origin":
			readable = true
		}
	}
	merged, changed := f.challenge.merge(lines)
	if !changed {
		return
	}
	if len(lines) > 0 {
		host.RemoveResponseHeader(wwwAuthenticate)
	}
	for _, line := range merged {
		host.AddResponseHeader(wwwAuthenticate, line)
	}
	if crossOrigin && readable {
		host.AddResponseHeader(exposeHeaders, "WWW-Authenticate")
	}
}
