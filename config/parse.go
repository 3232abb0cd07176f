package config

import (
	"strings"

	"github.com/tidwall/gjson"
)

// Parse reads a JSON configuration and the VM's environment ("NAME=value", see
// docs/configuration.md). A text of white space is the default configuration. The
// error is an [*Error] that lists all violations.
//
//go:noinline
func Parse(json []byte, env []string) (*Config, error) {
	var out violations
	text := string(json)
	if strings.TrimSpace(text) == "" {
		text = "{}"
	}
	if problem := checkSyntax(text); problem != "" {
		out.add(at(whole), "%s", problem)
		return nil, out.err()
	}
	d := draft{Config: defaultConfig()}
	root := &value{json: gjson.Parse(text), out: &out}
	readObject(root, &rootFields, &d)
	if d.Admin != nil {
		// An operations endpoint may share the environment of instances that guard,
		// and ignores it.
		d.operate(func(key string) bool { return root.member(key).exists() }, &out)
	} else {
		d.override(env, &out)
		d.readSecrets(env, &out)
		d.distrust()
		d.completeAudit()
		d.validate(&out)
	}
	if err := out.err(); err != nil {
		return nil, err
	}
	return &d.Config, nil
}

// draft is a configuration while it is read. A value that could not be read holds a
// mark that no valid value has, so that checks ignore it: an empty string, an invalid
// prefix, kindUnknown, identityUnknown, unreadable.
type draft struct {
	Config
	// ownExempt and ownUntrusted report that the configuration sets these lists, so
	// that they do not have their defaults.
	ownExempt, ownUntrusted bool
	// secretVariables holds, for each identity source, the environment variable with
	// its secret, or "".
	secretVariables []string
	// tokenVariable is the environment variable with the token of the quota service, or "".
	tokenVariable string
	// fleetVariable is the environment variable with the secret of the fleet, or "".
	fleetVariable string
}

// Keys lists the paths of all keys of a configuration, for example client.source
// and surfaces[].name.
func Keys() []string {
	return of(&rootFields).paths("", nil)
}

var oneDraft draft

var rootFields = table[draft]{&oneDraft, []field[draft]{
	{key: "client", object: of(&clientFields), read: func(v *value, d *draft) {
		readObject(v, &clientFields, &d.Client)
	}},
	{key: "credentials", object: of(&credentialsFields), read: func(v *value, d *draft) {
		readObject(v, &credentialsFields, &d.Credentials)
	}},
	{key: "exempt", list: of(&matchFields), read: func(v *value, d *draft) {
		readMatches(v, maxExempt, &d.Exempt)
		d.ownExempt = true
	}},
	{key: "surfaces", list: of(&surfaceFields), read: readSurfaces},
	{key: "identity", list: of(&anyIdentityFields), read: readIdentity},
	{key: "untrusted_headers", read: func(v *value, d *draft) {
		d.UntrustedHeaders, d.ownUntrusted = v.texts(headerName, "x-user-id"), true
	}},
	{key: "quotas", list: of(&quotaFields), read: readQuotas},
	{key: "concurrency", list: of(&concurrencyFields), read: readConcurrency},
	{key: "burst", object: of(&burstFields), read: func(v *value, d *draft) {
		readObject(v, &burstFields, &d.Burst)
	}},
	{key: "bypass", object: of(&bypassFields), read: func(v *value, d *draft) {
		d.Bypass = readBypass(v)
	}},
	{key: "scopes", object: of(&scopesFields), read: func(v *value, d *draft) {
		readObject(v, &scopesFields, &d.Scopes)
	}},
	{key: "mcp", object: of(&mcpFields), read: func(v *value, d *draft) {
		d.MCP = readMCP(v)
	}},
	{key: "quota_service", object: of(&quotaServiceFields), read: func(v *value, d *draft) {
		d.QuotaService, d.tokenVariable = readQuotaService(v)
	}},
	{key: "fleet", object: of(&fleetFields), read: func(v *value, d *draft) {
		d.Fleet, d.fleetVariable = readFleet(v)
	}},
	{key: "oauth", object: of(&oauthFields), read: readResources},
	{key: "authorization_server", object: of(&authorizationServerFields), read: readAuthorizationServers},
	{key: "cors", object: of(&corsFields), read: func(v *value, d *draft) {
		readObject(v, &corsFields, &d.CORS)
	}},
	{key: "headers", object: of(&headersFields), read: func(v *value, d *draft) {
		readObject(v, &headersFields, &d.Headers)
	}},
	{key: "log", object: of(&logFields), read: func(v *value, d *draft) {
		readObject(v, &logFields, &d.Log)
	}},
	{key: "audit", object: of(&auditFields), read: func(v *value, d *draft) {
		d.Audit = readAudit(v)
	}},
	{key: "table", object: of(&tableFields), read: func(v *value, d *draft) {
		readObject(v, &tableFields, &d.Table)
	}},
	{key: "admin", object: of(&adminFields), read: func(v *value, d *draft) {
		d.Admin = readAdmin(v)
	}},
	{key: "allow_on_headers_stop_iteration", read: func(v *value, d *draft) {
		allowed := false
		if v.boolean(&allowed); allowed {
			d.HeadersStopIteration = StopIterationAllowed
		} else {
			d.HeadersStopIteration = StopIterationMissing
		}
	}},
}}
