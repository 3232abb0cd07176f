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

// daily are rules whose windows end when no test is running.
var daily = Rules{Failures: 20, Window: 24 * time.Hour, Refresh: time.Second}

// TestLockoutHoldsOnAllProxies: failures that are spread over three proxies lock a client
// out on all of them.
func TestLockoutHoldsOnAllProxies(t *testing.T) {
	t.Parallel()
	awaitWindow(t, daily.Window, time.Minute)
	s := stand(t, daily, nil, daily.Filter("async", "async", "local"), daily.Filter("sync", "sync", "local"),
		fleet.CountingFailures("baseline", "0.5s"))
	for _, row := range []struct {
		variant string
		// extra is how many guesses may get through beyond the limit, in sequence: those
		// of proxies that do not know yet.
		extra int
	}{
		{"async", 20}, {"sync", 2}, {"baseline", 20},
	} {
		t.Run(row.variant, func(t *testing.T) {
			t.Parallel()
			spread, err := Sequence(s, row.variant, daily.Failures)
			require.NoError(t, err)
			assert.LessOrEqual(t, spread.Extra, row.extra)
			t.Logf("in sequence %+v", spread)
			spread, err = Parallel(s, row.variant, daily.Failures, 60)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, spread.Extra, 0)
			t.Logf("in parallel %+v", spread)
			spread, err = Quiet(t.Context(), s, row.variant, daily.Failures, 20*time.Millisecond)
			require.NoError(t, err)
			t.Logf("quiet %+v", spread)
		})
	}
}

// TestOneProxyHearsOfAnother: a client that was locked out at one proxy is refused at
// another which it has never been at.
func TestOneProxyHearsOfAnother(t *testing.T) {
	t.Parallel()
	awaitWindow(t, daily.Window, time.Minute)
	s := stand(t, daily, nil, daily.Filter("async", "async", "local"))
	client, here, there := fleet.NewClient(), fleet.Dial(s.Proxies[0]["async"]), fleet.Dial(s.Proxies[1]["async"])
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

// TestQuotaIsExact: three proxies together never admit more than the limit of a quota that
// is asked for synchronously, whatever comes at once.
func TestQuotaIsExact(t *testing.T) {
	t.Parallel()
	rules := daily
	rules.Quota, rules.QuotaWindow = 100, 24*time.Hour
	// All must be answered in time, on a machine that does other things, too.
	rules.Timeout = time.Second
	awaitWindow(t, rules.QuotaWindow, time.Minute)
	s := stand(t, rules, nil, rules.Filter("sync", "sync", "closed"))
	client := fleet.NewClient()
	var admitted, refused atomic.Int64
	var group sync.WaitGroup
	for i := range 30 {
		group.Go(func() {
			c := fleet.Dial(s.Proxies[i%3]["sync"])
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
