package filter

// identity is who a request was verified to come from. What is only claimed is no
// part of it. The zero identity is nobody: such a request is its client's address.
type identity struct {
	verified              bool
	subject, tenant, tier string
	scopes, roles         []string
}
