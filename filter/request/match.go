package request

import (
	"strings"

	"github.com/gatewarden/gatewarden/config"
)

// May tells whether a service may take the request for one that the pattern matches,
// by a reading of its path in normal form ([Normal]). The pattern is in normal form,
// too. A rule that guards is asked this way: no spelling may escape it.
func May(m *config.Match, t *Target, path string) bool {
	return Covers(m, path) && MayAllow(m.Methods, t) && mayBeAt(m, t.Hosts)
}

// Surely tells whether the pattern matches a reading to the letter, and no service can
// take the request for another one. A rule that exempts is asked this way.
func Surely(m *config.Match, t *Target, path string) bool {
	return Covers(m, path) && SurelyAllows(m.Methods, t) && isSurelyAt(m, t.Hosts)
}

// mayBeAt tells whether the pattern matches one of the readings of a host. Without
// readings, it may be any host.
func mayBeAt(m *config.Match, hosts []string) bool {
	if len(m.Hosts) == 0 || len(hosts) == 0 {
		return true
	}
	for _, host := range hosts {
		if m.NamesHost(host) {
			return true
		}
	}
	return false
}

// isSurelyAt tells whether the pattern matches all readings of a host.
func isSurelyAt(m *config.Match, hosts []string) bool {
	if len(m.Hosts) == 0 {
		return true
	}
	for _, host := range hosts {
		if !m.NamesHost(host) {
			return false
		}
	}
	return len(hosts) > 0
}

// Covers tells whether the pattern matches a path, whatever the method and the host.
func Covers(m *config.Match, path string) bool {
	if m.Prefix {
		return isUnder(path, m.Path)
	}
	return path == m.Path
}

// MayAllow tells whether the methods list the request's method, or one that a service
// may run instead. An empty list means every method.
func MayAllow(methods []string, t *Target) bool {
	if len(methods) == 0 || Lists(methods, t.Method) {
		return true
	}
	for _, method := range t.Overrides {
		if Lists(methods, method) {
			return true
		}
	}
	return false
}

// SurelyAllows tells whether the methods list the request's method, and no service can
// run another one instead.
func SurelyAllows(methods []string, t *Target) bool {
	return len(methods) == 0 || len(t.Overrides) == 0 && Lists(methods, t.Method)
}

// Lists tells whether methods contain method. Services route HEAD like GET, and some
// ignore a method's letter case.
func Lists(methods []string, method string) bool {
	for _, m := range methods {
		if strings.EqualFold(m, method) || m == "GET" && strings.EqualFold(method, "HEAD") {
			return true
		}
	}
	return false
}

// isUnder tells whether path is prefix or lies below it, by whole segments.
func isUnder(path, prefix string) bool {
	if prefix == "/" {
		return true
	}
	return strings.HasPrefix(path, prefix) && (len(path) == len(prefix) || path[len(prefix)] == '/')
}
