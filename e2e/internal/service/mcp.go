package service

import (
	"context"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// routeMCP serves MCP over streamable HTTP, behind the SDK's own check of
// bearer tokens. The SDK is told of no metadata document, so its 401 carries no
// challenge: making the service discoverable is left to the proxy.
func (s *Service) routeMCP(mux *http.ServeMux) {
	server := mcp.NewServer(&mcp.Implementation{Name: "demo", Version: "1.0.0"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "echo", Description: "says what it is told"}, echo)
	mcp.AddTool(server, &mcp.Tool{Name: "add", Description: "adds two numbers"}, add)
	mcp.AddTool(server, &mcp.Tool{Name: "slow", Description: "answers after some milliseconds, at most 5000"}, slow)
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)
	mux.Handle("/mcp", auth.RequireBearerToken(verify, nil)(handler))
}

func verify(_ context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
	if token != Token {
		return nil, auth.ErrInvalidToken
	}
	return &auth.TokenInfo{UserID: User, Scopes: []string{"mcp:query"}, Expiration: time.Now().Add(time.Hour)}, nil
}

type echoInput struct {
	Text string `json:"text"`
}

func echo(_ context.Context, _ *mcp.CallToolRequest, in echoInput) (*mcp.CallToolResult, any, error) {
	return said(in.Text), nil, nil
}

type addInput struct {
	A float64 `json:"a"`
	B float64 `json:"b"`
}

type addOutput struct {
	Sum float64 `json:"sum"`
}

func add(_ context.Context, _ *mcp.CallToolRequest, in addInput) (*mcp.CallToolResult, addOutput, error) {
	return nil, addOutput{Sum: in.A + in.B}, nil
}

type slowInput struct {
	Milliseconds int `json:"milliseconds"`
}

func slow(ctx context.Context, _ *mcp.CallToolRequest, in slowInput) (*mcp.CallToolResult, any, error) {
	timer := time.NewTimer(time.Duration(min(max(in.Milliseconds, 0), 5000)) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return said("done"), nil, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

func said(text string) *mcp.CallToolResult {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}
}
