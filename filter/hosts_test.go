package filter

import (
	"strings"
	"testing"
)

// hostsConfig has two services with the same paths.
const hostsConfig = `{"surfaces": [
	{"name": "api", "kind": "api", "match": [{"prefix": "/api", "hosts": ["api.example.com"]}], "lockout": {"failures": 2, "window": "1m"}},
	{"name": "admin", "kind": "api", "match": [{"prefix": "/api", "hosts": ["admin.example.com"]}], "lockout": {"failures": 2, "window": "1m"}}]}`

// A client that is locked out at one host is served at the other, and a host that may be
// either is refused in words of its own.
func TestHosts(t *testing.T) {
	f, host := newFilter(t, hostsConfig)
	ask := func(authority, status string) string {
		exchange(f, host, hdr(":method", "GET", ":path", "/api", ":authority", authority, "authorization", "x"), hdr(":status", status))
		if len(host.Replies) == 0 {
			return "passes"
		}
		last := host.Replies[len(host.Replies)-1]
		host.Replies = nil
		return strings.TrimPrefix(last.Details, "gatewarden_") + " " + string(last.Body)
	}
	for range 2 {
		ask("api.example.com", "401")
	}
	for _, row := range []struct{ authority, want string }{
		{"API.example.com.:8443", "locked_out"},
		{"admin.example.com", "passes"},
		{"else.example", "passes"},
		{"api.example.com,admin.example.com", "malformed"},
	} {
		got := ask(row.authority, "200")
		if !strings.HasPrefix(got, row.want) || row.want == "malformed" && !strings.Contains(got, "The host can be read in more than one way.") {
			t.Errorf("at %q: %s, want %s", row.authority, got, row.want)
		}
	}
}
