package e2e

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// The two MCP services of this Envoy, on two hosts that both are this machine.
const (
	toolsURL  = "http://localhost:10000/mcp"
	othersURL = "http://127.0.0.1:10000/mcp"
)

// twoResources guards them, with an authorization server for each.
func twoResources(issuer string, members ...string) string {
	members = append(members, `"allow_on_headers_stop_iteration": true, "surfaces": [
		{"name": "tools", "kind": "mcp", "match": [{"prefix": "/mcp", "hosts": ["localhost"]}]},
		{"name": "others", "kind": "mcp", "match": [{"prefix": "/mcp"}]}],
		"oauth": [
			{"resource": "`+toolsURL+`", "authorization_servers": ["`+issuer+`/tools"], "challenge_scope": ["tools:use"]},
			{"resource": "`+othersURL+`", "surfaces": ["others"], "authorization_servers": ["`+issuer+`/others"]}]`)
	return "{" + strings.Join(members, ", ") + "}"
}

// issuers is an authorization server with an issuer for each path of one segment. It
// gives everybody the token that the demo service accepts.
type issuers struct {
	*httptest.Server
	// described tells that the issuers have metadata documents of their own.
	described bool

	mu    sync.Mutex
	asked map[string]string // the resource that a code was asked for, by issuer
}

func startIssuers(t *testing.T, described bool) *issuers {
	t.Helper()
	i := &issuers{described: described, asked: map[string]string{}}
	i.Server = httptest.NewServer(i)
	t.Cleanup(i.Close)
	return i
}

func (i *issuers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const wellKnown = "/.well-known/oauth-authorization-server/"
	name, isDocument := strings.CutPrefix(r.URL.Path, wellKnown)
	w.Header().Set("Content-Type", "application/json")
	switch issuer, end, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); {
	case isDocument && i.described:
		_ = json.NewEncoder(w).Encode(i.document(name))
	case isDocument:
		http.NotFound(w, r)
	case end == "authorize":
		back := url.Values{"code": {"code"}, "state": {r.FormValue("state")}}
		i.mu.Lock()
		i.asked[issuer] = r.FormValue("resource")
		i.mu.Unlock()
		http.Redirect(w, r, r.FormValue("redirect_uri")+"?"+back.Encode(), http.StatusFound)
	case end == "token":
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": service.Token, "token_type": "Bearer", "expires_in": 3600})
	default:
		http.NotFound(w, r)
	}
}

func (i *issuers) document(name string) map[string]any {
	issuer := i.URL + "/" + name
	return map[string]any{
		"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token",
		"response_types_supported": []string{"code"}, "code_challenge_methods_supported": []string{"S256"},
	}
}

// elsewhere dials Envoy where the URLs of the resources lead.
func (s *stage) elsewhere(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasSuffix(address, ":10000") {
			address = s.address
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// authorize has the SDK's own client find out for itself how to get in.
func authorize(t *testing.T, own *http.Client, endpoint string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		PreregisteredClient: &oauthex.ClientCredentials{ClientID: "e2e"}, RedirectURL: "http://127.0.0.1:1/back", Client: own,
		AuthorizationCodeFetcher: func(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, args.URL, nil)
			require.NoError(t, err)
			response, err := own.Do(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			back, err := response.Location()
			require.NoError(t, err)
			return &auth.AuthorizationResult{Code: back.Query().Get("code"), State: back.Query().Get("state")}, nil
		},
	})
	require.NoError(t, err)
	agent := mcp.NewClient(&mcp.Implementation{Name: "e2e", Version: "1.0.0"}, nil)
	session, err := agent.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: endpoint, HTTPClient: own, MaxRetries: -1, OAuthHandler: handler}, nil)
	require.NoError(t, err)
	tools, err := session.ListTools(ctx, nil)
	require.NoError(t, err)
	assert.Len(t, tools.Tools, 3)
	require.NoError(t, session.Close())
}

// TestMCPClientsFindTheirResource: a client of either service behind one Envoy finds
// the authorization server of its own, asks for a token for its own, and gets in.
func TestMCPClientsFindTheirResource(t *testing.T) {
	t.Parallel()
	server := startIssuers(t, true)
	s := start(t, twoResources(server.URL))
	own := s.elsewhere(t)
	for endpoint, issuer := range map[string]string{toolsURL: "tools", othersURL: "others"} {
		t.Run(issuer, func(t *testing.T) {
			authorize(t, own, endpoint)
			server.mu.Lock()
			defer server.mu.Unlock()
			assert.Equal(t, endpoint, server.asked[issuer], "the resource that the token is for")
		})
	}
	assert.Len(t, server.asked, 2)
}
