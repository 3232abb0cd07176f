package config

import (
	"strconv"
	"strings"
)

// Credentials names the places in which a request carries a credential. On
// surfaces of the kinds api and mcp, only a request with a credential can fail: a
// 401 without one is how OAuth discovery begins.
type Credentials struct {
	// Headers that carry a credential, in lower case. Default: authorization and
	// x-api-key. Danger: guesses in any other header are not counted.
	Headers []string
	// Cookies that carry a credential, by name, with their letter case. Default:
	// none. Danger: guesses in any other cookie are not counted.
	Cookies []string
	// Query lists the query parameters that carry a credential. They are found in
	// every spelling that services accept. Default: access_token and api_key.
	// Danger: guesses in any other parameter are not counted.
	Query []string
	// WebSocketProtocols lists what stands before a credential in
	// Sec-WebSocket-Protocol, where pages send it because they can set no other
	// header of a WebSocket. Default: "bearer." and the prefix of Kubernetes.
	// Danger: guesses after any other prefix are not counted.
	WebSocketProtocols []string
}

var oneCredentials Credentials

var credentialsFields = table[Credentials]{&oneCredentials, []field[Credentials]{
	{key: "headers", as: &textList{into: &oneCredentials.Headers, each: headerName, what: "x-api-key"}},
	{key: "cookies", as: &textList{into: &oneCredentials.Cookies, each: cookieName}},
	{key: "query", as: &list{&oneCredentials.Query, readParameters}},
	{key: "websocket_protocols", as: &textList{into: &oneCredentials.WebSocketProtocols, each: protocol}},
}}

func defaultCredentials() Credentials {
	return Credentials{
		Headers: []string{"authorization", "x-api-key"},
		Query:   []string{"access_token", "api_key"},
		// See RATIONALE.md, "Why may a token be a WebSocket protocol of its own?"
		WebSocketProtocols: []string{"bearer.", "base64url.bearer.authorization.k8s.io."},
	}
}

// maxPlace is the longest name of a parameter, and the longest prefix in
// Sec-WebSocket-Protocol, in bytes.
const maxPlace = 64

// readParameters reads the names of query parameters. Letter case does not tell them
// apart.
func readParameters(v *value) []string {
	list := v.texts(parameter, "")
	for i, text := range list {
		for _, other := range list[:i] {
			if text != other && strings.EqualFold(text, other) {
				v.at(i).repeated(quote(text) + " in another letter case")
			}
		}
	}
	return list
}

func parameter(v *value, text, _ string) string {
	if !isParameter(text) {
		v.bad(`%q is not a query parameter; write 1 to %s letters, digits, "-", ".", "_" and "~", for example "api_key"`, text, strconv.Itoa(maxPlace))
		return ""
	}
	return text
}

func isParameter(text string) bool {
	for i := 0; i < len(text); i++ {
		if !isAlphanumeric(text[i]) && strings.IndexByte("-._~", text[i]) < 0 {
			return false
		}
	}
	return text != "" && len(text) <= maxPlace
}

func cookieName(v *value, text, _ string) string {
	if !isToken(text) {
		v.bad(`%q is not a cookie name; write for example "session"`, text)
		return ""
	}
	return text
}

func protocol(v *value, text, _ string) string {
	if !isToken(text) || len(text) > maxPlace {
		v.bad(`%q is not the begin of a WebSocket protocol; write 1 to %s characters without blanks, commas and quotes, for example "bearer."`, text, strconv.Itoa(maxPlace))
		return ""
	}
	return text
}

// maxFieldName is the longest name of a form field, in bytes, that the filter
// keeps.
const maxFieldName = 64

// defaultAccountFields returns the fields of RFC 6749 or, for a login, those of the
// frameworks: Django, Flask, Spring and Passport have username, Laravel and better-auth
// email, Dex and oidc-provider login, Devise user[email].
func defaultAccountFields(kind Kind) []string {
	if kind == KindLogin {
		return []string{"username", "email", "login", "user.email"}
	}
	return []string{"username", "client_id"}
}

func accountField(v *value, text, _ string) string {
	if text == "" || len(text) > maxFieldName {
		v.bad(`%q is not a form field; write 1 to %s characters, for example "email"`, text, strconv.Itoa(maxFieldName))
		return ""
	}
	if strings.HasPrefix(text, ".") || strings.HasSuffix(text, ".") || strings.Contains(text, "..") {
		v.bad(`%q has an empty name in its path; write for example "user.email"`, text)
		return ""
	}
	return text
}

func (c *Credentials) warn(warn *warnings) {
	if len(c.Headers)+len(c.Cookies)+len(c.Query)+len(c.WebSocketProtocols) == 0 {
		warn.add(at("credentials"), "lists no place, so that no request carries a credential and surfaces of kind api "+
			"and mcp count no failure; name the header, cookie or parameter that the service reads")
	}
}
