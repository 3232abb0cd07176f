package caller

// Identity is the verified caller. It never contains unverified claims. The zero Identity
// is an unverified caller, who is known only by address.
type Identity struct {
	Verified              bool
	Subject, Tenant, Tier string
	Scopes, Roles         []string
	// Audience is for whom the token is, as far as that was verified. Without it, it may
	// be for anybody.
	Audience []string
	// Credential is a keyed hash of what was verified: of the API key or the
	// accepted credential, or of Subject and Tenant where another filter verified
	// the credential. However a credential is written, its hash is the same.
	Credential uint64
}

// Set makes id a copy of another identity. It is a call, because there is much to copy.
//
//go:noinline
func (id *Identity) Set(other *Identity) { *id = *other }
