package config

import (
	"net/netip"
	"strconv"
	"strings"
)

// link is a URL, split into its parts.
type link struct {
	scheme, host, port string
	// path is empty or begins with a slash. query and fragment keep ? and #.
	path, query, fragment string
}

// splitURL splits an absolute URL with a host (RFC 3986 section 3). problem is ""
// or says what is wrong and how to repair it.
func splitURL(text string) (u link, problem string) {
	for i := 0; i < len(text); i++ {
		if !isAlphanumeric(text[i]) && strings.IndexByte("-._~:/?#[]@!$&'()*+,;=%", text[i]) < 0 {
			return u, "has a character that no URL has; percent-encode it"
		}
	}
	scheme, rest, found := strings.Cut(text, "://")
	if !found || !isScheme(scheme) {
		return u, `is not a URL; write for example "https://api.example.com"`
	}
	u.scheme = scheme
	rest, u.fragment = splitAt(rest, "#")
	rest, u.query = splitAt(rest, "?")
	rest, u.path = splitAt(rest, "/")
	u.host, u.port, problem = splitHost(rest)
	return u, problem
}

// splitAt splits a text before the first mark.
func splitAt(text, mark string) (before, after string) {
	if i := strings.Index(text, mark); i >= 0 {
		return text[:i], text[i:]
	}
	return text, ""
}

func isScheme(text string) bool {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if (c < 'a' || c > 'z') && (i == 0 || !isDigit(c) && strings.IndexByte("+-.", c) < 0) {
			return false
		}
	}
	return text != ""
}

func splitHost(authority string) (host, port, problem string) {
	if strings.Contains(authority, "@") {
		return "", "", "has a user name; remove it with its @"
	}
	host = authority
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		host, port = authority[:i], authority[i+1:]
		_, err := strconv.ParseUint(port, 10, 16)
		if err != nil || port[0] == '0' {
			return "", "", "has a port that is not 1 to 65535; correct it"
		}
	}
	if !isHost(host) {
		return "", "", "has no valid host; write a name in lower case, an IPv4 address or an IPv6 address in brackets"
	}
	return host, port, ""
}

func isHost(host string) bool {
	if inner, found := strings.CutPrefix(host, "["); found {
		inner, found = strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		return found && err == nil && addr.Is6() && addr.Zone() == "" && inner == strings.ToLower(inner)
	}
	for _, label := range strings.Split(host, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := 0; i < len(label); i++ {
			if c := label[i]; (c < 'a' || c > 'z') && !isDigit(c) && c != '-' && c != '_' {
				return false
			}
		}
	}
	// A host of digits and dots is an address (WHATWG) and must be a whole one.
	if strings.Trim(host, "0123456789.") == "" {
		_, err := netip.ParseAddr(host)
		return err == nil
	}
	return len(host) <= 253
}

// readSecureURL reads the URL of a resource or issuer; "" if it is invalid.
func readSecureURL(v *value) string {
	if text, ok := v.text("a URL as a string"); ok && secureURL(v, text) {
		return text
	}
	return ""
}

// readWebURL reads the URL of a page; "" if it is invalid.
func readWebURL(v *value) string {
	if text, ok := v.text("a URL as a string"); ok && webURL(v, text) {
		return text
	}
	return ""
}

// secureURL reports whether a text is the URL of an OAuth resource or issuer (RFC
// 9728 section 1.2, RFC 8414 section 2): https, or http on this machine, without
// query and fragment.
func secureURL(v *value, text string) bool {
	u, problem := splitURL(text)
	switch {
	case problem != "":
	case u.scheme != "https" && (u.scheme != "http" || !isLoopback(u.host)):
		problem = "is not https; write https (http is for localhost, 127.0.0.1 and [::1] only)"
	case u.query != "" || u.fragment != "":
		problem = "has a query or a fragment; remove it"
	case u.path != "" && pathProblem(u.path) != "":
		problem = pathProblem(u.path)
	default:
		return true
	}
	v.bad("%q %s", text, problem)
	return false
}

func isLoopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "[::1]"
}

// webURL reports whether a text is a URL that a browser can open.
func webURL(v *value, text string) bool {
	u, problem := splitURL(text)
	if problem == "" && u.scheme != "https" && u.scheme != "http" {
		problem = `is not a web page; write for example "https://api.example.com/docs"`
	}
	if problem != "" {
		v.bad("%q %s", text, problem)
		return false
	}
	return true
}

// SplitResource splits the URL of a resource or issuer into its origin and its path. A
// single slash after the host is not a path.
func SplitResource(url string) (origin, path string) {
	scheme, rest, _ := strings.Cut(url, "://")
	slash := strings.IndexByte(rest, '/')
	if slash < 0 {
		return url, ""
	}
	slash += len(scheme) + len("://")
	if url[slash:] == "/" {
		return url[:slash], ""
	}
	return url[:slash], url[slash:]
}
