package identity

import (
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/identity/claim"
	"github.com/gatewarden/gatewarden/filter/proxy"
)

// headerNames are the trusted headers with the parts of an identity: subject, tenant,
// tier, scopes, roles and audience. The name is "" for a part that no header has.
type headerNames [6]string

func newHeaderNames(n *config.IdentityNames) headerNames {
	return headerNames{n.Subject, n.Tenant, n.Tier, n.Scopes, n.Roles, n.Audience}
}

// identity reads the headers. A trusted gateway sets each of them once: a second value
// may be the client's, and then the caller is not verified.
func (names *headerNames) identity(headers []proxy.Header) caller.Identity {
	var values [len(names)]string
	var seen [len(names)]bool
	for i := range headers {
		for j, name := range names {
			if name == "" || headers[i].Name != name {
				continue
			}
			value := strings.Trim(headers[i].Value, " \t")
			if seen[j] || value != "" && !claim.IsText(value) {
				return caller.Identity{}
			}
			values[j], seen[j] = value, true
		}
	}
	if values[0] == "" && (names[0] != "" || values[1] == "") {
		return caller.Identity{}
	}
	// The proxy's memory goes with the callback, so the texts are copied.
	return caller.Identity{
		Verified: true,
		Subject:  strings.Clone(values[0]), Tenant: strings.Clone(values[1]), Tier: strings.Clone(values[2]),
		Scopes: claim.Split(strings.Clone(values[3]), " ,"), Roles: claim.Split(strings.Clone(values[4]), " ,"),
		Audience: claim.Split(strings.Clone(values[5]), " ,"),
	}
}
