package config

import (
	"reflect"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// FuzzParse: no text makes the parser panic, and an accepted configuration says
// the same when it is written out and parsed again.
func FuzzParse(f *testing.F) {
	for _, text := range files(f, "testdata/valid/*.json") {
		f.Add(text, "RATE_LIMIT_MCP_FAILURES=3")
	}
	for _, text := range files(f, "testdata/invalid/*.txt") {
		before, _, _ := strings.Cut(text, separator)
		f.Add(before, "TRUST_FORWARDED_FOR=true")
	}
	f.Fuzz(func(t *testing.T, text, variable string) {
		c, err := Parse([]byte(text), []string{variable})
		if err != nil {
			if lines := strings.Count(err.Error(), "\n") + 1; lines > maxViolations+1 {
				t.Errorf("%d lines of errors", lines)
			}
			return
		}
		c.Warnings()
		again, err := Parse(render(c), nil)
		if err != nil {
			t.Fatalf("its own text is refused:\n%s\n%v", render(c), err)
		}
		if !reflect.DeepEqual(c, again) {
			t.Errorf("its own text says something else:\n%s\n%s", render(c), render(again))
		}
	})
}

// FuzzSyntax: the scanner, which only looks for the place of a mistake, accepts
// what gjson accepts, up to its depth.
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
