package identity

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// spellingOf returns the spelling of a request's credential, or "".
func spellingOf(h proxy.Header) string {
	c := caller.Credential{Place: h.Name, Token: h.Value}
	if h.Name == "cookie" {
		c.Place, c.Token, _ = strings.Cut(h.Value, "=")
		c.Carrier, c.Token = caller.InCookie, strings.Trim(c.Token, `"`)
	}
	if scheme, token, found := strings.Cut(c.Token, " "); found && c.InAuthorization() {
		c.Scheme, c.Token = scheme, strings.TrimSpace(token)
	}
	spelling, ok := appendSpelling(nil, &c)
	if !ok {
		return ""
	}
	return string(spelling)
}

const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9"

// All spellings that a lenient service takes for the same credential are one here.
func TestSpellings(t *testing.T) {
	for _, row := range []struct {
		name   string
		one    proxy.Header
		others []proxy.Header
	}{
		{"a token", fakehost.Headers("authorization", "Bearer Tok-en_1")[0], fakehost.Headers("authorization", "bearer Tok-en_1", "authorization", "Bearer   Tok-en_1",
			"authorization", "Token Tok-en_1", "authorization", "ApiKey tok-en_1", "authorization", "DPoP Tok-en_1", "authorization", "TOK-EN_1",
			"x-api-key", "Tok-en_1", "x_api_key", "Tok-en_1", "x-api-key", "tOK-EN_1", "x-api-key", "Tok-en_1==", "x-api-key", "Tok+en/1",
			"cookie", "session=Tok-en_1", "cookie", "sid=%54ok%2den_1", "cookie", `session="Tok-en_1"`)},
		{"a JWT", fakehost.Headers("authorization", "Bearer "+jwt+".c2lnbmF0dXJl")[0], fakehost.Headers("authorization", "Bearer "+jwt+".c2lnbmF0dXJm", "authorization", "Bearer "+jwt+".",
			"authorization", "Bearer "+jwt+".other", "x-api-key", jwt+".c2lnbmF0dXJl")},
		{"a password", fakehost.Headers("authorization", basic("Alice", "x"))[0], fakehost.Headers("authorization", basic("alice", "x"), "authorization", basic(" ALICE ", "x"),
			"authorization", basic("Alice", "y"), "authorization", strings.Replace(basic("Alice", "x"), "Basic", "bASIC", 1))},
	} {
		want := spellingOf(row.one)
		if want == "" {
			t.Errorf("%s has no spelling", row.name)
		}
		for _, other := range row.others {
			if got := spellingOf(other); got != want {
				t.Errorf("%s: %v is %q, want %q", row.name, other, got, want)
			}
		}
	}
}

func TestSpellingsOfDifferentCredentials(t *testing.T) {
	seen := map[string]string{}
	for _, h := range fakehost.Headers(
		"authorization", "Bearer a", "authorization", "Bearer b", "authorization", "Bearer ab", "x-api-key", "sk.live.1", "x-api-key", "sk.live.2",
		"authorization", "Bearer "+jwt+".s", "authorization", "Bearer "+strings.Replace(jwt, "9.ey", "9.fy", 1)+".s",
		"authorization", "Bearer eyJ.a", "authorization", "Bearer eyJ.b", "authorization", "Bearer eyJ.a.b.c", "authorization", "Bearer eyJ.a.b.d",
		"authorization", basic("a", "x"), "authorization", basic("b", "x"), "authorization", basic("ab", "x"),
		"cookie", "session=%zz", "cookie", "session=%4", "cookie", "session=%4a", "x-api-key", "%4a%4a", "x-api-key", "jj",
	) {
		spelling := spellingOf(h)
		if other, known := seen[spelling]; known || spelling == "" {
			t.Errorf("%v is %q, as %s is", h, spelling, other)
		}
		seen[spelling] = h.Value
	}
}

// Where the service could take another part of the value for the credential, the client
// would choose the spelling. "t u" is the scheme t with the token u.
func TestNoSpelling(t *testing.T) {
	for _, value := range []string{"Foo t", "t u", "Digest username", "AWS4-HMAC-SHA256 Credential=a", "Negotiate abc", "Basic YWxpY2U6", "Basic YWxp*Y2U6eA==", "Basic YWxpY2U"} {
		spelling := spellingOf(proxy.Header{Name: caller.Authorization, Value: value})
		if ok := value == "Basic YWxpY2U6"; ok != (spelling != "") {
			t.Errorf("%q is %q", value, spelling)
		}
	}
}

// FuzzSpelling checks that letter case makes no other spelling, and that a Basic
// credential has one only if it is a pair.
func FuzzSpelling(f *testing.F) {
	for _, token := range []string{"t", "YWxpY2U6eA==", "a,b", "", "%41", "%4", jwt + ".s", "\xff", "t=="} {
		for _, scheme := range []string{"", "Bearer", "bearer", "Basic", "Token", "Digest"} {
			f.Add(scheme, token, false)
			f.Add(scheme, token, true)
		}
	}
	f.Fuzz(func(t *testing.T, scheme, token string, cookie bool) {
		one := caller.Credential{Scheme: scheme, Token: token}
		if cookie {
			one.Carrier = caller.InCookie
		}
		again := one
		again.Scheme = upper(scheme)
		if !strings.EqualFold(scheme, "basic") && !strings.HasPrefix(token, "eyJ") {
			again.Token = upper(token)
		}
		spelling, ok := appendSpelling(nil, &one)
		same, sameOK := appendSpelling(nil, &again)
		if ok != sameOK || !bytes.Equal(spelling, same) {
			t.Fatalf("%+v is %q and %+v is %q", one, spelling, again, same)
		}
		if after, afterOK := appendSpelling([]byte("before"), &one); afterOK != ok || ok && !bytes.Equal(after, append([]byte("before"), spelling...)) {
			t.Fatalf("%+v appends %q", one, after)
		}
		if pair, err := base64.StdEncoding.DecodeString(token); strings.EqualFold(scheme, "basic") && ok != (err == nil && bytes.IndexByte(pair, ':') >= 0) {
			t.Fatalf("%+v: %v, %q", one, ok, pair)
		}
	})
}

// upper is strings.ToUpper for ASCII letters.
func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}
