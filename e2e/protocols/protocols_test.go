package protocols

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"connectrpc.com/connect"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

// honest is how often the right password is used, over new connections and over a kept
// one. Calls have all of them over one, since none of theirs knows of the others.
const honest = 100

// TestOnlyWrongPasswordsCount: after a hundred right ones, the client still has all of
// its failures. It uses them up and is refused, in words that its library understands.
func TestOnlyWrongPasswordsCount(t *testing.T) {
	for _, w := range ways {
		t.Run(w.id, func(t *testing.T) {
			t.Parallel()
			from := client.NewAddress()
			showOnFailure(t, from)
			failures := tests.Metric(t, "gatewarden_auth_failures_total", w.id)
			lockouts := tests.Metric(t, "gatewarden_lockouts_total", w.id)
			answers := w.try(t, w, from, []batch{
				{right, honest, false}, {right, honest, true}, {wrong, limit + 1, false}, {right, 1, false},
			})
			require.Len(t, answers, 2*honest+limit+2)
			w.areServed(t, answers[:honest], false)
			w.areServed(t, answers[honest:2*honest], true)
			for i, a := range answers[2*honest:][:limit] {
				require.Equal(t, w.replies.no, a.Code, "wrong password %d of %d", i+1, limit)
			}
			for _, a := range answers[2*honest+limit:] {
				w.isRefused(t, a)
			}
			tests.AwaitMetric(t, failures+limit, "gatewarden_auth_failures_total", w.id)
			tests.AwaitMetric(t, lockouts+1, "gatewarden_lockouts_total", w.id)
		})
	}
}

// areServed tells whether each attempt succeeded, in as many steps as its handshake has:
// otherwise it would show nothing about the handshake.
func (w way) areServed(t *testing.T, answers []answer, keep bool) {
	t.Helper()
	for i, a := range answers {
		require.Equal(t, w.replies.yes, a.Code, "right password, attempt %d", i+1)
		if w.step == "" || w.again != keep || w.again && i == 0 {
			continue
		}
		meets := func(challenge string) bool { return strings.Contains(challenge, w.step) }
		require.True(t, slices.ContainsFunc(a.Challenges, meets), "attempt %d met %q", i+1, a.Challenges)
	}
}

// isRefused checks that the library knows who refused the request, and for how long.
func (w way) isRefused(t *testing.T, a answer) {
	t.Helper()
	assert.Equal(t, w.replies.refused, a.Code)
	seconds, err := strconv.Atoi(a.RetryAfter)
	require.NoError(t, err, "Retry-After, as the library has it")
	assert.Positive(t, seconds)
}

// TestHonestAtOnce: many colleagues behind one address sign in at the same moment. No
// two steps of their handshakes carry the same credential.
func TestHonestAtOnce(t *testing.T) {
	for _, id := range []string{"ntlm-go", "negotiate-go", "digest-go", "connect-go-web-late", "connect-go-stream"} {
		t.Run(id, func(t *testing.T) {
			from, w := client.NewAddress(), find(id)
			showOnFailure(t, from)
			var group sync.WaitGroup
			colleagues := make([][]answer, 40)
			for i := range colleagues {
				group.Go(func() { colleagues[i] = w.try(t, w, from, []batch{{right, 3, false}}) })
			}
			group.Wait()
			for _, answers := range colleagues {
				require.Len(t, answers, 3)
				w.areServed(t, answers, false)
			}
		})
	}
}

// TestCompressedCallsAreRefused: a service would compress the frame that tells how the
// call ended, too.
func TestCompressedCallsAreRefused(t *testing.T) {
	for id, as := range map[string]asProtocol{"connect-go-web": asGRPCWeb, "connect-go-stream": asConnect} {
		t.Run(id, func(t *testing.T) {
			w := find(id)
			from := client.NewAddress()
			showOnFailure(t, from)
			as.options = append(slices.Clone(as.options), connect.WithSendGzip())
			call := as.client(t, w, from, "Watch")
			assert.Equal(t, connect.CodeUnimplemented, connect.CodeOf(call(t.Context(), right)))
		})
	}
}

// TestSessionsOfDigestTryTwice: what they remember, and then what they are asked for. A
// wrong password uses up a client's failures twice as fast.
func TestSessionsOfDigestTryTwice(t *testing.T) {
	for _, id := range []string{"digest-requests", "digest-httpx"} {
		t.Run(id, func(t *testing.T) {
			from, w := client.NewAddress(), find(id)
			showOnFailure(t, from)
			var codes []string
			for _, a := range w.try(t, w, from, []batch{{wrong, 4, true}}) {
				codes = append(codes, a.Code)
			}
			assert.Equal(t, []string{"401", "401", "401", "429"}, codes, "one failure, and two, and two")
		})
	}
}

// TestConnectionsOfNTLMAreNotShared: what Envoy's own default lets happen, and what the
// documentation says against it.
func TestConnectionsOfNTLMAreNotShared(t *testing.T) {
	showOnFailure(t, "ntlm")
	stranger := func(w way) string {
		seen := map[string]bool{}
		// Each worker has connections of its own, so some of these meet another one.
		for range 40 {
			s := newSession(t, ntlmGo, client.NewAddress(), w.url(t)+"/ntlm", right)
			s.http.Transport = s.recorder // signs in nobody
			s.request.Header = http.Header{}
			seen[s.get(t).Code] = true
		}
		return strings.Join(slices.Sorted(maps.Keys(seen)), " ")
	}
	own := find("ntlm-go")
	for _, w := range []way{own, sharedNTLM} {
		w.areServed(t, w.try(t, w, client.NewAddress(), []batch{{right, 20, false}}), false)
	}
	assert.Equal(t, "401", stranger(own))
	assert.Contains(t, stranger(sharedNTLM), "200")
}

// showOnFailure shows, if the test fails, what Envoy wrote of requests with this in
// their lines of the access log, and what the services wrote.
func showOnFailure(t *testing.T, part string) {
	t.Cleanup(func() {
		if t.Failed() {
			lines := tests.Envoy.Access.Lines(part)
			t.Logf("the end of the access log:\n%s", strings.Join(lines[max(0, len(lines)-20):], "\n"))
			for name, p := range tests.Programs {
				t.Logf("the end of what %s wrote:\n%s", name, p.Log.Tail(20))
			}
		}
	})
}
