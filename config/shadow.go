package config

import (
	"strconv"
	"strings"
)

// warnShadows tells of matches that lose some of their requests to a surface before
// them, where that is hardly meant: the earlier one is the wider by path, or both
// name the method. To put the narrower one first is the way to make exceptions.
func (c *Config) warnShadows(warn func(path, message string)) {
	for i := range c.Surfaces {
		for j, m := range c.Surfaces[i].Match {
			path := surfacePath(i, "match["+strconv.Itoa(j)+"]")
			if by, methods := c.shadow(i, m); by != "" {
				warn(path, "loses its "+listed(methods, "and")+" requests to "+by+", which comes first, "+
					"so that they count there; put this surface first, or take these methods out of this match")
			}
		}
	}
}

// shadow returns the match of an earlier surface that takes requests from m, and
// their methods.
func (c *Config) shadow(surface int, m Match) (by string, methods []string) {
	path := strings.ToLower(m.Path)
	for i := range c.Surfaces[:surface] {
		for j, earlier := range c.Surfaces[i].Match {
			wide := claim{Match: earlier}
			wide.Path = strings.ToLower(earlier.Path)
			taken := common(withHead(m.Methods), withHead(earlier.Methods))
			wider := wide.Path != path || wide.Prefix != m.Prefix
			if len(taken) > 0 && wide.holds(path, m.Prefix) && (wider || len(m.Methods) > 0) {
				return surfacePath(i, "match["+strconv.Itoa(j)+"]"), taken
			}
		}
	}
	return "", nil
}

// common are the methods of some, which are not all, that any also has; an empty
// list of any means all.
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
