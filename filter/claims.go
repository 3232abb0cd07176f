package filter

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gatewarden/gatewarden/config"
)

// claims are the properties under which another filter's metadata tells who a
// request comes from; those that are not to be read are empty.
type claims struct {
	subject, tenant, tier string
	scopes, roles         string
}

func newClaims(filter string, c *config.Claims) claims {
	property := func(way []string) string {
		if len(way) == 0 {
			return ""
		}
		return "metadata\x00filter_metadata\x00" + filter + "\x00" + strings.Join(way, "\x00")
	}
	return claims{
		subject: property(c.Subject), tenant: property(c.Tenant), tier: property(c.Tier),
		scopes: property(c.Scopes), roles: property(c.Roles),
	}
}

// identity reads the metadata. Whoever is nobody costs one host call.
func (c *claims) identity(host Host) identity {
	id := identity{subject: claim(host, c.subject)}
	if c.subject != "" && id.subject == "" {
		return identity{}
	}
	id.tenant = claim(host, c.tenant)
	if id.subject == "" && id.tenant == "" {
		return identity{}
	}
	id.verified = true
	id.tier = claim(host, c.tier)
	id.scopes = claimList(host, c.scopes)
	id.roles = claimList(host, c.roles)
	return id
}

func claim(host Host, property string) string {
	if property == "" {
		return ""
	}
	return claimText(host.Property(property))
}

// claimText is a claim as text, "" if it has none. What it is must be told from its
// bytes: a string as it is, a number as eight of them, a boolean as one. Numbers
// and booleans have control characters in them, which no string has that is meant
// to name anybody; only numbers above 2^51 might not, and then pass for a string
// of their own.
func claimText(raw string) string {
	switch {
	case isText(raw):
		return strings.Clone(raw)
	case raw == "\x00":
		return "false"
	case raw == "\x01":
		return "true"
	case len(raw) == 8:
		bits := uint64(readWord(raw)) | uint64(readWord(raw[4:]))<<32
		return numberText(math.Float64frombits(bits))
	}
	return ""
}

// numberText writes a whole number. From 2^53 on, neighbours have become the same
// number on their way here, and two people would be one.
func numberText(n float64) string {
	const exact = 1 << 53
	if n != math.Trunc(n) || math.Abs(n) >= exact {
		return ""
	}
	return strconv.FormatInt(int64(n), 10)
}

// isText tells whether s is a text that has something in it and no control
// character.
func isText(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return s != "" && utf8.ValidString(s)
}

// claimList reads a claim of several values: a list, or one text with spaces
// between.
func claimList(host Host, property string) []string {
	if property == "" {
		return nil
	}
	raw := host.Property(property)
	if text := claimText(raw); text != "" {
		return divide(text, " ")
	}
	// The elements of a list come as names without values. So do the keys of an
	// object whose values are empty, but it has nothing at position 0.
	elements := ReadPairs(raw, nil)
	if len(elements) == 0 || elements[0].Name == "" || host.Property(property+"\x000") != elements[0].Name {
		return nil
	}
	var list []string
	for _, element := range elements {
		if element.Value != "" {
			return nil
		}
		if text := claimText(element.Name); text != "" {
			list = append(list, text)
		}
	}
	return list
}

// divide splits a text at any of the separators.
func divide(text, separators string) []string {
	if text == "" {
		return nil
	}
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(separators, r) })
}
