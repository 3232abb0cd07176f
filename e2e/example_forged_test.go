package e2e

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// trick is an attempt to be more than an address: the headers of the i-th request.
type trick struct {
	name    string
	headers func(i int) []string
}

func made(format string) func(int) []string {
	return func(i int) []string { return strings.Split(fmt.Sprintf(format, i), "\n") }
}

// tricks work nowhere.
var tricks = []trick{
	{"nothing", func(int) []string { return nil }},
	{"a token of one's own making", made("Authorization: Bearer guess-%d")},
	{"a key of one's own making", made("X-Api-Key: guess-%d")},
	{"Basic", made("Authorization: Basic guess%d")},
	{"claims that nobody signed", func(i int) []string {
		claims := fmt.Sprintf(`{"sub":"user-%d","tier":"enterprise","roles":["owner"]}`, i)
		return []string{"Authorization: Bearer eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + "."}
	}},
	{"a tier", made("X-Tier: enterprise\nX-Tier: pro-%d")},
	{"a tenant and roles", made("X-Tenant-Id: tenant-%d\nX-Roles: admin\nX-Scopes: all")},
	{"two Authorization headers", made("Authorization: Bearer " + service.Token + "\nAuthorization: Bearer guess-%d")},
	{"the other way round", made("Authorization: Bearer guess-%d\nAuthorization: Bearer " + service.Token)},
	{"two in one", made("Authorization: Bearer " + service.Token + ", Bearer guess-%d")},
	{"two keys", made("X-Api-Key: " + service.APIKey + "\nX-Api-Key: guess-%d")},
	{"a key in two places", made("X-Api-Key: " + service.APIKey + "\nAuthorization: Bearer guess-%d")},
	{"another address", made("X-Forwarded-For: 198.51.100.%d\nForwarded: for=198.51.100.1\nX-Real-Ip: 198.51.100.1")},
}

// byClient work only where a gateway is trusted, which sets or removes them.
var byClient = []trick{
	{"a user", made("X-User-Id: user-%d")},
	{"a user, twice", made("X-User-Id: user-%d\nX-User-Id: alice")},
}

// Whatever a client forges, it gets no more than the allowance of its address.
func TestForgedIdentities(t *testing.T) {
	for _, row := range []struct {
		listener, path string
		limit          int
		tricks         []trick
	}{
		{classesOpen, "/api/v1/items", 50, append(tricks, byClient[1])},
		{byTokenOpen, "/api/v1/items", 60, append(tricks, byClient...)},
		// Here nothing has to be accepted, and no failure locks anybody out.
		{byUser, "/api/v1/status/200", 512, append(tricks, byClient...)},
		{tiers, "/api/v1/status/200", 20, append(tricks[:6:6], append(tricks[7:], byClient...)...)},
	} {
		s := standard(t, row.listener)
		for _, trick := range row.tricks {
			t.Run(row.listener+"/"+trick.name, func(t *testing.T) {
				c := s.newCaller(t, client.HTTP1)
				passed := admitted(t, row.limit+40, func(i int) (reply, error) {
					return c.with("GET", row.path, "", trick.headers(i)...)
				})
				assert.Equal(t, row.limit, passed)
			})
		}
	}
}

// Where the service answers without a look at the credential, none becomes an
// accepted one.
func TestForgedAcceptance(t *testing.T) {
	for listener, limit := range map[string]int{classesOpen: 50, byTokenOpen: 60} {
		s := standard(t, listener)
		for name, prime := range map[string][2]string{
			"public": {"GET", "/api/v1/status/200"}, "OPTIONS": {"OPTIONS", "/api/v1/items"}, "exempt": {"GET", "/healthz"},
		} {
			t.Run(listener+"/"+name, func(t *testing.T) {
				c := s.newCaller(t, client.HTTP1)
				for i := range 10 {
					r, err := c.with(prime[0], prime[1], "", fmt.Sprintf("X-Api-Key: guess-%s-%d", name, i))
					require.NoError(t, err)
					require.Equal(t, 2, r.status/100)
				}
				passed := admitted(t, 2*limit, func(i int) (reply, error) {
					return c.with("GET", "/api/v1/items", "", fmt.Sprintf("X-Api-Key: guess-%s-%d", name, i%10))
				})
				if prime[1] == "/api/v1/items" {
					passed += 10
				}
				assert.Equal(t, limit, passed)
			})
		}
	}
}

// All spellings of a key share one allowance, and invalid spellings have the address's.
func TestSpellingsOfOneKey(t *testing.T) {
	s := standard(t, byTokenOpen)
	spelled := []string{
		"X-Api-Key: " + service.BobsKey, "x-api-key:  " + service.BobsKey, "X-API-KEY: " + service.BobsKey + " \t",
		"X-Api-Key: " + strings.ToUpper(service.BobsKey), "X-Api-Key: Demo-Key-Bob", "X-Api-Key: demokeybob",
		"Authorization: Bearer " + service.BobsKey, "Authorization: bearer  " + service.BobsKey, "Authorization: " + service.BobsKey,
		"X-Api-Key: \u00a0" + service.BobsKey, "X-Api-Key: \"" + service.BobsKey + "\"",
	}
	owner, c := s.newCaller(t, client.HTTP1), s.newCaller(t, client.HTTP1)
	_, err := owner.with("GET", "/api/v1/items", "", spelled[0])
	require.NoError(t, err)
	passed := admitted(t, 20*len(spelled), func(i int) (reply, error) {
		return c.with("GET", "/api/v1/items", "", spelled[i%len(spelled)])
	})
	assert.LessOrEqual(t, passed, 60+60, "the key's and the address's")
	assert.Equal(t, 0, admitted(t, 20, func(int) (reply, error) { return owner.with("GET", "/api/v1/items", "", spelled[0]) }))
}
