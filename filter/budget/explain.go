package budget

import "github.com/gatewarden/gatewarden/filter/caller"

// View is what the service would be asked for a request. The zero View is for one that
// costs nothing there.
type View struct {
	Credits         uint32
	Tenant, Subject string
}

// Explain tells what the service would be asked.
func (s *State) Explain(id *caller.Identity) View {
	if s.cost == 0 {
		return View{}
	}
	return View{Credits: s.cost, Tenant: id.Tenant, Subject: id.Subject}
}
