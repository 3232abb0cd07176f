package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// chaos is the request header that tells the service of the chaos run how to
// misbehave. What it may say is below.
const chaos = "X-Chaos"

const (
	waitFirst   = "wait"         // an answer after a while
	resetFirst  = "reset"        // the connection breaks before an answer
	cutBody     = "cut"          // ... in the middle of a good answer's body
	cutError    = "cut-error"    // ... in the middle of a token error's body
	lateError   = "late-error"   // a token error's headers, its body when the client is gone, or much later
	slowBody    = "slow"         // an answer piece by piece
	withTrailer = "with-trailer" // an answer with a trailer
)

// roughService is the demo service when it is not well. It notes how often it
// said that a credential was wrong.
type roughService struct {
	next  http.Handler
	wrong atomic.Int64
}

// startRoughService returns it and its address.
func startRoughService(t *testing.T) (*roughService, string) {
	t.Helper()
	s := &roughService{next: service.New()}
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return s, server.Listener.Addr().String()
}

func (s *roughService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") == "websocket" && r.Header.Get("Authorization") == valid[1] {
		echo(w)
		return
	}
	noted := &statusNoter{ResponseWriter: w, service: s}
	switch r.Header.Get(chaos) {
	case resetFirst:
		panic(http.ErrAbortHandler)
	case waitFirst:
		time.Sleep(300 * time.Millisecond)
		s.next.ServeHTTP(noted, r)
	case cutBody:
		beginAnswer(noted, http.StatusOK, `{"items":`)
		panic(http.ErrAbortHandler)
	case cutError:
		beginAnswer(noted, http.StatusBadRequest, `{"er`)
		panic(http.ErrAbortHandler)
	case lateError:
		beginAnswer(noted, http.StatusBadRequest, "")
		select {
		case <-r.Context().Done():
		case <-time.After(2 * time.Second):
		}
		_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
	case slowBody:
		for range 10 {
			beginAnswer(noted, http.StatusOK, "a piece\n")
			time.Sleep(10 * time.Millisecond)
		}
	case withTrailer:
		w.Header().Set("Trailer", "X-Sum")
		s.next.ServeHTTP(noted, r)
		w.Header().Set("X-Sum", "1")
	default:
		s.next.ServeHTTP(noted, r)
	}
}

// beginAnswer sends headers, if they were not sent, and a part of the body.
func beginAnswer(w http.ResponseWriter, status int, part string) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
	}
	_, _ = io.WriteString(w, part)
	_ = http.NewResponseController(w).Flush() // what cannot be flushed arrives later
}

// echo takes over the connection and echoes its bytes, like a WebSocket server without
// frames.
func echo(w http.ResponseWriter) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	_ = rw.Flush()
	_, _ = io.Copy(conn, rw)
}

// statusNoter notes the answers that say that a credential was wrong.
type statusNoter struct {
	http.ResponseWriter
	service *roughService
}

func (w *statusNoter) WriteHeader(status int) {
	if status == http.StatusUnauthorized || status == http.StatusBadRequest {
		w.service.wrong.Add(1)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets a ResponseController reach the connection.
func (w *statusNoter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// chaosHeader makes a header of one of the words above.
func chaosHeader(word string) []string { return []string{chaos, word} }
