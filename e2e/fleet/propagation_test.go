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

// with returns the same rules with a quota.
func (r Rules) with(quota int, window time.Duration) Rules {
	r.Quota, r.QuotaWindow = quota, window
	return r
}

// The limits of the quotas, in a day and in a second.
const inADay, inASecond = 100, 20

// TestFleet has what needs nothing but three proxies, a service and its Redis.
func TestFleet(t *testing.T) {
	t.Parallel()
	require.NoError(t, AwaitWindow(t.Context(), daily.Window, 2*time.Minute))
	s := stand(t, daily, nil, fleet.Operations("operations", "async", tokenSHA256()), daily.Filter("async", "async", "local"), daily.Filter("first", "first", "local"), daily.Filter("sync", "sync", "local"),
		daily.with(inADay, 24*time.Hour).Filter("quota", "sync", "closed"), daily.with(inASecond, time.Second).Filter("short", "sync", "closed"),
		BeforeWall(daily.Filter("flooded", "async", "local")),
		fleet.Bare, fleet.CountingRequests("requests", "1s"), fleet.CountingFailures("failures", "1s"))
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s *fleet.Stand)
	}{
		{"a lockout holds on all proxies", lockoutHolds},
		{"one proxy hears of another", oneHearsOfAnother},
		{"no guess gets through first", noGuessFirst},
		{"an unlock reaches all proxies", unlockReachesAll},
		{"a quota is exact", quotaIsExact},
		{"a quota is exact in each window", quotaIsExactInWindows},
		{"what could not be reported arrives later", reportsArriveLater},
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
		{"async", 20}, {"first", 20}, {"sync", 2}, {"failures", 20},
	} {
		t.Run(row.variant, func(t *testing.T) {
			t.Parallel()
			inSequence, err := Sequence(s, row.variant, daily.Failures)
			require.NoError(t, err)
			assert.LessOrEqual(t, inSequence.Extra, row.extra)
			inParallel, err := Parallel(s, row.variant, daily.Failures, 60)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, inParallel.Extra, 0)
			assert.Zero(t, inParallel.Open)
			quiet, err := Quiet(t.Context(), s, row.variant, daily.Failures, 20*time.Millisecond, &sync.Mutex{})
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

// noGuessFirst: in the modes in which a proxy asks before the first request of a client,
// not one guess of a client gets through that was locked out at another proxy.
func noGuessFirst(t *testing.T, s *fleet.Stand) {
	for _, variant := range []string{"first", "sync"} {
		client, conns := fleet.NewClient(), connect(s, variant)
		defer closeAll(conns)
		_, err := guessUntil(conns[0], client, http.StatusTooManyRequests, 2*daily.Failures)
		require.NoError(t, err)
		for _, c := range conns {
			answer, err := c.Get(client, fleet.NewGuess())
			require.NoError(t, err)
			assert.Equal(t, http.StatusTooManyRequests, answer.Status, variant)
		}
		assert.Len(t, s.Backend.Guesses(client), daily.Failures, variant)
	}
}

// quotaIsExact: three proxies together never admit more than the limit of a quota that is
// asked for synchronously, and all of it, whatever comes at once.
func quotaIsExact(t *testing.T, s *fleet.Stand) {
	client := fleet.NewClient()
	admitted, refused := press(t, s, "quota", client, func(sent int) bool { return sent < 10 })
	assert.Equal(t, inADay, admitted)
	assert.Equal(t, 300-inADay, refused)
	assert.Len(t, s.Backend.Accepted(client), inADay)
}

// quotaIsExactInWindows: nor do they in any number of windows, one after the other.
func quotaIsExactInWindows(t *testing.T, s *fleet.Stand) {
	const whole = 3
	require.NoError(t, AwaitWindow(t.Context(), time.Second, 900*time.Millisecond))
	began := time.Now()
	admitted, refused := press(t, s, "short", fleet.NewClient(), func(int) bool { return time.Since(began) < (whole+1)*time.Second })
	windows := int(time.Now().Unix() - began.Unix() + 1)
	t.Logf("%d admitted and %d refused in %d windows", admitted, refused, windows)
	assert.LessOrEqual(t, admitted, inASecond*windows)
	assert.GreaterOrEqual(t, admitted, inASecond*whole)
}

// press sends requests of a client over 10 connections to each proxy, while more says so
// of the number that the connection has sent.
func press(t *testing.T, s *fleet.Stand, variant, client string, more func(sent int) bool) (admitted, refused int) {
	t.Helper()
	var ok, no atomic.Int64
	var group sync.WaitGroup
	for i := range 10 * len(s.Proxies) {
		group.Go(func() {
			c := fleet.Dial(s.Proxies[i%len(s.Proxies)][variant])
			defer c.Close()
			for sent := 0; more(sent); sent++ {
				answer, err := c.Get(client, fleet.Right)
				switch {
				case !assert.NoError(t, err):
					return
				case answer.Status == http.StatusOK:
					ok.Add(1)
				case assert.Equal(t, http.StatusTooManyRequests, answer.Status, answer.Body):
					no.Add(1)
				}
			}
		})
	}
	group.Wait()
	return int(ok.Load()), int(no.Load())
}

// reportsArriveLater: failures that a proxy could not report, because the service was gone,
// are counted when it is back.
func reportsArriveLater(t *testing.T, s *fleet.Stand) {
	client, here, there := fleet.NewClient(), fleet.Dial(s.Proxies[0]["async"]), fleet.Dial(s.Proxies[1]["async"])
	defer closeAll([]*fleet.Conn{here, there})
	fail := func(c *fleet.Conn, n int) {
		for range n {
			answer, err := c.Get(client, fleet.NewGuess())
			require.NoError(t, err)
			require.Equal(t, http.StatusUnauthorized, answer.Status)
		}
	}
	s.Service.Kill()
	fail(here, daily.Failures/2)
	require.NoError(t, s.Service.Start(t.Context()))
	fail(there, daily.Failures-daily.Failures/2)
	within(t, 30*time.Second, "the proxies to refuse", func() bool {
		one, err := here.Get(client, fleet.Right)
		require.NoError(t, err)
		other, err := there.Get(client, fleet.Right)
		require.NoError(t, err)
		return one.Status == http.StatusTooManyRequests && other.Status == http.StatusTooManyRequests
	})
}
