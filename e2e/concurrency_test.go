package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// placesSoon is the time within which the place of a finished request is free. It is
// shorter than the time after which an unreleased place is forgotten.
const placesSoon = 8 * time.Second

func inFlight(limit int) string {
	return configuration(nil, fmt.Sprintf(`"concurrency": [{"name": "all", "per": "all", "limit": %d, "retry_after": "3s"}]`, limit))
}

// crowd is a stage whose service holds its requests.
type crowd struct {
	*stage
	t       *testing.T
	holder  *holder
	answers chan answer
}

type answer struct {
	status     int
	retryAfter string
	body       string
	broken     bool
}

func startCrowd(t *testing.T, limit int, options ...option) *crowd {
	t.Helper()
	c := &crowd{t: t, holder: startHolder(t), answers: make(chan answer, 1000)}
	c.stage = start(t, inFlight(limit), append([]option{withBootstrap(func(b *envoy.Bootstrap) error {
		return b.SetEndpoint("service", c.holder.address)
	})}, options...)...)
	return c
}

// send sends n requests at once, each on a connection of its own, until ctx ends.
func (c *crowd) send(ctx context.Context, n int, protocol client.Protocol, how string) {
	answers := c.answers
	for range n {
		go func() { answers <- c.exchange(ctx, protocol, how) }()
	}
}

func (c *crowd) exchange(ctx context.Context, protocol client.Protocol, how string, headers ...[]string) answer {
	h, err := client.New("127.0.0.1", protocol)
	if err != nil {
		return answer{broken: true}
	}
	defer h.CloseIdleConnections()
	h.Timeout = 0
	path := "/mcp" // which has no timeout
	if how == "timeout" {
		path = "/api/v1/items"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.address+path, nil)
	if err != nil {
		return answer{broken: true}
	}
	request.Header.Set(chaos, how)
	for _, h := range headers {
		request.Header.Set(h[0], h[1])
	}
	response, err := h.Do(request)
	if err != nil {
		return answer{broken: true}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header.Get("Retry-After"), string(body), err != nil}
}

// take waits for n answers.
func (c *crowd) take(n int) (list []answer) {
	c.t.Helper()
	limit := time.After(20 * time.Second)
	for range n {
		select {
		case a := <-c.answers:
			list = append(list, a)
		case <-limit:
			require.Failf(c.t, "no answer", "only %d of %d came: %v", len(list), n, list)
		}
	}
	return list
}

// refused waits for n refusals.
func (c *crowd) refused(n int) {
	c.t.Helper()
	for _, a := range c.take(n) {
		require.Equal(c.t, 503, a.status)
		require.Equal(c.t, "3", a.retryAfter)
		require.Contains(c.t, a.body, "currently at capacity")
	}
}

func (c *crowd) awaitInside(n int) {
	c.t.Helper()
	within(c.t, 20*time.Second, fmt.Sprintf("%d requests at the service", n), func() bool {
		inside, _ := c.holder.seen()
		return inside == n
	})
}

// fill sends requests until limit are inside, within a time, and one more, which is
// refused.
func (c *crowd) fill(ctx context.Context, limit int, in time.Duration, how string) {
	c.t.Helper()
	within(c.t, in, "all places to be free", func() bool {
		inside, _ := c.holder.seen()
		if inside < limit {
			c.send(ctx, 1, client.HTTP1, how)
			within(c.t, 20*time.Second, "an answer, or one more at the service", func() bool {
				now, _ := c.holder.seen()
				return now > inside || len(c.answers) > 0
			})
			for len(c.answers) > 0 {
				c.refused(1)
			}
			inside, _ = c.holder.seen()
		}
		return inside == limit
	})
	c.send(ctx, 1, client.HTTP1, how)
	c.refused(1)
}

// 30 requests at once, on all workers: exactly as many as the limit get through,
// time and again.
func TestExactlySoManyInFlight(t *testing.T) {
	t.Parallel()
	const limit, n = 5, 30
	for _, workers := range []int{2, 8} {
		for _, protocol := range []client.Protocol{client.HTTP1, client.HTTP2} {
			t.Run(fmt.Sprintf("%d workers, %s", workers, protocol), func(t *testing.T) {
				c := startCrowd(t, limit, withWorkers(workers))
				for round := range 5 {
					c.send(t.Context(), n, protocol, "")
					c.refused(n - limit)
					c.awaitInside(limit)
					c.holder.letGo()
					for _, a := range c.take(limit) {
						require.Equal(t, 200, a.status)
					}
					c.awaitInside(0)
					_, most := c.holder.seen()
					require.Equal(t, limit, most, "round %d", round)
				}
				c.awaitMetric(t, 5*(n-limit), "gatewarden_over_capacity_total", "rule=all", "outcome=refused")
				c.awaitMetric(t, 5*(n-limit), "gatewarden_rate_limited_requests_total", "surface=mcp", "reason=over_capacity")
			})
		}
	}
}

// However a request ends, its place is free for another.
func TestPlacesComeBack(t *testing.T) {
	t.Parallel()
	const limit = 5
	c := startCrowd(t, limit, withBootstrap(func(b *envoy.Bootstrap) error {
		route := b.HCM["route_config"].(envoy.Object)["virtual_hosts"].([]any)[0].(envoy.Object)["routes"].([]any)[1].(envoy.Object)
		route["route"].(envoy.Object)["timeout"] = "0.5s"
		return nil
	}))
	for _, row := range []struct {
		name, how string
		protocol  client.Protocol
		abort     bool // by the client; else the service lets go
		status    int
		broken    bool
	}{
		{"an answer", "", client.HTTP1, false, 200, false},
		{"a stream's end", streamHeld, client.HTTP2, false, 200, false},
		{"the client leaves", "", client.HTTP1, true, 0, true},
		{"the client resets", "", client.HTTP2, true, 0, true},
		{"the client leaves a stream", streamHeld, client.HTTP1, true, 0, true},
		{"the client resets a stream", streamHeld, client.HTTP2, true, 0, true},
		{"the service breaks off", breakHeld, client.HTTP1, false, 503, false},
		{"the service breaks a stream off", breakBody, client.HTTP1, false, 200, true},
		{"Envoy's patience ends", "timeout", client.HTTP1, false, 504, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := *c
			c.t = t
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			c.send(ctx, limit, row.protocol, row.how)
			c.awaitInside(limit)
			if row.abort {
				leave()
			} else if row.how != "timeout" {
				c.holder.letGo()
			}
			for _, a := range c.take(limit) {
				assert.Equal(t, row.broken, a.broken)
				assert.True(t, row.abort || a.status == row.status, "status %d", a.status)
			}
			c.awaitInside(0)
			c.fill(t.Context(), limit, placesSoon, "")
			c.holder.letGo()
			c.take(limit)
			c.awaitInside(0)
		})
	}
}

// Another limit applies at once, to what the configuration before let in as well;
// and what Envoy ends with that configuration gives its places back.
func TestLimitIsUpdated(t *testing.T) {
	t.Parallel()
	const limit = 6
	c := startCrowd(t, limit, withDrain(5))
	c.send(t.Context(), limit, client.HTTP1, streamHeld)
	c.awaitInside(limit)
	c.bootstrap.SetPluginConfig(inFlight(limit - 1))
	require.NoError(t, c.push(t))
	c.send(t.Context(), limit, client.HTTP1, "")
	c.refused(limit)
	c.update(t, inFlight(limit+1))
	c.fill(t.Context(), limit+1, placesSoon, "")
	for _, a := range c.take(limit) {
		require.True(t, a.broken, "their listener has drained")
	}
	c.awaitInside(1)
	c.fill(t.Context(), limit+1, placesSoon, "")
}

// Where a worker's VM crashes, what it held is free again within 20 seconds, and
// nothing else: the other worker's requests that go on and on keep their places.
func TestPlacesOutliveACrash(t *testing.T) {
	t.Parallel()
	const limit, forgotten = 12, 20 * time.Second
	trapping, err := envoy.TrappingFilter(root)
	require.NoError(t, err)
	c := startCrowd(t, limit, ownProcess, withModule(trapping), withBootstrap(func(b *envoy.Bootstrap) error {
		b.Plugin["reload_config"] = envoy.Object{"backoff": envoy.Object{"base_interval": "0.05s"}}
		return nil
	}))
	c.send(t.Context(), limit, client.HTTP1, streamHeld)
	c.awaitInside(limit)
	r := c.exchange(t.Context(), client.HTTP1, "", []string{"X-Gatewarden-Trap", "1"})
	require.Equal(t, answer{status: 503}, r, "the filter did not crash")
	crashed := time.Now()
	within(t, forgotten+5*time.Second, "the crashed VM's places to be free", func() bool {
		return time.Since(crashed) > forgotten+time.Second
	})

	old := *c
	c.answers = make(chan answer, cap(old.answers))
	c.send(t.Context(), limit, client.HTTP1, "")
	arrived := 0
	within(t, 20*time.Second, "each to be refused or to arrive", func() bool {
		inside, _ := c.holder.seen()
		arrived = inside - limit
		return arrived+len(c.answers) == limit
	})
	c.refused(limit - arrived)
	c.holder.letGo()
	crashes := 0
	for _, a := range old.take(limit) {
		if a.broken {
			crashes++
		}
	}
	assert.Equal(t, crashes, arrived, "as many places as streams were in the VM that crashed")
	c.take(arrived)
	c.fill(t.Context(), limit, placesSoon, "")
}
