package jsonstream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// tokens reads a text in pieces of n bytes.
func tokens(text string, n int) (list []string, r Reader) {
	see := func(k Kind) {
		value, known := r.Text()
		switch k {
		case Name, String, Literal:
			list = append(list, fmt.Sprintf("%d %s %q %v", r.Depth(), [...]string{Name: "name", String: "string", Literal: "literal"}[k], value, known))
		default:
			list = append(list, fmt.Sprintf("%d %s", r.Depth(), [...]string{"{", "[", "end"}[k]))
		}
	}
	for rest := []byte(text); len(rest) > 0; rest = rest[min(n, len(rest)):] {
		r.Feed(rest[:min(n, len(rest))], see)
	}
	r.Finish(see)
	return list, r
}

func TestTokens(t *testing.T) {
	long := strings.Repeat("x", MaxText)
	for _, row := range []struct {
		text   string
		want   string
		broken bool
	}{
		{`{}`, "1 {, 0 end", false},
		{`{"a":1}`, `1 {, 1 name "a" true, 1 literal "1" true, 0 end`, false},
		{` { "a" : [ true , "b" , { } ] , "c" : null } `, `1 {, 1 name "a" true, 2 [, 2 literal "true" true, 2 string "b" true, 3 {, 2 end, 1 end, 1 name "c" true, 1 literal "null" true, 0 end`, false},
		{`{"a\u0062\n":"\ud83d\ude00\ud83dx"}`, `1 {, 1 name "ab\n" true, 1 string "😀�x" true, 0 end`, false},
		{`["` + long + `","` + long + `y"]`, `1 [, 1 string "` + long + `" true, 1 string "` + long + `" false, 0 end`, false},
		{`7`, `0 literal "7" true`, false},
		{`{} {}`, "1 {, 0 end", false},
		{`{"a":{"a":"a"}}`, `1 {, 1 name "a" true, 2 {, 2 name "a" true, 2 string "a" true, 1 end, 0 end`, false},
		{`{"a"`, `1 {, 1 name "a" true`, true},
		{`]`, ``, true},
		{`"\u00g"`, ``, true},
		{strings.Repeat("[", MaxDepth+1), "", true},
	} {
		for _, n := range []int{1, 2, 3, 1000} {
			list, r := tokens(row.text, n)
			if got := strings.Join(list, ", "); got != row.want && row.want != "" || r.Broken() != row.broken {
				t.Errorf("%.60s in pieces of %d: %s (broken %v), want %s (%v)", row.text, n, got, r.Broken(), row.want, row.broken)
			}
		}
	}
}

// FuzzReader: of valid JSON, the reader reports the tokens of encoding/json, however it is
// cut into pieces.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"\u00e9",{"b":null}]}`, `[]`, `"x"`, `1e5`, `{"":{"":""}}`, `["\ud83d\ude00","\ud83d"]`, `{"a":`, "]"} {
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, text string, n int) {
		n = max(n&31, 1)
		got, r := tokens(text, n)
		whole, _ := tokens(text, len(text)+1)
		if strings.Join(got, ",") != strings.Join(whole, ",") {
			t.Fatalf("%q in pieces of %d: %v, as a whole %v", text, n, got, whole)
		}
		if !json.Valid([]byte(text)) || !utf8.ValidString(text) { // encoding/json repairs UTF-8
			return
		}
		if want, deep := expected(text); !deep && (r.Broken() || strings.Join(got, ",") != strings.Join(want, ",")) {
			t.Fatalf("%q: %v, want %v", text, got, want)
		}
	})
}

// expected are the tokens of encoding/json, in the form of tokens.
func expected(text string) (list []string, deep bool) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var objects []bool
	name := false
	for {
		token, err := d.Token()
		if err != nil {
			return list, deep
		}
		switch v := token.(type) {
		case json.Delim:
			switch v {
			case '{', '[':
				objects = append(objects, v == '{')
				deep = deep || len(objects) > MaxDepth
				list = append(list, fmt.Sprintf("%d %s", len(objects), v))
			default:
				objects = objects[:len(objects)-1]
				list = append(list, fmt.Sprintf("%d end", len(objects)))
			}
			name = len(objects) > 0 && objects[len(objects)-1]
			continue
		case string:
			kind := "string"
			if name {
				kind = "name"
			}
			list = append(list, show(len(objects), kind, []byte(v)))
		case nil:
			list = append(list, show(len(objects), "literal", []byte("null")))
		default:
			list = append(list, show(len(objects), "literal", []byte(fmt.Sprint(v))))
		}
		name = len(objects) > 0 && objects[len(objects)-1] && !name
	}
}

func show(depth int, kind string, value []byte) string {
	known := len(value) <= MaxText
	if !known {
		value = value[:MaxText]
	}
	return fmt.Sprintf("%d %s %q %v", depth, kind, bytes.Clone(value), known)
}
