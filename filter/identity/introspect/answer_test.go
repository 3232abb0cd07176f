package introspect

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/identity/claim"
)

var answerClaims = &config.Claims{
	Subject: []string{"sub"}, Tenant: []string{"org", "id"}, Tier: []string{"plan"}, Scopes: []string{"scope"}, Roles: []string{"realm", "roles"},
}

func TestReadAnswer(t *testing.T) {
	const now, never = 1_800_000_000_000, 100_000_000_000_000
	inactive := answer{}
	active := func(until int64, id caller.Identity) answer {
		id.Verified = true
		return answer{active: true, until: until, identity: id}
	}
	for _, row := range []struct {
		name, body string
		want       answer
		ok         bool
	}{
		{"active", `{"active": true}`, active(never, caller.Identity{}), true},
		{"all claims", `{"active":true,"sub":"alice","org":{"id":42},"plan":"pro","scope":"a  b","realm":{"roles":["admin","on call",7]},"exp":1800000060,"nbf":1}`,
			active(now+60_000, caller.Identity{Subject: "alice", Tenant: "42", Tier: "pro", Scopes: []string{"a", "b"}, Roles: []string{"admin", "on call", "7"}}), true},
		{"scopes in an array, roles in a text", `{"active":true,"scope":["a b","c"],"realm":{"roles":"x y"}}`,
			active(never, caller.Identity{Scopes: []string{"a b", "c"}, Roles: []string{"x", "y"}}), true},
		{"escapes", `{"\u0061ctive":true,"sub":"\u0061l\u0069ce"}`, active(never, caller.Identity{Subject: "alice"}), true},
		{"claims of the wrong type", `{"active":true,"sub":["alice"],"org":"acme","plan":{"a":1},"scope":{"a":1},"realm":7}`, active(never, caller.Identity{}), true},
		{"a control character", `{"active":true,"sub":"a\u0000b"}`, active(never, caller.Identity{}), true},
		{"a number that lost digits", `{"active":true,"sub":9007199254740993}`, active(never, caller.Identity{}), true},
		{"null", `{"active":true,"sub":null,"exp":null,"nbf":null}`, active(never, caller.Identity{}), true},
		{"a fraction of a second", `{"active":true,"exp":1800000000.5}`, active(now+500, caller.Identity{}), true},
		{"booleans", `{"active":true,"sub":true,"plan":false}`, active(never, caller.Identity{Subject: "true", Tier: "false"}), true},

		{"inactive", `{"active": false, "sub": "alice"}`, inactive, true},
		{"expired", `{"active":true,"exp":1800000000}`, inactive, true},
		{"long expired", `{"active":true,"exp":-1e300}`, inactive, true},
		{"expires in the far future", `{"active":true,"exp":1e300}`, active(never, caller.Identity{}), true},
		{"not yet valid", `{"active":true,"nbf":1800000061}`, inactive, true},
		{"a clock that is ahead", `{"active":true,"nbf":1800000060}`, active(never, caller.Identity{}), true},

		{"empty", ``, inactive, false},
		{"not JSON", `<html>`, inactive, false},
		{"truncated", `{"active":true`, inactive, false},
		{"more behind it", `{"active":true} x`, inactive, false},
		{"an array", `[{"active":true}]`, inactive, false},
		{"without active", `{"sub":"alice"}`, inactive, false},
		{"active as a string", `{"active":"true"}`, inactive, false},
		{"active as a number", `{"active":1}`, inactive, false},
		{"active as null", `{"active":null}`, inactive, false},
		{"active twice", `{"active":false,"active":true}`, inactive, false},
		{"a subject twice", `{"active":true,"sub":"alice","sub":"mallory"}`, inactive, false},
		{"a subject twice, escaped", `{"active":true,"sub":"alice","\u0073ub":"mallory"}`, inactive, false},
		{"a nested claim twice", `{"active":true,"org":{"id":1,"id":2}}`, inactive, false},
		{"exp as a string", `{"active":true,"exp":"1800000060"}`, inactive, false},
		{"nbf as an object", `{"active":true,"nbf":{}}`, inactive, false},
		{"deeply nested", `{"active":true,"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, inactive, false},
		{"too long", `{"active":true,"a":"` + strings.Repeat("x", maxAnswer) + `"}`, inactive, false},
	} {
		got := readAnswer([]byte(row.body), answerClaims, "", now)
		if (got != nil) != row.ok || row.ok && !reflect.DeepEqual(*got, row.want) {
			t.Errorf("%s: %+v, want %+v %v", row.name, got, row.want, row.ok)
		}
	}
}

func TestAudience(t *testing.T) {
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
		if got := readAnswer([]byte(row.body), answerClaims, "https://api", 0); got == nil || got.active != row.want {
			t.Errorf("%s: %+v, want %v", row.body, got, row.want)
		}
	}
}

// FuzzAnswer checks that only an answer that says so makes a token active, and that the
// claims of its owner are texts.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"active":true,"sub":"alice","exp":1800000060,"aud":["a"],"realm":{"roles":["x"]}}`, `{"active":false}`, `{"active":true,"exp":1e999}`,
		`{"active":true,"sub":"\ud800","scope":"a b","org":{"id":1.5}}`, `[]`, `{"active":true,"active":false}`, "{\"active\":true,\"sub\":\"\xff\"}",
	} {
		f.Add(seed, "")
		f.Add(seed, "a")
	}
	f.Fuzz(func(t *testing.T, body, audience string) {
		const now = 1_800_000_000_000
		said := readAnswer([]byte(body), answerClaims, audience, now)
		if said == nil {
			return
		}
		if said.active != said.identity.Verified || said.active && (said.until <= now || !strings.Contains(body, "true")) {
			t.Fatalf("%q says %+v", body, said)
		}
		id := said.identity
		for _, text := range append([]string{id.Subject, id.Tenant, id.Tier}, append(id.Scopes, id.Roles...)...) {
			if text != "" && (!claim.IsText(text) || !utf8.ValidString(text)) {
				t.Fatalf("%q says %q", body, text)
			}
		}
	})
}
