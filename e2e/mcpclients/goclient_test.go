package mcpclients

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
	"github.com/stretchr/testify/require"
)

// playInGo does jobs with the Go SDK.
func playInGo(t *testing.T, jobs []job) []answer {
	t.Helper()
	answers := make([]answer, len(jobs))
	var group sync.WaitGroup
	some := make(chan struct{}, 16)
	for i, j := range jobs {
		group.Go(func() {
			some <- struct{}{}
			defer func() { <-some }()
			answers[i] = j.play(t)
		})
	}
	group.Wait()
	return answers
}

// headers adds them to every request.
type headers map[string]string

func (h headers) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, value := range h {
		r.Header.Set(name, value)
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (j job) play(t *testing.T) (a answer) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	a.Kind = "none"
	session, err := j.connect(ctx, t, &a)
	if err == nil {
		defer func() { _ = session.Close() }()
		var list *mcp.ListToolsResult
		if list, err = session.ListTools(ctx, nil); err == nil {
			for _, tool := range list.Tools {
				a.Tools = append(a.Tools, tool.Name)
			}
		}
	}
	if err != nil {
		a.Kind, a.Text = "raised", err.Error()
		return a
	}
	a.Kind, a.Text = j.refused(ctx, session)
	for left := max(j.Patience, 1); left > 0 && !a.GoesOn; left-- {
		kind, _ := j.call(ctx, session, "read")
		if a.GoesOn = kind == "done"; !a.GoesOn && left > 1 {
			select {
			case <-time.After(200 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}
	return a
}

func (j job) connect(ctx context.Context, t *testing.T, a *answer) (*mcp.ClientSession, error) {
	own := &http.Client{Transport: headers(j.Headers)}
	streamable := &mcp.StreamableClientTransport{Endpoint: j.Endpoint, HTTPClient: own, MaxRetries: -1}
	if j.OAuth {
		streamable.OAuthHandler = person(t, a)
	}
	var transport mcp.Transport = streamable
	if j.SSE {
		transport = &mcp.SSEClientTransport{Endpoint: j.Endpoint, HTTPClient: own}
	}
	agent := mcp.NewClient(&mcp.Implementation{Name: "e2e", Version: "1.0.0"}, nil)
	return agent.Connect(ctx, transport, &mcp.ClientSessionOptions{ProtocolVersion: j.Era})
}

// person logs in at once, without a browser.
func person(t *testing.T, a *answer) auth.OAuthHandler {
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		PreregisteredClient: &oauthex.ClientCredentials{ClientID: "e2e"}, RedirectURL: "http://127.0.0.1:1/back",
		AuthorizationCodeFetcher: func(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			to, err := url.Parse(args.URL)
			if err != nil {
				return nil, err
			}
			a.Asked = append(a.Asked, to.Query().Get("scope"))
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, args.URL, nil)
			if err != nil {
				return nil, err
			}
			response, err := browser.Do(request)
			if err != nil {
				return nil, err
			}
			_ = response.Body.Close()
			back, err := response.Location()
			if err != nil {
				return nil, err
			}
			return &auth.AuthorizationResult{Code: back.Query().Get("code"), State: back.Query().Get("state")}, nil
		},
	})
	require.NoError(t, err)
	return handler
}

// refused calls the tool until a call is refused.
func (j job) refused(ctx context.Context, session *mcp.ClientSession) (kind, text string) {
	for times := max(j.Times, 1); times > 0; times-- {
		type seen struct{ kind, text string }
		all := make([]seen, max(j.AtOnce, 1))
		var group sync.WaitGroup
		for i := range all {
			group.Go(func() { all[i].kind, all[i].text = j.call(ctx, session, j.Tool) })
		}
		group.Wait()
		for _, one := range all {
			if kind, text = one.kind, one.text; kind != "done" {
				return kind, text
			}
		}
	}
	return kind, text
}

func (j job) call(ctx context.Context, session *mcp.ClientSession, name string) (kind, text string) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(j.Seconds)*time.Second)
	defer cancel()
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: map[string]any{}})
	switch {
	case err != nil && ctx.Err() != nil:
		return "silence", ""
	case err != nil:
		return "error", err.Error()
	}
	for _, part := range result.Content {
		if said, ok := part.(*mcp.TextContent); ok {
			text += said.Text
		}
	}
	if result.IsError {
		return "failed", text
	}
	return "done", text
}
