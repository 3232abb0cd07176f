package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
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
