// Package claim has the rules for the texts in claims, which all identity sources
// share. Sources receive claims in different encodings, but a caller must have the same
// name whichever source verified it.
package claim

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/table"
)

// IsText tells whether s can name something: it is not empty, is valid UTF-8, and has
// no ASCII control character.
func IsText(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return s != "" && utf8.ValidString(s)
}

// Number returns the decimal digits of a whole number. It returns "" for a fraction,
// and for numbers from 2^53 on: neighbouring integers have become the same float64
// there, and two callers would share one name.
func Number(n float64) string {
	const exact = 1 << 53
	if n != math.Trunc(n) || math.Abs(n) >= exact {
		return ""
	}
	return strconv.FormatInt(int64(n), 10)
}

// Split splits a text at any of the separators. It leaves out empty parts.
func Split(text, separators string) []string {
	if text == "" {
		return nil
	}
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(separators, r) })
}

// AppendName appends the name of an identity, which is its subject and tenant. Its hash
// is the [caller.Identity.Credential] of an identity that is known by name.
func AppendName(out []byte, id *caller.Identity) []byte {
	return table.AppendPart(table.AppendPart(append(out, "name"...), id.Subject), id.Tenant)
}

// SameAudience tells whether two audiences name the same resource. They are compared
// letter by letter, but for what names no other resource: a slash at the end, and the
// letter case of scheme and host (RFC 3986 section 6.2.2.1).
func SameAudience(a, b string) bool {
	a, b = strings.TrimSuffix(a, "/"), strings.TrimSuffix(b, "/")
	if a == b || len(a) != len(b) {
		return a == b
	}
	end := authorityEnd(a)
	return end == authorityEnd(b) && a[end:] == b[end:] && equalFold(a[:end], b[:end])
}

// authorityEnd returns the length of a URL up to its path; 0 if it has no authority.
func authorityEnd(url string) int {
	start := strings.Index(url, "://")
	if start < 0 || strings.ContainsAny(url[:start], "/?#") {
		return 0
	}
	start += len("://")
	if end := strings.IndexAny(url[start:], "/?#"); end >= 0 {
		return start + end
	}
	return len(url)
}

// equalFold compares two texts of the same length without regard to the case of ASCII
// letters. Others have none in a host.
func equalFold(a, b string) bool {
	for i := 0; i < len(a); i++ {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
