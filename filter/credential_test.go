package filter

import (
	"bytes"
	"encoding/base64"
	"math/rand"
	"testing"
)

func TestPresents(t *testing.T) {
	const cookies = `{"credentials": {"headers": ["authorization"], "cookies": ["session", "SID"]}}`
	for i, row := range []struct {
		json    string
		headers []Header
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
		if got := presents(&parseConfig(t, row.json).Credentials, row.headers); got != row.want {
			t.Errorf("%d: %v presents a credential: %v", i, row.headers, got)
		}
	}
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestPrincipal(t *testing.T) {
	c := &parseConfig(t, `{"credentials": {"headers": ["authorization", "x-api-key"], "cookies": ["s"]}}`).Credentials
	for i, row := range []struct {
		a, b []Header
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

		// A Basic pair is its user.
		{hdr("authorization", basic("ann", "1")), hdr("authorization", basic("ann", "2")), true},
		{hdr("authorization", basic("ann", "1")), hdr("authorization", "basic "+basic("ann", "2")[6:]), true},
		{hdr("authorization", basic("ann", "a:b")), hdr("authorization", basic("ann", "")), true},
		{hdr("authorization", basic("ann", "1")), hdr("authorization", basic("bob", "1")), false},
		{hdr("authorization", basic("", "1")), hdr("authorization", basic("bob", "1")), false},
		{hdr("authorization", basic("ann", "1")), hdr("authorization", "ann"), false},
		{hdr("authorization", basic("x", "1")), hdr("x-api-key", "x"), false},
		// What is no pair is itself.
		{hdr("authorization", "Basic !!!"), hdr("authorization", "Basic !!?"), false},
		{hdr("authorization", "Basic YQ=="), hdr("authorization", "Basic Yg=="), false},

		{hdr("cookie", "s=1"), hdr("cookie", "a=b; s=1"), true},
		{hdr("cookie", "s=1"), hdr("cookie", "s=2"), false},
		{hdr("cookie", "s=1"), hdr("authorization", "1"), false},
	} {
		a, b := principal(c, row.a, nil), principal(c, row.b, nil)
		if same := bytes.Equal(a, b); same != row.same {
			t.Errorf("%d: %v and %v are the same: %v", i, row.a, row.b, same)
		}
	}
	if got := principal(c, hdr("x-other", "x", "authorization", "Bearer"), nil); len(got) != 0 {
		t.Errorf("no credential is %q", got)
	}
}

// TestPartsAreInjective takes random sequences of parts: no two write the same.
func TestPartsAreInjective(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	seen := map[string]string{}
	for i := 0; i < 20_000; i++ {
		var bytes []byte
		parts := ""
		for n := random.Intn(4); n > 0; n-- {
			part := make([]byte, random.Intn(4))
			for j := range part {
				part[j] = byte(random.Intn(3))
			}
			bytes = appendPart(bytes, string(part))
			parts += "|" + base64.StdEncoding.EncodeToString(part)
		}
		if before, found := seen[string(bytes)]; found && before != parts {
			t.Fatalf("%s and %s are both %x", before, parts, bytes)
		}
		seen[string(bytes)] = parts
	}
}

func FuzzCredential(f *testing.F) {
	for _, seed := range []string{"Bearer x", "Basic YTpi", "basic", "", "s=1", "a=b; s=", ";=", "Basic ====", " , "} {
		f.Add(seed)
	}
	c := &parseConfig(f, `{"credentials": {"headers": ["authorization"], "cookies": ["s"]}}`).Credentials
	f.Fuzz(func(t *testing.T, value string) {
		headers := hdr("authorization", value, "cookie", value)
		if presents(c, headers) != (len(principal(c, headers, nil)) > 0) {
			t.Fatalf("%q presents a credential, and it has no name, or the other way round", value)
		}
	})
}
