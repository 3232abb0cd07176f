package config

import (
	"strconv"
	"strings"
)

func readPath(v *value) string {
	text, ok := v.text("a path as a string")
	if !ok {
		return ""
	}
	if problem := pathProblem(text); problem != "" {
		v.bad("%q %s", text, problem)
		return ""
	}
	if len(text) > 1 {
		text = strings.TrimSuffix(text, "/")
	}
	return text
}

// pathProblem says why a path is not in the normal form in which the filter
// compares the paths of requests, or returns "". A path in any other form would
// match no request.
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
