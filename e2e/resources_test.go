package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
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

	fetched atomic.Int32 // documents

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
	if isDocument {
		i.fetched.Add(1)
	}
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
	assert.Len(t, tools.Tools, 7)
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

// TestAuthorizationServerMetadata: what a server says of itself passes through, once for
// each worker, to clients that look for it at the MCP server's host; one that clients
// could not use does not.
func TestAuthorizationServerMetadata(t *testing.T) {
	t.Parallel()
	server := startIssuers(t, true)
	address := strings.TrimPrefix(server.URL, "http://")
	servers := `"authorization_server": [
		{"issuer": "` + server.URL + `/tools", "cluster": "auth"},
		{"issuer": "` + server.URL + `/others", "cluster": "auth", "path": "/.well-known/oauth-authorization-server/tools", "cache": {"for": "1s"}},
		{"issuer": "` + server.URL + `/nowhere", "cluster": "unknown"},
		{"issuer": "` + server.URL + `/gone", "cluster": "gone"}]`
	s := start(t, twoResources(server.URL, servers, everyLine), withBootstrap(func(b *envoy.Bootstrap) error {
		return errors.Join(b.AddCluster("auth", address), b.AddCluster("gone", "127.0.0.1:1"))
	}))
	own := s.elsewhere(t)
	get := func(url string) (*http.Response, string) {
		response, err := own.Get(url)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, errors.Join(err, response.Body.Close()))
		return response, string(body)
	}
	const path = "/.well-known/oauth-authorization-server"
	for range 20 {
		for _, at := range []string{path, path + "/tools"} {
			response, body := get("http://localhost:10000" + at)
			require.Equal(t, 200, response.StatusCode, body)
			assert.Equal(t, "*", response.Header.Get("Access-Control-Allow-Origin"))
			assert.Contains(t, response.Header.Get("Cache-Control"), "max-age=")
			var document oauthex.AuthServerMeta
			require.NoError(t, json.Unmarshal([]byte(body), &document))
			assert.Equal(t, server.URL+"/tools", document.Issuer)
		}
	}
	fetched := server.fetched.Load()
	assert.LessOrEqual(t, int(fetched), s.workers, "one call for each worker")
	s.awaitMetric(t, float64(fetched), "gatewarden_metadata_fetches_total", "outcome=valid")
	for at, reason := range map[string]string{
		"http://127.0.0.1:10000" + path: "reason=wrong member=issuer", "http://localhost:10000" + path + "/others": "reason=wrong member=issuer",
		"http://localhost:10000" + path + "/nowhere": "cluster=unknown reason=not_sent", "http://localhost:10000" + path + "/gone": "cluster=gone reason=status_503",
	} {
		response, body := get(at)
		assert.Equal(t, 502, response.StatusCode, "%s: %s", at, body)
		within(t, 5*time.Second, reason, func() bool { return len(s.envoy.Log.Lines("gatewarden: metadata error", reason)) > 0 })
	}
	head, err := own.Head("http://localhost:10000" + path)
	require.NoError(t, err)
	assert.Equal(t, 200, head.StatusCode)
	require.NoError(t, head.Body.Close())
	assert.Zero(t, s.service.SeenPath(path), "the service was asked")
}

// TestMCPClientWithDescribedServer: a client gets in by metadata that the configuration
// has for a server without any, at an issuer that is a host of this Envoy.
func TestMCPClientWithDescribedServer(t *testing.T) {
	t.Parallel()
	server := startIssuers(t, false)
	const issuer = "http://localhost:10000/login"
	s := start(t, `{"allow_on_headers_stop_iteration": true,
		"oauth": {"resource": "`+toolsURL+`", "surfaces": ["mcp"], "authorization_servers": ["`+issuer+`"]},
		"authorization_server": {"issuer": "`+issuer+`", "authorization_endpoint": "`+server.URL+`/tools/authorize", "token_endpoint": "`+server.URL+`/tools/token"}}`)
	authorize(t, s.elsewhere(t), toolsURL)
	assert.Equal(t, map[string]string{"tools": toolsURL}, server.asked)
	assert.Zero(t, server.fetched.Load())
}
