package oauth

import (
	"strings"

	"github.com/gatewarden/gatewarden/internal/ascii"
)

// authChallenge is one challenge of a WWW-Authenticate line.
type authChallenge struct {
	scheme string
	text   string // as it is in the line
	// bare challenges have neither parameters nor a token68.
	bare bool
	// opaque challenges have a token68, and so cannot have parameters.
	opaque          bool
	scope, metadata bool // has this parameter
}

// parseChallenges parses a WWW-Authenticate field line (RFC 9110 section 11.6.1). It
// reports false if the line is malformed. Commas separate both challenges and
// parameters: a token that "=" and a value follow is a parameter, and every other token
// begins a challenge.
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
	for p.at < len(p.line) && ascii.IsToken(p.line[p.at]) {
		p.at++
	}
	return p.line[start:p.at]
}

// element reads what is between two commas: a parameter of the challenge before it, or
// a challenge with its first parameter or its token68.
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

// extend makes the last challenge end here.
func (p *challengeParser) extend() bool {
	p.found[len(p.found)-1].text = p.line[p.start:p.at]
	return true
}

// token68 reads a token68. Only a comma may follow it.
func (p *challengeParser) token68() bool {
	start := p.at
	for p.at < len(p.line) && (ascii.IsUnreserved(p.line[p.at]) || p.line[p.at] == '+' || p.line[p.at] == '/') {
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
