package accesslog

import (
	"strings"
)

// scanner reads a line from left to right. The first thing that it does not find stops
// it: whatever is asked for afterwards is empty.
type scanner struct {
	line string
	at   int
	// wanted is what was expected at the position where the scanner stopped, "" while
	// everything was there.
	wanted string
}

func (s *scanner) failed() bool { return s.wanted != "" }

func (s *scanner) fail(at int, wanted string) {
	if s.wanted == "" {
		s.at, s.wanted = at, wanted
	}
}

func (s *scanner) rest() string { return s.line[s.at:] }

// word reads up to the next blank and skips that.
func (s *scanner) word(wanted string) string {
	if s.failed() {
		return ""
	}
	rest := s.line[s.at:]
	end := strings.IndexByte(rest, ' ')
	if end < 0 {
		end = len(rest)
	}
	if end == 0 {
		s.fail(s.at, wanted)
		return ""
	}
	s.at = min(s.at+end+1, len(s.line))
	return rest[:end]
}

// number reads a word of digits that is at least low characters long and at most high.
// A dash means none, and returns "0".
func (s *scanner) number(low, high int, wanted string) string {
	at := s.at
	text := s.word(wanted)
	if text == "-" && low == 1 {
		return "0"
	}
	if len(text) < low || len(text) > high || !isDigits(text) {
		s.fail(at, wanted)
	}
	return text
}

// status reads a status code.
func (s *scanner) status() string {
	return s.number(3, 3, "a status of three digits")
}

// quoted reads a text in quotes and skips the blank behind it. A quote within the text has
// a backslash before it, or no blank behind it. A line may be cut off inside the quotes.
func (s *scanner) quoted(wanted string) string {
	if s.failed() {
		return ""
	}
	if s.at >= len(s.line) || s.line[s.at] != '"' {
		s.fail(s.at, wanted)
		return ""
	}
	begin := s.at + 1
	for at := begin; ; at++ {
		i := strings.IndexByte(s.line[at:], '"')
		if i < 0 {
			s.at = len(s.line)
			return s.line[begin:]
		}
		at += i
		if at+1 < len(s.line) && s.line[at+1] != ' ' || isEscaped(s.line[begin:at]) {
			continue
		}
		s.at = min(at+2, len(s.line))
		return s.line[begin:at]
	}
}

// isEscaped tells whether the character behind a text has a backslash of its own.
func isEscaped(text string) bool {
	n := len(text)
	for n > 0 && text[n-1] == '\\' {
		n--
	}
	return (len(text)-n)%2 == 1
}

func isDigits(text string) bool {
	for i := range len(text) {
		if !isDigit(text[i]) {
			return false
		}
	}
	return text != ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// setRequest notes the parts of a request line such as "GET /path HTTP/1.1". A text that
// is no request line, such as the first bytes of a TLS handshake, leaves them empty.
func (v *values) setRequest(text string, unescape func(string) string) {
	method, target, found := strings.Cut(text, " ")
	if i := strings.LastIndexByte(target, ' '); i >= 0 && strings.HasPrefix(target[i+1:], "HTTP/") {
		target = target[:i]
	}
	if !found || target == "" || !isMethod(method) {
		method, target = "-", "-"
	}
	target = unescape(target)
	if target[0] != '/' {
		target = v.setAuthority(target)
	}
	v.set(known{fieldMethod, 1}, method)
	v.set(known{fieldPath, 1}, target)
}

// setAuthority notes the host of a target such as "http://host/path", and returns the
// path.
func (v *values) setAuthority(target string) (path string) {
	scheme, rest, found := strings.Cut(target, "://")
	if !found || strings.IndexByte(scheme, '/') >= 0 {
		return target
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	v.set(known{fieldAuthority, 1}, rest[:end])
	if path = rest[end:]; path == "" || path[0] != '/' {
		path = "/" + path
	}
	return path
}

func isMethod(text string) bool {
	for i := range len(text) {
		c := text[i]
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return text != "" && text != "-"
}

// unescapeBackslash undoes what nginx and Apache do to quotes, backslashes and bytes
// that are not printable: \x22 and \".
func unescapeBackslash(text string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		if c, ok := hexByte(text[i+1:]); ok && text[i] == 'x' {
			b.WriteByte(c)
			i += 2
			continue
		}
		if j := strings.IndexByte(`"\nrtbvf`, text[i]); j >= 0 {
			b.WriteByte("\"\\\n\r\t\b\v\f"[j])
			continue
		}
		b.WriteByte('\\')
		b.WriteByte(text[i])
	}
	return b.String()
}

// unescapeHash undoes what HAProxy does: #22 is a quote.
func unescapeHash(text string) string {
	if strings.IndexByte(text, '#') < 0 {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c, ok := hexByte(text[i+1:])
		if text[i] != '#' || !ok {
			b.WriteByte(text[i])
			continue
		}
		b.WriteByte(c)
		i += 2
	}
	return b.String()
}

// hexByte reads the first two characters of a text as a byte.
func hexByte(text string) (c byte, ok bool) {
	if len(text) < 2 {
		return 0, false
	}
	for i := range 2 {
		digit := strings.IndexByte("0123456789abcdef", text[i]|0x20)
		if text[i] >= '0' && text[i] <= '9' {
			digit = int(text[i] - '0')
		}
		if digit < 0 {
			return 0, false
		}
		c = c<<4 | byte(digit)
	}
	return c, true
}
