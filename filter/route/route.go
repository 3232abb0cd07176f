// Package route finds the surface that a request belongs to. Method and path alone
// decide it: a client could put anything into other headers.
//
// A service may read a path in several ways ([request.Readings]). The request belongs
// to a surface if one of its readings leads there, and it is exempt only by its exact
// path: no spelling of a guarded path escapes its surface.
//
//	route.go    Router.Route, called once for each request, before all other rooms
//	explain.go  Router.Explain: where each reading leads, for tools
package route

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/request"
)

// None stands for no surface and for no entry of a list.
const None = -1

// Ambiguous is what the client of an ambiguous request is told.
const Ambiguous = "The path can be read in more than one way. Send it without encoded slashes, dot segments and parameters."

// maxOddPath is the longest path, in bytes, that may have several readings. Each
// reading costs time, and a client that sends a longer one wants to waste it.
const maxOddPath = 4096

// Router finds the surfaces of requests. It is not safe for concurrent use.
type Router struct {
	exempt   []config.Match
	surfaces [][]config.Match // the patterns of each surface, in normal form
	readings []string         // scratch
}

// New returns a router for the configured surfaces and exempt paths.
func New(c *config.Config) *Router {
	r := &Router{exempt: c.Exempt, surfaces: make([][]config.Match, len(c.Surfaces))}
	for i := range c.Surfaces {
		r.surfaces[i] = normal(c.Surfaces[i].Match)
	}
	return r
}

// normal returns the patterns in the form in which readings are compared with them.
func normal(patterns []config.Match) []config.Match {
	out := make([]config.Match, len(patterns))
	for i, m := range patterns {
		m.Path = request.Normal(m.Path)
		out[i] = m
	}
	return out
}

// Route returns the index of the surface that the request belongs to, or None. It
// fills in t.Readings, which the next call overwrites.
//
// The request is ambiguous if two readings of its path lead to two surfaces, since its
// sender could choose which counters apply. It is also ambiguous if its path is too
// long to have several readings; then t.Readings is nil.
func (r *Router) Route(t *request.Target) (surface int, ambiguous bool) {
	if !r.read(t) {
		return None, true
	}
	surface = None
	for _, path := range t.Readings {
		owner := r.owner(t, path)
		switch {
		case owner == None, owner == surface:
		case surface == None:
			surface = owner
		default:
			return None, true
		}
	}
	return surface, false
}

// read fills in t.Readings. It returns false if the path is too long.
func (r *Router) read(t *request.Target) bool {
	clear(r.readings) // so that the readings of a long path can be freed
	r.readings, t.Readings = r.readings[:0], nil
	path := request.Path(t.Path)
	if len(path) > maxOddPath && !request.IsPlain(path) {
		return false
	}
	r.readings = request.Readings(path, r.readings)
	t.Readings = r.readings
	return true
}

// owner returns the surface that a reading leads to, or None.
func (r *Router) owner(t *request.Target, path string) int {
	if r.exemption(t, path) != None {
		return None
	}
	path = request.Normal(path)
	for i := range r.surfaces {
		if r.match(i, t, path) != None {
			return i
		}
	}
	return None
}

// exemption returns the index of the entry that exempts a reading, or None. It compares
// exactly: a request that only resembles an exempt one is not exempt.
func (r *Router) exemption(t *request.Target, path string) int {
	for i := range r.exempt {
		if request.Surely(&r.exempt[i], t, path) {
			return i
		}
	}
	return None
}

// match returns the index of the surface's first pattern that matches a reading in
// normal form, or None.
func (r *Router) match(surface int, t *request.Target, path string) int {
	patterns := r.surfaces[surface]
	for i := range patterns {
		if request.May(&patterns[i], t, path) {
			return i
		}
	}
	return None
}
