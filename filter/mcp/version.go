package mcp

import (
	"strings"

	"github.com/gatewarden/gatewarden/filter/proxy"
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
// one, or something that is no version: nobody knows the rules of that one.
func versionOf(headers []proxy.Header) (v version, ok bool) {
	named := ""
	for i := range headers {
		if headers[i].Name != "mcp-protocol-version" {
			continue
		}
		value := strings.Trim(headers[i].Value, " \t")
		if named != "" || !isDate(value) {
			return version{}, false
		}
		named = value
	}
	return version{batches: named < firstWithHeader, mirrors: named >= firstWithMirrors}, true
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
