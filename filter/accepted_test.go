package filter

import (
	"strconv"
	"strings"
	"testing"
)

const acceptedConfig = `{"credentials": {"headers": ["authorization", "x-api-key"], "cookies": ["session"]},
	"identity": [{"source": "accepted", "for": "10m"}], "surfaces": [
	{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 100}},
	{"name": "other", "kind": "mcp", "match": [{"prefix": "/other"}], "lockout": {"mode": "off"}},
	{"name": "token", "kind": "oauth-token", "match": [{"prefix": "/token"}]}]}`

// TestAccepted plays scripts: "credential path status" sends a request, a GET unless
// another method stands behind it, "wait n" lets seconds pass. A credential is a token, "key:" and a key, or "both". A plus behind it
// says that it is an identity when the request comes.
func TestAccepted(t *testing.T) {
	for _, row := range []struct{ name, script string }{
		{"after a 2xx", "t /api 200, t+ /api 200, t+ /api 404"},
		{"any 2xx", "t /api 204, t+ /api 200"},
		{"not before", "t /api 302, t /api 404, t /api 500, t /api 401, t /api 403, t /api 200, t+ /api 200"},
		{"each for itself", "t /api 200, u /api 200, t+ /api 200, u+ /api 200, v /api 200"},
		{"not where nobody looks", "t /api 204 OPTIONS, t /api 200 options, t /api 200, t+ /api 401 OPTIONS, t /api 200"},
		{"nobody without one", "- /api 200, - /api 200"},
		{"for as long", "t /api 200, wait 599, t+ /api 404, wait 1, t /api 404"},
		{"and again with each half of it", "t /api 200, wait 299, t+ /api 200, wait 301, t /api 404"},
		{"but not sooner", "t /api 200, wait 300, t+ /api 200, wait 599, t+ /api 404, wait 1, t /api 404"},
		{"until it fails", "t /api 200, t+ /api 401, t /api 404, t /api 200, t+ /api 200"},
		{"which another does not end", "t /api 200, u /api 401, t+ /api 200"},
		{"nor a 403", "t /api 200, t+ /api 403, t+ /api 200"},
		{"on its surface", "t /api 200, t /other 200, t+ /other 200"},
		{"whatever becomes of failures there", "t /other 200, t+ /other 401, t /other 404"},
		{"not where the body logs in", "t /token 200, t /token 200, t /api 200"},
		{"in its place", "t /api 200, key:t /api 200, key:t+ /api 200"},
		{"written as it was", "Tok /api 200, tok /api 200, tok+ /api 200, Tok+ /api 200"},
		{"two are none", "both /api 200, both /api 200, t /api 200, both /api 200"},
		{"a cookie", "cookie:s /api 200, cookie:s+ /api 200, cookie:t /api 200"},
	} {
		f, host := newFilter(t, acceptedConfig)
		for i, step := range strings.Split(row.script, ", ") {
			words := strings.Fields(step)
			if words[0] == "wait" {
				seconds, _ := strconv.Atoi(words[1])
				host.now += int64(seconds) * 1000
				continue
			}
			credential, want := strings.CutSuffix(words[0], "+")
			method := append(words[3:], "GET")[0]
			s := exchange(f, host, append(hdr(":method", method, ":path", words[1]), presenting(credential)...), hdr(":status", words[2]))
			if s.identity.verified != want {
				t.Errorf("%s, step %d (%s): %+v", row.name, i+1, step, s.identity)
			}
			if s.identity.verified && s.identity.subject+s.identity.tenant != "" {
				t.Errorf("%s: it has a name: %+v", row.name, s.identity)
			}
		}
	}
}

// presenting makes the headers that present a credential of TestAccepted.
func presenting(credential string) []Header {
	key, isKey := strings.CutPrefix(credential, "key:")
	cookie, isCookie := strings.CutPrefix(credential, "cookie:")
	switch {
	case credential == "-":
		return nil
	case credential == "both":
		return hdr("authorization", "Bearer t", "x-api-key", "junk")
	case isKey:
		return hdr("x-api-key", key)
	case isCookie:
		return hdr("cookie", "a=b; session="+cookie)
	}
	return hdr("authorization", "Bearer "+credential)
}

// However a credential is written, it is counted as the same one once it is
// accepted.
func TestAcceptedSpellings(t *testing.T) {
	f, host := newFilter(t, acceptedConfig)
	hashes := map[uint64]bool{}
	for _, h := range hdr("authorization", "Bearer Tok", "authorization", "bearer tok", "x-api-key", "TOK", "cookie", "session=%54ok", "authorization", "Token tok==") {
		request := append(hdr(":method", "GET", ":path", "/api"), h)
		if s := exchange(f, host, request, hdr(":status", "200")); s.identity.verified {
			t.Errorf("%v is accepted before the service said so", h)
		}
		s := exchange(f, host, request, hdr(":status", "200"))
		if !s.identity.verified {
			t.Errorf("%v is not accepted", h)
		}
		hashes[s.identity.credential] = true
	}
	if len(hashes) != 1 {
		t.Errorf("%d identities of one credential", len(hashes))
	}
	other := hdr(":method", "GET", ":path", "/api", "authorization", "Bearer other")
	exchange(f, host, other, hdr(":status", "200"))
	if s := exchange(f, host, other, hdr(":status", "200")); hashes[s.identity.credential] {
		t.Error("another credential is the same one")
	}
}

func TestAcceptedByGRPC(t *testing.T) {
	for _, row := range []struct {
		name               string
		response, trailers []Header
		want               bool
	}{
		{"OK", hdr(":status", "200"), hdr("grpc-status", "0"), true},
		{"OK in the headers", hdr(":status", "200", "grpc-status", "0"), nil, true},
		{"denied", hdr(":status", "200"), hdr("grpc-status", "7"), false},
		{"unauthenticated", hdr(":status", "200"), hdr("grpc-status", "16"), false},
		{"nothing", hdr(":status", "200"), nil, false},
	} {
		f, host := newFilter(t, acceptedConfig)
		host.request = hdr(":method", "POST", ":path", "/api", "content-type", "application/grpc", "authorization", "Bearer t")
		host.response, host.trailers = row.response, row.trailers
		s := f.NewStream()
		s.RequestHeaders(host, false)
		s.ResponseHeaders(host, row.trailers == nil)
		if row.trailers != nil {
			s.ResponseTrailers(host)
		}
		s.Done(host)
		if got := identified(f, host, host.request); got.verified != row.want {
			t.Errorf("%s: %+v", row.name, got)
		}
	}
}

// Made-up tokens write nothing, and one that is known is written again only when
// half of its time is over.
func TestAcceptedWrites(t *testing.T) {
	f, host := newFilter(t, acceptedConfig)
	keys := len(host.data)
	request := func(token string) []Header {
		return hdr(":method", "GET", ":path", "/api", "authorization", "Bearer "+token)
	}
	writes := func(do func()) int {
		host.forget()
		do()
		return strings.Count(strings.Join(host.calls, ", "), "set")
	}
	if n := writes(func() {
		for i := 0; i < 100; i++ {
			exchange(f, host, request(strconv.Itoa(i)), hdr(":status", "404"))
			exchange(f, host, request(strconv.Itoa(i)), hdr(":status", "403"))
		}
	}); n != 0 || len(host.data) != keys {
		t.Errorf("made-up tokens: %d writes, %d keys", n, len(host.data)-keys)
	}
	if n := writes(func() {
		for i := 0; i < 100; i++ {
			exchange(f, host, request("good"), hdr(":status", "200"))
		}
	}); n != 1 {
		t.Errorf("a good one: %d writes", n)
	}
	host.now += 300_000
	if n := writes(func() {
		for i := 0; i < 100; i++ {
			exchange(f, host, request("good"), hdr(":status", "200"))
		}
	}); n != 1 {
		t.Errorf("a good one after half of its time: %d writes", n)
	}
	// One whose request was under way when it was revoked does not come back.
	host.request = request("good")
	late := f.NewStream()
	late.RequestHeaders(host, true)
	exchange(f, host, request("good"), hdr(":status", "401"))
	host.response = hdr(":status", "200")
	late.ResponseHeaders(host, true)
	if got := identified(f, host, request("good")); got.verified {
		t.Error("accepted after it was revoked")
	}
}
