package identity

import (
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// audienceConfig has a surface of a resource that requires an identity, one that does
// not, one that checks no audience, and one of no resource.
func audienceConfig(source string) string {
	return `{"identity": [` + source + `], "surfaces": [
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "require": true},
		{"name": "open", "kind": "api", "match": [{"prefix": "/open"}]},
		{"name": "any", "kind": "api", "match": [{"prefix": "/any"}]},
		{"name": "none", "kind": "api", "match": [{"prefix": "/none"}]}],
		"oauth": [
			{"resource": "https://h/api", "authorization_servers": ["https://as"], "audiences": ["api://rest"], "surfaces": ["rest", "open"], "host_default": true},
			{"resource": "https://h/any", "authorization_servers": ["https://as"], "check_audience": false}]}`
}

const (
	audienceOfMetadata = `{"source": "metadata", "path": "payload", "subject": "sub", "audience": "aud"}`
	audienceOfHeaders  = `{"source": "headers", "subject": "x-user-id", "audience": "x-audience"}`
)

// TestAudience: a token that is verified to be for another resource lets nobody in,
// whichever source verified it.
func TestAudience(t *testing.T) {
	const foreign = "auth_denied"
	for _, row := range []struct {
		audience []string
		outcome  string // on surfaces of the resource
	}{
		{nil, "passed"},
		{[]string{"https://h/api"}, "passed"},
		{[]string{"HTTPS://H/api/"}, "passed"},
		{[]string{"https://h"}, "passed"}, // which the document of the host says
		{[]string{"api://rest"}, "passed"},
		{[]string{"https://h/other", "https://h/api"}, "passed"},
		{[]string{"https://h/other"}, foreign},
		{[]string{"https://h/any"}, foreign},
		{[]string{"https://h/api/more"}, foreign},
		{[]string{"https://h/API"}, foreign},
		{[]string{"https://g"}, foreign},
		{[]string{"api://other", "account"}, foreign},
	} {
		for _, surface := range []string{"rest", "open", "any", "none"} {
			want := "passed"
			if surface == "rest" || surface == "open" {
				want = row.outcome
			}
			for name, enter := range map[string]func() *guest{
				"metadata": func() *guest {
					h := newHouse(t, audienceConfig(audienceOfMetadata), "")
					h.proxy.properties[payload("sub")] = "alice"
					if len(row.audience) > 0 {
						h.proxy.properties[payload("aud")] = listOf(row.audience...)
						h.proxy.properties[payload("aud")+"\x000"] = row.audience[0]
					}
					return h.enter(surface)
				},
				"metadata, one text": func() *guest {
					h := newHouse(t, audienceConfig(audienceOfMetadata), "")
					h.proxy.properties[payload("sub")] = "alice"
					h.proxy.properties[payload("aud")] = strings.Join(row.audience, " ")
					return h.enter(surface)
				},
				"headers": func() *guest {
					return newHouse(t, audienceConfig(audienceOfHeaders), "").enter(surface, "x-user-id", "alice", "x-audience", strings.Join(row.audience, ", "))
				},
				"introspection": func() *guest {
					return asked(t, "", surface, `,"aud":["`+strings.Join(row.audience, `","`)+`"]`, row.audience == nil)
				},
			} {
				g := enter()
				if g.outcome() != want || g.IsForeign() != (want != "passed") || g.Verified != (want == "passed") {
					t.Errorf("%s, for %v on %s: %s, want %s", name, row.audience, surface, g.outcome(), want)
				}
				if want != "passed" && (g.Subject != "" || g.HasMore() || g.Open() || !g.BlamesToken() || g.Cause().Code != "wrong_audience") {
					t.Errorf("%s, for %v on %s: %+v", name, row.audience, surface, g.State)
				}
			}
		}
	}
}

// asked is a request whose token the server calls active, twice: the second time, the
// answer is remembered.
func asked(t *testing.T, fields, surface, more string, plain bool) *guest {
	t.Helper()
	h := newHouse(t, audienceConfig(`{"source": "introspection", `+fields+
		`"endpoint": {"cluster": "auth", "url": "https://as/i", "client_id": "g", "client_secret": "s"}}`), "")
	if plain {
		more = ""
	}
	first := h.enter(surface, "authorization", "Bearer tok")
	h.say("200", `{"active":true,"sub":"alice"`+more+`}`)
	g := h.enter(surface, "authorization", "Bearer tok")
	if first.outcome() != g.outcome() || len(h.proxy.sent) != 1 {
		t.Errorf("%s: first %s, then %s", more, first.outcome(), g.outcome())
	}
	return g
}

// TestAudienceOfSource: where a source says what audience all tokens must have, that is
// for the resource, too.
func TestAudienceOfSource(t *testing.T) {
	for aud, want := range map[string]string{`,"aud":"me"`: "passed", `,"aud":["you","me"]`: "passed", `,"aud":"https://h/api"`: "auth_denied", "": "auth_denied"} {
		if g := asked(t, `"audience": "me", `, "rest", aud, false); g.outcome() != want || g.IsForeign() {
			t.Errorf("%s: %s, want %s", aud, g.outcome(), want)
		}
	}
}

// TestAudienceEndsTheQuestion: no further source makes up for a token that is for
// another resource.
func TestAudienceEndsTheQuestion(t *testing.T) {
	h := newHouse(t, audienceConfig(audienceOfHeaders+`, {"source": "api_keys", "keys": [{"id": "k", "sha256": "`+hashOf("key")+`"}]}`), "")
	if g := h.enter("rest", "x-user-id", "alice", "x-audience", "https://g", "x-api-key", "key"); g.outcome() != "auth_denied" {
		t.Errorf("with a key: %s", g.outcome())
	}
	if g := h.enter("rest", "x-audience", "https://g", "x-api-key", "key"); g.outcome() != "passed" {
		t.Errorf("an audience of nobody's: %s", g.outcome())
	}
	if g := h.enter("rest", "x-api-key", "key"); g.outcome() != "passed" {
		t.Errorf("a key alone: %s", g.outcome())
	}
}

// TestAudienceCosts: the claim is read only where it matters.
func TestAudienceCosts(t *testing.T) {
	for surface, want := range map[string]int{"open": 2, "any": 1, "none": 1} {
		h := newHouse(t, audienceConfig(audienceOfMetadata), "")
		h.proxy.properties[payload("sub")] = "alice"
		h.proxy.properties[payload("aud")] = "https://h/api"
		h.enter(surface)
		if calls := h.take(); strings.Count(calls, "property") != want {
			t.Errorf("%s: %s", surface, calls)
		}
	}
}

func TestAudienceReply(t *testing.T) {
	const (
		send    = "send it in the header Authorization, after Bearer."
		problem = `{"type":"about:blank","title":"Unauthorized","status":401,"detail":"The token is for another resource.","hint":"`
	)
	for discovery, want := range map[string]string{
		"":                       problem + "Get one for this resource, and " + send + `"}`,
		`,"oauth_discovery":"x"`: problem + "Get an access token for this resource where oauth_discovery says, and " + send + `","oauth_discovery":"x"}`,
	} {
		h := newHouse(t, audienceConfig(audienceOfHeaders), discovery)
		g := h.enter("rest", "x-user-id", "alice", "x-audience", "https://g")
		cors := refusal.NewCORS(&h.config.CORS, "")
		words := g.Words(g.why, "Bearer x")
		got := cors.Reply(words, g.why, &refusal.Recipient{})
		if got.Status != 401 || string(got.Body) != want || fakehost.First(got.Headers, "www-authenticate") != "Bearer x" {
			t.Errorf("%+v\n%s\nwant %s", got, got.Body, want)
		}
		if g.Last() != &h.rules[0].last[deniedAudience] || h.counted("gatewarden_auth_denied_total.surface.rest") != 1 {
			t.Error("it is not kept as what it is, or not counted")
		}
	}
}

// TestAudienceIsExplained: the source says that it knows the token, and for whom it is.
func TestAudienceIsExplained(t *testing.T) {
	h := newHouse(t, audienceConfig(audienceOfHeaders+`, {"source": "accepted", "for": "1h"}`), "")
	g := h.enter("open", "x-user-id", "alice", "x-audience", "https://g https://f")
	v := g.Explain(h.present(g.headers))
	if !v.Foreign || v.Verified || strings.Join(v.Audience, " ") != "https://g https://f" || v.Source != -1 ||
		len(v.Said) != 2 || v.Said[0] != SaidForeign || v.Said[1] != NotAsked {
		t.Errorf("%+v", v)
	}
}

// TestAudienceThatIsKnownWhenAsked: the answer came while the request's body was read.
func TestAudienceThatIsKnownWhenAsked(t *testing.T) {
	h := newHouse(t, audienceConfig(`{"source": "introspection", "endpoint": {"cluster": "auth", "url": "https://as/i", "client_id": "g", "client_secret": "s"}}`), "")
	late := &guest{house: h, headers: fakehost.Headers("authorization", "Bearer tok")}
	late.Begin(h.rule("rest"))
	late.Identify(h.present(late.headers))
	h.enter("rest", "authorization", "Bearer tok")
	h.say("200", `{"active":true,"sub":"alice","aud":"https://g"}`)
	if late.decide(); late.outcome() != "auth_denied" || !late.IsForeign() || len(h.proxy.sent) != 1 {
		t.Errorf("%s after %d calls", late.outcome(), len(h.proxy.sent))
	}
}
