package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/identity"
	"github.com/gatewarden/gatewarden/filter/refusal"
)

var identityKinds = map[config.IdentityKind]string{
	config.IdentityMetadata: "metadata", config.IdentityHeaders: "headers", config.IdentityAPIKeys: "api_keys",
	config.IdentityAccepted: "accepted", config.IdentityIntrospection: "introspection",
}

func (w *written) identityPart(o *outcome) *IdentityPart {
	if len(w.Identity) == 0 {
		return nil
	}
	v := &o.view.Identity
	p := &IdentityPart{Verified: v.Verified, Subject: v.Subject, Tenant: v.Tenant, Tier: v.Tier, Scopes: v.Scopes, Roles: v.Roles}
	for i := range v.Said {
		source := &w.Identity[i]
		p.Sources = append(p.Sources, Rule{
			Rule: identityKinds[source.Kind], Place: w.place("identity[%d]", i),
			Applies: v.Said[i] != identity.NotAsked, Says: w.said(o, i),
			Refuses: v.Said[i] == identity.SaidForeign && o.reason == string(refusal.AuthDenied) || o.reason == string(refusal.StoreUnavailable) && source.Kind == config.IdentityIntrospection &&
				source.Introspection.OnError == config.OnErrorDeny && slices.Contains(o.asked, source.Introspection.Cluster),
		})
	}
	return p
}

// said says what a source says of the request.
func (w *written) said(o *outcome, i int) string {
	source := &w.Identity[i]
	switch o.view.Identity.Said[i] {
	case identity.NotAsked:
		if o.view.Identity.Foreign {
			return "is not asked: another source has verified the token"
		}
		return "is not asked: the request is verified"
	case identity.SaidVerified:
		return verified(source, &o.view.Identity)
	case identity.SaidForeign:
		return "verifies a token that is for " + strings.Join(o.view.Identity.Audience, " and ") + ", which is not this resource"
	case identity.SaidWait:
		return "waits for the answer of the cluster " + source.Introspection.Cluster
	}
	switch source.Kind {
	case config.IdentityMetadata:
		return fmt.Sprintf("finds nothing under %s in what the filter %s left behind; say --metadata", way(&source.Claims), source.Filter)
	case config.IdentityHeaders:
		return "finds no one clear value in the header " + firstOf(source.Headers.Subject, source.Headers.Tenant)
	case config.IdentityAPIKeys:
		if o.view.Identity.Expired >= 0 && o.view.Identity.Expired < len(source.Keys) {
			return fmt.Sprintf("knows the key (keys[%d]), which has expired", o.view.Identity.Expired)
		}
		return "knows no such key"
	case config.IdentityAccepted:
		return "has no record that the service accepted this credential"
	}
	return w.introspected(o, source)
}

func (w *written) introspected(o *outcome, source *config.Identity) string {
	cluster := source.Introspection.Cluster
	for _, asked := range o.asked {
		switch {
		case asked != cluster:
		case o.view.Identity.NoAnswer:
			return "asks the cluster " + cluster + " and gets no answer; say --introspected '{\"active\": true, \"sub\": \"ann\"}' to give one"
		default:
			return "asks the cluster " + cluster + ", which knows no such active token"
		}
	}
	return "is not asked, because the request has no single bearer token, or the surface's kind is none of api and mcp"
}

func verified(source *config.Identity, v *identity.View) string {
	says := "verifies it"
	if v.Subject != "" {
		says += fmt.Sprintf(": subject %q", v.Subject)
	} else if v.Tenant == "" {
		says += ": a credential without a name"
	}
	if v.Tenant != "" {
		says += fmt.Sprintf(", tenant %q", v.Tenant)
	}
	if v.Tier != "" {
		says += fmt.Sprintf(", tier %q", v.Tier)
	}
	if v.Tier != "" && v.Tier == source.DefaultTier {
		says += " (the default)"
	}
	if len(v.Audience) > 0 {
		says += ", for " + strings.Join(v.Audience, " and ")
	}
	return strings.Replace(says, "it, tenant", "it: tenant", 1)
}

func way(c *config.Claims) string {
	if len(c.Subject) > 0 {
		return strings.Join(c.Subject, "/")
	}
	return strings.Join(c.Tenant, "/")
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
