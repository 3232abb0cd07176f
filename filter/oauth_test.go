package filter

import (
	"reflect"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

const ourMetadata = `resource_metadata="https://h/.well-known/oauth-protected-resource/mcp"`

// TestCompleteChallenge shows which responses get a challenge, and that pages may read it.
func TestCompleteChallenge(t *testing.T) {
	const own = `Bearer scope="mcp:query", ` + ourMetadata
	for _, row := range []struct {
		name     string
		request  []proxy.Header
		response []proxy.Header
		want     []string // WWW-Authenticate lines
		exposed  bool
	}{
		{"no credential", hdr(":path", "/mcp"), hdr(":status", "401"), []string{own}, false},
		{"another scheme", hdr(":path", "/mcp", "authorization", "Basic xyz"), hdr(":status", "401"), []string{own}, false},
		{"the challenge of jwt_authn", hdr(":path", "/mcp", "authorization", "bEaReR x"),
			hdr(":status", "401", "www-authenticate", `Bearer realm="r", error="invalid_token"`),
			[]string{`Bearer realm="r", error="invalid_token", scope="mcp:query", ` + ourMetadata}, false},
		{"a challenge with metadata of its own", hdr(":path", "/mcp"), hdr(":status", "401", "www-authenticate", `Bearer resource_metadata="x"`),
			[]string{`Bearer resource_metadata="x"`}, false},
		{"an API", hdr(":path", "/api"), hdr(":status", "401"), []string{own}, false},
		{"403", hdr(":path", "/api"), hdr(":status", "403"), nil, false},
		{"a token endpoint", hdr(":path", "/oauth/token"), hdr(":status", "401", "www-authenticate", `Basic realm="c"`),
			[]string{`Basic realm="c"`}, false},
		{"a consent page", hdr(":path", "/oauth/authorize"), hdr(":status", "401"), nil, false},
		{"no surface", hdr(":path", "/x"), hdr(":status", "401"), nil, false},
		{"a surface without a lockout", hdr(":path", "/off"), hdr(":status", "401"), []string{own}, false},
		{"200", hdr(":path", "/api"), hdr(":status", "200"), nil, false},
		{"a page that may read the response", hdr(":path", "/api", "origin", "https://app"),
			hdr(":status", "401", "access-control-allow-origin", "*"), []string{own}, true},
		{"no origin", hdr(":path", "/api"), hdr(":status", "401", "access-control-allow-origin", "*"), []string{own}, false},
		{"a page that may not read the response", hdr(":path", "/api", "origin", "https://app"), hdr(":status", "401"), []string{own}, false},
		{"two challenges", hdr(":path", "/api"),
			hdr(":status", "401", "www-authenticate", `Basic realm="b"`, "x", "y", "www-authenticate", "Bearer"),
			[]string{own, `Basic realm="b"`}, false},
	} {
		f, host := newFilter(t, oauthConfig)
		host.Request = append(hdr(":method", "POST"), row.request...)
		host.Response = row.response
		s := f.NewStream()
		s.RequestHeaders(true)
		s.ResponseHeaders(true)
		if got := fakehost.All(host.Response, "www-authenticate"); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
		if exposed := fakehost.First(host.Response, "access-control-expose-headers") == "WWW-Authenticate"; exposed != row.exposed {
			t.Errorf("%s: exposed: %v", row.name, exposed)
		}
		if fakehost.First(host.Response, ":status") == "" {
			t.Errorf("%s: the status is gone", row.name)
		}
	}
}

// TestMetadataWhileLockedOut shows that no lockout hides the metadata documents.
func TestMetadataWhileLockedOut(t *testing.T) {
	const document = "/.well-known/oauth-protected-resource"
	f, host := newFilter(t, `{"exempt": [], "surfaces": [{"name": "all", "kind": "api", "match": [{"prefix": "/"}], "lockout": {"failures": 1}}],
		"oauth": {"resource": "https://h", "authorization_servers": ["https://as"]}}`)
	exchange(f, host, with(get("/x"), "authorization", "Bearer x"), hdr(":status", "401"))
	host.Forget()
	exchange(f, host, get(document), nil)
	exchange(f, host, get("/x"), nil)
	if len(host.Replies) != 2 || host.Replies[0].Status != 200 || host.Replies[1].Status != 429 {
		t.Errorf("%+v", host.Replies)
	}
	if len(host.Reasons) != 1 {
		t.Errorf("%q: a document is no refusal", host.Reasons)
	}
}

// TestDocumentThatIsWaitedFor shows that a request for the document of an authorization
// server waits with all that comes with it, and that one that has left is not answered.
func TestDocumentThatIsWaitedFor(t *testing.T) {
	const document = `{"issuer":"https://as","authorization_endpoint":"https://as/a","token_endpoint":"https://as/t",` +
		`"response_types_supported":["code"],"code_challenge_methods_supported":["S256"]}`
	f, host := newFilter(t, serverConfig)
	ask := func(id uint32, end bool) *Stream {
		host.Request = get("/.well-known/oauth-authorization-server")
		s := f.NewStream()
		s.ID = id
		if action := s.RequestHeaders(end); action != proxy.PauseAll {
			t.Errorf("%d: action %d", id, action)
		}
		return s
	}
	first, gone, last := ask(1, true), ask(2, true), ask(3, false)
	if last.RequestBody(5, false) == proxy.Continue || last.RequestTrailers() == proxy.Continue {
		t.Error("what comes with the request goes on")
	}
	gone.Done()
	gone.Reset()
	host.Response = hdr(":status", "408")
	last.ResponseHeaders(true) // the proxy's own, if it came
	host.CallStatus, host.CallBody = "200", document
	host.Forget()
	f.Answered(1, len(document))
	if len(host.Replies) != 2 || host.Replies[0].Status != 200 || string(host.Replies[1].Body) != document || len(host.Resumed) > 0 || len(host.Sent) != 1 {
		t.Errorf("%+v, %d resumed, after %d calls", host.Replies, len(host.Resumed), len(host.Sent))
	}
	host.Forget()
	checkOwnReply(t, host, first)
	last.Done()
	f.Answered(1, len(document))
}
