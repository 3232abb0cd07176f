package route

import (
	"slices"

	"github.com/gatewarden/gatewarden/filter/request"
)

// View tells how the method and path of a request are read. Indexes are those of the
// configuration's lists.
type View struct {
	Method string
	// Overrides are the methods of method-override headers.
	Overrides []string
	Readings  []Reading
	// Surfaces are those that the readings lead to, each once.
	Surfaces []int
	// Exempt tells that a reading is exempt.
	Exempt bool
	// Ambiguous tells that the readings lead to several surfaces. TooLong tells that
	// the path is too long to have several readings, and then there are none.
	Ambiguous, TooLong bool
}

// Reading is one way to read a path.
type Reading struct {
	Path string
	// Exempt is the index of the entry that exempts the reading, or None.
	Exempt int
	// Owner is the surface that the reading leads to, or None.
	Owner int
	// Matches has the first matching pattern of each surface.
	Matches []Match
}

// Match is a pattern in a surface's match list.
type Match struct{ Surface, Match int }

// Explain tells where each reading of a request leads. It fills in t.Readings, like
// [Router.Route].
func (r *Router) Explain(t *request.Target) View {
	v := View{Method: t.Method, Overrides: t.Overrides}
	_, v.Ambiguous = r.Route(t)
	for _, path := range t.Readings {
		v.add(r.explainReading(t, path))
	}
	v.TooLong = v.Ambiguous && len(t.Readings) == 0
	return v
}

func (v *View) add(reading Reading) {
	v.Readings = append(v.Readings, reading)
	v.Exempt = v.Exempt || reading.Exempt != None
	if owner := reading.Owner; owner != None && !slices.Contains(v.Surfaces, owner) {
		v.Surfaces = append(v.Surfaces, owner)
	}
}

func (r *Router) explainReading(t *request.Target, path string) Reading {
	reading := Reading{Path: path, Exempt: r.exemption(t, path), Owner: r.owner(t, path)}
	path = request.Normal(path)
	for i := range r.surfaces {
		if match := r.match(i, t, path); match != None {
			reading.Matches = append(reading.Matches, Match{Surface: i, Match: match})
		}
	}
	return reading
}
