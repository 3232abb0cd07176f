package mcp

import "testing"

// Pages of other origins than those that are listed may not call the server.
func TestOrigins(t *testing.T) {
	for _, row := range []struct {
		config  string
		origins []string
		refused bool
	}{
		{``, []string{"https://evil.example"}, false},
		{`"origins": []`, nil, false},
		{`"origins": []`, []string{"https://app.example"}, true},
		{`"origins": ["https://app.example"]`, nil, false},
		{`"origins": ["https://app.example", "http://localhost:6274"]`, []string{"http://localhost:6274"}, false},
		{`"origins": ["https://app.example"]`, []string{"http://app.example"}, true},
		{`"origins": ["https://app.example"]`, []string{"https://app.example:8443"}, true},
		{`"origins": ["https://app.example"]`, []string{"https://app.example.evil.example"}, true},
		{`"origins": ["https://app.example"]`, []string{"null"}, true},
		{`"origins": ["https://app.example"]`, []string{""}, true},
		{`"origins": ["https://app.example"]`, []string{"https://app.example", "https://evil.example"}, true},
		{`"origins": ["https://app.example"]`, []string{"https://app.example, https://evil.example"}, true},
	} {
		w := newWorker(t, row.config)
		var headers []string
		for _, o := range row.origins {
			headers = append(headers, "origin", o)
		}
		s := w.read(ping, headers...)
		why, refused := s.Check()
		if refused != row.refused || refused && (s.Words(&why).Status != 403 || s.NamesID()) {
			t.Errorf("%s %q: refused %v, %+v", row.config, row.origins, refused, why)
		}
		s.Reset()
		w.beginWith(s, true, append([]string{":method", "GET", ":path", "/mcp"}, headers...)...)
		if _, refused := s.Check(); refused != row.refused || s.Awaits() {
			t.Errorf("%s %q: a stream is refused: %v", row.config, row.origins, refused)
		}
	}
}
