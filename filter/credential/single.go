package credential

import (
	"strings"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/ascii"
)

// Single returns the credential of a request that presents exactly one, in a form that
// can be read in only one way. If there are two, the filter does not know which one the
// service believes. A comma in a header means that its value was joined from two.
//
// The scheme and the token have only visible ASCII characters: with other characters
// around it, even with blanks of other alphabets, some services take a credential for
// the same one.
func (r *Reader) Single(headers []proxy.Header) (c caller.Credential, ok bool) {
	n := 0
	for i := range headers {
		h := &headers[i]
		switch r.carrier(h) {
		case caller.InCookie:
			n += r.countCookies(h.Value, &c)
			continue
		case caller.InQuery:
			n += r.countParams(h.Value, &c)
			continue
		case caller.InProtocol:
			n += r.countProtocols(h.Value, &c)
			continue
		}
		value := r.value(h)
		if value == "" {
			continue
		}
		if n++; strings.IndexByte(h.Value, ',') >= 0 {
			n++
		}
		c = caller.Credential{Place: h.Name, Token: value}
	}
	if n != 1 {
		return caller.Credential{}, false
	}
	if i := strings.IndexAny(c.Token, " \t"); i > 0 && c.InAuthorization() {
		c.Scheme, c.Token = c.Token[:i], ascii.TrimBlanks(c.Token[i:])
	}
	return c, ascii.IsVisible(c.Scheme) && ascii.IsVisible(c.Token)
}

// countCookies counts the credentials in a Cookie field, and sets c to the last one.
func (r *Reader) countCookies(field string, c *caller.Credential) (n int) {
	for _, name := range r.config.Cookies {
		for value, rest := nextCookie(field, name); value != ""; value, rest = nextCookie(rest, name) {
			*c = caller.Credential{Place: name, Carrier: caller.InCookie, Token: value}
			n++
		}
	}
	return n
}
