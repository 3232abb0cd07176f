package filter

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

const gateOAuth = `"oauth": {"resource": "https://api.example.com/mcp", "authorization_servers": ["https://auth.example.com"], "realm": "r", "challenge_scope": ["mcp:query"]},`

// gateConfig has surfaces that let in callers whom metadata or an API key verifies.
func gateConfig(more string) string {
	return `{` + more + ` "identity": [
		{"source": "metadata", "path": "payload", "subject": "sub"},
		{"source": "api_keys", "keys": [{"id": "ci", "sha256": "` + hashOf("good") + `"}]}], "surfaces": [
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "require": true, "lockout": {"failures": 3, "window": "1m"}},
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "require": true, "lockout": {"failures": 3, "window": "1m"}},
		{"name": "off", "kind": "api", "match": [{"prefix": "/off"}], "require": true, "lockout": {"mode": "off"}},
		{"name": "shadow", "kind": "api", "match": [{"prefix": "/shadow"}], "require": true, "lockout": {"failures": 1, "mode": "shadow"}},
		{"name": "open", "kind": "api", "match": [{"prefix": "/open"}]}]}`
}

// What a refusal says, by what is wrong.
const (
	missing = `"detail":"This needs a credential.","hint":"Send it in the header Authorization, after Bearer, or in the header x-api-key."`
	scheme  = `"detail":"The credential is unknown or has expired.","hint":"Send one in the header Authorization, after Bearer, or in the header x-api-key."`
	invalid = `"detail":"The credential is unknown or has expired.","hint":"Check it, or get another one."`
	unclear = `"detail":"The request presents more than one credential, or one in an unclear form.","hint":"Send one in the header Authorization, after Bearer, or in the header x-api-key."`
)

// TestGate shows which requests are refused, what the refusals say, and what is counted.
func TestGate(t *testing.T) {
	for _, row := range []struct {
		name, path string
		headers    []proxy.Header
		want       string // what the refusal says; "": let in
		failures   uint64
	}{
		{"a key", "/api", hdr("x-api-key", "good"), "", 0},
		{"a key as a token", "/api", hdr("authorization", "Bearer good"), "", 0},
		{"nothing", "/api", nil, missing, 0},
		{"a scheme alone", "/api", hdr("authorization", "Bearer"), missing, 0},
		{"another key", "/api", hdr("x-api-key", "bad"), invalid, 1},
		{"another token", "/api", hdr("authorization", "Bearer bad"), invalid, 1},
		{"a password", "/api", hdr("authorization", basic("a", "b")), scheme, 1},
		{"two keys", "/api", hdr("x-api-key", "good", "x-api-key", "good"), unclear, 1},
		{"a key and a token", "/api", hdr("x-api-key", "good", "authorization", "Bearer x"), unclear, 1},
		{"an identity header", "/api", hdr("x-user-id", "mallory"), missing, 0},
		{"a surface without a lockout", "/off", hdr("x-api-key", "bad"), invalid, 0},
		{"a surface that requires no identity", "/open", nil, "", 0},
		{"a lockout in shadow mode", "/shadow", hdr("x-api-key", "bad"), invalid, 1},
	} {
		f, host := newFilter(t, gateConfig(""))
		s := exchange(f, host, append(hdr(":method", "GET", ":path", row.path), row.headers...), hdr(":status", "200"))
		if in := row.want == ""; in != (len(host.Replies) == 0) {
			t.Errorf("%s: %v", row.name, host.Replies)
			continue
		} else if in {
			continue
		}
		name := s.View().Surface
		challenge := `Bearer realm="` + name + `"`
		if row.want == invalid || row.want == unclear {
			challenge += `, error="invalid_token"`
		}
		reply := host.Replies[0]
		want := hdr("www-authenticate", challenge, "cache-control", "no-store", "content-type", "application/problem+json")
		if reply.Status != 401 || reply.GRPC != 16 || reply.Details != "gatewarden_auth_denied" || !slices.Equal(reply.Headers, want) ||
			string(reply.Body) != `{"type":"about:blank","title":"Unauthorized","status":401,`+row.want+`}` || strings.Join(host.Reasons, " ") != "auth_denied" {
			t.Errorf("%s: %+v %s %v", row.name, reply, reply.Body, host.Reasons)
		}
		f.Flush()
		for metric, want := range map[string]uint64{
			"gatewarden_auth_failures_total.surface." + name:                                row.failures,
			"gatewarden_auth_denied_total.surface." + name:                                  1,
			"gatewarden_requests_total.surface." + name + ".outcome.refused":                1,
			"gatewarden_requests_total.surface." + name + ".outcome.passed":                 0,
			"gatewarden_rate_limited_requests_total.surface." + name + ".reason.locked_out": 0,
		} {
			if got := host.Value(t, metric); got != want {
				t.Errorf("%s: %s is %d, want %d", row.name, metric, got, want)
			}
		}
		if line := strings.Join(host.Log, "\n"); strings.Contains(line, "reason=auth_denied") != (row.failures > 0) || strings.Contains(line, "refusal") {
			t.Errorf("%s: the log has %q", row.name, host.Log)
		}
	}
}

// TestGateAndMetadata shows that the metadata of another filter lets requests in, whatever
// credentials they present.
func TestGateAndMetadata(t *testing.T) {
	f, host := newFilter(t, gateConfig(""))
	host.Properties[payload("sub")] = "alice"
	for _, headers := range [][]proxy.Header{nil, hdr("authorization", "Bearer jwt"), hdr("authorization", "Bearer jwt", "x-api-key", "junk")} {
		exchange(f, host, append(get("/api"), headers...), hdr(":status", "200"))
	}
	if len(host.Replies) != 0 {
		t.Errorf("%+v", host.Replies[0])
	}
}

// TestGateLocksOut shows that wrong credentials lock a client out, and that requests without
// a credential do not.
func TestGateLocksOut(t *testing.T) {
	f, host := newFilter(t, gateConfig(""))
	send := func(headers ...string) int {
		host.Forget()
		exchange(f, host, append(get("/api"), hdr(headers...)...), hdr(":status", "200"))
		if len(host.Replies) == 0 {
			return 200
		}
		return host.Replies[0].Status
	}
	for i := 0; i < 10; i++ {
		if got := send(); got != 401 {
			t.Fatalf("without a credential: %d", got)
		}
	}
	for i := 0; i < 3; i++ {
		if got := send("x-api-key", "bad"+string(rune('0'+i))); got != 401 {
			t.Fatalf("wrong key %d: %d", i+1, got)
		}
	}
	for _, headers := range [][]string{{"x-api-key", "bad"}, {"x-api-key", "good"}, nil} {
		if got := send(headers...); got != 429 {
			t.Errorf("locked out, with %v: %d", headers, got)
		}
	}
	host.Time += 60_000
	if got := send("x-api-key", "good"); got != 200 {
		t.Errorf("afterwards: %d", got)
	}
}

// TestGateInShadow shows that the gate refuses requests whether or not a lockout in shadow
// mode would have refused them.
func TestGateInShadow(t *testing.T) {
	f, host := newFilter(t, gateConfig(""))
	for i, headers := range [][]proxy.Header{hdr("x-api-key", "bad"), hdr("x-api-key", "bad"), hdr("x-api-key", "good"), nil} {
		host.Forget()
		exchange(f, host, append(hdr(":method", "GET", ":path", "/shadow"), headers...), hdr(":status", "200"))
		if in := fakehost.First(headers, "x-api-key") == "good"; in != (len(host.Replies) == 0) || !in && host.Replies[0].Status != 401 {
			t.Errorf("request %d: %v", i+1, host.Replies)
		}
	}
	f.Flush()
	if got := host.Value(t, "gatewarden_requests_total.surface.shadow.outcome.shadowed"); got != 1 {
		t.Errorf("%d shadowed, want one: the gate refused the others", got)
	}
	if got := host.Value(t, "gatewarden_auth_denied_total.surface.shadow"); got != 3 {
		t.Errorf("%d denied", got)
	}
}

// TestGateOfTheAllowed shows that clients on the allow list need an identity, too, and that
// preflights need none.
func TestGateOfTheAllowed(t *testing.T) {
	f, host := newFilter(t, gateConfig(`"client": {"allow": ["192.0.2.1"]},`))
	for i := 0; i < 10; i++ {
		exchange(f, host, hdr(":method", "GET", ":path", "/api", "x-api-key", "bad"), nil)
	}
	if len(host.Replies) != 10 || host.Replies[9].Status != 401 {
		t.Errorf("%d refused", len(host.Replies))
	}
	host.Forget()
	preflight := hdr(":method", "OPTIONS", ":path", "/api", "origin", "https://x", "access-control-request-method", "GET")
	exchange(f, host, preflight, hdr(":status", "204"))
	if len(host.Replies) != 0 {
		t.Error("a preflight is refused")
	}
	exchange(f, host, with(preflight, "authorization", "Bearer bad"), nil)
	exchange(f, host, preflight[:3], nil)
	if len(host.Replies) != 2 {
		t.Errorf("%d of the two requests that are not preflights are refused", len(host.Replies))
	}
}

// TestGateOfKnownGood shows that a known-good credential that passes a lockout needs an
// identity all the same.
func TestGateOfKnownGood(t *testing.T) {
	f, host := newFilter(t, `{"identity": [{"source": "headers", "subject": "x-user"}],
		"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "require": true, "lockout": {"failures": 1, "known_good": {"for": "1h"}}}]}`)
	good := hdr(":method", "GET", ":path", "/api", "authorization", "Bearer good", "x-user", "alice")
	exchange(f, host, good, hdr(":status", "200"))
	exchange(f, host, hdr(":method", "GET", ":path", "/api", "authorization", "Bearer bad", "x-user", "alice"), hdr(":status", "401"))
	exchange(f, host, good, hdr(":status", "200"))
	if len(host.Replies) != 0 {
		t.Fatalf("%+v", host.Replies[0])
	}
	if got := sum(t, host, "gatewarden_requests_total.surface.rest.outcome.known_good", f); got != 1 {
		t.Errorf("%d passed as known good, want 1", got)
	}
	exchange(f, host, good[:3], hdr(":status", "200"))
	if len(host.Replies) != 1 || host.Replies[0].Status != 401 {
		t.Errorf("%v", host.Replies)
	}
}

// TestGateHoldsForTheID shows that a refused MCP request is held for its id. Its failure
// counts once, and it stays this refusal although it is the failure that locks the client out.
func TestGateHoldsForTheID(t *testing.T) {
	const request = `{"jsonrpc":"2.0","id":7,"method":"tools/list"}`
	for _, end := range []string{"body", "trailers"} {
		f, host := newFilter(t, strings.Replace(gateConfig(`"allow_on_headers_stop_iteration": true,`), `"failures": 3`, `"failures": 1`, 2))
		host.Request = hdr(":method", "POST", ":path", "/mcp", "content-type", "application/json", "authorization", "Bearer bad")
		s := f.NewStream()
		if s.RequestHeaders(false) != proxy.Pause || len(host.Replies) != 0 || len(host.Log) != 1 {
			t.Fatal("not held, or not counted")
		}
		host.RequestData = []byte(request)
		if end == "body" {
			s.RequestBody(len(request), true)
		} else {
			s.RequestTrailers()
		}
		f.Flush()
		const want = `{"jsonrpc":"2.0","id":7,"error":{"code":401,"message":"The credential is unknown or has expired.","data":{"reason":"auth_denied","hint":"Check it, or get another one."}}}`
		if len(host.Replies) != 1 || host.Replies[0].Status != 401 || string(host.Replies[0].Body) != want {
			t.Fatalf("%s: %+v", end, host.Replies)
		}
		for metric, want := range map[string]uint64{"gatewarden_auth_failures_total": 1, "gatewarden_lockouts_total": 1, "gatewarden_auth_denied_total": 1} {
			if got := host.Value(t, metric+".surface.mcp"); got != want {
				t.Errorf("%s: %s is %d", end, metric, got)
			}
		}
		host.Forget()
		checkOwnReply(t, host, s)
	}
}

// TestUnauthorizedReply shows the refusals to clients of several protocols, and what OAuth
// clients are told.
func TestUnauthorizedReply(t *testing.T) {
	const (
		discovery = `"oauth_discovery":{"resource_metadata":"https://api.example.com/.well-known/oauth-protected-resource/mcp","authorization_servers":["https://auth.example.com"]}}`
		send      = "Send it in the header Authorization, after Bearer, or in the header x-api-key."
		sendOne   = "Send one in the header Authorization, after Bearer, or in the header x-api-key."
		get       = "Get an access token where oauth_discovery says, and send it in the header Authorization, after Bearer, or in the header x-api-key."
		problem   = `{"type":"about:blank","title":"Unauthorized","status":401,"detail":"`
		plain     = `Bearer realm="rest"`
		failing   = `Bearer realm="rest", error="invalid_token"`
		led       = `Bearer realm="r", scope="mcp:query", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/mcp"`
		ledFail   = `Bearer realm="r", error="invalid_token", scope="mcp:query", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/mcp"`
		hold      = `"allow_on_headers_stop_iteration": true,`
	)
	for _, row := range []struct {
		name, more, path string
		headers          []proxy.Header
		body             string // of the request
		challenge, want  string
	}{
		{"missing", "", "/api", nil, "", plain, problem + `This needs a credential.","hint":"` + send + `"}`},
		{"of another scheme", "", "/api", hdr("authorization", basic("a", "b")), "", plain, problem + `The credential is unknown or has expired.","hint":"` + sendOne + `"}`},
		{"invalid", "", "/api", hdr("x-api-key", "bad"), "", failing, problem + `The credential is unknown or has expired.","hint":"Check it, or get another one."}`},
		{"unclear", "", "/api", hdr("x-api-key", "a", "x-api-key", "b"), "", failing, problem + `The request presents more than one credential, or one in an unclear form.","hint":"` + sendOne + `"}`},
		{"missing, with oauth", gateOAuth, "/api", nil, "", led, problem + `This needs a credential.","hint":"` + get + `",` + discovery},
		{"of another scheme, with oauth", gateOAuth, "/api", hdr("authorization", basic("a", "b")), "", led, problem + `The credential is unknown or has expired.","hint":"` + get + `",` + discovery},
		{"invalid, with oauth", gateOAuth, "/api", hdr("x-api-key", "bad"), "", ledFail, problem + `The credential is unknown or has expired.","hint":"` + get + `",` + discovery},
		{"unclear, with oauth", gateOAuth, "/api", hdr("x-api-key", "a", "x-api-key", "b"), "", ledFail,
			problem + `The request presents more than one credential, or one in an unclear form.","hint":"` + sendOne + `",` + discovery},
		{"on MCP", gateOAuth + hold, "/mcp", nil, `{"jsonrpc":"2.0","id":"a","method":"x"}`, led,
			`{"jsonrpc":"2.0","id":"a","error":{"code":401,"message":"This needs a credential.","data":{"reason":"auth_denied","hint":"` + get + `",` + discovery + `}}`},
		{"on MCP, without a body", "", "/mcp", nil, "", `Bearer realm="mcp"`,
			`{"jsonrpc":"2.0","error":{"code":401,"message":"This needs a credential.","data":{"reason":"auth_denied","hint":"` + send + `"}}}`},
		{"gRPC", gateOAuth, "/api", hdr("x-api-key", "bad", "content-type", "application/grpc"), "", ledFail, "The credential is unknown or has expired."},
	} {
		f, host := newFilter(t, gateConfig(row.more))
		// The second reply may be the first one, which was kept. It must not differ.
		for range 2 {
			host.Forget()
			host.Request = append(hdr(":method", "POST", ":path", row.path, "origin", "https://app.example.com"), row.headers...)
			host.RequestData = []byte(row.body)
			s := f.NewStream()
			if s.RequestHeaders(row.body == ""); row.body != "" {
				s.RequestBody(len(row.body), true)
			}
			if len(host.Replies) != 1 {
				t.Fatalf("%s: not refused", row.name)
			}
			checkUnauthorized(t, row.name, host.Replies[0], row.challenge, row.want)
		}
		// A second filter with oauth has nothing to add to the challenge.
		if row.more == "" {
			continue
		}
		second, host := newFilter(t, strings.ReplaceAll(gateConfig(gateOAuth), `"require": true`, `"require": false`))
		exchange(second, host, hdr(":method", "POST", ":path", row.path), hdr(":status", "401", "www-authenticate", row.challenge))
		if got := fakehost.All(host.Response, "www-authenticate"); len(got) != 1 || got[0] != row.challenge {
			t.Errorf("%s becomes %q", row.name, got)
		}
	}
}

// checkUnauthorized compares a refusal with what it should be.
func checkUnauthorized(t *testing.T, name string, got *proxy.Reply, challenge, body string) {
	t.Helper()
	if got.Status != 401 || got.GRPC != 16 || got.Details != "gatewarden_auth_denied" || string(got.Body) != body ||
		fakehost.First(got.Headers, "www-authenticate") != challenge || fakehost.First(got.Headers, "cache-control") != "no-store" ||
		fakehost.First(got.Headers, "access-control-allow-origin") != "*" {
		t.Errorf("%s: %+v\n%s", name, got, got.Body)
	}
	contentType := "" // of gRPC
	switch {
	case strings.HasPrefix(body, `{"jsonrpc"`):
		contentType = "application/json"
	case strings.HasPrefix(body, "{"):
		contentType = "application/problem+json"
	}
	if fakehost.First(got.Headers, "content-type") != contentType || contentType != "" && !json.Valid(got.Body) {
		t.Errorf("%s: content type %q of %s", name, fakehost.First(got.Headers, "content-type"), got.Body)
	}
}
