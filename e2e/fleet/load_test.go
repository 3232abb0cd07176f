package fleet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/fleet"
)

// callsOfRequest: with a right credential, a request that waits for the service costs a
// call, and one that does not wait costs none, but for the first of a client at a worker.
func callsOfRequest(t *testing.T, s *fleet.Stand) {
	results, err := Load(t.Context(), s, []string{"bare", "async", "sync", "requests"}, 1, 500*time.Millisecond)
	require.NoError(t, err)
	for _, r := range results {
		calls := float64(r.Calls) / float64(len(r.Took))
		t.Logf("%s: %d requests, %.3f calls each, median %s", r.Variant, len(r.Took), calls, quantile(r.Took, 0.5))
		switch r.Variant {
		case "bare":
			assert.Zero(t, calls)
		case "async":
			assert.Less(t, calls, 1.0)
		default:
			assert.InDelta(t, 1, calls, 0.2)
		}
	}
}

// callsOfFlood: guesses of a flood share calls, and when its clients are locked out, there
// are none.
func callsOfFlood(t *testing.T, s *fleet.Stand) {
	f := Flood{Variant: "flooded", Addresses: 50, Proxies: 3, PerSecond: 3000, Duration: 1500 * time.Millisecond}
	r, err := f.Play(t.Context(), s)
	require.NoError(t, err)
	t.Logf("%+v", r)
	assert.Positive(t, r.Refused)
	assert.GreaterOrEqual(t, r.Failed, daily.Failures*f.Addresses)
	assert.Less(t, int(r.Calls), r.Failed)
}
