package scope

import (
	"slices"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/request"
)

// View is what the room made of a request.
type View struct {
	// Asked tells that something may need a scope on the surface.
	Asked bool
	// Needed are the scopes that it needs, Missing those that its caller lacks.
	Needed, Missing []string
	// Operations are those that a service may take it for, by their places in the
	// configuration.
	Operations []int
}

// Explain shows what the room made of a request.
func (s *State) Explain(t *request.Target, id *caller.Identity) View {
	if s.rules == nil {
		return View{}
	}
	v := View{Asked: true, Needed: slices.Clone(s.needed), Missing: s.Missing(id, s.needed)}
	for _, path := range t.Readings {
		normal := request.Normal(path)
		for i := s.rules.next(-1, t, path, normal); i >= 0; i = s.rules.next(i, t, path, normal) {
			if place := s.rules.operations[i].place; !slices.Contains(v.Operations, place) {
				v.Operations = append(v.Operations, place)
			}
		}
	}
	return v
}

// Missing returns those of some scopes that a caller lacks.
func (s *State) Missing(id *caller.Identity, scopes []string) (missing []string) {
	for _, scope := range scopes {
		if s.rules != nil && !s.rules.room.grants.has(id.Scopes, scope) {
			missing = append(missing, scope)
		}
	}
	return missing
}
