package gauntlet

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
)

// connect-go speaks gRPC-Web in its binary form only. What is here translates to and
// from the text form, at the client and at the service.
// See https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
const (
	webText   = "application/grpc-web-text+proto"
	webBinary = "application/grpc-web+proto"
)

func isText(h http.Header) bool {
	return strings.HasPrefix(h.Get("Content-Type"), "application/grpc-web-text")
}

// decodeText decodes base64 that may be padded in any place: servers encode what they
// have each time that they flush.
func decodeText(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(r)
	var body []byte
	for ; err == nil && len(text) > 0; text = text[min(4, len(text)):] {
		body, err = base64.StdEncoding.AppendDecode(body, text[:min(4, len(text))])
	}
	return body, err
}

// textTransport sends what a client of the binary form sends in the text form.
type textTransport struct{ next http.RoundTripper }

func (t textTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	text := base64.StdEncoding.EncodeToString(body)
	sent := r.Clone(r.Context())
	sent.Header.Set("Content-Type", webText)
	sent.Body, sent.ContentLength, sent.GetBody = io.NopCloser(strings.NewReader(text)), int64(len(text)), nil
	response, err := t.next.RoundTrip(sent)
	if err != nil || !isText(response.Header) {
		return response, err
	}
	answer, err := decodeText(response.Body)
	_ = response.Body.Close()
	response.Header.Set("Content-Type", webBinary)
	response.Body = io.NopCloser(bytes.NewReader(answer))
	return response, err
}

// acceptText lets a handler of the binary form answer requests in the text form.
func acceptText(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isText(r.Header) {
			next.ServeHTTP(w, r)
			return
		}
		body, err := decodeText(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Header.Set("Content-Type", webBinary)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		t := &textWriter{ResponseWriter: w}
		next.ServeHTTP(t, r)
		t.Flush()
	})
}

// textWriter encodes what is written between two flushes as one piece of base64.
type textWriter struct {
	http.ResponseWriter
	pending []byte
}

func (t *textWriter) WriteHeader(status int) {
	if t.Header().Get("Content-Type") == webBinary {
		t.Header().Set("Content-Type", webText)
	}
	t.ResponseWriter.WriteHeader(status)
}

func (t *textWriter) Write(p []byte) (int, error) {
	t.pending = append(t.pending, p...)
	return len(p), nil
}

// Flush implements http.Flusher.
func (t *textWriter) Flush() {
	if t.Header().Get("Content-Type") == webBinary {
		t.Header().Set("Content-Type", webText)
	}
	// The client is gone if this fails, and misses nothing.
	_, _ = io.WriteString(t.ResponseWriter, base64.StdEncoding.EncodeToString(t.pending))
	t.pending = t.pending[:0]
	_ = http.NewResponseController(t.ResponseWriter).Flush()
}
