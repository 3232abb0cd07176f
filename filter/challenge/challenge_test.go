package challenge

import (
	"math/rand"
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for line, want := range map[string][]Challenge{
		"":                {},
		"Basic":           {{Scheme: "Basic", Text: "Basic", Bare: true}},
		"Basic, Digest":   {{Scheme: "Basic", Text: "Basic", Bare: true}, {Scheme: "Digest", Text: "Digest", Bare: true}},
		"a b=c":           {{Scheme: "a", Text: "a b=c"}},
		"a b=c,d=e, f g=": {{Scheme: "a", Text: "a b=c,d=e"}, {Scheme: "f", Text: "f g=", Opaque: true}},
		"a\t,b ,\tc":      {{Scheme: "a", Text: "a", Bare: true}, {Scheme: "b", Text: "b", Bare: true}, {Scheme: "c", Text: "c", Bare: true}},
		"a b, c":          {{Scheme: "a", Text: "a b", Opaque: true}, {Scheme: "c", Text: "c", Bare: true}},
		`a scope="x"`:     {{Scheme: "a", Text: `a scope="x"`}},
		`a x=y, b z="w"`:  {{Scheme: "a", Text: "a x=y"}, {Scheme: "b", Text: `b z="w"`}},
	} {
		got, ok := Parse(line)
		if !ok || len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %+v (%v), want %+v", line, got, ok, want)
		}
	}
	for _, line := range []string{"a b c", "a=b", `a "b"`, "a b=c d", `a b="c`, "@", "a @", "a b=c=", "a b==, c=d", "a\tb=c", "é x=y"} {
		if got, ok := Parse(line); ok {
			t.Errorf("%q is %+v", line, got)
		}
	}
}

func TestParam(t *testing.T) {
	for _, row := range []struct {
		line, name, value string
		found             bool
	}{
		{`Digest realm="r", stale=true`, "stale", "true", true},
		{`Digest stale = "TRUE" ,nonce=x`, "Stale", "TRUE", true},
		{`Digest realm="stale=true", nonce=x`, "stale", "", false},
		{`Digest realm="a \"b\\", stale=no`, "realm", `a "b\`, true},
		{`Digest realm="a \"b\\",, stale=no`, "stale", "no", true},
		{`Digest a="", b=c`, "a", "", true},
		{`Digest a=1, a=2`, "a", "1", true},
		{`Digest`, "digest", "", false},
		{`NTLM stale==`, "stale", "", false},
		{`NTLM stale`, "stale", "", false},
	} {
		all, ok := Parse(row.line)
		if !ok || len(all) != 1 {
			t.Fatalf("%q: %+v, %v", row.line, all, ok)
		}
		if value, found := all[0].Param(row.name); value != row.value || found != row.found {
			t.Errorf("%s of %q: %q, %v", row.name, row.line, value, found)
		}
	}
}

func TestToken68(t *testing.T) {
	for line, want := range map[string]string{"NTLM YWJj==": "YWJj==", "NTLM   a/b+c ": "a/b+c", "NTLM": "", "NTLM a=b": ""} {
		all, ok := Parse(line)
		if !ok || all[0].Token68() != want {
			t.Errorf("%q: %q, %v", line, all[0].Token68(), ok)
		}
	}
}

// param is a parameter that was written.
type param struct{ name, value string }

// built is a challenge that was built, and its parameters.
type built struct {
	Challenge
	params []param
}

// randomChallenge builds a challenge from parts.
func randomChallenge(random *rand.Rand) (b built) {
	pick := func(words ...string) string { return words[random.Intn(len(words))] }
	b.Scheme = pick("Bearer", "bearer", "Basic", "DPoP", "Digest", "Negotiate", "x-y")
	b.Text = b.Scheme
	switch random.Intn(5) {
	case 0:
		b.Bare = true
	case 1:
		b.Opaque = true
		b.Text += " " + pick("YWJj", "YWJj==", "a/b+c=", "realm", "realm==")
	default:
		for i := random.Intn(4); i >= 0; i-- {
			name := pick("realm", "error", "nonce", "scope", "Scope", "resource_metadata", "a")
			written := pick("x", "1.5", `""`, `"a b"`, `"a, Basic b=c"`, `"\""`, `"\\"`, `"é"`)
			b.Text += pick(" ", "  ") + name + pick("=", "=", " = ", "\t=") + written
			plain := strings.NewReplacer(`\"`, `"`, `\\`, `\`, `"`, "").Replace(written)
			b.params = append(b.params, param{name, plain})
			if i > 0 {
				b.Text += pick(",", " ,", ",,")
			}
		}
	}
	return b
}

// checkParams holds the parameters of a challenge to those that were written.
func checkParams(t *testing.T, c *Challenge, want []param) {
	t.Helper()
	seen := map[string]bool{}
	for _, p := range want {
		if name := strings.ToLower(p.name); !seen[name] {
			seen[name] = true
			if value, found := c.Param(name); !found || value != p.value {
				t.Fatalf("%s of %q is %q, %v, want %q", name, c.Text, value, found, p.value)
			}
		}
	}
	if value, found := c.Param("other"); found {
		t.Fatalf("%q has another parameter: %q", c.Text, value)
	}
}

func TestParseIsWhatWasBuilt(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for i := 0; i < 20_000; i++ {
		var want []built
		line := []string{"", " ", ",", " , "}[random.Intn(4)]
		for n := 1 + random.Intn(4); n > 0; n-- {
			want = append(want, randomChallenge(random))
			line += want[len(want)-1].Text
			if n > 1 {
				line += []string{",", ", ", " , ", ",,\t"}[random.Intn(4)]
			}
		}
		got, ok := Parse(line + []string{"", " ", ",", "\t,"}[random.Intn(4)])
		if !ok || len(got) != len(want) {
			t.Fatalf("%q is %+v, want %+v", line, got, want)
		}
		for i := range want {
			if got[i] != want[i].Challenge {
				t.Fatalf("%q is %+v, want %+v", line, got[i], want[i].Challenge)
			}
			checkParams(t, &got[i], want[i].params)
		}
	}
}

// FuzzParse: challenges are parts of their line, and no parameter makes it fail.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "Bearer", `Basic realm="b"`, `Digest stale=true, a="\""`, "Negotiate YQ==", `Basic realm="b\`, "a b=c, d e", "a b=\"\\"} {
		f.Add(seed, "stale")
	}
	f.Fuzz(func(t *testing.T, line, name string) {
		all, _ := Parse(line)
		for i := range all {
			c := &all[i]
			if !strings.Contains(line, c.Text) || !strings.HasPrefix(c.Text, c.Scheme) {
				t.Fatalf("%q has %+v", line, c)
			}
			value, _ := c.Param(name)
			if len(value)+len(c.Token68()) > len(line) {
				t.Fatalf("%q has %q and %q", line, value, c.Token68())
			}
		}
	})
}
