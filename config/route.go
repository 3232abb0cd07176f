package config

import (
	"slices"
	"strings"
)

// Match is a pattern for the method, path and host of a request.
type Match struct {
	// Path is in normal form, without its trailing slash (but for "/" itself).
	Path string
	// Prefix makes Path match itself and everything below it, by whole segments:
	// "/mcp" matches "/mcp" and "/mcp/x", but not "/mcpx". Danger: an exempt prefix
	// opens everything below it.
	Prefix bool
	// Methods that match, in upper case; GET includes HEAD. Empty means every
	// method. Danger: a surface that lists methods does not guard any other.
	Methods []string
	// Hosts that match, in lower case and without a port: "api.example.com", or
	// "*.example.com" for all hosts below it. Empty means every host. Danger: a
	// surface that lists hosts does not guard any other.
	Hosts []string
}

// Surface is a named part of the service with counters of its own.
type Surface struct {
	// Name identifies the surface in metrics, logs and the environment: a letter,
	// then letters, digits, - and _, all lower case, at most 32 characters. Unique,
	// also where - is read as _. Danger: under a new name, counting starts anew.
	Name string
	// Kind says what a failed authentication looks like.
	Kind Kind
	// Match lists the patterns of the surface's requests, 1 to 64. A pattern that
	// exempt entries and earlier surfaces cover completely is an error.
	Match []Match
	// Lockout says how many failures lock a client out, and for how long.
	Lockout Lockout
	// Require refuses requests whose caller no identity source has verified.
	// Default: false. Only for the kinds api and mcp.
	Require bool
}

// IsAmong tells whether a rule for these surfaces applies to the surface. An empty list
// stands for all surfaces.
func (s *Surface) IsAmong(names []string) bool {
	return len(names) == 0 || slices.Contains(names, s.Name)
}

const (
	maxSurfaces = 256
	maxExempt   = 256
	maxMatches  = 64
	maxMethods  = 32
)

var oneSurface Surface

var surfaceFields = table[Surface]{&oneSurface, []field[Surface]{
	{key: "name", required: `write for example "rest"`, as: &textAs{&oneSurface.Name, readName, "a surface's name"}},
	{key: "kind", words: &kinds, read: readKind},
	{key: "match", required: `write for example [{"prefix": "/api/v1"}]`, list: of(&matchFields), read: readSurfaceMatch},
	{key: "require", as: &boolean{&oneSurface.Require}},
	// The lockout comes last, because its defaults and its checks depend on the kind.
	{key: "lockout", object: of(&lockoutFields), read: func(v *value, s *Surface) {
		readObject(v, &lockoutFields, s)
		replaceList(v, &s.Lockout)
	}},
}}

var oneMatch Match

var matchFields = table[Match]{&oneMatch, []field[Match]{
	{key: "path", read: readMatchPath},
	{key: "prefix", read: readMatchPrefix},
	{key: "methods", read: readMatchMethods},
	{key: "hosts", read: readMatchHosts},
}}

func readMatchPath(v *value, m *Match) { m.Path = readPath(v) }

func readMatchPrefix(v *value, m *Match) { m.Path, m.Prefix = readPath(v), true }

func readMatchMethods(v *value, m *Match) {
	if m.Methods = readMethods(v); m.Methods == nil {
		m.Path = "" // a check cannot tell what the match covers
	}
}

func readMatchHosts(v *value, m *Match) {
	if m.Hosts = readHosts(v); m.Hosts == nil {
		m.Path = ""
	}
}

func defaultExempt() []Match {
	return []Match{
		{Path: "/"},
		{Path: "/healthz"},
		{Path: "/metrics"},
		{Path: "/.well-known", Prefix: true},
		{Path: "/oauth/register"},
	}
}

func defaultSurfaces() []Surface {
	list := make([]Surface, 4)
	list[0].set("consent", KindOAuthConsent, Match{Path: "/oauth/authorize", Methods: []string{"POST"}})
	list[1].set("token", KindOAuthToken, Match{Path: "/oauth/token"})
	list[2].set("mcp", KindMCP, Match{Path: "/mcp", Prefix: true})
	list[3].set("rest", KindAPI, Match{Path: "/api/v1", Prefix: true})
	return list
}

func (s *Surface) set(name string, kind Kind, match Match) {
	s.Name, s.Kind, s.Match = name, kind, []Match{match}
	s.Lockout.setDefaults(kind)
}

func readSurfaces(v *value, d *draft) {
	d.Surfaces = nil
	if !v.json.IsArray() {
		v.wrongType("a list in square brackets")
		extend(&d.Surfaces).Kind = kindUnknown
		return
	}
	for i, item := range makeRoom(&d.Surfaces, v.items(maxSurfaces)) {
		s := &d.Surfaces[i]
		s.Kind = kindUnknown
		readObject(item, &surfaceFields, s)
	}
}

func readSurfaceMatch(v *value, s *Surface) {
	readMatches(v, maxMatches, &s.Match)
	v.refuseEmpty(`write for example [{"prefix": "/api/v1"}]`)
}

// readMatches keeps an invalid match in the list, without a path, so that the
// matches after it keep their index.
func readMatches(v *value, most int, into *[]Match) {
	*into = nil
	for i, item := range makeRoom(into, v.items(most)) {
		m := &(*into)[i]
		readObject(item, &matchFields, m)
		checkPattern(item, m)
	}
}

// checkPattern requires either path or prefix.
func checkPattern(v *value, m *Match) {
	path := v.has("path")
	switch {
	case !v.isObject() || path != v.has("prefix"):
		return
	case path:
		v.bad("has a path and a prefix; keep one of them")
	default:
		v.bad(`has neither path nor prefix; write for example {"prefix": "/mcp"}`)
	}
	m.Path = ""
}

// readMethods returns nil if the list is invalid.
func readMethods(v *value) []string {
	list := []string{}
	before := v.out.count()
	v.refuseEmpty("leave it out for all methods")
	for _, item := range v.items(maxMethods) {
		method, ok := item.text("a method as a string")
		switch method = strings.ToUpper(method); {
		case !ok:
		case !isToken(method) || method == "*":
			item.bad(`%q is not a method; write for example "POST", or leave methods out for all`, method)
		case indexOf(list, method) >= 0:
			item.repeated(quote(method))
		default:
			list = append(list, method)
		}
	}
	if v.out.count() > before {
		return nil
	}
	return list
}

// surfaceNames returns the names of the surfaces. known is false if the name of
// one of them could not be read: another field may refer to that one.
func (d *draft) surfaceNames() (names []string, known bool) {
	known = true
	for i := range d.Surfaces {
		names = append(names, d.Surfaces[i].Name)
		known = known && d.Surfaces[i].Name != ""
	}
	return names, known
}

// checkNames reports surfaces whose names are equal, or would be equal in the
// environment.
func (d *draft) checkNames(out *violations) {
	for i := range d.Surfaces {
		s := &d.Surfaces[i]
		for j := 0; j < i && s.Name != ""; j++ {
			other := d.Surfaces[j].Name
			where := " of " + surfacePath(j, "").String()
			switch {
			case other == s.Name:
				out.add(surfacePath(i, "name"), "%q is the name%s; choose another", s.Name, where)
			case environmentName(other) == environmentName(s.Name):
				out.add(surfacePath(i, "name"), "%q and the name %q%s are both %s in the environment; choose another", s.Name, other, where, environmentName(s.Name))
			default:
				continue
			}
			break
		}
	}
}

// checkRequire reports a requirement that no request could fulfil.
func (d *draft) checkRequire(i int, out *violations) {
	s := &d.Surfaces[i]
	if !s.Require {
		return
	}
	if s.Kind.authorizes() {
		out.add(surfacePath(i, "require"), "is for the kinds api and mcp; remove it: clients get their credential on this surface")
		return
	}
	for j := range d.Identity {
		if d.Identity[j].Kind != IdentityAccepted {
			return
		}
	}
	out.add(surfacePath(i, "require"), "needs an identity source that can verify a request before the service sees it, or no request passes; "+
		"add one to identity, for example metadata or api_keys")
}

// surfacePath returns the path of a key of the i-th surface, or of the surface
// itself if key is empty.
func surfacePath(i int, key string) location { return location{"surfaces", i, key} }

// matchPath returns the path of an entry of the i-th surface's match list.
func matchPath(i, entry int) string { return surfacePath(i, element("match", entry)).String() }
