// Package challenge parses the challenges of WWW-Authenticate lines (RFC 9110 section
// 11.6.1), and the credentials of Authorization, which have the same form.
package challenge

import (
	"strings"

	"github.com/gatewarden/gatewarden/internal/ascii"
)

// Challenge is one challenge of a line.
type Challenge struct {
	Scheme string
	Text   string // as it is in the line
	// Bare challenges have neither parameters nor a token68.
	Bare bool
	// Opaque challenges have a token68, and so cannot have parameters.
	Opaque bool
}

// Is tells whether the challenge is of a scheme.
func (c *Challenge) Is(scheme string) bool { return strings.EqualFold(c.Scheme, scheme) }

// Token68 returns the token68 of an opaque challenge, and "" for all others.
func (c *Challenge) Token68() string {
	if !c.Opaque {
		return ""
	}
	return strings.TrimLeft(c.Text[len(c.Scheme):], " ")
}

// Param returns the value of the first parameter with a name, which has no regard to
// letter case, and whether there is one.
func (c *Challenge) Param(name string) (value string, found bool) {
	if c.Bare || c.Opaque {
		return "", false
	}
	p := parser{line: c.Text, at: len(c.Scheme)}
	for p.at < len(p.line) {
		p.skip(" \t,")
		key, value, ok := p.param()
		if !ok {
			return "", false
		}
		if strings.EqualFold(key, name) {
			return unquote(value), true
		}
	}
	return "", false
}

// unquote returns the value of a quoted-string, and a token unchanged.
func unquote(value string) string {
	if value == "" || value[0] != '"' {
		return value
	}
	value = value[1 : len(value)-1]
	if strings.IndexByte(value, '\\') < 0 {
		return value
	}
	plain := make([]byte, 0, len(value))
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) {
			i++
		}
		plain = append(plain, value[i])
	}
	return string(plain)
}

// Parse parses a line. It reports false if the line is malformed. Commas separate both
// challenges and parameters: a token that "=" and a value follow is a parameter, and
// every other token begins a challenge.
func Parse(line string) ([]Challenge, bool) {
	p := parser{line: line}
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

type parser struct {
	line  string
	at    int
	start int // of the challenge being read
	found []Challenge
}

func (p *parser) skip(set string) {
	for p.at < len(p.line) && strings.IndexByte(set, p.line[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) token() string {
	start := p.at
	for p.at < len(p.line) && ascii.IsToken(p.line[p.at]) {
		p.at++
	}
	return p.line[start:p.at]
}

// element reads what is between two commas: a parameter of the challenge before it, or
// a challenge with its first parameter or its token68.
func (p *parser) element() bool {
	start := p.at
	if _, _, ok := p.param(); ok {
		return len(p.found) > 0 && !p.last().Opaque && p.extend()
	}
	p.at = start
	scheme := p.token()
	if scheme == "" {
		return false
	}
	p.start = start
	p.found = append(p.found, Challenge{Scheme: scheme, Bare: true, Text: scheme})
	if rest := strings.TrimLeft(p.line[p.at:], " \t"); rest == "" || rest[0] == ',' {
		return true
	}
	p.skip(" ")
	if p.at == start+len(scheme) {
		return false
	}
	if p.token68() {
		p.last().Opaque = true
		return p.extend()
	}
	_, _, ok := p.param()
	return ok && p.extend()
}

func (p *parser) last() *Challenge { return &p.found[len(p.found)-1] }

// extend makes the last challenge end here.
func (p *parser) extend() bool {
	p.last().Bare = false
	p.last().Text = p.line[p.start:p.at]
	return true
}

// token68 reads a token68. Only a comma may follow it.
func (p *parser) token68() bool {
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
			return true
		}
	}
	p.at = start
	return false
}

// param reads name BWS "=" BWS ( token / quoted-string ), and returns the value as
// written. If the line has no parameter there, it reads nothing.
func (p *parser) param() (name, value string, ok bool) {
	start := p.at
	name = p.token()
	p.skip(" \t")
	if name == "" || p.at == len(p.line) || p.line[p.at] != '=' {
		p.at = start
		return "", "", false
	}
	p.at++
	p.skip(" \t")
	begin := p.at
	if !p.value() {
		p.at = start
		return "", "", false
	}
	return name, p.line[begin:p.at], true
}

func (p *parser) value() bool {
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
