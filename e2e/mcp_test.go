package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// bearer adds a token to every request.
type bearer struct {
	token string
	next  http.RoundTripper
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
}

// connect opens a session of the SDK's own client from c's address.
func connect(t *testing.T, c *caller, token string) (*mcp.ClientSession, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	t.Cleanup(cancel)
	own := *c.http
	own.Transport = bearer{token, c.http.Transport}
	own.Timeout = 0 // streams stay open
	agent := mcp.NewClient(&mcp.Implementation{Name: "e2e", Version: "1.0.0"}, nil)
	session, err := agent.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: c.base + "/mcp", HTTPClient: &own, MaxRetries: -1,
	}, nil)
	if err == nil {
		t.Cleanup(func() { _ = session.Close() })
	}
	return session, err
}

// use lists the tools and calls each of them.
func use(t *testing.T, session *mcp.ClientSession) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	list, err := session.ListTools(ctx, nil)
	require.NoError(t, err)
	assert.Len(t, list.Tools, 7)

	told, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "echo", Arguments: map[string]any{"text": "hello"}})
	require.NoError(t, err)
	require.Len(t, told.Content, 1)
	assert.Equal(t, "hello", told.Content[0].(*mcp.TextContent).Text)

	sum, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "add", Arguments: map[string]any{"a": 2, "b": 3}})
	require.NoError(t, err)
	structured, err := json.Marshal(sum.StructuredContent)
	require.NoError(t, err)
	assert.JSONEq(t, `{"sum": 5}`, string(structured))

	late, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "slow", Arguments: map[string]any{"milliseconds": 200}})
	require.NoError(t, err)
	assert.False(t, late.IsError)
}

// A client of the MCP SDK works through the filter as without it, before,
// during and after another client's lockout, and its own.
func TestMCPClientAndLockouts(t *testing.T) {
	s := standard(t, quick)
	for _, protocol := range protocols {
		t.Run(protocol.String(), func(t *testing.T) {
			t.Parallel()
			honest, attacker := s.newCaller(t, protocol), s.newCaller(t, protocol)
			session, err := connect(t, honest, service.Token)
			require.NoError(t, err)
			use(t, session)

			for range 5 {
				_, err := connect(t, attacker, "a-guess")
				require.Error(t, err)
			}
			refused := attacker.do(t, "POST", "/mcp", initialize, rpc, valid)
			require.Equal(t, 429, refused.status)
			use(t, session)
			another, err := connect(t, honest, service.Token)
			require.NoError(t, err)
			use(t, another)

			within(t, 6*time.Second, "the attacker's lockout to end", func() bool {
				return attacker.do(t, "POST", "/mcp", initialize, rpc, valid).status == 200
			})
			use(t, session)
			reformed, err := connect(t, attacker, service.Token)
			require.NoError(t, err)
			use(t, reformed)
		})
	}
}

// A locked client's SDK gets an error at once, and it names the reason.
func TestMCPClientThatIsLockedOut(t *testing.T) {
	s := standard(t, plain)
	c := s.newCaller(t, client.HTTP1)
	session, err := connect(t, c, service.Token)
	require.NoError(t, err)
	c.lockMCP(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err = session.ListTools(ctx, nil)
	require.Error(t, err)
	require.NoError(t, ctx.Err(), "the client waited for an answer that it did not recognise")
	t.Logf("the SDK says: %v", err)
}

// A client of the MCP SDK sees the tools that it may use, and is told why it may not use the
// others, or not any more. Its session goes on.
func TestMCPClientSeesWhatItMayUse(t *testing.T) {
	t.Parallel()
	hash := sha256.Sum256([]byte(service.Token))
	s := start(t, configuration(nil,
		`"identity": [{"source": "api_keys", "keys": [{"id": "demo", "sha256": "`+hex.EncodeToString(hash[:])+`", "subject": "ann", "tier": "free", "scopes": ["mcp:query"]}]}]`,
		`"mcp": {"tiers": ["free", "pro"], "tools": [{"name": "echo", "risk": "READ_ONLY"}, {"name": "add", "scopes": [], "tier": "pro"}, {"name": "slow", "scopes": ["mcp:query"], "cost": 5}]}`,
		`"quotas": [{"name": "credits", "unit": "credits", "per": ["subject"], "limit": 12, "window": "1h"}]`))
	for _, protocol := range protocols {
		t.Run(protocol.String(), func(t *testing.T) {
			session, err := connect(t, s.newCaller(t, protocol), service.Token)
			require.NoError(t, err)
			call := func(tool string, arguments map[string]any) string {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
				if err != nil {
					require.NoError(t, ctx.Err(), "the client waited for an answer that it did not recognise")
					return err.Error()
				}
				if result.IsError {
					return "failed"
				}
				return "done"
			}
			assert.Equal(t, "done", call("echo", map[string]any{"text": "x"}))
			assert.Contains(t, call("add", map[string]any{"a": 1, "b": 2}), "This needs the tier pro or a higher one.")
			assert.Contains(t, call("other", nil), "This needs the scopes: generate.")
			if protocol == protocols[0] {
				assert.Equal(t, "failed", call("slow", map[string]any{"milliseconds": "long"}), "the service refuses it, and it is not paid for")
				assert.Equal(t, "done", call("slow", map[string]any{"milliseconds": 1}))
				assert.Equal(t, "done", call("slow", map[string]any{"milliseconds": 1}))
			}
			assert.Contains(t, call("slow", map[string]any{"milliseconds": 1}), "credits has 2 of 12 left", "both connections spend what is ann's")

			list, err := session.ListTools(t.Context(), nil)
			require.NoError(t, err)
			var names []string
			for _, tool := range list.Tools {
				names = append(names, tool.Name)
			}
			assert.Equal(t, []string{"echo", "slow"}, names)
		})
	}
}
