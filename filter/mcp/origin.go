package mcp

import (
	"slices"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// A page can have a browser call a server that the page itself cannot reach, by a name that
// it leads to the server's address (DNS rebinding). MCP wants servers to look at Origin.

// admits tells whether a request's Origin is one that may call the server. A request without
// one comes from no page.
func (u *Rule) admits(headers []proxy.Header) bool {
	allowed := u.room.config.Origins
	if allowed == nil {
		return true
	}
	for i := range headers {
		if headers[i].Name == "origin" && !slices.Contains(allowed, headers[i].Value) {
			return false
		}
	}
	return true
}
