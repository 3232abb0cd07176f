package config

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxQuoted bounds how much of a broken value is repeated in a message.
const maxQuoted = 64

func quote(text string) string {
	return strconv.Quote(clip(text))
}

// clip shortens a text without cutting a character in two.
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

// listed joins words as a sentence does: a, b or c.
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

// suggest names the key that was probably meant, or all there are.
func suggest(key string, known []string) string {
	best, nearest := 1+len(key)/4, ""
	for _, k := range known {
		if d := distance(key, k, best); d <= best && (nearest == "" || d < best) {
			best, nearest = d, k
		}
	}
	if nearest != "" {
		return "did you mean " + strconv.Quote(nearest) + "?"
	}
	return "the keys here are " + strings.Join(known, ", ")
}

// distance is the number of letters to add, remove or replace to get from a to
// b; anything above limit when it is above limit.
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

// isToken tells whether the text is a token of RFC 9110 section 5.6.2: a
// header name, a method or a cookie name.
func isToken(text string) bool {
	for i := 0; i < len(text); i++ {
		if !isAlphanumeric(text[i]) && strings.IndexByte("!#$%&'*+-.^_`|~", text[i]) < 0 {
			return false
		}
	}
	return text != ""
}
