package filter

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

const gateOAuth = `"oauth": {"resource": "https://api.example.com/mcp", "authorization_servers": ["https://auth.example.com"], "realm": "r", "challenge_scope": ["mcp:query"]},`

// gateConfig is an API and an MCP surface that let in whom metadata or a key verify.
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

func TestGate(t *testing.T) {
	for _, row := range []struct {
		name, path string
		headers    []Header
		why        denial // denials: let in
		failures   uint64
	}{
		{"a key", "/api", hdr("x-api-key", "good"), denials, 0},
		{"a key as a token", "/api", hdr("authorization", "Bearer good"), denials, 0},
		{"nothing", "/api", nil, deniedMissing, 0},
		{"a scheme alone", "/api", hdr("authorization", "Bearer"), deniedMissing, 0},
		{"another key", "/api", hdr("x-api-key", "bad"), deniedInvalid, 1},
		{"another token", "/api", hdr("authorization", "Bearer bad"), deniedInvalid, 1},
		{"a password", "/api", hdr("authorization", basic("a", "b")), deniedScheme, 1},
		{"two keys", "/api", hdr("x-api-key", "good", "x-api-key", "good"), deniedUnclear, 1},
		{"a key and a token", "/api", hdr("x-api-key", "good", "authorization", "Bearer x"), deniedUnclear, 1},
		{"a header that says who", "/api", hdr("x-user-id", "mallory"), deniedMissing, 0},
		{"where nobody counts", "/off", hdr("x-api-key", "bad"), deniedInvalid, 0},
		{"and nobody asks", "/open", nil, denials, 0},
		{"in shadow mode", "/shadow", hdr("x-api-key", "bad"), deniedInvalid, 1},
	} {
		f, host := newFilter(t, gateConfig(""))
		s := exchange(f, host, append(hdr(":method", "GET", ":path", row.path), row.headers...), hdr(":status", "200"))
		if in := row.why == denials; in != (len(host.replies) == 0) {
			t.Errorf("%s: %v", row.name, host.replies)
			continue
		} else if in {
			continue
		}
		want := f.unauthorized(s.surface, row.why, false, nil, nil)
		if !reflect.DeepEqual(host.replies[0], want) || strings.Join(host.reasons, " ") != "auth_denied" {
			t.Errorf("%s: %+v %v, want %+v", row.name, host.replies[0], host.reasons, want)
		}
		f.Flush(host)
		name := s.surface.Name
		for metric, want := range map[string]uint64{
			"gatewarden_auth_failures_total.surface." + name:                                1 * row.failures,
			"gatewarden_auth_denied_total.surface." + name:                                  1,
			"gatewarden_requests_total.surface." + name + ".outcome.refused":                1,
			"gatewarden_requests_total.surface." + name + ".outcome.passed":                 0,
			"gatewarden_rate_limited_requests_total.surface." + name + ".reason.locked_out": 0,
		} {
			if got := host.value(t, metric); got != want {
				t.Errorf("%s: %s is %d, want %d", row.name, metric, got, want)
			}
		}
		if line := strings.Join(host.log, "\n"); strings.Contains(line, "reason=auth_denied") != (row.failures > 0) || strings.Contains(line, "refusal") {
			t.Errorf("%s: the log has %q", row.name, host.log)
		}
	}
}

// Verified by what is not presented here.
func TestGateAndMetadata(t *testing.T) {
	f, host := newFilter(t, gateConfig(""))
	host.properties[payload("sub")] = "alice"
	for _, headers := range [][]Header{nil, hdr("authorization", "Bearer jwt"), hdr("authorization", "Bearer jwt", "x-api-key", "junk")} {
		exchange(f, host, append(hdr(":method", "GET", ":path", "/api"), headers...), hdr(":status", "200"))
	}
	if len(host.replies) != 0 {
		t.Errorf("%+v", host.replies[0])
	}
}

// Wrong credentials lock out, and what is missing does not.
func TestGateLocksOut(t *testing.T) {
	f, host := newFilter(t, gateConfig(""))
	send := func(headers ...string) int {
		host.forget()
		exchange(f, host, append(hdr(":method", "GET", ":path", "/api"), hdr(headers...)...), hdr(":status", "200"))
		if len(host.replies) == 0 {
			return 200
		}
		return host.replies[0].Status
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
	host.now += 60_000
	if got := send("x-api-key", "good"); got != 200 {
		t.Errorf("afterwards: %d", got)
	}
}

// In shadow mode the gate is none the wider for those who would be locked out.
func TestGateInShadow(t *testing.T) {
	f, host := newFilter(t, gateConfig(""))
	for i, headers := range [][]Header{hdr("x-api-key", "bad"), hdr("x-api-key", "bad"), hdr("x-api-key", "good"), nil} {
		host.forget()
		exchange(f, host, append(hdr(":method", "GET", ":path", "/shadow"), headers...), hdr(":status", "200"))
		if in := first(headers, "x-api-key") == "good"; in != (len(host.replies) == 0) || !in && host.replies[0].Status != 401 {
			t.Errorf("request %d: %v", i+1, host.replies)
		}
	}
	f.Flush(host)
	if got := host.value(t, "gatewarden_requests_total.surface.shadow.outcome.shadowed"); got != 1 {
		t.Errorf("%d shadowed; those that the gate refused are refused", got)
	}
	if got := host.value(t, "gatewarden_auth_denied_total.surface.shadow"); got != 3 {
		t.Errorf("%d denied", got)
	}
}

// Clients that are never counted need an identity, too; preflights need none.
func TestGateOfTheAllowed(t *testing.T) {
	f, host := newFilter(t, gateConfig(`"client": {"allow": ["192.0.2.1"]},`))
	for i := 0; i < 10; i++ {
		exchange(f, host, hdr(":method", "GET", ":path", "/api", "x-api-key", "bad"), nil)
	}
	if len(host.replies) != 10 || host.replies[9].Status != 401 {
		t.Errorf("%d refused", len(host.replies))
	}
	host.forget()
	preflight := hdr(":method", "OPTIONS", ":path", "/api", "origin", "https://x", "access-control-request-method", "GET")
	exchange(f, host, preflight, hdr(":status", "204"))
	if len(host.replies) != 0 {
		t.Error("a preflight is refused")
	}
	exchange(f, host, append(preflight, Header{"authorization", "Bearer bad"}), nil)
	exchange(f, host, preflight[:3], nil)
	if len(host.replies) != 2 {
		t.Errorf("%d of two that are no preflights are refused", len(host.replies))
	}
}

// A good credential that passes a lockout has to be verified as well.
func TestGateOfKnownGood(t *testing.T) {
	f, host := newFilter(t, `{"identity": [{"source": "headers", "subject": "x-user"}],
		"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "require": true, "lockout": {"failures": 1, "known_good": {"for": "1h"}}}]}`)
	good := hdr(":method", "GET", ":path", "/api", "authorization", "Bearer good", "x-user", "alice")
	exchange(f, host, good, hdr(":status", "200"))
	exchange(f, host, hdr(":method", "GET", ":path", "/api", "authorization", "Bearer bad", "x-user", "alice"), hdr(":status", "401"))
	exchange(f, host, good, hdr(":status", "200"))
	if len(host.replies) != 0 {
		t.Fatalf("%+v", host.replies[0])
	}
	exchange(f, host, good[:3], hdr(":status", "200"))
	if len(host.replies) != 1 || host.replies[0].Status != 401 {
		t.Errorf("%v", host.replies)
	}
}

// On MCP surfaces the refusal waits for the request's id; its failure is counted
// once, and it stays this refusal although it is the one that locks out.
func TestGateHoldsForTheID(t *testing.T) {
	const request = `{"jsonrpc":"2.0","id":7,"method":"tools/list"}`
	for _, end := range []string{"body", "trailers"} {
		f, host := newFilter(t, strings.Replace(gateConfig(`"allow_on_headers_stop_iteration": true,`), `"failures": 3`, `"failures": 1`, 2))
		host.request = hdr(":method", "POST", ":path", "/mcp", "content-type", "application/json", "authorization", "Bearer bad")
		s := f.NewStream()
		if s.RequestHeaders(host, false) != Pause || len(host.replies) != 0 || len(host.log) != 1 {
			t.Fatal("not held, or not counted")
		}
		host.requestBody = []byte(request)
		if end == "body" {
			s.RequestBody(host, len(request), true)
		} else {
			s.RequestTrailers(host)
		}
		f.Flush(host)
		const want = `{"jsonrpc":"2.0","id":7,"error":{"code":401,"message":"The credential is unknown or has expired.","data":{"reason":"auth_denied","hint":"Check it, or get another one."}}}`
		if len(host.replies) != 1 || host.replies[0].Status != 401 || string(host.replies[0].Body) != want {
			t.Fatalf("%s: %+v", end, host.replies)
		}
		for metric, want := range map[string]uint64{"gatewarden_auth_failures_total": 1, "gatewarden_lockouts_total": 1, "gatewarden_auth_denied_total": 1} {
			if got := host.value(t, metric+".surface.mcp"); got != want {
				t.Errorf("%s: %s is %d", end, metric, got)
			}
		}
		host.forget()
		checkOwnReply(t, host, s)
	}
}

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
	)
	for _, row := range []struct {
		name, more      string
		surface         int
		why             denial
		grpc            bool
		request         string
		challenge, body string
	}{
		{"missing", "", 0, deniedMissing, false, "", plain, problem + `This needs a credential.","hint":"` + send + `"}`},
		{"of another scheme", "", 0, deniedScheme, false, "", plain, problem + `The credential is unknown or has expired.","hint":"` + sendOne + `"}`},
		{"invalid", "", 0, deniedInvalid, false, "", failing, problem + `The credential is unknown or has expired.","hint":"Check it, or get another one."}`},
		{"unclear", "", 0, deniedUnclear, false, "", failing, problem + `The request presents more than one credential, or one in an unclear form.","hint":"` + sendOne + `"}`},
		{"missing, with oauth", gateOAuth, 0, deniedMissing, false, "", led, problem + `This needs a credential.","hint":"` + get + `",` + discovery},
		{"invalid, with oauth", gateOAuth, 0, deniedInvalid, false, "", ledFail, problem + `The credential is unknown or has expired.","hint":"` + get + `",` + discovery},
		{"on MCP", gateOAuth, 1, deniedMissing, false, `{"jsonrpc":"2.0","id":"a","method":"x"}`, led,
			`{"jsonrpc":"2.0","id":"a","error":{"code":401,"message":"This needs a credential.","data":{"reason":"auth_denied","hint":"` + get + `",` + discovery + `}}`},
		{"on MCP, without a body", "", 1, deniedMissing, false, "", `Bearer realm="mcp"`,
			`{"jsonrpc":"2.0","error":{"code":401,"message":"This needs a credential.","data":{"reason":"auth_denied","hint":"` + send + `"}}}`},
		{"gRPC", gateOAuth, 0, deniedInvalid, true, "", ledFail, "The credential is unknown or has expired."},
	} {
		f, _ := newFilter(t, gateConfig(row.more))
		cors := hdr("access-control-allow-origin", "*")
		got := f.unauthorized(&f.surfaces[row.surface], row.why, row.grpc, []byte(row.request), cors)
		if got.Status != 401 || got.GRPC != 16 || got.Details != "gatewarden_auth_denied" || string(got.Body) != row.body ||
			first(got.Headers, "www-authenticate") != row.challenge || first(got.Headers, "cache-control") != "no-store" ||
			first(got.Headers, "access-control-allow-origin") != "*" {
			t.Errorf("%s: %+v\n%s", row.name, got, got.Body)
		}
		contentType := map[bool]string{true: "application/json", false: "application/problem+json"}[row.surface == 1]
		if row.grpc {
			contentType = ""
		} else if !json.Valid(got.Body) {
			t.Errorf("%s is not JSON", row.name)
		}
		if first(got.Headers, "content-type") != contentType {
			t.Errorf("%s: content type %q", row.name, first(got.Headers, "content-type"))
		}
		// A second filter with oauth has nothing to add to it.
		if f.challenge != nil {
			if again, changed := f.challenge.merge([]string{row.challenge}); changed {
				t.Errorf("%s becomes %q", row.name, again)
			}
		}
	}
}

// Where credentials are looked for decides what is said about sending them.
func TestSending(t *testing.T) {
	for credentials, want := range map[string]string{
		`{}`:                                "in the header Authorization, after Bearer, or in the header x-api-key",
		`{"headers": ["x-key", "x-token"]}`: "in the header x-key, or in the header x-token",
		`{"headers": [], "cookies": ["s"]}`: "along",
	} {
		c := parseConfig(t, gateConfig(`"credentials": `+credentials+`,`))
		if got := sending(c); got != want {
			t.Errorf("%s: %q", credentials, got)
		}
	}
	c := parseConfig(t, strings.Replace(gateConfig(""), `"source": "api_keys", "keys": [{"id": "ci", "sha256": "`+hashOf("good")+`"}]`, `"source": "headers", "subject": "x-user"`, 1))
	if got := sending(c); got != "in the header Authorization, after Bearer" {
		t.Errorf("without keys: %q", got)
	}
}

// A reply that was made before is the one that would be made now.
func TestDenialAgainIsTheSameReply(t *testing.T) {
	f, _ := newFilter(t, gateConfig(gateOAuth))
	for i := 0; i < 2; i++ {
		for n := range f.surfaces {
			s := &f.surfaces[n]
			for why := deniedMissing; why < denials; why++ {
				for _, grpc := range []bool{false, true} {
					if got, want := f.denial(s, why, grpc, nil, nil), f.unauthorized(s, why, grpc, nil, nil); !reflect.DeepEqual(got, want) {
						t.Errorf("%s, %d, gRPC %v: %+v, want %+v", s.Name, why, grpc, got, want)
					}
				}
				cors := hdr("vary", "origin")
				if got, want := f.denial(s, why, false, nil, cors), f.unauthorized(s, why, false, nil, cors); !reflect.DeepEqual(got, want) {
					t.Errorf("%s, %d: %+v, want %+v", s.Name, why, got, want)
				}
			}
		}
	}
}
