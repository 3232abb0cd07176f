package mcp

import (
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/ascii"
)

// The versions of the protocol whose rules differ for a request. They are dates, so that
// their order is that of time.
const (
	// firstWithHeader is the first whose requests name it. A request that names none is of
	// an earlier one (MCP 2025-06-18, Transports).
	firstWithHeader = "2025-06-18"
	// firstWithMirrors is the first whose headers repeat the method and the name.
	firstWithMirrors = "2026-07-28"
)

// version is what a request's headers say of the protocol.
type version struct {
	// batches tells that the body may be an array.
	batches bool
	// mirrors tells that headers have to repeat what is in the body.
	mirrors bool
}

// versionOf reads the version of a request. It is not ok if the request names more than
// one, or something that a list of versions could be: nobody knows the rules of that one. A
// name that is no date has the rules of the newest: only the server can say which versions
// it has (MCP 2026-07-28, UnsupportedProtocolVersionError).
func versionOf(headers []proxy.Header) (v version, ok bool) {
	named, lines := "", 0
	for i := range headers {
		if headers[i].Name == "mcp-protocol-version" {
			named = ascii.TrimBlanks(headers[i].Value)
			lines++
		}
	}
	switch {
	case lines == 0:
		return version{batches: true}, true
	case lines > 1 || !isName(named):
		return version{}, false
	case !isDate(named):
		return version{mirrors: true}, true
	}
	return version{batches: named < firstWithHeader, mirrors: named >= firstWithMirrors}, true
}

// isName tells whether s is one word of letters, digits and the marks between them.
func isName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}

func isDate(s string) bool {
	if len(s) != len("2006-01-02") {
		return false
	}
	for i := 0; i < len(s); i++ {
		if dash := i == 4 || i == 7; dash != (s[i] == '-') || !dash && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}
