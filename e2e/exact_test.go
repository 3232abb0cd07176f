package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

// 20,000 failures of one client, counted by two workers at once, are 20,000 in
// the table: with a limit of one more, one more locks, and no fewer. Nor do they
// flood the log.
func TestNoFailureIsLost(t *testing.T) {
	t.Parallel()
	const n, linesPerSecond = 20_000, 5
	log := fmt.Sprintf(`"log": {"per_second": %d}`, linesPerSecond)
	s := start(t, configuration(map[string]string{
		"rest": `{"failures": 1000000, "window": "1h"}`,
	}, log))
	c := s.newCaller(t, client.HTTP1)
	began := time.Now()
	counts := flood(t, n, func() (reply, error) { return c.try("GET", "/api/v1/items", "", wrong) })
	assert.Equal(t, map[int]int{401: n}, counts)
	assert.Equal(t, n, s.service.SeenPath("/api/v1/items"))
	s.awaitMetric(t, n, "gatewarden_auth_failures_total", "surface=rest")
	checkLogRate(t, s, c, n, float64(linesPerSecond*s.workers)*(time.Since(began).Seconds()+1))

	s.update(t, configuration(map[string]string{
		"rest": `{"failures": 20001, "window": "1h"}`,
	}, log))
	c.http.CloseIdleConnections()
	assert.Equal(t, 200, c.get(t, "/api/v1/items", valid).status, "20,000 failures are within the limit")
	assert.Equal(t, 401, c.get(t, "/api/v1/items", wrong).status, "failure 20,001 is answered")
	assert.Equal(t, 429, c.get(t, "/api/v1/items", valid).status, "and locks")
	s.awaitMetric(t, n+1, "gatewarden_auth_failures_total", "surface=rest")
	s.awaitMetric(t, 1, "gatewarden_lockouts_total", "surface=rest")
}

// checkLogRate checks that no more than most lines were written about c's n
// failures, and that the others were not left out silently.
func checkLogRate(t *testing.T, s *stage, c *caller, n int, most float64) {
	t.Helper()
	written := func() int { return len(s.envoy.Log.Lines("gatewarden:", "client="+c.address)) }
	assert.LessOrEqual(t, float64(written()), most)
	assert.Positive(t, written())
	within(t, 10*time.Second, "lines written and left out to be all of them", func() bool {
		return written()+int(s.metric(t, "gatewarden_log_suppressed_total")) == n
	})
}
