package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

func TestUpdates(t *testing.T) {
	t.Parallel()
	s := start(t, configuration(map[string]string{"rest": `{"failures": 4, "window": "1h"}`}))
	t.Run("a broken one is refused and changes nothing", func(t *testing.T) { brokenUpdate(t, s) })
	t.Run("a good one keeps lockouts and applies new limits", func(t *testing.T) { goodUpdate(t, s) })
}

func goodUpdate(t *testing.T, s *stage) {
	locked, counted, fresh := s.newCaller(t, client.HTTP1), s.newCaller(t, client.HTTP1), s.newCaller(t, client.HTTP1)
	locked.lock(t, 4)
	counted.fail(t, 3)

	s.update(t, configuration(map[string]string{
		"rest": `{"failures": 6, "window": "1h"}`,
		"mcp":  `{"failures": 2, "window": "1h"}`,
	}))
	for _, c := range []*caller{locked, counted, fresh} {
		c.http.CloseIdleConnections()
	}
	assert.Equal(t, 429, locked.get(t, "/api/v1/items", valid).status, "the lockout stands")
	counted.lock(t, 3) // 3 before, 3 now
	fresh.lock(t, 6)
	fresh.lockMCP(t)
	assert.Equal(t, 429, fresh.do(t, "POST", "/mcp", initialize, rpc, valid).status)
}

// Two listeners with the same configuration share a filter, and Envoy configures it
// once for each: whatever passes either of them is counted.
func TestSameConfigurationTwice(t *testing.T) {
	t.Parallel()
	config := configuration(map[string]string{"rest": `{"failures": 4, "window": "1h"}`})
	s := start(t, config)
	passed := 0
	c := s.newCaller(t, client.HTTP1)
	for range 3 {
		for range 20 {
			require.Equal(t, 200, c.get(t, "/api/v1/items", valid).status)
			passed++
		}
		s.update(t, config)
		c.http.CloseIdleConnections()
	}
	s.awaitMetric(t, float64(passed), "gatewarden_requests_total", "surface=rest", "outcome=passed")
	c.lock(t, 4)
}

func brokenUpdate(t *testing.T, s *stage) {
	locked := s.newCaller(t, client.HTTP1)
	locked.lock(t, 4)
	for name, broken := range map[string]string{
		"unknown key":   configuration(map[string]string{"rest": `{"failure": 100, "window": "1m"}`}),
		"bad duration":  configuration(map[string]string{"rest": `{"failures": 100, "window": "5x"}`}),
		"not JSON":      `{"surfaces": [`,
		"several at it": `{"surfaces": [{"name": "rest", "kind": "apo", "match": []}], "tables": {}}`,
	} {
		t.Run(name, func(t *testing.T) {
			s.bootstrap.SetPluginConfig(broken)
			var refused *envoy.Rejected
			require.ErrorAs(t, s.push(t), &refused)
			assert.NotEmpty(t, refused.Details)
			assert.Equal(t, 429, locked.get(t, "/api/v1/items", valid).status, "the lockout stands")
			s.newCaller(t, client.HTTP1).lock(t, 4) // the limit too
		})
	}
	within(t, 5*time.Second, "the violation in the log, with its place", func() bool {
		return len(s.envoy.Log.Lines("surfaces[3].lockout.window", "5x")) > 0
	})
}

func TestEnvoyDoesNotStartWithABrokenConfiguration(t *testing.T) {
	t.Parallel()
	bootstrap, err := envoy.Load(root + "/envoy.yaml")
	require.NoError(t, err)
	require.NoError(t, bootstrap.FreePorts())
	require.NoError(t, bootstrap.SetWasm(wasmPath))
	bootstrap.SetPluginConfig(`{"surface": []}`)
	process, err := envoy.Start(t.Context(), binary, envoy.Options{Bootstrap: bootstrap, Dir: t.TempDir(), WorkDir: root})
	if err == nil {
		process.Stop()
	}
	require.ErrorContains(t, err, "surface", "Envoy's log tells what is wrong")
}

// A filter that crashes fails one request; the new instance finds the counters
// as they were.
func TestTrapKeepsLockouts(t *testing.T) {
	t.Parallel()
	trapping, err := envoy.TrappingFilter(root)
	require.NoError(t, err)
	s := start(t, configuration(map[string]string{"rest": `{"failures": 3, "window": "5m"}`}),
		ownProcess, withModule(trapping), withWorkers(1),
		withBootstrap(func(b *envoy.Bootstrap) error {
			// Envoy waits a second by default before it makes a new VM.
			b.Plugin["reload_config"] = envoy.Object{"backoff": envoy.Object{"base_interval": "0.05s"}}
			return nil
		}))
	locked, counted := s.newCaller(t, client.HTTP1), s.newCaller(t, client.HTTP1)
	locked.lock(t, 3)
	counted.fail(t, 2)

	trapped := s.newCaller(t, client.HTTP1)
	r := trapped.get(t, "/api/v1/items", valid, []string{"X-Gatewarden-Trap", "1"})
	require.Equal(t, 503, r.status, "the filter did not crash")
	within(t, 10*time.Second, "a new instance of the filter", func() bool {
		return trapped.get(t, "/api/v1/items", valid).status == 200
	})
	assert.Equal(t, 429, locked.get(t, "/api/v1/items", valid).status, "the lockout stands")
	counted.lock(t, 1)
}
