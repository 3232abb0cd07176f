package frameworks

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

// request is one that can be sent more than once.
type request struct {
	method, path string
	fields       url.Values
	headers      []string
}

func (b *browser) send(r request) (reply, error) {
	as := spelling{}
	if r.fields != nil {
		as = asForm
	}
	return b.do(r.method, r.path, as, r.fields, r.headers...)
}

// open asks for the page with the value of a cookie, as a browser does.
func (f framework) open(session string) request {
	return request{method: http.MethodGet, path: f.page, headers: []string{"Accept", "text/html", "Cookie", f.cookie + "=" + session}}
}

// over is a request with a session that was alive and is over, or with such a refresh
// token. b signs in for it.
func (f framework) over(t *testing.T, b *browser) request {
	t.Helper()
	if f.authorize != "" {
		token := f.exchange(t, b, f.consent(t, b))
		f.revokeToken(t, b, token)
		return f.renewal(token)
	}
	f.signIn(t, b)
	return f.open(f.end(t, f, b))
}

// invented is a request with a session that never was, or with such a refresh token.
func (f framework) invented(n int) request {
	if f.authorize != "" {
		return f.renewal(guess(n))
	}
	return f.open(strings.ReplaceAll(guess(n), " ", "-"))
}

// signOut ends a session as users do, in another tab.
func signOut(leave func(t *testing.T, b *browser) reply, status int) func(*testing.T, framework, *browser) string {
	return func(t *testing.T, f framework, b *browser) string {
		session := b.cookie(t, f.cookie)
		r := leave(t, b)
		require.Equal(t, status, r.status, "signing out: %s", r.body)
		return session
	}
}

// changeKey is how all sessions end that are signed and not stored: the service begins
// to sign with another key, and the signature of this one is wrong.
func changeKey(t *testing.T, f framework, b *browser) string {
	signed := b.cookie(t, f.cookie)
	signature := strings.LastIndexByte(signed, '.') + 1
	return signed[:signature] + foreign(signed[signature:])
}

// foreign is a signature by another key.
func foreign(signature string) string {
	first := "A"
	if strings.HasPrefix(signature, first) {
		first = "B"
	}
	return first + signature[1:]
}

// race sends a request n times at once: as browsers do on one connection of HTTP/2, and
// with the cookies with which the page began.
func (f framework) race(t *testing.T, address string, r request, n int) []reply {
	t.Helper()
	page := f.client(t, address, client.HTTP2)
	return together(t, n, func() (reply, error) { return page.send(r) })
}

// together calls send n times at once.
func together(t *testing.T, n int, send func() (reply, error)) []reply {
	t.Helper()
	replies, failed := make([]reply, n), make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { replies[i], failed[i] = send() })
	}
	group.Wait()
	for _, err := range failed {
		require.NoError(t, err)
	}
	return replies
}

// signsInAgain returns the status that a user behind the same address gets after signing
// in and opening the page, or a program after asking for a token.
func (f framework) signsInAgain(t *testing.T, address string) int {
	t.Helper()
	b := f.browserFrom(t, address)
	r := f.attempt(t, b, f.account, password)
	if f.authorize != "" || r.status == 429 {
		return r.status
	}
	f.right.is(t, b, r, "signing in again")
	return b.get(t, f.page).status
}
