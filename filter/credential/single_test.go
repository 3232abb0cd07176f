package credential

import (
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/ascii"
)

var withCookies = &config.Credentials{Headers: []string{"authorization", "x-api-key"}, Cookies: []string{"session", "sid"}}

func TestSingle(t *testing.T) {
	r := New(withCookies)
	for _, row := range []struct {
		name    string
		headers []proxy.Header
		want    string // place, scheme and token; "" if there is not exactly one, or it is not clear
	}{
		{"none", hdr(":path", "/", "x-other", "t"), ""},
		{"a token", hdr("authorization", "Bearer t"), "authorization|Bearer|t"},
		{"in another letter case", hdr("authorization", "bEARER t"), "authorization|bEARER|t"},
		{"with more blanks", hdr("authorization", "Bearer \t t "), "authorization|Bearer|t"},
		{"without a scheme", hdr("authorization", "t"), "authorization||t"},
		{"a scheme alone", hdr("authorization", "Bearer"), ""},
		{"a scheme and blanks", hdr("authorization", "Bearer  "), ""},
		{"a key", hdr("x-api-key", "k"), "x-api-key||k"},
		{"as CGI writes it", hdr("x_api_key", "k"), "x_api_key||k"},
		{"a cookie", hdr("cookie", "a=b; session=s"), "session||s"},
		{"a cookie in quotes", hdr("cookie", `session="s"`), "session||s"},
		{"an empty cookie beside", hdr("cookie", "session=; sid=s"), "sid||s"},
		{"a key beside a scheme alone", hdr("authorization", "Bearer", "x-api-key", "k"), "x-api-key||k"},
		{"two headers", hdr("authorization", "Bearer t", "x-api-key", "k"), ""},
		{"the same twice", hdr("authorization", "Bearer t", "x-api-key", "t"), ""},
		{"two lines", hdr("x-api-key", "k", "x-api-key", "k"), ""},
		{"two spellings of a header", hdr("x-api-key", "k", "x_api_key", "l"), ""},
		{"two lines joined to one", hdr("authorization", "Bearer t,Bearer u"), ""},
		{"joined with an empty line", hdr("authorization", "Bearer t,"), ""},
		{"a comma in a key", hdr("x-api-key", "k,l"), ""},
		{"a header and a cookie", hdr("authorization", "Bearer t", "cookie", "session=s"), ""},
		{"two cookies", hdr("cookie", "session=s; sid=s"), ""},
		{"a cookie twice", hdr("cookie", "session=s; session=s"), ""},
		{"cookies in two lines", hdr("cookie", "session=s", "cookie", "session=t"), ""},
		{"three words", hdr("authorization", "Bearer t u"), ""},
		{"two words in another header", hdr("x-api-key", "Bearer k"), ""},
		{"a blank of another alphabet behind", hdr("authorization", "Bearer t\u00a0"), ""},
		{"a blank of another alphabet before", hdr("authorization", "Bearer\u00a0t"), ""},
		{"a single byte of such a blank", hdr("x-api-key", "k\xa0"), ""},
		{"a letter of another alphabet", hdr("x-api-key", "é"), ""},
		{"in the scheme", hdr("authorization", "Béarer t"), ""},
		{"a tab inside", hdr("x-api-key", "a\tb"), ""},
	} {
		c, ok := r.Single(row.headers)
		got := c.Place + "|" + c.Scheme + "|" + c.Token
		if ok != (row.want != "") || ok && got != row.want {
			t.Errorf("%s: %s, %v; want %s", row.name, got, ok, row.want)
		}
	}
}

// A cookie may have the name of the header: it has no scheme.
func TestSinglePlace(t *testing.T) {
	r := New(&config.Credentials{Headers: []string{"authorization"}, Cookies: []string{"authorization"}})
	if c, ok := r.Single(hdr("cookie", "authorization=Bearer t")); ok {
		t.Errorf("%+v", c)
	}
	c, ok := r.Single(hdr("cookie", "authorization=t"))
	if !ok || c.Carrier != caller.InCookie || c.InAuthorization() || c.Place != "authorization" {
		t.Errorf("%+v, %v", c, ok)
	}
}

// FuzzSingle: a credential is found only in a request that presents exactly one, and it
// is part of what the request presents.
func FuzzSingle(f *testing.F) {
	const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9"
	for _, seed := range []string{"Bearer t", "t", "Basic YWxpY2U6eA==", "Bearer a,Bearer b", "Bearer  t\t", "bearer\u00a0t", "", "Bearer", "a b c", "%41", jwt + ".s", "\xff", "Token t=="} {
		f.Add(seed, "", "")
		f.Add("", seed, "")
		f.Add("", "", "session="+seed)
		f.Add(seed, seed, "sid="+seed)
	}
	r := New(withCookies)
	f.Fuzz(func(t *testing.T, auth, key, field string) {
		headers := hdr("authorization", auth, "x-api-key", key, "cookie", field)
		c, ok := r.Single(headers)
		if v := r.Explain(headers); v.Clear != ok || v.Present != (len(v.Places) > 0) {
			t.Fatalf("%q is explained as %+v", headers, v)
		}
		if !ok {
			return
		}
		if c.Token == "" || !ascii.IsVisible(c.Token) || !ascii.IsVisible(c.Scheme) || !strings.Contains(auth+"\n"+key+"\n"+field, c.Token) {
			t.Fatalf("%q has the credential %+v", headers, c)
		}
		n := 0
		for i := range headers {
			if r.Presents(headers[i : i+1]) {
				n++
			}
		}
		if n != 1 {
			t.Fatalf("%q has %d credentials, and is taken for one", headers, n)
		}
	})
}
