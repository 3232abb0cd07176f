// Package ascii has the few character functions that several rooms need. They treat
// bytes outside of ASCII as what they are: other bytes.
package ascii

import "strings"

// Lower is strings.ToLower for ASCII letters. It copies only if something changes.
func Lower(s string) string {
	for i := 0; i < len(s); i++ {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return lowerCopy(s)
		}
	}
	return s
}

func lowerCopy(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = lower(c)
	}
	return string(b)
}

// EqualFold is strings.EqualFold for ASCII letters: other characters are equal only to
// themselves.
func EqualFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// TrimBlanks returns s without the blanks and tabs around it.
func TrimBlanks(s string) string { return TrimBlanksAnd(s, ' ') }

// TrimBlanksAnd is TrimBlanks for one more character. It is one character and not a
// function, which would be called for each, because each request trims something.
func TrimBlanksAnd(s string, also byte) string {
	for len(s) > 0 && (IsBlank(s[0]) || s[0] == also) {
		s = s[1:]
	}
	for len(s) > 0 && (IsBlank(s[len(s)-1]) || s[len(s)-1] == also) {
		s = s[:len(s)-1]
	}
	return s
}

// IsBlank tells whether c is a blank or a tab, which is what may surround the values of
// header fields (RFC 9110 section 5.6.3).
func IsBlank(c byte) bool { return c == ' ' || c == '\t' }

// Unhex returns the value of a hexadecimal digit, or -1.
func Unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// IsUnreserved tells whether c never needs percent-encoding in a URI (RFC 3986
// section 2.3).
func IsUnreserved(c byte) bool {
	return isAlphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~'
}

// IsToken tells whether c may be part of a token (RFC 9110 section 5.6.2).
func IsToken(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// IsVisible tells whether s has only visible ASCII characters.
func IsVisible(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
