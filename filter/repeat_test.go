package filter

import (
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// once is a configuration in which a client has two failures, and repeats count once.
const once = `{"allow_on_headers_stop_iteration": true, "burst": {"hold": "off"}, "surfaces": [
	{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 2, "window": "1m", "repeats": "once"}},
	{"name": "open", "kind": "api", "match": [{"prefix": "/open"}], "lockout": {"failures": 2, "window": "1m", "repeats": "once", "count_anonymous": true}},
	{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"failures": 2, "window": "1m", "repeats": "once"}},
	{"name": "token", "kind": "oauth-token", "match": [{"path": "/token"}], "lockout": {"failures": 2, "window": "1m", "repeats": "once"}},
	{"name": "login", "kind": "login", "match": [{"path": "/login"}], "lockout": {"failures": 2, "window": "1m", "repeats": "once",
		"keys": [{"per": ["account"], "failures": 9}]}}]}`

// failWith fails with a request, whose body comes in pieces, and tells whether it was locked
// out.
func failWith(f *Filter, host *fakehost.Host, request []proxy.Header, pieces ...string) (locked bool) {
	replies := len(host.Replies)
	host.Request, host.Response = request, hdr(":status", "401")
	s := f.NewStream()
	s.ID = 1
	action, held := s.RequestHeaders(len(pieces) == 0), ""
	for i, piece := range pieces {
		host.RequestData = []byte(held + piece)
		if action = s.RequestBody(len(held+piece), i == len(pieces)-1); action != proxy.Continue {
			held += piece
		} else {
			held = ""
		}
	}
	if action == proxy.Continue {
		host.Request = nil
		s.ResponseHeaders(true)
	}
	s.Done()
	return len(host.Replies) > replies
}

// Each row has two requests that both fail. If they are the same guess, the second does not
// count, and a third request with another guess is not refused.
func TestSameGuess(t *testing.T) {
	form := func(path string) []proxy.Header {
		return postTo(path, "content-type", "application/x-www-form-urlencoded")
	}
	json := func(path string) []proxy.Header { return postTo(path, "content-type", "application/json") }
	type side struct {
		request []proxy.Header
		pieces  []string
	}
	for _, row := range []struct {
		name     string
		same     bool
		one, two side
	}{
		{"a token", true, side{request: with(get("/api"), "authorization", "a")}, side{request: with(get("/api/x"), "authorization", "a")}},
		{"another token", false, side{request: with(get("/api"), "authorization", "a")}, side{request: with(get("/api"), "authorization", "b")}},
		{"a token with other bodies", true, side{with(json("/api"), "authorization", "a"), []string{"1"}}, side{with(json("/api"), "authorization", "a"), []string{"2"}}},
		{"a token of MCP", true, side{with(json("/mcp"), "authorization", "a"), []string{"1"}}, side{with(json("/mcp"), "authorization", "a"), []string{"2"}}},
		{"a token in the query", true, side{request: get("/api?access_token=a")}, side{request: get("/api/x?page=2&access_token=a")}},
		{"a token at another host", false, side{request: with(get("/api"), "authorization", "a", ":authority", "a.example")},
			side{request: with(get("/api"), "authorization", "a", ":authority", "b.example")}},
		{"nothing, where that counts", true, side{request: get("/open")}, side{request: get("/open")}},
		{"another body, where that may sign in", false, side{with(json("/open"), "authorization", "a"), []string{"1"}}, side{with(json("/open"), "authorization", "a"), []string{"2"}}},
		{"a refresh token", true, side{form("/token"), []string{"grant_type=refresh_token&refresh_token=a"}}, side{form("/token"), []string{"grant_type=refresh_token&", "refresh_token=a"}}},
		{"another refresh token", false, side{form("/token"), []string{"grant_type=refresh_token&refresh_token=a"}}, side{form("/token"), []string{"grant_type=refresh_token&refresh_token=b"}}},
		{"another client of it", false, side{with(form("/token"), "authorization", basic("a", "b")), []string{"x=1"}}, side{with(form("/token"), "authorization", basic("a", "c")), []string{"x=1"}}},
		{"a password, held until its account is known", true, side{form("/login"), []string{"username=a&_csrf=1", "&pass", "word=p"}}, side{form("/login"), []string{"username=a&_csrf=2&password=p"}}},
		{"another one", false, side{form("/login"), []string{"username=a&_csrf=1", "&pass", "word=p"}}, side{form("/login"), []string{"username=a&_csrf=2&password=q"}}},
		{"another account", false, side{form("/login"), []string{"username=a&password=p"}}, side{form("/login"), []string{"username=b&password=p"}}},
		{"in JSON", true, side{json("/login"), []string{`{"username":"a",`, `"password":"p"}`}}, side{json("/login"), []string{`{"username":"a","password":"p"}`}}},
	} {
		f, host := newFilter(t, once)
		for _, s := range []side{row.one, row.two} {
			if failWith(f, host, s.request, s.pieces...) {
				t.Errorf("%s: refused with %s", row.name, details(host))
			}
		}
		third := with(row.one.request, "x-api-key", "third")
		if locked := failWith(f, host, third, row.one.pieces...); locked == row.same {
			t.Errorf("%s: a third attempt is refused: %v", row.name, locked)
		}
	}
}

// A guess that is not known counts each time: the service answered before the body was over.
func TestGuessWithoutItsEnd(t *testing.T) {
	f, host := newFilter(t, once)
	for range 2 {
		host.Request, host.RequestData, host.Response = postTo("/token"), []byte("refresh_token="), hdr(":status", "401")
		s := f.NewStream()
		s.RequestHeaders(false)
		s.RequestBody(len(host.RequestData), false)
		s.ResponseHeaders(true)
		s.Done()
	}
	if !failWith(f, host, postTo("/token"), "x") {
		t.Error("not locked out")
	}
}

// A body that ends in trailers is known.
func TestGuessWithTrailers(t *testing.T) {
	f, host := newFilter(t, once)
	for range 9 {
		host.Request, host.RequestData, host.Response = postTo("/token"), []byte("refresh_token=a"), hdr(":status", "401")
		s := f.NewStream()
		s.RequestHeaders(false)
		s.RequestBody(len(host.RequestData), false)
		s.RequestTrailers()
		s.ResponseHeaders(true)
		s.Done()
	}
	if failWith(f, host, postTo("/token"), "refresh_token=a") {
		t.Error("locked out")
	}
}

// What the filter refuses itself is told apart, too.
func TestGuessesThatTheGateRefuses(t *testing.T) {
	f, host := newFilter(t, strings.ReplaceAll(gateConfig(`"burst": {"hold": "off"},`), `"failures": 3`, `"failures": 2, "repeats": "once"`))
	refusal := func(key string) string {
		host.Forget()
		ask(f, host, with(get("/api/x"), "x-api-key", key))
		return status(host)
	}
	for range 9 {
		if got := refusal("wrong"); got != "401" {
			t.Fatalf("refused with %s", got)
		}
	}
	if got := refusal("another"); got != "401" {
		t.Errorf("the second guess: %s", got)
	}
	if got := refusal("third"); got != "429" {
		t.Errorf("the third guess: %s", got)
	}
}

// What a failure costs: to read in the header of the request what it presents costs no call,
// to tell it to the access log one, a repeated failure two reads, and a body one read for
// each piece of it.
func TestCallsOfRepeats(t *testing.T) {
	f, host := newFilter(t, once)
	request := with(get("/api"), "authorization", "a")
	failWith(f, host, request)
	const begin, passes = "request headers, property source.address, get", "response header :status"
	if got := taken(host); got != begin+", "+passes+", now, guess, get, set, get, set, get, set, log" {
		t.Errorf("the first failure: %s", got)
	}
	failWith(f, host, request)
	if got := taken(host); got != begin+", now, "+passes+", now, guess, get, get, log" {
		t.Errorf("a repeated failure: %s", got)
	}
	ask(f, host, with(get("/api"), "authorization", "good"))
	if got := taken(host); got != begin+", now, "+passes {
		t.Errorf("a good request: %s", got)
	}
	from(host, "192.0.2.9")
	host.Response = hdr(":status", "200")
	s := f.NewStream()
	host.Request, host.RequestData = postTo("/token"), []byte("x")
	s.RequestHeaders(false)
	s.RequestBody(1, false)
	s.RequestBody(1, true)
	if got := taken(host); got != begin+", request body, request body" {
		t.Errorf("a body: %s", got)
	}
	s.Done()
}

// A repeated failure takes no failure from those who wait, and lets them go on.
func TestRepeatsInABurst(t *testing.T) {
	f, host := newFilter(t, strings.Replace(once, `"hold": "off"`, `"hold": "3s"`, 1))
	var all []*Stream
	for i := range 10 {
		host.Request, host.RequestData, host.Response = postTo("/token"), []byte("refresh_token=dead"), hdr(":status", "401")
		s := f.NewStream()
		s.ID = uint32(i + 1)
		if s.RequestHeaders(false) == proxy.Continue {
			s.RequestBody(len(host.RequestData), true)
		}
		all = append(all, s)
	}
	served := 0
	for range all {
		for i, s := range all {
			if s == nil || s.waits() {
				continue
			}
			if s.guess.Reading() { // it waited without its body
				s.RequestBody(len(host.RequestData), true)
			}
			s.ResponseHeaders(true)
			s.Done()
			all[i], served = nil, served+1
		}
	}
	if served != 10 || len(host.Replies) != 0 {
		t.Errorf("%d of 10 were served, %d refused", served, len(host.Replies))
	}
}
