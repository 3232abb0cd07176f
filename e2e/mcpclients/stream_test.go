package mcpclients

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// streamed are the requests whose answers the filter reads as they pass: it leaves tools out
// of one, and settles what the other costs.
var streamed = map[string]string{
	"list": `{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{}}`,
	"call": `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"spend","arguments":{}}}`,
}

// results are what the streams end with, and what is left of it.
var results = map[string][2]string{
	"list": {`{"jsonrpc":"2.0","id":7,"result":{"tools":[{"name":"tiered"},{"name":"read"}]}}`, `{"jsonrpc":"2.0","id":7,"result":{"tools":[{"name":"read"}]}}`},
	"call": {`{"jsonrpc":"2.0","id":7,"result":{"content":[]}}`, `{"jsonrpc":"2.0","id":7,"result":{"content":[]}}`},
}

// streams answers with events. Of each answer, it sends the first event, and the others when
// the client has seen that one.
type streams struct {
	address string
	seen    chan struct{}
}

var streaming = streams{seen: make(chan struct{})}

func addStreams(b *envoy.Bootstrap) (stop func(), err error) {
	server := httptest.NewServer(streaming)
	streaming.address = server.Listener.Addr().String()
	return server.Close, errors.Join(
		addListener(b, "streams", streaming.address, format("auto").configuration(), nil),
		addListener(b, "streams-bare", streaming.address, "", (*envoy.Bootstrap).RemovePlugin))
}

func (s streams) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	kind := "call"
	if strings.Contains(string(body), "tools/list") {
		kind = "list"
	}
	events, _ := strconv.Atoi(r.Header.Get("x-events"))
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, progress(0))
	_ = http.NewResponseController(w).Flush()
	select {
	case <-s.seen:
	case <-r.Context().Done():
		return
	}
	for i := 1; i < events; i++ {
		if _, err := io.WriteString(w, progress(i)); err != nil {
			return
		}
	}
	_, _ = fmt.Fprintf(w, "event: message\ndata: %s\n\n", results[kind][0])
}

// progress is an event with a number.
func progress(i int) string {
	return fmt.Sprintf("event: message\nid: %d\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":1,\"progress\":%[1]d,\"message\":\"%[2]s\"}}\n\n",
		i, strings.Repeat("so far ", 20))
}

// open sends a request to a server, and returns the answer's body.
func (s streams) open(ctx context.Context, t testing.TB, at, kind, user string, events int) *bufio.Reader {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+at+"/2025-11-25/mcp", strings.NewReader(streamed[kind]))
	require.NoError(t, err)
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25",
		"X-User": user, "X-Events": strconv.Itoa(events),
	} {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	require.Equal(t, 200, response.StatusCode)
	return bufio.NewReader(response.Body)
}

// nextEvent reads an event.
func nextEvent(t testing.TB, from *bufio.Reader) string {
	t.Helper()
	event := ""
	for {
		line, err := from.ReadString('\n')
		if event += line; err != nil || line == "\n" {
			require.NoError(t, err, "behind %q", event)
			return event
		}
	}
}

// TestStreamsAreNotHeld: the first event arrives before the server has the second one to
// send. A hundred thousand events later, in order and to the last byte what they should be,
// Envoy holds no more than after a tenth of them.
func TestStreamsAreNotHeld(t *testing.T) {
	const events, early = 100_000, 10_000
	// What is on its way, and what Envoy does besides.
	const slack = 4 << 20
	showOnFailure(t)
	for kind := range streamed {
		t.Run(kind, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			stream := streaming.open(ctx, t, address(t, "streams"), kind, "stream-"+kind, events)
			require.Equal(t, progress(0), nextEvent(t, stream))
			streaming.seen <- struct{}{}
			var before int64
			for i := 1; i < events; i++ {
				if event := nextEvent(t, stream); event != progress(i) {
					require.Equal(t, progress(i), event)
				}
				if i == early {
					before = memory(t)
				}
			}
			after := memory(t)
			assert.Equal(t, "event: message\ndata: "+results[kind][1]+"\n\n", nextEvent(t, stream))
			_, err := stream.ReadByte()
			require.ErrorIs(t, err, io.EOF)
			assert.Less(t, after, before+slack, "bytes that Envoy has allocated")
			t.Logf("%d bytes of events; Envoy's heap: %d bytes after %d events, %d after %d", events*len(progress(events)), before, early, after, events)
		})
	}
}

func memory(t *testing.T) int64 {
	t.Helper()
	bytes, err := tests.Envoy.Memory(t.Context())
	require.NoError(t, err)
	return bytes
}

// BenchmarkFirstEvent measures how long it takes until a client has the first event of an
// answer: from the server itself, through Envoy alone, and with the filter.
func BenchmarkFirstEvent(b *testing.B) {
	through, err := tests.Envoy.ListenerAddress(context.Background(), "streams")
	bare, failed := tests.Envoy.ListenerAddress(context.Background(), "streams-bare")
	require.NoError(b, errors.Join(err, failed))
	for _, way := range []struct{ name, at string }{{"direct", streaming.address}, {"bare", bare}, {"filter", through}} {
		for kind := range streamed {
			b.Run(kind+"/"+way.name, func(b *testing.B) {
				for range b.N {
					ctx, cancel := context.WithCancel(b.Context())
					stream := streaming.open(ctx, b, way.at, kind, rand.Text(), 1) // nobody has spent anything yet
					nextEvent(b, stream)
					b.StopTimer()
					streaming.seen <- struct{}{}
					_, _ = io.Copy(io.Discard, stream)
					cancel()
					b.StartTimer()
				}
			})
		}
	}
}
