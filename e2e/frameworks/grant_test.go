package frameworks

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The client registered at the authorization servers, and its proof that it asked for the
// code (RFC 7636).
const (
	callback = "https://app.example.com/callback"
	verifier = "one-that-is-long-enough-to-be-a-verifier-of-a-code"
)

// authorization returns the URL to which the client sends a user to sign in.
func (f framework) authorization() string {
	challenge := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {f.account}, "redirect_uri": {callback}, "prompt": {"consent"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	if f.scope != "" {
		query.Set("scope", f.scope)
	}
	return f.authorize + "?" + query.Encode()
}

// consent has a user sign in and consent, and returns the code that the client gets.
func (f framework) consent(t *testing.T, b *browser) string {
	t.Helper()
	r := b.get(t, f.authorization())
	for range 10 {
		location := strings.TrimPrefix(r.header.Get("Location"), b.base)
		switch {
		case strings.HasPrefix(location, callback):
			back, err := url.Parse(location)
			require.NoError(t, err)
			require.NotEmpty(t, back.Query().Get("code"), location)
			return back.Query().Get("code")
		case location != "":
			r = b.get(t, location)
		default:
			r = f.fill(t, b, r)
		}
	}
	require.Fail(t, "the user was asked again and again", "%d: %s", r.status, r.body)
	return ""
}

// fill sends the form of a page: the hidden fields, and name and password.
func (f framework) fill(t *testing.T, b *browser, page reply) reply {
	t.Helper()
	forms := tags(page.body, formTag)
	require.NotEmpty(t, forms, "%d: %s", page.status, page.body)
	fields := url.Values{}
	for _, has := range tags(page.body, inputs) {
		switch has["type"] {
		case "hidden":
			fields.Set(has["name"], has["value"])
		case "text":
			fields.Set(has["name"], f.account)
		case "password":
			fields.Set(has["name"], password)
		}
	}
	return b.post(t, strings.TrimPrefix(forms[0]["action"], b.base), asForm, fields, "Origin", b.base, "Accept", "text/html")
}

// redemption returns the client's request that exchanges a code for tokens.
func (f framework) redemption(code string) request {
	return f.asClient(f.page, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
	})
}

// renewal is a request of the client's for new tokens.
func (f framework) renewal(token string) request {
	return f.asClient(f.page, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

func (f framework) asClient(path string, fields url.Values) request {
	fields.Set("client_id", f.account)
	fields.Set("client_secret", password)
	return request{method: http.MethodPost, path: path, fields: fields}
}

// exchange redeems a code, and returns the refresh token.
func (f framework) exchange(t *testing.T, b *browser, code string) string {
	t.Helper()
	r, err := b.send(f.redemption(code))
	require.NoError(t, err)
	require.Equal(t, 200, r.status, "%s", r.body)
	var tokens struct {
		Refresh string `json:"refresh_token"`
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &tokens))
	require.NotEmpty(t, tokens.Refresh, "%s", r.body)
	return tokens.Refresh
}

// revokeToken ends a refresh token (RFC 7009).
func (f framework) revokeToken(t *testing.T, b *browser, token string) {
	t.Helper()
	r, err := b.send(f.asClient(f.revoke, url.Values{"token": {token}}))
	require.NoError(t, err)
	require.Equal(t, 200, r.status, "%s", r.body)
}
