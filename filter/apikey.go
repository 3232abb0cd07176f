package filter

import (
	"crypto/sha256"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/internal/digest"
)

// maxAPIKey bounds what is hashed for a request. No key is longer.
const maxAPIKey = 1024

// apiKey is a configured key made ready for being compared.
type apiKey struct {
	hash    digest.Digest
	expires int64 // 0: never
	identity
}

func newAPIKey(k *config.APIKey) apiKey {
	return apiKey{hash: digest.New(k.SHA256), expires: k.Expires, identity: identity{
		verified: true, subject: k.Subject, tenant: k.Tenant, tier: k.Tier, scopes: k.Scopes, roles: k.Roles,
	}}
}

// findKey returns the place of the key with the hash, -1 if there is none. It looks
// at every key, and at each for as long as at any other, so that the time it takes
// says nothing about them.
func findKey(keys []apiKey, hash digest.Digest) int {
	found := 0
	for i := range keys {
		found += keys[i].hash.Same(&hash) * (i + 1) // no two keys have the same hash
	}
	return found - 1
}

// keyIdentity is the identity of the API key that a request presents. The wall
// clock is asked only about keys that expire.
func (f *Filter) keyIdentity(host Host, keys []apiKey, p *presented) identity {
	inHeader := p.place != authorization || strings.EqualFold(p.scheme, bearer)
	if p.cookie || !inHeader || len(p.token) > maxAPIKey {
		return identity{}
	}
	f.name = append(f.name[:0], p.token...)
	i := findKey(keys, digest.New(sha256.Sum256(f.name)))
	if i < 0 || keys[i].expires > 0 && host.WallNow() >= keys[i].expires {
		return identity{}
	}
	return keys[i].identity
}
