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
	// page is a page for signed-in users, who are known by the cookie. A token endpoint
	// has no pages: there, page is the URL that uses a refresh token.
	page, cookie string
	// end ends a session, and returns the cookie's value, which is over.
	end func(t *testing.T, f framework, b *browser) string
	// authorize and revoke are where users grant refresh tokens, and these end.
	authorize, revoke, scope string
	// dead is what a session answers that is over, or a refresh token that is.
	dead answer
	// retyped is how often the same wrong password of one browser counts, if not once.
	retyped int
	// token is how long the token of a form stays the same.
	token token
	// session tells whether every visitor of the login gets a session.
	session bool
}

// answer is the status, and what header or body have to contain.
type answer struct {
	status   int
	location string
	body     string
}

// token is what a framework knows its own forms by (CSRF).
type token uint8

const (
	noToken token = iota
	tokenOfPage
	tokenOfSecond
)

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
		end: signOut(func(t *testing.T, b *browser) reply {
			return b.submit(t, "/admin/", "/admin/logout/", asForm, url.Values{})
		}, 200),
		dead:  answer{status: 302, location: "/admin/login/?next=/admin/"},
		token: tokenOfPage,
	},
	{
		id: "flask", title: "Flask-Login", program: "flask", account: "alice@example.com",
		login: form("/login", "email"), spellings: []spelling{asForm, asMultipart},
		wrong:     answer{status: 200, body: "Bad login"},
		right:     answer{status: 302, location: "/protected"},
		elsewhere: []attempt{head("/login", "email")},
		page:      "/protected", cookie: "session",
		end:  changeKey,
		dead: answer{status: 401},
	},
	{
		id: "flask-wtf", title: "Flask-WTF", program: "flask", account: "alice@example.com",
		login: form("/wtf/login", "email"), spellings: []spelling{asForm, asMultipart},
		wrong: answer{status: 200, body: "Bad login"},
		right: answer{status: 302, location: "/protected"},
		page:  "/protected", cookie: "session",
		end:   changeKey,
		dead:  answer{status: 401},
		token: tokenOfSecond, session: true,
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
		end:  signOut(func(t *testing.T, b *browser) reply { return b.post(t, "/logout", spelling{}, nil) }, 302),
		dead: answer{status: 302, location: "/login"},
		// The message about the first one stays in a session, which the others send.
		retyped: 2,
	},
	{
		id: "passport-api", title: "Passport without redirects", program: "passport", account: "alice",
		login: script("/api/login", "username"), spellings: []spelling{asJSON, asForm, asQuery},
		wrong: answer{status: 401},
		right: answer{status: 200},
		page:  "/api/account", cookie: "connect.sid",
		end:  signOut(func(t *testing.T, b *browser) reply { return b.post(t, "/logout", spelling{}, nil) }, 302),
		dead: answer{status: 401},
	},
	{
		id: "better-auth", title: "better-auth", program: "better-auth", account: "alice@example.com",
		login: script("/api/auth/sign-in/email", "email"), spellings: []spelling{asJSON, asForm},
		wrong: answer{status: 401, body: "INVALID_EMAIL_OR_PASSWORD"},
		right: answer{status: 200},
		page:  "/api/auth/list-sessions", cookie: "better-auth.session_token",
		end: signOut(func(t *testing.T, b *browser) reply {
			return b.post(t, "/api/auth/sign-out", asJSON, url.Values{}, "Origin", b.base)
		}, 200),
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
			basicForm("/login", "/logout/"),
		},
		page: "/account", cookie: "JSESSIONID",
		end:   signOut(func(t *testing.T, b *browser) reply { return b.submit(t, "/logout", "/logout", asForm, url.Values{}) }, 302),
		dead:  answer{status: 302, location: "/login"},
		token: tokenOfPage, session: true,
	},
	{
		id: "spring-token", title: "Spring Security authorization server", program: "spring", account: "alice",
		login: grant("/oauth2/token"), spellings: []spelling{asForm, asBasic},
		wrong:     answer{status: 401, body: "invalid_client"},
		right:     answer{status: 200, body: "access_token"},
		elsewhere: []attempt{endpoint("/oauth2/introspect"), endpoint("/oauth2/revoke"), endpoint("/oauth2/par"), endpoint("/oauth2/device_authorization")},
		page:      "/oauth2/token", authorize: "/oauth2/authorize", revoke: "/oauth2/revoke",
		dead: answer{status: 400, body: "invalid_grant"},
	},
	{
		id: "oidc-provider", title: "oidc-provider", program: "oidc-provider", account: "alice",
		login: grant("/token"), spellings: []spelling{asForm, asBasic},
		wrong:     answer{status: 401, body: "invalid_client"},
		right:     answer{status: 200, body: "access_token"},
		elsewhere: []attempt{endpoint("/request"), endpoint("/token/revocation")},
		page:      "/token", authorize: "/auth", revoke: "/token/revocation", scope: "openid offline_access",
		dead: answer{status: 400, body: "invalid_grant"},
	},
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

// grant is a program that asks for a token of its own.
func grant(path string) login {
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

// basicForm is a page's form that is sent to action, with HTTP Basic.
func basicForm(page, action string) attempt {
	return func(t *testing.T, b *browser, name, password string) reply {
		credential := base64.StdEncoding.EncodeToString([]byte(name + ":" + password))
		return b.submit(t, page, action, asForm, url.Values{}, "Authorization", "Basic "+credential)
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
