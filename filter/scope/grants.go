package scope

import (
	"slices"

	"github.com/gatewarden/gatewarden/config"
)

// grants says for a scope which other scopes include it, directly or through others.
type grants map[string][]string

func newGrants(implies []config.Implication) grants {
	g := grants{}
	for _, wide := range implies {
		for _, narrow := range included(implies, wide.Scope) {
			g[narrow] = append(g[narrow], wide.Scope)
		}
	}
	return g
}

// included returns all that a scope includes. A circle of scopes ends where it began.
func included(implies []config.Implication, wide string) []string {
	all := []string{wide}
	for next := 0; next < len(all); next++ {
		for _, i := range implies {
			if i.Scope != all[next] {
				continue
			}
			for _, narrow := range i.Scopes {
				if !slices.Contains(all, narrow) {
					all = append(all, narrow)
				}
			}
		}
	}
	return all[1:]
}

// has tells whether one of the scopes is the needed one, or includes it.
func (g grants) has(scopes []string, needed string) bool {
	for _, scope := range scopes {
		if scope == needed || slices.Contains(g[needed], scope) {
			return true
		}
	}
	return false
}
