package cli

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/shell"
)

// invoke runs a line of a shell, without one.
func invoke(t *testing.T, line, in string) (code int, out, log string) {
	t.Helper()
	words, err := shell.Fields(line, nil)
	if err != nil || len(words) == 0 || words[0] != "gatewarden" {
		t.Fatalf("%q: %v", line, err)
	}
	return run(in, words[1:]...)
}

// The examples of --help do what they say.
func TestExplainExamples(t *testing.T) {
	envoy, err := os.ReadFile("../../../../envoy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	folder(t, map[string]string{"gatewarden.json": "{}", "envoy.yaml": string(envoy)})
	lines := strings.Split(strings.ReplaceAll(newExplain().Example, "\\\n", ""), "\n")
	wants := []string{
		"the readings lead to rest and mcp", "number 21 is the first that is refused (locked_out)", "HTTP 429", "mcp, of the kind mcp",
	}
	for _, line := range lines {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if len(wants) == 0 {
			t.Fatalf("%s: this test does not know what it says", line)
		}
		code, out, log := invoke(t, line, "")
		if code != exitFine || log != "" || !strings.Contains(out, wants[0]) {
			t.Errorf("%s: %d %q, wanted %q in\n%s", line, code, log, wants[0], out)
		}
		wants = wants[1:]
	}
	if len(wants) > 0 {
		t.Errorf("no example says %q", wants)
	}
}

// TestExplainSays: what is in the answer, for each thing that can be asked.
func TestExplainSays(t *testing.T) {
	const keys = `{"identity": [{"source": "api_keys", "keys": [{"id": "old", "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"expires": "2020-01-01T00:00:00Z"}]}], "surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}], "require": true}]}`
	const asked = `{"identity": [{"source": "introspection", "endpoint": {"cluster": "auth", "url": "https://auth.example.com/introspect",
		"client_id": "g", "client_secret_env": "SECRET"}, "roles": "roles"}], "bypass": {"roles": ["owner"]}}`
	const metadata = `{"identity": [{"source": "metadata", "subject": "sub", "tier": "tier"}],
		"quotas": [{"name": "q", "per": ["subject"], "limits": {"pro": 7, "default": 1}, "window": "1m"}]}`
	const budget = `{"mcp": {"tools": [{"name": "image", "scopes": [], "cost": 25}], "other_tools": {"scopes": []}},
		"quotas": [{"name": "b", "unit": "credits", "per": ["client"], "limit": 60, "window": "month"}]}`
	const call = `/mcp -X POST -H 'content-type: application/json' -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"image"}}'`
	const hosts = `{"exempt": [{"path": "/live", "hosts": ["api.example.com"]}], "surfaces": [
		{"name": "api", "kind": "api", "match": [{"prefix": "/v1", "hosts": ["api.example.com"]}]},
		{"name": "tenants", "kind": "api", "match": [{"prefix": "/v1", "hosts": ["*.tenants.example.com"]}]},
		{"name": "rest", "kind": "api", "match": [{"prefix": "/v1"}]}]}`
	const resources = `{"oauth": [{"resource": "https://h/else", "authorization_servers": ["https://as"]}, {"resource": "https://h/mcp", "authorization_servers": ["https://as"]}]}`
	const foreign = `{"identity": [{"source": "metadata", "subject": "sub", "audience": "aud"}], "oauth": {"resource": "https://h/mcp", "authorization_servers": ["https://as"]}}`
	const server = `{"authorization_server": {"issuer": "https://as", "cluster": "auth", "openid": true}}`
	const proxies = `{"client": {"source": "xff", "trusted_proxies": ["10.0.0.0/8"], "ipv4_prefix": 24}}`
	const (
		spring = `{"surfaces": [{"name": "login", "kind": "oauth-consent", "match": [{"path": "/login"}], "lockout": {"failures": 3,
			"failures_when": [{"status": [302], "header": {"name": "location", "contains": "error"}}]}}]}`
		graphql = `{"surfaces": [{"name": "graphql", "kind": "api", "match": [{"path": "/graphql"}], "lockout": {"failures": 3,
			"failures_when": [{"json": {"path": ["ok"], "equals": false}}], "succeeded_when": [{"json": {"path": ["ok"], "equals": true}}]}}]}`
	)
	const tools = `{"identity": [{"source": "metadata", "subject": "sub", "scopes": "scope", "tier": "tier"}],
		"scopes": {"implies": {"write": ["read"]}, "operations": [{"path": "/api/v1/open", "scopes": []}, {"prefix": "/api/v1", "methods": ["GET"], "scopes": ["read"]}, {"prefix": "/api/v1", "scopes": ["write"]}]},
		"mcp": {"tiers": ["free", "pro"], "risks": {"READ_ONLY": ["read"]}, "methods": [{"method": "ping", "scopes": ["read"]}], "tools": [{"name": "search", "risk": "READ_ONLY"},
			{"name": "draw", "scopes": ["generate"], "cost": 5, "arguments": [{"argument": "quality", "times": {"low": 1, "high": 4}, "tiers": {"high": "pro"}}]}]}}`
	const as = ` --metadata '{"envoy.filters.http.jwt_authn": {"sub": "ann", "tier": "free", "scope": "read generate"}}'`
	callOf := func(tool, arguments string) string {
		return `/mcp --json '{"id":1,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + arguments + `}}'`
	}
	for _, row := range []struct {
		config, args string
		wants        []string
	}{
		{tools, `/api/v1/x` + as, []string{"* operation", "needs the scopes read\n", "scopes.operations[1]", "It passes to the service."}},
		{tools, `/api/v1/x -X DELETE` + as, []string{"! operation", "needs the scopes write, of which the caller lacks write", "the caller lacks a scope", "HTTP 403",
			"Send a token with the scopes write.", "scopes.operations[2] says what is needed"}},
		{tools, `/api/v1/open`, []string{"* operation", "needs no scope", "It passes"}},
		{tools, `/mcp`, []string{"none matches: they need no scope", "there is no body to read; say --json"}},
		{tools, `/api/v1/x`, []string{"! operation", "auth_denied", "needs an identity, and no source verified one", "with the scopes read."}},
		{tools, callOf("search", "{}") + as, []string{`* tool "search"`, "mcp.tools[0]", "needs the scopes read", "It passes"}},
		{tools, callOf("draw", `{"quality":"low"}`) + as, []string{`* tool "draw"`, "needs the scopes generate; costs 5 credits", "It passes"}},
		{tools, callOf("draw", `{"quality":"high"}`) + as, []string{`! tool "draw"`, `needs the scopes generate; needs the tier pro or a higher one, and the caller has "free"; costs 20 credits`,
			"tier_denied", "mcp.tools[1] says which tier is needed"}},
		{tools, callOf("s3arch", "{}") + as, []string{`* tool "s3arch"`, "mcp.other_tools", "is not listed; needs the scopes generate", "It passes"}},
		{tools, callOf("draw", `{"quality":"s3cret"}`) + as, []string{"tier_denied"}},
		{strings.Replace(tools, `"mcp": {`, `"mcp": {"origins": ["https://app.example"], `, 1), `/mcp -H 'Origin: https://evil.example' --json '{"id":1,"method":"ping"}'`, []string{"! mcp", "is refused: Pages of this origin", "HTTP 403"}},
		{tools, callOf("draw", `{"quality":"low","quality":"high"}`) + as, []string{"! mcp", "is refused: An argument can be read in more than one way.", "It is refused: An argument", "docs/mcp.md"}},
		{tools, `/mcp --json '{"id":1,"method":"ping"}'`, []string{`! method "ping"`, "mcp.methods[0]", "of which the caller lacks read", "auth_denied"}},
		{tools, `/mcp --json '{"id":1,"method":"tools/list"}'`, []string{`- method "tools/list"`, "needs no scope"}},
		{strings.Replace(tools, `"mcp": {`, `"mcp": {"annotate": true, `, 1), `/mcp --json '{"id":1,"method":"tools/list"}'`, []string{"* prices", "mcp.annotate", "each tool in the list says what its calls cost"}},
		{tools, `/mcp --json '{"id":1,"result":{}}'`, []string{"- a response"}},
		{tools, `/mcp -d x=y`, []string{"! mcp", "Send the request as application/json, in UTF-8.", "HTTP 415"}},
		{`{}`, `/healthz`, []string{"exempt, exempt[1] (default)", "It passes to the service."}},
		{`{}`, `/elsewhere`, []string{"no surface matches", "add a match for it to a surface"}},
		{`{}`, `'/mcp?token=s3cret' -H 'Authorization: Bearer s3cret'`, []string{"/mcp?...", "Bearer and 6 characters"}},
		{`{}`, `'/mcp?a=b&api_key=s3cret' -H 'Sec-WebSocket-Protocol: chat, bearer.s3cret'`,
			[]string{"/mcp?...", "in the query, as api_key: 6 characters", "in Sec-WebSocket-Protocol, after bearer.: 6 characters", "There is more than one"}},
		{`{}`, `'/mcp?api_key=undefined' -H 'Authorization: Bearer null' --status 401`, []string{"It is no failure: the request presents no credential"}},
		{`{}`, `'/mcp?api_key=s3cret' -X OPTIONS -H 'Origin: https://a' -H 'Access-Control-Request-Method: GET' --after 20 --status 401`,
			[]string{"a CORS preflight", "in the query, as api_key: 6 characters", "locked_out"}},
		{`{}`, `/mcp -X OPTIONS -H 'Origin: https://a' -H 'Access-Control-Request-Method: GET'`, []string{"a CORS preflight", "lets CORS preflights pass"}},
		{`{}`, `/mcp -H 'X-Forwarded-For: 1.2.3.4'`, []string{"use_remote_address", "say --from ADDRESS"}},
		{`{}`, `/mcp -H 'X-HTTP-Method-Override: DELETE'`, []string{"may take its method for DELETE"}},
		{`{}`, `/mcp --status 401`, []string{"It is no failure: the request presents no credential"}},
		{`{}`, `/mcp -u ann:x --status 403`, []string{"It is no failure: lockout.statuses of the surface are 401."}},
		{`{}`, `/oauth/token -d grant_type=password --status 400`, []string{"say --response-body"}},
		{`{}`, `/oauth/token -d grant_type=password --status 400 --response-header content-type:application/json --response-body '{"error":"invalid_grant"}'`,
			[]string{"It is a failure, and counts"}},
		{`{}`, `/api/v1/x -u ann:x -H 'Content-Type: application/grpc-web-text' -H 'Accept-Encoding: br' -d x --after 20`,
			[]string{"a gRPC-Web", "the service does not see: accept-encoding", "content-type: application/grpc-web-text", "grpc-status: 8", "HTTP 200"}},
		{`{}`, `/api/v1/x -u ann:x -H 'Content-Type: application/connect+json' -d x --after 20`, []string{"a Connect", "content-type: application/connect+json", "resource_exhausted"}},
		{`{}`, `/api/v1/x -u ann:x -H 'Content-Type: application/grpc-web' -d x --status 200 --response-header grpc-status:16 --response-header content-type:application/grpc-web`,
			[]string{"It is a failure, and counts"}},
		{`{}`, `/api/v1/x -u ann:x -H 'Content-Type: application/connect+json' -d x --status 200`, []string{"It is a failure only if", "the last frame of its body"}},
		{`{}`, `/api/v1/x -u ann:x -H 'Content-Type: application/json' -H 'Connect-Protocol-Version: 1' -d x --status 200`, []string{"a Connect", "It is a success."}},
		{`{}`, `/oauth/token -d grant_type=password -H 'Accept-Encoding: gzip' --status 200 --response-body 'error=bad_verification_code'`,
			[]string{"It is a failure, and counts", "accept-encoding"}},
		{`{}`, `/mcp -H 'Authorization: NTLM TlRMTVNTUAABAAAA' --status 401 --response-header 'www-authenticate:NTLM TlRMTVNTUAACAAAA'`, []string{"a step of a handshake"}},
		{`{}`, `/mcp -H 'Authorization: NTLM TlRMTVNTUAADAAAA' --status 401 --response-header 'www-authenticate:NTLM TlRMTVNTUAACAAAA'`, []string{"It is a failure, and counts"}},
		{spring, `/login -d user=ann --status 302 --response-header 'location:/login?error'`, []string{"It is a failure, and counts"}},
		{spring, `/login -d user=ann --status 302 --response-header 'location:/'`, []string{"no condition of lockout.failures_when holds"}},
		{spring, `/login -d user=ann --after 3`, []string{"HTTP 429"}},
		{graphql, `/graphql -u ann:x -d '{}' --status 200`, []string{"lockout.failures_when", "say --response-body"}},
		{graphql, `/graphql -u ann:x -d '{}' --status 200 --response-body '{"ok":false}'`, []string{"It is a failure, and counts"}},
		{graphql, `/graphql -u ann:x -d '{}' --status 200 --response-body '{"ok":true}'`, []string{"a condition of lockout.succeeded_when holds"}},
		{`{"client": {"allow": ["192.0.2.0/24"]}}`, `/mcp -u ann:x --repeat 30 --status 401`,
			[]string{"never locked out: client.allow[0]", "does not count this client", "none is refused"}},
		{proxies, `/mcp --from 10.0.0.1 -H 'X-Forwarded-For: 9.9.9.9, 203.0.113.7, 10.1.1.1'`,
			[]string{"10.1.1.1 is in client.trusted_proxies", "203.0.113.7 is not: it is the client", "counted as 203.0.113.0/24"}},
		{proxies, `/mcp --from 10.0.0.1 -H 'X-Forwarded-For: 9.9.9.9, junk, 10.1.1.1'`, []string{`"junk" is no address`, "10.1.1.1, from"}},
		{hosts, `http://api.example.com:8443/v1`, []string{"its host is api.example.com\n", "api, surfaces[0].match[0] by its host api.example.com (before rest, surfaces[2].match[0])", "It passes"}},
		{hosts, `http://X.tenants.example.com/v1`, []string{"tenants, surfaces[1].match[0] by its host *.tenants.example.com"}},
		{hosts, `http://else.example/v1`, []string{"its host is else.example\n", "rest, surfaces[2].match[0]\n"}},
		{hosts, `http://api.example.com/live`, []string{"exempt, exempt[0] by its host api.example.com"}},
		{hosts, `/v1 -H 'Host: api.example.com,x.tenants.example.com'`, []string{"it may be any", "none: by its host the request may belong to api and tenants and rest",
			"The host can be read in more than one way.", "HTTP 400", "Send one host"}},
		{hosts, `http://else.example//api.example.com/v1`, []string{"its host is else.example or api.example.com", "api.example.com/v1 ", "Send one host"}},
		{`{}`, `/mcp -H 'Host: a,b'`, []string{"It passes"}},
		{foreign, `/mcp --metadata '{"envoy.filters.http.jwt_authn": {"sub": "ann", "aud": ["https://h/a", "https://h/b"]}}'`,
			[]string{"verifies a token that is for https://h/a and https://h/b, which is not this resource", "! audience", "here, it must be for https://h/mcp or https://h",
				"It is refused: its token is for another resource.", "HTTP 401", "oauth.audiences", "oauth.check_audience false"}},
		{foreign, `/mcp --metadata '{"envoy.filters.http.jwt_authn": {"sub": "ann", "aud": "https://h/mcp"}}'`,
			[]string{`verifies it: subject "ann", for https://h/mcp`, "* audience", "It passes"}},
		{resources, `/mcp`, []string{"A 401 leads OAuth clients to the metadata of https://h/mcp (oauth[1])."}},
		{resources, `/api/v1`, []string{"It belongs to no resource of oauth"}},
		{resources, `/.well-known/oauth-protected-resource/mcp`, []string{"Gatewarden answers for this path itself", `{"resource":"https://h/mcp"`}},
		{server, `/.well-known/oauth-authorization-server`, []string{"Gatewarden answers for this path itself", "the metadata that the cluster auth has", "HTTP 502"}},
		{server, `/.well-known/openid-configuration -X OPTIONS`, []string{"Gatewarden answers it.", "HTTP 204"}},
		{keys, `/a -H 'X-Api-Key: abc'`, []string{"which has expired", "HTTP 401", "surfaces[0].require to false"}},
		{asked, `/mcp --env SECRET=s3cret -H 'Authorization: Bearer a'`, []string{"asks the cluster auth and gets no answer", "HTTP 503"}},
		{asked, `/mcp --env SECRET=s3cret -H 'Authorization: Bearer a' --introspected '{"active": true, "sub": "ann"}' -H 'X-Gatewarden-Bypass: true'`,
			[]string{`subject "ann"`, "HTTP 428", "has none of the roles owner"}},
		{metadata, `/mcp --metadata '{"envoy.filters.http.jwt_authn": {"sub": "ann", "tier": "pro"}}' --repeat 9`,
			[]string{`the subject "ann" pays; 1 of 7 within 1m (fixed window), the limit of the tier "pro"; 6 left after it`, "number 8 is the first"}},
		{metadata, `/mcp --repeat 9`, []string{"the client's address pays", "the limit of everybody else", "quotas[0]", "number 2 is the first"}},
		{budget, call, []string{"25 of 60 credits within a month of the calendar (fixed window); 35 left after it"}},
		{budget, call + ` --repeat 3`, []string{"number 3 is the first that is refused (quota_exceeded)"}},
		{budget, `/mcp`, []string{"counts credits, and the request costs none"}},
		{lockout(`"wide": {"failures": 2}`), `/a -u a:b --after 2`, []string{"! wide", "failures is the limit of the client's network", "* lockout"}},
		{lockout(`"keys": [{"per": ["credential"], "failures": 2, "action": "lock"}]`), `/a -u a:b --after 2`,
			[]string{"! keys", "locked_out", `surfaces[0].lockout.keys[0].action "slow"`, "* lockout"}},
		{lockout(`"keys": [{"per": ["client", "account"], "failures": 2}]`), `/a -u a:b --after 4`,
			[]string{"of which 3 counted as failures", "! keys", "slow attempts down", "rate_limited"}},
		{lockout(`"known_good": {"for": "1h"}, "pending": 3, "stuffing": {"credentials": 9}, "spraying": {"clients": 9, "action": "slow"}`),
			`/a -u a:b --status 200`, []string{"does not know the credential as good", "and 3 more", "are reported; 0 so far", "slow its attempts down", "It is a success"}},
		{lockout(`"repeats": "once"`), `/a -u a:b --status 401`, []string{"the same wrong credential counts once; none so far", "It is a failure, and counts"}},
		{lockout(`"repeats": "once"`), `/a -u a:b --status 401 --after 30`, []string{"It was made 30 times before, of which 1 counted as a failure. It passes", "counts once, and this one has counted; 1 failure so far",
			"It is a failure that does not count", "gatewarden_repeated_failures_total.surface.a +1"}},
		{lockout(`"failures": 2`), `/a -u a:b --after 2`, []string{`surfaces[0].lockout.repeats "once" counts the same`}},
		{lockout(`"repeats": "once"`), `/a -u a:b --status 401 --repeat 50`, []string{"none is refused"}},
		{lockout(`"repeats": "once", "count_anonymous": true`), `/a -d user=ann --status 401 --after 2`, []string{"and this one has counted", "does not count"}},
		{lockout(`"mode": "shadow", "failures": 1`), `/a -u a:b --after 1`, []string{"It has failed 1 time before. It passes, because the rule that would refuse it is in shadow mode."}},
	} {
		code, out, log := invoke(t, "gatewarden explain -c - "+row.args, row.config)
		_, asJSON, _ := invoke(t, "gatewarden explain --format json -c - "+row.args, row.config)
		all := out + asJSON
		for _, want := range row.wants {
			if code != exitFine || !strings.Contains(all, want) {
				t.Errorf("%s %s: %d %s, wanted %q in\n%s", row.config, row.args, code, log, want, all)
			}
		}
		if strings.Contains(all, "s3cret") || !json.Valid([]byte(asJSON)) {
			t.Errorf("%s %s: a secret is printed, or what is no JSON:\n%s", row.config, row.args, all)
		}
	}
}

// lockout is a configuration of one surface.
func lockout(rule string) string {
	return `{"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a"}], "lockout": {` + rule + `}}]}`
}

// Of several instances in a configuration of Envoy, one is explained: that which is
// named, or the only one that guards.
func TestExplainChooses(t *testing.T) {
	wasm := func(configuration string) string {
		return `
- "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
  config: {name: gatewarden, configuration: {"@type": type.googleapis.com/google.protobuf.StringValue, value: '` + configuration + `'}}`
	}
	const one, two = `{"surfaces": [{"name": "one", "kind": "api", "match": [{"prefix": "/a"}]}]}`, `{"log": {"per_second": 7}}`
	admin := `{"admin": {"tokens": [{"id": "a", "sha256": "` + strings.Repeat("0a", 32) + `"}]}}`
	both := "configs:" + wasm(one) + wasm(two) + wasm(admin)
	for _, row := range []struct {
		file, flags string
		code        int
		want        string
	}{
		{"configs:" + wasm(admin) + wasm(one), "", exitFine, "one, surfaces[0].match[0]\n"},
		{both, "--instance 1", exitFine, "one, surfaces[0].match[0]\n"},
		{both, "--instance 2", exitFine, "no surface matches"},
		{both, "--instance 3", exitMisuse, "an operations endpoint there"},
		{both, "--instance 4", exitMisuse, "say which with --instance"},
		{both, "", exitMisuse, "say which with --instance"},
		{"configs:" + wasm(admin), "", exitMisuse, "no instance of Gatewarden that guards anything"},
		{"configs: []", "", exitMisuse, "no instance of Gatewarden that guards anything"},
		{"configs:" + wasm(`{"log": {"per_second": 0}}`), "", exitMisuse, "is refused by the filter: log.per_second: "},
	} {
		code, out, log := invoke(t, "gatewarden explain -c - /a "+row.flags, row.file)
		if code != row.code || !strings.Contains(out+log, row.want) {
			t.Errorf("%s of\n%s: %d %s%s", row.flags, row.file, code, out, log)
		}
	}
}

// TestExplainMisuse: what cannot be explained, and what to write instead.
func TestExplainMisuse(t *testing.T) {
	for _, row := range []struct{ args, want string }{
		{"/mcp", `required flag(s) "config" not set`},
		{"-c -", "which request?"},
		{"-c nowhere.json /mcp", "nowhere.json cannot be read"},
		{"-c - /mcp --format yaml", "write text or json"},
		{"-c - /mcp --after -1", "from 0 to 100000"},
		{"-c - /mcp --status 99", "write for example 401"},
		{"-c - /mcp --response-body x", "say its --status, too"},
		{"-c - /mcp --status 401 --response-header x", "is no header"},
		{"-c - /mcp --metadata x", "--metadata is no JSON object"},
		{"-c - /mcp --curl 'curl /mcp'", "leave one of them out"},
		{"-c - --curl 'wget /mcp'", "does not begin with curl"},
		{"-c - /mcp --env RATE_LIMIT_MCP_FAILURES=x", "gatewarden check"},
	} {
		if code, out, log := invoke(t, "gatewarden explain "+row.args, "{}"); code != exitMisuse || out != "" || !strings.Contains(log, row.want) {
			t.Errorf("%s: %d %q %q, want %q", row.args, code, out, log, row.want)
		}
	}
}

// What Envoy does to a path before the filter reads it is said where it matters.
func TestExplainTellsOfRewrites(t *testing.T) {
	envoy, err := os.ReadFile(repository + "/envoy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const note = "Envoy changes such a path before the filter reads it (normalize_path, merge_slashes)"
	for _, row := range []struct {
		config, path string
		want         bool
	}{
		{string(envoy), "/mcp/../api/v1/items", true},
		{string(envoy), "/api/v1/items", false},
		{"{}", "/mcp/../api/v1/items", false},
	} {
		code, out, log := invoke(t, "gatewarden explain -c - "+row.path, row.config)
		if code != exitFine || log != "" || strings.Contains(out, note) != row.want {
			t.Errorf("%s: %d %q, the note is wanted: %v, in\n%s", row.path, code, log, row.want, out)
		}
	}
}
