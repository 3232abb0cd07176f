package fleet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/fleetplan"
)

// simulated is the plan of a flood at the proxies of the lab. The time of a call is that of
// a machine with nothing else to do.
func (f Flood) simulated(rules Rules, mode fleetplan.Mode) fleetplan.Plan {
	p := fleetplan.Default()
	p.Proxies, p.Workers, p.Instances, p.Mode = f.Proxies, 2, 1, mode
	p.Limit, p.Refresh = rules.Failures, rules.Refresh.Seconds()
	p.Window, p.Seconds, p.Cold = f.Duration.Seconds(), f.Duration.Seconds(), true
	p.Honest.PerSecond, p.Guarded = 0, 0.0005
	p.Attack = fleetplan.Attack{Addresses: f.Addresses, Guesses: float64(f.PerSecond) / float64(f.Addresses), PerConnection: 1}
	return p
}

// TestSimulation: three real proxies let through as many guesses as the simulated ones that
// the plan in docs/fleet.md is made with, and make about as many calls. On a busy machine,
// calls take longer, and more is joined.
func TestSimulation(t *testing.T) {
	t.Parallel()
	require.NoError(t, AwaitWindow(t.Context(), daily.Window, 2*time.Minute))
	modes := []fleetplan.Mode{fleetplan.Async, fleetplan.First, fleetplan.Sync}
	s := stand(t, daily, nil, BeforeWall(daily.Filter("async", "async", "local")),
		BeforeWall(daily.Filter("first", "first", "local")), BeforeWall(daily.Filter("sync", "sync", "local")))
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			f := Flood{Variant: string(mode), Addresses: 60, Proxies: 3, PerSecond: 300, Duration: 8 * time.Second}
			plan := f.simulated(daily, mode)
			require.NoError(t, plan.Check())
			want := fleetplan.Run(plan)
			got, err := f.Play(t.Context(), s)
			require.NoError(t, err)
			through, calls := float64(got.Failed)/float64(f.Addresses), float64(got.Calls)/got.Took.Seconds()
			t.Logf("through %.2f, simulated %.2f; calls/s %.0f, simulated %.0f", through, want.Through.Mean(), calls, want.Calls)
			assert.InDelta(t, want.Through.Mean(), through, 1.5)
			assert.InDelta(t, 1, calls/want.Calls, 0.6)
		})
	}
}
