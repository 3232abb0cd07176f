package filter

import (
	"strconv"
	"strings"
)

// Configurations that several tests share.

// oneFailure locks a client out of an MCP surface and of an API after one failure each.
const oneFailure = `{"allow_on_headers_stop_iteration": true, "surfaces": [
	{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"failures": 1, "window": "1m"}},
	{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 1, "window": "1m"}}]}`

// oauthConfig has surfaces of each kind, and completes their challenges.
const oauthConfig = `{
	"surfaces": [
		{"name": "token", "kind": "oauth-token", "match": [{"path": "/oauth/token"}]},
		{"name": "consent", "kind": "oauth-consent", "match": [{"path": "/oauth/authorize"}]},
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}]},
		{"name": "off", "kind": "api", "match": [{"prefix": "/off"}], "lockout": {"mode": "off"}},
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}],
	"oauth": {"resource": "https://h/mcp", "authorization_servers": ["https://as"],
		"scopes_supported": ["mcp:query"], "challenge_scope": ["mcp:query"]}}`

// resourcesConfig has a resource for each of two surfaces, and a surface of none.
const resourcesConfig = `{
	"surfaces": [
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}]},
		{"name": "off", "kind": "api", "match": [{"prefix": "/off"}], "lockout": {"mode": "off"}},
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}],
	"oauth": [
		{"resource": "https://h/mcp", "authorization_servers": ["https://as"]},
		{"resource": "https://h/api", "authorization_servers": ["https://as"], "realm": "api"}]}`

// serverConfig passes the metadata of an authorization server on.
const serverConfig = `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}],
	"authorization_server": {"issuer": "https://as", "cluster": "auth"}}`

// distinctConfig looks for stuffing and spraying.
const distinctConfig = `{"surfaces": [
	{"name": "api", "kind": "api", "match": [{"prefix": "/api"}],
	 "lockout": {"failures": 100, "window": "10m", "stuffing": {"credentials": 3, "action": "lock"}, "spraying": {"clients": 2}}},
	{"name": "login", "kind": "oauth-consent", "match": [{"prefix": "/login"}],
	 "lockout": {"failures": 100, "account_fields": ["user"], "stuffing": {"credentials": 3}, "spraying": {"clients": 3}}}]}`

// headersConfig identifies callers by the headers of a trusted gateway.
const headersConfig = `{"identity": [{"source": "headers", "subject": "x-user-id", "tenant": "x-tenant-id", "tier": "x-tier", "scopes": "x-scopes", "roles": "x-roles"}],
	"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}]}`

// acceptedConfig identifies callers by the credentials that the service accepted.
const acceptedConfig = `{"credentials": {"headers": ["authorization", "x-api-key"], "cookies": ["session"]},
	"identity": [{"source": "accepted", "for": "10m"}], "surfaces": [
	{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 100}},
	{"name": "other", "kind": "mcp", "match": [{"prefix": "/other"}], "lockout": {"mode": "off"}},
	{"name": "token", "kind": "oauth-token", "match": [{"prefix": "/token"}]}]}`

// keysConfig is a surface that requires one of some API keys, which are JSON.
func keysConfig(keys ...string) string {
	return `{"credentials": {"headers": ["authorization", "x-api-key", "x-token"], "cookies": ["session"]},
		"identity": [{"source": "api_keys", "keys": [` + strings.Join(keys, ", ") + `]}],
		"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "require": true, "lockout": {"failures": 3}}]}`
}

// quotaConfig has two surfaces and some quotas. The MCP surface has no lockout.
func quotaConfig(rules ...string) string {
	return `{"surfaces": [
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 3, "window": "1m"}},
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"failures": 0}}],
		"quotas": [` + strings.Join(rules, ",") + `]}`
}

// rule is a quota per client and minute, with more of its fields.
func rule(name string, limit int, more string) string {
	return `{"name": "` + name + `", "per": ["client"], "limit": ` + strconv.Itoa(limit) + `, "window": "1m"` + more + `}`
}
