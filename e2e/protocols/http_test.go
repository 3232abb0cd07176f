package protocols

import (
	"io"
	"net/http"
	"strconv"
	"testing"

	"github.com/Azure/go-ntlmssp"
	"github.com/icholy/digest"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

// recorder notes the challenges that a library gets.
type recorder struct {
	next       http.RoundTripper
	challenges []string
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.next.RoundTrip(request)
	if err == nil {
		r.challenges = append(r.challenges, response.Header.Values("WWW-Authenticate")...)
	}
	return response, err
}

// ntlmGo signs in by github.com/Azure/go-ntlmssp, which takes what is to be sent from
// where Basic would have it.
func ntlmGo(r *http.Request, password string, next http.RoundTripper) http.RoundTripper {
	r.SetBasicAuth(`E2E\alice`, password)
	return ntlmssp.Negotiator{RoundTripper: next}
}

// digestGo does so by github.com/icholy/digest.
func digestGo(_ *http.Request, password string, next http.RoundTripper) http.RoundTripper {
	return &digest.Transport{Username: "alice", Password: password, Transport: next}
}

type library func(r *http.Request, password string, next http.RoundTripper) http.RoundTripper

// inGo tries with a library of Go's.
func inGo(as library, path string) try {
	return func(t *testing.T, w way, from string, batches []batch) (answers []answer) {
		t.Helper()
		for _, b := range batches {
			var session *session
			for range b.Times {
				if session == nil || !b.Keep {
					session = newSession(t, as, from, w.url(t)+path, b.Password)
				}
				answers = append(answers, session.get(t))
			}
		}
		return answers
	}
}

// session is a client that may remember.
type session struct {
	http     *http.Client
	request  *http.Request
	recorder *recorder
}

func newSession(t *testing.T, as library, from, url, password string) *session {
	t.Helper()
	h, err := client.New(from, client.HTTP1)
	require.NoError(t, err)
	t.Cleanup(h.CloseIdleConnections)
	s := &session{http: h, recorder: &recorder{next: h.Transport}}
	s.request, err = http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	h.Transport = as(s.request, password, s.recorder)
	return s
}

func (s *session) get(t *testing.T) answer {
	t.Helper()
	s.recorder.challenges = nil
	response, err := s.http.Do(s.request.Clone(t.Context()))
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return answer{strconv.Itoa(response.StatusCode), response.Header.Get("Retry-After"), s.recorder.challenges}
}
