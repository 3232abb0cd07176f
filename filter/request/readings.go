package request

import (
	"bytes"
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/internal/ascii"
)

// A path reaches the service as the client spelled it, and the service decides what
// it names: one service decodes %2F, another strips ";jsessionid=1" or reads a
// backslash as a slash. The filter does not guess. It works out every reading that is
// in use and looks where each of them leads.
// See RATIONALE.md, "Why is a path read in several ways?"

// Readings appends the readings of a path without its query to into. The reading of
// RFC 3986 comes first. Nearly every path has only one.
func Readings(path string, into []string) []string {
	if IsPlain(path) {
		return append(into, path)
	}
	readings := append(into, decodeUnreserved(path))
	add := func(reading string) {
		if !slices.Contains(readings, reading) {
			readings = append(readings, reading)
		}
	}
	add(stripAuthority(asSlashes(readings[0])))
	for _, raw := range [...]string{path, stripParams(path)} {
		add(decodeUnreserved(raw))
		add(PercentDecode(raw))
		add(PercentDecode(PercentDecode(raw)))
	}
	// A service may or may not take each of these steps next.
	for _, step := range [...]func(string) string{cutDecoded, stripParams, asSlashes, mergeSlashes} {
		for _, reading := range readings {
			add(step(reading))
		}
	}
	// Finally, most services resolve dot segments, and some take them for names.
	for i, reading := range readings {
		readings[i] = mergeSlashes(removeDots(reading))
		add(reading)
	}
	return readings
}

// IsPlain tells whether a path has only one reading.
func IsPlain(path string) bool {
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case '%', '\\', ';':
			return false
		case '/':
			if i+1 < len(path) && (path[i+1] == '/' || path[i+1] == '.') {
				return false
			}
		}
	}
	return true
}

// Path returns the path of a request target.
func Path(target string) string { return CutQuery(originForm(target)) }

// originForm cuts scheme and authority from an absolute-form target (RFC 9112
// section 3.2.2).
func originForm(target string) string {
	if strings.HasPrefix(target, "/") {
		return target
	}
	if i := strings.Index(target, "://"); i > 0 && !strings.ContainsAny(target[:i], "/?#") {
		target = target[i+len("://"):]
		if i := strings.IndexAny(target, "/?#"); i >= 0 {
			target = target[i:]
		} else {
			target = ""
		}
	}
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	return target
}

// CutQuery returns a target without its query and fragment.
func CutQuery(path string) string {
	for i := 0; i < len(path); i++ {
		if path[i] == '?' || path[i] == '#' {
			return path[:i]
		}
	}
	return path
}

// Query returns the query of a request target, or "". It is what follows the first
// question mark, fragment included: some services do not cut that.
func Query(target string) string {
	if i := strings.IndexByte(target, '?'); i >= 0 {
		return target[i+1:]
	}
	return ""
}

// cutDecoded ends a decoded path where a careless service would: at a character that
// begins a query, or that ends a string in C.
func cutDecoded(path string) string {
	if i := strings.IndexAny(path, "?#\x00"); i >= 0 {
		return path[:i]
	}
	return path
}

func asSlashes(path string) string { return strings.ReplaceAll(path, `\`, "/") }

// stripAuthority reads a path that begins with several slashes as "//authority/path",
// like URL parsers that resolve a reference against a base.
func stripAuthority(path string) string {
	if !strings.HasPrefix(path, "//") {
		return path
	}
	path = strings.TrimLeft(path, "/")
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[i:]
	}
	return "/"
}

// decodeUnreserved decodes the percent-encoded characters that need no encoding (RFC
// 3986 section 6.2.2.2).
func decodeUnreserved(path string) string { return decode(path, ascii.IsUnreserved) }

// PercentDecode decodes all percent-encoded characters.
func PercentDecode(path string) string {
	return decode(path, func(byte) bool { return true })
}

func decode(path string, wanted func(byte) bool) string {
	if strings.IndexByte(path, '%') < 0 {
		return path
	}
	out := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] == '%' && i+2 < len(path) {
			high, low := ascii.Unhex(path[i+1]), ascii.Unhex(path[i+2])
			if c := byte(high<<4 | low); high >= 0 && low >= 0 && wanted(c) {
				out = append(out, c)
				i += 2
				continue
			}
		}
		out = append(out, path[i])
	}
	return string(out)
}

// stripParams cuts the ";name=value" parameters from every segment.
func stripParams(path string) string {
	if strings.IndexByte(path, ';') < 0 {
		return path
	}
	out := make([]byte, 0, len(path))
	in := false
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case ';':
			in = true
		case '/':
			in = false
		}
		if !in {
			out = append(out, path[i])
		}
	}
	return string(out)
}

func mergeSlashes(path string) string {
	if !strings.Contains(path, "//") {
		return path
	}
	out := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] != '/' || i == 0 || path[i-1] != '/' {
			out = append(out, path[i])
		}
	}
	return string(out)
}

// removeDots resolves "." and ".." segments (RFC 3986 section 5.2.4).
func removeDots(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	out := make([]byte, 0, len(path))
	for rest := path; rest != ""; {
		// rest begins with "/": take the segment after it.
		end := strings.IndexByte(rest[1:], '/') + 1
		if end == 0 {
			end = len(rest)
		}
		segment := rest[:end]
		rest = rest[end:]
		switch segment {
		case "/.":
		case "/..":
			out = out[:max(bytes.LastIndexByte(out, '/'), 0)]
		default:
			out = append(out, segment...)
			continue
		}
		if rest == "" {
			out = append(out, '/')
		}
	}
	return string(out)
}

// Normal returns a path in the form in which surfaces compare it: ASCII letters in
// lower case, and no trailing slashes, as most routers drop them.
func Normal(path string) string { return trimSlash(ascii.Lower(path)) }

func trimSlash(path string) string {
	for len(path) > 1 && path[len(path)-1] == '/' {
		path = path[:len(path)-1]
	}
	return path
}
