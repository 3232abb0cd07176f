package frameworks

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

// The kinds of frameworks that some tests are about.
func hasPages(f framework) bool     { return f.cookie != "" }
func grantsTokens(f framework) bool { return f.authorize != "" }

// is is one framework.
func is(id string) func(framework) bool { return func(f framework) bool { return f.id == id } }

// TestThirtyRequestsWithADeadSession: the requests of one page with a session that has
// ended, or processes that race for a revoked refresh token. Where each failure counts,
// they lock out everybody behind their address. With "once", they are one failure.
func TestThirtyRequestsWithADeadSession(t *testing.T) {
	each(t, func(t *testing.T, f framework) {
		t.Run("count", func(t *testing.T) {
			f := f.counting()
			b := f.newBrowser(t)
			for _, r := range f.race(t, b.address, f.over(t, b), 30) {
				if r.status != 429 {
					f.dead.is(t, b, r, "dead session")
				}
			}
			assert.Equal(t, 429, f.signsInAgain(t, b.address), "behind the same address")
		})
		t.Run("once", func(t *testing.T) {
			b := f.newBrowser(t)
			for _, r := range f.race(t, b.address, f.over(t, b), 30) {
				f.dead.is(t, b, r, "dead session")
			}
			assert.Equal(t, 200, f.signsInAgain(t, b.address), "behind the same address")
			assert.Equal(t, 1, f.sessionsCounted(t, b.address))
		})
	})
}

// TestTenProcessesWithADeadToken, each with a connection of its own, and the same with a
// code that was redeemed.
func TestTenProcessesWithADeadToken(t *testing.T) {
	eachThat(t, grantsTokens, 2, func(t *testing.T, f framework) {
		user := f.newBrowser(t)
		token := f.exchange(t, user, f.consent(t, user))
		f.revokeToken(t, user, token)
		code := f.consent(t, user)
		f.exchange(t, user, code)
		for name, dead := range map[string]request{"refresh token": f.renewal(token), "code": f.redemption(code)} {
			address := f.newBrowser(t).address
			processes := make(chan *browser, 10)
			for range cap(processes) {
				processes <- f.client(t, address, client.HTTP1)
			}
			replies := together(t, cap(processes), func() (reply, error) { return (<-processes).send(dead) })
			for _, r := range replies {
				f.dead.is(t, user, r, name)
			}
			assert.Equal(t, 200, f.signsInAgain(t, address), name)
			assert.Equal(t, 1, f.sessionsCounted(t, address), name)
		}
	})
}

// TestGuessedSessionsLockOut: each is another one, so each counts.
func TestGuessedSessionsLockOut(t *testing.T) {
	each(t, func(t *testing.T, f framework) {
		assert.Zero(t, f.sessionsCounted(t, f.newBrowser(t).address))
	})
}

// sessionsCounted returns how many failures the client had on the surface of the pages.
// It guesses sessions until the client is locked out.
func (f framework) sessionsCounted(t *testing.T, address string) int {
	t.Helper()
	surfaces := f.surfaces(t)
	b := f.client(t, address, client.HTTP1)
	return counted(t, int(surfaces[len(surfaces)-1].Lockout.Failures), func(n int) reply {
		r, err := b.send(f.invented(n))
		require.NoError(t, err)
		if r.status != 429 {
			f.dead.is(t, b, r, "guessed session")
		}
		return r
	})
}

// passwordsCounted returns how many failures the client had on the surface of the login.
// It guesses passwords until the client is locked out.
func (f framework) passwordsCounted(t *testing.T, address string) int {
	t.Helper()
	return counted(t, int(f.surfaces(t)[0].Lockout.Failures), func(n int) reply {
		b := f.browserFrom(t, address)
		r := f.attempt(t, b, f.account, guess(1000+n))
		if r.status != 429 {
			f.wrong.is(t, b, r, "guessed password")
		}
		return r
	})
}

// counted returns how many of the failures that lock out were there before: as many
// different guesses fewer are answered.
func counted(t *testing.T, limit int, try func(n int) reply) int {
	t.Helper()
	for n := range limit + 1 {
		if try(n).status == 429 {
			return limit - n
		}
	}
	require.Fail(t, fmt.Sprintf("%d different guesses did not lock out", limit))
	return 0
}

// connections is how many a browser opens to one server, by HTTP/1.1.
const connections = 6

// TestAPageWithADeadSessionIsReloaded: three times thirty requests, with the cookies that
// the browser has at that time. Spring answers each dead session with another one, so up
// to one for each connection.
func TestAPageWithADeadSessionIsReloaded(t *testing.T) {
	eachThat(t, hasPages, 7, func(t *testing.T, f framework) {
		b := f.newBrowser(t)
		f.signIn(t, b)
		tab := f.browserFrom(t, b.address)
		tab.setCookie(t, f.cookie, f.end(t, f, b))
		for _, r := range together(t, connections, func() (r reply, err error) {
			for i := 0; i < 15 && err == nil && r.status != 429; i++ {
				r, err = tab.send(request{method: http.MethodGet, path: f.page, headers: []string{"Accept", "text/html"}})
			}
			return r, err
		}) {
			f.dead.is(t, tab, r, "dead session")
		}
		assert.Equal(t, 200, f.signsInAgain(t, b.address), "behind the same address")
		most := 1
		if f.id == "spring" {
			most += connections
		}
		n := f.sessionsCounted(t, b.address)
		assert.True(t, 1 <= n && n <= most, "%d failures, at most %d are expected", n, most)
	})
}

// TestSigningOutIsNoFailure, although some frameworks redirect to the login then.
func TestSigningOutIsNoFailure(t *testing.T) {
	eachThat(t, hasPages, 7, func(t *testing.T, f framework) {
		b := f.newBrowser(t)
		for range 2 {
			f.signIn(t, b)
			f.end(t, f, b)
		}
		assert.Zero(t, f.sessionsCounted(t, b.address))
	})
}

// TestSpringSignsOutWithoutAPassword: where the configuration counts nothing, nothing can
// be guessed.
func TestSpringSignsOutWithoutAPassword(t *testing.T) {
	eachThat(t, is("spring"), 1, func(t *testing.T, f framework) {
		b, try := f.newBrowser(t), basicForm("/logout", "/logout")
		out := answer{status: 302, location: "/login?logout"}
		out.is(t, b, try(t, b, f.account, guess(0)), "wrong password")
		out.is(t, b, try(t, b, f.account, password), "right password")
	})
}

// TestTheSamePasswordAgainAndAgain: a user repeats a wrong password, or a program an old
// one. In a form, the token of each login page does not make another guess.
func TestTheSamePasswordAgainAndAgain(t *testing.T) {
	each(t, func(t *testing.T, f framework) {
		for i, as := range f.spellings {
			if i > 0 && f.token == tokenOfSecond {
				continue // the number is that of the seconds
			}
			want := max(1, f.retyped)
			if i > 0 && f.token == tokenOfPage {
				want = int(f.surfaces(t)[0].Lockout.Failures)
			}
			address := f.newBrowser(t).address
			f.retype(t, f.browserFrom(t, address), as)
			assert.Equal(t, want, f.passwordsCounted(t, address), as.name)
		}
	})
}

// retype sends the same wrong password thirty times, unless that locks out.
func (f framework) retype(t *testing.T, b *browser, as spelling) {
	t.Helper()
	for range 30 {
		r := f.login(t, b, as, f.account, guess(0))
		if r.status == 429 {
			return
		}
		f.wrong.is(t, b, r, "the same password")
	}
}

// TestTheSamePasswordOfThirtyBrowsers, or of a program without cookies. If the login gives
// a session to every visitor and sessions are credentials, each is another guess.
func TestTheSamePasswordOfThirtyBrowsers(t *testing.T) {
	each(t, func(t *testing.T, f framework) {
		want := 1
		if f.session {
			want = int(f.surfaces(t)[0].Lockout.Failures)
			assert.Equal(t, 1, f.withoutCookies().fromBrowsers(t), "where sessions are no credentials")
		}
		assert.Equal(t, want, f.fromBrowsers(t))
	})
}

// fromBrowsers sends the same wrong password from thirty browsers behind one address, and
// returns how often it counted.
func (f framework) fromBrowsers(t *testing.T) int {
	t.Helper()
	address := f.newBrowser(t).address
	for range 30 {
		b := f.browserFrom(t, address)
		r := f.attempt(t, b, f.account, guess(0))
		if r.status == 429 {
			break
		}
		f.wrong.is(t, b, r, "the same password")
	}
	return f.passwordsCounted(t, address)
}

// TestAFlashedMessageIsAnotherSession: Flask keeps such messages in the session's cookie
// and signs it with the time, so that each second makes another guess of the same one.
func TestAFlashedMessageIsAnotherSession(t *testing.T) {
	eachThat(t, is("flask-wtf"), 1, func(t *testing.T, f framework) {
		const page = "/wtf/login?flash"
		b, again := f.newBrowser(t), url.Values{"email": {f.account}, "password": {guess(0)}}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		require.NoError(t, wait.Until(ctx, "a lockout", func() (bool, error) {
			r := b.submit(t, page, page, asForm, again)
			return r.status == 429, nil
		}))
		f = f.withoutCookies()
		b = f.newBrowser(t)
		for range 30 {
			f.wrong.is(t, b, b.submit(t, page, page, asForm, again), "the same password")
		}
	})
}

// TestSpringAnswersWithSessions: a program that continues with the session of each
// response makes other guesses, up to a lockout. If sessions are not credentials, nothing
// counts.
func TestSpringAnswersWithSessions(t *testing.T) {
	eachThat(t, is("spring"), 1, func(t *testing.T, f framework) {
		b := f.newBrowser(t)
		assert.Equal(t, 429, f.follow(t, b, f.race(t, b.address, f.over(t, b), 30)))
		f = f.withoutCookies()
		b = f.newBrowser(t)
		assert.Equal(t, 302, f.follow(t, b, f.race(t, b.address, f.over(t, b), 30)))
	})
}

// follow opens the page with the session of each answer, and returns the last status.
func (f framework) follow(t *testing.T, b *browser, answers []reply) int {
	t.Helper()
	status := 0
	for _, answer := range answers {
		cookies := (&http.Response{Header: answer.header}).Cookies()
		require.Len(t, cookies, 1)
		r, err := f.client(t, b.address, client.HTTP1).send(f.open(cookies[0].Value))
		require.NoError(t, err)
		status = r.status
	}
	return status
}

// TestEachInteractionIsAnotherAddress: the login pages of an application with
// oidc-provider are below it, so the same password is another guess in another one.
func TestEachInteractionIsAnotherAddress(t *testing.T) {
	eachThat(t, is("oidc-provider"), 1, func(t *testing.T, f framework) {
		seen := map[string]bool{}
		for range 3 {
			b := f.newBrowser(t)
			r := b.get(t, f.authorization())
			require.Contains(t, r.header.Get("Location"), "/interaction/", "%s", r.body)
			seen[r.header.Get("Location")] = true
		}
		assert.Len(t, seen, 3)
	})
}
