// Package route finds the surface that a request belongs to. Method, path and host
// alone decide it: a client could put anything into other headers.
//
// A service may read a path in several ways ([request.Readings]), and some hosts, too
// ([request.HostsOf]). The request belongs to a surface if one of its readings leads
// there, and it is exempt only by its exact path: no spelling of a guarded path escapes
// its surface.
//
//	route.go    Router.Route, called once for each request, before all other rooms
//	explain.go  Router.Explain: where each reading leads, for tools
package route

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/request"
)

// None means no surface, or no entry of a list. Several means that several surfaces own
// the path, each at other hosts.
const (
	None    = -1
	Several = -2
)

// The messages for an ambiguous request.
const (
	AmbiguousPath = "The path can be read in more than one way. Send it without encoded slashes, dot segments and parameters."
	AmbiguousHost = "The host can be read in more than one way. Send one name, with nothing but a port behind it."
)

// maxOddPath is the longest path, in bytes, that may have several readings. Each
// reading costs time, and a client that sends a longer one wants to waste it.
const maxOddPath = 4096

// Router finds the surfaces of requests. It is not safe for concurrent use.
type Router struct {
	exempt   []config.Match
	surfaces [][]config.Match // the patterns of each surface, in normal form
	named    config.Match     // lists the hosts of all entries, also those of quotas
	readings []string         // scratch
	hosts    []string         // scratch
}

// New returns a router for the configured surfaces and exempt paths.
func New(c *config.Config) *Router {
	r := &Router{exempt: c.Exempt, surfaces: make([][]config.Match, len(c.Surfaces)), named: config.Match{Hosts: c.NamedHosts()}}
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
// fills in t.Readings and t.Hosts, which the next call overwrites.
//
// The request is ambiguous if two readings of its path and host lead to two surfaces,
// since its sender could choose which counters apply. It is also ambiguous if its path
// is too long to have several readings; then t.Readings is nil. Of an ambiguous request,
// the sender is told what the second result says.
func (r *Router) Route(t *request.Target) (surface int, ambiguous string) {
	r.readHost(t)
	if !r.read(t) {
		return None, AmbiguousPath
	}
	surface = None
	hosts := t.Hosts
	for i := 0; i == 0 || i < len(hosts); i++ {
		t.Hosts = one(hosts, i)
		surface = r.join(surface, t)
	}
	if t.Hosts = hosts; surface != Several {
		return surface, ""
	}
	if r.readsHost(t) {
		return None, AmbiguousHost
	}
	return None, AmbiguousPath
}

// one returns the i-th host alone, and none if there is none.
func one(hosts []string, i int) []string {
	if len(hosts) == 0 {
		return nil
	}
	return hosts[i : i+1]
}

// join returns the owner that surface and all readings of the request's path share, or
// Several.
func (r *Router) join(surface int, t *request.Target) int {
	for _, path := range t.Readings {
		owner := r.owner(t, path)
		switch {
		case owner == None, owner == surface:
		case surface == None:
			surface = owner
		default:
			return Several
		}
	}
	return surface
}

// readHost fills in t.Hosts, where an entry lists hosts.
func (r *Router) readHost(t *request.Target) {
	clear(r.hosts)
	r.hosts, t.Hosts = r.hosts[:0], nil
	if len(r.named.Hosts) > 0 {
		r.hosts = request.HostsOf(t, &r.named, r.hosts)
		t.Hosts = r.hosts
	}
}

// readsHost tells whether the request's host can be read in several ways and that
// matters.
func (r *Router) readsHost(t *request.Target) bool {
	return len(r.named.Hosts) > 0 && len(t.Hosts) != 1
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

// owner returns the surface that a reading leads to, None, or Several if it depends on
// a host that is not known.
func (r *Router) owner(t *request.Target, path string) int {
	if r.exemption(t, path) != None {
		return None
	}
	path = request.Normal(path)
	owner := None
	for i := range r.surfaces {
		match := r.match(i, t, path)
		switch {
		case match == None:
		case owner != None:
			return Several
		case !r.readsHost(t) || r.matchesAnywhere(i, t, path):
			return i
		default:
			owner = i
		}
	}
	return owner
}

// matchesAnywhere tells whether the surface has a pattern without hosts that matches a
// reading in normal form.
func (r *Router) matchesAnywhere(surface int, t *request.Target, path string) bool {
	for i := range r.surfaces[surface] {
		if m := &r.surfaces[surface][i]; len(m.Hosts) == 0 && request.May(m, t, path) {
			return true
		}
	}
	return false
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
