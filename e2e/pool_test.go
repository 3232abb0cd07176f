package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// TestBorrowedEnvoyRemembersNothing: tests that have an Envoy one after the other do not
// see each other's lockouts, counts, log lines, listeners or clusters.
func TestBorrowedEnvoyRemembersNothing(t *testing.T) {
	const listener, cluster = "another", "elsewhere"
	// No other test at this time has an Envoy with so many workers.
	workers := withWorkers(8)
	address := client.NewAddress()
	var lent *envoy.Process
	t.Run("one test", func(t *testing.T) {
		s := start(t, fourAnHour, workers, withListener(listener, fourAnHour, nil), withBootstrap(func(b *envoy.Bootstrap) error {
			return b.AddCluster(cluster, "127.0.0.1:1")
		}))
		s.callerFrom(t, address, client.HTTP1).lock(t, 4)
		s.awaitMetric(t, 4, "gatewarden_auth_failures_total", "surface=rest")
		assert.NotEmpty(t, s.envoy.Log.Lines("gatewarden:", address))
		assert.NotEmpty(t, s.envoy.Access.Lines(address))
		assert.Positive(t, s.membership(t, cluster))
		lent = s.envoy
	})
	t.Run("the next", func(t *testing.T) {
		s := start(t, fourAnHour, workers)
		require.Same(t, lent, s.envoy)
		assert.Empty(t, s.envoy.Log.Lines("gatewarden:", address))
		assert.Empty(t, s.envoy.Access.Lines(address))
		_, err := s.envoy.ListenerAddress(t.Context(), listener)
		assert.ErrorContains(t, err, listener)
		assert.Zero(t, s.membership(t, cluster))
		assert.Zero(t, s.metric(t, "gatewarden_auth_failures_total", "surface=rest"))
		s.callerFrom(t, address, client.HTTP1).lock(t, 4)
		s.awaitMetric(t, 4, "gatewarden_auth_failures_total", "surface=rest")
	})
}

// membership is how many hosts Envoy knows of a cluster.
func (s *stage) membership(t *testing.T, cluster string) uint64 {
	t.Helper()
	name := "cluster." + cluster + ".membership_total"
	stats, err := s.envoy.Stats(t.Context(), name)
	require.NoError(t, err)
	return stats[name]
}
