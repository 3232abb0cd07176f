package claim

import (
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gatewarden/gatewarden/filter/caller"
)

func TestIsText(t *testing.T) {
	for s, want := range map[string]bool{
		"a": true, "Ünïcødé 名": true, " ": true, "": false, "a\x00": false, "a\x1f": false, "a\x7f": false, "\xff": false, "a\u0080": true,
	} {
		if got := IsText(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[float64]string{
		0: "0", -7: "-7", 1<<53 - 1: "9007199254740991", 1 - 1<<53: "-9007199254740991", 1 << 53: "", -1 << 53: "",
		1.5: "", math.Inf(1): "", math.Inf(-1): "",
	} {
		if got := Number(n); got != want {
			t.Errorf("%v: %q, want %q", n, got, want)
		}
	}
	if got := Number(math.NaN()); got != "" {
		t.Errorf("NaN: %q", got)
	}
}

func TestSplit(t *testing.T) {
	for _, row := range []struct {
		text, separators string
		want             []string
	}{
		{"", " ", nil}, {" ", " ", []string{}}, {" a  b ", " ", []string{"a", "b"}}, {"a b,c , d", " ,", []string{"a", "b", "c", "d"}},
		{"a b", "", []string{"a b"}}, {"é名 é", " ", []string{"é名", "é"}},
	} {
		if got := Split(row.text, row.separators); !slices.Equal(got, row.want) {
			t.Errorf("%q at %q: %q", row.text, row.separators, got)
		}
	}
}

// No two names are the same bytes.
func TestAppendName(t *testing.T) {
	seen := map[string]caller.Identity{}
	for _, id := range []caller.Identity{
		{}, {Subject: "a"}, {Tenant: "a"}, {Subject: "a", Tenant: "b"}, {Subject: "ab"}, {Subject: "aliceac", Tenant: "me"}, {Subject: "alice", Tenant: "acme"},
	} {
		name := string(AppendName(nil, &id))
		if other, known := seen[name]; known {
			t.Errorf("%+v and %+v are %q", id, other, name)
		}
		seen[name] = id
	}
}

func TestSameAudience(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want bool
	}{
		{"https://h/mcp", "https://h/mcp", true},
		{"https://h/mcp/", "https://h/mcp", true},
		{"https://h/mcp//", "https://h/mcp", false},
		{"https://h", "https://h/", true},
		{"HTTPS://H.Example/mcp", "https://h.example/mcp", true},
		{"https://h/MCP", "https://h/mcp", false},
		{"https://h/mcp", "https://h/mc", false},
		{"https://h/mcp/x", "https://h/mcp", false},
		{"https://h:443/mcp", "https://h/mcp", false},
		{"http://h/mcp", "https://h/mcp", false},
		{"https://h/%6dcp", "https://h/mcp", false},
		{"https://h?A", "https://H?A", true},
		{"https://h?A", "https://h?a", false},
		{"https://h#A", "https://h#a", false},
		{"https://h/x", "https://h?x", false},
		{"https://hx", "https://h/x", false},
		{"account", "account", true},
		{"Account", "account", false},
		{"account/", "account", true},
		{"urn:A", "urn:a", false},
		{"api://App", "api://app", true},
		{"a/B://h", "a/b://h", false},
		{"", "", true},
		{"/", "", true},
		{"", "https://h", false},
		{"https://\xc3\x89", "https://\xc3\xa9", false},
		{"https://@", "https://`", false}, // "@" and "`" differ by the bit that letters do
	} {
		if SameAudience(row.a, row.b) != row.want || SameAudience(row.b, row.a) != row.want {
			t.Errorf("%q and %q are the same: %v", row.a, row.b, !row.want)
		}
	}
}

// FuzzSameAudience compares with a model: the URLs with scheme and host in lower case.
func FuzzSameAudience(f *testing.F) {
	f.Add("https://h/mcp/", "HTTPS://h/mcp")
	f.Add("account", "Account")
	f.Add("a://", "A:///")
	f.Fuzz(func(t *testing.T, a, b string) {
		if got, want := SameAudience(a, b), normalAudience(a) == normalAudience(b); got != want {
			t.Fatalf("%q and %q are the same: %v", a, b, got)
		}
	})
}

func normalAudience(url string) string {
	url = strings.TrimSuffix(url, "/")
	scheme, rest, found := strings.Cut(url, "://")
	if !found || strings.ContainsAny(scheme, "/?#") {
		return url
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	toLower := func(text string) string {
		return strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			return r
		}, text)
	}
	if !utf8.ValidString(url) {
		return url // Map would replace what is no character
	}
	return toLower(scheme) + "://" + toLower(rest[:end]) + rest[end:]
}
