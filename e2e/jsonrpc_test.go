package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",` +
	`"capabilities":{},"clientInfo":{"name":"e2e","version":"1"}}}`

// lockMCP locks c out of an MCP surface whose limit is 2.
func (c *caller) lockMCP(t *testing.T) {
	t.Helper()
	for range 2 {
		require.Equal(t, 401, c.do(t, "POST", "/mcp", initialize, rpc, wrong).status)
	}
}

// ids are valid JSON-RPC ids that would change if anybody read them as a
// float64 or wrote them anew.
var ids = []string{
	`7`, `-1`, `0`, `12345678901234567890123456789`, `1.0`, `1e3`, `9007199254740993`,
	`"7"`, `""`, `"a b"`, `"\u00e9\/\"\\"`, `"é"`, `"😀 \ud83d\ude00"`,
}

func TestRefusalCarriesTheRequestsID(t *testing.T) {
	s := standard(t, plain)
	for _, protocol := range protocols {
		t.Run(protocol.String(), func(t *testing.T) {
			c := s.newCaller(t, protocol)
			c.lockMCP(t)
			reached := s.service.Seen()["mcp"]
			for _, id := range ids {
				body := `{"jsonrpc": "2.0", "method": "tools/list", "params": {"id": 99}, "id" : ` + id + ` }`
				r := c.do(t, "POST", "/mcp", body, rpc, valid)
				checkRPCRefusal(t, r, id)
			}
			assert.Equal(t, reached, s.service.Seen()["mcp"], "a refused request reached the service")
		})
	}
}

// checkRPCRefusal checks a 429 whose body is a JSON-RPC error with the raw id.
func checkRPCRefusal(t *testing.T, r reply, id string) {
	t.Helper()
	require.Equal(t, 429, r.status)
	assert.NotEmpty(t, r.header.Get("Retry-After"))
	assert.Equal(t, "application/json", r.header.Get("Content-Type"))
	assert.Equal(t, "no-store", r.header.Get("Cache-Control"))
	var message struct {
		JSONRPC string `json:"jsonrpc"`
		ID      json.RawMessage
		Error   struct {
			Code    int
			Message string
			Data    struct{ Reason string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &message), r.body)
	assert.Equal(t, "2.0", message.JSONRPC)
	assert.Equal(t, id, string(message.ID))
	assert.Equal(t, "locked_out", message.Error.Data.Reason)
	assert.Contains(t, message.Error.Message, "Try again in")
}

// The body may come in any number of pieces, and HTTP/2 may end it with
// trailers instead of a last piece.
func TestRefusalOfABodyInPieces(t *testing.T) {
	s := standard(t, plain)
	const body = `{"jsonrpc":"2.0","id":"in pieces","method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}}}`
	for _, protocol := range protocols {
		c := s.newCaller(t, protocol)
		c.lockMCP(t)
		for _, trailers := range []bool{false, true} {
			name := protocol.String()
			if trailers {
				name += " with trailers"
			}
			t.Run(name, func(t *testing.T) {
				request := inPieces(t, c.base+"/mcp", body, 11)
				if trailers {
					request.Trailer = http.Header{"X-Checksum": {"abc"}}
				}
				r, err := c.send(request)
				require.NoError(t, err)
				checkRPCRefusal(t, r, `"in pieces"`)
			})
		}
	}
}

// inPieces is a request whose body is written in pieces of n bytes, each flushed
// on its own.
func inPieces(t *testing.T, url, body string, n int) *http.Request {
	t.Helper()
	read, write := io.Pipe()
	go func() {
		for piece := body; piece != ""; {
			next := piece[:min(n, len(piece))]
			piece = piece[len(next):]
			if _, err := io.WriteString(write, next); err != nil {
				return // the server has answered without the rest
			}
		}
		_ = write.Close()
	}()
	request, err := http.NewRequest(http.MethodPost, url, read)
	require.NoError(t, err)
	for _, h := range [][]string{rpc, valid} {
		for i := 0; i < len(h); i += 2 {
			request.Header.Set(h[i], h[i+1])
		}
	}
	return request
}

// However a request is made, the refusal comes and nothing hangs.
func TestRefusalWithoutAnID(t *testing.T) {
	s := standard(t, plain)
	for _, protocol := range protocols {
		c := s.newCaller(t, protocol)
		c.lockMCP(t)
		for name, row := range map[string]struct{ method, body string }{
			"GET":              {"GET", ""},
			"HEAD":             {"HEAD", ""},
			"DELETE":           {"DELETE", ""},
			"POST of nothing":  {"POST", ""},
			"no JSON":          {"POST", "<html>"},
			"half a message":   {"POST", `{"jsonrpc":"2.0","id":1,"meth`},
			"a notification":   {"POST", `{"jsonrpc":"2.0","method":"notifications/initialized"}`},
			"an id of null":    {"POST", `{"jsonrpc":"2.0","id":null,"method":"ping"}`},
			"an id of a kind":  {"POST", `{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}`},
			"a very long body": {"POST", `{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("x", 600<<10) + `"}`},
		} {
			t.Run(protocol.String()+" "+name, func(t *testing.T) {
				r := c.do(t, row.method, "/mcp", row.body, rpc, valid)
				require.Equal(t, 429, r.status)
				assert.NotEmpty(t, r.header.Get("Retry-After"))
				if row.method == "HEAD" {
					return
				}
				var message map[string]json.RawMessage
				require.NoError(t, json.Unmarshal([]byte(r.body), &message), r.body)
				assert.Contains(t, message, "error")
				assert.NotContains(t, message, "id")
			})
		}
	}
}

func letHeadersGo(b *envoy.Bootstrap) error {
	b.Plugin["allow_on_headers_stop_iteration"] = false
	return nil
}

// Where Envoy cannot hold the headers until the body is there, the refusal comes
// without an id, but it comes.
func TestRefusalWhereHeadersCannotBeHeld(t *testing.T) {
	s := standard(t, headersGo)
	c := s.newCaller(t, client.HTTP1)
	c.lockMCP(t)
	reached := s.service.Seen()["mcp"]
	r := c.do(t, "POST", "/mcp", initialize, rpc, valid)
	require.Equal(t, 429, r.status)
	assert.Contains(t, r.body, `"error"`)
	assert.Equal(t, reached, s.service.Seen()["mcp"])
}
