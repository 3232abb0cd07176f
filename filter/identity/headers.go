package identity

import (
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/identity/claim"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/ascii"
)

// headerNames are the trusted headers with the parts of an identity: subject, tenant,
// tier, scopes, roles and audience. The name is "" for a part that no header has.
type headerNames [6]string

func (names *headerNames) compile(n *config.IdentityNames) {
	*names = headerNames{n.Subject, n.Tenant, n.Tier, n.Scopes, n.Roles, n.Audience}
}

// identify reads the headers. A trusted gateway sets each of them once: a second value
// may be the client's, and then the caller is not verified.
func (names *headerNames) identify(id *caller.Identity, headers []proxy.Header) {
	var values [len(names)]string
	var seen [len(names)]bool
	for i := range headers {
		for j, name := range names {
			if name == "" || headers[i].Name != name {
				continue
			}
			value := ascii.TrimBlanks(headers[i].Value)
			if seen[j] || value != "" && !claim.IsText(value) {
				return
			}
			values[j], seen[j] = value, true
		}
	}
	if values[0] == "" && (names[0] != "" || values[1] == "") {
		return
	}
	// The proxy's memory goes with the callback, so the texts are copied.
	for i := range values {
		values[i] = strings.Clone(values[i])
	}
	id.Verified = true
	id.Subject, id.Tenant, id.Tier = values[0], values[1], values[2]
	for i, list := range [...]*[]string{&id.Scopes, &id.Roles, &id.Audience} {
		*list = claim.Split(values[3+i], " ,")
	}
}
