package add

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
)

// editor adds text to a file and changes none, so that comments, order and formatting
// stay.
type editor struct {
	text []byte
	// starts are the offsets at which the lines begin.
	starts []int
	// newline is the file's line ending.
	newline string
	inserts []insert
}

type insert struct {
	at   int
	text string
}

// snippet is a piece of configuration in YAML, without indentation: one or more items of
// a list, each with its dash, or one or more members of an object.
type snippet string

func newEditor(text []byte) *editor {
	e := &editor{text: text, starts: []int{0}, newline: "\n"}
	for i, b := range text {
		if b == '\n' {
			e.starts = append(e.starts, i+1)
		}
	}
	if len(e.starts) > 1 && bytes.HasSuffix(text[:e.starts[1]], []byte("\r\n")) {
		e.newline = "\r\n"
	}
	return e
}

// line returns a line, counted from 1, without its end.
func (e *editor) line(number int) string {
	if number < 1 || number > len(e.starts) {
		return ""
	}
	end := len(e.text)
	if number < len(e.starts) {
		end = e.starts[number]
	}
	return strings.TrimRight(string(e.text[e.starts[number-1]:end]), "\r\n")
}

// insert notes text to add. The same text at the same place is added once: an alias may
// ask for it twice.
func (e *editor) insert(at int, text string) {
	for _, other := range e.inserts {
		if other == (insert{at, text}) {
			return
		}
	}
	e.inserts = append(e.inserts, insert{at, text})
}

// lines adds whole lines before the line with a number.
func (e *editor) lines(number int, indent, text string) {
	var b strings.Builder
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if line != "" {
			line = indent + line
		}
		b.WriteString(line + e.newline)
	}
	e.insert(e.starts[number-1], b.String())
}

// result returns the file with the added text.
func (e *editor) result() []byte {
	sort.SliceStable(e.inserts, func(i, j int) bool { return e.inserts[i].at < e.inserts[j].at })
	var out bytes.Buffer
	done := 0
	for _, i := range e.inserts {
		out.Write(e.text[done:i.at])
		out.WriteString(i.text)
		done = i.at
	}
	out.Write(e.text[done:])
	return out.Bytes()
}

// lineBefore returns the original line of a line of the result; for an added line, the
// original line that follows it.
func (e *editor) lineBefore(line int) int {
	shift := 0
	for _, i := range e.inserts { // in order, after result
		number := sort.SearchInts(e.starts, i.at+1) // the line that holds the place
		height := strings.Count(i.text, "\n")
		if number+shift > line {
			break
		}
		if line < number+shift+height {
			return number
		}
		shift += height
	}
	return line - shift
}

// first adds items at the beginning of a list. key is the list's key.
func (e *editor) first(key, list tree.Node, items snippet) error {
	list = list.Source()
	if !list.Movable() {
		return cannotEdit(key, "it stands in a text that is not a literal block")
	}
	if line, column, ok := list.Flow(); ok {
		return e.intoFlow(key, list, line, column, '[', items)
	}
	if len(list.Items()) == 0 {
		return cannotEdit(key, "it has no items")
	}
	dash := list.Items()[0].Line()
	for !strings.HasPrefix(strings.TrimSpace(e.line(dash)), "-") {
		if dash--; dash < 1 {
			return cannotEdit(key, "no dash is before its first item")
		}
	}
	line := e.line(dash)
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	// Comments above the first item are about it.
	for dash > 1 && isComment(e.line(dash-1)) {
		dash--
	}
	e.lines(dash, indent, string(items))
	return nil
}

// before adds members before a key of an object.
func (e *editor) before(object tree.Node, key string, members snippet) error {
	object = object.Source()
	at := object.Key(key)
	if !object.Movable() {
		return cannotEdit(at, "it stands in a text that is not a literal block")
	}
	if line, column, ok := object.Flow(); ok {
		return e.intoFlow(at, object, line, column, '{', members)
	}
	number := at.Line()
	line := e.line(number)
	trimmed := strings.TrimLeft(line, " ")
	indent := line[:len(line)-len(trimmed)]
	if strings.HasPrefix(trimmed, "- ") || strings.HasPrefix(trimmed, "? ") {
		return cannotEdit(at, "it does not begin its line")
	}
	top := number
	for top > 1 && isComment(e.line(top-1)) && strings.HasPrefix(e.line(top-1), indent+"#") {
		top--
	}
	if top == 1 { // a comment at the top is about the whole file
		top = number
	}
	e.lines(top, indent, string(members))
	return nil
}

func isComment(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "#") }

// intoFlow adds a snippet behind the bracket that opens a list or an object.
func (e *editor) intoFlow(key, n tree.Node, line, column int, bracket byte, s snippet) error {
	if n.IsText() {
		return cannotEdit(key, "it is written with brackets, in a text within the file")
	}
	start := e.offset(line, column)
	at := bytes.IndexByte(e.text[start:], bracket)
	if at < 0 {
		return cannotEdit(key, "its bracket is missing")
	}
	at += start + 1
	compact, err := s.flow()
	if err != nil {
		return err
	}
	number := sort.SearchInts(e.starts, at) // the line of the bracket
	rest, comma := strings.TrimSpace(e.line(number)[at-e.starts[number-1]:]), ","
	if empty := len(n.Items())+len(n.Members()) == 0; empty {
		comma = ""
	} else if rest == "" || strings.HasPrefix(rest, "#") {
		e.pretty(number, compact, comma)
		return nil
	}
	if comma != "" {
		comma = ", "
	}
	e.insert(at, strings.Join(compact, ", ")+comma)
	return nil
}

// pretty writes values on lines of their own below a line that ends with a bracket.
func (e *editor) pretty(number int, values []string, comma string) {
	next := number + 1
	for next < len(e.starts) && (strings.TrimSpace(e.line(next)) == "" || isComment(e.line(next))) {
		next++
	}
	outer, inner := indentation(e.line(number)), indentation(e.line(next))
	unit := strings.TrimPrefix(inner, outer)
	if unit == inner && outer != "" || unit == "" {
		unit = "  "
	}
	var b strings.Builder
	for _, value := range values {
		key, value := splitMember(value)
		var indented bytes.Buffer
		if json.Indent(&indented, []byte(value), "", unit) != nil {
			indented.Reset()
			indented.WriteString(value)
		}
		b.WriteString(key + indented.String() + comma + "\n")
	}
	e.lines(number+1, inner, b.String())
}

// splitMember splits a member of an object into key and value; a list's item has no key.
func splitMember(text string) (key, value string) {
	if !strings.HasPrefix(text, `"`) {
		return "", text
	}
	key, value, _ = strings.Cut(text, `": `)
	return key + `": `, value
}

func indentation(line string) string { return line[:len(line)-len(strings.TrimLeft(line, " \t"))] }

// offset returns the offset of a column, which counts characters from 1.
func (e *editor) offset(line, column int) int {
	at := e.starts[line-1]
	for range column - 1 {
		_, size := utf8.DecodeRune(e.text[at:])
		at += size
	}
	return at
}

// flow returns the snippet in brackets, as JSON: its items, or its members with keys.
func (s snippet) flow() ([]string, error) {
	documents, err := tree.Parse([]byte(s))
	if err != nil {
		return nil, errNotPlain
	}
	var values []string
	for _, item := range documents[0].Items() {
		text, err := item.JSON()
		if err != nil {
			return nil, err
		}
		values = append(values, string(text))
	}
	for _, member := range documents[0].Members() {
		text, err := member.Value.JSON()
		if err != nil {
			return nil, err
		}
		values = append(values, fmt.Sprintf("%q: %s", member.Key, text))
	}
	return values, nil
}

// cannotEdit returns the error for a part of the file to which nothing can be added.
func cannotEdit(key tree.Node, why string) error {
	return fmt.Errorf("line %d: nothing can be put into %s, because %s: write it as a list or an object of its own, in block style, and run this again",
		key.Line(), key.Text(), why)
}
