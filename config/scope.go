package config

// Scopes says which scopes a verified caller needs for an operation. What the tools of an
// MCP server need stands in [MCP].
type Scopes struct {
	// Implies says which scopes a scope includes, directly; what those include comes
	// with them. In the order of their names. Default: none.
	Implies []Implication
	// Operations need scopes; the first that matches a request decides. Default: none.
	Operations []Operation
}

// Implication is what a scope includes.
type Implication struct {
	Scope  string
	Scopes []string
}

// Operation is what requests of a pattern need.
type Operation struct {
	Match
	// Surfaces that the operation is on, by name. Empty means all of the kinds api and
	// mcp, the default.
	Surfaces []string
	// Scopes that the caller needs, all of them. Required. Danger: an empty list needs
	// nothing, not even an identity.
	Scopes []string
}

const (
	maxOperations   = 256
	maxImplications = 256
	// maxNeeded bounds the scopes of an operation, so that they fit into a challenge.
	maxNeeded = 16
)

var oneScopes Scopes

var scopesFields = table[Scopes]{&oneScopes, []field[Scopes]{
	{key: "implies", read: func(v *value, s *Scopes) { s.Implies = readImplies(v) }},
	{key: "operations", list: of(&operationFields), read: func(v *value, s *Scopes) {
		v.refuseEmpty(`write for example [{"prefix": "/api/v1", "scopes": ["api:read"]}]`)
		for i, item := range makeRoom(&s.Operations, v.items(maxOperations)) {
			o := &s.Operations[i]
			readObject(item, &operationFields, o)
			checkPattern(item, &o.Match)
		}
	}},
}}

var oneOperation Operation

var operationFields = table[Operation]{&oneOperation, []field[Operation]{
	{key: "path", read: func(v *value, o *Operation) { readMatchPath(v, &o.Match) }},
	{key: "prefix", read: func(v *value, o *Operation) { readMatchPrefix(v, &o.Match) }},
	{key: "methods", read: func(v *value, o *Operation) { readMatchMethods(v, &o.Match) }},
	{key: "hosts", read: func(v *value, o *Operation) { readMatchHosts(v, &o.Match) }},
	{key: "surfaces", as: &textList{into: &oneOperation.Surfaces, each: anyText, empty: "leave it out for all surfaces of the kinds api and mcp"}},
	{key: "scopes", required: `write for example ["api:read"], or [] for none`, as: &list{&oneOperation.Scopes, readNeeded}},
}}

// readNeeded reads the scopes that an operation needs.
func readNeeded(v *value) []string {
	list := v.texts(scope, "")
	if len(list) > maxNeeded {
		v.tooMany(len(list), maxNeeded)
	}
	return list
}

// readImplies keeps the scopes in the order of their names. The order of keys in a JSON
// object means nothing.
func readImplies(v *value) (list []Implication) {
	if !v.json.IsObject() {
		v.wrongType(`an object with the scopes that a scope includes, for example {"api:write": ["api:read"]}`)
		return nil
	}
	for _, item := range v.each() {
		next := Implication{Scope: scope(item, item.key, "")}
		next.Scopes = item.texts(scope, "")
		at := 0
		for at < len(list) && list[at].Scope < next.Scope {
			at++
		}
		if at < len(list) && list[at].Scope == next.Scope && next.Scope != "" {
			item.bad("is written twice; keep one of them")
			continue
		}
		list = append(list[:at], append([]Implication{next}, list[at:]...)...)
	}
	if len(list) > maxImplications {
		v.tooMany(len(list), maxImplications)
	}
	return list
}

// checkOperations refuses operations that no request can be, and scopes that no caller can
// have.
func (d *draft) checkOperations(out *violations) {
	names, known := d.surfaceNames()
	for i := range d.Scopes.Operations {
		o := &d.Scopes.Operations[i]
		for j, name := range o.Surfaces {
			if known && indexOf(names, name) < 0 {
				out.unknown(operationPath(i, element("surfaces", j)), name, names, "surface")
				known = false
			}
		}
		if !known || o.Path == "" {
			continue
		}
		if by := coveredBy(&o.Match, d.claimsBefore(i)); by != nil {
			out.add(operationPath(i, ""), "%s", neverMatches(by))
		} else if !d.isReached(o) {
			out.add(operationPath(i, ""), "can never match: none of its surfaces has such a path; correct it, or give it to a surface")
		}
	}
	if d.Scopes.needsAny() && !d.tellsScopes() {
		out.add(at("scopes"), "need an identity source that provides scopes; add scopes to one")
	}
}

// needsAny tells whether an operation needs scopes.
func (s *Scopes) needsAny() bool {
	for i := range s.Operations {
		if len(s.Operations[i].Scopes) > 0 {
			return true
		}
	}
	return false
}

// claimsBefore returns what takes requests from the i-th operation: exempt entries, and
// earlier operations on all of its surfaces. A request that such an operation surely is
// does not need the scopes of a later one.
func (d *draft) claimsBefore(i int) []claim {
	claims := d.exemptClaims()
	for j := range d.Scopes.Operations[:i] {
		if earlier := &d.Scopes.Operations[j]; earlier.Path != "" && d.isOnAll(earlier, &d.Scopes.Operations[i]) {
			claims = append(claims, exemptClaim(&earlier.Match, operationPath(j, "").String(), "put this one first, or remove it"))
		}
	}
	return claims
}

// isOnAll reports whether an operation is on all surfaces of another one.
func (d *draft) isOnAll(o, other *Operation) bool {
	for i := range d.Surfaces {
		if s := &d.Surfaces[i]; other.isOn(s) && !o.isOn(s) {
			return false
		}
	}
	return true
}

// isOn tells whether requests of a surface can be the operation.
func (o *Operation) isOn(s *Surface) bool {
	return s.IsAmong(o.Surfaces) && (len(o.Surfaces) > 0 || !s.Kind.authorizes())
}

// isReached reports whether a surface of the operation can own a request that it matches.
func (d *draft) isReached(o *Operation) bool {
	for i := range d.Surfaces {
		s := &d.Surfaces[i]
		if o.isOn(s) && s.reaches(&o.Match) {
			return true
		}
	}
	return false
}

// tellsScopes reports whether a source can provide scopes. It gives a source that could not
// be read the benefit of the doubt.
func (d *draft) tellsScopes() bool {
	for i := range d.Identity {
		s := &d.Identity[i]
		if s.Kind == identityUnknown || len(s.Claims.Scopes) > 0 || s.Headers.Scopes != "" {
			return true
		}
		for j := range s.Keys {
			if len(s.Keys[j].Scopes) > 0 {
				return true
			}
		}
	}
	return false
}

// operationPath returns the path of a key of the i-th operation, or of the operation itself
// if key is empty.
func operationPath(i int, key string) location { return location{"scopes.operations", i, key} }
