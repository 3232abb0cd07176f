package caller

// Identity is the verified caller. Claims that nobody verified are never part of it.
// The zero Identity stands for an unverified caller, whom only the address tells.
type Identity struct {
	Verified              bool
	Subject, Tenant, Tier string
	Scopes, Roles         []string
	// Credential is a keyed hash of what was verified: of the API key or the
	// accepted credential, or of Subject and Tenant where another filter verified
	// the credential. However a credential is written, its hash is the same.
	Credential uint64
}
