package frameworks

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// framework is one that the table has. Its configuration is in docs/frameworks.md,
// under for=id; there, its login's surface is the first, and that of its pages the
// last.
type framework struct {
	id, title string
	program   string
	// login signs in, as a page of the framework's would.
	login login
	// spellings are the ways in which the framework reads a login. The first is that
	// of its own pages, or of the programs that use it.
	spellings []spelling
	// account has the password of every account that exists.
	account string
	// wrong is what a wrong password answers, right is what the right one does.
	wrong, right answer
	// elsewhere are other ways to try the same password.
	elsewhere []attempt
	// page is one that only who is signed in may see, by the cookie.
	page, cookie string
	// renewal is what asks a token endpoint, which has no pages, for a new token.
	renewal url.Values
	// dead is what a session answers that is over, or a refresh token that is.
	dead answer
}

// answer is the status, and what header or body have to contain.
type answer struct {
	status   int
	location string
	body     string
}

type (
	login   func(t *testing.T, b *browser, as spelling, account, password string) reply
	attempt func(t *testing.T, b *browser, account, password string) reply
)

const password = "correct horse"

var frameworks = []framework{
	{
		id: "django", title: "Django admin", program: "django", account: "alice",
		login: form("/admin/login/?next=/admin/", "username"), spellings: []spelling{asForm, asMultipart},
		wrong: answer{status: 200, body: "Please enter the correct username and password"},
		right: answer{status: 302, location: "/admin/"},
		page:  "/admin/", cookie: "sessionid",
		dead: answer{status: 302, location: "/admin/login/?next=/admin/"},
	},
	{
		id: "flask", title: "Flask-Login", program: "flask", account: "alice@example.com",
		login: form("/login", "email"), spellings: []spelling{asForm, asMultipart},
		wrong:     answer{status: 200, body: "Bad login"},
		right:     answer{status: 302, location: "/protected"},
		elsewhere: []attempt{head("/login", "email")},
		page:      "/protected", cookie: "session",
		dead: answer{status: 401},
	},
	{
		id: "passport", title: "Passport with redirects", program: "passport", account: "alice",
		login: func(t *testing.T, b *browser, as spelling, account, password string) reply {
			return b.submit(t, "/login", "/login/password", as, url.Values{"username": {account}, "password": {password}})
		},
		spellings: []spelling{asForm, asJSON, asQuery},
		wrong:     answer{status: 302, location: "/login"},
		right:     answer{status: 302, location: "/account"},
		page:      "/account", cookie: "connect.sid",
		dead: answer{status: 302, location: "/login"},
	},
	{
		id: "passport-api", title: "Passport without redirects", program: "passport", account: "alice",
		login: script("/api/login", "username"), spellings: []spelling{asJSON, asForm, asQuery},
		wrong: answer{status: 401},
		right: answer{status: 200},
		page:  "/api/account", cookie: "connect.sid",
		dead: answer{status: 401},
	},
	{
		id: "better-auth", title: "better-auth", program: "better-auth", account: "alice@example.com",
		login: script("/api/auth/sign-in/email", "email"), spellings: []spelling{asJSON, asForm},
		wrong: answer{status: 401, body: "INVALID_EMAIL_OR_PASSWORD"},
		right: answer{status: 200},
		page:  "/api/auth/list-sessions", cookie: "better-auth.session_token",
		dead: answer{status: 401},
	},
	{
		id: "spring", title: "Spring Security form login", program: "spring", account: "alice",
		login: form("/login", "username"), spellings: []spelling{asForm, asMultipart, asQuery},
		wrong: answer{status: 302, location: "/login?error"},
		right: answer{status: 302, location: "/"},
		elsewhere: []attempt{
			basic(http.MethodGet, "/", "text/html"), basic(http.MethodGet, "/account", "application/json"),
			basic(http.MethodGet, "/login?x", "text/html"), basic(http.MethodHead, "/login", "*/*"),
		},
		page: "/account", cookie: "JSESSIONID",
		dead: answer{status: 302, location: "/login"},
	},
	{
		id: "spring-token", title: "Spring Security authorization server", program: "spring", account: "alice",
		login: token("/oauth2/token"), spellings: []spelling{asForm, asBasic},
		wrong:     answer{status: 401, body: "invalid_client"},
		right:     answer{status: 200, body: "access_token"},
		elsewhere: []attempt{endpoint("/oauth2/introspect"), endpoint("/oauth2/revoke"), endpoint("/oauth2/par"), endpoint("/oauth2/device_authorization")},
		page:      "/oauth2/token", renewal: stale,
		dead: answer{status: 400, body: "invalid_grant"},
	},
	{
		id: "oidc-provider", title: "oidc-provider", program: "oidc-provider", account: "alice",
		login: token("/token"), spellings: []spelling{asForm, asBasic},
		wrong:     answer{status: 401, body: "invalid_client"},
		right:     answer{status: 200, body: "access_token"},
		elsewhere: []attempt{endpoint("/request")},
		page:      "/token", renewal: stale,
		dead: answer{status: 400, body: "invalid_grant"},
	},
}

var stale = url.Values{
	"grant_type": {"refresh_token"}, "refresh_token": {"of-another-day"},
	"client_id": {"alice"}, "client_secret": {password},
}

// form is a page with a form that it sends to itself.
func form(page, account string) login {
	return func(t *testing.T, b *browser, as spelling, name, password string) reply {
		return b.submit(t, page, page, as, url.Values{account: {name}, "password": {password}})
	}
}

// script is a page's script.
func script(path, account string) login {
	return func(t *testing.T, b *browser, as spelling, name, password string) reply {
		return b.post(t, path, as, url.Values{account: {name}, "password": {password}}, "Origin", b.base)
	}
}

// token is a program that asks for a token of its own.
func token(path string) login {
	return func(t *testing.T, b *browser, as spelling, name, secret string) reply {
		return b.post(t, path, as, url.Values{
			"grant_type": {"client_credentials"}, "client_id": {name}, "client_secret": {secret},
		})
	}
}

// endpoint is a program that authenticates itself at another endpoint.
func endpoint(path string) attempt {
	return func(t *testing.T, b *browser, name, secret string) reply {
		return b.post(t, path, asForm, url.Values{"client_id": {name}, "client_secret": {secret}, "token": {"any"}})
	}
}

// basic is a page that takes HTTP Basic, and answers browsers and scripts differently.
func basic(method, page, accept string) attempt {
	return func(t *testing.T, b *browser, name, password string) reply {
		credential := base64.StdEncoding.EncodeToString([]byte(name + ":" + password))
		r, err := b.do(method, page, spelling{}, nil, "Authorization", "Basic "+credential, "Accept", accept)
		require.NoError(t, err)
		return r
	}
}

// head sends the form with HEAD, which services take for anything but GET.
func head(path, account string) attempt {
	return func(t *testing.T, b *browser, name, password string) reply {
		r, err := b.do(http.MethodHead, path, asForm, url.Values{account: {name}, "password": {password}})
		require.NoError(t, err)
		return r
	}
}

// attempt signs in as the framework's own page does.
func (f framework) attempt(t *testing.T, b *browser, account, password string) reply {
	t.Helper()
	return f.login(t, b, f.spellings[0], account, password)
}
