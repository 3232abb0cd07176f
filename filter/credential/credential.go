// Package credential reads what a request presents: credentials in the configured
// headers, cookies, query parameters and WebSocket protocols, and the account that a
// form body attempts. It verifies nothing.
//
//	credential.go  Reader: is there a credential, and the names under which it counts
//	single.go      Reader.Single: the one credential of a request
//	cookie.go      cookies as services read them
//	query.go       query parameters in every spelling that services accept
//	protocol.go    members of Sec-WebSocket-Protocol
//	placeholder.go what programs send that have no credential
//	account.go     Account: the attempted accounts in query and body, fed as it arrives
//	guess.go       Guess: all that a request presents to sign in, as one name
//	explain.go     Reader.Explain: where credentials are, for tools
package credential

import (
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/ascii"
	"github.com/gatewarden/gatewarden/table"
)

// cookieHeader is the header with the cookies.
const cookieHeader = "cookie"

// Reader reads the credentials of requests.
type Reader struct {
	config  *config.Credentials
	lengths uint64 // those of the names of all headers that may hold a credential, a bit for each
	decoded []byte // scratch: a query parameter's value
}

// New returns a reader for the configured places.
func New(c *config.Credentials) *Reader {
	r := &Reader{config: c, lengths: lengthOf(cookieHeader) | lengthOf(targetHeader) | lengthOf(protocolHeader)}
	for _, name := range c.Headers {
		r.lengths |= lengthOf(name)
	}
	return r
}

// lengthOf returns the bit of a name's length. All long names share one.
func lengthOf(name string) uint64 { return 1 << min(len(name), 63) }

// Presents tells whether a request presents a credential: a value in one of the
// configured places that is not empty. A scheme without a token is not a credential,
// and neither is a placeholder: clients that have no token yet send that.
func (r *Reader) Presents(headers []proxy.Header) bool {
	for i := range headers {
		if r.value(&headers[i]) != "" {
			return true
		}
	}
	return false
}

// OnlyInQuery tells whether a request that presents a credential has it in its query
// and nowhere else: a browser sends that with a CORS preflight, too.
func (r *Reader) OnlyInQuery(headers []proxy.Header) bool {
	for i := range headers {
		if headers[i].Name != targetHeader && r.value(&headers[i]) != "" {
			return false
		}
	}
	return true
}

// AppendPrincipal appends a name of the principal that the credentials belong to. It
// appends nothing if there are no credentials. For a Basic pair, the name has only the
// user: a later success must take back the passwords that this user mistyped, and no
// others.
func (r *Reader) AppendPrincipal(out []byte, headers []proxy.Header) []byte {
	return r.appendNames(out, headers, caller.BasicUser)
}

// AppendWhole appends a name of the credentials themselves. It appends nothing if there
// are none.
func (r *Reader) AppendWhole(out []byte, headers []proxy.Header) []byte {
	return r.appendNames(out, headers, noUser)
}

func noUser(string) (string, bool) { return "", false }

// appendNames appends each credential of a request, with its place. user returns the part
// of a header's value to use instead of the whole, if there is one.
func (r *Reader) appendNames(out []byte, headers []proxy.Header, user func(string) (string, bool)) []byte {
	for i := range headers {
		value := r.value(&headers[i])
		if value == "" {
			continue
		}
		switch r.carrier(&headers[i]) {
		case caller.InCookie:
			out = r.appendCookies(out, headers[i].Value)
			continue
		case caller.InQuery:
			out = r.appendParams(out, headers[i].Value)
			continue
		case caller.InProtocol:
			out = r.appendProtocols(out, headers[i].Value)
			continue
		}
		out = table.AppendPart(out, headers[i].Name)
		if part, ok := user(value); ok {
			out = table.AppendPart(out, "basic") // no credential is only a scheme
			value = part
		}
		out = table.AppendPart(out, value)
	}
	return out
}

func (r *Reader) appendCookies(out []byte, field string) []byte {
	for _, name := range r.config.Cookies {
		if value := cookie(field, name); value != "" {
			out = table.AppendPart(table.AppendPart(out, "cookie "+name), value)
		}
	}
	return out
}

// BasicAccount returns the user of the request's Basic credential, or "". It reads only
// the header that services read: a Basic credential elsewhere could be a decoy.
func (r *Reader) BasicAccount(headers []proxy.Header) string {
	for i := range headers {
		if headers[i].Name != caller.Authorization {
			continue
		}
		if user, ok := caller.BasicUser(r.value(&headers[i])); ok {
			return caller.Account(user)
		}
	}
	return ""
}

// DecodedAccount returns the account that a token endpoint takes a Basic user for: its
// clients write theirs as a form has it (RFC 6749 section 2.3.1). Services that do not
// decode see the user itself.
func DecodedAccount(user string) string {
	if !strings.ContainsAny(user, "%+") {
		return user
	}
	return caller.Account(string(appendDecoded(nil, user)))
}

// carrier tells what a header line holds credentials in. A header that the
// configuration names holds one itself.
func (r *Reader) carrier(h *proxy.Header) caller.Carrier {
	switch {
	case h.Name == cookieHeader:
		return caller.InCookie
	case h.Name == targetHeader:
		return caller.InQuery
	case proxy.SameHeader(h.Name, protocolHeader) && !r.isCredential(h.Name):
		return caller.InProtocol
	}
	return caller.InHeader
}

// isCredential tells whether the configuration names a header.
func (r *Reader) isCredential(header string) bool {
	for _, name := range r.config.Headers {
		if proxy.SameHeader(header, name) {
			return true
		}
	}
	return false
}

// value returns the credential in a header line, or "". Of several in a line, it
// returns the first.
func (r *Reader) value(h *proxy.Header) string {
	if r.lengths&lengthOf(h.Name) == 0 {
		return ""
	}
	switch r.carrier(h) {
	case caller.InCookie:
		return r.cookieValue(h.Value)
	case caller.InQuery:
		p, _ := r.nextPresented(request.Query(h.Value))
		return p.value
	case caller.InProtocol:
		p, _ := r.nextProtocol(h.Value)
		return p.token
	}
	if !r.isCredential(h.Name) {
		return ""
	}
	value := ascii.TrimBlanksAnd(h.Value, ',') // Envoy joins lines by commas
	if isEmptyHanded(value) {
		return ""
	}
	return value
}

func (r *Reader) cookieValue(field string) string {
	for _, name := range r.config.Cookies {
		if value := cookie(field, name); value != "" {
			return value
		}
	}
	return ""
}

// isScheme tells whether value is the name of an authentication scheme and nothing
// else.
func isScheme(value string) bool {
	switch len(value) {
	case len("dpop"):
		return ascii.EqualFold(value, "dpop")
	case len("basic"):
		return ascii.EqualFold(value, "basic")
	case len("bearer"):
		return ascii.EqualFold(value, "bearer") || ascii.EqualFold(value, "digest")
	case len("negotiate"):
		return ascii.EqualFold(value, "negotiate")
	}
	return false
}
