package fleet

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/fleet"
)

// token is that of whoever is on call.
var token = rand.Text()

func tokenSHA256() string {
	hash := sha256.Sum256([]byte(token))
	return hex.EncodeToString(hash[:])
}

// unlockReachesAll: an operator who unlocks a client at one proxy unlocks it at all, and
// the client has the whole limit again.
func unlockReachesAll(t *testing.T, s *fleet.Stand) {
	client, conns := fleet.NewClient(), connect(s, "async")
	defer closeAll(conns)
	_, err := Sequence(s, "async", daily.Failures) // somebody else, who stays locked out
	require.NoError(t, err)
	lock := func() {
		for _, c := range conns {
			answer, err := guessUntil(c, client, http.StatusTooManyRequests, 2*daily.Failures)
			require.NoError(t, err)
			require.Equal(t, http.StatusTooManyRequests, answer.Status)
		}
	}
	lock()
	guesses := len(s.Backend.Guesses(client))
	unlock(t, s.Proxies[0]["operations"], client)
	within(t, 30*time.Second, "all proxies to serve the client", func() bool {
		for _, c := range conns {
			answer, err := c.Get(client, fleet.Right)
			require.NoError(t, err)
			if answer.Status != http.StatusOK {
				return false
			}
		}
		return true
	})
	lock()
	assert.GreaterOrEqual(t, len(s.Backend.Guesses(client))-guesses, daily.Failures)
}

// unlock asks the operations endpoint at an address to unlock a client.
func unlock(t *testing.T, address, client string) {
	t.Helper()
	var list struct {
		Lockouts []struct {
			ID     string
			Client *string
		}
	}
	require.Equal(t, http.StatusOK, ask(t, http.MethodGet, "http://"+address+"/lockouts", &list))
	for _, l := range list.Lockouts {
		if l.Client != nil && *l.Client == client {
			require.Equal(t, http.StatusNoContent, ask(t, http.MethodDelete, "http://"+address+"/lockouts/"+l.ID, nil))
			return
		}
	}
	t.Fatalf("%s is not among %+v", client, list)
}

func ask(t *testing.T, method, url string, into any) (status int) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	if into != nil {
		require.NoError(t, json.NewDecoder(response.Body).Decode(into))
	}
	return response.StatusCode
}
