package fields

import (
	"strings"

	"github.com/gatewarden/gatewarden/internal/ascii"
)

// Multipart reads multipart/form-data as browsers and libraries write it (RFC 7578).
// What parsers disagree about is bad: text before the first delimiter or after the last,
// other line ends, headers in several lines, other parameters and escapes, transfer
// encodings, and a delimiter that goes on.
type Multipart struct {
	found     *Found
	delimiter []byte // two hyphens and the boundary
	state     partState
	matched   int    // bytes of the delimiter that have come
	lineEnd   string // the end of a line that may belong to a delimiter
	fresh     bool   // nothing of the part's content has come
	line      []byte // of a part's header
	hasCR     bool   // after line
	named     bool   // the part's header has named its field
	bad       bool
}

type partState uint8

const (
	partFirst   partState = iota // in the first delimiter
	partTail                     // after a delimiter
	partHyphen                   // after a hyphen behind it
	partLF                       // after the CR behind it
	partHeader                   // in a part's header
	partContent                  // in its content
	partEnd                      // after the last delimiter
)

// maxLine bounds a line of a part's header. It may have a file's name.
const maxLine = 1024

func (m *Multipart) begin(found *Found, boundary string) {
	*m = Multipart{found: found, delimiter: append(append(m.delimiter[:0], "--"...), boundary...), line: m.line[:0]}
}

func (m *Multipart) feed(piece []byte) {
	for _, c := range piece {
		if m.bad {
			return
		}
		m.step(c)
	}
}

// whole tells whether the last delimiter has come, or nothing at all.
func (m *Multipart) whole() bool {
	return !m.bad && (m.state == partEnd || m.state == partFirst && m.matched == 0)
}

func (m *Multipart) step(c byte) {
	switch m.state {
	case partFirst:
		m.bad = c != m.delimiter[m.matched]
		if m.matched++; m.matched == len(m.delimiter) {
			m.state = partTail
		}
	case partTail:
		m.tail(c)
	case partHyphen:
		m.state, m.bad = partEnd, c != '-'
	case partLF:
		m.state, m.bad = partHeader, c != '\n'
		m.named, m.hasCR, m.line = false, false, m.line[:0]
	case partHeader:
		m.header(c)
	case partContent:
		m.content(c)
	case partEnd:
		m.bad = c != '\r' && c != '\n'
	}
}

func (m *Multipart) tail(c byte) {
	switch c {
	case '\r':
		m.state = partLF
	case '-':
		m.state = partHyphen
	default:
		m.bad = true
	}
}

// header takes a character of a part's header.
func (m *Multipart) header(c byte) {
	switch {
	case m.hasCR:
		m.hasCR, m.bad = false, c != '\n'
		m.endLine()
	case c == '\r':
		m.hasCR = true
	case c == '\n' || c == 0 || len(m.line) == maxLine:
		m.bad = true
	default:
		m.line = append(m.line, c)
	}
}

// endLine reads a line of the header. An empty one ends it.
func (m *Multipart) endLine() {
	if len(m.line) > 0 {
		m.bad = m.bad || !m.readLine(string(m.line))
		m.line = m.line[:0]
		return
	}
	m.bad = m.bad || !m.named
	m.state, m.lineEnd, m.matched, m.fresh = partContent, crlf, 0, true
}

const crlf = "\r\n"

func (m *Multipart) readLine(line string) bool {
	name, value, _ := strings.Cut(line, ":")
	value = strings.Trim(value, blanks)
	for i := 0; i < len(name); i++ {
		if !ascii.IsToken(name[i]) {
			return false
		}
	}
	switch {
	case strings.EqualFold(name, "content-disposition"):
		field, ok := dispositionName(value)
		if !ok || m.named {
			return false
		}
		m.named = true
		m.found.openForm([]byte(field))
	case strings.EqualFold(name, "content-transfer-encoding"):
		return strings.EqualFold(value, "binary") || strings.EqualFold(value, "8bit") || strings.EqualFold(value, "7bit")
	case strings.EqualFold(name, "content-type"):
		return isPlainPart(value)
	}
	return name != ""
}

// isPlainPart tells whether a part of this type is nothing but its text.
func isPlainPart(contentType string) bool {
	const several = "multipart/"
	if len(contentType) >= len(several) && strings.EqualFold(contentType[:len(several)], several) {
		return false
	}
	for _, parameter := range strings.Split(contentType, ";")[1:] {
		name, value, _ := strings.Cut(strings.Trim(parameter, blanks), "=")
		if strings.EqualFold(name, "charset") && !isASCIISuperset(strings.Trim(value, `"`)) {
			return false
		}
	}
	return true
}

// dispositionName returns the field's name from the value of Content-Disposition. ok is
// false if services may read it differently.
func dispositionName(value string) (field string, ok bool) {
	kind, rest, more := strings.Cut(value, ";")
	if !strings.EqualFold(strings.Trim(kind, blanks), "form-data") {
		return "", false
	}
	named := false
	for more {
		var name, content string
		name, rest, _ = strings.Cut(strings.TrimLeft(rest, blanks), "=")
		if content, rest, ok = cutParameter(rest); !ok {
			return "", false
		}
		switch {
		case strings.EqualFold(name, "name") && !named && strings.IndexByte(content, '%') < 0 && strings.IndexByte(content, '\\') < 0:
			field, named = content, true
		case strings.EqualFold(name, "filename"), strings.EqualFold(name, "filename*"):
		default:
			return "", false
		}
		rest = strings.TrimLeft(rest, blanks)
		more = rest != ""
		if rest, ok = strings.CutPrefix(rest, ";"); more && !ok {
			return "", false
		}
	}
	return field, named
}

// cutParameter cuts off the value of a parameter. A quoted one must not have a quote in
// it, which browsers write as %22.
func cutParameter(text string) (value, rest string, ok bool) {
	if quoted, is := strings.CutPrefix(text, `"`); is {
		value, rest, ok = strings.Cut(quoted, `"`)
		return value, rest, ok && !strings.HasSuffix(value, `\`)
	}
	n := 0
	for n < len(text) && ascii.IsToken(text[n]) {
		n++
	}
	return text[:n], text[n:], n > 0
}

// content takes a character of a part's content. A delimiter stands at the beginning of
// a line. Some parsers find one after any line end, even that of the header.
func (m *Multipart) content(c byte) {
	if m.lineEnd != "" {
		switch {
		case c == '\n' && m.lineEnd == "\r" && m.matched == 0:
			m.lineEnd = crlf
			return
		case c == m.delimiter[m.matched]:
			if m.matched++; m.matched == len(m.delimiter) {
				m.bad = m.lineEnd != crlf || m.fresh
				m.state = partTail
				m.found.close()
			}
			return
		}
		m.flush()
	}
	switch c {
	case '\r', '\n':
		m.lineEnd = "\r"
		if c == '\n' {
			m.lineEnd = "\n"
		}
	default:
		m.found.put(c)
	}
	m.fresh = false
}

// flush makes content of what did not become a delimiter.
func (m *Multipart) flush() {
	if !m.fresh {
		for i := 0; i < len(m.lineEnd); i++ {
			m.found.put(m.lineEnd[i])
		}
	}
	for _, c := range m.delimiter[:m.matched] {
		m.found.put(c)
	}
	m.lineEnd, m.matched = "", 0
}
