package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// volley sends n requests at once, over connections of HTTP/1.1 or the streams of one
// HTTP/2 connection, and counts the statuses.
func (s *stage) volley(t *testing.T, protocol client.Protocol, n int, token func(i int) string) (statuses map[int]int, took time.Duration) {
	t.Helper()
	h, err := client.New("127.0.0.1", protocol)
	require.NoError(t, err)
	defer h.CloseIdleConnections()
	statuses = map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	began := time.Now()
	for i := range n {
		all.Go(func() {
			request, err := http.NewRequest(http.MethodGet, "http://"+s.address+"/api/v1/items", nil)
			if err != nil {
				return
			}
			request.Header.Set("authorization", "Bearer "+token(i))
			response, err := h.Do(request)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Log(err)
				statuses[0]++
				return
			}
			_ = response.Body.Close()
			statuses[response.StatusCode]++
		})
	}
	all.Wait()
	return statuses, time.Since(began)
}

// TestBurstWaits: parallel guesses get no further than a sequence, and a page of sixty
// requests with a good token loses none.
func TestBurstWaits(t *testing.T) {
	const limit, guesses, page = 10, 200, 60
	for _, protocol := range []client.Protocol{client.HTTP1, client.HTTP2} {
		t.Run(fmt.Sprint(protocol), func(t *testing.T) {
			s := start(t, configuration(map[string]string{"rest": `{"failures": 10, "window": "10m"}`}), withWorkers(1))
			statuses, took := s.volley(t, protocol, page, func(int) string { return service.Token })
			assert.Equal(t, map[int]int{200: page}, statuses)
			t.Logf("%d good requests took %v", page, took)
			before := s.service.SeenPath("/api/v1/items")
			statuses, took = s.volley(t, protocol, guesses, func(i int) string { return fmt.Sprint("guess-", i) })
			assert.Equal(t, map[int]int{401: limit, 429: guesses - limit}, statuses)
			assert.Equal(t, limit, s.service.SeenPath("/api/v1/items")-before)
			t.Logf("%d guesses took %v", guesses, took)
			within(t, 10*time.Second, "a count of those that were held", func() bool {
				return s.metric(t, "gatewarden_held_requests_total", "surface=rest", "outcome=refused") > 0
			})
		})
	}
}
