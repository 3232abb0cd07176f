package config

import (
	"strings"

	"github.com/tidwall/gjson"
)

// Parse reads a JSON configuration and the VM's environment ("NAME=value",
// see docs/configuration.md). Text of nothing but white space is the default
// configuration. The error is an [*Error] that lists all violations.
func Parse(json []byte, env []string) (*Config, error) {
	var out violations
	text := string(json)
	if strings.TrimSpace(text) == "" {
		text = "{}"
	}
	if problem := checkSyntax(text); problem != "" {
		out.add(whole, problem)
		return nil, out.err()
	}
	d := draft{Config: defaultConfig()}
	root := value{"", gjson.Parse(text), &out}
	readObject(root, rootFields, &d)
	if d.Admin != nil {
		// The environment, which it shares with those that guard, is theirs.
		d.operate(func(key string) bool { return root.member(key).Exists() }, &out)
	} else {
		d.override(env, &out)
		d.readSecrets(env, &out)
		d.distrust()
		d.validate(&out)
	}
	if err := out.err(); err != nil {
		return nil, err
	}
	return &d.Config, nil
}

// draft is a configuration on its way. Where a value could not be read it has
// a mark that no valid one has, which tells the rules between fields to keep
// quiet: an empty string, an invalid prefix, kindUnknown, unreadable.
type draft struct {
	Config
	// ownExempt tells that the exempt list was written, not defaulted, and
	// ownUntrusted the same of the untrusted headers.
	ownExempt, ownUntrusted bool
	// secretVariables name, for each identity source, the environment variable
	// that holds its secret; "" where it has none.
	secretVariables []string
}

// Keys lists every key that a configuration may hold, as paths:
// client.source, surfaces[].name.
func Keys() []string {
	keys := keysOf("", rootFields)
	for i := range keys {
		keys[i] = keys[i][1:]
	}
	return keys
}

var rootFields = []field[draft]{
	{key: "client", below: keysOf("", clientFields), read: func(v value, d *draft) {
		readObject(v, clientFields, &d.Client)
	}},
	{key: "credentials", below: keysOf("", credentialsFields), read: func(v value, d *draft) {
		readObject(v, credentialsFields, &d.Credentials)
	}},
	{key: "exempt", below: keysOf("[]", matchFields), read: func(v value, d *draft) {
		d.Exempt, d.ownExempt = readMatches(v, maxExempt), true
	}},
	{key: "surfaces", below: keysOf("[]", surfaceFields), read: func(v value, d *draft) {
		d.Surfaces = readSurfaces(v)
	}},
	{key: "identity", below: keysOf("[]", anyIdentityFields), read: func(v value, d *draft) {
		d.Identity, d.secretVariables = readIdentity(v)
	}},
	{key: "untrusted_headers", read: func(v value, d *draft) {
		d.UntrustedHeaders, d.ownUntrusted = readHeaderNames(v, "x-user-id"), true
	}},
	{key: "quotas", below: keysOf("[]", quotaFields), read: func(v value, d *draft) {
		d.Quotas = readQuotas(v)
	}},
	{key: "concurrency", below: keysOf("[]", concurrencyFields), read: func(v value, d *draft) {
		d.Concurrency = readConcurrency(v)
	}},
	{key: "bypass", below: keysOf("", bypassFields), read: func(v value, d *draft) {
		d.Bypass = readBypass(v)
	}},
	{key: "oauth", below: keysOf("", oauthFields), read: func(v value, d *draft) {
		d.OAuth = readOAuth(v)
	}},
	{key: "cors", below: keysOf("", corsFields), read: func(v value, d *draft) {
		readObject(v, corsFields, &d.CORS)
	}},
	{key: "headers", below: keysOf("", headersFields), read: func(v value, d *draft) {
		readObject(v, headersFields, &d.Headers)
	}},
	{key: "log", below: keysOf("", logFields), read: func(v value, d *draft) {
		readObject(v, logFields, &d.Log)
	}},
	{key: "table", below: keysOf("", tableFields), read: func(v value, d *draft) {
		readObject(v, tableFields, &d.Table)
	}},
	{key: "admin", below: keysOf("", adminFields), read: func(v value, d *draft) {
		d.Admin = readAdmin(v)
	}},
	{key: "allow_on_headers_stop_iteration", read: func(v value, d *draft) {
		v.boolean(&d.HeadersStopIteration)
	}},
}
