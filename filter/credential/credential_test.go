package credential

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

func newReader(t testing.TB, json string) *Reader {
	t.Helper()
	c := fakehost.ParseConfig(t, json)
	return New(&c.Credentials)
}

// hdr is short for the many rows that need it.
var hdr = fakehost.Headers

func TestPresents(t *testing.T) {
	const cookies = `{"credentials": {"headers": ["authorization"], "cookies": ["session", "SID"]}}`
	for i, row := range []struct {
		json    string
		headers []proxy.Header
		want    bool
	}{
		{"", nil, false},
		{"", hdr("authorization", "Bearer x"), true},
		{"", hdr("authorization", "bEaReR x"), true},
		{"", hdr("authorization", "x"), true},
		{"", hdr("authorization", "Basic Og=="), true},
		{"", hdr("x-api-key", "k"), true},
		{"", hdr("x-api-key", "", "x-api-key", "k"), true},
		{"", hdr("authorization", "", "x-api-key", "k"), true},
		{"", hdr("authorization", "Bearer", "x-api-key", "k"), true},
		{"", hdr("authorization", ""), false},
		{"", hdr("authorization", " \t"), false},
		{"", hdr("authorization", ","), false},
		{"", hdr("authorization", "Bearer"), false},
		{"", hdr("authorization", "bearer "), false},
		{"", hdr("authorization", "Bearer ,"), false},
		{"", hdr("authorization", "BASIC"), false},
		{"", hdr("authorization", "DPoP"), false},
		{"", hdr("authorization", "Digest"), false},
		{"", hdr("authorization", "Negotiate"), false},
		{"", hdr("authorization", "Bearerx"), true},
		{"", hdr("x-other", "k"), false},
		{"", hdr("cookie", "session=x"), false},

		{cookies, hdr("x-api-key", "k"), false},
		{cookies, hdr("cookie", "session=x"), true},
		{cookies, hdr("cookie", "a=b; session=x"), true},
		{cookies, hdr("cookie", "a=b;session=x;c=d"), true},
		{cookies, hdr("cookie", "a=b", "cookie", "SID=x"), true},
		{cookies, hdr("cookie", `session="x"`), true},
		{cookies, hdr("cookie", "session=a=b"), true},
		{cookies, hdr("cookie", "session="), false},
		{cookies, hdr("cookie", `session=""`), false},
		{cookies, hdr("cookie", "session"), false},
		{cookies, hdr("cookie", "Session=x"), false},
		{cookies, hdr("cookie", "xsession=x; sessionx=y"), false},
		{cookies, hdr("cookie", "a=session=x"), false},
		{cookies, hdr("cookie", ";;;"), false},
		{cookies, hdr("cookie", "session=; SID=x"), true},
		{`{"credentials": {"headers": ["X-Token"]}}`, hdr("x-token", "k"), true},
		{`{"credentials": {"headers": []}}`, hdr("authorization", "Bearer x"), false},
	} {
		if got := newReader(t, row.json).Presents(row.headers); got != row.want {
			t.Errorf("%d: %v presents a credential: %v", i, row.headers, got)
		}
	}
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestPrincipal(t *testing.T) {
	r := newReader(t, `{"credentials": {"headers": ["authorization", "x-api-key"], "cookies": ["s"]}}`)
	for i, row := range []struct {
		a, b []proxy.Header
		same bool
	}{
		{hdr("authorization", "Bearer x"), hdr("authorization", "Bearer x"), true},
		{hdr("authorization", "Bearer x"), hdr("authorization", "Bearer y"), false},
		{hdr("authorization", "Bearer x"), hdr("authorization", "Bearer X"), false},
		{hdr("authorization", "Bearer x"), hdr("x-api-key", "Bearer x"), false},
		{hdr("authorization", "x", "x-api-key", "y"), hdr("authorization", "xy"), false},
		{hdr("authorization", "x", "x-api-key", "y"), hdr("authorization", "x"), false},
		{hdr("authorization", "x", "x-other", "y"), hdr("authorization", "x"), true},
		{hdr("authorization", "x", "x-api-key", ""), hdr("authorization", "x"), true},

		// A Basic pair has the name of its user.
		{hdr("authorization", basic("ann", "1")), hdr("authorization", basic("ann", "2")), true},
		{hdr("authorization", basic("ann", "1")), hdr("authorization", "basic "+basic("ann", "2")[6:]), true},
		{hdr("authorization", basic("ann", "a:b")), hdr("authorization", basic("ann", "")), true},
		{hdr("authorization", basic("ann", "1")), hdr("authorization", basic("bob", "1")), false},
		{hdr("authorization", basic("", "1")), hdr("authorization", basic("bob", "1")), false},
		{hdr("authorization", basic("ann", "1")), hdr("authorization", "ann"), false},
		{hdr("authorization", basic("x", "1")), hdr("x-api-key", "x"), false},
		// Other Basic credentials have the names of themselves.
		{hdr("authorization", "Basic !!!"), hdr("authorization", "Basic !!?"), false},
		{hdr("authorization", "Basic YQ=="), hdr("authorization", "Basic Yg=="), false},

		{hdr("cookie", "s=1"), hdr("cookie", "a=b; s=1"), true},
		{hdr("cookie", "s=1"), hdr("cookie", "s=2"), false},
		{hdr("cookie", "s=1"), hdr("authorization", "1"), false},
	} {
		a, b := r.AppendPrincipal(nil, row.a), r.AppendPrincipal(nil, row.b)
		if same := bytes.Equal(a, b); same != row.same {
			t.Errorf("%d: %v and %v are the same: %v", i, row.a, row.b, same)
		}
	}
	if got := r.AppendPrincipal(nil, hdr("x-other", "x", "authorization", "Bearer")); len(got) != 0 {
		t.Errorf("no credential is %q", got)
	}
}

// The name of whole credentials tells passwords of a user apart.
func TestWhole(t *testing.T) {
	r := newReader(t, `{"credentials": {"headers": ["authorization", "x-api-key"], "cookies": ["s"]}}`)
	for i, row := range []struct {
		a, b []proxy.Header
		same bool
	}{
		{hdr("authorization", "Bearer x"), hdr("authorization", "Bearer x"), true},
		{hdr("authorization", "Bearer x"), hdr("authorization", "Bearer y"), false},
		{hdr("authorization", "Bearer x"), hdr("x-api-key", "Bearer x"), false},
		{hdr("authorization", basic("ann", "1")), hdr("authorization", basic("ann", "1")), true},
		{hdr("authorization", basic("ann", "1")), hdr("authorization", basic("ann", "2")), false},
		{hdr("cookie", "s=1"), hdr("cookie", "a=b; s=1"), true},
		{hdr("cookie", "s=1"), hdr("x-api-key", "1"), false},
	} {
		a, b := r.AppendWhole(nil, row.a), r.AppendWhole(nil, row.b)
		if same := bytes.Equal(a, b); same != row.same || len(a) == 0 {
			t.Errorf("%d: %v and %v are the same: %v", i, row.a, row.b, same)
		}
	}
	if got := r.AppendWhole([]byte("before"), hdr("x-other", "x", "authorization", "Bearer")); string(got) != "before" {
		t.Errorf("no credential appends %q", got)
	}
}

func TestBasicAccount(t *testing.T) {
	r := newReader(t, `{"credentials": {"headers": ["authorization", "x-api-key"]}}`)
	for i, row := range []struct {
		headers []proxy.Header
		want    string
	}{
		{hdr("authorization", basic("Ann ", "1")), "ann"},
		{hdr("authorization", "Bearer t", "authorization", basic("ann", "1")), "ann"},
		{hdr("authorization", basic("ann", "1"), "authorization", basic("bob", "1")), "ann"},
		{hdr("x-api-key", basic("ann", "1")), ""}, // services read it in one header only
		{hdr("authorization", "Bearer t"), ""},
		{hdr("authorization", "Basic !!!"), ""},
		{hdr("authorization", basic("", "1")), ""},
		{nil, ""},
	} {
		if got := r.BasicAccount(row.headers); got != row.want {
			t.Errorf("%d: %v attempts the account %q, want %q", i, row.headers, got, row.want)
		}
	}
	// A service that is not configured to take credentials there does not read them.
	if got := newReader(t, `{"credentials": {"headers": ["x-api-key"]}}`).BasicAccount(hdr("authorization", basic("ann", "1"))); got != "" {
		t.Errorf("the account is %q", got)
	}
}

func TestDecodedAccount(t *testing.T) {
	for user, want := range map[string]string{
		"": "", "ann": "ann", "%61nn": "ann", "%41nn": "ann", "a+b": "a b", "+ann%20": "ann", "a%2Bb": "a+b", "%2561nn": "%61nn", "100%": "100%",
	} {
		if got := DecodedAccount(user); got != want {
			t.Errorf("%q is taken for %q, want %q", user, got, want)
		}
	}
}

func TestReaderAllocatesNothing(t *testing.T) {
	r := newReader(t, `{"credentials": {"headers": ["authorization", "x-api-key"], "cookies": ["s"]}}`)
	out := make([]byte, 0, 1024)
	headers := hdr(":path", "/x?a=b&api_key=k&access_token=%75ndefined", "authorization", "Bearer x", "x_api_key", "y", "cookie", "a=b; s=1",
		"sec-websocket-protocol", "bearer.t")
	if n := testing.AllocsPerRun(100, func() {
		r.Presents(headers)
		r.AppendWhole(out, headers[:3])
		r.AppendPrincipal(out, headers[:3])
		r.BasicAccount(headers)
		r.Single(headers)
	}); n != 0 {
		t.Errorf("%.0f allocations", n)
	}
}

func FuzzCredential(f *testing.F) {
	for _, seed := range []string{"Bearer x", "Basic YTpi", "basic", "", "s=1", "a=b; s=", ";=", "Basic ====", " , "} {
		f.Add(seed)
	}
	r := newReader(f, `{"credentials": {"headers": ["authorization"], "cookies": ["s"]}}`)
	f.Fuzz(func(t *testing.T, value string) {
		headers := hdr("authorization", value, "cookie", value)
		presents := r.Presents(headers)
		if presents != (len(r.AppendPrincipal(nil, headers)) > 0) || presents != (len(r.AppendWhole(nil, headers)) > 0) {
			t.Fatalf("%q presents a credential: %v, and has a name or none", value, presents)
		}
	})
}

// FuzzPrincipalOfUser: whatever the password, a user is the same principal.
func FuzzPrincipalOfUser(f *testing.F) {
	for _, seed := range []string{"Basic YWxpY2U6d29uZGVybGFuZA==", "basic Og==", "BASIC YWxpY2U=", "Basic  YTpi ", "Basic", "Basic ",
		"Basic ====", "Basic YTpi\n", "Basic w6k6w6k=", "Bearer YTpi", "", "Basic YTpi,Basic Yzpk", "Basic YTo6Yjo6"} {
		f.Add(seed)
	}
	r := newReader(f, "")
	f.Fuzz(func(t *testing.T, value string) {
		user, ok := caller.BasicUser(strings.Trim(value, " \t,"))
		if !ok {
			return
		}
		again := basic(user, "another")
		if a, b := r.AppendPrincipal(nil, hdr("authorization", value)), r.AppendPrincipal(nil, hdr("authorization", again)); !bytes.Equal(a, b) {
			t.Fatalf("%q is %q and %q is %q", value, a, again, b)
		}
	})
}
