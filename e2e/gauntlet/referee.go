package gauntlet

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// Mark names the sender of a request. It is in a header that no system reads, so that the
// service can tell which requests got through.
type Mark string

// The marks.
const (
	Guess  Mark = "guess"  // counts
	Honest Mark = "honest" // must not suffer
	Own    Mark = "own"    // of the attacker, with a credential that is right
	Flood  Mark = "flood"  // is there to be in the way, not to get through
)

const markHeader = "X-Gauntlet"

// Referee is the demo service, with a count of what reached it. It reads paths in
// every way that some framework does, so that any spelling that gets through to
// it is a guess; it takes a token from the query, too; it has procedures for
// gRPC-Web and Connect; and it has more users than the demo service.
type Referee struct {
	service, procedures http.Handler

	mu      sync.Mutex
	think   time.Duration
	reached map[Mark]int
}

// NewReferee returns one that answers at once.
func NewReferee() *Referee {
	return &Referee{service: service.New(), procedures: procedures(), reached: map[Mark]int{}}
}

// begin starts to count anew, and lets it answer after think.
func (r *Referee) begin(think time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.think = think
	clear(r.reached)
}

func (r *Referee) thinks() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.think
}

// ServeHTTP implements http.Handler.
func (r *Referee) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	request.URL.Path = readPath(request.URL.Path)
	request.URL.RawPath = ""
	readQuery(request)
	knowUsers(request)
	handler := r.service
	if strings.HasPrefix(request.URL.Path, procedurePrefix) {
		handler = r.procedures
	}
	seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	time.Sleep(r.thinks()) // as one that hashes passwords does
	handler.ServeHTTP(seen, request)
	// What is not found has not been compared with anything.
	if seen.status != http.StatusNotFound && seen.status != http.StatusMovedPermanently {
		r.count(Mark(request.Header.Get(markHeader)))
	}
}

func (r *Referee) count(m Mark) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reached[m]++
}

// Reached is how many requests with a mark have had their credential checked.
func (r *Referee) Reached(m Mark) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reached[m]
}

// readPath reads a path as leniently as all frameworks together: encoded twice,
// with backslashes, parameters, dot segments, double slashes and capitals. The
// server has decoded it once.
func readPath(p string) string {
	if again, err := url.PathUnescape(p); err == nil {
		p = again
	}
	segments := strings.Split(strings.ReplaceAll(p, `\`, "/"), "/")
	for i, s := range segments {
		segments[i], _, _ = strings.Cut(s, ";")
	}
	return strings.ToLower(path.Clean("/" + strings.Join(segments, "/")))
}

// readQuery takes the token from the query, if there is one, for that of the header.
func readQuery(r *http.Request) {
	query := r.URL.Query()
	for _, name := range []string{"access_token", "api_key"} {
		if token := query.Get(name); token != "" {
			r.Header.Set("Authorization", bearer(token))
		}
	}
}

// honestToken is the bearer token of the honest user number n.
func honestToken(n int) string { return "honest-" + thousands(n) }

// knowUsers makes the demo service's one user of many: those with an honest
// token, and alice with her password.
func knowUsers(r *http.Request) {
	user, password, basic := r.BasicAuth()
	known := strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "+"honest-") ||
		basic && user == service.User && password == service.Password
	if known {
		r.Header.Set("Authorization", "Bearer "+service.Token)
	}
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Flush is for handlers that look for an http.Flusher, as connect-go's do.
func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
