package e2e

import (
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// These tests put a filter that refuses behind Gatewarden. Its refusals count
// and are challenged like the service's own. Only the path /api/v1/status/200 is
// asked for: the service says 200 there to everybody.
const open = "/api/v1/status/200"

var jwtKey = []byte("a key of thirty-two bytes or more")

func signed(t *testing.T, key []byte, expires time.Time) []string {
	t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": "e2e", "sub": "alice", "exp": expires.Unix(),
	}).SignedString(key)
	require.NoError(t, err)
	return []string{"Authorization", "Bearer " + token}
}

// jwtKeys is the issuer's key as a JSON Web Key Set.
func jwtKeys() (string, error) {
	keys, err := json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kty": "oct", "alg": "HS256", "k": base64.RawURLEncoding.EncodeToString(jwtKey),
	}}})
	return string(keys), err
}

func requireJWT(b *envoy.Bootstrap) error {
	keys, err := jwtKeys()
	if err != nil {
		return err
	}
	b.InsertBehind(envoy.Object{
		"name": "envoy.filters.http.jwt_authn",
		"typed_config": envoy.Object{
			"@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
			"providers": envoy.Object{"e2e": envoy.Object{
				"issuer": "e2e", "local_jwks": envoy.Object{"inline_string": keys},
			}},
			"rules": []any{envoy.Object{
				"match":    envoy.Object{"prefix": "/api/v1"},
				"requires": envoy.Object{"provider_name": "e2e"},
			}},
		},
	})
	return nil
}

func TestRefusalsOfJWTAuthn(t *testing.T) {
	s := standard(t, withJWTAuthn)
	reached := s.service.Seen()["rest"]
	c := s.newCaller(t, client.HTTP1)
	good := signed(t, jwtKey, time.Now().Add(time.Hour))
	for name, bad := range map[string][]string{
		"forged":  signed(t, []byte("another key of thirty-two bytes.."), time.Now().Add(time.Hour)),
		"expired": signed(t, jwtKey, time.Now().Add(-time.Hour)),
		"no JWT":  wrong,
	} {
		r := c.get(t, open, bad)
		require.Equal(t, 401, r.status, name)
		// jwt_authn's own challenge, completed (RFC 9728 section 5.1).
		lines := r.header.Values("WWW-Authenticate")
		require.Len(t, lines, 1, name)
		assert.Regexp(t, `^Bearer realm="http://[^"]+", error="invalid_token"`, lines[0], name)
		assert.Contains(t, lines[0], `, resource_metadata="`+metadataURL+`"`, name)
	}
	assert.Equal(t, 429, c.get(t, open, good).status, "three wrong tokens were counted")
	assert.Equal(t, reached, s.service.Seen()["rest"])

	other := s.newCaller(t, client.HTTP1)
	for range 10 {
		r := other.get(t, open)
		require.Equal(t, 401, r.status, "without a token")
		require.NotContains(t, r.header.Get("WWW-Authenticate"), "error=")
		require.Contains(t, r.header.Get("WWW-Authenticate"), `resource_metadata="`+metadataURL+`"`)
	}
	assert.Equal(t, 200, other.get(t, open, good).status)
}

// guard is an HTTP service for ext_authz. It knows one credential.
type guard struct {
	address string
	http    *http.Server
}

func startGuard() (*guard, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &guard{address: listener.Addr().String(), http: &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.Header.Get("Authorization") {
			case "Bearer " + service.Token:
				w.WriteHeader(http.StatusOK)
			case "Bearer of-another-role":
				w.WriteHeader(http.StatusForbidden)
			default:
				w.WriteHeader(http.StatusUnauthorized)
			}
		}),
	}}
	go func() { _ = g.http.Serve(listener) }() // until it is closed
	return g, nil
}

func (g *guard) stop() { _ = g.http.Close() }

func (g *guard) addCluster(b *envoy.Bootstrap) error { return b.AddCluster("guard", g.address) }

func (g *guard) require(b *envoy.Bootstrap) error {
	b.InsertBehind(envoy.Object{
		"name": "envoy.filters.http.ext_authz",
		"typed_config": envoy.Object{
			"@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
			"http_service": envoy.Object{"server_uri": envoy.Object{
				"uri": "http://guard", "cluster": "guard", "timeout": "5s",
			}},
		},
	})
	return nil
}

func TestRefusalsOfExtAuthz(t *testing.T) {
	s := standard(t, withExtAuthz)
	reached := s.service.Seen()["rest"]
	c := s.newCaller(t, client.HTTP1)
	for range 10 {
		require.Equal(t, 401, c.get(t, open).status, "without a credential")
		require.Equal(t, 403, c.get(t, open, []string{"Authorization", "Bearer of-another-role"}).status)
	}
	for range 3 {
		r := c.get(t, open, wrong)
		require.Equal(t, 401, r.status)
		require.Contains(t, r.header.Get("WWW-Authenticate"), `resource_metadata="`+metadataURL+`"`)
	}
	assert.Equal(t, 429, c.get(t, open, valid).status)
	assert.Equal(t, 200, s.newCaller(t, client.HTTP1).get(t, open, valid).status)
	assert.Equal(t, reached+1, s.service.Seen()["rest"])
}
