package fleet

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFaults: whatever fails, users with a right credential are served as on_error says,
// nobody waits for the service, no lockout is lost or outlives its time, and all is well
// again without help.
func TestFaults(t *testing.T) {
	t.Parallel()
	rules := Rules{Failures: 6, Window: 10 * time.Second, Replicas: 3, Refresh: time.Second}
	pace := Pace{
		Duration: 2 * time.Second, After: 0, Recovery: 30 * time.Second,
		Valid: 100 * time.Millisecond, Locked: 200 * time.Millisecond, Guess: 100 * time.Millisecond,
	}
	const local, closed = "local", "closed"
	for _, f := range Faults(5 * time.Second) {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			s := stand(t, rules, f.Setup, rules.Filter(local, "async", "local"), rules.Filter(closed, "sync", "closed"))
			awaitWindow(t, rules.Window, rules.Window-time.Second)
			outcomes, err := Play(t.Context(), s, rules, f, pace, []string{local, closed})
			require.NoError(t, err)
			for _, o := range outcomes {
				assert.Zero(t, o.Lost, o.Variant)
				assert.Zero(t, o.Outlived, o.Variant)
				// Without a bound, they would wait for as long as the fault lasts.
				assert.Less(t, quantile(o.Waits, 0.5), 250*time.Millisecond, o.Variant)
				assert.NotEmpty(t, o.Valid)
				for status := range o.Valid {
					switch {
					case o.Variant == local:
						assert.Equal(t, http.StatusOK, status)
					default:
						assert.Contains(t, []int{http.StatusOK, http.StatusServiceUnavailable}, status)
					}
				}
				t.Logf("%s: median %s, longest %s, valid %v, guesses %d, recovered %s", o.Variant,
					quantile(o.Waits, 0.5), quantile(o.Waits, 1), o.Valid, o.Guesses, o.Recovered.Round(time.Millisecond))
			}
		})
	}
}
