package config

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

const (
	maxBytes = 1 << 20
	// maxDepth protects the small stack of a Wasm VM, because gjson is recursive. No
	// valid configuration is half as deep.
	maxDepth = 32
)

// want is the kind of token that may come next in a JSON text.
type want uint8

const (
	wantValue want = iota
	wantValueOrEnd
	wantKey
	wantKeyOrEnd
	wantColon
	wantCommaOrEnd
	wantNothing
)

// scanner finds the first place where a text is not JSON, without recursion.
type scanner struct {
	text string
	pos  int
	// open holds the brackets that are still open.
	open []byte
	want want
}

// checkSyntax says why the text is not valid JSON, or returns "".
func checkSyntax(text string) string {
	if len(text) > maxBytes {
		return "has " + strconv.Itoa(len(text)) + " bytes; write at most " + strconv.Itoa(maxBytes)
	}
	if at := invalidUTF8(text); at >= 0 {
		return place(text, at) + ": is not UTF-8; save the configuration as UTF-8"
	}
	s := scanner{text: text}
	if problem := s.run(); problem != "" {
		return place(text, s.pos) + ": " + problem
	}
	if !gjson.Valid(text) {
		return "is not JSON; check it with a JSON validator"
	}
	return ""
}

func invalidUTF8(text string) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// place returns the line and column of an offset, as an editor shows them.
func place(text string, at int) string {
	line := 1 + strings.Count(text[:at], "\n")
	column := 1 + utf8.RuneCountInString(text[strings.LastIndexByte(text[:at], '\n')+1:at])
	return "line " + strconv.Itoa(line) + ", column " + strconv.Itoa(column)
}

func (s *scanner) run() string {
	for {
		s.skipSpace()
		if s.pos == len(s.text) {
			if s.want == wantNothing {
				return ""
			}
			return "the text ends too early; " + s.expected()
		}
		token := s.token()
		if problem := s.take(token); problem != "" {
			return problem
		}
		s.pos += len(token)
	}
}

func (s *scanner) skipSpace() {
	for s.pos < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.pos]) >= 0 {
		s.pos++
	}
}

// token returns the next string, literal, number or punctuation mark.
func (s *scanner) token() string {
	rest := s.text[s.pos:]
	switch {
	case rest[0] == '"':
		for i := 1; i < len(rest); i++ {
			switch rest[i] {
			case '\\':
				i++
			case '"':
				return rest[:i+1]
			}
		}
		return rest
	case strings.IndexByte("{}[],:", rest[0]) >= 0:
		return rest[:1]
	}
	if end := strings.IndexAny(rest, " \t\r\n{}[],:\""); end >= 0 {
		return rest[:end]
	}
	return rest
}

// take moves past a token, or says why the token is not allowed here.
func (s *scanner) take(token string) string {
	switch token[0] {
	case '{', '[':
		return s.begin(token[0])
	case '}', ']':
		return s.end(token[0])
	case ',':
		if s.want != wantCommaOrEnd {
			return s.unexpected(token)
		}
		s.want = wantValue
		if s.open[len(s.open)-1] == '{' {
			s.want = wantKey
		}
		return ""
	case ':':
		if s.want != wantColon {
			return s.unexpected(token)
		}
		s.want = wantValue
		return ""
	}
	return s.scalar(token)
}

func (s *scanner) begin(bracket byte) string {
	if s.want != wantValue && s.want != wantValueOrEnd {
		return s.unexpected(string(bracket))
	}
	if len(s.open) == maxDepth {
		return "is nested deeper than " + strconv.Itoa(maxDepth) + " levels, as no field is; look for a bracket that is not closed"
	}
	s.open = append(s.open, bracket)
	s.want = wantKeyOrEnd
	if bracket == '[' {
		s.want = wantValueOrEnd
	}
	return ""
}

func (s *scanner) end(bracket byte) string {
	opening, empty := byte('{'), wantKeyOrEnd
	if bracket == ']' {
		opening, empty = '[', wantValueOrEnd
	}
	last := len(s.open) - 1
	if last < 0 || s.open[last] != opening || s.want != wantCommaOrEnd && s.want != empty {
		return s.unexpected(string(bracket))
	}
	s.open = s.open[:last]
	s.afterValue()
	return ""
}

func (s *scanner) scalar(token string) string {
	key := token[0] == '"' && (s.want == wantKey || s.want == wantKeyOrEnd)
	if !key && s.want != wantValue && s.want != wantValueOrEnd {
		return s.unexpected(token)
	}
	if !gjson.Valid(token) {
		return shown(token) + " is not a JSON value; strings stand in double quotes, and JSON has no comments"
	}
	if key {
		s.want = wantColon
		return ""
	}
	s.afterValue()
	return ""
}

func (s *scanner) afterValue() {
	s.want = wantCommaOrEnd
	if len(s.open) == 0 {
		s.want = wantNothing
	}
}

func (s *scanner) unexpected(token string) string {
	return shown(token) + " cannot stand here; " + s.expected()
}

// shown returns a token as it stands in the text, on one line.
func shown(token string) string {
	quoted := quote(token)
	if len(token) == 1 {
		return quoted
	}
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

func (s *scanner) expected() string {
	switch s.want {
	case wantKey:
		return `write a key in double quotes`
	case wantKeyOrEnd:
		return `write a key in double quotes, or "}"`
	case wantColon:
		return `write ":" and the key's value`
	case wantValueOrEnd:
		return `write a value, or "]"`
	case wantCommaOrEnd:
		if s.open[len(s.open)-1] == '{' {
			return `write "," or "}"`
		}
		return `write "," or "]"`
	case wantNothing:
		return "nothing may follow the configuration's closing bracket"
	}
	return "write a value"
}
