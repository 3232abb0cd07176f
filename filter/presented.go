package filter

import (
	"strings"

	"github.com/gatewarden/gatewarden/config"
)

// presented is the one credential of a request.
type presented struct {
	// place is the header, by its configured name, or the cookie that holds it.
	place  string
	cookie bool
	// scheme is the word before the credential in Authorization, "" if there is
	// none.
	scheme, token string
}

// single returns the credential of a request that presents one and no other, in
// one clear form: of two, nobody here knows which one the service believes. A
// comma in a header means that its value was put together from two.
func single(c *config.Credentials, headers []Header) (p presented, ok bool) {
	n := 0
	for i := range headers {
		h := &headers[i]
		if h.Name == "cookie" {
			n += countCookies(c, h.Value, &p)
			continue
		}
		value := credentialValue(c, h)
		if value == "" {
			continue
		}
		if n++; strings.IndexByte(h.Value, ',') >= 0 {
			n++
		}
		p = presented{place: h.Name, token: value}
	}
	if n != 1 {
		return presented{}, false
	}
	if i := strings.IndexAny(p.token, " \t"); i > 0 && p.place == authorization && !p.cookie {
		p.scheme, p.token = p.token[:i], strings.Trim(p.token[i:], " \t")
	}
	return p, isVisible(p.scheme) && isVisible(p.token)
}

// countCookies counts the credentials in a Cookie field and returns the last one.
func countCookies(c *config.Credentials, field string, p *presented) (n int) {
	for _, name := range c.Cookies {
		for value, rest := nextCookie(field, name); value != ""; value, rest = nextCookie(rest, name) {
			*p = presented{place: name, cookie: true, token: value}
			n++
		}
	}
	return n
}

// isVisible tells whether a text has no character but ASCII's visible ones. With
// others around it, even with blanks of other alphabets, some services take a
// credential for the same.
func isVisible(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// appendBucket names a credential for counting: in one way, however it is spelled,
// since each spelling that a service accepts would else have an allowance of its
// own. Letters and digits in any case are what tells one from another; a lenient
// service overlooks the rest. It is not ok if the service could look at another
// part of it than is looked at here.
func appendBucket(out []byte, p *presented) (bucket []byte, ok bool) {
	if strings.EqualFold(p.scheme, "basic") {
		user, ok := pairUser(p.token)
		return appendPart(appendPart(out, "user"), plainAccount(user)), ok
	}
	if !bearsToken(p.scheme) {
		return out, false
	}
	out = appendPart(out, "token")
	token := unsigned(p.token)
	for i := 0; i < len(token); i++ {
		c := token[i]
		if c == '%' && p.cookie && i+2 < len(token) && unhex(token[i+1]) >= 0 && unhex(token[i+2]) >= 0 {
			c = byte(unhex(token[i+1])<<4 | unhex(token[i+2]))
			i += 2
		}
		switch {
		case 'A' <= c && c <= 'Z':
			out = append(out, c+'a'-'A')
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			out = append(out, c)
		}
	}
	return out, true
}

// bearsToken tells whether what follows a scheme is a token and nothing else.
func bearsToken(scheme string) bool {
	for _, known := range [...]string{"", bearer, "token", "apikey", "dpop"} {
		if strings.EqualFold(scheme, known) {
			return true
		}
	}
	return false
}

// unsigned is a JWT without its signature, of which lenient services accept several
// spellings. What it signs has one.
func unsigned(token string) string {
	if strings.HasPrefix(token, "eyJ") && strings.Count(token, ".") == 2 {
		return token[:strings.LastIndexByte(token, '.')]
	}
	return token
}
