package config

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSuggest(t *testing.T) {
	lockout := []string{"failures", "window", "duration", "escalate", "statuses", "count_anonymous", "mode"}
	for _, row := range []struct{ key, want string }{
		{"windw", "window"},
		{"widnow", "window"},
		{"Window", "window"},
		{"failure", "failures"},
		{"status", "statuses"},
		{"countAnonymous", "count_anonymous"},
		{"count-anonymous", "count_anonymous"},
		{"modes", "mode"},
		{"max", ""},
		{"limit", ""},
		{"", ""},
		{strings.Repeat("x", 100000), ""},
	} {
		want := "the keys here are " + strings.Join(lockout, ", ")
		if row.want != "" {
			want = `did you mean "` + row.want + `"?`
		}
		if got := suggest(row.key, lockout, "keys here"); got != want {
			t.Errorf("%.20q: got %s, want %s", row.key, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"abc", "abc", 0}, {"abc", "abd", 1},
		{"abc", "bc", 1}, {"abc", "xabc", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 2},
	} {
		if got := distance(row.a, row.b, 9); got != row.want {
			t.Errorf("%q to %q: got %d, want %d", row.a, row.b, got, row.want)
		}
	}
}

func TestClip(t *testing.T) {
	for _, text := range []string{"", "short", strings.Repeat("x", 64), strings.Repeat("x", 65), "x" + strings.Repeat("é", 40)} {
		got := clip(text)
		if len(got) > maxQuoted+len("...") || !utf8.ValidString(got) {
			t.Errorf("%q became %q", text, got)
		}
		if whole := len(text) <= maxQuoted; whole != (got == text) {
			t.Errorf("%q became %q", text, got)
		}
	}
}
