package filter

import (
	"encoding/base64"
	"strings"

	"github.com/gatewarden/gatewarden/config"
)

const authorization = "authorization"

// presents tells whether a request carries a credential: a non-empty value in
// one of the configured headers or cookies. A scheme without a token is none:
// that is what a client sends before it has one.
func presents(c *config.Credentials, headers []Header) bool {
	for i := range headers {
		if credentialValue(c, &headers[i]) != "" {
			return true
		}
	}
	return false
}

// principal names who presents the credentials apart from all others. Of a Basic
// pair it takes the user alone: a later success shall take back that user's own
// mistyped passwords, and nobody else's.
func principal(c *config.Credentials, headers []Header, out []byte) []byte {
	return nameCredentials(c, headers, out, basicUser)
}

// wholeCredential names the presented credentials themselves.
func wholeCredential(c *config.Credentials, headers []Header, out []byte) []byte {
	return nameCredentials(c, headers, out, func(string) (string, bool) { return "", false })
}

// nameCredentials appends the credentials of a request, each with its place. user
// takes the part of one that stands for the whole.
func nameCredentials(c *config.Credentials, headers []Header, out []byte, user func(string) (string, bool)) []byte {
	for i := range headers {
		value := credentialValue(c, &headers[i])
		if value == "" {
			continue
		}
		if headers[i].Name == "cookie" {
			out = appendCookies(c, headers[i].Value, out)
			continue
		}
		out = appendPart(out, headers[i].Name)
		if part, ok := user(value); ok {
			out = appendPart(out, "basic") // no credential is a mere scheme
			value = part
		}
		out = appendPart(out, value)
	}
	return out
}

func appendCookies(c *config.Credentials, field string, out []byte) []byte {
	for _, name := range c.Cookies {
		if value := cookie(field, name); value != "" {
			out = appendPart(appendPart(out, "cookie "+name), value)
		}
	}
	return out
}

// appendPart appends a string with its length, so that no two sequences of
// parts are the same bytes.
func appendPart(out []byte, part string) []byte {
	n := len(part)
	out = append(out, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	return append(out, part...)
}

func credentialValue(c *config.Credentials, h *Header) string {
	if h.Name == "cookie" {
		for _, name := range c.Cookies {
			if value := cookie(h.Value, name); value != "" {
				return value
			}
		}
		return ""
	}
	for _, name := range c.Headers {
		if sameHeader(h.Name, name) {
			value := strings.Trim(h.Value, " \t,")
			if isScheme(value) {
				return ""
			}
			return value
		}
	}
	return ""
}

// sameHeader tells whether a service may take a header for the one of the given
// name. Those that go through CGI-like interfaces read X_Api_Key as X-Api-Key.
func sameHeader(header, name string) bool {
	if len(header) != len(name) {
		return false
	}
	for i := 0; i < len(name); i++ {
		if header[i] != name[i] && (header[i] != '_' || name[i] != '-') {
			return false
		}
	}
	return true
}

// isScheme tells whether value is the name of an authentication scheme and
// nothing else.
func isScheme(value string) bool {
	switch len(value) {
	case len("dpop"):
		return strings.EqualFold(value, "dpop")
	case len("basic"):
		return strings.EqualFold(value, "basic")
	case len("bearer"):
		return strings.EqualFold(value, "bearer") || strings.EqualFold(value, "digest")
	case len("negotiate"):
		return strings.EqualFold(value, "negotiate")
	}
	return false
}

// basicUser returns the user of a Basic credential (RFC 7617 section 2).
func basicUser(value string) (string, bool) {
	const scheme = "basic "
	if len(value) < len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
		return "", false
	}
	return pairUser(strings.Trim(value[len(scheme):], " "))
}

// pairUser returns the user of an encoded pair of user and password.
func pairUser(encoded string) (string, bool) {
	pair, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", false
	}
	user, _, found := strings.Cut(string(pair), ":")
	return user, found
}

// basicAccount returns the user of a request's Basic credential. It looks at the
// one header that services look at: elsewhere it could only be a decoy.
func basicAccount(c *config.Credentials, headers []Header) string {
	for i := range headers {
		if headers[i].Name != authorization {
			continue
		}
		if user, ok := basicUser(credentialValue(c, &headers[i])); ok {
			return plainAccount(user)
		}
	}
	return ""
}

// blanks are what services strip around a cookie's name and value.
const blanks = " \t\r\n"

// cookie returns the first value of a cookie in a Cookie field that is not empty.
func cookie(field, name string) string {
	value, _ := nextCookie(field, name)
	return value
}

// nextCookie returns the first value of a cookie in a Cookie field (RFC 6265
// section 4.2) that is not empty, and what is behind it. Services are lenient about
// blanks, so this is, too.
func nextCookie(field, name string) (value, rest string) {
	for rest = field; rest != ""; {
		var pair, key string
		pair, rest, _ = strings.Cut(rest, ";")
		key, value, _ = strings.Cut(pair, "=")
		if strings.Trim(key, blanks) != name {
			continue
		}
		if value = strings.Trim(value, blanks+`"`); value != "" {
			return value, rest
		}
	}
	return "", ""
}
