package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// A user has 512 requests at each endpoint, from anywhere.
func TestByUser(t *testing.T) {
	s := standard(t, byUser)
	c, elsewhere := s.newCaller(t, client.HTTP1), s.newCaller(t, client.HTTP1)
	alice, bob := apiKey(service.APIKey), apiKey(service.BobsKey)
	served := admitted(t, 560, func(i int) (reply, error) {
		return []*caller{c, elsewhere}[i%2].try("GET", "/api/v1/items", "", alice)
	})
	assert.Equal(t, 512, served)
	requireOver(t, c.get(t, "/API/v1/items/?again=1", alice), "endpoint", 512)
	requireLeft(t, c.get(t, "/api/v1/whoami", alice), "endpoint", 512, 511)
	requireLeft(t, c.get(t, "/api/v1/items", bob), "endpoint", 512, 511)
}

// Whose key has expired or is not known is his address, wherever he asks.
func TestByUserFallsBackToTheAddress(t *testing.T) {
	s := standard(t, byUser)
	for name, headers := range map[string][]string{"expired": apiKey(service.CarolsKey), "invalid": apiKey("guess"), "none": nil} {
		t.Run(name, func(t *testing.T) {
			c := s.newCaller(t, client.HTTP1)
			paths := []string{"/api/v1/status/200", "/api/v1/status/201", "/api/v1/status/202"}
			served := admitted(t, 560, func(i int) (reply, error) { return c.try("GET", paths[i%3], "", headers) })
			assert.Equal(t, 512, served)
			requireOver(t, c.get(t, "/api/v1/status/204", headers), "endpoint", 512)
			assert.NotEqual(t, 429, c.get(t, "/api/v1/status/204", apiKey(service.BobsKey)).status, "a user at that address")
		})
	}
}

// A token has its own allowance once the service has accepted it. Until then it is
// its address.
func TestByToken(t *testing.T) {
	s := standard(t, byToken)
	token := apiKey(service.APIKey) // which no other test gets accepted
	c, elsewhere := s.newCaller(t, client.HTTP1), s.newCaller(t, client.HTTP1)
	requireLeft(t, c.get(t, "/api/v1/items", token), "each-token", 60, 59) // the address's
	requireLeft(t, c.get(t, "/api/v1/items", token), "each-token", 60, 59) // the token's
	assert.Equal(t, 59, admitted(t, 90, func(int) (reply, error) { return c.try("GET", "/api/v1/items", "", token) }))
	requireOver(t, elsewhere.get(t, "/api/v1/items", token), "each-token", 60)
	require.Equal(t, 401, c.get(t, "/api/v1/items").status)
	requireLeft(t, c.get(t, "/api/v1/items"), "each-token", 60, 57)
	assert.Equal(t, 57, admitted(t, 90, func(int) (reply, error) { return c.try("GET", "/api/v1/items", "") }))
	requireOver(t, c.get(t, "/api/v1/items"), "each-token", 60)
}

var (
	owner      = apiKey(service.DanasKey)
	asksToPass = []string{"X-Gatewarden-Bypass", "true"}
)

// An owner who asks for the bypass is not limited. Other users get an error, and for
// unverified callers the header is ignored.
func TestOwnersBypass(t *testing.T) {
	for _, row := range []struct {
		listener, rule string
		limit          int
	}{{byUser, "endpoint", 512}, {byToken, "each-token", 60}} {
		t.Run(row.listener, func(t *testing.T) {
			s := standard(t, row.listener)
			c, stranger := s.newCaller(t, client.HTTP1), s.newCaller(t, client.HTTP2)
			const path = "/api/v1/items"
			assert.Equal(t, row.limit, admitted(t, row.limit+20, func(int) (reply, error) { return c.try("GET", path, "", owner) }))
			requireOver(t, c.get(t, path, owner), row.rule, row.limit)
			for range 20 {
				r := c.get(t, path, owner, asksToPass)
				require.Equal(t, 200, r.status, r.body)
				require.Empty(t, r.header.Get("RateLimit"), "it is not limited")
			}
			requireOver(t, c.get(t, path, owner), row.rule, row.limit)

			requireLeft(t, stranger.get(t, path, apiKey("unknown"), asksToPass), row.rule, row.limit, row.limit-1)
			if row.listener == byUser {
				r := stranger.get(t, path, apiKey(service.BobsKey), asksToPass)
				assert.Equal(t, 428, r.status)
				assert.Contains(t, r.body, "needs a role that you do not have")
			}
		})
	}
}

// Ten requests of one user or token are in flight, and no eleventh; another one has
// its own ten.
func TestExamplesInFlight(t *testing.T) {
	t.Parallel()
	for _, example := range []string{byUser, byToken} {
		t.Run(example, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(root, "examples", example+".json"))
			require.NoError(t, err)
			c := &crowd{t: t, holder: startHolder(t), answers: make(chan answer, 100)}
			c.stage = start(t, string(text), withBootstrap(func(b *envoy.Bootstrap) error {
				return b.SetEndpoint("service", c.holder.address)
			}))
			send := func(n int, headers ...[]string) {
				for range n {
					go func() { c.answers <- c.exchange(t.Context(), client.HTTP1, "", headers...) }()
				}
			}
			send(12, owner)
			for _, a := range c.take(2) {
				assert.Equal(t, 503, a.status)
				assert.Contains(t, a.body, "currently at capacity")
				assert.Equal(t, "1", a.retryAfter)
			}
			c.awaitInside(10)
			send(1, owner, asksToPass)
			c.awaitInside(11)
			send(12) // nobody that is known: the address
			c.take(2)
			c.awaitInside(21)
			c.holder.letGo()
			for _, a := range c.take(21) {
				assert.Equal(t, 200, a.status)
			}
		})
	}
}
