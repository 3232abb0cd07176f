package model

import "slices"

// drawHosts puts a surface with hosts before or between the others, and exempts a path at
// a host.
func (g *generator) drawHosts(s *Setup) {
	kind := one(g, api, mcp, login)
	tenant := Surface{Name: "tenant", Kind: kind, Lockout: g.drawLockout(kind, s), Match: []Match{
		{Path: "/api", Prefix: true, Hosts: g.drawListed()}, {Path: "/login", Hosts: g.drawListed()},
	}}
	s.Surfaces = slices.Insert(s.Surfaces, g.IntN(2), tenant)
	s.Exempt = append(s.Exempt, Match{Path: one(g, "/api/items", "/login", "/mcp"), Hosts: []string{"open.example"}})
}

// drawListed draws hosts of an entry.
func (g *generator) drawListed() []string {
	return one(g, []string{"admin.example"}, []string{"*.tenants.example"}, []string{"api.example", "*.tenants.example"},
		[]string{"*.example"}, []string{"a.tenants.example", "gateway.example"})
}

func (g *generator) drawHost(r *Request) {
	if !g.sometimes(3) {
		r.Host = one(g, "admin.example", "api.example", "a.tenants.example", "b.a.tenants.example", "tenants.example", "atenants.example", "open.example")
	}
	if g.sometimes(3) {
		r.Spelling = g.IntN(len(spellings))
	}
}
