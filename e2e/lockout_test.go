package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

// tolerance is how far the clocks of two processes of one machine, read in
// milliseconds, may seem apart.
const tolerance = 5 * time.Millisecond

var protocols = []client.Protocol{client.HTTP1, client.HTTP2}

func TestFirst429ComesWithFailureLimitPlusOne(t *testing.T) {
	t.Parallel()
	s := start(t, configuration(map[string]string{"rest": `{"failures": 20, "window": "1m"}`}), withWorkers(8))
	for _, protocol := range protocols {
		t.Run(protocol.String(), func(t *testing.T) {
			c := s.newCaller(t, protocol)
			for i := range 20 {
				// New connections reach other workers.
				c.http.CloseIdleConnections()
				r := c.get(t, "/api/v1/items", wrong)
				require.Equal(t, 401, r.status, "failure %d", i+1)
			}
			reached := s.service.SeenPath("/api/v1/items")
			for i := range 20 {
				c.http.CloseIdleConnections()
				r := c.get(t, "/api/v1/items", [][]string{wrong, valid, nil}[i%3])
				require.Equal(t, 429, r.status, "request %d after the limit", i+1)
			}
			assert.Equal(t, reached, s.service.SeenPath("/api/v1/items"), "a refused request reached the service")
		})
	}
}

// A lockout ends when the window does that the first failure began. Both moments
// are known up to the length of one request, and every Retry-After is held
// against them.
func TestRetryAfterIsTrueToTheSecond(t *testing.T) {
	const limit, window = 3, 3 * time.Second
	s := standard(t, quick)
	for _, protocol := range protocols {
		t.Run(protocol.String(), func(t *testing.T) {
			t.Parallel()
			c := s.newCaller(t, protocol)
			first, _ := c.fail(t, limit)
			earliest := first.began.Add(window - tolerance)
			latest := first.ended.Add(window + tolerance)
			waits := make(map[int]bool)
			within(t, 2*window, "the lockout to end", func() bool {
				r := c.get(t, "/api/v1/items", valid)
				if r.status == 200 {
					assert.False(t, r.ended.Before(earliest), "free %s too early", earliest.Sub(r.ended))
					return true
				}
				require.Equal(t, 429, r.status)
				require.False(t, r.began.After(latest), "still locked %s after the end", r.began.Sub(latest))
				wait, err := strconv.Atoi(r.header.Get("Retry-After"))
				require.NoError(t, err)
				require.GreaterOrEqual(t, wait, max(1, seconds(earliest.Sub(r.ended))))
				require.LessOrEqual(t, wait, max(1, seconds(latest.Sub(r.began))))
				waits[wait] = true
				return false
			})
			assert.Equal(t, map[int]bool{3: true, 2: true, 1: true}, waits, "Retry-After counts down")
			c.lock(t, limit) // a new window, with the whole allowance
		})
	}
}

// seconds rounds up, as Retry-After does.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

func TestLockoutStaysWithItsSurfaceAndClient(t *testing.T) {
	s := standard(t, plain)
	for _, protocol := range protocols {
		t.Run(protocol.String(), func(t *testing.T) {
			locked, other := s.newCaller(t, protocol), s.newCaller(t, protocol)
			locked.lock(t, 3)
			for _, path := range []string{
				"/", "/healthz", "/metrics", "/oauth/authorize", "/.well-known/oauth-authorization-server",
				"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp",
			} {
				assert.Equal(t, 200, locked.get(t, path).status, path)
			}
			assert.Equal(t, 404, locked.get(t, "/nothing").status, "a path that is on no surface")
			assert.Equal(t, 201, locked.do(t, "POST", "/oauth/register", "{}").status)
			assert.Equal(t, 200, locked.do(t, "POST", "/oauth/token", "grant_type=client_credentials", form, basic).status)
			assert.Equal(t, 200, locked.do(t, "POST", "/mcp", initialize, rpc, valid).status)
			assert.Equal(t, 200, other.get(t, "/api/v1/items", valid).status)
			assert.Equal(t, 401, other.get(t, "/api/v1/items", wrong).status)
			assert.Equal(t, 429, locked.get(t, "/api/v1/items", valid).status, "valid credentials are refused while locked")
		})
	}
}

func TestRefusalSpeaksHTTP(t *testing.T) {
	s := standard(t, plain)
	for _, protocol := range protocols {
		t.Run(protocol.String(), func(t *testing.T) {
			c := s.newCaller(t, protocol)
			c.lock(t, 3)
			r := c.get(t, "/api/v1/items", valid, []string{"Origin", "https://page.example"})
			wait := r.header.Get("Retry-After")
			assert.Equal(t, "application/problem+json", r.header.Get("Content-Type"))
			assert.Equal(t, "no-store", r.header.Get("Cache-Control"))
			assert.Equal(t, "*", r.header.Get("Access-Control-Allow-Origin"))
			assert.Contains(t, r.header.Get("Access-Control-Expose-Headers"), "Retry-After")
			checkProblem(t, r.body, wait)
			checkRateLimit(t, r.header.Values("RateLimit"), wait)

			head := c.do(t, http.MethodHead, "/api/v1/items", "", valid)
			assert.Equal(t, 429, head.status)
			assert.NotEmpty(t, head.header.Get("Retry-After"))
			assert.Equal(t, "application/problem+json", head.header.Get("Content-Type"))
			assert.Empty(t, head.body)

			// A browser that may not ask could never show the 429.
			preflight := c.do(t, http.MethodOptions, "/api/v1/items", "",
				[]string{"Origin", "https://page.example", "Access-Control-Request-Method", "GET"})
			assert.Equal(t, 204, preflight.status)
		})
	}
}

func checkProblem(t *testing.T, body, wait string) {
	t.Helper()
	var problem struct {
		Type, Title, Detail string
		Status              int
	}
	require.NoError(t, json.Unmarshal([]byte(body), &problem), body)
	assert.Equal(t, "https://iana.org/assignments/http-problem-types#abnormal-usage-detected", problem.Type)
	assert.Equal(t, 429, problem.Status)
	assert.NotEmpty(t, problem.Title)
	assert.Contains(t, problem.Detail, wait+" second")
}

// checkRateLimit reads the field as the structured field that the draft makes
// it: a list of policies with what remains and when it is reset.
func checkRateLimit(t *testing.T, lines []string, wait string) {
	t.Helper()
	list, err := httpsfv.UnmarshalList(lines)
	require.NoError(t, err, "%q", lines)
	require.Len(t, list, 1)
	item, ok := list[0].(httpsfv.Item)
	require.True(t, ok)
	assert.IsType(t, "", item.Value)
	remaining, _ := item.Params.Get("r")
	assert.EqualValues(t, 0, remaining)
	reset, _ := item.Params.Get("t")
	assert.Equal(t, wait, fmt.Sprint(reset))
}

// No spelling of a guarded path is outside of its surface.
func TestSpellingsOfAPath(t *testing.T) {
	s := standard(t, plain)
	c := s.newCaller(t, client.HTTP1)
	c.lock(t, 3)
	for path, status := range map[string]int{
		"/api//v1/items":                    429,
		"//api/v1/items":                    429,
		"/api/./v1/items":                   429,
		"/other/../api/v1/items":            429,
		"/other/%2e%2e/api/v1/items":        429,
		"/%61pi/v1/items":                   429,
		"/api/v1/items/":                    429,
		"/api/v1/items?x=/healthz":          429,
		"/api/v1/items;x=1":                 429,
		"http://" + s.address + "/api/v1/x": 429,
		"/api%2Fv1/items":                   400, // Envoy: path_with_escaped_slashes_action
		"/api/v12/items":                    404, // another path
	} {
		t.Run(path, func(t *testing.T) {
			r, err := rawGet(s.address, c.address, path)
			require.NoError(t, err)
			assert.Equal(t, status, r)
		})
	}
	t.Run("method of an unguarded endpoint", func(t *testing.T) {
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "PROPFIND"} {
			assert.Equal(t, 429, c.do(t, method, "/api/v1/items", "", valid).status, method)
		}
	})
}

// A guess counts in whatever form it is presented; what the filter does not recognise as
// a credential, the service does not accept either.
func TestEveryKindOfCredential(t *testing.T) {
	s := standard(t, plain)
	for _, row := range []struct {
		name    string
		path    string
		headers []string
		counts  bool
	}{
		{"API key", "/api/v1/items", []string{"X-Api-Key", "a-guess"}, true},
		{"Basic", "/api/v1/items", []string{"Authorization", "Basic YWxpY2U6Z3Vlc3M="}, true},
		{"a scheme in odd letters", "/api/v1/items", []string{"aUTHORIZATION", "bEARER a-guess"}, true},
		{"token in the query", "/api/v1/items?access_token=a-guess", nil, true},
		{"a parameter that nobody configured", "/api/v1/items?session=a-guess", nil, false},
		{"cookie that nobody configured", "/api/v1/items", []string{"Cookie", "session=a-guess"}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := s.newCaller(t, client.HTTP1)
			for range 3 {
				require.Equal(t, 401, c.get(t, row.path, row.headers).status)
			}
			want := 200
			if row.counts {
				want = 429
			}
			assert.Equal(t, want, c.get(t, "/api/v1/items", valid).status)
		})
	}
}
