package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/authserver"
	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// asking is an identity source that asks the authorization server.
func asking(more string) string {
	return fmt.Sprintf(`"identity": [{"source": "introspection"%s, "endpoint": {
		"cluster": "auth", "url": "http://auth.example.com%s", "client_id": %q, "client_secret": %q, "timeout": "1s"}}]`,
		more, authserver.Path, authserver.ClientID, authserver.ClientSecret)
}

// gated configures a filter that admits only callers that the authorization server knows.
func gated(more string) string {
	return `{` + asking(more) + `, "surfaces": [
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "require": true, "lockout": {"failures": 5, "window": "1h"}},
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "require": true, "lockout": {"failures": 5, "window": "1h"}}],
		"log": {"per_second": 1000}}`
}

func startAuthServer(t *testing.T) *authserver.Server {
	t.Helper()
	auth, err := authserver.New()
	require.NoError(t, err)
	require.NoError(t, auth.Start("127.0.0.1:0"))
	t.Cleanup(func() { _ = auth.Stop() })
	return auth
}

func withAuthServer(auth *authserver.Server) option {
	return withBootstrap(func(b *envoy.Bootstrap) error { return b.AddCluster("auth", auth.Address) })
}

func issued(t *testing.T, auth *authserver.Server) (token string, header []string) {
	t.Helper()
	token, err := auth.Issue()
	require.NoError(t, err)
	return token, []string{"Authorization", "Bearer " + token}
}

// TestIntrospection: the authorization server decides which callers are admitted, each
// worker asks it once, and a revoked token is refused once the answer is stale.
func TestIntrospection(t *testing.T) {
	t.Parallel()
	auth := startAuthServer(t)
	config := gated(`, "cache": {"for": "2s", "inactive_for": "1s"}`)
	s := start(t, config, withAuthServer(auth),
		withListener("post", strings.Replace(config, `, "timeout"`, `, "auth": "client_secret_post", "timeout"`, 1), nil))
	for _, listener := range []string{"public", "post"} {
		for _, protocol := range protocols {
			t.Run(listener+" "+protocol.String(), func(t *testing.T) {
				s := s.at(t, listener)
				c := s.newCaller(t, protocol)
				token, bearer := issued(t, auth)
				before, begun := auth.Asked(), time.Now()
				for range 20 {
					require.Equal(t, 200, c.get(t, open, bearer).status)
				}
				stale := int(time.Since(begun) / (2 * time.Second))
				assert.LessOrEqual(t, auth.Asked()-before, s.workers*(1+stale))
				require.NoError(t, auth.Revoke(token))
				within(t, 10*time.Second, "the revoked token to be refused", func() bool { return c.get(t, open, bearer).status == 401 })
				s.guessTokens(t, auth, protocol)
			})
		}
	}
}

// guessTokens makes up tokens until the server is no longer asked about them.
func (s *stage) guessTokens(t *testing.T, auth *authserver.Server, protocol client.Protocol) {
	t.Helper()
	c := s.newCaller(t, protocol)
	reached := s.service.Seen()["rest"]
	for i := range 5 {
		require.Equal(t, 401, c.get(t, open, []string{"Authorization", fmt.Sprintf("Bearer guess-%s-%d", c.address, i)}).status)
	}
	before := auth.Asked()
	_, bearer := issued(t, auth)
	for _, header := range [][]string{wrong, bearer} {
		assert.Equal(t, 429, c.get(t, open, header).status)
	}
	assert.Equal(t, before, auth.Asked(), "nobody is asked about the token of who is locked out")
	assert.Equal(t, reached, s.service.Seen()["rest"])
}

// at is the stage as one of its other listeners shows it.
func (s *stage) at(t *testing.T, listener string) *stage {
	t.Helper()
	other := *s
	var err error
	other.address, err = s.envoy.ListenerAddress(t.Context(), listener)
	require.NoError(t, err)
	return &other
}

// TestIntrospectionWithoutAnswer: what happens to requests if the authorization server is
// down, hangs, or is another program.
func TestIntrospectionWithoutAnswer(t *testing.T) {
	t.Parallel()
	auth := startAuthServer(t)
	s := start(t, gated(""), withAuthServer(auth),
		withListener("anonymous", strings.Replace(gated(`, "on_error": "anonymous"`), `"require": true, `, "", 1), nil),
		withListener("unknown", strings.Replace(gated(""), `"cluster": "auth"`, `"cluster": "nobody"`, 1), nil))
	at := func(listener string) *caller { return s.at(t, listener).newCaller(t, client.HTTP1) }
	c := s.newCaller(t, client.HTTP2)
	_, bearer := issued(t, auth)

	refused := 0
	refuses := func(c *caller, why string) {
		t.Helper()
		r := c.get(t, open, bearer)
		assert.Equal(t, 503, r.status, why)
		assert.Equal(t, "5", r.header.Get("Retry-After"), why)
		r = c.do(t, "POST", "/mcp", `{"jsonrpc":"2.0","id":"x-1","method":"tools/list"}`, rpc, bearer)
		assert.Equal(t, 503, r.status, why)
		assert.Contains(t, r.body, `"id":"x-1"`, why)
		refused += 2
	}
	passes := func(why string) {
		t.Helper()
		assert.Equal(t, 200, at("anonymous").get(t, open, bearer).status, why)
	}
	release := auth.Hold()
	refuses(c, "it hangs")
	passes("it hangs")
	release()
	address := auth.Address
	require.NoError(t, auth.Stop())
	refuses(c, "it is down")
	passes("it is down")
	refuses(at("unknown"), "there is no such cluster")
	s.awaitMetric(t, 0, "gatewarden_auth_failures_total", "surface=rest")

	require.NoError(t, auth.Start(address))
	within(t, 10*time.Second, "the server to be asked again", func() bool { return c.get(t, open, bearer).status == 200 })
	for _, line := range []string{"status_504", "status_503", "not_sent"} {
		assert.NotEmpty(t, s.envoy.Log.Lines("gatewarden: introspection error cluster=", "reason="+line), line)
	}
	assert.Empty(t, s.envoy.Log.Lines(bearer[1]))
	within(t, 10*time.Second, "the access log", func() bool {
		return len(s.envoy.Access.Lines(`"gatewarden_store_unavailable"`, `"reason":"store_unavailable"`)) >= refused
	})
}

// TestIntrospectionTogether: requests with one token share one look-up in each worker, and
// some of their clients may disconnect.
func TestIntrospectionTogether(t *testing.T) {
	t.Parallel()
	auth := startAuthServer(t)
	s := start(t, strings.Replace(gated(""), `"timeout": "1s"`, `"timeout": "20s"`, 1), withAuthServer(auth))
	for _, protocol := range protocols {
		t.Run(protocol.String(), func(t *testing.T) {
			const all, leaving = 50, 10
			_, bearer := issued(t, auth)
			before, joined := auth.Asked(), s.metric(t, "gatewarden_introspections_total", "outcome=joined")
			release := auth.Hold()
			defer release()
			statuses := make(chan int, all)
			var begun sync.WaitGroup
			leave, cancel := context.WithCancel(t.Context())
			defer cancel()
			for i := range all {
				c := s.newCaller(t, protocol)
				request, err := http.NewRequestWithContext(t.Context(), "GET", c.base+open, nil)
				require.NoError(t, err)
				if i < leaving {
					request = request.WithContext(leave)
				}
				request.Header.Set("Authorization", bearer[1])
				begun.Go(func() {
					r, err := c.send(request)
					if err != nil {
						r.status = 0
					}
					statuses <- r.status
				})
			}
			within(t, 20*time.Second, "all to wait", func() bool {
				return auth.Asked() > before && s.metric(t, "gatewarden_introspections_total", "outcome=joined")-joined+float64(auth.Asked()-before) == all
			})
			cancel()
			within(t, 10*time.Second, "some to leave", func() bool { return len(statuses) == leaving })
			release()
			begun.Wait()
			counts := map[int]int{}
			for range all {
				counts[<-statuses]++
			}
			assert.Equal(t, map[int]int{0: leaving, 200: all - leaving}, counts)
			assert.LessOrEqual(t, auth.Asked()-before, s.workers)
		})
	}
}

// TestIntrospectionAcrossAnUpdate: a request that waits for an answer while the
// configuration changes gets it.
func TestIntrospectionAcrossAnUpdate(t *testing.T) {
	t.Parallel()
	auth := startAuthServer(t)
	config := strings.Replace(gated(""), `"timeout": "1s"`, `"timeout": "30s"`, 1)
	s := start(t, config, withDrain(60), withAuthServer(auth))
	c := s.newCaller(t, client.HTTP1)
	_, bearer := issued(t, auth)
	release := auth.Hold()
	defer release()
	request, err := http.NewRequestWithContext(t.Context(), "GET", c.base+open, nil)
	require.NoError(t, err)
	request.Header.Set(bearer[0], bearer[1])
	done := make(chan error, 1)
	go func() {
		r, err := c.send(request)
		if err == nil && r.status != 200 {
			err = fmt.Errorf("status %d: %s", r.status, r.body)
		}
		done <- err
	}()
	within(t, 10*time.Second, "the token to be asked about", func() bool { return auth.Asked() == 1 })
	s.update(t, strings.Replace(config, `"failures": 5`, `"failures": 6`, 1))
	release()
	require.NoError(t, <-done)
}

// TestIntrospectionWithBody: what is sent while the token is asked about reaches the
// service whole and not before, however long it is, whatever Envoy lets filters do.
func TestIntrospectionWithBody(t *testing.T) {
	t.Parallel()
	reached := &digester{}
	server := httptest.NewServer(reached)
	t.Cleanup(server.Close)
	auth := startAuthServer(t)
	config := strings.Replace(gated(""), `"timeout": "1s"`, `"timeout": "20s"`, 1)
	s := start(t, config, withAuthServer(auth), withListener(headersGo, config, letHeadersGo),
		withBootstrap(func(b *envoy.Bootstrap) error {
			return b.SetEndpoint("service", strings.TrimPrefix(server.URL, "http://"))
		}))
	for _, listener := range []string{"public", headersGo} {
		for _, protocol := range protocols {
			for _, path := range []string{"/api/v1/upload", "/mcp"} {
				for _, size := range []int{1, 60 << 10, 64 << 10, 200 << 10, 5 << 20} {
					t.Run(fmt.Sprintf("%s %s %s %d", listener, protocol, path, size), func(t *testing.T) {
						body := bytes.Repeat([]byte(" 0123456789abcdef"), size/16+1)[:size]
						c := s.at(t, listener).newCaller(t, protocol)
						_, bearer := issued(t, auth)
						r, err := uploadWhileAsked(t, c, auth, reached, path, bearer, body)
						sum := sha256.Sum256(body)
						require.NoError(t, err)
						assert.Equal(t, 200, r.status, r.body)
						assert.Equal(t, hex.EncodeToString(sum[:]), r.body)

						before := reached.requests.Load()
						made := []string{"Authorization", fmt.Sprintf("Bearer made-up-%s", c.address)}
						r, err = uploadWhileAsked(t, c, auth, reached, path, made, body)
						// The refusal may come while the client still sends.
						assert.True(t, err != nil || r.status == 401, "%v %v", err, r.status)
						assert.Equal(t, before, reached.requests.Load())
					})
				}
			}
		}
	}
}

// uploadWhileAsked sends a body and lets the authorization server answer when it was
// asked and nothing has reached the service.
func uploadWhileAsked(t *testing.T, c *caller, auth *authserver.Server, reached *digester, path string, bearer []string, body []byte) (reply, error) {
	t.Helper()
	release := auth.Hold()
	defer release()
	before, asked := reached.requests.Load(), auth.Asked()
	type result struct {
		reply
		err error
	}
	done := make(chan result, 1)
	request, err := http.NewRequestWithContext(t.Context(), "POST", c.base+path, io.MultiReader(bytes.NewReader(body))) // its length is not told
	require.NoError(t, err)
	request.Header.Set(bearer[0], bearer[1])
	go func() {
		r, err := c.send(request)
		done <- result{r, err}
	}()
	within(t, 10*time.Second, "the token to be asked about", func() bool { return auth.Asked() > asked })
	assert.Equal(t, before, reached.requests.Load(), "the request went on")
	release()
	r := <-done
	return r.reply, r.err
}

// digester is a service that answers with the SHA-256 of what it got.
type digester struct{ requests atomic.Int64 }

func (d *digester) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.requests.Add(1)
	hash := sha256.New()
	_, _ = io.Copy(hash, r.Body)
	_, _ = fmt.Fprintf(w, "%x", hash.Sum(nil))
}
