package identity

import (
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/refusal"
)

// askConfig has an authorization server asked, for surfaces that require an identity and
// for one that does not.
func askConfig(source, more string) string {
	return `{"identity": [{"source": "introspection", "tenant": "org", ` + source + `
		"endpoint": {"cluster": "auth", "url": "https://auth.example.com/introspect", "client_id": "gateway", "client_secret": "s3cret"}}` + more + `],
		"allow_on_headers_stop_iteration": true, "surfaces": [
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "require": true, "lockout": {"failures": 3, "window": "1m"}},
		{"name": "open", "kind": "api", "match": [{"prefix": "/open"}], "lockout": {"failures": 3, "window": "1m"}},
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "require": true, "lockout": {"failures": 3, "window": "1m"}},
		{"name": "token", "kind": "oauth-token", "match": [{"path": "/token"}]}]}`
}

const secondServer = `, {"source": "introspection", "endpoint": {"cluster": "auth2", "url": "https://two.example.com", "client_id": "g", "client_secret": "s"}}`

// The server's answer about a token decides about its request, and about later ones while
// the worker remembers it.
func TestIntrospection(t *testing.T) {
	anonymous := `"on_error": "anonymous", `
	for _, row := range []struct {
		name, source, surface, status, answer string
		outcome                               string
		calls                                 int
	}{
		{"active", "", "rest", "200", `{"active":true,"sub":"alice"}`, "passed", 1},
		{"inactive", "", "rest", "200", `{"active":false}`, "auth_denied", 1},
		{"active, where no identity is required", "", "open", "200", `{"active":true}`, "passed", 1},
		{"inactive, where no identity is required", "", "open", "200", `{"active":false}`, "passed", 1},
		{"for another audience", `"audience": "me", `, "rest", "200", `{"active":true,"aud":"you"}`, "auth_denied", 1},
		{"no answer", "", "rest", "504", ``, "store_unavailable", 2},
		{"no answer, where no identity is required", "", "open", "503", ``, "store_unavailable", 2},
		{"no answer, and anonymous", anonymous, "rest", "503", ``, "auth_denied", 2},
		{"no answer, anonymous, and no identity required", anonymous, "open", "503", ``, "passed", 2},
		{"a wrong secret", "", "rest", "401", `{"error":"invalid_client"}`, "store_unavailable", 2},
		{"no status at all", "", "rest", "", ``, "store_unavailable", 2},
		{"malformed", "", "rest", "200", `{"active":"yes"}`, "store_unavailable", 2},
	} {
		h := newHouse(t, askConfig(row.source, ""), "")
		for i := range 2 {
			g := h.enter(row.surface, "authorization", "Bearer tok")
			if g.outcome() == "waits" {
				if !g.Open() || g.HasMore() {
					t.Errorf("%s: open %v, more %v", row.name, g.Open(), g.HasMore())
				}
				h.say(row.status, row.answer)
			}
			if g.outcome() != row.outcome || g.Open() {
				t.Errorf("%s: request %d: %s, want %s", row.name, i+1, g.outcome(), row.outcome)
			}
			if g.outcome() == "store_unavailable" && *g.why != (refusal.Refusal{Reason: refusal.StoreUnavailable, Seconds: 5, Now: h.proxy.now}) {
				t.Errorf("%s: %+v", row.name, *g.why)
			}
			g.Leave()
		}
		for reason, metric := range map[string]string{"auth_denied": "denied", "store_unavailable": "unavailable"} {
			want := uint64(0)
			if row.outcome == reason {
				want = 2
			}
			if got := h.counted("gatewarden_auth_" + metric + "_total.surface." + row.surface); got != want {
				t.Errorf("%s: %d %s", row.name, got, metric)
			}
		}
		if log := strings.Join(h.proxy.lines, "\n"); len(h.proxy.sent) != row.calls || (log != "") != (row.calls == 2) || strings.Contains(log, "tok") || strings.Contains(log, "s3cret") {
			t.Errorf("%s: %d calls, the log has %q", row.name, len(h.proxy.sent), log)
		}
	}
}

// The server is asked only about a bearer token that is the one credential, and only
// where tokens let callers in.
func TestWhatIsAskedAbout(t *testing.T) {
	for _, row := range []struct {
		name    string
		headers []string
		asked   bool
	}{
		{"a token", []string{"authorization", "Bearer t"}, true},
		{"the scheme in another case", []string{"authorization", "bearer  t"}, true},
		{"the longest", []string{"authorization", "Bearer " + strings.Repeat("t", 8192)}, true},
		{"nothing", nil, false},
		{"a scheme alone", []string{"authorization", "Bearer"}, false},
		{"a password", []string{"authorization", basic("a", "b")}, false},
		{"no scheme", []string{"authorization", "t"}, false},
		{"another scheme", []string{"authorization", "DPoP t"}, false},
		{"another header", []string{"x-api-key", "t"}, false},
		{"a cookie", []string{"cookie", "session=t"}, false},
		{"two tokens", []string{"authorization", "Bearer t, Bearer u"}, false},
		{"a token and a key", []string{"authorization", "Bearer t", "x-api-key", "k"}, false},
		{"a token in two words", []string{"authorization", "Bearer t u"}, false},
		{"too long", []string{"authorization", "Bearer " + strings.Repeat("t", 8193)}, false},
	} {
		for surface, asks := range map[string]bool{"open": true, "mcp": true, "token": false, "elsewhere": false} {
			h := newHouse(t, askConfig("", ""), "")
			g := h.enter(surface, row.headers...)
			if want := row.asked && asks; len(h.proxy.sent) == 1 != want || g.Waits() != want {
				t.Errorf("%s on %s: %s, %d calls", row.name, surface, g.outcome(), len(h.proxy.sent))
			}
		}
	}
}

// A request whose token is in progress is open, and is not refused meanwhile.
func TestOpenIsNotRefused(t *testing.T) {
	h := newHouse(t, askConfig("", ""), "")
	g := h.enter("rest", "authorization", "Bearer tok")
	for range 3 {
		if _, refused := g.Check(); refused || !g.Open() {
			t.Fatal("refused before the answer")
		}
		g.Identify(h.present(g.headers)) // changes nothing while it is open
	}
	if len(h.proxy.sent) != 1 {
		t.Errorf("%d calls", len(h.proxy.sent))
	}
}

// The next source is asked about a token that the first does not know.
func TestSourcesBehind(t *testing.T) {
	key := `, {"source": "api_keys", "keys": [{"id": "ci", "sha256": "` + hashOf("key") + `"}]}`
	for _, status := range []string{"200", "503"} {
		h := newHouse(t, askConfig("", key), "")
		g := h.enter("rest", "authorization", "Bearer key")
		h.say(status, `{"active":false}`)
		if got := g.outcome(); got != "passed" || g.Subject != "ci" || g.HasMore() {
			t.Errorf("%s: %s %+v", status, got, g.Identity)
		}
	}
	for _, row := range []struct{ first, second, want string }{
		{"false", "true", "passed"}, {"false", "false", "auth_denied"}, {"no", "true", "passed"}, {"no", "false", "store_unavailable"}, {"false", "no", "store_unavailable"},
	} {
		h := newHouse(t, askConfig("", secondServer), "")
		g := h.enter("rest", "authorization", "Bearer tok")
		for i, answer := range []string{row.first, row.second} {
			if got := g.outcome(); got != "waits" || len(h.proxy.sent) != i+1 {
				t.Fatalf("%+v: %s, %d calls", row, got, len(h.proxy.sent))
			}
			h.say("200", `{"active":`+answer+`}`)
		}
		if got := g.outcome(); got != row.want || g.HasMore() {
			t.Errorf("%+v: %s", row, got)
		}
	}
}

// A token may be looked up at two servers at a time.
func TestSameTokenAtTwoServers(t *testing.T) {
	h := newHouse(t, askConfig("", secondServer), "")
	h.enter("rest", "authorization", "Bearer tok")
	h.say("200", `{"active":false}`)
	h.proxy.wall += 10_000
	h.enter("rest", "authorization", "Bearer tok")
	if len(h.proxy.sent) != 3 || h.proxy.sent[1].Cluster != "auth2" || h.proxy.sent[2].Cluster != "auth" {
		t.Errorf("%d calls", len(h.proxy.sent))
	}
}

// All requests with a token go on with one answer, in the order in which they came.
func TestAllAreTold(t *testing.T) {
	h := newHouse(t, askConfig("", ""), "")
	var guests []*guest
	for range 5 {
		guests = append(guests, h.enter("rest", "authorization", "Bearer tok"))
	}
	guests[1].Leave()
	guests[1].State = State{}
	h.say("200", `{"active":true,"org":"acme"}`)
	for i, g := range guests {
		if want := i != 1; g.passed != want || g.Verified != want || want && (g.Tenant != "acme" || g.Credential != guests[0].Credential) {
			t.Errorf("request %d: %s, %+v", i, g.outcome(), g.Identity)
		}
	}
}

// A flood of tokens is bounded for each client; what is beyond has no answer.
func TestTooManyTokens(t *testing.T) {
	h := newHouse(t, askConfig("", ""), "")
	unavailable := 0
	for i := range 100 {
		if h.enter("rest", "authorization", "Bearer "+strconv.Itoa(i)).outcome() == "store_unavailable" {
			unavailable++
		}
	}
	if unavailable != 36 || len(h.proxy.sent) != 64 || h.counted("gatewarden_introspections_total.outcome.overload") != 36 {
		t.Errorf("%d unavailable, %d calls", unavailable, len(h.proxy.sent))
	}
}
