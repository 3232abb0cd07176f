package frameworks

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/config"
)

// each calls check for every framework, for all of them at once.
func each(t *testing.T, check func(t *testing.T, f framework)) {
	t.Helper()
	eachOf(t, frameworks, check)
}

// eachThat calls check for the frameworks for which that is true, and requires that there
// are want of them.
func eachThat(t *testing.T, that func(framework) bool, want int, check func(t *testing.T, f framework)) {
	t.Helper()
	some := slices.DeleteFunc(slices.Clone(frameworks), func(f framework) bool { return !that(f) })
	require.Len(t, some, want)
	eachOf(t, some, check)
}

func eachOf(t *testing.T, some []framework, check func(t *testing.T, f framework)) {
	t.Helper()
	for _, f := range some {
		t.Run(f.id, func(t *testing.T) {
			t.Parallel()
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("the end of the access log:\n%s\nthe end of what %s wrote:\n%s",
						tests.Envoy.Access.Tail(20), f.program, tests.Programs[f.program].Log.Tail(20))
				}
			})
			check(t, f)
		})
	}
}

// is tells whether the framework answered so, and not the filter.
func (a answer) is(t *testing.T, b *browser, r reply, what string) {
	t.Helper()
	require.Equal(t, a.status, r.status, "%s: %s", what, r.body)
	require.Equal(t, a.location, strings.TrimPrefix(r.header.Get("Location"), b.base), what)
	require.Contains(t, r.body, a.body, what)
}

// surfaces are that of the login and, where there is one, that of the pages.
func (f framework) surfaces(t *testing.T) []config.Surface {
	t.Helper()
	all, err := configurations()
	require.NoError(t, err)
	c, err := config.Parse([]byte(all[f.id]), nil)
	require.NoError(t, err)
	return c.Surfaces
}

// TestWrongPasswordsLockOut: as many as the configuration allows, and a right one in
// between is served.
func TestWrongPasswordsLockOut(t *testing.T) {
	each(t, func(t *testing.T, f framework) {
		limit := int(f.surfaces(t)[0].Lockout.Failures)
		first := f.newBrowser(t)
		for i := range limit {
			if i == limit/2 {
				f.signIn(t, f.browserFrom(t, first.address))
			}
			b := f.browserFrom(t, first.address)
			f.wrong.is(t, b, f.attempt(t, b, f.account, guess(i)), fmt.Sprintf("wrong password %d of %d", i+1, limit))
		}
		b := f.browserFrom(t, first.address)
		r := f.attempt(t, b, f.account, password)
		assert.Equal(t, 429, r.status, "after %d wrong passwords", limit)
		assert.NotEmpty(t, r.header.Get("Retry-After"))

		other := f.newBrowser(t)
		f.right.is(t, other, f.attempt(t, other, f.account, password), "somebody else")
	})
}

// TestOtherWaysInLockOut: attackers may guess elsewhere than at the login.
func TestOtherWaysInLockOut(t *testing.T) {
	hasOthers := func(f framework) bool { return len(f.elsewhere) > 0 }
	eachThat(t, hasOthers, 4, func(t *testing.T, f framework) {
		limit := 0
		for _, s := range f.surfaces(t) {
			limit = max(limit, int(s.Lockout.Failures))
		}
		for n, try := range f.elsewhere {
			b := f.newBrowser(t)
			for i := range limit {
				r := try(t, b, f.account, guess(i))
				if r.status == 429 {
					break
				}
				require.Contains(t, []int{200, 302, 401}, r.status, "way %d, wrong password %d: %s", n, i+1, r.body)
			}
			assert.Equal(t, 429, try(t, b, f.account, password).status, "way %d, after %d wrong passwords", n, limit)
		}
	})
}

// guess is a password that is as long as the frameworks want one.
func guess(n int) string { return fmt.Sprintf("wrong password %d", n) }

// signIn uses the right password, and sees that it opens the page.
func (f framework) signIn(t *testing.T, b *browser) {
	t.Helper()
	f.right.is(t, b, f.attempt(t, b, f.account, password), "right password")
	if f.cookie != "" {
		require.Equal(t, 200, b.get(t, f.page).status, "the page of who signed in")
	}
}

// TestManyAccountsOfOneClientAreSeen, which is stuffing.
func TestManyAccountsOfOneClientAreSeen(t *testing.T) {
	each(t, func(t *testing.T, f framework) {
		login := f.surfaces(t)[0]
		before := tests.Metric(t, "gatewarden_stuffing_total", login.Name)
		first := f.newBrowser(t)
		for i := range int(login.Lockout.Stuffing.Credentials) {
			b := f.browserFrom(t, first.address)
			f.wrong.is(t, b, f.attempt(t, b, account(i), guess(0)), "one account of many")
		}
		tests.AwaitMetric(t, before+1, "gatewarden_stuffing_total", login.Name)
	})
}

// account returns the name of an account that does not exist.
func account(n int) string { return fmt.Sprintf("user%d@example.com", n) }

// TestOneAccountFromManyClientsIsSeen, which is spraying, whichever spelling each of
// them uses.
func TestOneAccountFromManyClientsIsSeen(t *testing.T) {
	each(t, func(t *testing.T, f framework) {
		login := f.surfaces(t)[0]
		before := tests.Metric(t, "gatewarden_spraying_total", login.Name)
		for i := range int(login.Lockout.Spraying.Clients) {
			b := f.newBrowser(t)
			as := f.spellings[i%len(f.spellings)]
			f.wrong.is(t, b, f.login(t, b, as, "sprayed@example.com", guess(0)), "one client of many")
		}
		tests.AwaitMetric(t, before+1, "gatewarden_spraying_total", login.Name)
	})
}
