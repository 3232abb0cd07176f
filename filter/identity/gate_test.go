package identity

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// gateConfig has surfaces that require an identity, which metadata or a key can verify,
// and one that does not.
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
		name, surface string
		headers       []string
		why           denial // denials: let in
	}{
		{"a key", "rest", []string{"x-api-key", "good"}, denials},
		{"a key as a token", "rest", []string{"authorization", "Bearer good"}, denials},
		{"nothing", "rest", nil, deniedMissing},
		{"a scheme alone", "rest", []string{"authorization", "Bearer"}, deniedMissing},
		{"another key", "rest", []string{"x-api-key", "bad"}, deniedInvalid},
		{"another token", "rest", []string{"authorization", "Bearer bad"}, deniedInvalid},
		{"a password", "rest", []string{"authorization", basic("a", "b")}, deniedScheme},
		{"a word in Authorization", "rest", []string{"authorization", "good"}, deniedScheme},
		{"two keys", "rest", []string{"x-api-key", "good", "x-api-key", "good"}, deniedUnclear},
		{"a key and a token", "rest", []string{"x-api-key", "good", "authorization", "Bearer x"}, deniedUnclear},
		{"a header that names a user", "rest", []string{"x-user-id", "mallory"}, deniedMissing},
		{"where failures are not counted", "off", []string{"x-api-key", "bad"}, deniedInvalid},
		{"where no identity is required", "open", nil, denials},
		{"in shadow mode", "shadow", []string{"x-api-key", "bad"}, deniedInvalid},
	} {
		h := newHouse(t, gateConfig(""), "")
		g := h.enter(row.surface, row.headers...)
		denied := uint64(0)
		if row.why == denials {
			if g.outcome() != "passed" {
				t.Errorf("%s: %s", row.name, g.outcome())
			}
		} else {
			denied = 1
			if g.outcome() != "auth_denied" || g.denial != row.why || *g.why != (refusal.Refusal{Reason: refusal.AuthDenied}) {
				t.Errorf("%s: %s, denial %d, want %d", row.name, g.outcome(), g.denial, row.why)
			}
		}
		suffix := "_total.surface." + row.surface
		if got, gone := h.counted("gatewarden_auth_denied"+suffix), h.counted("gatewarden_auth_unavailable"+suffix); got != denied || gone != 0 || len(h.proxy.lines) > 0 {
			t.Errorf("%s: %d denied, %d unavailable, %q", row.name, got, gone, h.proxy.lines)
		}
	}
}

// A caller may be verified by what another filter has read.
func TestGateAndMetadata(t *testing.T) {
	h := newHouse(t, gateConfig(""), "")
	h.proxy.properties[payload("sub")] = "alice"
	for _, headers := range [][]string{nil, {"authorization", "Bearer jwt"}, {"authorization", "Bearer jwt", "x-api-key", "junk"}} {
		if g := h.enter("rest", headers...); g.outcome() != "passed" {
			t.Errorf("%v: %s", headers, g.outcome())
		}
	}
}

// denied returns a request that is denied for the given reason.
func (h *house) denied(surface string, why denial) *guest {
	return h.enter(surface, [denials][]string{
		deniedMissing: nil, deniedScheme: {"authorization", basic("a", "b")},
		deniedInvalid: {"x-api-key", "bad"}, deniedUnclear: {"x-api-key", "bad", "authorization", "Bearer bad"},
	}[why]...)
}

// challenge is what the oauth room would give for a denial.
func (g *guest) challenge() string {
	failure := ""
	if g.BlamesToken() {
		failure = `error="invalid_token", `
	}
	return `Bearer realm="r", ` + failure + `scope="mcp:query"`
}

func TestUnauthorizedReply(t *testing.T) {
	const (
		discovery = `,"oauth_discovery":{"resource_metadata":"https://api.example.com/.well-known/oauth-protected-resource/mcp","authorization_servers":["https://auth.example.com"]}`
		send      = "Send it in the header Authorization, after Bearer, or in the header x-api-key."
		sendOne   = "Send one in the header Authorization, after Bearer, or in the header x-api-key."
		get       = "Get an access token where oauth_discovery says, and send it in the header Authorization, after Bearer, or in the header x-api-key."
		problem   = `{"type":"about:blank","title":"Unauthorized","status":401,"detail":"`
		plain     = `Bearer realm="rest"`
		failing   = `Bearer realm="rest", error="invalid_token"`
		led       = `Bearer realm="r", scope="mcp:query"`
		ledFail   = `Bearer realm="r", error="invalid_token", scope="mcp:query"`
	)
	for _, row := range []struct {
		name, discovery, surface string
		why                      denial
		form                     refusal.Form
		request                  string
		challenge, body          string
	}{
		{"missing", "", "rest", deniedMissing, refusal.ProblemForm, "", plain, problem + `This needs a credential.","hint":"` + send + `"}`},
		{"of another scheme", "", "rest", deniedScheme, refusal.ProblemForm, "", plain, problem + `The credential is unknown or has expired.","hint":"` + sendOne + `"}`},
		{"invalid", "", "rest", deniedInvalid, refusal.ProblemForm, "", failing, problem + `The credential is unknown or has expired.","hint":"Check it, or get another one."}`},
		{"unclear", "", "rest", deniedUnclear, refusal.ProblemForm, "", failing, problem + `The request presents more than one credential, or one in an unclear form.","hint":"` + sendOne + `"}`},
		{"missing, with oauth", discovery, "rest", deniedMissing, refusal.ProblemForm, "", led, problem + `This needs a credential.","hint":"` + get + `"` + discovery + `}`},
		{"of another scheme, with oauth", discovery, "rest", deniedScheme, refusal.ProblemForm, "", led, problem + `The credential is unknown or has expired.","hint":"` + get + `"` + discovery + `}`},
		{"invalid, with oauth", discovery, "rest", deniedInvalid, refusal.ProblemForm, "", ledFail, problem + `The credential is unknown or has expired.","hint":"` + get + `"` + discovery + `}`},
		{"unclear, with oauth", discovery, "rest", deniedUnclear, refusal.ProblemForm, "", ledFail, problem + `The request presents more than one credential, or one in an unclear form.","hint":"` + sendOne + `"` + discovery + `}`},
		{"on MCP", discovery, "mcp", deniedMissing, refusal.JSONRPCForm, `{"jsonrpc":"2.0","id":"a","method":"x"}`, led,
			`{"jsonrpc":"2.0","id":"a","error":{"code":401,"message":"This needs a credential.","data":{"reason":"auth_denied","hint":"` + get + `"` + discovery + `}}}`},
		{"on MCP, without a body", "", "mcp", deniedMissing, refusal.JSONRPCForm, "", `Bearer realm="mcp"`,
			`{"jsonrpc":"2.0","error":{"code":401,"message":"This needs a credential.","data":{"reason":"auth_denied","hint":"` + send + `"}}}`},
		{"gRPC", discovery, "rest", deniedInvalid, refusal.GRPCForm, "", ledFail, "The credential is unknown or has expired."},
	} {
		h := newHouse(t, gateConfig(""), row.discovery)
		g := h.denied(row.surface, row.why)
		challenge := ""
		if row.discovery != "" {
			challenge = g.challenge()
		}
		cors := refusal.NewCORS(&h.config.CORS, "")
		to := refusal.Recipient{Form: row.form, Origin: cors.Origin("https://app.example.com"), Request: []byte(row.request)}
		words := g.Words(g.why, challenge)
		got := cors.Reply(words, g.why, &to)
		if got.Status != 401 || got.GRPC != 16 || got.Details != "gatewarden_auth_denied" || string(got.Body) != row.body ||
			fakehost.First(got.Headers, "www-authenticate") != row.challenge || fakehost.First(got.Headers, "cache-control") != "no-store" ||
			fakehost.First(got.Headers, "access-control-allow-origin") != "*" || fakehost.First(got.Headers, "retry-after") != "" {
			t.Errorf("%s: %+v\n%s", row.name, got, got.Body)
		}
		contentType := [...]string{refusal.ProblemForm: "application/problem+json", refusal.JSONRPCForm: "application/json", refusal.GRPCForm: ""}[row.form]
		if contentType != "" && !json.Valid(got.Body) {
			t.Errorf("%s is not JSON", row.name)
		}
		if fakehost.First(got.Headers, "content-type") != contentType {
			t.Errorf("%s: content type %q", row.name, fakehost.First(got.Headers, "content-type"))
		}
	}
}

func TestUnavailableReply(t *testing.T) {
	for _, row := range []struct {
		form       refusal.Form
		want, kind string
	}{
		{refusal.ProblemForm, `{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"` + unavailableMessage + `"}`, "application/problem+json"},
		{refusal.JSONRPCForm, `{"jsonrpc":"2.0","error":{"code":503,"message":"` + unavailableMessage + `","data":{"reason":"store_unavailable","retryAfter":5}}}`, "application/json"},
		{refusal.GRPCForm, unavailableMessage, ""},
	} {
		h := newHouse(t, askConfig("", ""), "")
		g := h.enter("rest", "authorization", "Bearer tok")
		h.say("503", "")
		cors := refusal.NewCORS(&h.config.CORS, "")
		words := g.Words(g.why, "Bearer")
		got := cors.Reply(words, g.why, &refusal.Recipient{Form: row.form, Origin: cors.Origin("https://app.example.com")})
		if got.Status != 503 || string(got.Body) != row.want || got.GRPC != 14 || got.Details != "gatewarden_store_unavailable" ||
			fakehost.First(got.Headers, "retry-after") != "5" || fakehost.First(got.Headers, "cache-control") != "no-store" || fakehost.First(got.Headers, "content-type") != row.kind ||
			fakehost.First(got.Headers, "access-control-allow-origin") != "*" || fakehost.First(got.Headers, "www-authenticate") != "" {
			t.Errorf("%d: %+v %s", row.form, got, got.Body)
		}
		if g.Last() != nil {
			t.Error("it may be remembered")
		}
	}
}

// The hint says where this configuration looks for credentials.
func TestSending(t *testing.T) {
	for credentials, want := range map[string]string{
		`{}`:                                "in the header Authorization, after Bearer, or in the header x-api-key",
		`{"headers": ["x-key", "x-token"]}`: "in the header x-key, or in the header x-token",
		`{"headers": [], "cookies": ["s"]}`: "along",
	} {
		c := fakehost.ParseConfig(t, gateConfig(`"credentials": `+credentials+`,`))
		if got := sending(c); got != want {
			t.Errorf("%s: %q", credentials, got)
		}
	}
	c := fakehost.ParseConfig(t, strings.Replace(gateConfig(""), `"source": "api_keys", "keys": [{"id": "ci", "sha256": "`+hashOf("good")+`"}]`, `"source": "headers", "subject": "x-user"`, 1))
	if got := sending(c); got != "in the header Authorization, after Bearer" {
		t.Errorf("without keys: %q", got)
	}
}

// A reply that was kept is the reply that would be made now.
func TestDenialAgainIsTheSameReply(t *testing.T) {
	h := newHouse(t, gateConfig(""), `,"oauth_discovery":{}`)
	cors := refusal.NewCORS(&h.config.CORS, "")
	kept := map[*refusal.Last]bool{}
	for range 2 {
		for _, surface := range []string{"rest", "mcp", "off", "shadow"} {
			for why := deniedMissing; why < deniedAudience; why++ { // which has tests of its own
				for form := refusal.ProblemForm; form <= refusal.GRPCForm; form++ {
					g := h.denied(surface, why)
					to := refusal.Recipient{Form: form}
					words := g.Words(g.why, g.challenge())
					want := cors.Reply(words, g.why, &to)
					kept[g.Last()] = true
					if got := g.Last().Find(g.why, &to); got != nil && !reflect.DeepEqual(got, want) {
						t.Errorf("%s, %d, form %d: %+v, want %+v", surface, why, form, got, want)
					}
					g.Last().Keep(g.why, &to, want)
					if g.Last().Find(g.why, &to) == nil {
						t.Errorf("%s, %d, form %d: not kept", surface, why, form)
					}
				}
			}
		}
	}
	if len(kept) != 4*int(deniedAudience) {
		t.Errorf("%d places to keep replies in", len(kept))
	}
}

// Guessing keys costs no memory once the reply is kept.
func TestDenialAllocations(t *testing.T) {
	h := newHouse(t, keysConfig(`{"id": "ci", "sha256": "`+hashOf("k")+`"}`), "")
	g := h.denied("rest", deniedInvalid)
	to := refusal.Recipient{}
	g.Last().Keep(g.why, &to, &proxy.Reply{})
	q := h.present(fakehost.Headers("x-api-key", "bad"))
	s := &g.State
	if n := testing.AllocsPerRun(100, func() {
		*s = State{}
		s.Begin(&h.rules[0])
		s.Identify(q)
		why, _ := s.Check()
		s.Refused(&why)
		if s.Last().Find(&why, &to) == nil {
			t.Error("the reply is not kept")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
