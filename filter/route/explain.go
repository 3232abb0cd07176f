package route

import (
	"slices"

	"github.com/gatewarden/gatewarden/filter/request"
)

// View tells how the method, path and host of a request are read. Indexes are those of the
// configuration's lists.
type View struct {
	Method string
	// Overrides are the methods of method-override headers.
	Overrides []string
	// ByHost tells whether an entry of the configuration lists hosts. Hosts are then the
	// readings of the host; none if it could be any host.
	ByHost bool
	Hosts  []string
	// Readings are those of the path, at each reading of the host.
	Readings []Reading
	// Surfaces are those that the readings lead to, each once.
	Surfaces []int
	// Exempt tells whether a reading is exempt.
	Exempt bool
	// Ambiguous tells whether the readings lead to several surfaces, AmbiguousHost
	// whether the host is the reason. TooLong tells whether the path is too long for
	// several readings, and then there are none.
	Ambiguous, AmbiguousHost, TooLong bool
}

// Reading is one way to read a path, at one reading of the host.
type Reading struct {
	Path string
	// Host is "" if the host decides nothing, or may be any.
	Host string
	// Exempt is the index of the entry that exempts the reading, or None.
	Exempt int
	// Owner is the surface that the reading leads to, None, or Several if the host
	// would tell which of them.
	Owner int
	// Matches has the first matching pattern of each surface.
	Matches []Match
}

// Match is a pattern in a surface's match list.
type Match struct{ Surface, Match int }

// Explain tells where each reading of a request leads. It fills in t.Readings and
// t.Hosts, like [Router.Route].
func (r *Router) Explain(t *request.Target) View {
	v := View{Method: t.Method, Overrides: t.Overrides, ByHost: len(r.named.Hosts) > 0}
	_, ambiguous := r.Route(t)
	hosts := t.Hosts
	v.Hosts = slices.Clone(hosts)
	for i := 0; i == 0 || i < len(hosts); i++ {
		t.Hosts = one(hosts, i)
		for _, path := range t.Readings {
			v.add(r.explainReading(t, path))
		}
	}
	t.Hosts = hosts
	v.Ambiguous, v.AmbiguousHost = ambiguous != "", ambiguous == AmbiguousHost
	v.TooLong = v.Ambiguous && len(t.Readings) == 0
	return v
}

func (v *View) add(reading Reading) {
	v.Readings = append(v.Readings, reading)
	v.Exempt = v.Exempt || reading.Exempt != None
	owners := []int{reading.Owner}
	if reading.Owner == Several {
		owners = nil
		for _, m := range reading.Matches {
			owners = append(owners, m.Surface)
		}
	}
	for _, owner := range owners {
		if owner != None && !slices.Contains(v.Surfaces, owner) {
			v.Surfaces = append(v.Surfaces, owner)
		}
	}
}

func (r *Router) explainReading(t *request.Target, path string) Reading {
	reading := Reading{Path: path, Exempt: r.exemption(t, path), Owner: r.owner(t, path)}
	if len(t.Hosts) > 0 {
		reading.Host = t.Hosts[0]
	}
	path = request.Normal(path)
	for i := range r.surfaces {
		if match := r.match(i, t, path); match != None {
			reading.Matches = append(reading.Matches, Match{Surface: i, Match: match})
		}
	}
	return reading
}
