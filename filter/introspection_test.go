package filter

import (
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/mcp"
)

const wallNow = 1_800_000_000_000

// askConfig has an authorization server asked: for a surface that lets nobody else
// in, one that lets anybody in, and MCP.
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

func newAsker(t testing.TB, json string) (*Filter, *fakeHost) {
	t.Helper()
	f, host := newFilter(t, json)
	host.wall = wallNow
	return f, host
}

var lastStream uint32

// begin lets a stream present a token, if any, and returns it with what became of
// it.
func begin(f *Filter, host *fakeHost, path, token string) (*Stream, Action) {
	host.request = hdr(":method", "GET", ":path", path)
	if token != "" {
		host.request = append(host.request, Header{"authorization", "Bearer " + token})
	}
	s := f.NewStream()
	lastStream++
	s.ID = lastStream
	return s, s.RequestHeaders(host, true)
}

// say lets the authorization server answer the last call.
func (h *fakeHost) say(f *Filter, status, body string) {
	h.answerStatus, h.answer = status, body
	f.Answered(h, uint32(len(h.sent)), len(body))
}

// outcome is what became of a stream: passed, waits, or a status.
func (h *fakeHost) outcome(s *Stream, action Action) string {
	switch {
	case s.replied:
		return strconv.Itoa(h.replies[len(h.replies)-1].Status)
	case s.inquiry.lookup != nil:
		return "waits"
	case action == Continue || slices.Contains(h.resumed, s.ID):
		return "passed"
	}
	return "held"
}

// What is said of a token decides about its request, and about the next one as
// long as it is remembered.
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
		{"active, where anybody comes in", "", "/open", "200", `{"active":true}`, "passed", "passed", 1, 0, 0},
		{"inactive, where anybody comes in", "", "/open", "200", `{"active":false}`, "passed", "passed", 1, 0, 0},
		{"for somebody else", `"audience": "me", `, "/api", "200", `{"active":true,"aud":"you"}`, "401", "401", 1, 2, 0},
		{"no answer", "", "/api", "504", ``, "503", "503", 2, 0, 2},
		{"no answer, where anybody comes in", "", "/open", "503", ``, "503", "503", 2, 0, 2},
		{"no answer, and nobody", anonymous, "/api", "503", ``, "401", "401", 2, 2, 0},
		{"no answer, and anybody", anonymous, "/open", "503", ``, "passed", "passed", 2, 0, 0},
		{"a secret that is wrong", "", "/api", "401", `{"error":"invalid_client"}`, "503", "503", 2, 0, 2},
		{"no status at all", "", "/api", "", ``, "503", "503", 2, 0, 2},
		{"malformed", "", "/api", "200", `{"active":"yes"}`, "503", "503", 2, 0, 2},
		{"no lockout mode", "", "/shadow", "200", `{"active":true}`, "passed", "passed", 1, 0, 0},
		{"in shadow mode", "", "/shadow", "200", `{"active":false}`, "401", "401", 1, 2, 0},
		{"no answer in shadow mode", "", "/shadow", "503", ``, "503", "503", 2, 0, 2},
	} {
		f, host := newAsker(t, askConfig(row.source, ""))
		for i, want := range []string{row.first, row.again} {
			s, action := begin(f, host, row.path, "tok")
			if host.outcome(s, action) == "waits" {
				if action != PauseAll {
					t.Errorf("%s: action %d", row.name, action)
				}
				host.say(f, row.status, row.answer)
			}
			if got := host.outcome(s, action); got != want {
				t.Errorf("%s: request %d: %s, want %s", row.name, i+1, got, want)
			}
			s.Done(host)
		}
		f.Flush(host)
		name := ".surface." + row.path[1:]
		if row.path == "/api" {
			name = ".surface.rest"
		}
		if failures, gone := host.value(t, "gatewarden_auth_failures_total"+name), host.value(t, "gatewarden_auth_unavailable_total"+name); len(host.sent) != row.calls || failures != row.failures || gone != row.unavailable {
			t.Errorf("%s: %d calls, %d failures, %d unavailable", row.name, len(host.sent), failures, gone)
		}
		if log := strings.Join(host.log, "\n"); strings.Contains(log, "gatewarden: introspection error cluster=auth reason=") != (row.calls == 2) || strings.Contains(log, "tok") || strings.Contains(log, "s3cret") {
			t.Errorf("%s: the log has %q", row.name, log)
		}
	}
}

func TestIntrospectedIdentity(t *testing.T) {
	for _, row := range []struct {
		answer string
		want   identity
	}{
		{`{"active":true,"sub":"alice","org":"acme","scope":"a b"}`, identity{verified: true, subject: "alice", tenant: "acme", scopes: []string{"a", "b"}}},
		{`{"active":true}`, identity{verified: true}},
		{`{"active":false,"sub":"alice"}`, identity{}},
	} {
		f, host := newAsker(t, askConfig("", ""))
		asked, _ := begin(f, host, "/open", "tok")
		joined, _ := begin(f, host, "/open", "tok")
		host.say(f, "200", row.answer)
		cached, _ := begin(f, host, "/open", "tok")
		for _, s := range []*Stream{asked, joined, cached} {
			got := s.identity
			if (got.credential != 0) != got.verified || got.credential != asked.identity.credential {
				t.Errorf("%s: credential %d", row.answer, got.credential)
			}
			if got.credential = 0; !reflect.DeepEqual(got, row.want) {
				t.Errorf("%s: %+v", row.answer, got)
			}
		}
	}
}

// Without a name each token is an identity of its own; with one it is the name.
func TestIntrospectedCredential(t *testing.T) {
	credential := func(f *Filter, host *fakeHost, token, answer string) uint64 {
		s, _ := begin(f, host, "/open", token)
		host.say(f, "200", answer)
		return s.identity.credential
	}
	f, host := newAsker(t, askConfig("", ""))
	if a, b := credential(f, host, "a", `{"active":true}`), credential(f, host, "b", `{"active":true}`); a == b {
		t.Error("two tokens without a name are one")
	}
	if c, d := credential(f, host, "c", `{"active":true,"sub":"x"}`), credential(f, host, "d", `{"active":true,"sub":"x"}`); c != d {
		t.Error("two tokens of one name are two")
	}
}

func TestIntrospectionRequest(t *testing.T) {
	const token = "a+b/c=d&e%20~\"'"
	for _, post := range []bool{false, true} {
		json := askConfig("", "")
		json = strings.Replace(json, `"client_id": "gateway", "client_secret": "s3cret"`, `"timeout": "7s", "client_id": "gate way", "client_secret": "p&s:s"`, 1)
		if post {
			json = strings.Replace(json, `"cluster"`, `"auth": "client_secret_post", "cluster"`, 1)
		}
		f, host := newAsker(t, json)
		begin(f, host, "/api", token)
		call := host.sent[0]
		form, err := url.ParseQuery(string(call.Body))
		want := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
		authenticated := basic("gate+way", "p%26s%3As")
		if post {
			want["client_id"], want["client_secret"], authenticated = []string{"gate way"}, []string{"p&s:s"}, ""
		}
		if err != nil || !reflect.DeepEqual(form, want) || call.Cluster != "auth" || call.Timeout != 7000 {
			t.Errorf("%+v %s %v", call, call.Body, err)
		}
		for name, want := range map[string]string{
			":method": "POST", ":scheme": "https", ":authority": "auth.example.com", ":path": "/introspect",
			"content-type": "application/x-www-form-urlencoded", "accept": "application/json", "authorization": authenticated,
		} {
			if got := first(call.Headers, name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
}

// Only a bearer token that is the one credential is asked about, and where tokens
// are what lets in.
func TestWhatIsAskedAbout(t *testing.T) {
	for _, row := range []struct {
		name    string
		headers []Header
		asked   bool
	}{
		{"a token", hdr("authorization", "Bearer t"), true},
		{"in other letters", hdr("authorization", "bearer  t"), true},
		{"the longest", hdr("authorization", "Bearer "+strings.Repeat("t", maxToken)), true},
		{"nothing", nil, false},
		{"a scheme alone", hdr("authorization", "Bearer"), false},
		{"a password", hdr("authorization", basic("a", "b")), false},
		{"no scheme", hdr("authorization", "t"), false},
		{"another scheme", hdr("authorization", "DPoP t"), false},
		{"another header", hdr("x-api-key", "t"), false},
		{"two tokens", hdr("authorization", "Bearer t, Bearer u"), false},
		{"a token and a key", hdr("authorization", "Bearer t", "x-api-key", "k"), false},
		{"a token in two words", hdr("authorization", "Bearer t u"), false},
		{"too long", hdr("authorization", "Bearer "+strings.Repeat("t", maxToken+1)), false},
	} {
		for path, asks := range map[string]bool{"/open": true, "/token": false, "/elsewhere": false} {
			f, host := newAsker(t, askConfig("", ""))
			host.request = append(hdr(":method", "GET", ":path", path), row.headers...)
			action := f.NewStream().RequestHeaders(host, true)
			if want := row.asked && asks; len(host.sent) == 1 != want || (action == PauseAll) != want {
				t.Errorf("%s at %s: action %d, %d calls", row.name, path, action, len(host.sent))
			}
		}
	}
}

// A locked-out client has nobody asked, and one that was locked out while it waited
// does not pass.
func TestLockedOutIsNotAskedAbout(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	waiting, _ := begin(f, host, "/api", "good")
	for _, token := range []string{"a", "b", "c"} {
		begin(f, host, "/api", token)
		host.say(f, "200", `{"active":false}`)
	}
	calls := len(host.sent)
	if s, action := begin(f, host, "/api", "good2"); host.outcome(s, action) != "429" || len(host.sent) != calls {
		t.Errorf("%s, %d calls", host.outcome(s, action), len(host.sent)-calls)
	}
	host.answerStatus, host.answer = "200", `{"active":true}`
	f.Answered(host, 1, len(host.answer))
	if got := host.outcome(waiting, PauseAll); got != "429" {
		t.Errorf("who waited: %s", got)
	}
	host.now += 60_000
	if s, action := begin(f, host, "/api", "good"); host.outcome(s, action) != "passed" {
		t.Errorf("afterwards: %s", host.outcome(s, action))
	}
}

// A remembered token costs no host call but a look at the clock.
func TestRememberedTokenCosts(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	begin(f, host, "/api", "tok")
	host.say(f, "200", `{"active":true,"sub":"alice"}`)
	host.forget()
	s, _ := begin(f, host, "/api", "tok")
	host.response = hdr(":status", "200")
	s.ResponseHeaders(host, true)
	if got := host.take(); got != "request headers, property source.address, wall now, get, response header :status" {
		t.Error(got)
	}
}

// Nothing is believed for longer than it is said to hold.
func TestHowLongAnswersLast(t *testing.T) {
	for _, row := range []struct {
		name, answer string
		lasts        int64 // milliseconds
	}{
		{"active", `{"active":true}`, 60_000},
		{"a longer life", `{"active":true,"exp":1800000061}`, 60_000},
		{"a shorter one", `{"active":true,"exp":1800000059}`, 59_000},
		{"inactive", `{"active":false}`, 10_000},
		{"over", `{"active":true,"exp":1}`, 10_000},
	} {
		for _, after := range []int64{0, row.lasts - 1, row.lasts, -1} {
			f, host := newAsker(t, askConfig("", ""))
			begin(f, host, "/open", "tok")
			host.say(f, "200", row.answer)
			host.wall += after
			_, action := begin(f, host, "/open", "tok")
			if asked, want := action == PauseAll, after < 0 || after >= row.lasts; asked != want {
				t.Errorf("%s, after %d: asked again: %v", row.name, after, asked)
			}
		}
	}
}

// All that present a token while it is asked about wait for one answer, whoever of
// them leaves.
func TestJoined(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	var streams []*Stream
	for range 50 {
		s, action := begin(f, host, "/api", "tok")
		if action != PauseAll {
			t.Fatalf("action %d", action)
		}
		streams = append(streams, s)
	}
	other, _ := begin(f, host, "/api", "other")
	if len(host.sent) != 2 {
		t.Fatalf("%d calls", len(host.sent))
	}
	gone := map[int]bool{0: true, 7: true, 48: true, 49: true}
	for i := range gone {
		streams[i].Done(host)
		streams[i].Reset()
	}
	host.answerStatus, host.answer = "200", `{"active":true}`
	f.Answered(host, 1, len(host.answer))
	for i, s := range streams {
		if got := host.outcome(s, PauseAll); !gone[i] && got != "passed" || gone[i] && s.ID != 0 {
			t.Errorf("stream %d: %s", i, got)
		}
	}
	if len(host.resumed) != 46 || other.inquiry.lookup == nil {
		t.Errorf("%d went on", len(host.resumed))
	}
	f.Answered(host, 1, len(host.answer)) // nobody asked again
	f.Answered(host, 77, 0)
	if len(host.resumed) != 46 {
		t.Error("an answer to nothing")
	}
	f.Flush(host)
	for outcome, want := range map[string]uint64{"active": 1, "joined": 49, "inactive": 0, "error": 0, "overload": 0} {
		if got := host.value(t, "gatewarden_introspections_total.outcome."+outcome); got != want {
			t.Errorf("%s: %d, want %d", outcome, got, want)
		}
	}
}

// All may have left: the answer is remembered.
func TestAnswerToNobody(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	s, _ := begin(f, host, "/api", "tok")
	s.Done(host)
	s.Reset()
	host.say(f, "200", `{"active":true}`)
	if s, action := begin(f, host, "/api", "tok"); host.outcome(s, action) != "passed" || len(host.sent) != 1 {
		t.Errorf("%s, %d calls", host.outcome(s, action), len(host.sent))
	}
}

// However many made-up tokens come, so many are asked about at once, and one client
// does not take every place. Those that are remembered push no active one out.
func TestManyTokens(t *testing.T) {
	f, host := newAsker(t, askConfig(`"cache": {"entries": 16}, `, ""))
	begin(f, host, "/open", "good")
	host.say(f, "200", `{"active":true}`)
	refused := 0
	for client := range 10 {
		host.properties[sourceAddress] = "192.0.2." + strconv.Itoa(client+1) + ":1"
		for i := range 100 {
			if s, action := begin(f, host, "/open", "made-up-"+strconv.Itoa(client)+"-"+strconv.Itoa(i)); host.outcome(s, action) == "503" {
				refused++
			}
		}
		if want := 1 + min(64*(client+1), 256); len(host.sent) != want {
			t.Fatalf("%d calls, want %d", len(host.sent), want)
		}
	}
	if refused != 1000-256 {
		t.Errorf("%d refused", refused)
	}
	host.answerStatus, host.answer = "200", `{"active":false}`
	for i := range 256 {
		f.Answered(host, uint32(i+2), len(host.answer))
	}
	if n := len(f.lookups.byKey) + len(f.lookups.byNumber); n != 0 {
		t.Errorf("%d look-ups are left", n)
	}
	if s, action := begin(f, host, "/open", "good"); host.outcome(s, action) != "passed" || action != Continue {
		t.Error("an active token was pushed out")
	}
}

// Who is never locked out may take every place.
func TestManyTokensOfTheAllowed(t *testing.T) {
	f, host := newAsker(t, strings.Replace(askConfig("", ""), `{"identity"`, `{"client": {"allow": ["192.0.2.1"]}, "identity"`, 1))
	for i := range 300 {
		begin(f, host, "/open", strconv.Itoa(i))
	}
	if len(host.sent) != maxLookups {
		t.Errorf("%d calls", len(host.sent))
	}
}

// A host that cannot make the call is like a server that gives no answer.
func TestCallThatIsNotMade(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	host.noCalls = true
	s, action := begin(f, host, "/open", "tok")
	if got := host.outcome(s, action); got != "503" || !strings.Contains(strings.Join(host.log, ""), "reason=not_sent") {
		t.Errorf("%s %v", got, host.log)
	}
}

// The next source is asked about what the first does not know.
func TestSourcesBehind(t *testing.T) {
	key := `, {"source": "api_keys", "keys": [{"id": "ci", "sha256": "` + hashOf("key") + `"}]}`
	second := `, {"source": "introspection", "endpoint": {"cluster": "auth2", "url": "https://two.example.com", "client_id": "g", "client_secret": "s"}}`
	t.Run("a key", func(t *testing.T) {
		for status, want := range map[string]string{"200": "ci", "503": "ci"} {
			f, host := newAsker(t, askConfig("", key))
			s, action := begin(f, host, "/api", "key")
			host.say(f, status, `{"active":false}`)
			if got := host.outcome(s, action); got != "passed" || s.identity.subject != want {
				t.Errorf("%s: %s %+v", status, got, s.identity)
			}
		}
	})
	for _, row := range []struct{ first, second, want string }{
		{"false", "true", "passed"}, {"false", "false", "401"}, {"no", "true", "passed"}, {"no", "false", "503"}, {"false", "no", "503"},
	} {
		f, host := newAsker(t, askConfig("", second))
		s, action := begin(f, host, "/api", "tok")
		for i, answer := range []string{row.first, row.second} {
			if got := host.outcome(s, action); got != "waits" || len(host.sent) != i+1 || len(host.resumed) > 0 {
				t.Fatalf("%+v: %s, %d calls", row, got, len(host.sent))
			}
			host.say(f, "200", `{"active":`+answer+`}`)
		}
		if got := host.outcome(s, action); got != row.want {
			t.Errorf("%+v: %s", row, got)
		}
	}
}

// One token may be asked about at two servers at a time.
func TestSameTokenAtTwoServers(t *testing.T) {
	second := `, {"source": "introspection", "endpoint": {"cluster": "auth2", "url": "https://two.example.com", "client_id": "g", "client_secret": "s"}}`
	f, host := newAsker(t, askConfig("", second))
	begin(f, host, "/api", "tok")
	host.say(f, "200", `{"active":false}`)
	host.wall += 10_000
	begin(f, host, "/api", "tok")
	if len(host.sent) != 3 || host.sent[1].Cluster != "auth2" || host.sent[2].Cluster != "auth" {
		t.Errorf("%d calls", len(host.sent))
	}
}

// In shadow mode who would be locked out is asked about as others are.
func TestAskedInShadow(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	begin(f, host, "/shadow", "bad")
	host.say(f, "200", `{"active":false}`)
	s, action := begin(f, host, "/shadow", "good")
	if got := host.outcome(s, action); got != "waits" {
		t.Fatal(got)
	}
	host.say(f, "200", `{"active":true}`)
	if got := host.outcome(s, action); got != "passed" {
		t.Error(got)
	}
	f.Flush(host)
	if got := host.value(t, "gatewarden_requests_total.surface.shadow.outcome.shadowed"); got != 1 {
		t.Errorf("%d would have been refused", got)
	}
}

// Limits by credential are looked at once: who is slowed down has one turn.
func TestKeysAreCheckedOnce(t *testing.T) {
	json := strings.Replace(askConfig("", ""), `"lockout": {"failures": 3,`, `"lockout": {"keys": [{"per": ["credential"], "failures": 5}], "failures": 3,`, 1)
	f, host := newAsker(t, json)
	begin(f, host, "/api", "tok")
	if got := host.take(); got != "request headers, property source.address, wall now, get, wall now, call" {
		t.Error(got)
	}
	host.say(f, "200", `{"active":true}`)
	if got := host.take(); got != "answer status, wall now, answer body, attend, get, get, resume" {
		t.Error(got)
	}
}

// A form is shown to the filter when it goes on, not before: it cannot be read for
// a reply any more.
func TestFormBehindAToken(t *testing.T) {
	json := strings.Replace(askConfig("", ""), `"match": [{"prefix": "/mcp"}], "require": true, "lockout": {`,
		`"match": [{"prefix": "/mcp"}], "require": true, "lockout": {"spraying": {"clients": 5}, `, 1)
	for answer, want := range map[string]string{`{"active":true}`: "passed", `{"active":false}`: "401"} {
		f, host := newAsker(t, json)
		host.request = hdr(":method", "POST", ":path", "/mcp", "authorization", "Bearer tok", "content-type", "application/x-www-form-urlencoded")
		s := f.NewStream()
		s.ID = 1
		if got := s.RequestHeaders(host, false); got != PauseAll || s.form == nil {
			t.Fatalf("action %d", got)
		}
		host.say(f, "200", answer)
		if got := host.outcome(s, PauseAll); got != want {
			t.Errorf("%s: %s", answer, got)
		}
	}
}

// An attempt that waits for an answer is one of the pending ones.
func TestPendingLookups(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	var waiting []*Stream
	for i, want := range []string{"waits", "waits", "waits", "waits", "429"} {
		s, action := begin(f, host, "/pending", "guess"+strconv.Itoa(i))
		if got := host.outcome(s, action); got != want {
			t.Fatalf("guess %d: %s", i+1, got)
		}
		if want == "waits" {
			waiting = append(waiting, s)
		}
	}
	host.answerStatus, host.answer = "200", `{"active":true}`
	for i, s := range waiting {
		f.Answered(host, uint32(i+1), len(host.answer))
		host.response = hdr(":status", "200")
		s.ResponseHeaders(host, true)
		s.Done(host)
	}
	for i := range 4 {
		if s, action := begin(f, host, "/pending", "next"+strconv.Itoa(i)); host.outcome(s, action) != "waits" {
			t.Fatalf("a slot was not given back: %s", host.outcome(s, action))
		}
	}
}

// A refusal that needs the request's id has its body read before the token is asked
// about; one that goes on for longer waits at the sender.
func TestAskedWithTheBody(t *testing.T) {
	const request = `{"jsonrpc":"2.0","id":"a","method":"tools/call"}`
	for _, row := range []struct {
		name, body   string
		end          bool
		action       Action
		answer, want string
		id           bool
	}{
		{"inactive", request, true, Pause, `{"active":false}`, "401", true},
		{"no answer", request, true, Pause, `{}`, "503", true},
		{"active", request, true, Pause, `{"active":true}`, "passed", false},
		{"a long body", request + strings.Repeat(" ", mcp.MaxRequest), false, PauseStream, `{"active":false}`, "401", false},
		{"of the very length", request + strings.Repeat(" ", mcp.MaxRequest-len(request)), false, Pause, `{"active":false}`, "401", true},
	} {
		f, host := newAsker(t, askConfig("", ""))
		host.request = hdr(":method", "POST", ":path", "/mcp", "authorization", "Bearer tok", "content-type", "application/json")
		s := f.NewStream()
		s.ID = 1
		if got := s.RequestHeaders(host, false); got != Pause || len(host.sent) != 0 {
			t.Fatalf("%s: action %d, %d calls", row.name, got, len(host.sent))
		}
		host.requestBody = []byte(row.body)
		if got := s.RequestBody(host, len(row.body), row.end); got != row.action || len(host.sent) != 1 {
			t.Errorf("%s: action %d, %d calls", row.name, got, len(host.sent))
		}
		host.say(f, "200", row.answer)
		if got := host.outcome(s, Pause); got != row.want {
			t.Errorf("%s: %s", row.name, got)
		}
		if len(host.replies) > 0 && strings.Contains(string(host.replies[0].Body), `"id":"a"`) != row.id {
			t.Errorf("%s: %s", row.name, host.replies[0].Body)
		}
	}
}

// What comes of a body while it waits for an answer is held at the sender, and is
// not read for the reply any more.
func TestBodyBehindALongOne(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	host.request = hdr(":method", "POST", ":path", "/mcp", "authorization", "Bearer tok")
	s := f.NewStream()
	s.RequestHeaders(host, false)
	host.requestBody = []byte(strings.Repeat(" ", mcp.MaxRequest))
	s.RequestBody(host, mcp.MaxRequest, false)
	for range 3 {
		if got := s.RequestBody(host, 5, false); got != PauseStream {
			t.Errorf("action %d", got)
		}
	}
	host.forget()
	host.say(f, "200", `{"active":false}`)
	if strings.Contains(host.take(), "request body") {
		t.Error("a body was read that is not at hand")
	}
}

// While the body is awaited, somebody else may have been told.
func TestToldMeanwhile(t *testing.T) {
	f, host := newAsker(t, askConfig("", ""))
	host.request = hdr(":method", "POST", ":path", "/mcp", "authorization", "Bearer tok")
	held := f.NewStream()
	held.RequestHeaders(host, false)
	begin(f, host, "/api", "tok")
	host.say(f, "200", `{"active":true}`)
	if got := held.RequestBody(host, 0, true); got != Continue || len(host.sent) != 1 {
		t.Errorf("action %d, %d calls", got, len(host.sent))
	}
}

func TestUnavailableReply(t *testing.T) {
	for _, row := range []struct {
		path, contentType string
		want              string
		grpc              int
	}{
		{"/api", "application/json", `{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"` + unavailableDetail + `"}`, 14},
		{"/mcp", "application/json", `{"jsonrpc":"2.0","error":{"code":503,"message":"` + unavailableDetail + `","data":{"reason":"store_unavailable","retryAfter":5}}}`, 14},
		{"/api", "application/grpc", unavailableDetail, 14},
	} {
		f, host := newAsker(t, askConfig("", ""))
		host.request = hdr(":method", "POST", ":path", row.path, "authorization", "Bearer tok", "content-type", row.contentType, "origin", "https://app.example.com")
		s := f.NewStream()
		s.RequestHeaders(host, true)
		host.say(f, "503", "")
		got := host.replies[0]
		if got.Status != 503 || string(got.Body) != row.want || got.GRPC != row.grpc || got.Details != "gatewarden_store_unavailable" ||
			first(got.Headers, "retry-after") != "5" || first(got.Headers, "cache-control") != "no-store" || first(got.Headers, "access-control-allow-origin") != "*" {
			t.Errorf("%s %s: %+v %s", row.path, row.contentType, got, got.Body)
		}
		if !slices.Equal(host.reasons, []string{"store_unavailable"}) {
			t.Errorf("%v", host.reasons)
		}
	}
}

// TestAskingAndQuotas: who asks is known before anything is charged, and then it is
// charged once: the plan of its tenant, at the tier that the answer names, or the
// source. Who is not verified pays by the address.
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
		host.forget()
		host.response = hdr(":status", "200")
		s, action := begin(f, host, row.path, row.token)
		if row.says != "" {
			if action == Continue || len(allOf(host.response, rateLimit)) > 0 {
				t.Fatalf("%+v: it does not wait", row)
			}
			host.say(f, "200", row.says)
		}
		got := ""
		if s.replied {
			got = strconv.Itoa(host.replies[0].Status)
		} else {
			s.ResponseHeaders(host, true)
			got = strings.TrimSpace(first(host.response, xRateLimitLimit) + " " + first(host.response, xRateLimitLeft))
		}
		if s.Done(host); got != row.want {
			t.Errorf("%s with %s: %q, want %q", row.path, row.token, got, row.want)
		}
	}
}
