package caller

import (
	"encoding/base64"
	"strings"

	"github.com/gatewarden/gatewarden/internal/ascii"
)

// Authorization is the header that HTTP itself has for credentials.
const Authorization = "authorization"

// Bearer is the scheme of RFC 6750, as challenges write it.
const Bearer = "Bearer"

// Carrier is the part of a request that holds a credential.
type Carrier uint8

// The carriers.
const (
	InHeader Carrier = iota
	InCookie
	// InQuery is a parameter of the query.
	InQuery
	// InProtocol is a member of Sec-WebSocket-Protocol.
	InProtocol
)

// Credential is the one credential that a request presents. Its strings live no
// longer than the callback in which it was read.
type Credential struct {
	// Place is the header, cookie or parameter that holds the credential, or what
	// stands before it in Sec-WebSocket-Protocol, as the Carrier tells.
	Place   string
	Carrier Carrier
	// Scheme is the word before the credential in Authorization, or "".
	Scheme, Token string
}

// IsBearer tells whether it is a bearer token in Authorization.
func (c *Credential) IsBearer() bool {
	return c.InAuthorization() && strings.EqualFold(c.Scheme, Bearer)
}

// InAuthorization tells whether the credential is in the header Authorization, and not in
// a cookie or parameter of that name.
func (c *Credential) InAuthorization() bool {
	return c.Place == Authorization && c.Carrier == InHeader
}

// BasicUser returns the user of the value of an Authorization header with the scheme
// Basic (RFC 7617 section 2).
func BasicUser(value string) (user string, ok bool) {
	const scheme = "basic "
	if len(value) < len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
		return "", false
	}
	return PairUser(strings.Trim(value[len(scheme):], " "))
}

// PairUser returns the user of a Base64-encoded pair of user and password.
func PairUser(encoded string) (user string, ok bool) {
	pair, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", false
	}
	user, _, ok = strings.Cut(string(pair), ":")
	return user, ok
}

// Account returns the one form of an account's name. Services that ignore letter case
// and surrounding spaces must not make several accounts of one.
func Account(name string) string { return ascii.Lower(strings.TrimSpace(name)) }
