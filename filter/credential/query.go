package credential

import (
	"strings"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/ascii"
	"github.com/gatewarden/gatewarden/table"
)

// targetHeader is the header with the query.
const targetHeader = ":path"

// param is a query parameter of a configured name.
type param struct {
	// name is the configured name, and key the name in the spelling of the client.
	name, key string
	// value is the value as the client wrote it.
	value string
}

// nextParam returns the first configured parameter of a query, and the rest of the
// query after it. Its name is "" if there is none. Pairs end at "&", and as services
// do not agree at ";" and "#" as well.
func (r *Reader) nextParam(query string) (p param, rest string) {
	for rest = query; rest != ""; {
		end := strings.IndexAny(rest, "&;#")
		if end < 0 {
			end = len(rest)
		}
		key, value, found := strings.Cut(rest[:end], "=")
		end = min(end+1, len(rest))
		if separator := rest[end-1 : end]; found && value == "" && (separator == ";" || separator == "#") {
			value = separator // to other services, the value goes on
		}
		rest = rest[end:]
		for _, name := range r.config.Query {
			if spells(key, name) {
				return param{name, key, value}, rest
			}
		}
	}
	return param{}, ""
}

// nextPresented returns the first parameter of a query that holds a credential.
func (r *Reader) nextPresented(query string) (p param, rest string) {
	rest = query
	for {
		if p, rest = r.nextParam(rest); p.name == "" || r.holds(&p) {
			return p, rest
		}
	}
}

// holds tells whether a parameter holds a credential.
func (r *Reader) holds(p *param) bool {
	if strings.IndexByte(p.value, '%') < 0 && strings.IndexByte(p.value, '+') < 0 {
		return p.value != "" && !isPlaceholder(p.value)
	}
	r.decoded = appendDecoded(r.decoded[:0], p.value)
	return len(r.decoded) > maxPlaceholder || !isPlaceholder(string(r.decoded))
}

func (r *Reader) appendParams(out []byte, target string) []byte {
	rest := request.Query(target)
	for {
		var p param
		if p, rest = r.nextPresented(rest); p.name == "" {
			return out
		}
		r.decoded = appendDecoded(r.decoded[:0], p.value)
		out = appendPlaced(out, "query ", p.name, string(r.decoded))
	}
}

// appendPlaced appends a credential that is not in a header of its own. No header can have
// the carrier's name, which ends in a blank.
func appendPlaced(out []byte, carrier, place, value string) []byte {
	for _, part := range [...]string{carrier, place, value} {
		out = table.AppendPart(out, part)
	}
	return out
}

// countParams counts the credentials in a query, and sets c to the last one. One that
// services may read in several ways counts twice: then the request has no single one.
func (r *Reader) countParams(target string, c *caller.Credential) (n int) {
	query := request.Query(target)
	unclear := strings.ContainsAny(query, ";#")
	for rest := query; ; {
		var p param
		p, rest = r.nextParam(rest)
		switch {
		case p.name == "" && n > 0 && unclear:
			return n + 1
		case p.name == "":
			return n
		case !r.holds(&p):
			unclear = true // a service may take this one
			continue
		}
		token, ok := p.token()
		unclear = unclear || !ok
		*c = caller.Credential{Place: p.name, Carrier: caller.InQuery, Token: token}
		n++
	}
}

// token returns the credential in a parameter. It is not ok if services may read
// another one: a plus sign is a blank to some, and a percent sign that is left may
// begin another escape.
func (p *param) token() (token string, ok bool) {
	if strings.IndexByte(p.value, '%') < 0 {
		return p.value, p.key == p.name && strings.IndexByte(p.value, '+') < 0
	}
	token = string(appendDecoded(nil, p.value)) // with a blank for a plus sign, which no token has
	return token, p.key == p.name && strings.IndexByte(token, '%') < 0
}

// appendDecoded appends a value, decoded once.
func appendDecoded(out []byte, value string) []byte {
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && isEscape(value[i+1:]):
			c = byte(ascii.Unhex(value[i+1])<<4 | ascii.Unhex(value[i+2]))
			i += 2
		}
		out = append(out, c)
	}
	return out
}

// isEscape tells whether s begins with the two digits of an escape.
func isEscape(s string) bool {
	return len(s) >= 2 && ascii.Unhex(s[0]) >= 0 && ascii.Unhex(s[1]) >= 0
}

// spells tells whether a service may take a parameter's key for a name. Some services
// disregard letter case. PHP takes "access.token" and "access token" for access_token,
// and like others "access_token[]" for a list of that name.
// See RATIONALE.md, "Why is a query parameter found in spellings that its service does
// not read?"
func spells(key, name string) bool {
	matched := 0
	for key != "" {
		c, n := keyCharacter(key)
		key = key[n:]
		switch {
		case matched == 0 && (c <= ' ' || c == '?'):
		case matched < len(name) && foldKey(c) == foldKey(name[matched]):
			matched++
		default:
			return matched == len(name) && (c == '[' || c <= ' ')
		}
	}
	return matched == len(name)
}

// keyCharacter returns the first character of a key, which is not empty, and the length
// of its spelling. A key may be decoded several times on its way, and some services know
// escapes like %u0061.
func keyCharacter(key string) (c byte, n int) {
	switch {
	case key[0] == '+':
		return ' ', 1
	case key[0] != '%':
		return key[0], 1
	}
	n = 1
	for strings.HasPrefix(key[n:], "25") {
		n += 2
	}
	if rest := key[n:]; len(rest) >= 3 && (rest[0] == 'u' || rest[0] == 'U') && rest[1:3] == "00" {
		n += 3
	}
	if !isEscape(key[n:]) {
		return '%', 1
	}
	return byte(ascii.Unhex(key[n])<<4 | ascii.Unhex(key[n+1])), n + 2
}

// foldKey makes one character of those that services take for the same one in a key.
func foldKey(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	case c == '.', c == ' ', c == '[':
		return '_'
	}
	return c
}
