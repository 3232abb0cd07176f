package e2e

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

// tenant returns the headers by which the gateway names the sender of c's requests, a
// tenant that no other test has.
func (c *caller) tenant(tier string) []string {
	return []string{"X-Tenant-Id", "tenant at " + c.address, "X-Tier", tier}
}

// every is a request of each kind that a surface of the examples has.
var every = []struct{ name, method, path, body string }{
	{"initialize", "POST", "/mcp", initialize},
	{"tools/list", "POST", "/mcp", `{"jsonrpc":"2.0","id":2,"method":"tools/list"}`},
	{"ping", "POST", "/mcp", `{"jsonrpc":"2.0","id":3,"method":"ping"}`},
	{"a batch", "POST", "/mcp", `[{"jsonrpc":"2.0","id":4,"method":"ping"}]`},
	{"what is no JSON", "POST", "/mcp", `ping`},
	{"the stream", "GET", "/mcp", ""},
	{"the end of a session", "DELETE", "/mcp", ""},
	{"below the MCP server", "POST", "/mcp/x", initialize},
	{"the REST alias", "POST", "/api/v1/mcp/query", `{"text": "hello"}`},
	{"GET", "GET", "/api/v1/items", ""},
	{"HEAD", "HEAD", "/api/v1/items", ""},
	{"POST", "POST", "/api/v1/items", "{}"},
	{"PUT", "PUT", "/api/v1/items", "{}"},
	{"PATCH", "PATCH", "/api/v1/items", "{}"},
	{"DELETE", "DELETE", "/api/v1/items", ""},
	{"OPTIONS", "OPTIONS", "/api/v1/items", ""},
	{"a path that is not there", "GET", "/api/v1/nothing", ""},
	{"the surface itself", "GET", "/api/v1", ""},
}

// The request after a tier's last is refused, whatever all of them are.
func TestTiersOnEveryMethodAndPath(t *testing.T) {
	s := standard(t, tiers)
	for _, row := range every {
		t.Run(row.name, func(t *testing.T) {
			c := s.newCaller(t, client.HTTP1)
			for i := range 20 {
				r := c.do(t, row.method, row.path, row.body, rpc, valid, c.tenant("free"))
				require.NotEqual(t, 429, r.status)
				requireLeft(t, r, "plan", 20, 19-i)
			}
			reached := s.service.Seen()
			for _, next := range every {
				requireOver(t, c.do(t, next.method, next.path, next.body, rpc, valid, c.tenant("free")), "plan", 20)
			}
			assert.Equal(t, reached, s.service.Seen())
		})
	}
}

// Each tier has its limit to the request, with two workers.
func TestTiersExactly(t *testing.T) {
	s := standard(t, tiers)
	for tier, limit := range map[string]int{"free": 20, "hobby": 60, "pro": 300, "enterprise": 1000, "": 20, "gold": 20, "FREE": 20} {
		c := s.newCaller(t, client.HTTP1)
		served := admitted(t, limit+40, func(int) (reply, error) {
			return c.try("GET", "/api/v1/items", "", valid, c.tenant(tier))
		})
		assert.Equal(t, limit, served, "tier %q", tier)
		requireOver(t, c.get(t, "/api/v1/items", valid, c.tenant(tier)), "plan", limit)
		r := c.get(t, "/api/v1/items", valid)
		require.Equal(t, 200, r.status, "without a tenant it is the address")
		requireLeft(t, r, "plan", 20, 19)
	}
}

// The headers are on every response, from whichever side.
func TestTiersTellOnEveryResponse(t *testing.T) {
	s := standard(t, tiers)
	c := s.newCaller(t, client.HTTP1)
	left := 20
	for _, status := range []int{200, 204, 301, 400, 402, 403, 404, 413, 429, 500, 503} {
		left--
		r := c.get(t, fmt.Sprintf("/api/v1/status/%d", status), c.tenant("free"))
		require.Equal(t, status, r.status)
		requireLeft(t, r, "plan", 20, left)
		require.Empty(t, r.header.Get("Retry-After"))
	}
	r := c.get(t, "/api/v1/items", wrong, c.tenant("free"))
	require.Equal(t, 401, r.status)
	requireLeft(t, r, "plan", 20, left-1)
}

// A request beyond the rate limit does not reach a service that charges credits.
func TestTiersRateBeforeCredit(t *testing.T) {
	s := standard(t, tiers)
	c := s.newCaller(t, client.HTTP1)
	counts := flood(t, 30, func() (reply, error) { return c.try("GET", "/api/v1/status/402", "", c.tenant("free")) })
	assert.Equal(t, map[int]int{402: 20, 429: 10}, counts)
	requireOver(t, c.get(t, "/api/v1/status/402", c.tenant("free")), "plan", 20)
}

// Envoy's own replies have the headers, too: here there is no service.
func TestTiersWithResetAsTime(t *testing.T) {
	c := standard(t, tiersEpoch).newCaller(t, client.HTTP1)
	for i := range 21 {
		r := c.get(t, "/api/v1/items", valid, c.tenant("free"))
		said := rateLimit.FindStringSubmatch(r.header.Get("RateLimit"))
		require.NotNil(t, said)
		delta, err := strconv.Atoi(said[3])
		require.NoError(t, err)
		reset := time.Unix(int64(number(t, r, "X-RateLimit-Reset")), 0)
		seconds := func(n int) time.Duration { return time.Duration(n) * time.Second }
		require.WithinRange(t, reset, r.began.Add(seconds(delta-1)), r.ended.Add(seconds(delta+1)))
		if i < 20 {
			require.Equal(t, 503, r.status)
			continue
		}
		require.Equal(t, 429, r.status)
		back := r.ended.Add(seconds(number(t, r, "Retry-After")))
		require.False(t, back.Before(reset), "Retry-After leads to %s, the reset is at %s", back, reset)
	}
}

func TestTiersWithoutXRateLimit(t *testing.T) {
	c := standard(t, tiersOff).newCaller(t, client.HTTP1)
	for i := range 21 {
		r := c.get(t, "/api/v1/items", valid, c.tenant("free"))
		require.Equal(t, i == 20, r.status == 429)
		require.Regexp(t, rateLimit, r.header.Get("RateLimit"))
		for name := range r.header {
			require.NotContains(t, name, "X-Ratelimit")
		}
	}
}
