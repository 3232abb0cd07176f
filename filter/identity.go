package filter

import "github.com/gatewarden/gatewarden/config"

// identity is who a request was verified to come from. What is only claimed is no
// part of it. The zero identity is nobody: such a request is its client's address.
type identity struct {
	verified              bool
	subject, tenant, tier string
	scopes, roles         []string
	// credential tells the credential that was verified apart from all others;
	// "" if none was, as with headers that a gateway sets. It is not the
	// credential itself.
	credential string
}

// has tells whether everything was verified that a request is to be counted by.
func (id *identity) has(per config.Per) bool {
	return per&(config.PerCredential|config.PerSubject|config.PerTenant) == 0 || id.verified &&
		(per&config.PerCredential == 0 || id.credential != "") &&
		(per&config.PerSubject == 0 || id.subject != "") &&
		(per&config.PerTenant == 0 || id.tenant != "")
}
