package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

// slow returns a client that sends a request byte by byte, headers and body, and
// is honest.
func (r *riot) slow(t *testing.T) func(context.Context) {
	c := r.newCaller(t, client.HTTP1)
	text := rawRequest("/mcp", initialize, rpc, valid)
	return func(ctx context.Context) {
		for pause(ctx, time.Millisecond) {
			status, err := c.byteByByte(ctx, text, 3*time.Millisecond)
			switch {
			case err != nil: // a drained listener does not wait for it
			case status == 429 || status == 401:
				r.wrong("a slow honest client got a %d", status)
			default:
				r.saw("slow")
			}
		}
	}
}

func rawRequest(path, body string, headers ...[]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n", path, len(body))
	for _, h := range headers {
		for i := 0; i < len(h); i += 2 {
			fmt.Fprintf(&b, "%s: %s\r\n", h[i], h[i+1])
		}
	}
	return b.String() + "\r\n" + body
}

func (c *caller) byteByByte(ctx context.Context, text string, between time.Duration) (int, error) {
	conn, err := c.dial()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	for i := range len(text) {
		if _, err := io.WriteString(conn, text[i:i+1]); err != nil || !pause(ctx, between) {
			return 0, io.ErrUnexpectedEOF
		}
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, nil
}

// attempt is a request that is given up.
type attempt struct {
	path, body string
	headers    []string
}

// attempts are a request to each surface, with these credentials.
func attempts(bearer, basic []string, grant string) []attempt {
	join := func(lists ...[]string) (all []string) { return slices.Concat(lists...) }
	return []attempt{
		{"/api/v1/items", "whatever", bearer},
		{"/mcp", initialize, join(rpc, bearer)},
		{"/oauth/token", grant, join(form, basic)},
	}
}

// leaving returns clients that give up at any moment: in the middle of headers,
// of a body, of the answer. One of them is honest and stays free; the other is
// not, and whether it is locked out is its own affair.
func (r *riot) leaving(t *testing.T, protocol client.Protocol) func(context.Context) {
	honest, guesser := r.newCaller(t, protocol), r.newCaller(t, protocol)
	good, bad := attempts(valid, basic, "grant_type=client_credentials"), attempts(wrong, basic, guessGrant)
	return func(ctx context.Context) {
		for i := 0; pause(ctx, 5*time.Millisecond); i++ {
			honest.giveUp(ctx, protocol, i, good[i%len(good)])
			guesser.giveUp(ctx, protocol, i, bad[i%len(bad)])
			r.saw("left " + protocol.String())
			if i%20 > 0 {
				continue
			}
			if answer, err := honest.try("GET", "/api/v1/items", "", valid); err == nil && answer.status == 429 {
				r.wrong("an honest client that often leaves early is locked out")
			}
		}
	}
}

// giveUp sends a request, the i-th, and leaves it at some moment. The service
// may misbehave as well.
func (c *caller) giveUp(ctx context.Context, protocol client.Protocol, i int, a attempt) {
	words := [][]string{{}, chaosHeader(slowBody), {}, chaosHeader(resetFirst), {}, chaosHeader(cutBody), chaosHeader(waitFirst)}
	a.headers = slices.Concat(a.headers, words[i%len(words)])
	if protocol == client.HTTP2 {
		c.reset(ctx, i, a)
	} else {
		c.breakOff(i, a)
	}
}

// breakOff sends a part of a request over HTTP/1, or all of it and reads a part
// of the answer, and closes the connection.
func (c *caller) breakOff(i int, a attempt) {
	conn, err := c.dial()
	if err != nil {
		return
	}
	defer conn.Close()
	text := rawRequest(a.path, a.body, a.headers)
	if i%4 == 0 {
		text = text[:rand.IntN(len(text))]
	}
	if _, err := io.WriteString(conn, text); err != nil {
		return
	}
	if i%4 > 1 {
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		_, _ = io.CopyN(io.Discard, conn, int64(rand.IntN(200)))
	}
	if i%2 == 0 {
		_ = conn.SetLinger(0) // with a TCP reset
	}
}

// reset gives a request over HTTP/2 up after a while: RST_STREAM, with headers,
// body or answer under way.
func (c *caller) reset(ctx context.Context, i int, a attempt) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(rand.IntN(6000))*time.Microsecond)
	defer cancel()
	reader, writer := io.Pipe()
	defer reader.Close()
	go func() {
		half := len(a.body) / 2
		_, _ = io.WriteString(writer, a.body[:half])
		if i%4 == 0 {
			<-ctx.Done() // in the middle of the body
		}
		_, _ = io.WriteString(writer, a.body[half:])
		_ = writer.Close()
	}()
	request, err := http.NewRequestWithContext(ctx, "POST", c.base+a.path, reader)
	if err != nil {
		return
	}
	for j := 0; j < len(a.headers); j += 2 {
		request.Header.Set(a.headers[j], a.headers[j+1])
	}
	if response, err := c.http.Do(request); err == nil {
		_, _ = io.CopyN(io.Discard, response.Body, int64(rand.IntN(100)))
		_ = response.Body.Close()
	}
}
