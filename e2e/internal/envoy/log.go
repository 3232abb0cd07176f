package envoy

import (
	"bytes"
	"strings"
	"sync"
)

// Log keeps what Envoy writes, safe to read while Envoy writes on. When it
// holds more than its limit the older half goes.
type Log struct {
	mu    sync.Mutex
	limit int
	buf   []byte
}

// NewLog returns a Log that holds up to limit bytes.
func NewLog(limit int) *Log { return &Log{limit: limit} }

// Write implements io.Writer; it never fails.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(l.buf, p...)
	if len(l.buf) > l.limit {
		rest := l.buf[len(l.buf)-l.limit/2:]
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			rest = rest[i+1:] // begin with a whole line
		}
		l.buf = append([]byte(nil), rest...)
	}
	return len(p), nil
}

// clear forgets everything.
func (l *Log) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = nil
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.buf)
}

// Lines returns the complete lines that contain every one of parts.
func (l *Log) Lines(parts ...string) []string {
	text := l.String()
	text = text[:strings.LastIndexByte(text, '\n')+1]
	var found []string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if containsAll(line, parts) {
			found = append(found, line)
		}
	}
	return found
}

// Tail returns the last n lines.
func (l *Log) Tail(n int) string {
	lines := l.Lines()
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func containsAll(s string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(s, part) {
			return false
		}
	}
	return true
}
