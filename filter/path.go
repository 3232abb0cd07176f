package filter

import (
	"bytes"
	"slices"
	"strings"
)

// A path reaches the service as the client spelled it, and what it names is then
// up to the service: one decodes %2F, another strips ";jsessionid=1" or takes a
// backslash for a slash. The filter does not guess. It works out every reading
// that is in use and looks where each of them leads.
// See RATIONALE.md, "Why is a path read in several ways?"

// spellings returns the readings of a path without its query, the one that RFC
// 3986 gives first. Nearly every path has only one.
func spellings(path string, into []string) []string {
	if isPlain(path) {
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
		add(percentDecode(raw))
		add(percentDecode(percentDecode(raw)))
	}
	// A service may or may not take each of these steps next.
	for _, step := range [...]func(string) string{cutDecoded, stripParams, asSlashes, mergeSlashes} {
		for _, reading := range readings {
			add(step(reading))
		}
	}
	// At last most resolve dot segments, and some take them for names.
	for i, reading := range readings {
		readings[i] = mergeSlashes(removeDots(reading))
		add(reading)
	}
	return readings
}

// isPlain tells whether a path has one reading only.
func isPlain(path string) bool {
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

// pathOf is the path of a request target.
func pathOf(target string) string { return cutQuery(originForm(target)) }

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

func cutQuery(path string) string {
	for i := 0; i < len(path); i++ {
		if path[i] == '?' || path[i] == '#' {
			return path[:i]
		}
	}
	return path
}

// cutDecoded ends a decoded path as a careless service would: at what began a
// query, or a string in C.
func cutDecoded(path string) string {
	if i := strings.IndexAny(path, "?#\x00"); i >= 0 {
		return path[:i]
	}
	return path
}

func asSlashes(path string) string { return strings.ReplaceAll(path, `\`, "/") }

// stripAuthority reads a target that begins with several slashes as URL parsers
// do that resolve it against a base: as "//authority/path".
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

// decodeUnreserved decodes the percent-encoded characters that never needed to
// be encoded (RFC 3986 section 6.2.2.2).
func decodeUnreserved(path string) string { return decode(path, isUnreserved) }

func percentDecode(path string) string {
	return decode(path, func(byte) bool { return true })
}

func decode(path string, wanted func(byte) bool) string {
	if strings.IndexByte(path, '%') < 0 {
		return path
	}
	out := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] == '%' && i+2 < len(path) {
			high, low := unhex(path[i+1]), unhex(path[i+2])
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

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
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
		// rest begins with "/": take the segment behind it.
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

// trimSlash drops a path's trailing slashes, as most routers do.
func trimSlash(path string) string {
	for len(path) > 1 && path[len(path)-1] == '/' {
		path = path[:len(path)-1]
	}
	return path
}

// lower is strings.ToLower for ASCII, without a copy where nothing changes.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return lowerCopy(s)
		}
	}
	return s
}

func lowerCopy(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
