package config

import "strings"

// Admin configures an operations endpoint, where operators list, unlock and lock
// clients.
type Admin struct {
	// Tokens grant access, 1 to 64.
	Tokens []AdminToken
	// Hosts are the names, in lower case, under which browsers reach the endpoint,
	// at most 64. Addresses and localhost always work. Default: none.
	Hosts []string
}

// AdminToken is a token for the endpoint, known by its hash.
type AdminToken struct {
	// ID names the holder in the log: at most 64 letters, digits, - and _. Required
	// and unique.
	ID string
	// SHA256 is the hash of the token. Required and unique. Danger: whoever guesses
	// a token that is not random can unlock an attacker.
	SHA256 [32]byte
}

const (
	maxAdminTokens = 64
	maxAdminHosts  = 64
)

const (
	tokensRemedy    = `write for example [{"id": "alice", "sha256": "<the token's hash>"}]`
	tokenHashRemedy = `write what "printf %s TOKEN | sha256sum" prints, 64 hexadecimal digits`
	besideAdmin     = "cannot stand beside admin: an operations endpoint guards nothing; give it an instance of its own"
)

var oneAdmin Admin

var adminFields = table[Admin]{&oneAdmin, []field[Admin]{
	{key: "tokens", required: tokensRemedy, list: of(&adminTokenFields), read: readAdminTokens},
	{key: "hosts", as: &list{&oneAdmin.Hosts, readAdminHosts}},
}}

var oneAdminToken AdminToken

var adminTokenFields = table[AdminToken]{&oneAdminToken, []field[AdminToken]{
	{key: "id", required: `write who holds the token, for example "alice"`, as: &textAs{&oneAdminToken.ID, readID, "a token's id"}},
	{key: "sha256", required: tokenHashRemedy, as: &digest{&oneAdminToken.SHA256, "the token's", tokenHashRemedy}},
}}

func readAdmin(v *value) *Admin {
	a := &Admin{}
	readObject(v, &adminFields, a)
	return a
}

func readAdminTokens(v *value, a *Admin) {
	v.refuseEmpty(tokensRemedy)
	for i, item := range makeRoom(&a.Tokens, v.items(maxAdminTokens)) {
		readObject(item, &adminTokenFields, &a.Tokens[i])
	}
}

func adminHost(v *value, text, _ string) string {
	host := strings.ToLower(text)
	if !isHost(host) {
		v.bad(`%q is not the name of a host; write it without scheme and port, for example "ops.example.com"`, text)
		return ""
	}
	return host
}

func readAdminHosts(v *value) []string {
	hosts := v.texts(adminHost, "")
	if len(hosts) > maxAdminHosts {
		v.tooMany(len(hosts), maxAdminHosts)
	}
	return hosts
}

// operate turns the draft into the configuration of an operations endpoint. It
// drops all defaults but that of Log, and reports all fields that only an instance
// that guards can have. written reports whether the configuration has a root key.
func (d *draft) operate(written func(key string) bool, out *violations) {
	for _, key := range of(&rootFields).keys() {
		if key != "admin" && key != "log" && written(key) {
			out.add(at(key), besideAdmin)
		}
	}
	d.Config = Config{Admin: d.Admin, Log: d.Log}
	tokens := newHolders()
	for i := range d.Admin.Tokens {
		t := &d.Admin.Tokens[i]
		tokens.check(element("admin.tokens", i), t.ID, &t.SHA256, "tokens", out)
	}
}
