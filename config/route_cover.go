package config

import (
	"slices"
	"strings"
)

// claim is a match of an exempt entry or a surface. It takes requests from the
// matches that come after it.
type claim struct {
	*Match
	// path is that of the match, in lower case unless the claim is exempt.
	path string
	name string
	// remedy says how to repair a match that claims have left without requests.
	remedy string
	// exempt claims compare paths with letter case, those of surfaces without.
	exempt bool
}

func exemptClaim(m *Match, name, remedy string) claim { return claim{m, m.Path, name, remedy, true} }

// checkReachable reports each match of a surface that can never match, because
// exempt entries and earlier surfaces take all its requests.
func (d *draft) checkReachable(out *violations) {
	claims := d.exemptClaims()
	for i := range d.Surfaces {
		before := len(claims)
		for j := range d.Surfaces[i].Match {
			m, path := &d.Surfaces[i].Match[j], matchPath(i, j)
			if by := coveredBy(m, claims[:before]); by != nil {
				out.add(at(path), neverMatches(by))
			}
			claims = append(claims, claim{m, strings.ToLower(m.Path), path, "remove it, or put its surface first", false})
		}
	}
}

func (d *draft) exemptClaims() []claim {
	var claims []claim
	for i := range d.Exempt {
		m := &d.Exempt[i]
		name, remedy := element("exempt", i), "remove one of them"
		if !d.ownExempt {
			name = fill("the default %s (%s)", []string{name, m.Path})
			remedy = "write your own exempt list, without the paths that the surface guards"
		}
		claims = append(claims, exemptClaim(m, name, remedy))
	}
	return claims
}

func neverMatches(by []*claim) string {
	names := make([]string, len(by))
	for i := range by {
		names[i] = by[i].name
	}
	verb := "has"
	if len(by) > 1 {
		verb = "have"
	}
	return fill("can never match: %s %s it already; %s", []string{listed(names, "and"), verb, by[0].remedy})
}

// coveredBy returns the claims that together take every request of m, or nil. Each
// host of m may be taken by others.
func coveredBy(m *Match, claims []claim) (by []*claim) {
	one := *m
	for i := 0; i == 0 || i < len(m.Hosts); i++ {
		if len(m.Hosts) > 0 {
			one.Hosts = m.Hosts[i : i+1]
		}
		more := coveredAt(&one, claims)
		if more == nil {
			return nil
		}
		for _, c := range more {
			if !slices.Contains(by, c) {
				by = append(by, c)
			}
		}
	}
	return by
}

// coveredAt is coveredBy for a match with one host, or with every host. It
// only considers claims that cover the whole path of m: no finite number of longer
// paths fills a prefix, so only different methods can add up.
func coveredAt(m *Match, claims []claim) []*claim {
	if m.Path == "" {
		return nil
	}
	var by []*claim
	left := withHead(m.Methods)
	folded := strings.ToLower(m.Path)
	for i := range claims {
		c, path := &claims[i], folded
		if c.exempt {
			path = m.Path
		}
		switch {
		case !holds(c.path, c.Prefix, path, m.Prefix) || !c.coversHosts(m):
		case len(c.Methods) == 0:
			return []*claim{c}
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

// holds reports whether a path or prefix covers another one: each of them is a path or,
// if its prefix is set, the path and everything below it.
func holds(path string, prefix bool, other string, otherPrefix bool) bool {
	switch {
	case path == "":
		return false
	case !prefix:
		return !otherPrefix && other == path
	}
	below, found := strings.CutPrefix(other, path)
	return found && (path == "/" || below == "" || below[0] == '/')
}

// reaches reports whether the surface can own a request that m matches. It gives a match
// that could not be read the benefit of the doubt.
func (s *Surface) reaches(m *Match) bool {
	for i := range s.Match {
		if s.Match[i].Path == "" || overlap(m, &s.Match[i]) {
			return true
		}
	}
	return false
}

// overlap reports whether a path and host can match both a and b.
func overlap(a, b *Match) bool {
	one, other := strings.ToLower(a.Path), strings.ToLower(b.Path)
	return a.sharesHost(b) && (one == other || holds(one, a.Prefix, other, false) || holds(other, b.Prefix, one, false))
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
		for j := range c.Surfaces[i].Match {
			if by, lost := c.shadow(i, &c.Surfaces[i].Match[j]); by != "" {
				warn.add(at(matchPath(i, j)), "loses its %s requests to %s, which comes first, so that they count there; put this surface first, or take these out of this match", listed(lost, "and"), by)
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
	standard := defaultExempt()
	for i := range standard {
		e, other := &c.Exempt[i], &standard[i]
		if e.Path != other.Path || e.Prefix != other.Prefix || len(e.Methods)+len(e.Hosts) > 0 {
			return
		}
	}
	for i := range c.Surfaces {
		for j := range c.Surfaces[i].Match {
			if m := &c.Surfaces[i].Match[j]; m.Prefix && m.Path == "/" {
				warn.add(at("exempt"), `has "/" by default, so that guesses at "/" itself do not count on %s`+
					`; write the list without it, for example "exempt": [{"path": "/healthz"}]`, matchPath(i, j))
				return
			}
		}
	}
}

// shadow returns the path of the first match of an earlier surface that takes
// requests from m, and the methods of these requests, or their hosts if it takes some
// hosts only.
func (c *Config) shadow(surface int, m *Match) (by string, lost []string) {
	path := strings.ToLower(m.Path)
	for i := range c.Surfaces[:surface] {
		for j := range c.Surfaces[i].Match {
			earlier := &c.Surfaces[i].Match[j]
			wide := strings.ToLower(earlier.Path)
			if !holds(wide, earlier.Prefix, path, m.Prefix) {
				continue
			}
			taken := common(withHead(m.Methods), withHead(earlier.Methods))
			wider := wide != path || earlier.Prefix != m.Prefix || !m.coversHosts(earlier)
			switch {
			case !earlier.coversHosts(m):
				if len(taken) > 0 || len(earlier.Methods) == 0 {
					lost = earlier.sharedHosts(m)
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
