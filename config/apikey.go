package config

import (
	"encoding/binary"
	"strconv"
)

// maxKeyID bounds what stands for a key in logs.
const maxKeyID = 64

const (
	keysRemedy   = `write for example [{"id": "ci", "sha256": "<the key's hash>"}]`
	keyIDRight   = "letters, digits, - and _, at most 64"
	hashRemedy   = `write what "printf %s KEY | sha256sum" prints, 64 hexadecimal digits`
	expiryRemedy = `write for example "2027-01-01T00:00:00Z"`
)

var apiKeyFields = []field[APIKey]{
	{key: "id", required: `write a name for the key, for example "ci"`, read: readKeyID},
	{key: "sha256", required: hashRemedy, read: readHash},
	{key: "subject", read: func(v value, k *APIKey) { k.Subject = readPlain(v, "alice") }},
	{key: "tenant", read: func(v value, k *APIKey) { k.Tenant = readPlain(v, "acme") }},
	{key: "tier", read: func(v value, k *APIKey) { k.Tier = readPlain(v, "pro") }},
	{key: "scopes", read: func(v value, k *APIKey) { k.Scopes = readPlains(v, "mcp:query") }},
	{key: "roles", read: func(v value, k *APIKey) { k.Roles = readPlains(v, "admin") }},
	{key: "expires", read: readExpiry},
}

func readAPIKeys(v value, s *source) {
	v.refuseEmpty(keysRemedy)
	v.items(maxItems, func(item value) {
		var k APIKey
		readObject(item, apiKeyFields, &k)
		if k.Subject == "" {
			k.Subject = k.ID
		}
		s.Keys = append(s.Keys, k)
	})
}

func readKeyID(v value, k *APIKey) {
	text, ok := v.text(keyIDRight)
	if !ok {
		return
	}
	ok = text != "" && len(text) <= maxKeyID
	for i := 0; ok && i < len(text); i++ {
		ok = isAlphanumeric(text[i]) || text[i] == '-' || text[i] == '_'
	}
	if !ok {
		v.bad(quote(text) + " is not a key's id; write " + keyIDRight)
		return
	}
	k.ID = text
}

// readHash does not repeat what it refuses, which may be the key itself.
func readHash(v value, k *APIKey) {
	text, ok := v.text("the key's SHA-256 as a string")
	if !ok {
		return
	}
	ok = len(text) == 2*len(k.SHA256)
	for i := 0; ok && i < len(k.SHA256); i += 8 {
		word, err := strconv.ParseUint(text[2*i:2*i+16], 16, 64)
		ok = err == nil
		binary.BigEndian.PutUint64(k.SHA256[i:], word)
	}
	if !ok {
		v.bad("is not a SHA-256 in hexadecimal; " + hashRemedy)
		k.SHA256 = [32]byte{}
	}
}

func readExpiry(v value, k *APIKey) {
	text, ok := v.text("a time as a string")
	if !ok {
		return
	}
	if k.Expires, ok = parseTime(text); !ok {
		v.bad(quote(text) + " is not a time of RFC 3339 to the second, from 2000 on; " + expiryRemedy)
	}
}

// checkKeys refuses keys that cannot be told apart.
func (d *draft) checkKeys(out *report) {
	ids, hashes := map[string]string{"": ""}, map[[32]byte]string{{}: ""}
	for i := range d.Identity {
		for j := range d.Identity[i].Keys {
			k := &d.Identity[i].Keys[j]
			path := identityPath(i, "keys["+strconv.Itoa(j)+"]")
			switch first, known := ids[k.ID]; {
			case !known:
				ids[k.ID] = path
			case first != "": // or it could not be read
				out.add(path+".id", strconv.Quote(k.ID)+" is the id of "+first+"; choose another")
			}
			switch first, known := hashes[k.SHA256]; {
			case !known:
				hashes[k.SHA256] = path
			case first != "":
				out.add(path+".sha256", "is that of "+first+"; remove one of the keys")
			}
		}
	}
}
