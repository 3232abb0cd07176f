package fleet

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/fleet"
)

// daily are rules whose windows end when no test is running. All must be answered in time,
// on a machine that does other things, too.
var daily = Rules{Failures: 20, Window: 24 * time.Hour, Refresh: time.Second, Timeout: time.Second}

// exact are the same with a quota.
func exact() Rules {
	rules := daily
	rules.Quota, rules.QuotaWindow = 100, 24*time.Hour
	return rules
}

// TestFleet has what needs nothing but three proxies, a service and its Redis.
func TestFleet(t *testing.T) {
	t.Parallel()
	require.NoError(t, AwaitWindow(t.Context(), daily.Window, 2*time.Minute))
	s := stand(t, exact(), nil, daily.Filter("async", "async", "local"), daily.Filter("sync", "sync", "local"),
		exact().Filter("quota", "sync", "closed"), BeforeWall(daily.Filter("flooded", "async", "local")),
		fleet.Bare, fleet.CountingRequests("requests", "1s"), fleet.CountingFailures("failures", "1s"))
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s *fleet.Stand)
	}{
		{"a lockout holds on all proxies", lockoutHolds},
		{"one proxy hears of another", oneHearsOfAnother},
		{"a quota is exact", quotaIsExact},
		{"calls of a request", callsOfRequest},
		{"calls of a flood", callsOfFlood},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, s) })
	}
}

// lockoutHolds: failures that are spread over three proxies lock a client out on all of
// them, whatever way the client guesses.
func lockoutHolds(t *testing.T, s *fleet.Stand) {
	for _, row := range []struct {
		variant string
		// extra is how many guesses may get through beyond the limit, in sequence: those
		// of proxies that do not know yet.
		extra int
	}{
		{"async", 20}, {"sync", 2}, {"failures", 20},
	} {
		t.Run(row.variant, func(t *testing.T) {
			t.Parallel()
			inSequence, err := Sequence(s, row.variant, daily.Failures)
			require.NoError(t, err)
			assert.LessOrEqual(t, inSequence.Extra, row.extra)
			inParallel, err := Parallel(s, row.variant, daily.Failures, 60)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, inParallel.Extra, 0)
			quiet, err := Quiet(t.Context(), s, row.variant, daily.Failures, 20*time.Millisecond)
			require.NoError(t, err)
			t.Logf("in sequence %+v, in parallel %+v, quiet %+v", inSequence, inParallel, quiet)
		})
	}
}

// oneHearsOfAnother: a client that was locked out at one proxy is refused at another which
// it has never been at.
func oneHearsOfAnother(t *testing.T, s *fleet.Stand) {
	client, here, there := fleet.NewClient(), fleet.Dial(s.Proxies[0]["async"]), fleet.Dial(s.Proxies[1]["async"])
	defer closeAll([]*fleet.Conn{here, there})
	for range daily.Failures {
		_, err := here.Get(client, fleet.NewGuess())
		require.NoError(t, err)
	}
	within(t, 10*time.Second, "the other proxy to refuse", func() bool {
		answer, err := there.Get(client, fleet.Right)
		require.NoError(t, err)
		return answer.Status == http.StatusTooManyRequests
	})
}

// quotaIsExact: three proxies together never admit more than the limit of a quota that is
// asked for synchronously, and all of it, whatever comes at once.
func quotaIsExact(t *testing.T, s *fleet.Stand) {
	client := fleet.NewClient()
	var admitted, refused atomic.Int64
	var group sync.WaitGroup
	for i := range 30 {
		group.Go(func() {
			c := fleet.Dial(s.Proxies[i%3]["quota"])
			defer c.Close()
			for range 10 {
				answer, err := c.Get(client, fleet.Right)
				switch {
				case !assert.NoError(t, err):
					return
				case answer.Status == http.StatusOK:
					admitted.Add(1)
				case assert.Equal(t, http.StatusTooManyRequests, answer.Status):
					refused.Add(1)
				}
			}
		})
	}
	group.Wait()
	assert.EqualValues(t, 100, admitted.Load())
	assert.EqualValues(t, 200, refused.Load())
	assert.Len(t, s.Backend.Accepted(client), 100)
}
