package config

import (
	"strings"
)

// ResourceOf returns the place in OAuth of the resource that a surface belongs to, by
// the surface's place; -1 if it belongs to none.
//
// Only surfaces of the kinds api and mcp belong to a resource: to the one that names
// them, or else to the one of those that name none whose URL covers them with the
// longest path.
func (c *Config) ResourceOf(surface int) int {
	at, _ := c.resourcesOf(surface)
	return at
}

// resourcesOf returns the resource that a surface belongs to, and another one with
// the same claim to it; -1 if there is none.
func (c *Config) resourcesOf(surface int) (at, rival int) {
	s := &c.Surfaces[surface]
	if !s.Kind.IsResource() {
		return -1, -1
	}
	for i := range c.OAuth {
		o := &c.OAuth[i]
		if indexOf(o.Surfaces, s.Name) >= 0 || o.Alone && len(o.Surfaces) == 0 {
			return i, -1
		}
	}
	at, rival = -1, -1
	longest := -1
	for i := range c.OAuth {
		switch length := c.OAuth[i].reach(s); {
		case length < 0 || len(c.OAuth[i].Surfaces) > 0 || length < longest:
		case length == longest:
			rival = i
		default:
			at, rival, longest = i, -1, length
		}
	}
	return at, rival
}

// reach returns the length of the resource's path if its URL covers all requests of a
// surface, and -1 otherwise. A match without hosts takes requests of every host, and
// leaves it to the path.
func (o *OAuth) reach(s *Surface) int {
	if o.Resource == "" || len(s.Match) == 0 {
		return -1
	}
	u, _ := splitURL(o.Resource)
	path := strings.TrimSuffix(strings.ToLower(u.path), "/")
	for i := range s.Match {
		m := &s.Match[i]
		below, found := strings.CutPrefix(strings.ToLower(m.Path), path)
		elsewhere := len(m.Hosts) > 0 && (len(m.Hosts) > 1 || m.Hosts[0] != u.host)
		if !found || below != "" && below[0] != '/' || m.Path == "" || elsewhere {
			return -1
		}
	}
	return len(path)
}

// DescribesHost reports whether the metadata at the root location of its host is that
// of a resource, by its place in OAuth: it has no path, or is the only one of its
// host, or is marked.
func (c *Config) DescribesHost(resource int) bool {
	origin, path := SplitResource(c.OAuth[resource].Resource)
	if path == "" {
		return true
	}
	alone := true
	for i := range c.OAuth {
		other, otherPath := SplitResource(c.OAuth[i].Resource)
		if i == resource || other != origin {
			continue
		}
		if alone = false; otherPath == "" {
			return false
		}
	}
	return alone || c.OAuth[resource].HostDefault
}

// AudiencesOf lists the names by which a token may be for the resource of a surface: its
// URL, that of its host if the host's metadata describes it, and what is configured. It
// is empty if the tokens of the surface may be for any resource.
func (c *Config) AudiencesOf(surface int) []string {
	at := c.ResourceOf(surface)
	if at < 0 || !c.OAuth[at].CheckAudience {
		return nil
	}
	o := &c.OAuth[at]
	names := append([]string{o.Resource}, o.Audiences...)
	if c.DescribesHost(at) {
		host, _ := SplitResource(o.Resource)
		names = append(names, host)
	}
	return names
}

// checkResources checks the resources against each other and against the surfaces.
func (d *draft) checkResources(out *violations) {
	before := out.count()
	for i := range d.OAuth {
		d.checkScopes(i, out)
		d.checkSameResource(i, out)
		d.checkHostDefault(i, out)
		d.checkResourceSurfaces(i, out)
	}
	if out.count() > before {
		return // a resource that is written twice covers the same surfaces, too
	}
	for i := range d.Surfaces {
		s := &d.Surfaces[i]
		if first, rival := d.resourcesOf(i); rival >= 0 && s.Name != "" {
			out.add(at(d.resourcePath(rival, "resource")), "%q covers the surface %q, and so does %s; make a surface for each of their hosts, or name this one in surfaces of one of them", d.OAuth[rival].Resource, s.Name, d.resourcePath(first, ""))
		}
	}
}

// checkSameResource refuses a resource that is there already. One slash at the end
// makes no other resource.
func (d *draft) checkSameResource(i int, out *violations) {
	resource := d.OAuth[i].Resource
	for j := 0; j < i && resource != ""; j++ {
		if strings.TrimSuffix(d.OAuth[j].Resource, "/") == strings.TrimSuffix(resource, "/") {
			out.add(at(d.resourcePath(i, "resource")), "%q is the resource of %s; remove one of them", resource, d.resourcePath(j, ""))
			return
		}
	}
}

// checkHostDefault refuses a mark that another resource of the host makes void.
func (d *draft) checkHostDefault(i int, out *violations) {
	o := &d.OAuth[i]
	if !o.HostDefault || o.Resource == "" {
		return
	}
	origin, path := SplitResource(o.Resource)
	for j := range d.OAuth {
		other, otherPath := SplitResource(d.OAuth[j].Resource)
		switch {
		case j == i || other != origin || d.OAuth[j].Resource == "":
			continue
		case otherPath == "" && path != "":
			out.add(at(d.resourcePath(i, "host_default")), "cannot be: %s, which has no path, is the resource of the whole host; remove one of them", d.resourcePath(j, ""))
		case j < i && d.OAuth[j].HostDefault:
			out.add(at(d.resourcePath(i, "host_default")), "is true for %s of the same host as well; keep one of them", d.resourcePath(j, ""))
		default:
			continue
		}
		return
	}
}

// checkResourceSurfaces refuses names of surfaces that the resource cannot have.
func (d *draft) checkResourceSurfaces(i int, out *violations) {
	names, known := d.surfaceNames()
	for k, name := range d.OAuth[i].Surfaces {
		path := at(d.resourcePath(i, element("surfaces", k)))
		at := indexOf(names, name)
		switch {
		case name == "" || at < 0 && !known:
		case at < 0:
			out.unknown(path, name, names, "surface")
		case d.Surfaces[at].Kind.authorizes():
			out.add(path, "%q is not of kind api or mcp; remove it: clients get their credential on this surface", name)
		}
		for j := 0; j < i && name != ""; j++ {
			if indexOf(d.OAuth[j].Surfaces, name) >= 0 {
				out.add(path, "%q is a surface of %s already; remove one of them", name, d.resourcePath(j, ""))
				break
			}
		}
	}
}

// warnResources warns of surfaces whose clients would refuse the metadata, of MCP
// surfaces without any, and of resources without surfaces.
func (c *Config) warnResources(warn *warnings) {
	foreign := make([][]string, len(c.OAuth))
	used := make([]bool, len(c.OAuth))
	for i := range c.Surfaces {
		s := &c.Surfaces[i]
		switch at := c.ResourceOf(i); {
		case at >= 0:
			used[at] = true
			if c.OAuth[at].reach(s) < 0 {
				foreign[at] = append(foreign[at], s.Name)
			}
		case s.Kind == KindMCP && len(c.OAuth) > 0 && !c.OAuth[0].Alone:
			warn.add(surfacePath(i, ""), "belongs to no resource, so that its 401s lead no OAuth client on; "+
				"add a resource whose URL covers all its matches to oauth, or name it in surfaces of one")
		}
	}
	for i := range c.OAuth {
		o := &c.OAuth[i]
		switch {
		case !used[i]:
			warn.add(at(c.resourcePath(i, "resource")), "%q covers no surface, so that no 401 leads there; name its surfaces, or correct the URL", o.Resource)
		case len(foreign[i]) > 0:
			warn.add(at(c.resourcePath(i, "resource")), "%q does not cover all of %s, and clients refuse metadata whose resource is not the URL that they called; write a list of resources, one for each service, "+
				"or name the resource's own surfaces in surfaces", o.Resource, listed(foreign[i], "and"))
		}
	}
}

// resourcePath returns the path of a key of a resource, or of the resource itself if
// key is empty.
func (c *Config) resourcePath(i int, key string) string {
	switch {
	case !c.OAuth[i].Alone:
		return location{"oauth", i, key}.String()
	case key == "":
		return "oauth"
	}
	return "oauth." + key
}

// warnAudiences warns of audiences that are compared with nothing, and of one that is
// right for all resources.
func (c *Config) warnAudiences(warn *warnings) {
	checked := false
	for i := range c.Surfaces {
		checked = checked || len(c.AudiencesOf(i)) > 0
	}
	for i := range c.Identity {
		s := &c.Identity[i]
		switch {
		case len(c.OAuth) > 1 && s.Introspection.Audience != "":
			warn.add(identityPath(i, "audience"), "is the audience of all surfaces, so that a token for one resource is good for the others, too; "+
				"remove it, and each resource requires its own")
		case checked || s.Kind == IdentityIntrospection:
		case len(s.Claims.Audience) > 0 || s.Headers.Audience != "":
			warn.add(identityPath(i, "audience"), "is compared with nothing, because no surface belongs to a resource that checks it; "+
				"describe the service in oauth, or remove it here")
		}
	}
}
