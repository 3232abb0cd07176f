package identity

import (
	"crypto/sha256"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/internal/digest"
	"github.com/gatewarden/gatewarden/table"
)

// maxAPIKey bounds what is hashed for a request, in bytes. No key is longer.
const maxAPIKey = 1024

// apiKey is a configured key made ready for comparison.
// See RATIONALE.md, "Why are API keys hashed with plain SHA-256?"
type apiKey struct {
	hash digest.Digest
	// expires is in milliseconds since 1970; 0 means never.
	expires  int64
	identity caller.Identity
}

func (r *Room) newAPIKeys(configured []config.APIKey) []apiKey {
	keys := make([]apiKey, len(configured))
	for i := range keys {
		keys[i].compile(&configured[i])
		keys[i].identity.Credential = r.names.Hash(table.AppendPart([]byte("key"), configured[i].ID))
	}
	return keys
}

func (a *apiKey) compile(k *config.APIKey) {
	a.hash, a.expires = digest.New(k.SHA256), k.Expires
	id := &a.identity
	id.Verified = true
	id.Subject, id.Tenant, id.Tier = k.Subject, k.Tenant, k.Tier
	id.Scopes, id.Roles = k.Scopes, k.Roles
}

// findKey returns the place of the key with the hash, or -1. It compares every key, and
// each in the same time, so that the duration reveals nothing about the keys.
func findKey(keys []apiKey, hash digest.Digest) int {
	found := 0
	for i := range keys {
		found += keys[i].hash.Same(&hash) * (i + 1) // no two keys have the same hash
	}
	return found - 1
}

// presentedKey returns the key that a request presents, or -1. expired tells whether the
// key was valid once. Only a key that can expire costs a look at the clock.
func (r *Room) presentedKey(keys []apiKey, c *caller.Credential) (place int, expired bool) {
	isKey := c.Carrier != caller.InCookie && (!c.InAuthorization() || c.IsBearer())
	if !isKey || len(c.Token) > maxAPIKey {
		return -1, false
	}
	r.scratch = append(r.scratch[:0], c.Token...)
	place = findKey(keys, digest.New(sha256.Sum256(r.scratch)))
	return place, place >= 0 && keys[place].expires > 0 && r.wall.WallNow() >= keys[place].expires
}

// identifyKey identifies the owner of the API key that a request presents.
func (r *Room) identifyKey(id *caller.Identity, keys []apiKey, c *caller.Credential) {
	if place, expired := r.presentedKey(keys, c); place >= 0 && !expired {
		id.Set(&keys[place].identity)
	}
}
