package request

import (
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/internal/ascii"
)

// A host also reaches the service as the client spelled it, but all usual spellings have
// one normal form: lower case, no port, no trailing dot. Anything else could be read as
// any host: one service uses the first of two Host lines and another the last, one cuts
// off a user name and another does not.
// See RATIONALE.md, "Why may an odd host be any host?"

// Host returns the normal form of an authority, without its port. It returns false if
// services may read it in several ways.
func Host(authority string) (string, bool) {
	host, port := authority, ""
	bracket := strings.IndexByte(authority, ']') + 1 // colons of an IPv6 address are inside
	if i := strings.IndexByte(authority[bracket:], ':'); i >= 0 {
		host, port = authority[:bracket+i], authority[bracket+i+1:]
	}
	if !hasOnly(port, isDigit) {
		return "", false
	}
	host = ascii.Lower(host)
	if address, found := strings.CutPrefix(host, "["); found {
		address, found = strings.CutSuffix(address, "]")
		return host, found && hasOnly(address, isOfAddress)
	}
	host = strings.TrimSuffix(host, ".")
	return host, isName(host)
}

// authorityOf returns the authority that a request target begins with, in absolute form
// or behind several slashes; "" if there is none.
func authorityOf(target string) string {
	if len(target) > 1 && target[0] == '/' && target[1] != '/' && target[1] != '\\' {
		return ""
	}
	path := asSlashes(decodeUnreserved(CutQuery(target)))
	if i := strings.Index(path, "://"); i > 0 && strings.IndexByte(path[:i], '/') < 0 {
		path = path[i+1:]
	}
	if !strings.HasPrefix(path, "//") {
		return ""
	}
	authority, _, _ := strings.Cut(strings.TrimLeft(path, "/"), "/")
	return authority
}

// HostsOf appends the readings of the request's host to into. There is more than one
// only if the path begins with the authority of another host that named lists. There is
// none if it may be any host.
func HostsOf(t *Target, named *config.Match, into []string) []string {
	host, ok := Host(t.Authority)
	if !ok {
		return into
	}
	authority := authorityOf(t.Path)
	if authority == "" {
		return append(into, host)
	}
	other, ok := Host(authority)
	switch {
	case !ok:
		return into
	case other == host || !named.NamesHost(other):
		return append(into, host)
	}
	return append(into, host, other)
}

// isName tells whether a host in lower case is a name, or an IPv4 address.
func isName(host string) bool {
	for {
		label, rest, more := strings.Cut(host, ".")
		if label == "" || !hasOnly(label, isOfLabel) {
			return false
		}
		// An A-label that encodes nothing: a decoder reads another name.
		if strings.HasPrefix(label, "xn--") && label[len(label)-1] == '-' {
			return false
		}
		if !more {
			return true
		}
		host = rest
	}
}

func hasOnly(s string, allowed func(byte) bool) bool {
	for i := 0; i < len(s); i++ {
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isOfLabel(c byte) bool { return ascii.IsUnreserved(c) && c != '~' }

func isOfAddress(c byte) bool { return ascii.Unhex(c) >= 0 || c == ':' || c == '.' }
