package config

// Bypass exempts identities from quotas and concurrency rules, where the request
// asks for it with a header. It does not affect lockouts and Require.
type Bypass struct {
	// Header asks for the bypass with the value true, and is removed from every
	// request. In lower case. Default: x-gatewarden-bypass; empty if the bypass is
	// off.
	Header string
	// Roles are the roles of which the identity must have one. Required. Danger: no
	// limit applies to an identity with such a role.
	Roles []string
}

const rolesRemedy = `write for example ["admin"]`

var oneBypass Bypass

var bypassFields = table[Bypass]{&oneBypass, []field[Bypass]{
	{key: "header", as: &textAs{&oneBypass.Header, readHeader, "x-gatewarden-bypass"}},
	{key: "roles", required: rolesRemedy, as: &textList{&oneBypass.Roles, plain, "admin", rolesRemedy}},
}}

func readBypass(v *value) Bypass {
	b := Bypass{Header: "x-gatewarden-bypass"}
	readObject(v, &bypassFields, &b)
	return b
}

// checkBypass refuses a header that has another meaning, and roles that no
// identity can have.
func (d *draft) checkBypass(out *violations) {
	b := &d.Bypass
	if len(b.Roles) == 0 && b.Header == "" {
		return
	}
	for _, other := range []struct {
		key   string
		names []string
	}{
		{"credentials.headers", d.Credentials.Headers},
		{"untrusted_headers", d.UntrustedHeaders},
		{"client.source", []string{d.Client.Header}},
	} {
		if b.Header != "" && indexOf(other.names, b.Header) >= 0 {
			out.add(at("bypass.header"), "%q is one of %s, and the filter removes it from every request; choose another", b.Header, other.key)
		}
	}
	for i := range d.Identity {
		if b.Header != "" && indexOf(d.Identity[i].Headers.list(), b.Header) >= 0 {
			out.add(at("bypass.header"), "%q is one of the headers of %s, and the filter removes it from every request; choose another", b.Header, identityPath(i, "").String())
		}
	}
	if !d.tellsRoles() {
		out.add(at("bypass"), "needs an identity source that provides roles; add roles to one")
	}
}

// tellsRoles reports whether a source can provide roles. It gives a source that
// could not be read the benefit of the doubt.
func (d *draft) tellsRoles() bool {
	for i := range d.Identity {
		s := &d.Identity[i]
		if s.Kind == identityUnknown || len(s.Claims.Roles) > 0 || s.Headers.Roles != "" {
			return true
		}
		for j := range s.Keys {
			if len(s.Keys[j].Roles) > 0 {
				return true
			}
		}
	}
	return false
}
