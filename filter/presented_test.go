package filter

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
)

var withCookies = &config.Credentials{Headers: []string{"authorization", "x-api-key"}, Cookies: []string{"session", "sid"}}

func TestSingle(t *testing.T) {
	for _, row := range []struct {
		name    string
		headers []Header
		want    string // place, scheme and token; "": not one, or not clear
	}{
		{"none", hdr(":path", "/", "x-other", "t"), ""},
		{"a token", hdr("authorization", "Bearer t"), "authorization|Bearer|t"},
		{"in another case", hdr("authorization", "bEARER t"), "authorization|bEARER|t"},
		{"with more blanks", hdr("authorization", "Bearer \t t "), "authorization|Bearer|t"},
		{"without a scheme", hdr("authorization", "t"), "authorization||t"},
		{"a scheme alone", hdr("authorization", "Bearer"), ""},
		{"a scheme and blanks", hdr("authorization", "Bearer  "), ""},
		{"a key", hdr("x-api-key", "k"), "x-api-key||k"},
		{"as CGI has it", hdr("x_api_key", "k"), "x_api_key||k"},
		{"a cookie", hdr("cookie", "a=b; session=s"), "session||s"},
		{"a cookie in quotes", hdr("cookie", `session="s"`), "session||s"},
		{"an empty cookie beside", hdr("cookie", "session=; sid=s"), "sid||s"},
		{"a key beside a scheme alone", hdr("authorization", "Bearer", "x-api-key", "k"), "x-api-key||k"},
		{"two headers", hdr("authorization", "Bearer t", "x-api-key", "k"), ""},
		{"the same twice", hdr("authorization", "Bearer t", "x-api-key", "t"), ""},
		{"two lines", hdr("x-api-key", "k", "x-api-key", "k"), ""},
		{"two spellings of a header", hdr("x-api-key", "k", "x_api_key", "l"), ""},
		{"two lines that became one", hdr("authorization", "Bearer t,Bearer u"), ""},
		{"with an empty one", hdr("authorization", "Bearer t,"), ""},
		{"a comma in a key", hdr("x-api-key", "k,l"), ""},
		{"a header and a cookie", hdr("authorization", "Bearer t", "cookie", "session=s"), ""},
		{"two cookies", hdr("cookie", "session=s; sid=s"), ""},
		{"a cookie twice", hdr("cookie", "session=s; session=s"), ""},
		{"in two lines", hdr("cookie", "session=s", "cookie", "session=t"), ""},
		{"three words", hdr("authorization", "Bearer t u"), ""},
		{"two words in another header", hdr("x-api-key", "Bearer k"), ""},
		{"a blank of another alphabet behind", hdr("authorization", "Bearer t\u00a0"), ""},
		{"and before", hdr("authorization", "Bearer\u00a0t"), ""},
		{"a single byte of it", hdr("x-api-key", "k\xa0"), ""},
		{"a letter of another alphabet", hdr("x-api-key", "é"), ""},
		{"a tab inside", hdr("x-api-key", "a\tb"), ""},
	} {
		p, ok := single(withCookies, row.headers)
		got := p.place + "|" + p.scheme + "|" + p.token
		if ok != (row.want != "") || ok && got != row.want {
			t.Errorf("%s: %s, %v; want %s", row.name, got, ok, row.want)
		}
	}
}

// bucketOf is the bucket of a request's credential, "" if it has none.
func bucketOf(headers []Header) string {
	p, ok := single(withCookies, headers)
	if !ok {
		return ""
	}
	bucket, ok := appendBucket(nil, &p)
	if !ok {
		return ""
	}
	return string(bucket)
}

const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9"

// Whatever a lenient service takes for the same credential is the same one here.
func TestBucketOfSpellings(t *testing.T) {
	for _, row := range []struct {
		name        string
		one, others []Header // each of the others by itself
	}{
		{"a token", hdr("authorization", "Bearer Tok-en_1"), hdr("authorization", "bearer Tok-en_1", "authorization", "Bearer   Tok-en_1",
			"authorization", "Token Tok-en_1", "authorization", "ApiKey tok-en_1", "authorization", "DPoP Tok-en_1", "authorization", "TOK-EN_1",
			"x-api-key", "Tok-en_1", "x_api_key", "Tok-en_1", "x-api-key", "tOK-EN_1", "x-api-key", "Tok-en_1==", "x-api-key", "Tok+en/1",
			"cookie", "session=Tok-en_1", "cookie", "sid=%54ok%2den_1", "cookie", `session="Tok-en_1"`)},
		{"a JWT", hdr("authorization", "Bearer "+jwt+".c2lnbmF0dXJl"), hdr("authorization", "Bearer "+jwt+".c2lnbmF0dXJm", "authorization", "Bearer "+jwt+".",
			"authorization", "Bearer "+jwt+".other", "x-api-key", jwt+".c2lnbmF0dXJl")},
		{"a password", hdr("authorization", basic("Alice", "x")), hdr("authorization", basic("alice", "x"), "authorization", basic(" ALICE ", "x"),
			"authorization", basic("Alice", "y"), "authorization", strings.Replace(basic("Alice", "x"), "Basic", "bASIC", 1))},
	} {
		want := bucketOf(row.one)
		if want == "" {
			t.Errorf("%s has no bucket", row.name)
		}
		for _, other := range row.others {
			if got := bucketOf([]Header{other}); got != want {
				t.Errorf("%s: %v is %q, want %q", row.name, other, got, want)
			}
		}
	}
}

func TestBucketsOfDifferentCredentials(t *testing.T) {
	seen := map[string]string{}
	for _, h := range hdr(
		"authorization", "Bearer a", "authorization", "Bearer b", "authorization", "Bearer ab", "x-api-key", "sk.live.1", "x-api-key", "sk.live.2",
		"authorization", "Bearer "+jwt+".s", "authorization", "Bearer "+strings.Replace(jwt, "9.ey", "9.fy", 1)+".s",
		"authorization", "Bearer eyJ.a", "authorization", "Bearer eyJ.b", "authorization", "Bearer eyJ.a.b.c", "authorization", "Bearer eyJ.a.b.d",
		"authorization", basic("a", "x"), "authorization", basic("b", "x"), "authorization", basic("ab", "x"),
		"cookie", "session=%zz", "cookie", "session=%4", "cookie", "session=%4a", "x-api-key", "%4a%4a",
	) {
		bucket := bucketOf([]Header{h})
		if other, known := seen[bucket]; known || bucket == "" {
			t.Errorf("%v is %q, as %s is", h, bucket, other)
		}
		seen[bucket] = h.Value
	}
}

// Where the service could look at another part than is looked at here, whoever
// writes it would choose the bucket.
func TestNoBucket(t *testing.T) {
	for _, value := range []string{"Foo t", "t u", "Digest username", "AWS4-HMAC-SHA256 Credential=a", "Negotiate abc", "Basic YWxpY2U6", "Basic YWxp*Y2U6eA==", "Basic YWxpY2U"} {
		bucket := bucketOf(hdr("authorization", value))
		if ok := value == "Basic YWxpY2U6"; ok != (bucket != "") {
			t.Errorf("%q is %q", value, bucket)
		}
	}
}

// FuzzPresented: of what a client sends, a credential is found only where there is
// one; letter case, quotes and blanks around it make no other bucket of it.
func FuzzPresented(f *testing.F) {
	for _, seed := range []string{"Bearer t", "t", "Basic YWxpY2U6eA==", "Bearer a,Bearer b", "Bearer  t\t", "bearer\u00a0t", "", "Bearer", "a b c", "%41", jwt + ".s", "\xff", "Token t=="} {
		f.Add(seed, "", "")
		f.Add("", seed, "")
		f.Add("", "", "session="+seed)
		f.Add(seed, seed, "sid="+seed)
	}
	f.Fuzz(func(t *testing.T, auth, key, field string) {
		headers := hdr("authorization", auth, "x-api-key", key, "cookie", field)
		p, ok := single(withCookies, headers)
		if ok != presents(withCookies, headers) && ok {
			t.Fatalf("%q has a credential and presents none", headers)
		}
		if !ok {
			return
		}
		if p.token == "" || !isVisible(p.token) || !isVisible(p.scheme) || !strings.Contains(auth+"\n"+key+"\n"+field, p.token) {
			t.Fatalf("%q has the credential %+v", headers, p)
		}
		n := 0
		for i := range headers {
			if presents(withCookies, headers[i:i+1]) {
				n++
			}
		}
		if n != 1 {
			t.Fatalf("%q has %d credentials, and is taken for one", headers, n)
		}
		bucket, ok := appendBucket(nil, &p)
		again := p
		again.scheme = strings.ToUpper(p.scheme)
		if !strings.EqualFold(p.scheme, "basic") {
			if again.token = strings.ToUpper(p.token); strings.HasPrefix(p.token, "eyJ") {
				again.token = p.token
			}
		}
		same, sameOK := appendBucket(nil, &again)
		if ok != sameOK || !bytes.Equal(bucket, same) {
			t.Fatalf("%+v is %q and %+v is %q", p, bucket, again, same)
		}
		if user, err := base64.StdEncoding.DecodeString(p.token); strings.EqualFold(p.scheme, "basic") && ok != (err == nil && bytes.IndexByte(user, ':') >= 0) {
			t.Fatalf("%+v: %v, %q", p, ok, user)
		}
	})
}
