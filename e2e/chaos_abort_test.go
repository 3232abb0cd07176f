package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

const guessGrant = "grant_type=authorization_code&code=guess"

// An aborted request, by client or service, counts if it was a guess, and leaves nothing
// behind otherwise.
func TestRequestsThatAreGivenUp(t *testing.T) {
	t.Parallel()
	_, address := startRoughService(t)
	s := start(t, configuration(map[string]string{
		"token":   `{"failures": 3, "window": "1h"}`,
		"consent": `{"failures": 3, "window": "1h", "pending": 1}`,
	}), withBootstrap(func(b *envoy.Bootstrap) error { return b.SetEndpoint("service", address) }))
	t.Run("token errors that are not read to the end", func(t *testing.T) { unreadTokenErrors(t, s) })
	t.Run("clients that break the rules", func(t *testing.T) { brokenRules(t, s) })
	for _, protocol := range protocols {
		t.Run("pending attempts, "+protocol.String(), func(t *testing.T) { noSlotLeaks(t, s, protocol) })
	}
}

// A client that learns from the status that its guess at the token endpoint was wrong,
// and disconnects before the filter can read the error, still counts. A response that
// the service broke off does not.
func unreadTokenErrors(t *testing.T, s *stage) {
	for _, row := range []struct {
		name     string
		protocol client.Protocol
		word     string
		leave    func(*testing.T, *caller)
		details  string
		counts   bool
	}{
		{"the client resets its HTTP/2 stream", client.HTTP2, lateError, resetAfterHeaders, "http2.remote_reset", true},
		{"the client closes its HTTP/1 connection", client.HTTP1, lateError, resetAfterHeaders, "downstream_remote_disconnect", true},
		{"the client resets its HTTP/1 connection", client.HTTP1, lateError, closeAfterHeaders, "downstream_remote_disconnect", true},
		{"the service breaks off, HTTP/1", client.HTTP1, cutError, readToTheEnd, "upstream_reset_after_response_started{protocol_error}", false},
		{"the service breaks off, HTTP/2", client.HTTP2, cutError, readToTheEnd, "upstream_reset_after_response_started{protocol_error}", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := s.newCaller(t, row.protocol)
			for range 3 {
				row.leave(t, c)
			}
			s.awaitDetails(t, c, 3, row.details)
			status := c.do(t, "POST", "/oauth/token", guessGrant, form, basic).status
			if row.counts {
				assert.Equal(t, 429, status, "the failures are not counted")
			} else {
				assert.Equal(t, 400, status, "failures were counted that were none")
			}
		})
	}
}

// resetAfterHeaders begins a guess and gives it up with the response headers in
// hand: HTTP/2 sends RST_STREAM, HTTP/1 closes.
func resetAfterHeaders(t *testing.T, c *caller) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	response, err := c.http.Do(guessRequest(ctx, c, lateError))
	require.NoError(t, err)
	require.Equal(t, 400, response.StatusCode)
	cancel()
	_ = response.Body.Close()
}

func guessRequest(ctx context.Context, c *caller, word string) *http.Request {
	request, err := http.NewRequestWithContext(ctx, "POST", c.base+"/oauth/token", strings.NewReader(guessGrant))
	if err != nil {
		panic(err) // the address is Envoy's own
	}
	request.Header.Set(form[0], form[1])
	request.Header.Set(basic[0], basic[1])
	request.Header.Set(chaos, word)
	return request
}

// closeAfterHeaders does the same with a TCP reset.
func closeAfterHeaders(t *testing.T, c *caller) {
	t.Helper()
	conn, err := c.dial()
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "POST /oauth/token HTTP/1.1\r\nHost: x\r\n%s: %s\r\n%s: %s\r\n%s: %s\r\nContent-Length: %d\r\n\r\n%s",
		form[0], form[1], basic[0], basic[1], chaos, lateError, len(guessGrant), guessGrant)
	require.NoError(t, err)
	line, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "400")
	require.NoError(t, conn.SetLinger(0))
}

func readToTheEnd(t *testing.T, c *caller) {
	t.Helper()
	response, err := c.http.Do(guessRequest(t.Context(), c, cutError))
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, 400, response.StatusCode)
	_, err = io.ReadAll(response.Body)
	require.Error(t, err, "the body was to break off")
}

// dial opens a connection of the caller's for what no HTTP client sends.
func (c *caller) dial() (*net.TCPConn, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(c.address)}, Timeout: 5 * time.Second}
	conn, err := dialer.Dial("tcp", strings.TrimPrefix(c.base, "http://"))
	if err != nil {
		return nil, err
	}
	tcp := conn.(*net.TCPConn)
	return tcp, tcp.SetDeadline(time.Now().Add(10 * time.Second))
}

// awaitDetails waits for n lines of the access log about c and checks their
// response code details.
func (s *stage) awaitDetails(t *testing.T, c *caller, n int, details string) {
	t.Helper()
	within(t, 10*time.Second, "the access log", func() bool { return len(s.envoy.Access.Lines(c.address)) >= n })
	for _, line := range s.envoy.Access.Lines(c.address) {
		var e accessEntry
		require.NoError(t, json.Unmarshal([]byte(line), &e), line)
		assert.Equal(t, details, e.Details, line)
	}
}

// A client that violates HTTP/2, so that Envoy ends its stream, gains nothing over one
// that resets the stream.
func brokenRules(t *testing.T, s *stage) {
	for _, row := range []struct {
		name  string
		frame []byte
	}{
		{"RST_STREAM, NO_ERROR", frame(frameRSTStream, 0, 1, []byte{0, 0, 0, 0})},
		{"RST_STREAM, REFUSED_STREAM", frame(frameRSTStream, 0, 1, []byte{0, 0, 0, 7})},
		{"RST_STREAM, a code that is none", frame(frameRSTStream, 0, 1, []byte{9, 9, 9, 9})},
		{"GOAWAY and gone", frame(frameGoAway, 0, 0, make([]byte, 8))},
		{"an empty WINDOW_UPDATE", frame(frameWindowUpdate, 0, 1, make([]byte, 4))},
		{"a WINDOW_UPDATE too many", frame(frameWindowUpdate, 0, 1, []byte{0x7F, 0xFF, 0xFF, 0xFF})},
		{"DATA behind the end", frame(frameData, 0, 1, []byte("x"))},
		{"HEADERS behind the end", frame(frameHeaders, endHeaders, 1, plainFields("a", "b"))},
		{"DATA on no stream", frame(frameData, 0, 0, []byte("x"))},
		{"fields that cannot be read", frame(frameHeaders, endHeaders, 3, []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF})},
		{"a frame too long", frame(frameData, 0, 1, make([]byte, 1<<20))},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := s.newCaller(t, client.HTTP1)
			for range 3 {
				conn, err := c.dial()
				require.NoError(t, err)
				defer conn.Close()
				require.NoError(t, openStream(conn, lateError))
				require.NoError(t, awaitHeaders(conn))
				_, err = conn.Write(row.frame)
				require.NoError(t, err)
				if row.frame[3] == frameGoAway {
					conn.Close()
				}
			}
			// Some of them leave a line for the frame, too.
			within(t, 10*time.Second, "the access log", func() bool { return len(s.envoy.Access.Lines(c.address, "/oauth/token")) == 3 })
			assert.Equal(t, 429, c.do(t, "POST", "/oauth/token", guessGrant, form, basic).status,
				"the failures are not counted: %s", s.envoy.Access.Lines(c.address)[0])
		})
	}
}

// However an attempt ends, its place among the pending ones is free again. Of a
// client without failures, with 3 allowed and 1 more at once, 4 pass and a fifth
// does not.
func noSlotLeaks(t *testing.T, s *stage, protocol client.Protocol) {
	c := s.newCaller(t, protocol)
	login := attempt{"/oauth/authorize", "user=alice&password=wonderland" + redirect, form}
	for i := range 60 {
		c.giveUp(t.Context(), protocol, i, login)
	}
	// A leaked place would be taken for half a minute at least.
	within(t, 10*time.Second, "4 of 5 attempts at once to pass", func() bool {
		counts := make(chan int, 5)
		for range cap(counts) {
			go func() {
				r, _ := c.try("POST", login.path, login.body, form, chaosHeader(waitFirst))
				counts <- r.status
			}()
		}
		passed, refused := 0, 0
		for range cap(counts) {
			switch <-counts {
			case 302:
				passed++
			case 429:
				refused++
			}
		}
		return passed == 4 && refused == 1
	})
}
