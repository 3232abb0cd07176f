package config

import (
	"strconv"
	"strings"
)

// claim is a match of an exempt entry or a surface. It takes requests from the
// matches that come after it.
type claim struct {
	Match
	name string
	// remedy says how to repair a match that claims have left without requests.
	remedy string
	// exempt claims compare paths with letter case, those of surfaces without.
	exempt bool
}

// checkReachable reports each match of a surface that can never match, because
// exempt entries and earlier surfaces take all its requests.
func (d *draft) checkReachable(out *violations) {
	claims := d.exemptClaims()
	for i, s := range d.Surfaces {
		before := len(claims)
		for j, m := range s.Match {
			path := matchPath(i, j)
			if by := coveredBy(m, claims[:before]); by != nil {
				out.add(path, "%s", neverMatches(by))
			}
			m.Path = strings.ToLower(m.Path)
			claims = append(claims, claim{m, path, "remove it, or put its surface first", false})
		}
	}
}

func (d *draft) exemptClaims() []claim {
	var claims []claim
	for i, m := range d.Exempt {
		c := claim{m, "exempt[" + strconv.Itoa(i) + "]", "remove one of them", true}
		if !d.ownExempt {
			c.name = "the default " + c.name + " (" + m.Path + ")"
			c.remedy = "write your own exempt list, without the paths that the surface guards"
		}
		claims = append(claims, c)
	}
	return claims
}

func neverMatches(by []claim) string {
	names := make([]string, len(by))
	for i, c := range by {
		names[i] = c.name
	}
	verb := " has"
	if len(by) > 1 {
		verb = " have"
	}
	return "can never match: " + listed(names, "and") + verb + " it already; " + by[0].remedy
}

// coveredBy returns the claims that together take every request of m, or nil. Each
// host of m may be taken by others.
func coveredBy(m Match, claims []claim) (by []claim) {
	hosts := m.Hosts
	for i := 0; i == 0 || i < len(hosts); i++ {
		if len(hosts) > 0 {
			m.Hosts = hosts[i : i+1]
		}
		more := coveredAt(m, claims)
		if more == nil {
			return nil
		}
		for _, c := range more {
			if !contains(by, c.name) {
				by = append(by, c)
			}
		}
	}
	return by
}

func contains(claims []claim, name string) bool {
	for i := range claims {
		if claims[i].name == name {
			return true
		}
	}
	return false
}

// coveredAt is coveredBy for a match with one host, or with every host. It
// only considers claims that cover the whole path of m: no finite number of longer
// paths fills a prefix, so only different methods can add up.
func coveredAt(m Match, claims []claim) []claim {
	if m.Path == "" {
		return nil
	}
	var by []claim
	left := withHead(m.Methods)
	folded := strings.ToLower(m.Path)
	for _, c := range claims {
		path := folded
		if c.exempt {
			path = m.Path
		}
		switch {
		case !c.holds(path, m.Prefix) || !c.coversHosts(&m):
		case len(c.Methods) == 0:
			return []claim{c}
		case len(m.Methods) > 0:
			before := len(left)
			if left = without(left, withHead(c.Methods)); len(left) < before {
				by = append(by, c)
			}
			if len(left) == 0 {
				return by
			}
		}
	}
	return nil
}

// holds reports whether the claim covers a path or, if prefix is set, the path and
// everything below it.
func (c claim) holds(path string, prefix bool) bool {
	switch {
	case c.Path == "":
		return false
	case !c.Prefix:
		return !prefix && path == c.Path
	}
	below, found := strings.CutPrefix(path, c.Path)
	return found && (c.Path == "/" || below == "" || below[0] == '/')
}

// overlap reports whether a path and host can match both a and b.
func overlap(a, b Match) bool {
	a.Path, b.Path = strings.ToLower(a.Path), strings.ToLower(b.Path)
	return a.sharesHost(&b) && (a.Path == b.Path || claim{Match: a}.holds(b.Path, false) || claim{Match: b}.holds(a.Path, false))
}

// withHead adds HEAD to methods that include GET, as the filter does when it
// matches requests.
func withHead(methods []string) []string {
	if indexOf(methods, "GET") < 0 || indexOf(methods, "HEAD") >= 0 {
		return methods
	}
	return append(methods[:len(methods):len(methods)], "HEAD")
}

func without(list, remove []string) []string {
	var left []string
	for _, s := range list {
		if indexOf(remove, s) < 0 {
			left = append(left, s)
		}
	}
	return left
}

// warnShadows warns about matches that lose some of their requests to an earlier
// surface, where this is probably a mistake: the earlier match has the wider path,
// or both list the method. An earlier match with a narrower path is the usual way
// to make an exception.
func (c *Config) warnShadows(warn *warnings) {
	for i := range c.Surfaces {
		for j, m := range c.Surfaces[i].Match {
			path := matchPath(i, j)
			if by, lost := c.shadow(i, m); by != "" {
				warn.add(path, "loses its %s requests to %s, which comes first, so that they count there; put this surface first, or take these out of this match", listed(lost, "and"), by)
			}
		}
	}
}

// warnExempt warns about a surface for everything whose root is exempt only because
// nobody wrote the list: what is guessed there never counts.
func (c *Config) warnExempt(warn *warnings) {
	if len(c.Exempt) != len(defaultExempt()) {
		return
	}
	for i, e := range defaultExempt() {
		if c.Exempt[i].Path != e.Path || c.Exempt[i].Prefix != e.Prefix || len(c.Exempt[i].Methods)+len(c.Exempt[i].Hosts) > 0 {
			return
		}
	}
	for i := range c.Surfaces {
		for j, m := range c.Surfaces[i].Match {
			if m.Prefix && m.Path == "/" {
				warn.add("exempt", `has "/" by default, so that guesses at "/" itself do not count on %s`+
					`; write the list without it, for example "exempt": [{"path": "/healthz"}]`, matchPath(i, j))
				return
			}
		}
	}
}

// shadow returns the path of the first match of an earlier surface that takes
// requests from m, and the methods of these requests, or their hosts if it takes some
// hosts only.
func (c *Config) shadow(surface int, m Match) (by string, lost []string) {
	path := strings.ToLower(m.Path)
	for i := range c.Surfaces[:surface] {
		for j, earlier := range c.Surfaces[i].Match {
			wide := claim{Match: earlier}
			wide.Path = strings.ToLower(earlier.Path)
			if !wide.holds(path, m.Prefix) {
				continue
			}
			taken := common(withHead(m.Methods), withHead(earlier.Methods))
			wider := wide.Path != path || wide.Prefix != m.Prefix || !m.coversHosts(&earlier)
			switch {
			case !earlier.coversHosts(&m):
				if len(taken) > 0 || len(earlier.Methods) == 0 {
					lost = earlier.sharedHosts(&m)
				}
			case wider || len(m.Methods) > 0:
				lost = taken
			}
			if len(lost) > 0 {
				return matchPath(i, j), lost
			}
		}
	}
	return "", nil
}

// common returns the methods of some that any has as well. An empty any stands for
// all methods; an empty some yields none.
func common(any, some []string) []string {
	if len(any) == 0 {
		return some
	}
	var both []string
	for _, method := range some {
		if indexOf(any, method) >= 0 {
			both = append(both, method)
		}
	}
	return both
}
