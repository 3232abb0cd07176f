package config

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxQuoted bounds how many bytes of an invalid value a message repeats.
const maxQuoted = 64

func quote(text string) string {
	return strconv.Quote(clip(text))
}

// fill writes a message out: %s stands for the next of args, and %q for the same in
// quotes, as quote writes it. All messages are texts of this form, because text that is
// put together where it is needed takes far more code in the module.
func fill(message string, args []string) string {
	var b strings.Builder
	for _, arg := range args {
		before, after, _ := strings.Cut(message, "%")
		b.WriteString(before)
		if strings.HasPrefix(after, "q") {
			arg = quote(arg)
		}
		b.WriteString(arg)
		message = after[min(1, len(after)):]
	}
	b.WriteString(message)
	return b.String()
}

// clip shortens a text, but not within a character.
func clip(text string) string {
	if len(text) <= maxQuoted {
		return text
	}
	end := maxQuoted
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}

// listed joins words as in a sentence: a, b or c.
func listed(words []string, last string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " " + last + " " + words[n-1]
}

func indexOf(list []string, text string) int {
	for i, s := range list {
		if s == text {
			return i
		}
	}
	return -1
}

// suggest names the known word that was probably meant, or lists all of them as
// what.
func suggest(word string, known []string, what string) string {
	best, nearest := 1+len(word)/4, ""
	for _, k := range known {
		if d := distance(word, k, best); d <= best && (nearest == "" || d < best) {
			best, nearest = d, k
		}
	}
	if nearest != "" {
		return "did you mean " + strconv.Quote(nearest) + "?"
	}
	return "the " + what + " are " + strings.Join(known, ", ")
}

// distance returns the number of letters to add, remove or replace to get from a
// to b. If it exceeds limit, the result is any number above limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 0; i < len(a); i++ {
		diagonal := row[0]
		row[0] = i + 1
		for j := 0; j < len(b); j++ {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c)
}

func isDigit(c byte) bool {
	return c >= '0' && c <= '9'
}

// isToken reports whether a text is a token of RFC 9110 section 5.6.2: a header
// name, a method or a cookie name.
func isToken(text string) bool {
	for i := 0; i < len(text); i++ {
		if !isAlphanumeric(text[i]) && strings.IndexByte("!#$%&'*+-.^_`|~", text[i]) < 0 {
			return false
		}
	}
	return text != ""
}
