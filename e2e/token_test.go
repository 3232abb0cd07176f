package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

const redirect = "&redirect_uri=http://127.0.0.1/callback"

// Wrong credentials at the token and consent endpoints lock out, whatever form
// the answer takes on its way.
func TestGuessingAtOAuthEndpoints(t *testing.T) {
	s := standard(t, plain)
	for _, row := range []struct {
		name, path, body string
		headers          [][]string
		status           int
	}{
		{"password", "/oauth/token", "grant_type=password&username=alice&password=guess", [][]string{form, basic}, 400},
		{"code", "/oauth/token", "grant_type=authorization_code&code=guess", [][]string{form, basic}, 400},
		{"refresh token", "/oauth/token", "grant_type=refresh_token&refresh_token=guess", [][]string{form, basic}, 400},
		{"device code", "/oauth/token", "grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=guess", [][]string{form, basic}, 400},
		{"error in two pieces", "/oauth/token?pieces=2", "grant_type=password", [][]string{form, basic}, 400},
		{"error byte by byte", "/oauth/token?pieces=1000", "grant_type=password", [][]string{form, basic}, 400},
		{"client secret in the header", "/oauth/token", "grant_type=client_credentials", [][]string{form, noBasic}, 401},
		{"client secret in the form", "/oauth/token", "grant_type=client_credentials&client_id=demo-client&client_secret=guess", [][]string{form}, 400},
		{"login form, 401", "/oauth/authorize", "user=alice&password=guess" + redirect, [][]string{form}, 401},
		{"login form, 422", "/oauth/authorize?wrong=422", "user=alice&password=guess" + redirect, [][]string{form}, 422},
	} {
		for _, protocol := range protocols {
			t.Run(row.name+" "+protocol.String(), func(t *testing.T) {
				c := s.newCaller(t, protocol)
				for i := range 4 {
					r := c.do(t, "POST", row.path, row.body, row.headers...)
					require.Equal(t, row.status, r.status, "guess %d", i+1)
					if row.status == 400 {
						require.Contains(t, r.body, `"error_description":"the demo service says no"}`, "the body arrives whole")
					}
				}
				r := c.do(t, "POST", row.path, row.body, row.headers...)
				require.Equal(t, 429, r.status)
				assert.Equal(t, "application/problem+json", r.header.Get("Content-Type"))
				checkProblem(t, r.body, r.header.Get("Retry-After"))
			})
		}
	}
}

func TestSuccessAtOAuthEndpointsIsNotCounted(t *testing.T) {
	s := standard(t, plain)
	c := s.newCaller(t, client.HTTP1)
	for range 20 {
		require.Equal(t, 302, c.do(t, "POST", "/oauth/authorize", "user=alice&password=wonderland"+redirect, form).status)
		require.Equal(t, 200, c.do(t, "POST", "/oauth/token", "grant_type=client_credentials", form, basic).status)
	}
}

// A 401 of the token endpoint is the client's authentication and keeps its own
// challenge (RFC 6749 section 5.2).
func TestTokenEndpointKeepsItsChallenge(t *testing.T) {
	s := standard(t, plain)
	c := s.newCaller(t, client.HTTP1)
	r := c.do(t, "POST", "/oauth/token", "grant_type=client_credentials", form, noBasic)
	require.Equal(t, 401, r.status)
	assert.Equal(t, []string{`Basic realm="demo"`}, r.header.Values("WWW-Authenticate"))
}
