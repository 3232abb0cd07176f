package e2e

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// Headers of requests, as name and value after name and value.
var (
	valid   = []string{"Authorization", "Bearer " + service.Token}
	wrong   = []string{"Authorization", "Bearer a-guess"}
	basic   = []string{"Authorization", "Basic ZGVtby1jbGllbnQ6ZGVtby1zZWNyZXQ="} // demo-client:demo-secret
	form    = []string{"Content-Type", "application/x-www-form-urlencoded"}
	rpc     = []string{"Content-Type", "application/json", "Accept", "application/json, text/event-stream"}
	noBasic = []string{"Authorization", "Basic ZGVtby1jbGllbnQ6d3Jvbmc="} // demo-client:wrong
)

// caller is a client with an address of its own.
type caller struct {
	address string
	base    string
	http    *http.Client
}

// newCaller returns a client whose address was in no other test.
func (s *stage) newCaller(t *testing.T, protocol client.Protocol) *caller {
	t.Helper()
	return s.callerFrom(t, client.NewAddress(), protocol)
}

func (s *stage) callerFrom(t *testing.T, address string, protocol client.Protocol) *caller {
	t.Helper()
	h, err := client.New(address, protocol)
	require.NoError(t, err)
	t.Cleanup(h.CloseIdleConnections)
	return &caller{address: address, base: "http://" + s.address, http: h}
}

// reply is a response, read to its end, and when it came about.
type reply struct {
	status       int
	header       http.Header
	trailer      http.Header
	body         string
	began, ended time.Time
}

// do sends a request and reads the reply. An Envoy that drains a connection may
// close it under a request's feet; that one is sent again.
func (c *caller) do(t *testing.T, method, path, body string, headers ...[]string) reply {
	t.Helper()
	r, err := c.try(method, path, body, headers...)
	if err != nil {
		c.http.CloseIdleConnections()
		r, err = c.try(method, path, body, headers...)
	}
	require.NoError(t, err, "%s %s", method, path)
	return r
}

func (c *caller) try(method, path, body string, headers ...[]string) (reply, error) {
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	request, err := http.NewRequest(method, c.base, content)
	if err != nil {
		return reply{}, err
	}
	// The path goes out as it is: net/url would tidy it up.
	request.URL.Opaque = path
	for _, h := range headers {
		for i := 0; i < len(h); i += 2 {
			request.Header[http.CanonicalHeaderKey(h[i])] = []string{h[i+1]}
		}
	}
	return c.send(request)
}

func (c *caller) send(request *http.Request) (reply, error) {
	r := reply{began: time.Now()}
	response, err := c.http.Do(request)
	if err != nil {
		return r, err
	}
	body, err := io.ReadAll(response.Body)
	r.ended = time.Now()
	r.status, r.header, r.trailer, r.body = response.StatusCode, response.Header, response.Trailer, string(body)
	return r, errors.Join(err, response.Body.Close())
}

func (c *caller) get(t *testing.T, path string, headers ...[]string) reply {
	t.Helper()
	return c.do(t, http.MethodGet, path, "", headers...)
}

// fail makes n failed authentications on the REST surface and returns the first
// and the last reply.
func (c *caller) fail(t *testing.T, n int) (first, last reply) {
	t.Helper()
	for i := range n {
		last = c.get(t, "/api/v1/items", wrong)
		require.Equal(t, 401, last.status, "failure %d of %d: %s", i+1, n, last.body)
		if i == 0 {
			first = last
		}
	}
	return first, last
}

// lock does what it takes to be locked out of the REST surface after limit
// failures, and shows that one fewer does not do.
func (c *caller) lock(t *testing.T, limit int) {
	t.Helper()
	c.fail(t, limit)
	r := c.get(t, "/api/v1/items", valid)
	require.Equal(t, 429, r.status, "after %d failures", limit)
}

// flood calls send n times from 8 goroutines and returns how often each status
// came back.
func flood(t *testing.T, n int, send func() (reply, error)) map[int]int {
	t.Helper()
	const parallel = 8
	var (
		next    atomic.Int64
		mu      sync.Mutex
		group   sync.WaitGroup
		counts  = make(map[int]int)
		problem error
	)
	for range parallel {
		group.Go(func() {
			for next.Add(1) <= int64(n) {
				r, err := send()
				mu.Lock()
				counts[r.status]++
				problem = errors.Join(problem, err)
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	group.Wait()
	require.NoError(t, problem)
	return counts
}
