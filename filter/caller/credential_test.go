package caller

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

func TestIsBearer(t *testing.T) {
	for _, row := range []struct {
		credential Credential
		in, bearer bool
	}{
		{Credential{Place: "authorization", Scheme: "Bearer", Token: "t"}, true, true},
		{Credential{Place: "authorization", Scheme: "bEARER", Token: "t"}, true, true},
		{Credential{Place: "authorization", Scheme: "DPoP", Token: "t"}, true, false},
		{Credential{Place: "authorization", Token: "t"}, true, false},
		{Credential{Place: "authorization", Carrier: InCookie, Scheme: "Bearer", Token: "t"}, false, false},
		{Credential{Place: "authorization", Carrier: InQuery, Scheme: "Bearer", Token: "t"}, false, false},
		{Credential{Place: "x-api-key", Scheme: "Bearer", Token: "t"}, false, false},
		{Credential{}, false, false},
	} {
		if c := row.credential; c.InAuthorization() != row.in || c.IsBearer() != row.bearer {
			t.Errorf("%+v is in Authorization: %v, and a bearer token: %v", c, c.InAuthorization(), c.IsBearer())
		}
	}
}

func TestPairUser(t *testing.T) {
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for in, want := range map[string]string{
		encode("ann:1"): "ann", encode("ann:a:b"): "ann", encode(":1"): "", encode("ann:"): "ann", encode(":"): "",
	} {
		if user, ok := PairUser(in); !ok || user != want {
			t.Errorf("%q is of %q, %v, want %q", in, user, ok, want)
		}
	}
	for _, in := range []string{"", encode("ann"), "====", "!!!", "YTpi,Yzpk", "YTpiIQ"} {
		if user, ok := PairUser(in); ok {
			t.Errorf("%q is of %q", in, user)
		}
	}
}

func TestAccount(t *testing.T) {
	for in, want := range map[string]string{
		"alice": "alice", "Alice ": "alice", " \tALICE\n": "alice", "\u00a0alice": "alice", "a b": "a b", "É": "É", "": "", " ": "",
	} {
		if got := Account(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// FuzzBasicUser: a user that net/http finds in a Basic credential is found here, too. The
// filter may find a user that net/http does not: a failure of the user must count,
// whatever the client puts around the pair.
func FuzzBasicUser(f *testing.F) {
	for _, seed := range []string{"Basic YWxpY2U6d29uZGVybGFuZA==", "basic Og==", "BASIC YWxpY2U=", "Basic  YTpi ", "Basic", "Basic ",
		"Basic ====", "Basic YTpi\n", "Basic w6k6w6k=", "Bearer YTpi", "", "Basic YTpi,Basic Yzpk", "Basic YTo6Yjo6"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		user, ok := BasicUser(value)
		request := http.Request{Header: http.Header{"Authorization": {value}}}
		if want, _, found := request.BasicAuth(); found && (!ok || user != want) {
			t.Fatalf("%q is the user %q, %v; net/http has %q", value, user, ok, want)
		}
		if strings.Contains(user, ":") {
			t.Fatalf("the user of %q has a colon: %q", value, user)
		}
	})
}
