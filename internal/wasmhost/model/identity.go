package model

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// Source is a source of identities: the headers that a gateway sets or, if there are
// Keys, API keys.
type Source struct {
	// Nameless headers name no subject, so the tenant is the caller.
	Nameless    bool
	Keys        []APIKey
	DefaultTier string
}

// APIKey is a secret and its owner.
type APIKey struct{ ID, Secret, Subject, Tenant, Tier string }

// Claim is what the headers say that a gateway sets. Several subjects are several
// lines, of which one may be the client's.
type Claim struct {
	Subjects     []string
	Tenant, Tier string
}

// identity is the verified caller.
type identity struct {
	verified                          bool
	subject, tenant, tier, credential string
}

func (s Source) json() object {
	o := fields{"source": "headers", "tenant": "x-tenant-id", "tier": "x-tier"}
	o.set("subject", !s.Nameless, "x-user-id")
	if s.Keys != nil {
		o = fields{"source": "api_keys", "keys": list(s.Keys, APIKey.json)}
	}
	o.set("default_tier", s.DefaultTier != "", s.DefaultTier)
	return object(o)
}

func (k APIKey) json() object {
	o := fields{"id": k.ID, "sha256": fmt.Sprintf("%x", sha256.Sum256([]byte(k.Secret)))}
	for name, value := range map[string]string{"subject": k.Subject, "tenant": k.Tenant, "tier": k.Tier} {
		o.set(name, value != "", value)
	}
	return object(o)
}

// identify asks the sources in their order.
func (s *Setup) identify(r *Request) identity {
	for i := range s.Identity {
		source := &s.Identity[i]
		id := source.ofHeaders(&r.Claim)
		if source.Keys != nil {
			id = source.ofKey(s, r)
		}
		if id.verified {
			id.tier = or(id.tier, source.DefaultTier)
			return id
		}
	}
	return identity{}
}

func (s *Source) ofHeaders(c *Claim) identity {
	subject := strings.Join(c.Subjects, "")
	switch {
	case s.Nameless && c.Tenant != "":
		subject = ""
	case s.Nameless, subject == "", len(c.Subjects) > 1:
		return identity{}
	}
	return identity{true, subject, c.Tenant, c.Tier, fmt.Sprintf("name %q %q", subject, c.Tenant)}
}

// ofKey accepts a key only if it is the one credential of the request.
func (s *Source) ofKey(setup *Setup, r *Request) identity {
	var sent []Credential
	for _, c := range r.Credentials {
		if c.In != "scheme" && (c.In != "cookie" || len(setup.Cookies) > 0) {
			sent = append(sent, c)
		}
	}
	if len(sent) != 1 || sent[0].In != "bearer" && sent[0].In != "key" {
		return identity{}
	}
	i := slices.IndexFunc(s.Keys, func(k APIKey) bool { return k.Secret == sent[0].Secret })
	if i < 0 {
		return identity{}
	}
	k := s.Keys[i]
	return identity{true, or(k.Subject, k.ID), k.Tenant, k.Tier, "key " + k.ID}
}

// payer names who pays at a rule. What is not verified pays by its address.
func (q *Quota) payer(who identity, client, endpoint string) (name string, fallback bool) {
	parts := []string{}
	for _, per := range []string{perClient, perCredential, perSubject, perTenant, perPath} {
		what := map[string]string{
			perClient: client, perCredential: who.credential, perSubject: who.subject, perTenant: who.tenant, perPath: endpoint,
		}[per]
		switch {
		case !slices.Contains(q.Per, per):
		case what == "" && per != perPath:
			return fmt.Sprintf("%q", []string{"client " + client}), true
		default:
			parts = append(parts, per+" "+what)
		}
	}
	return fmt.Sprintf("%q", parts), false
}
