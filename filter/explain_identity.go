package filter

import (
	"crypto/sha256"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/internal/digest"
)

// CredentialView is what a request presents. It has no part of any secret.
type CredentialView struct {
	Present bool
	Places  []CredentialPlace
	// Clear tells that it is one alone, in a form that can be read in one way only.
	Clear bool
	// Accounts is how many accounts the request attempts, as far as the configuration
	// has that looked at.
	Accounts int
	// Options tells that a success would say nothing about it.
	Options bool
}

// CredentialPlace is where a credential stands.
type CredentialPlace struct {
	// Name is that of the header or, if Cookie, of the cookie.
	Name   string
	Cookie bool
	// Scheme is the word before it, and Length that of the rest.
	Scheme string
	Length int
}

// IdentityView is who a request was verified to come from.
type IdentityView struct {
	Verified              bool
	Subject, Tenant, Tier string
	Scopes, Roles         []string
	// Source is the place of the one that verified it.
	Source int
	// Said is what each source said, by place.
	Said []Said
	// Waits tells that an answer about the token is waited for, NoAnswer that there was
	// none and that nobody passes without.
	Waits, NoAnswer bool
	// Expired is the place of the key, in a source of keys, that would have verified it
	// once. Required tells that the surface lets nobody else in.
	Expired  int
	Required bool
}

// Said is what a source said of a request.
type Said uint8

// What sources say.
const (
	// SaidNothing is that of a source that does not know who the request comes from.
	SaidNothing Said = iota
	SaidVerified
	// SaidWait is that of one that waits for an answer.
	SaidWait
	// NotAsked is that of those behind the one that verified it.
	NotAsked
)

func (f *Filter) explainCredential(s *Stream, headers []Header) CredentialView {
	c := &f.config.Credentials
	t, _ := readRequest(headers)
	v := CredentialView{Present: presents(c, headers), Accounts: len(s.accounts), Options: t.asksOptions()}
	_, v.Clear = single(c, headers)
	for i := range headers {
		// Each is looked at as if it were the only one.
		alone := headers[i : i+1]
		if headers[i].Name != "cookie" {
			if value := credentialValue(c, &headers[i]); value != "" {
				v.Places = append(v.Places, placeOfCredential(c, alone, presented{place: headers[i].Name, token: value}))
			}
			continue
		}
		for _, name := range c.Cookies {
			if value := cookie(headers[i].Value, name); value != "" {
				v.Places = append(v.Places, CredentialPlace{Name: name, Cookie: true, Length: len(value)})
			}
		}
	}
	return v
}

func placeOfCredential(c *config.Credentials, alone []Header, whole presented) CredentialPlace {
	p, ok := single(c, alone)
	if !ok {
		p = whole
	}
	return CredentialPlace{Name: whole.place, Scheme: p.scheme, Length: len(p.token)}
}

func (s *Stream) explainIdentity(host Host, headers []Header) IdentityView {
	id, q := &s.identity, &s.inquiry
	v := IdentityView{
		Verified: id.verified, Subject: id.subject, Tenant: id.tenant, Tier: id.tier, Scopes: id.scopes, Roles: id.roles,
		Source: -1, Waits: q.open, NoAnswer: q.failed && !id.verified, Expired: -1, Required: s.surface.Require,
	}
	last := len(s.filter.sources) - 1
	if id.verified || q.open {
		last = q.next - 1
	}
	for i := range s.filter.sources {
		switch {
		case i > last:
			v.Said = append(v.Said, NotAsked)
		case i == last && id.verified:
			v.Source, v.Said = i, append(v.Said, SaidVerified)
		case i == last && q.open:
			v.Said = append(v.Said, SaidWait)
		default:
			v.Said = append(v.Said, SaidNothing)
			v.Expired = max(v.Expired, s.filter.expiredKey(host, i, headers))
		}
	}
	return v
}

// expiredKey is the place of the key that a request presents and that has expired, -1
// if there is none.
func (f *Filter) expiredKey(host Host, source int, headers []Header) int {
	keys := f.sources[source].keys
	p, ok := single(&f.config.Credentials, headers)
	if !ok {
		return -1
	}
	i := findKey(keys, digest.New(sha256.Sum256([]byte(p.token))))
	if i < 0 || keys[i].expires == 0 || host.WallNow() < keys[i].expires {
		return -1
	}
	return i
}
