package jsonguard

import (
	"encoding/json"
	"strings"
	"testing"
)

func nested(open, inner, end string, depth int) string {
	return strings.Repeat(open, depth) + inner + strings.Repeat(end, depth)
}

func TestDepth(t *testing.T) {
	for _, row := range []struct {
		json string
		want bool
	}{
		{nested("[", "", "]", MaxDepth), true},
		{nested("[", "", "]", MaxDepth+1), false},
		{nested(`{"a":`, "1", "}", MaxDepth), true},
		{nested(`{"a":`, "1", "}", MaxDepth+1), false},
		{nested(`[{"a":`, "1", "}]", MaxDepth/2), true},
		{nested(`[{"a":`, "1", "}]", MaxDepth/2+1), false},
		{"[" + strings.Repeat("[],", 10_000) + "[]]", true}, // wide is not deep
		{strings.Repeat("[", 10_000_000), false},
		{strings.Repeat(`{"":`, 1_000_000), false},
		{strings.Repeat(`[\`, 1_000_000), false},
		{strings.Repeat("]", 1000) + strings.Repeat("[", 1000), false},
		{strings.Repeat("[}", 1000), false},
		{"[" + strings.Repeat("]", 1000) + strings.Repeat("[", 1000), false},

		// Brackets in strings are text.
		{`"` + strings.Repeat("[", 1000) + `"`, true},
		{`{"` + strings.Repeat("{", 1000) + `":"` + strings.Repeat("]", 1000) + `"}`, true},
		{`["\"` + strings.Repeat("[", 1000) + `"]`, true},
		{`["\\",` + nested("[", "", "]", MaxDepth) + "]", false},
		{`["\\\"` + strings.Repeat("[", 1000) + `"]`, true},
		{`["\\",` + nested("[", "", "]", MaxDepth-1) + "]", true},
		{`["` + strings.Repeat("]", 1000) + `",` + nested("[", "", "]", MaxDepth) + "]", false},
		{`["\u005b\u0022",` + nested("[", "", "]", MaxDepth) + "]", false},
	} {
		if got := Valid([]byte(row.json)); got != row.want {
			t.Errorf("%.60q is valid: %v", row.json, got)
		}
	}
}

func TestValid(t *testing.T) {
	for _, valid := range []string{"1", "-0.5e+7", `""`, "null", "true", "[]", "{}", " [ 1 , 2 ] ", `{"a":{"b":[null]}}`, `"\u00e9\n"`, "\"\xff\""} {
		if !Valid([]byte(valid)) {
			t.Errorf("%q is invalid", valid)
		}
	}
	for _, invalid := range []string{"", " ", "01", "+1", ".5", "1.", "1e", "-", "nul", "True", "'a'", "[1,]", "[,1]", "{,}", `{"a"}`, `{"a":}`,
		`{a:1}`, "[1 2]", "1 2", "[]]", "[", "]", `"`, `"\`, `"\x"`, `"\u12"`, "\"\n\"", "\"\x00\"", "\x00", "[]\x00", "\xef\xbb\xbf[]", "// x\n1", "NaN"} {
		if Valid([]byte(invalid)) {
			t.Errorf("%q is valid", invalid)
		}
	}
	if Valid(nil) {
		t.Error("nothing is valid")
	}
}

// depthOf is how deep valid JSON is nested.
func depthOf(b []byte) int {
	depth, deepest := 0, 0
	decoder := json.NewDecoder(strings.NewReader(string(b)))
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		if err != nil {
			return deepest
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
			deepest = max(deepest, depth)
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
}

func FuzzValid(f *testing.F) {
	for _, seed := range []string{"[]", `{"a":[1,"[",{"b":"\""}]}`, `"\\"`, "[[[[", `["\"[[["]`, "01", "-", "\x00", `{"a":1,"a":2}`,
		nested("[", "", "]", MaxDepth), nested("[", "", "]", MaxDepth+1)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		want := json.Valid(b) && depthOf(b) <= MaxDepth
		if got := Valid(b); got != want {
			t.Fatalf("%q is valid: %v; encoding/json says %v", b, got, want)
		}
	})
}
