package mcpclients

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// stateless2026 is the first version of the protocol without sessions.
const stateless2026 = "2026-07-28"

// eras are the versions of the protocol. Clients speak all of them over the transport of later
// ones.
var eras = []string{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", stateless2026}

// twoStreams is the transport of the first version, HTTP+SSE: requests are answered on another
// stream.
const twoStreams = "HTTP+SSE"

// The server's tools. All of them answer "done"; the filter's configuration makes the
// differences. hold answers a moment later.
var serverTools = []string{"read", "spend", "tiered", "scoped", "hold"}

// startServer starts a server on the Go SDK. Of a version before 2026-07-28, it agrees with
// its client on the one in the path, /ERA/mcp or /ERA/sse, whatever the client asks for.
func startServer() *httptest.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "demo", Version: "1.0.0"}, nil)
	for _, name := range serverTools {
		mcp.AddTool(server, &mcp.Tool{Name: name, Description: "a tool"}, func(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
			if name == "hold" {
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
				}
			}
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "done"}}}, nil, nil
		})
	}
	find := func(*http.Request) *mcp.Server { return server }
	sessions := mcp.NewStreamableHTTPHandler(find, nil)
	pairs := mcp.NewSSEHandler(find, nil)
	single := mcp.NewStreamableHTTPHandler(find, &mcp.StreamableHTTPOptions{Stateless: true})
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		era, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch {
		case strings.HasSuffix(r.URL.Path, "/sse"):
			agreeOn(r, era)
			pairs.ServeHTTP(w, r)
		case era >= stateless2026:
			single.ServeHTTP(w, r)
		default:
			agreeOn(r, era)
			sessions.ServeHTTP(w, r)
		}
	}))
}

// agreeOn lets an initialize ask for a version.
func agreeOn(r *http.Request, era string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the server finds out
	}
	var message struct {
		Method string         `json:"method"`
		Params map[string]any `json:"params"`
		ID     any            `json:"id"`
		RPC    string         `json:"jsonrpc"`
	}
	if json.Unmarshal(body, &message) == nil && message.Method == "initialize" && message.Params != nil {
		message.Params["protocolVersion"] = era
		if changed, err := json.Marshal(message); err == nil {
			body = changed
		}
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
}
