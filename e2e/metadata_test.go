package e2e

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/oauthex"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

const metadataURL = "http://127.0.0.1:10000/.well-known/oauth-protected-resource/mcp"

func TestProtectedResourceMetadata(t *testing.T) {
	s := standard(t, plain)
	for _, protocol := range protocols {
		c := s.newCaller(t, protocol)
		for path, resource := range map[string]string{
			"/.well-known/oauth-protected-resource":     "http://127.0.0.1:10000",
			"/.well-known/oauth-protected-resource/mcp": "http://127.0.0.1:10000/mcp",
		} {
			t.Run(protocol.String()+path, func(t *testing.T) {
				r := c.get(t, path)
				require.Equal(t, 200, r.status)
				assert.Equal(t, "application/json", r.header.Get("Content-Type"))
				assert.Equal(t, "*", r.header.Get("Access-Control-Allow-Origin"))
				assert.Contains(t, r.header.Get("Cache-Control"), "max-age=")
				var document oauthex.ProtectedResourceMetadata
				require.NoError(t, json.Unmarshal([]byte(r.body), &document))
				assert.Equal(t, resource, document.Resource)
				assert.Equal(t, []string{"http://127.0.0.1:10000"}, document.AuthorizationServers)
				assert.Equal(t, []string{"mcp:query", "mcp:tools"}, document.ScopesSupported)
				checkMetadataMethods(t, c, path)
			})
		}
		assert.Equal(t, 404, c.get(t, "/.well-known/oauth-protected-resource-evil").status)
	}
	assert.Zero(t, s.service.SeenPath("/.well-known/oauth-protected-resource/mcp"), "the service was asked")
}

func checkMetadataMethods(t *testing.T, c *caller, path string) {
	t.Helper()
	head := c.do(t, http.MethodHead, path, "")
	assert.Equal(t, 200, head.status)
	assert.Empty(t, head.body)
	options := c.do(t, http.MethodOptions, path, "", []string{
		"Origin", "https://page.example", "Access-Control-Request-Method", "GET",
		"Access-Control-Request-Headers", "mcp-protocol-version",
	})
	assert.Equal(t, 204, options.status)
	assert.Contains(t, options.header.Get("Access-Control-Allow-Headers"), "mcp-protocol-version")
	post := c.do(t, http.MethodPost, path, "{}")
	assert.Equal(t, 405, post.status)
	assert.Contains(t, post.header.Get("Allow"), "GET")
}

func TestChallenge(t *testing.T) {
	s := standard(t, plain)
	c := s.newCaller(t, client.HTTP1)
	for _, row := range []struct {
		name string
		r    reply
		want map[string]string
	}{
		// The MCP server sends none of its own.
		{"made", c.do(t, "POST", "/mcp", initialize, rpc), map[string]string{
			"resource_metadata": metadataURL, "scope": "mcp:query", "realm": "mcp",
		}},
		{"completed", c.get(t, "/api/v1/items"), map[string]string{
			"resource_metadata": metadataURL, "scope": "mcp:query", "realm": "demo",
		}},
		{"completed, with its error", c.get(t, "/api/v1/items", wrong), map[string]string{
			"resource_metadata": metadataURL, "scope": "mcp:query", "realm": "demo", "error": "invalid_token",
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			require.Equal(t, 401, row.r.status)
			challenges, err := oauthex.ParseWWWAuthenticate(row.r.header.Values("WWW-Authenticate"))
			require.NoError(t, err)
			require.Len(t, challenges, 1)
			assert.Equal(t, "bearer", challenges[0].Scheme)
			assert.Equal(t, row.want, challenges[0].Params)
		})
	}
	refused := c.get(t, "/api/v1/status/403", valid)
	require.Equal(t, 403, refused.status)
	assert.Empty(t, refused.header.Values("WWW-Authenticate"), "no challenge is invented for a 403")
}
