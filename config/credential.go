package config

import "strconv"

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
}

var credentialsFields = []field[Credentials]{
	{key: "headers", read: func(v value, c *Credentials) { c.Headers = readHeaderNames(v, "x-api-key") }},
	{key: "cookies", read: func(v value, c *Credentials) {
		c.Cookies = v.texts(func(item value, text string) string {
			if !isToken(text) {
				item.bad(quote(text) + ` is not a cookie name; write for example "session"`)
				return ""
			}
			return text
		})
	}},
}

func defaultCredentials() Credentials {
	return Credentials{Headers: []string{"authorization", "x-api-key"}}
}

// maxFieldName is the longest name of a form field, in bytes, that the filter
// keeps.
const maxFieldName = 64

func defaultAccountFields() []string { return []string{"username", "client_id"} }

func readAccountFields(v value) []string {
	v.refuseEmpty(`write for example ["email"]`)
	return v.texts(func(item value, text string) string {
		if text == "" || len(text) > maxFieldName {
			item.bad(quote(text) + " is not a form field; write 1 to " + strconv.Itoa(maxFieldName) + ` characters, for example "email"`)
			return ""
		}
		return text
	})
}

func (c *Credentials) warn(warn func(path, message string)) {
	if len(c.Headers)+len(c.Cookies) == 0 {
		warn("credentials", "names nothing, so that no request carries a credential and surfaces of kind api "+
			"and mcp count no failure; name the header or cookie that the service reads")
	}
}
