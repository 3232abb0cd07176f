package config

import "strconv"

// Credentials names where a request carries a credential.
type Credentials struct {
	// Headers in lower case.
	Headers []string
	// Cookies by name, letter case as given.
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

// maxFieldName is what the filter keeps of a form field's name.
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
