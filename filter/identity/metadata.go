package identity

import (
	"math"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/identity/claim"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/text"
)

// metadataClaims are the proxy's properties with the claims that another filter, such
// as jwt_authn, verified and left in its metadata. The property is "" for a claim that
// is not configured.
type metadataClaims struct {
	subject, tenant, tier string
	scopes, roles         string
	audience              string
}

func (m *metadataClaims) compile(filter string, c *config.Claims) {
	for _, claim := range [...]struct {
		property *string
		way      []string
	}{
		{&m.subject, c.Subject}, {&m.tenant, c.Tenant}, {&m.tier, c.Tier},
		{&m.scopes, c.Scopes}, {&m.roles, c.Roles}, {&m.audience, c.Audience},
	} {
		if len(claim.way) > 0 {
			*claim.property = text.Join("metadata\x00filter_metadata\x00", filter, "\x00", strings.Join(claim.way, "\x00"))
		}
	}
}

// identify reads the metadata, the audience only if it matters. A caller that the other
// filter did not verify costs one host call.
func (m *metadataClaims) identify(id *caller.Identity, p proxy.Properties, audience bool) {
	subject := readClaim(p, m.subject)
	if m.subject != "" && subject == "" {
		return
	}
	tenant := readClaim(p, m.tenant)
	if subject == "" && tenant == "" {
		return
	}
	id.Verified, id.Subject, id.Tenant = true, subject, tenant
	id.Tier = readClaim(p, m.tier)
	id.Scopes = readClaimList(p, m.scopes)
	id.Roles = readClaimList(p, m.roles)
	if audience {
		id.Audience = readClaimList(p, m.audience)
	}
}

func readClaim(p proxy.Properties, property string) string {
	if property == "" {
		return ""
	}
	return claimText(p.Property(property))
}

// claimText returns a claim as text, or "" if it has no text. The proxy gives a claim's
// bytes without its type: a string as it is, a number as eight bytes, and a boolean as
// one. Numbers and booleans contain control characters, which no name has. Only some
// numbers above 2^51 contain none, and each of them passes for a string of its own. The
// result is a copy.
// See RATIONALE.md, "Why is a claim's type told from its bytes?"
func claimText(raw string) string {
	switch {
	case claim.IsText(raw):
		return strings.Clone(raw)
	case raw == "\x00":
		return "false"
	case raw == "\x01":
		return "true"
	case len(raw) == 8:
		bits := uint64(proxy.ReadWord(raw)) | uint64(proxy.ReadWord(raw[4:]))<<32
		return claim.Number(math.Float64frombits(bits))
	}
	return ""
}

// readClaimList reads a claim with several values: a list, or one text with spaces
// between them.
func readClaimList(p proxy.Properties, property string) []string {
	if property == "" {
		return nil
	}
	raw := p.Property(property)
	if text := claimText(raw); text != "" {
		return claim.Split(text, " ")
	}
	// The elements of a list come as names without values. So do the keys of an object
	// whose values are empty, but an object has nothing at position 0.
	elements := proxy.ReadPairs(raw, nil)
	if len(elements) == 0 || elements[0].Name == "" || p.Property(property+"\x000") != elements[0].Name {
		return nil
	}
	var list []string
	for _, element := range elements {
		if element.Value != "" {
			return nil
		}
		if text := claimText(element.Name); text != "" {
			list = append(list, text)
		}
	}
	return list
}
