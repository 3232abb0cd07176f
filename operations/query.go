package operations

import (
	"slices"
	"strconv"
	"strings"
)

func cutQuery(target string) (path, query string) {
	target, _, _ = strings.Cut(target, "#")
	path, query, _ = strings.Cut(target, "?")
	return path, query
}

// readQuery returns the values of the parameters of these names, "" for those that are
// not there, or what is wrong with the query.
func readQuery(query string, names ...string) (values []string, problem string) {
	values = make([]string, len(names))
	seen := make([]bool, len(names))
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		i := slices.Index(names, name)
		if i < 0 {
			return nil, "A parameter is not known here. There are: " + strings.Join(names, ", ") + "."
		}
		text, ok := decode(value)
		switch {
		case !ok:
			return nil, "The value of " + name + " is not percent-encoded as it should be."
		case seen[i]:
			return nil, "The parameter " + name + " is there twice. Send it once."
		}
		values[i], seen[i] = text, true
	}
	return values, ""
}

// decode reads a value as a form has it.
// See https://url.spec.whatwg.org/#urlencoded-parsing
func decode(value string) (text string, ok bool) {
	b := make([]byte, 0, len(value))
	for i := 0; i < len(value); i++ {
		switch c := value[i]; c {
		case '+':
			b = append(b, ' ')
		case '%':
			if i+2 >= len(value) {
				return "", false
			}
			code, err := strconv.ParseUint(value[i+1:i+3], 16, 8)
			if err != nil {
				return "", false
			}
			b = append(b, byte(code))
			i += 2
		default:
			b = append(b, c)
		}
	}
	return string(b), true
}
