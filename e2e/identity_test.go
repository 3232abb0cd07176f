package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// behindJWT configures the second instance: it admits only callers that jwt_authn has
// verified.
const behindJWT = `{
	"identity": [{"source": "metadata", "path": "payload", "subject": "uid", "tenant": "org", "roles": ["realm_access", "roles"]}],
	"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "require": true, "lockout": {"mode": "off"}}],
	` + oauth + `}`

// verifyBetween puts jwt_authn behind the filter, and behind that the filter once
// more, with a configuration of its own. What jwt_authn cannot verify it lets pass.
func verifyBetween(second string) func(*envoy.Bootstrap) error {
	return func(b *envoy.Bootstrap) error {
		plugin, err := copyOf(b.Plugin)
		if err != nil {
			return err
		}
		plugin["configuration"] = envoy.Object{"@type": "type.googleapis.com/google.protobuf.StringValue", "value": second}
		b.InsertBehind(envoy.Object{"name": "gatewarden-behind", "typed_config": envoy.Object{
			"@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm", "config": plugin,
		}})
		if err := requireJWT(b); err != nil {
			return err
		}
		return letPass(b)
	}
}

func copyOf(o envoy.Object) (c envoy.Object, err error) {
	text, err := json.Marshal(o)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	return c, err
}

// letPass makes jwt_authn provide claims, keep tokens, and refuse no request.
func letPass(b *envoy.Bootstrap) error {
	filters, _ := b.HCM["http_filters"].([]any)
	for _, f := range filters {
		filter, ok := f.(envoy.Object)
		if !ok || filter["name"] != "envoy.filters.http.jwt_authn" {
			continue
		}
		config := filter["typed_config"].(envoy.Object)
		provider := config["providers"].(envoy.Object)["e2e"].(envoy.Object)
		provider["payload_in_metadata"], provider["forward"] = "payload", true
		config["rules"].([]any)[0].(envoy.Object)["requires"] = envoy.Object{"requires_any": envoy.Object{"requirements": []any{
			envoy.Object{"provider_name": "e2e"}, envoy.Object{"allow_missing_or_failed": envoy.Object{}},
		}}}
		return nil
	}
	return errors.New("there is no jwt_authn")
}

func claiming(t *testing.T, claims jwt.MapClaims) []string {
	t.Helper()
	if claims["iss"] == nil {
		claims["iss"] = "e2e"
	}
	claims["exp"] = time.Now().Add(time.Hour).Unix()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(jwtKey)
	require.NoError(t, err)
	return []string{"Authorization", "Bearer " + token}
}

// TestTwoInstances: one instance counts what another one refuses, which knows the caller
// from jwt_authn between them.
func TestTwoInstances(t *testing.T) {
	t.Parallel()
	s := start(t, configuration(hourly, oauth, everyLine), withBootstrap(verifyBetween(behindJWT)))
	c := s.newCaller(t, client.HTTP1)
	for name, claims := range map[string]jwt.MapClaims{
		"a string":  {"uid": "alice", "org": "acme", "realm_access": map[string]any{"roles": []string{"admin", "on call"}}},
		"a number":  {"uid": 42, "org": nil},
		"a boolean": {"uid": true, "realm_access": "none"},
	} {
		assert.Equal(t, 200, c.get(t, open, claiming(t, claims)).status, name)
	}
	reached := s.service.Seen()["rest"]

	r := c.get(t, open)
	assert.Equal(t, 401, r.status)
	assert.Equal(t, []string{`Bearer realm="mcp", scope="mcp:query", resource_metadata="` + metadataURL + `"`}, r.header.Values("WWW-Authenticate"))
	assert.Contains(t, r.body, `"oauth_discovery":{"resource_metadata":"`+metadataURL+`"`)
	for name, token := range map[string][]string{
		"no subject": claiming(t, jwt.MapClaims{"org": "acme"}), "a list": claiming(t, jwt.MapClaims{"uid": []string{"alice"}}),
		"forged": signed(t, []byte("another key of thirty-two bytes.."), time.Now().Add(time.Hour)),
	} {
		r := c.get(t, open, token)
		require.Equal(t, 401, r.status, name)
		require.Equal(t, []string{`Bearer realm="mcp", error="invalid_token", scope="mcp:query", resource_metadata="` + metadataURL + `"`}, r.header.Values("WWW-Authenticate"), name)
	}
	assert.Equal(t, 429, c.get(t, open, claiming(t, jwt.MapClaims{"uid": "alice"})).status, "three refusals were counted")
	assert.Equal(t, reached, s.service.Seen()["rest"])
	s.awaitMetric(t, 3, "gatewarden_auth_failures_total", "surface=rest")
	s.awaitMetric(t, 4, "gatewarden_auth_denied_total", "surface=rest")
	assert.Equal(t, 200, s.newCaller(t, client.HTTP1).get(t, open, claiming(t, jwt.MapClaims{"uid": "bob"})).status)
}

// asWritten takes envoy.yaml with the second instance that it shows, and changes
// nothing but the issuer's keys, and where things are.
func asWritten(t *testing.T) option {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "envoy.yaml"))
	require.NoError(t, err)
	const mark = "#| "
	require.Contains(t, string(text), mark)
	keys := filepath.Join(t.TempDir(), "jwks.json")
	jwks, err := jwtKeys()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(keys, []byte(jwks), 0o600))
	file := filepath.Join(t.TempDir(), "envoy.yaml")
	whole := strings.NewReplacer(mark, "", "filename: jwks.json", "filename: "+keys,
		"filename: build/gatewarden.wasm", "filename: "+wasmPath).Replace(string(text))
	require.NoError(t, os.WriteFile(file, []byte(whole), 0o600))
	return func(s *stage) (err error) {
		if s.bootstrap, err = envoy.Load(file); err != nil {
			return err
		}
		return errors.Join(s.bootstrap.FreePorts(), s.bootstrap.SetEndpoint("service", s.service.Address))
	}
}

// TestSecondInstanceOfEnvoyYAML: with the lines that envoy.yaml has for it, a verified
// caller has the quota of its tenant, any other that of its address, and wrong tokens
// count in the first instance.
func TestSecondInstanceOfEnvoyYAML(t *testing.T) {
	t.Parallel()
	s := start(t, "", asWritten(t))
	c := s.newCaller(t, client.HTTP1)
	left := func(r reply) string {
		return r.header.Get("X-RateLimit-Limit") + " " + r.header.Get("X-RateLimit-Remaining")
	}
	acme := claiming(t, jwt.MapClaims{"iss": "https://auth.example.com", "sub": "ann", "org": "acme", "plan": "pro"})
	assert.Equal(t, "600 599", left(c.get(t, open, acme)))
	assert.Equal(t, "600 598", left(s.newCaller(t, client.HTTP1).get(t, open, acme)), "from elsewhere")
	assert.Equal(t, "60 59", left(c.get(t, open, claiming(t, jwt.MapClaims{"iss": "https://auth.example.com", "sub": "bob", "org": "one", "plan": "free"}))))
	assert.Equal(t, "20 19", left(c.get(t, open)))
	forged := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": "https://auth.example.com", "org": "acme", "plan": "pro"})
	token, err := forged.SignedString([]byte("another key of thirty-two bytes.."))
	require.NoError(t, err)
	assert.Equal(t, "20 18", left(c.get(t, open, []string{"Authorization", "Bearer " + token})), "forged")

	for i := range 20 { // the service refuses them
		require.Equal(t, 401, s.newCaller(t, client.HTTP1).get(t, "/api/v1/items").status)
		if r := c.get(t, "/api/v1/items", wrong); i < 18 {
			require.Equal(t, 401, r.status)
		} else {
			require.Equal(t, 429, r.status, "the address has nothing left")
		}
	}
	s.awaitMetric(t, 18, "gatewarden_auth_failures_total", "surface=rest")
	assert.Equal(t, 200, c.get(t, open, acme).status)
	for range 2 { // behind, they have no quota left; in front, they would count
		require.Equal(t, 401, c.get(t, "/api/v1/items", acme).status)
	}
	assert.Equal(t, 429, c.get(t, open, acme).status, "twenty failures: the first instance locks")
	s.awaitMetric(t, 1, "gatewarden_lockouts_total", "surface=rest")
}

// TestTokenForAnotherResource: what jwt_authn has verified for another resource lets
// nobody in, and counts where refusals are counted.
func TestTokenForAnotherResource(t *testing.T) {
	t.Parallel()
	const resource = "http://127.0.0.1:10000/api/v1"
	behind := strings.Replace(behindJWT, `"subject": "uid"`, `"subject": "uid", "audience": "aud"`, 1)
	behind = strings.Replace(behind, oauth, `"oauth": [{"resource": "`+resource+`", "authorization_servers": ["http://127.0.0.1:10000"]},
		{"resource": "http://127.0.0.1:10000/mcp", "authorization_servers": ["http://127.0.0.1:10000"]}]`, 1)
	s := start(t, configuration(hourly, everyLine), withBootstrap(verifyBetween(behind)))
	c := s.newCaller(t, client.HTTP1)
	for name, audience := range map[string]any{
		"none": nil, "the resource": resource, "with a slash": resource + "/", "one of several": []string{"http://127.0.0.1:10000/mcp", resource},
	} {
		claims := jwt.MapClaims{"uid": "alice"}
		if audience != nil {
			claims["aud"] = audience
		}
		assert.Equal(t, 200, c.get(t, open, claiming(t, claims)).status, name)
	}
	reached := s.service.Seen()["rest"]
	for name, audience := range map[string]any{
		"another resource": "http://127.0.0.1:10000/mcp", "the host": []string{"http://127.0.0.1:10000"}, "a longer path": resource + "/items",
	} {
		r := c.get(t, open, claiming(t, jwt.MapClaims{"uid": "alice", "aud": audience}))
		require.Equal(t, 401, r.status, name)
		challenges, err := oauthex.ParseWWWAuthenticate(r.header.Values("WWW-Authenticate"))
		require.NoError(t, err)
		assert.Equal(t, map[string]string{
			"error": "invalid_token", "error_description": "The token is for another resource",
			"resource_metadata": "http://127.0.0.1:10000/.well-known/oauth-protected-resource/api/v1",
		}, challenges[0].Params, name)
		assert.Contains(t, r.body, `"detail":"The token is for another resource."`)
	}
	assert.Equal(t, 429, c.get(t, open, claiming(t, jwt.MapClaims{"uid": "alice"})).status, "three refusals were counted")
	assert.Equal(t, reached, s.service.Seen()["rest"])
}
