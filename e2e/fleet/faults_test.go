package fleet

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/fleet"
)

// Variants of the faults' stands.
const local, closed = "local", "closed"

var (
	shortRules = Rules{Failures: 6, Window: 4 * time.Second, Replicas: 3, Refresh: time.Second, Timeout: 200 * time.Millisecond}
	shortPace  = Pace{
		Duration: 2 * time.Second, Recovery: 30 * time.Second,
		Valid: 100 * time.Millisecond, Locked: 100 * time.Millisecond, Guess: 100 * time.Millisecond,
	}
)

// TestFaults: whatever fails, users with a right credential are served as on_error says,
// nobody waits for the service, no lockout is lost or outlives its time, and all is well
// again without help.
func TestFaults(t *testing.T) {
	t.Parallel()
	const groups = 3
	var sharing [groups][]Fault
	for i, f := range Faults(3 * time.Second) {
		if f.Setup == nil {
			sharing[i%groups] = append(sharing[i%groups], f)
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			play(t, faultStand(t, f.Setup), f)
		})
	}
	for i, faults := range sharing {
		// To bring up a stand costs more than to play a fault.
		t.Run(fmt.Sprintf("one after the other, %d", i), func(t *testing.T) {
			t.Parallel()
			s := faultStand(t, nil)
			for _, f := range faults {
				t.Run(f.Name, func(t *testing.T) { play(t, s, f) })
			}
		})
	}
}

func faultStand(t *testing.T, setup func(o *fleet.Options)) *fleet.Stand {
	t.Helper()
	return stand(t, shortRules, setup, shortRules.Filter(local, "async", "local"), shortRules.Filter(closed, "sync", "closed"))
}

func play(t *testing.T, s *fleet.Stand, f Fault) {
	outcomes, err := Play(t.Context(), s, shortRules, f, shortPace, []string{local, closed})
	require.NoError(t, err)
	for _, o := range outcomes {
		assert.Zero(t, o.Lost, o.Variant)
		assert.Zero(t, o.Outlived, o.Variant)
		// Without a bound, they would wait for as long as the fault lasts.
		assert.Less(t, quantile(o.Waits, 0.5), 250*time.Millisecond, o.Variant)
		assert.Less(t, quantile(o.Waits, 1), 1500*time.Millisecond, o.Variant)
		assert.NotEmpty(t, o.Valid)
		for status := range o.Valid {
			if o.Variant == local {
				assert.Equal(t, http.StatusOK, status, o.Unserved)
			} else {
				assert.Contains(t, []int{http.StatusOK, http.StatusServiceUnavailable}, status, o.Unserved)
			}
		}
		if o.Variant == closed && f.End != nil {
			assert.NotZero(t, o.Valid[http.StatusServiceUnavailable])
		}
		t.Logf("%s: median %s, longest %s, valid %v, guesses %d, recovered %s", o.Variant,
			quantile(o.Waits, 0.5), quantile(o.Waits, 1), o.Valid, o.Guesses, o.Recovered.Round(time.Millisecond))
	}
}
