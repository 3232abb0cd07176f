package credential

import "strings"

// blanks are the characters that services strip from the name and value of a cookie.
const blanks = " \t\r\n"

// cookie returns the first value of a cookie in a Cookie field that is neither empty
// nor a placeholder, or "".
func cookie(field, name string) string {
	value, _ := nextCookie(field, name)
	return value
}

// nextCookie returns the first value of a cookie in a Cookie field (RFC 6265 section
// 4.2) that is neither empty nor a placeholder, and the rest of the field after it. It is lenient about
// blanks, because services are.
func nextCookie(field, name string) (value, rest string) {
	for rest = field; rest != ""; {
		var pair, key string
		pair, rest, _ = strings.Cut(rest, ";")
		key, value, _ = strings.Cut(pair, "=")
		if strings.Trim(key, blanks) != name {
			continue
		}
		if value = strings.Trim(value, blanks+`"`); value != "" && !isPlaceholder(value) {
			return value, rest
		}
	}
	return "", ""
}
