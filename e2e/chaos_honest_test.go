package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

// honest returns a client that presents valid credentials only, in every way
// there is. It may get a 503 from a VM that trapped or a service that broke off,
// and lose its connection; it may never be refused.
func (r *riot) honest(t *testing.T, protocol client.Protocol) func(context.Context) {
	c := r.newCaller(t, protocol)
	return func(ctx context.Context) {
		for i := 0; pause(ctx, 4*time.Millisecond); i++ {
			status, err := r.honestRequest(ctx, c, protocol, i)
			if err != nil {
				r.saw("honest " + protocol.String() + " disturbed")
				c.http.CloseIdleConnections()
				continue
			}
			r.saw(fmt.Sprint("honest ", status))
			if status == 429 || status == 401 || status == 400 {
				r.wrong("an honest client of %s got a %d, for request %d", protocol, status, i%12)
			}
		}
	}
}

// honestRequest sends one of a dozen kinds of requests.
func (r *riot) honestRequest(ctx context.Context, c *caller, protocol client.Protocol, i int) (int, error) {
	send := func(method, path, body string, headers ...[]string) (int, error) {
		answer, err := c.try(method, path, body, headers...)
		return answer.status, err
	}
	switch i % 12 {
	case 0:
		return send("POST", "/mcp", initialize, rpc, valid)
	case 1:
		return send("POST", "/oauth/token", "grant_type=client_credentials", form, basic)
	case 2:
		return send("POST", "/oauth/authorize", "user=alice&password=wonderland"+redirect, form)
	case 3:
		return send("GET", "/api/v1/items", "", valid, chaosHeader(slowBody))
	case 4:
		return send("GET", "/api/v1/items", "", valid, chaosHeader(withTrailer))
	case 5:
		return send("GET", "/api/v1/items", "", valid, chaosHeader(resetFirst))
	case 6:
		return send("GET", "/api/v1/items", "", valid, chaosHeader(cutBody))
	case 7:
		return c.withTrailers(ctx)
	case 8:
		return send("POST", "/api/v1/items", strings.Repeat("x", 1000), valid, []string{"Expect", "100-continue"})
	case 9:
		if protocol == client.HTTP1 {
			return r.upgrade(c)
		}
	case 10:
		return send("POST", "/api/v1/items", strings.Repeat("x", 2<<20), valid)
	}
	return send("GET", "/api/v1/items", "", valid)
}

// withTrailers sends a body of unknown length, and trailers behind it.
func (c *caller) withTrailers(ctx context.Context) (int, error) {
	body := io.MultiReader(strings.NewReader("first "), strings.NewReader("second"))
	request, err := http.NewRequestWithContext(ctx, "POST", c.base+"/api/v1/items", io.NopCloser(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set(valid[0], valid[1])
	request.Trailer = http.Header{"X-Sum": {"1"}}
	answer, err := c.send(request)
	return answer.status, err
}

// upgrade asks for a WebSocket and talks over it.
func (r *riot) upgrade(c *caller) (int, error) {
	conn, err := c.dial()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	const said = "whatever it is, it is no HTTP"
	if _, err := fmt.Fprintf(conn, "GET /api/v1/socket HTTP/1.1\r\nHost: x\r\n%s: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		valid[0], valid[1]); err != nil {
		return 0, err
	}
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.StatusCode != 101 {
		return statusOf(response), err
	}
	if _, err := io.WriteString(conn, said); err != nil {
		return 101, err
	}
	heard := make([]byte, len(said))
	if _, err = io.ReadFull(reader, heard); err == nil && string(heard) == said {
		r.saw("upgraded")
	}
	return 101, err
}

func statusOf(response *http.Response) int {
	if response == nil {
		return 0
	}
	return response.StatusCode
}

// oversized sends wrong credentials with more headers than Envoy takes. Nothing
// of it reaches the filter, so that it must not count.
func (r *riot) oversized(t *testing.T) func(context.Context) {
	c, c2 := r.newCaller(t, client.HTTP1), r.newCaller(t, client.HTTP2)
	huge := []string{"X-Huge", strings.Repeat("h", 1<<20)}
	return func(ctx context.Context) {
		for pause(ctx, time.Duration(100+rand.IntN(100))*time.Millisecond) {
			if answer, err := c.try("GET", "/api/v1/items", "", wrong, huge); err == nil && answer.status != 431 && answer.status != 503 {
				r.wrong("headers of 1 MiB are answered %d", answer.status)
			}
			_, _ = c2.try("GET", "/api/v1/items", "", wrong, huge) // the client itself may decline
			r.saw("oversized")
			for _, c := range []*caller{c, c2} {
				if answer, err := c.try("GET", "/api/v1/items", "", valid); err == nil && answer.status != 200 && answer.status != 503 {
					r.wrong("who sent headers of 1 MiB gets a %d afterwards", answer.status)
				}
			}
		}
	}
}

// manyStreams keeps a hundred streams busy on one connection.
func (r *riot) manyStreams(t *testing.T) func(context.Context) {
	c := r.newCaller(t, client.HTTP2)
	return func(ctx context.Context) {
		for pause(ctx, 500*time.Millisecond) {
			done := make(chan int, 100)
			for range cap(done) {
				go func() {
					answer, _ := c.try("GET", "/api/v1/items", "", valid, chaosHeader(slowBody))
					done <- answer.status
				}()
			}
			for range cap(done) {
				if status := <-done; status == 429 || status == 401 {
					r.wrong("one of many honest streams got a %d", status)
				}
				r.saw("streams")
			}
		}
	}
}
