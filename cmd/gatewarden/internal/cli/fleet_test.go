package cli

import (
	"strings"
	"testing"
)

// TestFleet: what is printed, or why nothing is. Each want is a part of it.
func TestFleet(t *testing.T) {
	const (
		fleet  = `"fleet": {"cluster": "ratelimit", "secret_env": "FLEET_SECRET"`
		plain  = `{` + fleet + `}}`
		lock   = `"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/"}]}], ` + fleet + `}`
		quotas = `"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/"}], "lockout": {"mode": "off"}}],
			"quotas": [{"name": "api", "per": ["client"], "limit": 60, "window": "1m"}], ` + fleet + `, "rules": [{"rule": "quotas"}]}`
	)
	filter := func(json string) string {
		return `- {name: gatewarden, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm, config: {name: gatewarden,
    configuration: {"@type": type.googleapis.com/google.protobuf.StringValue, value: '{` + json + `}'}}}}
`
	}
	folder(t, map[string]string{
		"plain.json": plain, "alone.json": fine, "wrong.json": strings.Replace(plain, "}}", `, "timeout": "1h"}}`, 1),
		"both.yaml":     filter(lock) + filter(quotas),
		"differ.yaml":   filter(lock) + filter(strings.Replace(quotas, `"cluster"`, `"domain": "other", "cluster"`, 1)),
		"endpoint.yaml": filter(lock) + filter(`"admin": {"tokens": [{"id": "ann", "sha256": "`+strings.Repeat("0a", 32)+`"}]}`),
		"refused.yaml":  filter(lock) + filter(`"log": 1`),
		"broken.yaml":   "static_resources: [",
	})
	const rest = "value: lockout/rest\n    descriptors:\n      - key: key\n        rate_limit: {unit: minute, requests_per_unit: 19}\n"
	for _, row := range []struct {
		args, in string
		code     int
		want     string
	}{
		{"fleet plain.json", "", 0, rest},
		{"fleet plain.json", "", 0, `# Written by "gatewarden fleet" from plain.json: `},
		{"fleet -", plain, 0, `from standard input: `},
		{"fleet plain.json --env RATE_LIMIT_REST_FAILURES=5", "", 0, "requests_per_unit: 4}\n"},
		{"fleet plain.json --env FLEET_SECRET=short", "", 2, "environment FLEET_SECRET: has fewer than 32 characters"},
		{"fleet both.yaml", "", 0, rest},
		{"fleet both.yaml", "", 0, "value: quota/api\n"},
		{"fleet both.yaml --instance 2", "", 0, "descriptors:\n  - key: rule\n    value: quota/api\n"},
		{"fleet endpoint.yaml", "", 0, rest},
		{"fleet differ.yaml --instance 2", "", 0, "domain: other\n"},
		{"fleet differ.yaml", "", 2, "differ.yaml has the domains gatewarden and other"},
		{"fleet differ.yaml --instance 3", "", 2, "differ.yaml has 2 instances of Gatewarden: name one of them with --instance"},
		{"fleet differ.yaml --instance -1", "", 2, "differ.yaml has 2 instances of Gatewarden"},
		{"fleet endpoint.yaml --instance 2", "", 2, `endpoint.yaml has no instance with a fleet: add "fleet" to the configuration`},
		{"fleet alone.json", "", 2, "alone.json has no instance with a fleet"},
		{"fleet wrong.json", "", 2, `wrong.json is refused by the filter: fleet.timeout: "1h" is out of range; write "1ms" to "1s"; "gatewarden check" says all`},
		{"fleet refused.yaml", "", 2, "refused.yaml is refused by the filter: log: is a number"},
		{"fleet broken.yaml", "", 2, "broken.yaml: "},
		{"fleet none.json", "", 2, "none.json cannot be read"},
		{"fleet", "", 2, `fleet needs one file: name it, or "-" for the standard input`},
		{"fleet plain.json plain.json", "", 2, "fleet needs one file"},
	} {
		code, out, log := run(row.in, strings.Fields(row.args)...)
		text, other := out, log
		if row.code == exitMisuse {
			text, other = log, out
		}
		if code != row.code || !strings.Contains(text, row.want) || other != "" {
			t.Errorf("%s: exit %d\n%s%s\nwant %d and %q", row.args, code, out, log, row.code, row.want)
		}
	}
}
