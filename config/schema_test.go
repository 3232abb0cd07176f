package config

import (
	"encoding/json"
	"os"
	"reflect"
	"sort"
	"strings"
	"testing"
)

// Package schematest tests which configurations the schema accepts. It is a package of
// its own, because it needs a validator.

// TestSchemaKeys: the schema has the keys of the parser, each with a description.
func TestSchemaKeys(t *testing.T) {
	var got []string
	for path, property := range readSchema(t) {
		got = append(got, path)
		if property.Description == "" {
			t.Errorf("%s has no description", path)
		}
	}
	want := Keys()
	sort.Strings(got)
	sort.Strings(want)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("schema.json has %q,\nthe parser %q", got, want)
	}
}

// TestSchemaDefaults: writing a default changes nothing.
func TestSchemaDefaults(t *testing.T) {
	n := 0
	for path, property := range readSchema(t) {
		if property.Default != nil {
			n++
			checkDefault(t, "api", path, property.Default)
		}
	}
	if n < 20 {
		t.Errorf("only %d defaults found", n)
	}
	for kind, defaults := range kindDefaults(t) {
		for path, value := range defaults {
			checkDefault(t, kind, path, value)
		}
	}
}

// checkDefault compares a configuration that leaves the key out with one in
// which its default is written.
func checkDefault(t *testing.T, kind, path string, value any) {
	t.Helper()
	without := parseTree(t, edited(t, kind, path, nil))
	with := parseTree(t, edited(t, kind, path, value))
	if !reflect.DeepEqual(without, with) {
		t.Errorf("%s (kind %s) is not %v by default", path, kind, value)
	}
}

// edited is a configuration with all objects in it, in which the value of a key
// was replaced, or removed if value is nil.
func edited(t *testing.T, kind, path string, value any) map[string]any {
	t.Helper()
	var root map[string]any
	if strings.HasPrefix(path, "admin") { // no other field may stand beside it
		mustUnmarshal(t, `{"admin": {"tokens": [{"id": "one", "sha256": "`+strings.Repeat("0a", 32)+`"}]}}`, &root)
		return changed(root, path, value)
	}
	identity := `{"source": "metadata", "subject": "sub"}`
	switch {
	case strings.HasPrefix(path, "identity[].keys"):
		identity = `{"source": "api_keys", "keys": [{"id": "one", "sha256": "` + strings.Repeat("0a", 32) + `"}]}`
	case path == "identity[].for":
		identity = `{"source": "accepted", "for": "1h"}`
	case strings.HasPrefix(path, "identity[].endpoint"), strings.HasPrefix(path, "identity[].cache"), path == "identity[].on_error":
		identity = `{"source": "introspection", "cache": {}, "endpoint": {"cluster": "auth", "url": "https://auth.example.com", "client_id": "gateway", "client_secret": "secret"}}`
	}
	bypass := ""
	if strings.HasPrefix(path, "bypass") {
		identity = `{"source": "metadata", "subject": "sub", "roles": "roles"}`
		bypass = `"bypass": {"roles": ["one"]}, `
	}
	more := ""
	if strings.HasPrefix(path, "quota_service") {
		more = `"quota_service": {"endpoint": {"cluster": "quota", "url": "https://quota.example.com", "token": "t"}}, "mcp": {}, `
	}
	if strings.HasPrefix(path, "fleet") {
		more = `"fleet": {"cluster": "ratelimit", "secret": "` + strings.Repeat("x", 32) + `", "rules": [{"rule": "lockouts"}]}, `
	}
	if strings.HasPrefix(path, "scopes") || strings.HasPrefix(path, "mcp") {
		identity = `{"source": "metadata", "subject": "sub", "scopes": "scope", "tier": "tier"}`
		tool := `"arguments": [{"argument": "quality", "times": {"high": 2}, "tiers": {"high": "one"}}]`
		more = `"scopes": {"operations": [{"path": "/one", "scopes": ["read"]}]}, "mcp": {"tiers": ["one"], "risks": {},
			"methods": [{"method": "ping", "scopes": ["read"]}], "tools": [{"name": "paint", ` + tool + `}], "other_tools": {` + tool + `}}, `
	}
	conditions := ""
	for _, list := range []string{"failures_when", "succeeded_when"} {
		if strings.Contains(path, list+"[]") {
			conditions = `, "` + list + `": [{"header": {"name": "location", "contains": "error"}, "json": {"path": ["error"], "equals": true}}]`
		}
	}
	knownGood := ""
	if kind == "api" || kind == "mcp" {
		knownGood = `, "known_good": {"for": "1h"}`
	}
	server := `{"issuer": "https://auth.example.com", "authorization_endpoint": "https://a.example", "token_endpoint": "https://a.example"}`
	for _, key := range []string{"cluster", "path", "timeout", "cache", "pkce", "openid"} {
		if strings.HasPrefix(path, "authorization_server."+key) {
			server = `{"issuer": "https://auth.example.com", "cluster": "auth", "cache": {}}`
		}
	}
	mustUnmarshal(t, `{
		"client": {}, "credentials": {}, "burst": {}, "cors": {}, "log": {}, "audit": {"sample": {}}, "table": {},
		"exempt": [{"path": "/exempt"}], "concurrency": [{"name": "one", "per": "all", "limit": 9}], `+bypass+more+`"identity": [`+identity+`],
		"surfaces": [{"name": "one", "kind": "`+kind+`", "match": [{"path": "/one"}], "lockout": {"escalate": {"factor": 2}, "wide": {"failures": 9}, "keys": [{"per": ["account"], "failures": 9}],
			"stuffing": {"credentials": 9}, "spraying": {"clients": 9}`+knownGood+conditions+`}},
			{"name": "two", "kind": "mcp", "match": [{"path": "/two"}]}],
		"quotas": [{"name": "q", "paths": [{"prefix": "/"}], "per": ["client"], "limit": 9, "window": "1m", "cost": [{"path": "/one", "cost": 9}]}],
		"headers": {},
		"oauth": {"resource": "https://api.example.com", "authorization_servers": ["https://auth.example.com"]},
		"authorization_server": `+server+`
	}`, &root)
	return changed(root, path, value)
}

func changed(root map[string]any, path string, value any) map[string]any {
	at := root
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		key, isList := strings.CutSuffix(key, "[]")
		if isList {
			at = at[key].([]any)[0].(map[string]any)
		} else {
			at = at[key].(map[string]any)
		}
	}
	delete(at, keys[len(keys)-1])
	if value != nil {
		at[keys[len(keys)-1]] = value
	}
	return root
}

func parseTree(t *testing.T, root map[string]any) *Config {
	t.Helper()
	return mustParse(t, marshal(t, root))
}

func marshal(t *testing.T, root map[string]any) string {
	t.Helper()
	text, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// node is the part of a JSON Schema that says which keys there are.
type node struct {
	Ref         string `json:"$ref"`
	Description string
	Default     any
	Properties  map[string]*node
	Items       *node
	Const       any
	If, Then    *node
	Else        *node // of what may be written without a list
	AllOf       []*node
	Defs        map[string]*node `json:"$defs"`
}

// readSchema returns the properties of the schema by path.
func readSchema(t *testing.T) map[string]*node {
	t.Helper()
	root := schemaRoot(t)
	found := map[string]*node{}
	walkSchema(root, root, "", found)
	return found
}

func walkSchema(root, n *node, path string, found map[string]*node) {
	if name, ok := strings.CutPrefix(n.Ref, "#/$defs/"); ok {
		n = root.Defs[name]
	}
	if n.Else != nil {
		walkSchema(root, n.Else, path, found)
	}
	if n.Items != nil {
		walkSchema(root, n.Items, path+"[]", found)
	}
	for key, property := range n.Properties {
		below := strings.TrimPrefix(path+"."+key, ".")
		found[below] = property
		walkSchema(root, property, below, found)
	}
}

// kindDefaults returns the defaults that the schema gives to one kind only, by
// kind and path.
func kindDefaults(t *testing.T) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	for _, rule := range schemaRoot(t).Defs["surface"].AllOf {
		kind := rule.If.Properties["kind"].Const.(string)
		out[kind] = map[string]any{}
		for key, property := range rule.Then.Properties["lockout"].Properties {
			if property.Default != nil {
				out[kind]["surfaces[].lockout."+key] = property.Default
			}
		}
		want := 4
		if kind == "oauth-token" {
			want++ // token_errors
		}
		if len(out[kind]) != want {
			t.Errorf("kind %s has the defaults %v", kind, out[kind])
		}
	}
	if len(out) != 5 {
		t.Errorf("there are defaults for %d kinds", len(out))
	}
	return out
}

func schemaRoot(t *testing.T) *node {
	t.Helper()
	text, err := os.ReadFile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var root node
	mustUnmarshal(t, string(text), &root)
	return &root
}

func mustUnmarshal(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}
