package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

func withoutPlugin(b *envoy.Bootstrap) error {
	b.RemovePlugin()
	return nil
}

// A passing test means something only if the harness can see the difference: without the
// filter, no client is ever locked out.
func TestWithoutTheFilterGuessingIsFree(t *testing.T) {
	t.Parallel()
	s := start(t, "", withBootstrap(withoutPlugin))
	c := s.newCaller(t, client.HTTP1)
	c.fail(t, 50)
	assert.Equal(t, 200, c.get(t, "/api/v1/items", valid).status)
	assert.Equal(t, 51, s.service.SeenPath("/api/v1/items"))

	s.update(t, "") // a listener that Envoy takes
	var refused *envoy.Rejected
	s.bootstrap.HCM["stat_prefix"] = ""
	require.ErrorAs(t, s.push(t), &refused)
	assert.Contains(t, refused.Details, "StatPrefix")
	assert.Equal(t, 200, c.get(t, "/api/v1/items", valid).status, "the listener that was there serves on")
}

func TestDebugEndpointsOfTheServiceAreNotReachable(t *testing.T) {
	t.Parallel()
	s := start(t, "", withBootstrap(withoutPlugin))
	assert.Equal(t, 404, s.newCaller(t, client.HTTP1).get(t, "/debug/seen").status)
}
