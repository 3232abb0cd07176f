package e2e

import (
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

// ok is a path at which the service answers 200 to anybody, and unknown one at which
// it answers 404.
const (
	ok      = "/api/v1/status/200"
	unknown = "/api/v1/status/404"
)

func quotas(rules string) string { return configuration(hourly, `"quotas": [`+rules+`]`) }

// TestQuotasAreExact: requests that come at once, to all workers, get what the limit
// says and not one more.
func TestQuotasAreExact(t *testing.T) {
	t.Parallel()
	const n, limit = 1500, 500
	for _, workers := range []int{2, 8} {
		s := start(t, "", withWorkers(workers))
		for _, row := range []struct{ name, rules string }{
			{"fixed", `{"name": "fixed", "per": ["client"], "limit": 500, "window": "1h"}`},
			{"sliding", `{"name": "sliding", "per": ["client"], "limit": 500, "window": "1h", "algorithm": "sliding_window"}`},
			{"gcra", `{"name": "gcra", "per": ["client"], "limit": 500, "window": "1h", "algorithm": "gcra"}`},
			{"several", `{"name": "several", "per": ["client"], "limit": 600, "window": "1h"},
				{"name": "narrow", "per": ["client", "path"], "limit": 500, "window": "1d"},
				{"name": "day", "per": ["client"], "limit": 700, "window": "1d", "algorithm": "sliding_window"}`},
		} {
			t.Run(fmt.Sprintf("%s, %d workers", row.name, workers), func(t *testing.T) {
				s.update(t, quotas(row.rules))
				callers := []*caller{s.newCaller(t, client.HTTP1), s.newCaller(t, client.HTTP2)}
				for _, c := range callers {
					before, began := s.service.SeenPath(ok), time.Now()
					counts := flood(t, n, func() (reply, error) { return c.try("GET", ok, "") })
					// What gcra gives back meanwhile, and so may the others.
					most := limit + int(limit*time.Since(began)/time.Hour)
					assert.GreaterOrEqual(t, counts[200], limit)
					assert.LessOrEqual(t, counts[200], most)
					assert.Equal(t, n, counts[200]+counts[429])
					assert.Equal(t, counts[200], s.service.SeenPath(ok)-before)
				}
				assert.Equal(t, 429, callers[0].get(t, ok).status)
			})
		}
	}
}

// TestQuotasWindowAfterWindow: under a load that does not end, each window admits
// the limit, from its first request to the millisecond.
func TestQuotasWindowAfterWindow(t *testing.T) {
	t.Parallel()
	const limit = 50
	s := start(t, "", withWorkers(2))
	for _, row := range []struct {
		algorithm string
		// The most and the least that may pass within that many seconds.
		most, least func(seconds float64) int
	}{
		// A window begins with a request, so that as many begin as seconds have.
		{"fixed_window", func(d float64) int { return limit * (int(d) + 1) }, func(d float64) int { return limit * int(d) }},
		{"sliding_window", func(d float64) int { return limit * (int(d) + 2) }, func(d float64) int { return limit * int(d-1) }},
		{"gcra", func(d float64) int { return int(limit * (1 + d)) }, func(d float64) int { return int(limit * d) }},
	} {
		t.Run(row.algorithm, func(t *testing.T) {
			s.update(t, quotas(`{"name": "`+row.algorithm+`", "per": ["client"], "limit": 50, "window": "1s", "algorithm": "`+row.algorithm+`"}`))
			c := s.newCaller(t, client.HTTP1)
			began := time.Now()
			admitted := 0
			for time.Since(began) < 3*time.Second {
				admitted += flood(t, 1000, func() (reply, error) { return c.try("GET", ok, "") })[200]
			}
			seconds := time.Since(began).Seconds()
			assert.LessOrEqual(t, admitted, row.most(seconds), "in %.3f s", seconds)
			assert.GreaterOrEqual(t, admitted, row.least(seconds-0.2), "in %.3f s", seconds)
		})
	}
}

// TestMadeUpTokens: a client that makes up a token for each request has one bucket, that
// of its address, and leaves nothing behind. A verified user behind the same address has
// its own. GATEWARDEN_TOKENS is the number of tokens; a million takes minutes.
func TestMadeUpTokens(t *testing.T) {
	t.Parallel()
	n, limit := 20_000, 50
	if many := os.Getenv("GATEWARDEN_TOKENS"); many != "" {
		var err error
		n, err = strconv.Atoi(many)
		require.NoError(t, err)
	}
	s := start(t, configuration(hourly, `"identity": [
			{"source": "headers", "subject": "x-user-id", "default_tier": "user"}, {"source": "accepted", "for": "1h", "default_tier": "key"}],
		"quotas": [{"name": "plan", "per": ["credential"], "limits": {"user": 100, "key": 80, "default": 50}, "window": "1h"}]`), ownProcess)
	c := s.newCaller(t, client.HTTP1)
	warm := func(i int) []string { return []string{"Authorization", fmt.Sprintf("Bearer made-up-%d", i)} }
	for i := range 1000 {
		c.get(t, "/healthz", warm(-i))
	}
	memory, err := s.envoy.Memory(t.Context())
	require.NoError(t, err)

	var next atomic.Int64
	counts := flood(t, n, func() (reply, error) { return c.try("GET", unknown, "", warm(int(next.Add(1)))) })
	assert.Equal(t, map[int]int{404: limit, 429: n - limit}, counts)
	assert.Equal(t, limit, s.service.SeenPath(unknown))
	after, err := s.envoy.Memory(t.Context())
	require.NoError(t, err)
	t.Logf("%d made-up tokens: Envoy's memory grew by %d bytes", n, after-memory)
	assert.Less(t, after-memory, int64(1_000_000), "bytes that Envoy grew by")
	s.awaitMetric(t, float64(n), "gatewarden_quota_unverified_total", "rule=plan")
	s.awaitMetric(t, 0, "gatewarden_quota_table_evictions_total")
	assert.Equal(t, 429, c.get(t, ok).status, "the address has nothing left")

	for i := range 100 {
		r := c.get(t, ok, []string{"X-User-Id", "ann"}, warm(i))
		require.Equal(t, 200, r.status, "request %d of a verified user", i+1)
		require.Equal(t, strconv.Itoa(99-i), r.header.Get("X-RateLimit-Remaining"))
	}
	assert.Equal(t, 429, c.get(t, ok, []string{"X-User-Id", "ann"}).status)

	// A token that the service accepts for another address has a bucket of its
	// own, from anywhere.
	other := s.newCaller(t, client.HTTP1)
	assert.Equal(t, "49", other.get(t, "/api/v1/items", valid).header.Get("X-RateLimit-Remaining"), "not accepted yet")
	assert.Equal(t, "79", other.get(t, "/api/v1/items", valid).header.Get("X-RateLimit-Remaining"))
	assert.Equal(t, "78", c.get(t, "/api/v1/items", valid).header.Get("X-RateLimit-Remaining"))
}
