package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

func apiKey(key string) []string { return []string{"X-Api-Key", key} }

// user returns the header by which the gateway names the sender of c's requests, a user
// that no other test has.
func (c *caller) user() []string { return []string{"X-User-Id", "user at " + c.address} }

func TestClassesAnonymous(t *testing.T) {
	c := standard(t, classes).newCaller(t, client.HTTP1)
	counts := flood(t, 70, func() (reply, error) { return c.try("GET", "/api/v1/items", "") })
	assert.Equal(t, map[int]int{401: 50, 429: 20}, counts)
	requireOver(t, c.do(t, "POST", "/mcp", initialize, rpc), "class", 50)
}

// A key has its own allowance once the service has accepted it, and only then.
func TestClassesKey(t *testing.T) {
	s := standard(t, classes)
	c, elsewhere := s.newCaller(t, client.HTTP1), s.newCaller(t, client.HTTP1)
	key := apiKey(service.CarolsKey)
	r := c.get(t, "/api/v1/items", key)
	require.Equal(t, 200, r.status)
	requireLeft(t, r, "class", 50, 49)
	requireLeft(t, c.get(t, "/api/v1/items", key), "class", 1000, 999)
	assert.Equal(t, 999, admitted(t, 1050, func(int) (reply, error) { return c.try("GET", "/api/v1/items", "", key) }))
	requireOver(t, elsewhere.get(t, "/api/v1/items", key), "class", 1000)
	requireLeft(t, c.get(t, "/api/v1/items", valid), "class", 50, 48)
}

func TestClassesUser(t *testing.T) {
	s := standard(t, classes)
	c, elsewhere := s.newCaller(t, client.HTTP1), s.newCaller(t, client.HTTP1)
	served := admitted(t, 5050, func(i int) (reply, error) {
		from := []*caller{c, elsewhere}[i%2]
		return from.try("GET", "/api/v1/items", "", valid, c.user())
	})
	assert.Equal(t, 5000, served)
	requireOver(t, c.do(t, "POST", "/mcp", initialize, rpc, valid, c.user()), "class", 5000)
	requireLeft(t, c.get(t, "/api/v1/items", valid, elsewhere.user()), "class", 5000, 4999)
}

// Batches have allowances of their own, of which each request takes five.
func TestClassesBatches(t *testing.T) {
	c := standard(t, classes).newCaller(t, client.HTTP1)
	for _, row := range []struct {
		path, body, rule string
		limit            int
	}{
		{"/api/v1/mcp/batch-query", `{"queries": [{"text": "hello"}]}`, "batch-query", 100},
		{"/api/v1/embeddings/batch", `{"texts": ["hello"]}`, "embeddings-batch", 200},
	} {
		for left := row.limit - 5; left >= 0; left -= 5 {
			r := c.do(t, "POST", row.path, row.body, rpc, valid, c.user())
			require.Equal(t, 200, r.status)
			requireLeft(t, r, row.rule, row.limit, left)
		}
		requireOver(t, c.do(t, "POST", row.path, row.body, rpc, valid, c.user()), row.rule, row.limit)
	}
	requireLeft(t, c.get(t, "/api/v1/items", valid, c.user()), "class", 5000, 4999)
}

// Public paths have no classes: every caller is an address, also with a key.
func TestClassesPublic(t *testing.T) {
	c := standard(t, classes).newCaller(t, client.HTTP1)
	const status = "/api/v1/status/200"
	for i, headers := range [][]string{nil, valid, apiKey(service.BobsKey), c.user(), valid} {
		requireLeft(t, c.get(t, status, headers), "public-paths", 50, 49-i)
	}
	assert.Equal(t, 45, admitted(t, 60, func(int) (reply, error) { return c.try("GET", status, "") }))
	requireOver(t, c.get(t, status, valid, c.user()), "public-paths", 50)
	requireLeft(t, c.get(t, "/api/v1/items"), "class", 50, 49)
}

func TestClassesNeverLimited(t *testing.T) {
	c := standard(t, classes).newCaller(t, client.HTTP1)
	for range 55 {
		c.get(t, "/api/v1/items")
	}
	for _, path := range []string{"/", "/health", "/docs", "/openapi.json"} {
		for range 60 {
			r := c.get(t, path)
			require.Equal(t, 200, r.status, path)
			require.Empty(t, r.header.Get("RateLimit"), path)
		}
	}
	requireOver(t, c.get(t, "/api/v1/items"), "class", 50)
}
