package filter

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

// FuzzBasicUser: what net/http takes for the user of a Basic credential is the
// user here. The other way round there is more to be read: a user is forgiven
// whatever his client puts around the pair.
func FuzzBasicUser(f *testing.F) {
	for _, seed := range []string{"Basic YWxpY2U6d29uZGVybGFuZA==", "basic Og==", "BASIC YWxpY2U=", "Basic  YTpi ", "Basic", "Basic ",
		"Basic ====", "Basic YTpi\n", "Basic w6k6w6k=", "Bearer YTpi", "", "Basic YTpi,Basic Yzpk", "Basic YTo6Yjo6"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		user, ok := basicUser(value)
		request := http.Request{Header: http.Header{"Authorization": {value}}}
		if want, _, found := request.BasicAuth(); found && (!ok || user != want) {
			t.Fatalf("%q is the user %q, %v; net/http has %q", value, user, ok, want)
		}
		if !ok {
			return
		}
		if strings.Contains(user, ":") {
			t.Fatalf("the user of %q has a colon: %q", value, user)
		}
		// Whatever the password, it is the same principal.
		again := "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":another"))
		c := &parseConfig(t, "").Credentials
		if a, b := principal(c, hdr("authorization", value), nil), principal(c, hdr("authorization", again), nil); !bytes.Equal(a, b) {
			t.Fatalf("%q is %q and %q is %q", value, a, again, b)
		}
	})
}

// FuzzCookie: where net/http finds a cookie with a value, one is found here.
func FuzzCookie(f *testing.F) {
	for _, seed := range []string{"s=1", "a=b; s=1", `s="1"`, "s=", "s", ";;;", "s=1; s=2", "a=s=1", "S=1", " s = 1 ", "s=a=b", `s="`, "s=\x00", "s=1,2", "s=\u00e9", "s =0;s=", "\rs=0"} {
		f.Add(seed, "s")
	}
	f.Add("__Host-id=x", "__Host-id")
	f.Fuzz(func(t *testing.T, field, name string) {
		value := cookie(field, name)
		if !strings.Contains(field, value) || strings.Contains(value, ";") {
			t.Fatalf("%q has a cookie %q that is %q", field, name, value)
		}
		request := http.Request{Header: http.Header{"Cookie": {field}}}
		for _, c := range request.Cookies() {
			if c.Name == name && strings.Trim(c.Value, blanks+`"`) != "" && value == "" {
				t.Fatalf("%q has no cookie %q; net/http has %q", field, name, c.Value)
			}
		}
	})
}
