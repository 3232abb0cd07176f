package filter

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

const loginConfig = `{"allow_on_headers_stop_iteration": %v, "surfaces": [
	{"name": "login", "kind": "login", "match": [{"prefix": "/login"}],
	 "lockout": {"account_fields": ["user"], "pending": 1, "keys": [{"per": ["account"], "failures": 1, "window": "1h", "action": "lock"}], "mode": "%s"}},
	{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"failures": 9, "keys": [{"per": ["account"], "failures": 1, "action": "lock"}]}},
	{"name": "open", "kind": "api", "match": [{"prefix": "/open"}],
	 "lockout": {"count_anonymous": true, "account_fields": ["user"], "keys": [{"per": ["account"], "failures": 1, "action": "lock"}]}}],
	"quotas": [{"name": "all", "per": ["client"], "limit": 9, "window": "1m"}]}`

func postTo(path string, more ...string) []proxy.Header {
	return with(hdr(":method", "POST", ":path", path), more...)
}

// TestBodiesThatHideAccounts shows when a body is refused that cannot be read, and that such a
// request gives back what it took.
func TestBodiesThatHideAccounts(t *testing.T) {
	const jsonType = "application/json"
	for _, row := range []struct {
		name    string
		request []proxy.Header
		pieces  []string // each is all that has arrived so far
		waits   bool     // for its body
		status  string   // of a refusal
	}{
		{"JSON", postTo("/login", "content-type", jsonType), []string{`{"user":"a"}`}, true, ""},
		{"of no media type", postTo("/login"), []string{"x"}, true, "415"},
		{"of no media type, and empty", postTo("/login"), []string{""}, true, ""},
		{"of no media type, and empty for a while", postTo("/login"), []string{"", "x"}, true, "415"},
		{"compressed", postTo("/login", "content-type", jsonType, "content-encoding", "br"), []string{"x"}, true, "415"},
		{"compressed not at all", postTo("/login", "content-type", jsonType, "content-encoding", "Identity"), []string{`{}`}, true, ""},
		{"in two lines", postTo("/login", "content-type", jsonType, "content-type", "text/plain"), []string{`{}`}, true, "415"},
		{"gRPC", postTo("/login", "content-type", "application/grpc"), []string{"\x00"}, true, "415"},
		{"cut off", postTo("/login", "content-type", jsonType), []string{`{"user":"a"`}, true, "400"},
		{"behind a token", postTo("/login", "authorization", "Bearer t"), []string{"x"}, true, "415"},
		{"a body of GET", with(get("/login"), "content-type", "a/b"), []string{"x"}, true, "415"},
		{"another protocol", with(get("/login"), "upgrade", "websocket"), []string{"x"}, false, ""},
		{"another protocol with POST", postTo("/login", "upgrade", "websocket"), []string{"x"}, true, "415"},
		{"MCP", postTo("/mcp", "authorization", "t", "content-type", jsonType), []string{`{"id":1`}, false, ""},
		{"MCP, compressed", postTo("/mcp", "authorization", "t", "content-encoding", "gzip"), []string{"x"}, false, ""},
		{"where anonymous failures count", postTo("/open"), []string{"x"}, true, "415"},
		{"where anonymous failures count, with a token", postTo("/open", "authorization", "t"), []string{"x"}, true, "415"},
	} {
		for _, hold := range []bool{false, true} {
			f, host := newFilter(t, fmt.Sprintf(loginConfig, hold, "enforce"))
			host.Request = row.request
			s := f.NewStream()
			if got := s.RequestHeaders(false); (got == proxy.Pause) != (hold && row.waits) {
				t.Errorf("%s: action %d for the headers", row.name, got)
			}
			action := proxy.Continue
			for i, piece := range row.pieces {
				host.RequestData = []byte(piece)
				action = s.RequestBody(len(piece), i == len(row.pieces)-1)
			}
			if got := status(host); got != row.status || (action == proxy.Pause) != (row.status != "") {
				t.Errorf("%s: %q, action %d", row.name, got, action)
			}
			if row.status == "" {
				continue
			}
			if s.lockout.HoldsSlot() {
				t.Errorf("%s: the refused request holds its slot", row.name)
			}
			wantLeft := map[bool]uint32{true: 9, false: 8}[hold] // of a service that has seen the headers
			if got := left(f, host, strings.SplitN(fakehost.First(row.request, ":path"), "?", 2)[0], "all"); got != wantLeft {
				t.Errorf("%s: %d left, want %d", row.name, got, wantLeft)
			}
			if details(host) != "gatewarden_malformed" || sum(t, host, "gatewarden_rate_limited_requests_total.surface._.reason.malformed", f) != 1 {
				t.Errorf("%s: %+v", row.name, host.Replies[0])
			}
			if body := string(host.Replies[0].Body); row.status == "415" && row.name != "gRPC" && !strings.Contains(body, `"title":"Unsupported Media Type","status":415`) {
				t.Errorf("%s: %s", row.name, body)
			}
		}
	}
}

// TestLockoutsComeBeforeBodies shows that a locked-out client is refused, whatever its body
// is, and that the bodies of allowed clients are not read.
func TestLockoutsComeBeforeBodies(t *testing.T) {
	config := strings.Replace(fmt.Sprintf(loginConfig, true, "enforce"), `"pending": 1`, `"failures": 1`, 1)
	f, host := newFilter(t, config)
	form(f, host, postTo("/login", "content-type", "application/json"), `{"user": "a"}`, hdr(":status", "401"))
	if form(f, host, postTo("/login"), "x", nil); status(host) != "429" {
		t.Errorf("locked out, and answered %s", status(host))
	}
	f, host = newFilter(t, strings.Replace(config, "{", `{"client": {"allow": ["192.0.2.0/24"]}, `, 1))
	if form(f, host, postTo("/login"), "x", hdr(":status", "401")); status(host) != "" {
		t.Errorf("allowed, and answered %s", status(host))
	}
	f, host = newFilter(t, fmt.Sprintf(loginConfig, true, "shadow"))
	if form(f, host, postTo("/login"), "x", hdr(":status", "401")); status(host) != "" || sum(t, host, "gatewarden_requests_total.surface.login.outcome.shadowed", f) != 1 {
		t.Errorf("in shadow mode, and answered %q", status(host))
	}
}

// TestAccountsInQueries shows that an account in the query is known when the headers are, and
// costs what one in Authorization does.
func TestAccountsInQueries(t *testing.T) {
	f, host := newFilter(t, fmt.Sprintf(loginConfig, true, "enforce"))
	exchange(f, host, get("/login?user=bob"), hdr(":status", "401"))
	host.Forget()
	if exchange(f, host, get("/login?user=bob"), nil); status(host) != "429" {
		t.Errorf("%q", status(host))
	}
	host.Forget()
	f, host = newFilter(t, distinctConfig)
	exchange(f, host, get("/login?user=bob"), hdr(":status", "200"))
	if got := taken(host); got != "request headers, property source.address, get, response header :status" {
		t.Errorf("a query costs %s", got)
	}
	// A response before the end of a body counts for the query.
	f, host = newFilter(t, distinctConfig)
	for i := range 3 {
		host.Request, host.RequestData, host.Response = postTo(fmt.Sprint("/login?user=", i), "content-type", "application/json"), []byte(`{"x":`), hdr(":status", "401")
		s := f.NewStream()
		s.RequestHeaders(false)
		s.RequestBody(5, false)
		s.ResponseHeaders(true)
		s.Done()
	}
	if got := sum(t, host, "gatewarden_stuffing_total.surface.login", f); got != 1 {
		t.Errorf("%d reports", got)
	}
}
