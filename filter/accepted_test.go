package filter

import (
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// TestAccepted plays scripts. "credential path status" is an exchange, of a GET unless another
// method stands behind it, and "wait n" lets n seconds pass. A credential is a token, "key:"
// and a key, "cookie:" and a cookie, "both" or "-". A plus behind it says that it is an identity
// when the request arrives.
func TestAccepted(t *testing.T) {
	for _, row := range []struct{ name, script string }{
		{"after 200", "t /api 200, t+ /api 200, t+ /api 404"},
		{"after 204", "t /api 204, t+ /api 200"},
		{"not after other statuses", "t /api 302, t /api 404, t /api 500, t /api 401, t /api 403, t /api 200, t+ /api 200"},
		{"each token for itself", "t /api 200, u /api 200, t+ /api 200, u+ /api 200, v /api 200"},
		{"not after OPTIONS, which proves nothing", "t /api 204 OPTIONS, t /api 200 options, t /api 200, t+ /api 401 OPTIONS, t /api 200"},
		{"no identity without a credential", "- /api 200, - /api 200"},
		{"for the configured time", "t /api 200, wait 599, t+ /api 404, wait 1, t /api 404"},
		{"renewed after half of it", "t /api 200, wait 299, t+ /api 200, wait 301, t /api 404"},
		{"but not sooner", "t /api 200, wait 300, t+ /api 200, wait 599, t+ /api 404, wait 1, t /api 404"},
		{"until it fails", "t /api 200, t+ /api 401, t /api 404, t /api 200, t+ /api 200"},
		{"which another token does not end", "t /api 200, u /api 401, t+ /api 200"},
		{"nor a 403", "t /api 200, t+ /api 403, t+ /api 200"},
		{"on its surface", "t /api 200, t /other 200, t+ /other 200"},
		{"also where there is no lockout", "t /other 200, t+ /other 401, t /other 404"},
		{"not where the body logs in", "t /token 200, t /token 200, t /api 200"},
		{"in its place", "t /api 200, key:t /api 200, key:t+ /api 200"},
		{"in its spelling", "Tok /api 200, tok /api 200, tok+ /api 200, Tok+ /api 200"},
		{"not two credentials", "both /api 200, both /api 200, t /api 200, both /api 200"},
		{"a cookie", "cookie:s /api 200, cookie:s+ /api 200, cookie:t /api 200"},
	} {
		f, host := newFilter(t, acceptedConfig)
		for i, step := range strings.Split(row.script, ", ") {
			words := strings.Fields(step)
			if words[0] == "wait" {
				seconds, _ := strconv.Atoi(words[1])
				host.Time += int64(seconds) * 1000
				continue
			}
			credential, want := strings.CutSuffix(words[0], "+")
			method := append(words[3:], "GET")[0]
			s := exchange(f, host, append(hdr(":method", method, ":path", words[1]), presenting(credential)...), hdr(":status", words[2]))
			if s.identity.Verified != want {
				t.Errorf("%s, step %d (%s): %+v", row.name, i+1, step, s.identity.Identity)
			}
			if s.identity.Verified && s.identity.Subject+s.identity.Tenant != "" {
				t.Errorf("%s: it has a name: %+v", row.name, s.identity.Identity)
			}
		}
	}
}

// presenting returns headers that present a credential of TestAccepted.
func presenting(credential string) []proxy.Header {
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

// TestAcceptedSpellings shows that each spelling of a credential must be accepted, and that
// all of them are one identity then.
func TestAcceptedSpellings(t *testing.T) {
	f, host := newFilter(t, acceptedConfig)
	hashes := map[uint64]bool{}
	for _, h := range hdr("authorization", "Bearer Tok", "authorization", "bearer tok", "x-api-key", "TOK", "cookie", "session=%54ok", "authorization", "Token tok==") {
		request := append(get("/api"), h)
		if s := exchange(f, host, request, hdr(":status", "200")); s.identity.Verified {
			t.Errorf("%v is an identity before the service accepted it", h)
		}
		s := exchange(f, host, request, hdr(":status", "200"))
		if !s.identity.Verified {
			t.Errorf("the accepted credential %v is no identity", h)
		}
		hashes[s.identity.Credential] = true
	}
	if len(hashes) != 1 {
		t.Errorf("one credential has %d identities", len(hashes))
	}
	other := hdr(":method", "GET", ":path", "/api", "authorization", "Bearer other")
	exchange(f, host, other, hdr(":status", "200"))
	if s := exchange(f, host, other, hdr(":status", "200")); hashes[s.identity.Credential] {
		t.Error("two credentials are one identity")
	}
}

// TestAcceptedByGRPC shows which gRPC responses accept a credential.
func TestAcceptedByGRPC(t *testing.T) {
	for _, row := range []struct {
		name               string
		response, trailers []proxy.Header
		want               bool
	}{
		{"OK", hdr(":status", "200"), hdr("grpc-status", "0"), true},
		{"OK in the headers", hdr(":status", "200", "grpc-status", "0"), nil, true},
		{"denied", hdr(":status", "200"), hdr("grpc-status", "7"), false},
		{"unauthenticated", hdr(":status", "200"), hdr("grpc-status", "16"), false},
		{"no status", hdr(":status", "200"), nil, false},
	} {
		f, host := newFilter(t, acceptedConfig)
		host.Request = hdr(":method", "POST", ":path", "/api", "content-type", "application/grpc", "authorization", "Bearer t")
		host.Response, host.Trailers = row.response, row.trailers
		s := f.NewStream()
		s.RequestHeaders(false)
		s.ResponseHeaders(row.trailers == nil)
		if row.trailers != nil {
			s.ResponseTrailers()
		}
		s.Done()
		again := f.NewStream()
		if again.RequestHeaders(true); again.identity.Verified != row.want {
			t.Errorf("%s: %+v", row.name, again.identity.Identity)
		}
	}
}

// TestAcceptedWrites shows that made-up tokens write nothing, and that an accepted one is
// written again only after half of its time.
func TestAcceptedWrites(t *testing.T) {
	f, host := newFilter(t, acceptedConfig)
	keys := len(host.Data)
	request := func(token string) []proxy.Header {
		return hdr(":method", "GET", ":path", "/api", "authorization", "Bearer "+token)
	}
	writes := func(do func()) int {
		host.Forget()
		do()
		return strings.Count(strings.Join(host.Calls, ", "), "set")
	}
	if n := writes(func() {
		for i := 0; i < 100; i++ {
			exchange(f, host, request(strconv.Itoa(i)), hdr(":status", "404"))
			exchange(f, host, request(strconv.Itoa(i)), hdr(":status", "403"))
		}
	}); n != 0 || len(host.Data) != keys {
		t.Errorf("made-up tokens: %d writes, %d keys", n, len(host.Data)-keys)
	}
	if n := writes(func() {
		for i := 0; i < 100; i++ {
			exchange(f, host, request("good"), hdr(":status", "200"))
		}
	}); n != 1 {
		t.Errorf("a good one: %d writes", n)
	}
	host.Time += 300_000
	if n := writes(func() {
		for i := 0; i < 100; i++ {
			exchange(f, host, request("good"), hdr(":status", "200"))
		}
	}); n != 1 {
		t.Errorf("a good one after half of its time: %d writes", n)
	}
	// A request that began before the service refused its token does not make it good again.
	host.Request = request("good")
	late := f.NewStream()
	late.RequestHeaders(true)
	exchange(f, host, request("good"), hdr(":status", "401"))
	host.Response = hdr(":status", "200")
	late.ResponseHeaders(true)
	host.Request = request("good")
	again := f.NewStream()
	if again.RequestHeaders(true); again.identity.Verified {
		t.Error("accepted after the service refused it")
	}
}
