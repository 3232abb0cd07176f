package config

// Bypass lets identities with one of the roles pass the limits on requests, where
// a request asks for it by a header. It does not concern lockouts.
type Bypass struct {
	// Header is the name in lower case, empty when the bypass is off.
	Header string
	Roles  []string
}

const rolesRemedy = `write for example ["admin"]`

var bypassFields = []field[Bypass]{
	{key: "header", read: func(v value, b *Bypass) { b.Header = readHeader(v, "x-gatewarden-bypass") }},
	{key: "roles", required: rolesRemedy, read: func(v value, b *Bypass) {
		v.refuseEmpty(rolesRemedy)
		b.Roles = readPlains(v, "admin")
	}},
}

func readBypass(v value) Bypass {
	b := Bypass{Header: "x-gatewarden-bypass"}
	readObject(v, bypassFields, &b)
	return b
}

// checkBypass refuses a header that has another meaning, and roles that nobody can
// have.
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
			out.add("bypass.header", quote(b.Header)+" is one of "+other.key+", and every request loses it; choose another")
		}
	}
	for i := range d.Identity {
		if b.Header != "" && indexOf(d.Identity[i].Headers.list(), b.Header) >= 0 {
			out.add("bypass.header", quote(b.Header)+" is one of the headers of "+identityPath(i, "")+", and every request loses it; choose another")
		}
	}
	if !d.tellsRoles() {
		out.add("bypass", "needs an identity source that tells roles, or nobody has any; add roles to one")
	}
}

// tellsRoles tells whether an identity can have roles. One whose source could not
// be read may.
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
