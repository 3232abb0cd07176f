package filter

import (
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// conditionsConfig has a login that redirects to its form again, and one whose body tells.
const conditionsConfig = `{"surfaces": [
	{"name": "login", "kind": "oauth-consent", "match": [{"path": "/login"}], "lockout": {"failures": 2,
		"failures_when": [{"status": [302], "header": {"name": "location", "contains": "error"}}]}},
	{"name": "graphql", "kind": "api", "match": [{"path": "/graphql"}], "lockout": {"failures": 2, "known_good": {"for": "1h"},
		"failures_when": [{"status": [200], "json": {"path": ["errors", "0", "code"], "equals": "UNAUTHENTICATED"}}]}}]}`

// answer passes a request without a body through a filter, and then a response whose body
// comes in pieces.
func answer(f *Filter, host *fakehost.Host, request, response []proxy.Header, pieces ...string) {
	host.Request, host.Response = request, response
	s := f.NewStream()
	if s.RequestHeaders(true) == proxy.Continue {
		host.Request = nil
		s.ResponseHeaders(len(pieces) == 0)
		for i, piece := range pieces {
			host.ResponseData = []byte(piece)
			s.ResponseBody(len(piece), i == len(pieces)-1)
		}
	}
	s.Done()
}

// A failure that a header or the body tells counts, locks out, and is named in the log
// and, because the status does not tell it, in the access log.
func TestOutcomesByMoreThanTheStatus(t *testing.T) {
	for _, row := range []struct {
		name              string
		request, response []proxy.Header
		pieces            []string
		cause             string
	}{
		{"a redirect", hdr(":method", "POST", ":path", "/login"), hdr(":status", "302", "location", "/login?error"), nil, "failures_when[0]"},
		{"a body", hdr(":method", "POST", ":path", "/graphql", "authorization", "Bearer x"), hdr(":status", "200"),
			[]string{`{"errors":[{"code":"UNAUTH`, `ENTICATED"}]}`}, "failures_when[0]"},
	} {
		f, host := newFilter(t, conditionsConfig)
		for i := 0; i < 2; i++ {
			answer(f, host, row.request, row.response, row.pieces...)
			if status(host) != "" {
				t.Fatalf("%s: refused too early", row.name)
			}
		}
		if got := strings.Join(host.Failures, " "); got != row.cause+" "+row.cause {
			t.Errorf("%s: the access log has %q", row.name, got)
		}
		if len(host.Log) != 2 || !strings.Contains(host.Log[1], "reason="+row.cause+" failures=2") {
			t.Errorf("%s: %q", row.name, host.Log)
		}
		answer(f, host, row.request, row.response, row.pieces...)
		if status(host) != "429" {
			t.Errorf("%s: not locked out", row.name)
		}
	}
}

// A credential that the body rejects does not become known as good, and neither does one
// whose body was not read.
func TestBodiesAndKnownGood(t *testing.T) {
	wrong := `{"errors":[{"code":"UNAUTHENTICATED"}]}`
	for _, row := range []struct {
		name   string
		first  []string
		header []string
		passes bool
	}{
		{"accepted", []string{`{"data":1}`}, nil, true},
		{"rejected", []string{wrong}, nil, false},
		{"no body", nil, nil, false},
		{"compressed", []string{"\x1f\x8b"}, []string{"content-encoding", "gzip"}, false},
	} {
		f, host := newFilter(t, conditionsConfig)
		ours := hdr(":method", "POST", ":path", "/graphql", "authorization", "Bearer ours")
		answer(f, host, ours, with(hdr(":status", "200"), row.header...), row.first...)
		for i := 0; i < 2; i++ {
			answer(f, host, hdr(":method", "POST", ":path", "/graphql", "authorization", "Bearer guess"), hdr(":status", "200"), wrong)
		}
		host.Forget()
		answer(f, host, ours, hdr(":status", "200"), `{"data":1}`)
		if passes := status(host) == ""; passes != row.passes {
			t.Errorf("%s: passes the lockout: %v", row.name, passes)
		}
	}
}

// A hundred handshakes count nothing, and each that is refused at its end counts once.
func TestHandshakes(t *testing.T) {
	const first, second, last = "NTLM TlRMTVNTUAABAAAA", "NTLM TlRMTVNTUAACAAAA", "NTLM TlRMTVNTUAADAAAA"
	f, host := newFilter(t, `{"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/"}], "lockout": {"failures": 3}}], "exempt": []}`)
	handshake := func(end ...string) {
		exchange(f, host, hdr(":method", "GET", ":path", "/", "authorization", first), hdr(":status", "401", "www-authenticate", "Negotiate", "www-authenticate", second))
		exchange(f, host, hdr(":method", "GET", ":path", "/", "authorization", last), hdr(end...))
	}
	for i := 0; i < 100; i++ {
		handshake(":status", "200")
	}
	if len(host.Log) != 0 || status(host) != "" {
		t.Fatalf("%q", host.Log)
	}
	for i := 0; i < 3; i++ {
		handshake(":status", "401", "www-authenticate", "NTLM")
	}
	if len(host.Log) != 3 || status(host) != "" {
		t.Errorf("%q", host.Log)
	}
	handshake(":status", "401")
	if status(host) != "429" {
		t.Error("not locked out")
	}
}

// Pending attempts of a request whose body tells are given back when it is over.
func TestPendingWhereABodyTells(t *testing.T) {
	f, host := newFilter(t, strings.Replace(conditionsConfig, `"known_good": {"for": "1h"}`, `"pending": 1`, 1))
	for i := 0; i < 20; i++ {
		answer(f, host, hdr(":method", "POST", ":path", "/graphql", "authorization", "Bearer x"), hdr(":status", "200", "content-encoding", []string{"", "gzip"}[i%2]), `{"errors":[]}`)
	}
	if status(host) != "" {
		t.Errorf("%s: %s", status(host), details(host))
	}
}
