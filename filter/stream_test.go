package filter

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/mcp"
)

// calls are the host calls so far, and are forgotten.
func (h *fakeHost) take() string {
	calls := strings.Join(h.calls, ", ")
	h.forget()
	return calls
}

// TestHostCalls holds what a request costs: its host calls, in their order.
func TestHostCalls(t *testing.T) {
	const lockoutOnly = "request headers, property source.address, get, response header :status"
	const oneQuota, quotaResponse = "now, get, set", ", response headers, now, add ratelimit-policy, add ratelimit"
	const triple = ", add x-ratelimit-limit, add x-ratelimit-remaining, add x-ratelimit-reset"
	for _, row := range []struct {
		name, json        string
		request, response []Header
		want              string
	}{
		{"unguarded", "", hdr(":method", "GET", ":path", "/x", "authorization", "x"), hdr(":status", "401"), "request headers"},
		{"unguarded, with oauth", oauthConfig, hdr(":method", "GET", ":path", "/x"), hdr(":status", "401"), "request headers"},
		{"exempt", "", hdr(":method", "GET", ":path", "/healthz"), hdr(":status", "200"), "request headers"},
		{"anonymous", "", hdr(":method", "GET", ":path", "/api/v1"), hdr(":status", "200"), lockoutOnly},
		{"authorized", "", hdr(":method", "GET", ":path", "/api/v1", "authorization", "x"), hdr(":status", "200"), lockoutOnly},
		{"anonymous 401", "", hdr(":method", "GET", ":path", "/api/v1"), hdr(":status", "401"), lockoutOnly},
		{"forbidden", "", hdr(":method", "GET", ":path", "/api/v1", "authorization", "x"), hdr(":status", "403"), lockoutOnly},
		{"MCP", "", hdr(":method", "POST", ":path", "/mcp", "authorization", "x"), hdr(":status", "200"), lockoutOnly},
		{"with oauth", oauthConfig, hdr(":method", "GET", ":path", "/api", "authorization", "x"), hdr(":status", "200"), lockoutOnly},
		{"lockout off", `{"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/"}], "lockout": {"failures": 0}}]}`,
			hdr(":method", "GET", ":path", "/x", "authorization", "x"), hdr(":status", "401"), "request headers"},
		{"allowed", `{"client": {"allow": ["192.0.2.0/24"]}}`,
			hdr(":method", "GET", ":path", "/api/v1", "authorization", "x"), hdr(":status", "401"), "request headers, property source.address"},
		{"preflight", "", hdr(":method", "OPTIONS", ":path", "/api/v1", "origin", "https://x", "access-control-request-method", "GET"),
			hdr(":status", "401"), "request headers"},
		{"gRPC", "", hdr(":method", "POST", ":path", "/api/v1", "content-type", "application/grpc", "authorization", "x"), hdr(":status", "200"),
			lockoutOnly + ", response header grpc-status"},
		{"a failure", "", hdr(":method", "GET", ":path", "/api/v1", "authorization", "x"), hdr(":status", "401"),
			lockoutOnly + ", now, get, set, log"},
		{"distinct counting", distinctConfig, hdr(":method", "GET", ":path", "/api", "authorization", basic("alice", "x")), hdr(":status", "200"), lockoutOnly},
		{"distinct counting of accounts", distinctConfig, hdr(":method", "POST", ":path", "/login", "authorization", basic("alice", "x")), hdr(":status", "302"), lockoutOnly},
		{"slow asks for the account", strings.Replace(distinctConfig, `"clients": 2`, `"clients": 2, "action": "slow"`, 1),
			hdr(":method", "GET", ":path", "/api", "authorization", basic("alice", "x")), hdr(":status", "200"),
			"request headers, property source.address, get, get, response header :status"},
		{"one quota", quotaConfig(rule("all", 9, "")), get("/api"), hdr(":status", "200"),
			"request headers, property source.address, get, " + oneQuota + quotaResponse + triple},
		{"a quota and no lockout", quotaConfig(rule("all", 9, "")), get("/mcp"), hdr(":status", "200"),
			"request headers, property source.address, " + oneQuota + quotaResponse + triple},
		{"a quota without the X-RateLimit headers", strings.Replace(quotaConfig(rule("all", 9, "")), "{", `{"headers": {"x_ratelimit": "off"}, `, 1),
			get("/mcp"), hdr(":status", "200"), "request headers, property source.address, " + oneQuota + quotaResponse},
		{"a quota that costs nothing", quotaConfig(rule("all", 9, `, "cost": [{"prefix": "/", "cost": 0}]`)), get("/mcp"), hdr(":status", "200"),
			"request headers, property source.address, now, get" + quotaResponse + triple},
		{"three quotas", quotaConfig(rule("a", 9, ""), rule("b", 9, ""), rule("c", 9, "")), get("/mcp"), hdr(":status", "200"),
			"request headers, property source.address, now, get, get, get, set, get, set, get, set" + quotaResponse + triple},
		{"no limit for this one", quotaConfig(`{"name": "a", "per": ["client"], "limits": {"free": 9, "default": "unlimited"}, "window": "1m"}`),
			get("/api"), hdr(":status", "200"), lockoutOnly},
		{"quotas on another surface", quotaConfig(rule("a", 9, `, "surfaces": ["mcp"]`)), get("/api"), hdr(":status", "200"), lockoutOnly},
		{"headers that say who", headersConfig, hdr(":method", "GET", ":path", "/api", "x-user-id", "alice"), hdr(":status", "200"), lockoutOnly},
		{"an API key", keysConfig(`{"id": "ci", "sha256": "` + hashOf("k") + `"}`), hdr(":method", "GET", ":path", "/api", "x-api-key", "k"), hdr(":status", "200"), lockoutOnly},
		{"a wrong one", keysConfig(`{"id": "ci", "sha256": "` + hashOf("k") + `"}`), hdr(":method", "GET", ":path", "/api", "x-api-key", "x"), nil,
			"request headers, property source.address, get, now, get, set, log, reason, reply"},
		{"none", keysConfig(`{"id": "ci", "sha256": "` + hashOf("k") + `"}`), hdr(":method", "GET", ":path", "/api"), nil,
			"request headers, property source.address, get, reason, reply"},
		{"a token that may be accepted", acceptedConfig, hdr(":method", "GET", ":path", "/api", "authorization", "Bearer t"), hdr(":status", "404"),
			"request headers, property source.address, get, get, response header :status"},
		{"and is", acceptedConfig, hdr(":method", "GET", ":path", "/api", "authorization", "Bearer t"), hdr(":status", "200"),
			"request headers, property source.address, get, get, response header :status, now, get, set"},
		{"nothing that may be", acceptedConfig, hdr(":method", "GET", ":path", "/api"), hdr(":status", "200"), lockoutOnly},
		{"who is asking where nobody counts", strings.Replace(headersConfig, `"match"`, `"lockout": {"failures": 0}, "match"`, 1),
			hdr(":method", "GET", ":path", "/api", "x-user-id", "alice"), hdr(":status", "401"), "request headers, property source.address"},
		{"untrusted headers", `{"untrusted_headers": ["x-user-id"]}`, hdr(":method", "GET", ":path", "/x"), hdr(":status", "200"), "request headers"},
		{"that come along", `{"untrusted_headers": ["x-user-id"]}`, hdr(":method", "GET", ":path", "/x", "x-user-id", "mallory"), hdr(":status", "200"),
			"request headers, remove request header x-user-id"},
	} {
		f, host := newFilter(t, row.json)
		exchange(f, host, row.request, row.response)
		if got := host.take(); got != row.want {
			t.Errorf("%s: %s\nwant %s", row.name, got, row.want)
		}
	}
}

const oneFailure = `{"allow_on_headers_stop_iteration": true, "surfaces": [
	{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"failures": 1, "window": "1m"}},
	{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 1, "window": "1m"}}]}`

// lockOut makes a filter and locks the client out of both surfaces.
func lockOut(t *testing.T, json string) (*Filter, *fakeHost) {
	t.Helper()
	f, host := newFilter(t, json)
	for _, path := range []string{"/mcp", "/api"} {
		exchange(f, host, hdr(":method", "POST", ":path", path, "authorization", "x"), hdr(":status", "401"))
	}
	if len(host.replies) != 0 {
		t.Fatal("locked out already")
	}
	host.forget()
	return f, host
}

func TestLockedOut(t *testing.T) {
	f, host := lockOut(t, oneFailure)
	host.now += 500
	for _, row := range []struct {
		name    string
		headers []Header
		refused bool
	}{
		{"with a credential", hdr(":method", "GET", ":path", "/api", "authorization", "y"), true},
		{"without", hdr(":method", "GET", ":path", "/api/x"), true},
		{"HEAD", hdr(":method", "HEAD", ":path", "/api"), true},
		{"OPTIONS", hdr(":method", "OPTIONS", ":path", "/api"), true},
		{"a preflight", hdr(":method", "OPTIONS", ":path", "/api", "origin", "https://x", "access-control-request-method", "GET"), false},
		{"a preflight that guesses", hdr(":method", "OPTIONS", ":path", "/api", "origin", "https://x",
			"access-control-request-method", "GET", "authorization", "y"), true},
		{"GET dressed up as a preflight", hdr(":method", "GET", ":path", "/api", "origin", "https://x", "access-control-request-method", "GET"), true},
		{"no surface", hdr(":method", "GET", ":path", "/x"), false},
		{"MCP without a body", hdr(":method", "GET", ":path", "/mcp"), true},
		{"another spelling", hdr(":method", "GET", ":path", "/x/..%2Fapi"), true},
	} {
		host.request = row.headers
		s := f.NewStream()
		action := s.RequestHeaders(host, true)
		if (action == Pause) != row.refused || len(host.replies) == 1 != row.refused || len(host.reasons) == 1 != row.refused {
			t.Errorf("%s: action %d, %v, %v", row.name, action, host.replies, host.reasons)
		}
		if row.refused && (host.replies[0].Status != 429 || first(host.replies[0].Headers, "retry-after") != "60" || host.reasons[0] != "locked_out") {
			t.Errorf("%s: %+v", row.name, host.replies[0])
		}
		host.forget()
	}
	// Another client is not locked out; this one no longer when it was told so.
	api := hdr(":method", "GET", ":path", "/api")
	host.properties[sourceAddress] = "192.0.2.2:1"
	exchange(f, host, api, hdr(":status", "200"))
	host.properties[sourceAddress] = "192.0.2.1:1"
	host.now += 59_499
	exchange(f, host, api, hdr(":status", "200"))
	if len(host.replies) != 1 || first(host.replies[0].Headers, "retry-after") != "1" {
		t.Errorf("%+v", host.replies)
	}
	host.now++
	exchange(f, host, api, hdr(":status", "200"))
	if len(host.replies) != 1 {
		t.Error("locked out for too long")
	}
}

// The filter's own replies come back as responses; they are neither judged nor
// changed.
func TestOwnRepliesAreNotCounted(t *testing.T) {
	f, host := lockOut(t, oneFailure)
	for _, contentType := range []string{"text/plain", "application/grpc"} {
		host.request = hdr(":method", "POST", ":path", "/api", "authorization", "x", "content-type", contentType)
		s := f.NewStream()
		if s.RequestHeaders(host, false) != Pause {
			t.Fatal("not refused")
		}
		host.take()
		checkOwnReply(t, host, s)
	}
}

func checkOwnReply(t *testing.T, host *fakeHost, s *Stream) {
	t.Helper()
	host.response = hdr(":status", "401", "content-type", "application/json")
	host.trailers = hdr("grpc-status", "16")
	if s.RequestBody(host, 5, true) != Pause || s.RequestTrailers(host) != Pause {
		t.Error("the request goes on")
	}
	s.ResponseHeaders(host, false)
	s.ResponseBody(host, 5, true)
	s.ResponseTrailers(host)
	s.Done(host)
	if got := host.take(); got != "" {
		t.Errorf("an own reply costs: %s", got)
	}
}

func TestShadow(t *testing.T) {
	f, host := newFilter(t, `{"allow_on_headers_stop_iteration": true,
		"surfaces": [{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/"}], "lockout": {"failures": 1, "mode": "shadow"}}]}`)
	for i := 0; i < 3; i++ {
		host.request, host.response = hdr(":method", "POST", ":path", "/x", "authorization", "x"), hdr(":status", "401")
		s := f.NewStream()
		if s.RequestHeaders(host, false) != Continue || s.RequestBody(host, 5, true) != Continue {
			t.Fatal("held back")
		}
		s.ResponseHeaders(host, true)
	}
	if len(host.replies)+len(host.reasons) != 0 {
		t.Errorf("%v %v", host.replies, host.reasons)
	}
	f.Flush(host)
	if host.value(t, "gatewarden_auth_failures_total.surface.mcp") != 3 || host.value(t, "gatewarden_requests_total.surface.mcp.outcome.shadowed") != 2 {
		t.Errorf("%v\n%v", host.names, host.values)
	}
}

// TestHeldBody walks through what may come after held headers.
func TestHeldBody(t *testing.T) {
	const request = `{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call"}`
	const withID, withoutID = `"id":9007199254740993,`, `{"jsonrpc":"2.0","error"`
	big := request + strings.Repeat(" ", mcp.MaxRequest-len(request))
	type chunk struct {
		body   string // all that is buffered
		end    bool
		action Action
	}
	for _, row := range []struct {
		name     string
		chunks   []chunk
		trailers bool
		want     string // in the reply; "" for none
	}{
		{"at once", []chunk{{request, true, Pause}}, false, withID},
		{"in pieces", []chunk{{request[:5], false, Pause}, {request[:30], false, Pause}, {request, true, Pause}}, false, withID},
		{"an empty end", []chunk{{request, false, Pause}, {request, true, Pause}}, false, withID},
		{"trailers", []chunk{{request, false, Pause}}, true, withID},
		{"trailers alone", nil, true, withoutID},
		{"an empty body", []chunk{{"", true, Pause}}, false, withoutID},
		{"no JSON", []chunk{{"xxx", true, Pause}}, false, withoutID},
		{"a notification", []chunk{{`{"jsonrpc":"2.0","method":"x"}`, true, Pause}}, false, withoutID},
		{"just small enough", []chunk{{big, true, Pause}}, false, withID},
		{"too large", []chunk{{big + " ", true, Pause}}, false, withoutID},
		{"too large, in pieces", []chunk{{big[:1000], false, Pause}, {big + " ", false, Pause}, {big + "  ", true, Pause}}, false, withoutID},
		{"cut off at the limit", []chunk{{request[:len(request)-1] + strings.Repeat(" ", mcp.MaxRequest), false, Pause}}, false, withoutID},
	} {
		f, host := lockOut(t, oneFailure)
		host.request = hdr(":method", "POST", ":path", "/mcp", "content-type", "application/json")
		s := f.NewStream()
		if s.RequestHeaders(host, false) != Pause || len(host.replies) != 0 {
			t.Fatalf("%s: the headers are not held", row.name)
		}
		for i, c := range row.chunks {
			host.requestBody = []byte(c.body)
			if got := s.RequestBody(host, len(c.body), c.end); got != c.action {
				t.Errorf("%s: chunk %d: action %d", row.name, i, got)
			}
		}
		if row.trailers && s.RequestTrailers(host) != Pause {
			t.Errorf("%s: trailers go on", row.name)
		}
		if len(host.replies) != 1 || !bytes.Contains(host.replies[0].Body, []byte(row.want)) || host.replies[0].Status != 429 {
			t.Errorf("%s: %+v", row.name, host.replies)
			continue
		}
		if len(host.reasons) != 1 {
			t.Errorf("%s: reasons %v", row.name, host.reasons)
		}
		f.Flush(host)
		if got := host.value(t, "gatewarden_requests_total.surface.mcp.outcome.refused"); got != 1 {
			t.Errorf("%s: %d refused", row.name, got)
		}
	}
}

// A lockout that ends while the body is awaited lets the request go on.
func TestHeldUntilFree(t *testing.T) {
	for _, end := range []string{"body", "trailers"} {
		f, host := lockOut(t, oneFailure)
		host.request = hdr(":method", "POST", ":path", "/mcp", "authorization", "x")
		s := f.NewStream()
		s.RequestHeaders(host, false)
		host.now += 60_000
		action := s.RequestTrailers
		if end == "body" {
			action = func(Host) Action { return s.RequestBody(host, 2, true) }
		}
		if action(host) != Continue || len(host.replies) != 0 {
			t.Errorf("%s: %+v", end, host.replies)
		}
		if s.RequestBody(host, 2, true) != Continue || s.RequestTrailers(host) != Continue {
			t.Errorf("%s: what follows is held", end)
		}
		f.Flush(host)
		if got := host.value(t, "gatewarden_requests_total.surface.mcp.outcome.passed"); got != 2 {
			t.Errorf("%s: %d requests passed, the one that locked out and this one", end, got)
		}
		// It is judged like any other.
		host.response = hdr(":status", "401")
		s.ResponseHeaders(host, true)
		f.Flush(host)
		if got := host.value(t, "gatewarden_lockouts_total.surface.mcp"); got != 2 {
			t.Errorf("%s: %d lockouts", end, got)
		}
	}
}

func TestHeldOnlyWhereItHelps(t *testing.T) {
	for _, row := range []struct {
		name    string
		json    string
		headers []Header
		end     bool
	}{
		{"no body", oneFailure, hdr(":method", "POST", ":path", "/mcp"), true},
		{"GET", oneFailure, hdr(":method", "GET", ":path", "/mcp"), false},
		{"gRPC", oneFailure, hdr(":method", "POST", ":path", "/mcp", "content-type", "application/grpc"), false},
		{"an API", oneFailure, hdr(":method", "POST", ":path", "/api"), false},
		{"not allowed to", strings.Replace(oneFailure, "true", "false", 1), hdr(":method", "POST", ":path", "/mcp"), false},
	} {
		f, host := lockOut(t, row.json)
		host.request = row.headers
		if f.NewStream().RequestHeaders(host, row.end) != Pause || len(host.replies) != 1 {
			t.Errorf("%s: not refused at once", row.name)
		}
	}
}

func TestGRPC(t *testing.T) {
	for _, row := range []struct {
		name              string
		request, response []Header
		trailers          []Header
		failures          uint64
	}{
		{"headers only", nil, hdr(":status", "200", "grpc-status", "16"), nil, 1},
		{"trailers", nil, hdr(":status", "200"), hdr("grpc-status", "16"), 1},
		{"both", nil, hdr(":status", "200", "grpc-status", "16"), hdr("grpc-status", "16"), 1},
		{"good", nil, hdr(":status", "200"), hdr("grpc-status", "0"), 0},
		{"good at first", nil, hdr(":status", "200", "grpc-status", "0"), hdr("grpc-status", "16"), 0},
		{"denied", nil, hdr(":status", "200"), hdr("grpc-status", "7"), 0},
		{"none", nil, hdr(":status", "200"), nil, 0},
		{"HTTP 401", nil, hdr(":status", "401"), nil, 1},
		{"HTTP 401 and trailers", nil, hdr(":status", "401"), hdr("grpc-status", "16"), 1},
		{"HTTP 503", nil, hdr(":status", "503"), hdr("grpc-status", "14"), 0},
		{"no gRPC", hdr("content-type", "application/json"), hdr(":status", "200", "grpc-status", "16"), hdr("grpc-status", "16"), 0},
		{"gRPC-Web", hdr("content-type", "application/grpc-web"), hdr(":status", "200", "grpc-status", "16"), nil, 0},
	} {
		f, host := newFilter(t, "")
		host.request = hdr(":method", "POST", ":path", "/api/v1", "authorization", "x")
		if row.request == nil {
			row.request = hdr("content-type", "application/grpc+proto")
		}
		host.request = append(host.request, row.request...)
		host.response, host.trailers = row.response, row.trailers
		s := f.NewStream()
		s.RequestHeaders(host, false)
		s.ResponseHeaders(host, row.trailers == nil)
		if row.trailers != nil {
			s.ResponseBody(host, 5, false)
			s.ResponseTrailers(host)
		}
		s.Done(host)
		f.Flush(host)
		if got := host.value(t, "gatewarden_auth_failures_total.surface.rest"); got != row.failures {
			t.Errorf("%s: %d failures", row.name, got)
		}
	}
	f, host := lockOut(t, oneFailure)
	host.request = hdr(":method", "POST", ":path", "/api", "content-type", "application/grpc")
	f.NewStream().RequestHeaders(host, false)
	if r := host.replies[0]; r.GRPC != 8 || !strings.HasPrefix(string(r.Body), "Too many") || first(r.Headers, "retry-after") != "60" {
		t.Errorf("%+v", r)
	}
}

func TestTokenResponse(t *testing.T) {
	jsonHeaders := func(status string, more ...string) []Header {
		return append(hdr(":status", status, "content-type", "application/json"), hdr(more...)...)
	}
	const grant, client, pending = `{"error":"invalid_grant"}`, `{"error":"invalid_client"}`, `{"error":"authorization_pending"}`
	for _, row := range []struct {
		name     string
		response []Header
		chunks   []string
		end      string // "body": the last chunk ends it, "trailers", or the details of an abort
		failures uint64
		why      string
	}{
		{"O01", jsonHeaders("400"), []string{grant}, "body", 1, "invalid_grant"},
		{"O02", jsonHeaders("400"), []string{client}, "body", 1, "invalid_client"},
		{"401", jsonHeaders("401"), []string{pending}, "body", 1, "status_401"},
		{"O03", jsonHeaders("400"), []string{pending}, "body", 0, ""},
		{"O03, slow down", jsonHeaders("400"), []string{`{"error":"slow_down"}`}, "body", 0, ""},
		{"O04", jsonHeaders("400"), []string{`{"error":"unsupported_grant_type"}`}, "body", 0, ""},
		{"in pieces", jsonHeaders("400"), []string{grant[:1], grant[1:14], grant[14:20], grant[20:]}, "body", 1, "invalid_grant"},
		{"an empty last piece", jsonHeaders("400"), []string{grant[:20], grant[20:], ""}, "body", 1, "invalid_grant"},
		{"before trailers", jsonHeaders("400"), []string{grant}, "trailers", 1, "invalid_grant"},
		{"cut off, then trailers", jsonHeaders("400"), []string{grant[:20]}, "trailers", 0, ""},
		{"cut off", jsonHeaders("400"), []string{grant[:20]}, "body", 0, ""},
		{"no body", jsonHeaders("400"), nil, "headers", 0, ""},
		{"the proxy's patience ended", jsonHeaders("400"), []string{grant[:5]}, "max_duration_timeout", 0, ""},
		{"the client broke the rules of HTTP/2", jsonHeaders("400"), []string{grant[:5]}, "downstream_local_disconnect(codec_error)", 1, "aborted"},
		{"nobody says why", jsonHeaders("400"), nil, "via_upstream", 1, "aborted"},
		{"compressed", jsonHeaders("400", "content-encoding", "gzip"), []string{grant}, "body", 0, ""},
		{"no JSON", hdr(":status", "400", "content-type", "text/html"), []string{grant}, "body", 0, ""},
		{"200", jsonHeaders("200"), []string{grant}, "body", 0, ""},
		{"500", jsonHeaders("500"), []string{grant}, "body", 0, ""},
		{"the client left", jsonHeaders("400"), nil, "downstream_remote_disconnect", 1, "aborted"},
		{"the client left in between", jsonHeaders("400"), []string{grant[:5]}, "downstream_remote_disconnect", 1, "aborted"},
		{"the client left when all was read", jsonHeaders("400"), []string{pending[:len(pending)-1]}, "downstream_remote_disconnect", 0, ""},
		{"the client reset the stream", jsonHeaders("400"), nil, "http2.remote_reset", 1, "aborted"},
		{"the service left", jsonHeaders("400"), []string{grant[:5]}, "upstream_reset_after_response_started{connection_termination}", 0, ""},
		{"the service left it unfinished", jsonHeaders("400"), []string{grant[:5]}, "stream_idle_timeout", 0, ""},
		{"and for too long", jsonHeaders("400"), nil, "upstream_response_timeout", 0, ""},
		{"the client left a good one", jsonHeaders("200"), nil, "downstream_remote_disconnect", 0, ""},
		{"the client left a page", hdr(":status", "400", "content-type", "text/html"), nil, "downstream_remote_disconnect", 0, ""},
	} {
		f, host := newFilter(t, "")
		host.request, host.response = hdr(":method", "POST", ":path", "/oauth/token"), row.response
		s := f.NewStream()
		s.RequestHeaders(host, false)
		s.ResponseHeaders(host, row.end == "headers")
		for i, chunk := range row.chunks {
			host.responseBody = []byte(chunk)
			s.ResponseBody(host, len(chunk), row.end == "body" && i == len(row.chunks)-1)
		}
		switch row.end {
		case "trailers":
			s.ResponseTrailers(host)
			fallthrough
		case "body", "headers":
			// Who has the whole answer may leave.
			host.properties[codeDetails] = "downstream_remote_disconnect"
		default:
			host.properties[codeDetails] = row.end
		}
		s.Done(host)
		f.Flush(host)
		if got := host.value(t, "gatewarden_auth_failures_total.surface.token"); got != row.failures {
			t.Errorf("%s: %d failures", row.name, got)
		}
		if row.why != "" && !strings.Contains(strings.Join(host.log, "\n"), " reason="+row.why+" ") {
			t.Errorf("%s: %q", row.name, host.log)
		}
		// What the status does not tell is put where the access log finds it.
		told := strings.Join(host.failures, " ")
		if want := strings.HasPrefix(row.why, "invalid_"); want != (told != "") || want && told != row.why {
			t.Errorf("%s: the access log is told %q", row.name, told)
		}
	}
}

// What a long body has beyond the error is not copied out of the proxy.
func TestTokenResponseIsReadNoFurther(t *testing.T) {
	f, host := newFilter(t, "")
	host.request, host.response = hdr(":method", "POST", ":path", "/oauth/token"), hdr(":status", "400", "content-type", "application/json")
	s := f.NewStream()
	s.RequestHeaders(host, false)
	s.ResponseHeaders(host, false)
	host.responseBody = []byte(`{"error":"slow_down",`)
	s.ResponseBody(host, len(host.responseBody), false)
	host.forget()
	s.ResponseBody(host, len(host.responseBody), false)
	s.ResponseTrailers(host)
	s.Done(host)
	if got := host.take(); got != "" {
		t.Errorf("%s", got)
	}
}

const resetting = `{"client": {"ipv6_prefix": 64}, "surfaces": [
	{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 3, "window": "1m", "reset_on_success": true}},
	{"name": "other", "kind": "api", "match": [{"prefix": "/other"}], "lockout": {"failures": 3, "window": "1m", "reset_on_success": true}}]}`

// TestResetOnSuccess plays scripts of exchanges: "who path status", until the
// client is locked out or not.
func TestResetOnSuccess(t *testing.T) {
	for _, row := range []struct {
		name, script string
		locked       bool
	}{
		{"L03 its own failures", "ann /api 401, ann /api 401, ann /api 200, ann /api 401, ann /api 401", false},
		{"and no more", "ann /api 401, ann /api 401, ann /api 200, ann /api 401, ann /api 401, ann /api 401", true},
		{"another's success", "ann /api 401, ann /api 401, bob /api 200, ann /api 401", true},
		{"another's failures stay", "ann /api 401, bob /api 401, bob /api 200, ann /api 401, ann /api 401", true},
		{"two successes take back once", "ann /api 401, bob /api 401, bob /api 200, bob /api 200, ann /api 401, bob /api 401", true},
		{"of one surface only", "ann /other 401, ann /api 401, ann /api 401, ann /other 200, ann /api 401", true},
		{"without a credential", "ann /api 401, ann /api 401, - /api 200, ann /api 401", true},
		{"no success", "ann /api 401, ann /api 401, ann /api 404, ann /api 302, ann /api 401", true},
		{"a success after the window", "ann /api 401, wait, ann /api 200, ann /api 401, ann /api 401", false},
		{"old failures are not taken from a new window", "ann /api 401, wait, bob /api 401, bob /api 401, ann /api 200, bob /api 401", true},
		{"while locked out", "ann /api 401, ann /api 401, ann /api 401, ann /api 200", true},
	} {
		f, host := newFilter(t, resetting)
		for _, exchanged := range strings.Split(row.script, ", ") {
			if exchanged == "wait" {
				host.now += 60_000
				continue
			}
			host.now++
			parts := strings.Fields(exchanged)
			request := hdr(":method", "GET", ":path", parts[1])
			if parts[0] != "-" {
				// A password of its own each time.
				request = append(request, Header{"authorization", basic(parts[0], exchanged+string(rune(host.now%26+'a')))})
			}
			exchange(f, host, request, hdr(":status", parts[2]))
		}
		host.forget()
		exchange(f, host, hdr(":method", "GET", ":path", "/api"), nil)
		if locked := len(host.replies) == 1; locked != row.locked {
			t.Errorf("%s: locked out: %v", row.name, locked)
		}
	}
}

// Where a lockout is shorter than the window, a new window begins after it: the
// failures of the one before are not taken back from it.
func TestResetAcrossLockout(t *testing.T) {
	f, host := newFilter(t, `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}],
		"lockout": {"failures": 2, "window": "1m", "duration": "10s", "reset_on_success": true}}]}`)
	send := func(who, status string) {
		exchange(f, host, hdr(":method", "GET", ":path", "/api", "authorization", who), hdr(":status", status))
	}
	send("ann", "401")
	send("ann", "401")
	host.now += 10_000
	send("bob", "401")
	send("ann", "200")
	send("bob", "401")
	if len(host.replies) != 0 {
		t.Fatal("locked out too early")
	}
	send("bob", "200")
	if len(host.replies) != 1 {
		t.Error("ann took back what bob did")
	}
}

// A success that was under way when the lockout began does not end it.
func TestLateSuccess(t *testing.T) {
	f, host := newFilter(t, resetting)
	headers := hdr(":method", "GET", ":path", "/api", "authorization", "x")
	host.request = headers
	late := f.NewStream()
	late.RequestHeaders(host, true)
	for i := 0; i < 3; i++ {
		exchange(f, host, headers, hdr(":status", "401"))
	}
	host.response = hdr(":status", "200")
	late.ResponseHeaders(host, true)
	exchange(f, host, headers, nil)
	if len(host.replies) != 1 {
		t.Error("free again")
	}
}

// Failures that were under way when the lockout began do not prolong it.
func TestLateFailures(t *testing.T) {
	f, host := lockOut(t, strings.Replace(oneFailure, `"failures": 1`, `"failures": 1, "duration": "2m"`, 2))
	headers := hdr(":method", "GET", ":path", "/api", "authorization", "x")
	host.properties[sourceAddress] = "192.0.2.9:1"
	var late []*Stream
	for i := 0; i < 3; i++ {
		host.request = headers
		late = append(late, f.NewStream())
		late[i].RequestHeaders(host, true)
	}
	host.response = hdr(":status", "401")
	for _, s := range late {
		s.ResponseHeaders(host, true)
		s.Done(host)
		host.now += 50_000
	}
	exchange(f, host, headers, nil) // 150 s after the first
	if len(host.replies) != 0 {
		t.Error("a late failure prolonged the lockout")
	}
}

func TestMalformed(t *testing.T) {
	f, host := newFilter(t, "")
	headers := hdr(":method", "POST", ":path", "/mcp/..%2fapi%2fv1", "origin", "https://x", "authorization", "x")
	s := exchange(f, host, headers, nil)
	if len(host.replies) != 1 || host.replies[0].Status != 400 || host.reasons[0] != "malformed" ||
		first(host.replies[0].Headers, "access-control-allow-origin") != "*" {
		t.Fatalf("%+v", host.replies)
	}
	host.forget()
	host.response = hdr(":status", "400")
	s.ResponseHeaders(host, true)
	s.ResponseTrailers(host)
	if got := host.take(); got != "" {
		t.Errorf("%s", got)
	}
	exchange(f, host, append(headers, Header{"content-type", "application/grpc"}), nil)
	if r := host.replies[0]; r.GRPC != 3 || first(r.Headers, "content-type") != "" {
		t.Errorf("%+v", r)
	}
}

// Clients without an address are held to one limit together.
func TestUnknownClientsShare(t *testing.T) {
	f, host := lockOut(t, oneFailure)
	host.properties[sourceAddress] = ""
	exchange(f, host, hdr(":method", "GET", ":path", "/api", "authorization", "x"), hdr(":status", "401"))
	host.properties[sourceAddress] = "junk"
	exchange(f, host, hdr(":method", "GET", ":path", "/api"), nil)
	if len(host.replies) != 1 {
		t.Error("an unknown client has no limit")
	}
}

// Each surface counts by itself.
func TestSurfacesAreApart(t *testing.T) {
	f, host := newFilter(t, oneFailure)
	exchange(f, host, hdr(":method", "GET", ":path", "/api", "authorization", "x"), hdr(":status", "401"))
	exchange(f, host, hdr(":method", "GET", ":path", "/mcp"), hdr(":status", "200"))
	if len(host.replies) != 0 {
		t.Error("locked out of another surface")
	}
}

// Responses that arrive without a request, or in disorder, do no harm.
func TestDisorder(t *testing.T) {
	f, host := newFilter(t, oauthConfig)
	s := f.NewStream()
	s.ResponseTrailers(host)
	s.ResponseBody(host, 0, true)
	s.ResponseHeaders(host, true)
	s.Done(host)
	s.RequestTrailers(host)
	s.RequestBody(host, 0, true)
	exchange(f, host, nil, nil)
	host.request = hdr(":method", "POST", ":path", "/oauth/token")
	s = f.NewStream()
	s.RequestHeaders(host, false)
	s.ResponseHeaders(host, false) // no status
	s.Done(host)
	s.Done(host)
	if len(host.replies) != 0 || len(host.log) != 0 {
		t.Errorf("%v %v", host.replies, host.log)
	}
}
