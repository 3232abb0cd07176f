package oauth

import (
	"math/rand"
	"reflect"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	header "github.com/gatewarden/gatewarden/filter/challenge"
)

const ourMetadata = `resource_metadata="https://h/.well-known/oauth-protected-resource/mcp"`

func testChallenge() *challenge {
	return newChallenge(&config.OAuth{Resource: "https://h/mcp", Realm: "mcp", ChallengeScope: []string{"mcp:query", "mcp:tools"}})
}

func TestChallengeLine(t *testing.T) {
	for _, row := range []struct {
		oauth config.OAuth
		want  string
	}{
		{config.OAuth{Resource: "https://h/mcp"}, "Bearer " + ourMetadata},
		{config.OAuth{Resource: "https://h"}, `Bearer resource_metadata="https://h/.well-known/oauth-protected-resource"`},
		{config.OAuth{Resource: "https://h/mcp", Realm: "r"}, `Bearer realm="r", ` + ourMetadata},
		{config.OAuth{Resource: "https://h/mcp", ChallengeScope: []string{"a", "b:c"}}, `Bearer scope="a b:c", ` + ourMetadata},
		{config.OAuth{Resource: "https://h/mcp", Realm: "r", ChallengeScope: []string{"a"}}, `Bearer realm="r", scope="a", ` + ourMetadata},
	} {
		if got := newChallenge(&row.oauth).line(""); got != row.want {
			t.Errorf("%+v is %s, want %s", row.oauth, got, row.want)
		}
	}
}

func TestMerge(t *testing.T) {
	const (
		own    = `Bearer realm="mcp", scope="mcp:query mcp:tools", ` + ourMetadata
		append = `, scope="mcp:query mcp:tools", ` + ourMetadata
		alien  = `Bearer resource_metadata="https://other/x"`
	)
	for _, row := range []struct {
		name        string
		lines, want []string // want nil: unchanged
	}{
		{"no challenge", nil, []string{own}},
		{"an empty line", []string{""}, []string{own}},
		{"commas only", []string{" , ,"}, []string{own}},
		{"another scheme", []string{`Basic realm="c"`}, []string{own, `Basic realm="c"`}},
		{"token68", []string{"Negotiate YWJj=="}, []string{own, "Negotiate YWJj=="}},
		{"token68 of Bearer", []string{"Bearer YWJj=="}, []string{own, "Bearer YWJj=="}},
		{"jwt_authn, no token", []string{`Bearer realm="http://host/path"`}, []string{`Bearer realm="http://host/path"` + append}},
		{"jwt_authn, bad token", []string{`Bearer realm="http://host/path", error="invalid_token"`},
			[]string{`Bearer realm="http://host/path", error="invalid_token"` + append}},
		{"its own scope", []string{`Bearer scope="x"`}, []string{`Bearer scope="x", ` + ourMetadata}},
		{"its own scope in capitals", []string{`bearer SCOPE=x`}, []string{`bearer SCOPE=x, ` + ourMetadata}},
		{"a scope within a realm", []string{`Bearer realm="scope=x, resource_metadata=y"`},
			[]string{`Bearer realm="scope=x, resource_metadata=y"` + append}},
		{"its own metadata", []string{alien}, nil},
		{"its own metadata in capitals", []string{`BEARER RESOURCE_METADATA = "https://other/x"`}, nil},
		{"metadata in DPoP", []string{`Basic realm="x"`, `DPoP algs="ES256", resource_metadata="https://other/x"`}, nil},
		{"metadata beside others in one line", []string{`Basic realm="x", ` + alien}, nil},
		{"bare", []string{"Bearer"}, []string{`Bearer scope="mcp:query mcp:tools", ` + ourMetadata}},
		{"bare in small letters", []string{"bearer "}, []string{`bearer scope="mcp:query mcp:tools", ` + ourMetadata}},
		{"Bearer comes first", []string{`Basic realm="b"`, `Digest realm="d", nonce="n"`, `Bearer error="invalid_token"`},
			[]string{`Bearer error="invalid_token"` + append, `Basic realm="b"`, `Digest realm="d", nonce="n"`}},
		{"one line each", []string{`Basic realm="b", Bearer error="invalid_token", Negotiate YQ==`},
			[]string{`Bearer error="invalid_token"` + append, `Basic realm="b"`, `Negotiate YQ==`}},
		{"one line each without Bearer", []string{`Basic realm="b", Digest realm="d", nonce="n"`},
			[]string{own, `Basic realm="b"`, `Digest realm="d", nonce="n"`}},
		{"bare in a list", []string{`Negotiate, Bearer, Basic realm="b"`},
			[]string{`Bearer scope="mcp:query mcp:tools", ` + ourMetadata, "Negotiate", `Basic realm="b"`}},
		{"two of Bearer", []string{`Bearer realm="a"`, `Bearer realm="b"`}, []string{own, `Bearer realm="a"`, `Bearer realm="b"`}},
		{"two of Bearer in one line", []string{`Bearer realm="a", Bearer realm="b"`}, []string{own, `Bearer realm="a"`, `Bearer realm="b"`}},
		{"escapes", []string{`Bearer realm="a\", Basic \\", error="x"`}, []string{`Bearer realm="a\", Basic \\", error="x"` + append}},
		{"white space", []string{"\tBearer   realm = \"r\" ,\t error\t=x , "}, []string{"Bearer   realm = \"r\" ,\t error\t=x" + append}},
		{"an empty value", []string{`Bearer realm=""`}, []string{`Bearer realm=""` + append}},

		// What cannot be parsed stays as it is, after ours.
		{"an unquoted URL", []string{`Bearer resource_metadata=https://other/x`}, []string{own, `Bearer resource_metadata=https://other/x`}},
		{"an open quotation", []string{`Basic realm="b`}, []string{own, `Basic realm="b`}},
		{"an open escape", []string{`Basic realm="b\`}, []string{own, `Basic realm="b\`}},
		{"a parameter first", []string{`realm="b"`}, []string{own, `realm="b"`}},
		{"no scheme", []string{`="b"`}, []string{own, `="b"`}},
		{"parameters after token68", []string{`Bearer YQ==, realm="x"`}, []string{own, `Bearer YQ==, realm="x"`}},
		{"no comma", []string{`Bearer realm="x" error="y"`}, []string{own, `Bearer realm="x" error="y"`}},
		{"one line of two", []string{`Bearer realm="x"`, `"`, `Basic a, Basic b`}, []string{own, `Bearer realm="x"`, `"`, `Basic a, Basic b`}},
		{"junk beside its own metadata", []string{`"`, alien}, nil},
	} {
		got, changed := testChallenge().merge(row.lines)
		want := row.want
		if want == nil {
			want = row.lines
		}
		if changed != (row.want != nil) || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q becomes %q (changed: %v), want %q", row.name, row.lines, got, changed, want)
		}
		// A second filter has nothing to add.
		if again, changed := testChallenge().merge(got); changed {
			t.Errorf("%s: %q becomes %q at the second time", row.name, got, again)
		}
	}
}

func TestMergeOfWhatWasBuilt(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	pick := func(words ...string) string { return words[random.Intn(len(words))] }
	for i := 0; i < 20_000; i++ {
		first, line := "", ""
		for n := 1 + random.Intn(4); n > 0; n-- {
			one := pick("Bearer", "bearer", "Basic", "DPoP") + pick("", " YWJj==", ` realm="a, Basic b=c"`, ` scope=x, error="e"`, " resource_metadata = x")
			if first == "" {
				first = one
			}
			line += one + pick(",", ", ", " , ")
		}
		checkMerge(t, []string{line})
		checkMerge(t, []string{line, first})
	}
}

func has(c header.Challenge, param string) bool {
	_, found := c.Param(param)
	return found
}

// checkMerge holds a merge against what is true for every one.
func checkMerge(t *testing.T, lines []string) {
	t.Helper()
	c := testChallenge()
	merged, changed := c.merge(lines)
	if again, changed := c.merge(merged); changed || !reflect.DeepEqual(again, merged) {
		t.Fatalf("%q becomes %q, then %q", lines, merged, again)
	}
	if !changed {
		if !reflect.DeepEqual(merged, lines) {
			t.Fatalf("unchanged, but %q became %q", lines, merged)
		}
		return
	}
	first, ok := header.Parse(merged[0])
	if !ok || len(first) != 1 || !first[0].Is("bearer") || !has(first[0], "resource_metadata") || first[0].Bare {
		t.Fatalf("%q becomes %q, which does not begin with a Bearer challenge", lines, merged)
	}
	var before []string
	readable := true
	for _, line := range lines {
		parsed, ok := header.Parse(line)
		readable = readable && ok
		for _, challenge := range parsed {
			before = append(before, challenge.Text)
		}
	}
	if !readable {
		if !reflect.DeepEqual(merged[1:], lines) {
			t.Fatalf("%q cannot be read and becomes %q", lines, merged)
		}
		return
	}
	metadata := 0
	var after []string
	for i, line := range merged {
		parsed, ok := header.Parse(line)
		if !ok || len(parsed) != 1 {
			t.Fatalf("%q becomes %q: line %d holds %d challenges", lines, merged, i, len(parsed))
		}
		if has(parsed[0], "resource_metadata") {
			metadata++
		}
		if i > 0 {
			after = append(after, line)
		}
	}
	if metadata != 1 {
		t.Fatalf("%q becomes %q: resource_metadata %d times", lines, merged, metadata)
	}
	// All that was there is still there, in order; but one may have moved to the
	// front and grown.
	moved := false
	for i := range before {
		if i < len(after) && before[i] == after[i] && !moved {
			continue
		}
		if !moved && strings.HasPrefix(merged[0], before[i]) {
			moved = true
			after = append(append(append([]string{}, after[:i]...), before[i]), after[i:]...)
			continue
		}
		if i >= len(after) || before[i] != after[i] {
			t.Fatalf("%q becomes %q: %q is lost", lines, merged, before[i])
		}
	}
	if len(after) != len(before) {
		t.Fatalf("%q becomes %q", lines, merged)
	}
}

func FuzzMerge(f *testing.F) {
	for _, seed := range []string{"", "Bearer", `Basic realm="b"`, `Bearer realm="a", Bearer realm="b"`, `Bearer resource_metadata="x"`,
		"Negotiate YQ==", `Basic realm="b\`, "a b=c, d e", `"`, "Bearer YQ==, a=b"} {
		f.Add(seed, `Bearer error="invalid_token"`)
		f.Add(seed, "")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		checkMerge(t, []string{a})
		checkMerge(t, []string{a, b})
	})
}
