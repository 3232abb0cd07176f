package filter

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gatewarden/gatewarden/config"
)

var answerClaims = &config.Claims{
	Subject: []string{"sub"}, Tenant: []string{"org", "id"}, Tier: []string{"plan"}, Scopes: []string{"scope"}, Roles: []string{"realm", "roles"},
}

func TestReadIntrospection(t *testing.T) {
	const now, never = 1_800_000_000_000, 100_000_000_000_000
	inactive := introspected{}
	active := func(until int64, id identity) introspected {
		id.verified = true
		return introspected{active: true, until: until, identity: id}
	}
	for _, row := range []struct {
		name, body string
		want       introspected
		ok         bool
	}{
		{"active", `{"active": true}`, active(never, identity{}), true},
		{"all of it", `{"active":true,"sub":"alice","org":{"id":42},"plan":"pro","scope":"a  b","realm":{"roles":["admin","on call",7]},"exp":1800000060,"nbf":1}`,
			active(now+60_000, identity{subject: "alice", tenant: "42", tier: "pro", scopes: []string{"a", "b"}, roles: []string{"admin", "on call", "7"}}), true},
		{"scopes in a list, roles in a text", `{"active":true,"scope":["a b","c"],"realm":{"roles":"x y"}}`,
			active(never, identity{scopes: []string{"a b", "c"}, roles: []string{"x", "y"}}), true},
		{"escapes", `{"\u0061ctive":true,"sub":"\u0061l\u0069ce"}`, active(never, identity{subject: "alice"}), true},
		{"claims that are none", `{"active":true,"sub":["alice"],"org":"acme","plan":{"a":1},"scope":{"a":1},"realm":7}`, active(never, identity{}), true},
		{"a control character", `{"active":true,"sub":"a\u0000b"}`, active(never, identity{}), true},
		{"a number that lost digits", `{"active":true,"sub":9007199254740993}`, active(never, identity{}), true},
		{"null", `{"active":true,"sub":null,"exp":null,"nbf":null}`, active(never, identity{}), true},
		{"a fraction of a second", `{"active":true,"exp":1800000000.5}`, active(now+500, identity{}), true},

		{"inactive", `{"active": false, "sub": "alice"}`, inactive, true},
		{"over", `{"active":true,"exp":1800000000}`, inactive, true},
		{"long over", `{"active":true,"exp":-1e300}`, inactive, true},
		{"far away", `{"active":true,"exp":1e300}`, active(never, identity{}), true},
		{"not yet", `{"active":true,"nbf":1800000061}`, inactive, true},
		{"a clock ahead", `{"active":true,"nbf":1800000060}`, active(never, identity{}), true},

		{"nothing", ``, inactive, false},
		{"no JSON", `<html>`, inactive, false},
		{"cut off", `{"active":true`, inactive, false},
		{"more behind", `{"active":true} x`, inactive, false},
		{"no object", `[{"active":true}]`, inactive, false},
		{"without active", `{"sub":"alice"}`, inactive, false},
		{"a string", `{"active":"true"}`, inactive, false},
		{"a number", `{"active":1}`, inactive, false},
		{"null for active", `{"active":null}`, inactive, false},
		{"active twice", `{"active":false,"active":true}`, inactive, false},
		{"a subject twice", `{"active":true,"sub":"alice","sub":"mallory"}`, inactive, false},
		{"a subject twice, escaped", `{"active":true,"sub":"alice","\u0073ub":"mallory"}`, inactive, false},
		{"a nested claim twice", `{"active":true,"org":{"id":1,"id":2}}`, inactive, false},
		{"an exp that is no time", `{"active":true,"exp":"1800000060"}`, inactive, false},
		{"an nbf that is no time", `{"active":true,"nbf":{}}`, inactive, false},
		{"deep", `{"active":true,"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, inactive, false},
		{"long", `{"active":true,"a":"` + strings.Repeat("x", maxAnswer) + `"}`, inactive, false},
	} {
		got, ok := readIntrospection([]byte(row.body), answerClaims, "", now)
		if ok != row.ok || !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: %+v %v, want %+v %v", row.name, got, ok, row.want, row.ok)
		}
	}
}

func TestIntrospectedAudience(t *testing.T) {
	for _, row := range []struct {
		body string
		want bool
	}{
		{`{"active":true,"aud":"https://api"}`, true},
		{`{"active":true,"aud":["other","https://api"]}`, true},
		{`{"active":true}`, false},
		{`{"active":true,"aud":"other"}`, false},
		{`{"active":true,"aud":"https://api other"}`, false},
		{`{"active":true,"aud":[]}`, false},
		{`{"active":true,"aud":{"https://api":1}}`, false},
	} {
		if got, ok := readIntrospection([]byte(row.body), answerClaims, "https://api", 0); !ok || got.active != row.want {
			t.Errorf("%s: %+v %v, want %v", row.body, got, ok, row.want)
		}
	}
}

// FuzzIntrospection: whatever the answer is, only one that says so makes a token
// active, and what it says of its owner are texts.
func FuzzIntrospection(f *testing.F) {
	for _, seed := range []string{
		`{"active":true,"sub":"alice","exp":1800000060,"aud":["a"],"realm":{"roles":["x"]}}`, `{"active":false}`, `{"active":true,"exp":1e999}`,
		`{"active":true,"sub":"\ud800","scope":"a b","org":{"id":1.5}}`, `[]`, `{"active":true,"active":false}`, "{\"active\":true,\"sub\":\"\xff\"}",
	} {
		f.Add(seed, "")
		f.Add(seed, "a")
	}
	f.Fuzz(func(t *testing.T, body, audience string) {
		const now = 1_800_000_000_000
		said, ok := readIntrospection([]byte(body), answerClaims, audience, now)
		if !ok && !reflect.DeepEqual(said, introspected{}) {
			t.Fatalf("%q is no answer, and says %+v", body, said)
		}
		if said.active != said.identity.verified || said.active && (!ok || said.until <= now || !strings.Contains(body, "true")) {
			t.Fatalf("%q says %+v %v", body, said, ok)
		}
		id := said.identity
		for _, text := range append([]string{id.subject, id.tenant, id.tier}, append(id.scopes, id.roles...)...) {
			if text != "" && (!isText(text) || !utf8.ValidString(text)) {
				t.Fatalf("%q says %q", body, text)
			}
		}
	})
}
