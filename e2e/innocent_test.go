package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// A client that presents no wrong credential is never locked out, however often the
// service refuses it. All requests are from one client, with the default limits.
func TestWhatNeverLocksOut(t *testing.T) {
	t.Parallel()
	const (
		many   = 1000
		device = "grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code="
	)
	s := start(t, configuration(nil, oauth))
	c := s.newCaller(t, client.HTTP1)
	for _, row := range []struct {
		name, method, path, body string
		headers                  [][]string
		status                   int
	}{
		{"401 without a credential", "GET", "/api/v1/items", "", nil, 401},
		{"401 of the MCP server without a credential", "POST", "/mcp", initialize, [][]string{rpc}, 401},
		{"403", "GET", "/api/v1/status/403", "", [][]string{valid}, 403},
		{"404", "GET", "/api/v1/status/404", "", [][]string{valid}, 404},
		{"413", "POST", "/api/v1/status/413", "too much", [][]string{valid}, 413},
		{"429 of the service", "GET", "/api/v1/status/429", "", [][]string{valid}, 429},
		{"500", "GET", "/api/v1/status/500", "", [][]string{valid}, 500},
		{"503", "GET", "/api/v1/status/503", "", [][]string{valid}, 503},
		{"403 of an anonymous client", "GET", "/api/v1/status/403", "", nil, 403},
		{"authorization_pending", "POST", "/oauth/token", device + service.DevicePending, [][]string{form, basic}, 400},
		{"slow_down", "POST", "/oauth/token", device + service.DeviceSlow, [][]string{form, basic}, 400},
		{"expired_token", "POST", "/oauth/token", device + service.DeviceExpired, [][]string{form, basic}, 400},
		{"unsupported_grant_type", "POST", "/oauth/token", "grant_type=magic", [][]string{form, basic}, 400},
		{"a compressed error", "POST", "/oauth/token?gzip=1", "grant_type=password", [][]string{form, basic}, 400},
		{"a page without redirect_uri", "POST", "/oauth/authorize", "user=alice", [][]string{form}, 400},
		{"a path of no surface", "GET", "/nothing", "", [][]string{wrong}, 404},
	} {
		t.Run(row.name, func(t *testing.T) {
			counts := flood(t, many, func() (reply, error) {
				return c.try(row.method, row.path, row.body, row.headers...)
			})
			assert.Equal(t, map[int]int{row.status: many}, counts)
		})
	}
	assert.Equal(t, 200, c.get(t, "/api/v1/items", valid).status)
	assert.Equal(t, 200, c.do(t, "POST", "/mcp", initialize, rpc, valid).status)
	for _, surface := range []string{"rest", "mcp", "token", "consent"} {
		assert.Zero(t, s.metric(t, "gatewarden_auth_failures_total", "surface="+surface), surface)
	}
	// The last of the counts are in, so the zeros above were not early.
	s.awaitMetric(t, many+1, "gatewarden_requests_total", "surface=mcp", "outcome=passed")
	for _, surface := range []string{"rest", "mcp", "token", "consent"} {
		assert.Zero(t, s.metric(t, "gatewarden_lockouts_total", "surface="+surface), surface)
	}
}
