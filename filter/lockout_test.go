package filter

import (
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// lockOut makes a filter that locks out after one failure on /mcp and one on /api, and
// locks the client out of both.
func lockOut(t *testing.T, json string) (*Filter, *fakehost.Host) {
	t.Helper()
	f, host := newFilter(t, json)
	for _, path := range []string{"/mcp", "/api"} {
		exchange(f, host, hdr(":method", "POST", ":path", path, "authorization", "x"), hdr(":status", "401"))
	}
	if len(host.Replies) != 0 {
		t.Fatal("locked out already")
	}
	host.Forget()
	return f, host
}

// TestLockedOut shows which requests of a client that is locked out are refused, and
// until when.
func TestLockedOut(t *testing.T) {
	f, host := lockOut(t, oneFailure)
	host.Time += 500
	for _, row := range []struct {
		name    string
		headers []proxy.Header
		refused bool
	}{
		{"with a credential", hdr(":method", "GET", ":path", "/api", "authorization", "y"), true},
		{"without a credential", hdr(":method", "GET", ":path", "/api/x"), true},
		{"HEAD", hdr(":method", "HEAD", ":path", "/api"), true},
		{"OPTIONS", hdr(":method", "OPTIONS", ":path", "/api"), true},
		{"a preflight", hdr(":method", "OPTIONS", ":path", "/api", "origin", "https://x", "access-control-request-method", "GET"), false},
		{"a preflight that guesses", hdr(":method", "OPTIONS", ":path", "/api", "origin", "https://x",
			"access-control-request-method", "GET", "authorization", "y"), true},
		{"a preflight that guesses in its query", hdr(":method", "OPTIONS", ":path", "/api?api_key=y", "origin", "https://x", "access-control-request-method", "GET"), true},
		{"a preflight with another query", hdr(":method", "OPTIONS", ":path", "/api?page=y", "origin", "https://x", "access-control-request-method", "GET"), false},
		{"GET with the headers of a preflight", hdr(":method", "GET", ":path", "/api", "origin", "https://x", "access-control-request-method", "GET"), true},
		{"no surface", hdr(":method", "GET", ":path", "/x"), false},
		{"MCP without a body", hdr(":method", "GET", ":path", "/mcp"), true},
		{"another spelling", hdr(":method", "GET", ":path", "/x/..%2Fapi"), true},
	} {
		host.Request = row.headers
		s := f.NewStream()
		action := s.RequestHeaders(true)
		if (action == proxy.Pause) != row.refused || len(host.Replies) == 1 != row.refused || len(host.Reasons) == 1 != row.refused {
			t.Errorf("%s: action %d, %v, %v", row.name, action, host.Replies, host.Reasons)
		}
		if row.refused && (host.Replies[0].Status != 429 || fakehost.First(host.Replies[0].Headers, "retry-after") != "60" || host.Reasons[0] != "locked_out") {
			t.Errorf("%s: %+v", row.name, host.Replies[0])
		}
		host.Forget()
	}
	// Another client is not locked out, and this one is free when Retry-After said.
	api := get("/api")
	from(host, "192.0.2.2")
	exchange(f, host, api, hdr(":status", "200"))
	from(host, "192.0.2.1")
	host.Time += 59_499
	exchange(f, host, api, hdr(":status", "200"))
	if len(host.Replies) != 1 || fakehost.First(host.Replies[0].Headers, "retry-after") != "1" {
		t.Errorf("%+v", host.Replies)
	}
	host.Time++
	exchange(f, host, api, hdr(":status", "200"))
	if len(host.Replies) != 1 {
		t.Error("locked out for too long")
	}
}

// TestOwnRepliesAreNotCounted shows that the filter's own replies, which the proxy passes
// to it as responses, are neither judged nor changed.
func TestOwnRepliesAreNotCounted(t *testing.T) {
	f, host := lockOut(t, oneFailure)
	for _, contentType := range []string{"text/plain", "application/grpc"} {
		host.Request = hdr(":method", "POST", ":path", "/api", "authorization", "x", "content-type", contentType)
		s := f.NewStream()
		if s.RequestHeaders(false) != proxy.Pause {
			t.Fatal("not refused")
		}
		host.Forget()
		checkOwnReply(t, host, s)
	}
}

// TestMalformed shows the refusal of a path that can be read in more than one way.
func TestMalformed(t *testing.T) {
	f, host := newFilter(t, "")
	headers := hdr(":method", "POST", ":path", "/mcp/..%2fapi%2fv1", "origin", "https://x", "authorization", "x")
	s := exchange(f, host, headers, nil)
	if len(host.Replies) != 1 || host.Replies[0].Status != 400 || host.Reasons[0] != "malformed" ||
		fakehost.First(host.Replies[0].Headers, "access-control-allow-origin") != "*" {
		t.Fatalf("%+v", host.Replies)
	}
	host.Forget()
	host.Response = hdr(":status", "400")
	s.ResponseHeaders(true)
	s.ResponseTrailers()
	if got := taken(host); got != "" {
		t.Errorf("%s", got)
	}
	exchange(f, host, with(headers, "content-type", "application/grpc"), nil)
	if r := host.Replies[0]; r.GRPC != 3 || fakehost.First(r.Headers, "content-type") != "" {
		t.Errorf("%+v", r)
	}
}

// TestDisorder shows that callbacks without a request, or in the wrong order, do no harm.
func TestDisorder(t *testing.T) {
	f, host := newFilter(t, oauthConfig)
	s := f.NewStream()
	s.ResponseTrailers()
	s.ResponseBody(0, true)
	s.ResponseHeaders(true)
	s.Done()
	s.RequestTrailers()
	s.RequestBody(0, true)
	exchange(f, host, nil, nil)
	host.Request = hdr(":method", "POST", ":path", "/oauth/token")
	s = f.NewStream()
	s.RequestHeaders(false)
	s.ResponseHeaders(false) // no status
	s.Done()
	s.Done()
	if len(host.Replies) != 0 || len(host.Log) != 0 {
		t.Errorf("%v %v", host.Replies, host.Log)
	}
}

// TestLockoutOfGRPC shows the refusal of a gRPC request.
func TestLockoutOfGRPC(t *testing.T) {
	f, host := lockOut(t, oneFailure)
	host.Request = hdr(":method", "POST", ":path", "/api", "content-type", "application/grpc")
	f.NewStream().RequestHeaders(false)
	if r := host.Replies[0]; r.GRPC != 8 || !strings.HasPrefix(string(r.Body), "Too many") || fakehost.First(r.Headers, "retry-after") != "60" {
		t.Errorf("%+v", r)
	}
}

// TestSuccessTakesBack shows that a success takes back the failures of the same user, whatever
// password each request presents, and those of nobody else.
func TestSuccessTakesBack(t *testing.T) {
	for user, want := range map[string]string{"ann": "", "bob": "429"} {
		f, host := newFilter(t, `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}],
			"lockout": {"failures": 3, "reset_on_success": true}}]}`)
		send := func(user, password, status string) {
			exchange(f, host, with(get("/api"), "authorization", basic(user, password)), hdr(":status", status))
		}
		send("ann", "1", "401")
		send("ann", "2", "401")
		send(user, "3", "200")
		send("ann", "4", "401")
		if send("ann", "5", "401"); status(host) != want {
			t.Errorf("after a success of %s: %q", user, status(host))
		}
	}
}

// TestRefusalAgainIsTheSameReply shows that a refusal that was given before is not made anew.
func TestRefusalAgainIsTheSameReply(t *testing.T) {
	f, host := lockOut(t, oneFailure)
	for _, row := range []struct {
		origin string
		same   bool
	}{{"", false}, {"", true}, {"https://x", false}, {"https://x", true}} {
		last := host.Replies
		if exchange(f, host, with(get("/api"), "origin", row.origin), nil); len(last) > 0 && (host.Replies[len(last)] == last[len(last)-1]) != row.same {
			t.Errorf("reply %d: made anew %v", len(host.Replies), row.same)
		}
	}
}

// TestKnownGoodPasses holds the calls of the proxy that a request costs that passes a lockout,
// because its credential is known as good.
func TestKnownGoodPasses(t *testing.T) {
	f, host := newFilter(t, `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}],
		"lockout": {"failures": 1, "pending": 1, "known_good": {"for": "1h"}, "keys": [{"per": ["credential"], "failures": 9}]}}]}`)
	good := with(get("/api"), "authorization", "good")
	exchange(f, host, good, hdr(":status", "200"))
	exchange(f, host, with(get("/api"), "authorization", "bad"), hdr(":status", "401"))
	host.Forget()
	exchange(f, host, good, hdr(":status", "404"))
	if got, want := taken(host), "request headers, property source.address, get, now, get, now, response header :status"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// TestFailuresAfterTheHeaders shows that a failure that the response's body or trailers
// tell counts and is in the log, and that the access log learns what the status does not
// tell.
func TestFailuresAfterTheHeaders(t *testing.T) {
	const grant = `{"error":"invalid_grant"}`
	asJSON := hdr(":status", "400", "content-type", "application/json")
	for _, row := range []struct {
		name, path, contentType string
		response                []proxy.Header
		body, grpc              string
		reason, told            string
	}{
		{"a token error", "/oauth/token", "", asJSON, grant, "", "invalid_grant", "invalid_grant"},
		{"a token error before trailers", "/oauth/token", "", asJSON, grant, "0", "invalid_grant", "invalid_grant"},
		{"a token response that breaks off", "/oauth/token", "", asJSON, grant[:5], "", "aborted", ""},
		{"an error that is no failure", "/oauth/token", "", asJSON, `{"error":"slow_down"}`, "", "", ""},
		{"a status of gRPC in trailers", "/api/v1", "application/grpc", hdr(":status", "200"), "", "16", "grpc_status_16", ""},
		{"a good status of gRPC", "/api/v1", "application/grpc", hdr(":status", "200"), "", "0", "", ""},
	} {
		f, host := newFilter(t, "")
		host.Request = hdr(":method", "POST", ":path", row.path, "authorization", "x", "content-type", row.contentType)
		host.Response = row.response
		s := f.NewStream()
		s.RequestHeaders(false)
		s.ResponseHeaders(false)
		if row.body != "" {
			host.ResponseData = []byte(row.body)
			s.ResponseBody(len(row.body), false)
		}
		if row.grpc != "" {
			host.Trailers = hdr("grpc-status", row.grpc)
			s.ResponseTrailers()
		}
		host.Properties["response\x00code_details"] = "downstream_remote_disconnect"
		s.Done()
		log, told := strings.Join(host.Log, "\n"), strings.Join(host.Failures, " ")
		if told != row.told || (log != "") != (row.reason != "") || !strings.Contains(log, row.reason) {
			t.Errorf("%s: the log has %q, the access log %q", row.name, log, told)
		}
	}
}
