package config

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

const (
	maxExempt  = 256
	maxMatches = 64
	maxMethods = 32
)

var matchFields = []field[Match]{
	{key: "path", read: func(v value, m *Match) { m.Path = readPath(v) }},
	{key: "prefix", read: func(v value, m *Match) { m.Path, m.Prefix = readPath(v), true }},
	{key: "methods", read: func(v value, m *Match) {
		if m.Methods = readMethods(v); m.Methods == nil {
			m.Path = "" // without its methods, what the match covers is unknown
		}
	}},
}

// readMatches keeps the place of a match that is wrong, without a path, so
// that what comes after it keeps its index.
func readMatches(v value, most int) []Match {
	var list []Match
	v.items(most, func(item value) {
		var m Match
		found := readObject(item, matchFields, &m)
		checkPattern(item, found, &m)
		list = append(list, m)
	})
	return list
}

// checkPattern refuses a pattern that has not one of path and prefix, which are
// the first two fields found.
func checkPattern(v value, found []gjson.Result, m *Match) {
	switch {
	case found == nil || found[0].Exists() != found[1].Exists():
		return
	case found[0].Exists():
		v.bad("has a path and a prefix; keep one of them")
	default:
		v.bad(`has neither path nor prefix; write for example {"prefix": "/mcp"}`)
	}
	m.Path = ""
}

// readMethods returns nil when the list is wrong.
func readMethods(v value) []string {
	list := []string{}
	before := v.out.count()
	v.refuseEmpty("leave it out for all methods")
	v.items(maxMethods, func(item value) {
		method, ok := item.text("a method as a string")
		switch method = strings.ToUpper(method); {
		case !ok:
		case !isToken(method) || method == "*":
			item.bad(quote(method) + ` is not a method; write for example "POST", or leave methods out for all`)
		case indexOf(list, method) >= 0:
			item.bad(quote(method) + " is in the list already; remove one of them")
		default:
			list = append(list, method)
		}
	})
	if v.out.count() > before {
		return nil
	}
	return list
}

func readPath(v value) string {
	text, ok := v.text("a path as a string")
	if !ok {
		return ""
	}
	if problem := pathProblem(text); problem != "" {
		v.bad(quote(text) + " " + problem)
		return ""
	}
	if len(text) > 1 {
		text = strings.TrimSuffix(text, "/")
	}
	return text
}

// pathProblem says why a path is not in the normal form in which the paths of
// requests are compared. Any other form would match nothing.
func pathProblem(path string) string {
	switch {
	case !strings.HasPrefix(path, "/"):
		return `does not begin with a slash; write for example "/mcp"`
	case strings.ContainsAny(path, "?#"):
		return "has a query or a fragment; write the path alone"
	case strings.Contains(path, "//"):
		return "has an empty segment; write one slash for two"
	case strings.ContainsAny(path, `;\`):
		return "has a semicolon or a backslash, which servers read in different ways; match what is before it"
	case strings.ContainsAny(path, "*{}"):
		return "has a wildcard, and there are none; write a prefix"
	}
	for _, segment := range strings.Split(path, "/") {
		if segment == "." || segment == ".." {
			return "has a dot segment; write the path that it leads to"
		}
	}
	for i := 0; i < len(path); i++ {
		if path[i] <= ' ' || path[i] >= 0x7f {
			return "has a character that no path has; percent-encode it"
		}
	}
	return percentProblem(path)
}

func percentProblem(path string) string {
	for {
		_, after, found := strings.Cut(path, "%")
		if !found {
			return ""
		}
		path = after
		n, err := strconv.ParseUint(path[:min(2, len(path))], 16, 8)
		if err != nil || len(path) < 2 {
			return `has a "%" without two hexadecimal digits; write "%25" for the sign itself`
		}
		switch c := byte(n); {
		case isAlphanumeric(c) || strings.IndexByte("-._~", c) >= 0:
			return "has %" + path[:2] + ", an encoded character that needs no encoding; write " + strconv.Quote(string(rune(c)))
		case strings.IndexByte(`/\;`, c) >= 0:
			return "has %" + path[:2] + ", which servers read in different ways; match what is before it"
		}
	}
}
