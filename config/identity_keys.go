package config

// APIKey is an API key, known by its hash, and the identity that it stands for.
type APIKey struct {
	// ID names the key in logs: at most 64 letters, digits, - and _. Required and
	// unique.
	ID string
	// SHA256 is the hash of the key. Required and unique. Danger: whoever reads the
	// hash of a key that is short or not random can find the key.
	SHA256 [32]byte
	// Subject is the caller. Default: the ID. Danger: other sources may know the
	// same subject.
	Subject string
	// Tenant and Tier are empty by default.
	Tenant, Tier string
	// Scopes and Roles are empty by default.
	Scopes, Roles []string
	// Expires is the time, in milliseconds since 1970, from which on the key is
	// invalid. Default: 0, never.
	Expires int64
}

const (
	keysRemedy   = `write for example [{"id": "ci", "sha256": "<the key's hash>"}]`
	hashRemedy   = `write what "printf %s KEY | sha256sum" prints, 64 hexadecimal digits`
	expiryRemedy = `write for example "2027-01-01T00:00:00Z"`
)

var oneAPIKey APIKey

var apiKeyFields = table[APIKey]{&oneAPIKey, []field[APIKey]{
	{key: "id", required: `write a name for the key, for example "ci"`, as: &textAs{&oneAPIKey.ID, readID, "a key's id"}},
	{key: "sha256", required: hashRemedy, as: &digest{&oneAPIKey.SHA256, "the key's", hashRemedy}},
	{key: "subject", as: &textAs{&oneAPIKey.Subject, readPlain, "alice"}},
	{key: "tenant", as: &textAs{&oneAPIKey.Tenant, readPlain, "acme"}},
	{key: "tier", as: &textAs{&oneAPIKey.Tier, readPlain, "pro"}},
	{key: "scopes", as: &textList{into: &oneAPIKey.Scopes, each: plain, what: "mcp:query"}},
	{key: "roles", as: &textList{into: &oneAPIKey.Roles, each: plain, what: "admin"}},
	{key: "expires", read: readExpiry},
}}

func readAPIKeys(v *value, s *source) {
	v.refuseEmpty(keysRemedy)
	for i, item := range makeRoom(&s.Keys, v.items(maxItems)) {
		k := &s.Keys[i]
		readObject(item, &apiKeyFields, k)
		if k.Subject == "" {
			k.Subject = k.ID
		}
	}
}

func readExpiry(v *value, k *APIKey) {
	text, ok := v.text("a time as a string")
	if !ok {
		return
	}
	if k.Expires, ok = parseTime(text); !ok {
		v.bad("%q is not a time of RFC 3339 to the second, from 2000 on; "+expiryRemedy, text)
	}
}

// checkKeys refuses two keys with the same id or the same hash, in one source or
// in two.
func (d *draft) checkKeys(out *violations) {
	keys := newHolders()
	for i := range d.Identity {
		for j := range d.Identity[i].Keys {
			k := &d.Identity[i].Keys[j]
			keys.check(identityPath(i, element("keys", j)).String(), k.ID, &k.SHA256, "keys", out)
		}
	}
}
