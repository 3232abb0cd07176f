package service

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// routeMCP serves MCP over streamable HTTP, behind the SDK's own check of bearer tokens. The
// SDK is told of no metadata document, so its 401 carries no challenge: making the service
// discoverable is left to the proxy. API keys and sessions pass without that check.
func (s *Service) routeMCP(mux *http.ServeMux) {
	server := mcp.NewServer(&mcp.Implementation{Name: "demo", Version: "1.0.0"}, nil)
	addTools(server)
	get := func(*http.Request) *mcp.Server { return server }
	sessions := mcp.NewStreamableHTTPHandler(get, nil)
	single := mcp.NewStreamableHTTPHandler(get, &mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isSingle(r) {
			r.Header.Set("Accept", "application/json, text/event-stream") // the SDK insists on both
			single.ServeHTTP(w, r)
			return
		}
		sessions.ServeHTTP(w, r)
	})
	withToken := auth.RequireBearerToken(verify, nil)(handler)
	mux.HandleFunc("/mcp", func(w http.ResponseWriter, r *http.Request) {
		if _, known, _ := s.callerOf(r); known && r.Header.Get("Authorization") == "" {
			handler.ServeHTTP(w, r)
			return
		}
		withToken.ServeHTTP(w, r)
	})
}

// isSingle tells whether a request stands for itself, as somebody types it into curl: it takes
// an answer in JSON, and belongs to no session.
func isSingle(r *http.Request) bool {
	return r.Method == http.MethodPost && !strings.Contains(r.Header.Get("Accept"), "text/event-stream") &&
		r.Header.Get("Mcp-Session-Id") == "" && r.Header.Get("Mcp-Protocol-Version") == ""
}

func verify(_ context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
	who, known := byToken[token]
	if !known {
		return nil, auth.ErrInvalidToken
	}
	return &auth.TokenInfo{UserID: who.user, Scopes: strings.Fields(who.scopes), Expiration: time.Now().Add(time.Hour)}, nil
}
