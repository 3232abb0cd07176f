package audit

import "unicode/utf8"

// appendString appends a text as a JSON string, and at most so many bytes of it. All that is
// not printable ASCII is escaped: no text can end the line, move the cursor of a terminal or
// turn the direction of writing, and every tool for logs reads the same.
func appendString(b []byte, text string, most int) []byte {
	b = append(b, '"')
	short := cut(text, most)
	for _, c := range short { // bytes that are not UTF-8 are U+FFFD
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', byte(c))
		case c >= ' ' && c <= '~':
			b = append(b, byte(c))
		case c > 0xffff: // RFC 8259 section 7: a surrogate pair
			c -= 0x10000
			b = appendEscape(appendEscape(b, 0xd800|c>>10), 0xdc00|c&0x3ff)
		default:
			b = appendEscape(b, c)
		}
	}
	if len(short) < len(text) {
		b = appendEscape(b, '…')
	}
	return append(b, '"')
}

func appendEscape(b []byte, c rune) []byte {
	const digits = "0123456789abcdef"
	return append(b, '\\', 'u', digits[c>>12&15], digits[c>>8&15], digits[c>>4&15], digits[c&15])
}

// cut returns the beginning of a text, without a part of a character at its end.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for end := most; end > most-utf8.UTFMax && end > 0; end-- {
		if utf8.RuneStart(text[end]) {
			return text[:end]
		}
	}
	return text[:most]
}
