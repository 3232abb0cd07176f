package config

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// FuzzSyntax: up to its depth, the scanner accepts the same texts as gjson.
func FuzzSyntax(f *testing.F) {
	for _, text := range files(f, "testdata/invalid/syntax_*.txt") {
		before, _, _ := strings.Cut(text, separator)
		f.Add(before)
	}
	f.Add(`{"a":[{},[],"\"\\",-1.5e3,true,null]}`)
	f.Add(`"`)
	f.Add(`"\`)
	f.Add("[1 ,\r\n2]")
	f.Fuzz(func(t *testing.T, text string) {
		s := scanner{text: text}
		problem := s.run()
		if strings.Contains(problem, "nested deeper") {
			return
		}
		if valid := gjson.Valid(text); valid != (problem == "") {
			t.Errorf("gjson says %v, the scanner %q", valid, problem)
		}
		if s.pos > len(text) {
			t.Errorf("the place %d is outside of %q", s.pos, text)
		}
	})
}
