package filter

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// wallNow is the time of day in these tests, in milliseconds since 1970.
const wallNow = 1_800_000_000_000

// longestToken is the length in bytes of the longest token that is asked about.
const longestToken = 8192

// askConfig has an authorization server asked about the tokens on several surfaces.
func askConfig(source, more string) string {
	return `{"identity": [{"source": "introspection", "tenant": "org", ` + source + `
		"endpoint": {"cluster": "auth", "url": "https://auth.example.com/introspect", "client_id": "gateway", "client_secret": "s3cret"}}` + more + `],
		"allow_on_headers_stop_iteration": true, "surfaces": [
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "require": true, "lockout": {"failures": 3, "window": "1m"}},
		{"name": "open", "kind": "api", "match": [{"prefix": "/open"}], "lockout": {"failures": 3, "window": "1m"}},
		{"name": "shadow", "kind": "api", "match": [{"prefix": "/shadow"}], "require": true, "lockout": {"failures": 1, "window": "1m", "mode": "shadow"}},
		{"name": "pending", "kind": "api", "match": [{"prefix": "/pending"}], "require": true, "lockout": {"failures": 3, "window": "1m", "pending": 1}},
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "require": true, "lockout": {"failures": 3, "window": "1m"}},
		{"name": "token", "kind": "oauth-token", "match": [{"path": "/token"}]}]}`
}

// newAsker returns a filter and its proxy, which knows the time of day.
func newAsker(t testing.TB, json string) (*Filter, *fakehost.Host) {
	t.Helper()
	f, host := newFilter(t, json)
	host.Wall = wallNow
	return f, host
}

var lastStream uint32

// begin begins a request without a body that presents a token, if any.
func begin(f *Filter, host *fakehost.Host, path, token string) (*Stream, proxy.Action) {
	host.Request = get(path)
	if token != "" {
		host.Request = with(host.Request, "authorization", "Bearer "+token)
	}
	s := f.NewStream()
	lastStream++
	s.ID = lastStream
	return s, s.RequestHeaders(true)
}

// answered answers the last call.
func answered(f *Filter, host *fakehost.Host, status, body string) {
	answeredCall(f, host, len(host.Sent), status, body)
}

// answeredCall answers a call by its number.
func answeredCall(f *Filter, host *fakehost.Host, number int, status, body string) {
	host.CallStatus, host.CallBody = status, body
	f.Answered(uint32(number), len(body))
}

// fate returns what became of a request: passed, waits, held, or a status.
func fate(host *fakehost.Host, s *Stream, action proxy.Action) string {
	switch {
	case s.replied:
		return strconv.Itoa(host.Replies[len(host.Replies)-1].Status)
	case s.identity.Waits():
		return "waits"
	case action == proxy.Continue || slices.Contains(host.Resumed, s.ID):
		return "passed"
	}
	return "held"
}

// TestIntrospection shows what the answer about a token makes of its request, and of the
// next one, which it is remembered for.
func TestIntrospection(t *testing.T) {
	anonymous := `"on_error": "anonymous", `
	for _, row := range []struct {
		name, source, path, status, answer string
		first, again                       string // outcomes
		calls                              int
		failures, unavailable              uint64
	}{
		{"active", "", "/api", "200", `{"active":true,"sub":"alice"}`, "passed", "passed", 1, 0, 0},
		{"inactive", "", "/api", "200", `{"active":false}`, "401", "401", 1, 2, 0},
		{"active, no identity required", "", "/open", "200", `{"active":true}`, "passed", "passed", 1, 0, 0},
		{"inactive, no identity required", "", "/open", "200", `{"active":false}`, "passed", "passed", 1, 0, 0},
		{"for another audience", `"audience": "me", `, "/api", "200", `{"active":true,"aud":"you"}`, "401", "401", 1, 2, 0},
		{"no answer", "", "/api", "504", ``, "503", "503", 2, 0, 2},
		{"no answer, no identity required", "", "/open", "503", ``, "503", "503", 2, 0, 2},
		{"no answer, then unverified", anonymous, "/api", "503", ``, "401", "401", 2, 2, 0},
		{"no answer, then unverified, no identity required", anonymous, "/open", "503", ``, "passed", "passed", 2, 0, 0},
		{"a wrong client secret", "", "/api", "401", `{"error":"invalid_client"}`, "503", "503", 2, 0, 2},
		{"no status", "", "/api", "", ``, "503", "503", 2, 0, 2},
		{"malformed", "", "/api", "200", `{"active":"yes"}`, "503", "503", 2, 0, 2},
		{"active, in shadow mode", "", "/shadow", "200", `{"active":true}`, "passed", "passed", 1, 0, 0},
		{"inactive, in shadow mode", "", "/shadow", "200", `{"active":false}`, "401", "401", 1, 2, 0},
		{"no answer, in shadow mode", "", "/shadow", "503", ``, "503", "503", 2, 0, 2},
	} {
		f, host := newAsker(t, askConfig(row.source, ""))
		for i, want := range []string{row.first, row.again} {
			s, action := begin(f, host, row.path, "tok")
			if fate(host, s, action) == "waits" {
				if action != proxy.PauseAll {
					t.Errorf("%s: action %d", row.name, action)
				}
				answered(f, host, row.status, row.answer)
			}
			if got := fate(host, s, action); got != want {
				t.Errorf("%s: request %d: %s, want %s", row.name, i+1, got, want)
			}
			s.Done()
		}
		f.Flush()
		name := ".surface." + row.path[1:]
		if row.path == "/api" {
			name = ".surface.rest"
		}
		if failures, gone := host.Value(t, "gatewarden_auth_failures_total"+name), host.Value(t, "gatewarden_auth_unavailable_total"+name); len(host.Sent) != row.calls || failures != row.failures || gone != row.unavailable {
			t.Errorf("%s: %d calls, %d failures, %d unavailable", row.name, len(host.Sent), failures, gone)
		}
		if log := strings.Join(host.Log, "\n"); strings.Contains(log, "gatewarden: introspection error cluster=auth reason=") != (row.calls == 2) || strings.Contains(log, "tok") || strings.Contains(log, "s3cret") {
			t.Errorf("%s: the log has %q", row.name, log)
		}
	}
}

// TestIntrospectedIdentity shows that the request that was asked about, one that waits with
// it and one that comes later have the same identity.
func TestIntrospectedIdentity(t *testing.T) {
	for _, row := range []struct {
		answer string
		want   caller.Identity
	}{
		{`{"active":true,"sub":"alice","org":"acme","scope":"a b"}`, caller.Identity{Verified: true, Subject: "alice", Tenant: "acme", Scopes: []string{"a", "b"}}},
		{`{"active":true}`, caller.Identity{Verified: true}},
		{`{"active":false,"sub":"alice"}`, caller.Identity{}},
	} {
		f, host := newAsker(t, askConfig("", ""))
		asked, _ := begin(f, host, "/open", "tok")
		joined, _ := begin(f, host, "/open", "tok")
		answered(f, host, "200", row.answer)
		cached, _ := begin(f, host, "/open", "tok")
		for _, s := range []*Stream{asked, joined, cached} {
			got := s.identity.Identity
			if (got.Credential != 0) != got.Verified || got.Credential != asked.identity.Credential {
				t.Errorf("%s: credential %d", row.answer, got.Credential)
			}
			if got.Credential = 0; !reflect.DeepEqual(got, row.want) {
				t.Errorf("%s: %+v", row.answer, got)
			}
		}
	}
}

// TestWhatIsAskedAbout shows that only a bearer token that is the only credential is asked
// about, and only on surfaces that are not about logging in.
func TestWhatIsAskedAbout(t *testing.T) {
	for _, row := range []struct {
		name    string
		headers []proxy.Header
		asked   bool
	}{
		{"a token", hdr("authorization", "Bearer t"), true},
		{"another letter case of the scheme", hdr("authorization", "bearer  t"), true},
		{"the longest token", hdr("authorization", "Bearer "+strings.Repeat("t", longestToken)), true},
		{"nothing", nil, false},
		{"a scheme alone", hdr("authorization", "Bearer"), false},
		{"a password", hdr("authorization", basic("a", "b")), false},
		{"no scheme", hdr("authorization", "t"), false},
		{"another scheme", hdr("authorization", "DPoP t"), false},
		{"another header", hdr("x-api-key", "t"), false},
		{"two tokens", hdr("authorization", "Bearer t, Bearer u"), false},
		{"a token and a key", hdr("authorization", "Bearer t", "x-api-key", "k"), false},
		{"a token in two words", hdr("authorization", "Bearer t u"), false},
		{"a token that is too long", hdr("authorization", "Bearer "+strings.Repeat("t", longestToken+1)), false},
	} {
		for path, asks := range map[string]bool{"/open": true, "/token": false, "/elsewhere": false} {
			f, host := newAsker(t, askConfig("", ""))
			host.Request = append(hdr(":method", "GET", ":path", path), row.headers...)
			action := f.NewStream().RequestHeaders(true)
			if want := row.asked && asks; len(host.Sent) == 1 != want || (action == proxy.PauseAll) != want {
				t.Errorf("%s at %s: action %d, %d calls", row.name, path, action, len(host.Sent))
			}
		}
	}
}

// TestLockedOutIsNotAskedAbout shows that no server is asked about the token of a client that
// is locked out, and that a request whose client was locked out while it waited is refused.
func TestLockedOutIsNotAskedAbout(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	waiting, _ := begin(f, host, "/api", "good")
	for _, token := range []string{"a", "b", "c"} {
		begin(f, host, "/api", token)
		answered(f, host, "200", `{"active":false}`)
	}
	calls := len(host.Sent)
	if s, action := begin(f, host, "/api", "good2"); fate(host, s, action) != "429" || len(host.Sent) != calls {
		t.Errorf("%s, %d calls", fate(host, s, action), len(host.Sent)-calls)
	}
	host.CallStatus, host.CallBody = "200", `{"active":true}`
	f.Answered(1, len(host.CallBody))
	if got := fate(host, waiting, proxy.PauseAll); got != "429" {
		t.Errorf("the request that waited: %s", got)
	}
	host.Time += 60_000
	if s, action := begin(f, host, "/api", "good"); fate(host, s, action) != "passed" {
		t.Errorf("afterwards: %s", fate(host, s, action))
	}
}

// TestRememberedTokenCosts shows that a remembered token costs one call of the proxy.
func TestRememberedTokenCosts(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	begin(f, host, "/api", "tok")
	answered(f, host, "200", `{"active":true,"sub":"alice"}`)
	host.Forget()
	s, _ := begin(f, host, "/api", "tok")
	host.Response = hdr(":status", "200")
	s.ResponseHeaders(true)
	if got := taken(host); got != "request headers, property source.address, wall now, get, response header :status" {
		t.Error(got)
	}
}

// TestJoined shows that all requests with a token wait for the same answer, whichever of them
// end before it.
func TestJoined(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	var streams []*Stream
	for range 50 {
		s, action := begin(f, host, "/api", "tok")
		if action != proxy.PauseAll {
			t.Fatalf("action %d", action)
		}
		streams = append(streams, s)
	}
	other, _ := begin(f, host, "/api", "other")
	if len(host.Sent) != 2 {
		t.Fatalf("%d calls", len(host.Sent))
	}
	gone := map[int]bool{0: true, 7: true, 48: true, 49: true}
	for i := range gone {
		streams[i].Done()
		streams[i].Reset()
	}
	host.CallStatus, host.CallBody = "200", `{"active":true}`
	f.Answered(1, len(host.CallBody))
	for i, s := range streams {
		if got := fate(host, s, proxy.PauseAll); !gone[i] && got != "passed" || gone[i] && s.ID != 0 {
			t.Errorf("stream %d: %s", i, got)
		}
	}
	if len(host.Resumed) != 46 || !other.identity.Waits() {
		t.Errorf("%d went on", len(host.Resumed))
	}
	f.Answered(1, len(host.CallBody)) // nobody asked again
	f.Answered(77, 0)
	if len(host.Resumed) != 46 {
		t.Error("an answer to nothing")
	}
	f.Flush()
	for outcome, want := range map[string]uint64{"active": 1, "joined": 49, "inactive": 0, "error": 0, "overload": 0} {
		if got := host.Value(t, "gatewarden_introspections_total.outcome."+outcome); got != want {
			t.Errorf("%s: %d, want %d", outcome, got, want)
		}
	}
}

// TestAnswerToNobody shows that an answer is remembered even if no request waits for it.
func TestAnswerToNobody(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	s, _ := begin(f, host, "/api", "tok")
	s.Done()
	s.Reset()
	answered(f, host, "200", `{"active":true}`)
	if s, action := begin(f, host, "/api", "tok"); fate(host, s, action) != "passed" || len(host.Sent) != 1 {
		t.Errorf("%s, %d calls", fate(host, s, action), len(host.Sent))
	}
}

// TestManyTokens shows that a bounded number of tokens is asked about at the same time, and a
// smaller one for each client, and that made-up tokens evict no active one.
func TestManyTokens(t *testing.T) {
	f, host := newAsker(t, askConfig(`"cache": {"entries": 16}, `, ""))
	begin(f, host, "/open", "good")
	answered(f, host, "200", `{"active":true}`)
	refused := 0
	for client := range 10 {
		host.Properties[fakehost.SourceAddress] = "192.0.2." + strconv.Itoa(client+1) + ":1"
		for i := range 100 {
			if s, action := begin(f, host, "/open", "made-up-"+strconv.Itoa(client)+"-"+strconv.Itoa(i)); fate(host, s, action) == "503" {
				refused++
			}
		}
		if want := 1 + min(64*(client+1), 256); len(host.Sent) != want {
			t.Fatalf("%d calls, want %d", len(host.Sent), want)
		}
	}
	if refused != 1000-256 {
		t.Errorf("%d refused", refused)
	}
	host.CallStatus, host.CallBody = "200", `{"active":false}`
	for i := range 256 {
		f.Answered(uint32(i+2), len(host.CallBody))
	}
	// No look-up is left: as many tokens as before are asked about at the same time.
	calls := len(host.Sent)
	for i := range 64 {
		begin(f, host, "/open", "next-"+strconv.Itoa(i))
	}
	if n := len(host.Sent) - calls; n != 64 {
		t.Errorf("%d look-ups begin afterwards, want 64", n)
	}
	if s, action := begin(f, host, "/open", "good"); fate(host, s, action) != "passed" || action != proxy.Continue {
		t.Error("an active token was pushed out")
	}
}

// TestManyTokensOfTheAllowed shows that clients on the allow list have no bound of their own.
func TestManyTokensOfTheAllowed(t *testing.T) {
	f, host := newAsker(t, strings.Replace(askConfig("", ""), `{"identity"`, `{"client": {"allow": ["192.0.2.1"]}, "identity"`, 1))
	for i := range 300 {
		begin(f, host, "/open", strconv.Itoa(i))
	}
	if len(host.Sent) != 256 {
		t.Errorf("%d calls", len(host.Sent))
	}
}

// TestCallThatIsNotMade shows that a call that the proxy cannot make is like one without an
// answer.
func TestCallThatIsNotMade(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	host.NoCalls = true
	s, action := begin(f, host, "/open", "tok")
	if got := fate(host, s, action); got != "503" || !strings.Contains(strings.Join(host.Log, ""), "reason=not_sent") {
		t.Errorf("%s %v", got, host.Log)
	}
}

// TestSourcesBehind shows that the next source is asked if a server does not verify the
// caller.
func TestSourcesBehind(t *testing.T) {
	key := `, {"source": "api_keys", "keys": [{"id": "ci", "sha256": "` + hashOf("key") + `"}]}`
	second := `, {"source": "introspection", "endpoint": {"cluster": "auth2", "url": "https://two.example.com", "client_id": "g", "client_secret": "s"}}`
	t.Run("a key", func(t *testing.T) {
		for status, want := range map[string]string{"200": "ci", "503": "ci"} {
			f, host := newAsker(t, askConfig("", key))
			s, action := begin(f, host, "/api", "key")
			answered(f, host, status, `{"active":false}`)
			if got := fate(host, s, action); got != "passed" || s.identity.Subject != want {
				t.Errorf("%s: %s %+v", status, got, s.identity.Identity)
			}
		}
	})
	for _, row := range []struct{ first, second, want string }{
		{"false", "true", "passed"}, {"false", "false", "401"}, {"no", "true", "passed"}, {"no", "false", "503"}, {"false", "no", "503"},
	} {
		f, host := newAsker(t, askConfig("", second))
		s, action := begin(f, host, "/api", "tok")
		for i, answer := range []string{row.first, row.second} {
			if got := fate(host, s, action); got != "waits" || len(host.Sent) != i+1 || len(host.Resumed) > 0 {
				t.Fatalf("%+v: %s, %d calls", row, got, len(host.Sent))
			}
			answered(f, host, "200", `{"active":`+answer+`}`)
		}
		if got := fate(host, s, action); got != row.want {
			t.Errorf("%+v: %s", row, got)
		}
	}
}

// TestAskedInShadow shows that tokens are asked about although a lockout in shadow mode would
// refuse the request.
func TestAskedInShadow(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	begin(f, host, "/shadow", "bad")
	answered(f, host, "200", `{"active":false}`)
	s, action := begin(f, host, "/shadow", "good")
	if got := fate(host, s, action); got != "waits" {
		t.Fatal(got)
	}
	answered(f, host, "200", `{"active":true}`)
	if got := fate(host, s, action); got != "passed" {
		t.Error(got)
	}
	f.Flush()
	if got := host.Value(t, "gatewarden_requests_total.surface.shadow.outcome.shadowed"); got != 1 {
		t.Errorf("%d shadowed", got)
	}
}

// TestKeysAreCheckedOnce shows that failure keys are looked at only after the answer, so that
// a request takes no more than one turn.
func TestKeysAreCheckedOnce(t *testing.T) {
	json := strings.Replace(askConfig("", ""), `"lockout": {"failures": 3,`, `"lockout": {"keys": [{"per": ["credential"], "failures": 5}], "failures": 3,`, 1)
	f, host := newAsker(t, json)
	begin(f, host, "/api", "tok")
	if got := taken(host); got != "request headers, property source.address, wall now, get, wall now, call" {
		t.Error(got)
	}
	answered(f, host, "200", `{"active":true}`)
	if got := taken(host); got != "answer status, wall now, answer body, attend, get, get, resume" {
		t.Error(got)
	}
}

// TestFormBehindAToken shows that a request with a form does not wait for its body first: the
// filter watches the form when it goes on, and cannot read it for the reply any more.
func TestFormBehindAToken(t *testing.T) {
	json := strings.Replace(askConfig("", ""), `"match": [{"prefix": "/mcp"}], "require": true, "lockout": {`,
		`"match": [{"prefix": "/mcp"}], "require": true, "lockout": {"spraying": {"clients": 5}, `, 1)
	for answer, want := range map[string]string{`{"active":true}`: "passed", `{"active":false}`: "401"} {
		f, host := newAsker(t, json)
		host.Request = hdr(":method", "POST", ":path", "/mcp", "authorization", "Bearer tok", "content-type", "application/x-www-form-urlencoded")
		s := f.NewStream()
		s.ID = 1
		if got := s.RequestHeaders(false); got != proxy.PauseAll || !s.account.Reading() {
			t.Fatalf("action %d", got)
		}
		answered(f, host, "200", answer)
		if got := fate(host, s, proxy.PauseAll); got != want {
			t.Errorf("%s: %s", answer, got)
		}
	}
}

// TestRefusedBeforeItIsAskedAbout shows that a refused MCP request is held for its id, also if
// its token has not been asked about, unless it has a form as well.
func TestRefusedBeforeItIsAskedAbout(t *testing.T) {
	json := strings.Replace(askConfig("", ""), `"match": [{"prefix": "/mcp"}], "require": true, "lockout": {`,
		`"match": [{"prefix": "/mcp"}], "require": true, "lockout": {"spraying": {"clients": 5}, `, 1)
	f, host := newAsker(t, json)
	for range 3 {
		exchange(f, host, hdr(":method", "POST", ":path", "/mcp", "authorization", "junk"), nil)
	}
	for contentType, held := range map[string]bool{"application/json": true, "application/x-www-form-urlencoded": false} {
		calls := len(host.Sent)
		host.Forget()
		host.Request = hdr(":method", "POST", ":path", "/mcp", "authorization", "Bearer tok", "content-type", contentType)
		host.RequestData = []byte(`{"jsonrpc":"2.0","id":"a","method":"x"}`)
		s := f.NewStream()
		s.RequestHeaders(false)
		if (len(host.Replies) == 0) != held {
			t.Errorf("%s: held %v", contentType, !held)
		}
		s.RequestBody(len(host.RequestData), true)
		if status(host) != "429" || strings.Contains(string(host.Replies[0].Body), `"id":"a"`) != held || len(host.Sent) != calls {
			t.Errorf("%s: %+v", contentType, host.Replies)
		}
	}
}

// TestPendingLookups shows that a request that waits for an answer has a slot of the attempts
// that may be pending.
func TestPendingLookups(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	var waiting []*Stream
	for i, want := range []string{"waits", "waits", "waits", "waits", "429"} {
		s, action := begin(f, host, "/pending", "guess"+strconv.Itoa(i))
		if got := fate(host, s, action); got != want {
			t.Fatalf("guess %d: %s", i+1, got)
		}
		if want == "waits" {
			waiting = append(waiting, s)
		}
	}
	host.CallStatus, host.CallBody = "200", `{"active":true}`
	for i, s := range waiting {
		f.Answered(uint32(i+1), len(host.CallBody))
		host.Response = hdr(":status", "200")
		s.ResponseHeaders(true)
		s.Done()
	}
	for i := range 4 {
		if s, action := begin(f, host, "/pending", "next"+strconv.Itoa(i)); fate(host, s, action) != "waits" {
			t.Fatalf("a slot was not given back: %s", fate(host, s, action))
		}
	}
}

// TestAskedWithTheBody shows, for bodies of unknown and of known size, that the
// body of an MCP request is read before its token is asked about, because the refusal needs
// the id. The rest of a long body waits at the sender.
func TestAskedWithTheBody(t *testing.T) {
	const request = `{"jsonrpc":"2.0","id":"a","method":"tools/call"}`
	for _, row := range []struct {
		name, body   string
		end          bool
		action       proxy.Action
		answer, want string
		id           bool
	}{
		{"inactive", request, true, proxy.Pause, `{"active":false}`, "401", true},
		{"no answer", request, true, proxy.Pause, `{}`, "503", true},
		{"active", request, true, proxy.Pause, `{"active":true}`, "passed", false},
		{"a long body", request + strings.Repeat(" ", jsonrpc.MaxRequest), false, proxy.PauseStream, `{"active":false}`, "401", false},
		{"a body as long as is read", request + strings.Repeat(" ", jsonrpc.MaxRequest-len(request)), false, proxy.Pause, `{"active":false}`, "401", true},
		{"unknown, inactive", request, true, proxy.PauseStream, `{"active":false}`, "401", true},
		{"unknown, no answer", request, true, proxy.PauseStream, `{}`, "503", true},
		{"unknown, active", request, true, proxy.PauseStream, `{"active":true}`, "passed", false},
		{"unknown, as long as is read", request + strings.Repeat(" ", jsonrpc.MaxRequest-len(request)), false, proxy.PauseStream, `{"active":false}`, "401", true},
	} {
		f, host := newAsker(t, askConfig("", ""))
		host.Request = hdr(":method", "POST", ":path", "/mcp", "authorization", "Bearer tok", "content-type", "application/json")
		if row.action == proxy.Pause {
			host.Request = with(host.Request, "content-length", strconv.Itoa(len(row.body)))
		}
		s := f.NewStream()
		s.ID = 1
		if got := s.RequestHeaders(false); got != proxy.Pause || len(host.Sent) != 0 {
			t.Fatalf("%s: action %d, %d calls", row.name, got, len(host.Sent))
		}
		host.RequestData = []byte(row.body)
		if got := s.RequestBody(len(row.body), row.end); got != row.action || len(host.Sent) != 1 {
			t.Errorf("%s: action %d, %d calls", row.name, got, len(host.Sent))
		}
		answered(f, host, "200", row.answer)
		if got := fate(host, s, proxy.Pause); got != row.want {
			t.Errorf("%s: %s", row.name, got)
		}
		if len(host.Replies) > 0 && strings.Contains(string(host.Replies[0].Body), `"id":"a"`) != row.id {
			t.Errorf("%s: %s", row.name, host.Replies[0].Body)
		}
	}
}

// TestBodyBehindALongOne shows that the rest of a body waits at the sender until the answer
// is there, and that the body is then not read for the reply.
func TestBodyBehindALongOne(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	host.Request = hdr(":method", "POST", ":path", "/mcp", "authorization", "Bearer tok")
	s := f.NewStream()
	s.RequestHeaders(false)
	host.RequestData = []byte(strings.Repeat(" ", jsonrpc.MaxRequest))
	s.RequestBody(jsonrpc.MaxRequest, false)
	for range 3 {
		if got := s.RequestBody(5, false); got != proxy.PauseStream {
			t.Errorf("action %d", got)
		}
	}
	host.Forget()
	answered(f, host, "200", `{"active":false}`)
	if strings.Contains(taken(host), "request body") {
		t.Error("a body was read that is not at hand")
	}
}

// TestTrailersWhileAsked shows that the trailers of a body that is longer than what is read
// do not let the request go on while its token is asked about.
func TestTrailersWhileAsked(t *testing.T) {
	for says, want := range map[string]string{`{"active":true}`: "passed", `{"active":false}`: "401"} {
		f, host := newAsker(t, askConfig("", ""))
		host.Request = hdr(":method", "POST", ":path", "/mcp", "authorization", "Bearer tok")
		s := f.NewStream()
		s.ID = 1
		s.RequestHeaders(false)
		s.RequestBody(jsonrpc.MaxRequest, false)
		if got := s.RequestTrailers(); got != proxy.Pause || fate(host, s, got) != "waits" {
			t.Errorf("action %d: %s", got, fate(host, s, got))
		}
		answered(f, host, "200", says)
		if got := fate(host, s, proxy.Pause); got != want {
			t.Errorf("%s: %s", says, got)
		}
	}
}

// TestToldMeanwhile shows that no second question is asked if another request has got the
// answer while the body was read.
func TestToldMeanwhile(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	host.Request = hdr(":method", "POST", ":path", "/mcp", "authorization", "Bearer tok")
	held := f.NewStream()
	held.RequestHeaders(false)
	begin(f, host, "/api", "tok")
	answered(f, host, "200", `{"active":true}`)
	if got := held.RequestBody(0, true); got != proxy.Continue || len(host.Sent) != 1 {
		t.Errorf("action %d, %d calls", got, len(host.Sent))
	}
}

const unavailable = "It cannot be found out at the moment whether the credential is valid."

// TestUnavailableReply shows the refusals of requests without an answer about their token.
func TestUnavailableReply(t *testing.T) {
	for _, row := range []struct {
		path, contentType string
		want              string
		grpc              int
	}{
		{"/api", "application/json", `{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"` + unavailable + `"}`, 14},
		{"/mcp", "application/json", `{"jsonrpc":"2.0","error":{"code":503,"message":"` + unavailable + `","data":{"reason":"store_unavailable","retryAfter":5}}}`, 14},
		{"/api", "application/grpc", unavailable, 14},
	} {
		f, host := newAsker(t, askConfig("", ""))
		host.Request = hdr(":method", "POST", ":path", row.path, "authorization", "Bearer tok", "content-type", row.contentType, "origin", "https://app.example.com")
		s := f.NewStream()
		s.RequestHeaders(true)
		answered(f, host, "503", "")
		got := host.Replies[0]
		if got.Status != 503 || string(got.Body) != row.want || got.GRPC != row.grpc || got.Details != "gatewarden_store_unavailable" ||
			fakehost.First(got.Headers, "retry-after") != "5" || fakehost.First(got.Headers, "cache-control") != "no-store" || fakehost.First(got.Headers, "access-control-allow-origin") != "*" {
			t.Errorf("%s %s: %+v %s", row.path, row.contentType, got, got.Body)
		}
		if !slices.Equal(host.Reasons, []string{"store_unavailable"}) {
			t.Errorf("%v", host.Reasons)
		}
	}
}

// TestAskingAndQuotas shows that a request is charged once, after the answer: to the plan of
// its tenant, with the tier that the answer names or the default tier. The address pays for
// callers who are not verified.
func TestAskingAndQuotas(t *testing.T) {
	json := askConfig(`"tier": "plan", "default_tier": "pro",`, "")
	json = json[:len(json)-1] + `, "quotas": [{"name": "plan", "per": ["tenant"], "limits": {"free": 3, "pro": 9, "default": 2}, "window": "1m"}]}`
	f, host := newAsker(t, json)
	for _, row := range []struct{ path, token, says, want string }{
		{"/open", "t1", `{"active": true, "org": "acme", "plan": "free"}`, "3 2"},
		{"/open", "t1", "", "3 1"},
		{"/open", "t2", `{"active": true, "org": "acme", "plan": "free"}`, "3 0"},
		{"/open", "t2", "", "429"},
		{"/open", "t3", `{"active": true, "org": "other"}`, "9 8"},
		{"/open", "t4", `{"active": false}`, "2 1"},
		{"/open", "t4", "", "2 0"},
		{"/open", "t5", `{"active": false}`, "429"},
		{"/open", "t3", "", "9 7"},
		{"/mcp", "t3", "", "9 6"},
		{"/rest", "t3", "", ""},
	} {
		host.Forget()
		host.Response = hdr(":status", "200")
		s, action := begin(f, host, row.path, row.token)
		if row.says != "" {
			if action == proxy.Continue || len(fakehost.All(host.Response, rateLimit)) > 0 {
				t.Fatalf("%+v: it does not wait", row)
			}
			answered(f, host, "200", row.says)
		}
		got := ""
		if s.replied {
			got = strconv.Itoa(host.Replies[0].Status)
		} else {
			s.ResponseHeaders(true)
			got = strings.TrimSpace(fakehost.First(host.Response, "x-ratelimit-limit") + " " + fakehost.First(host.Response, rateLimitLeft))
		}
		if s.Done(); got != row.want {
			t.Errorf("%s with %s: %q, want %q", row.path, row.token, got, row.want)
		}
	}
}
