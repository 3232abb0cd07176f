package check

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A change replaces a text that is there exactly once.
type change [2]string

const (
	configuration = `"allow_on_headers_stop_iteration": true
                            }`
	jwt = `- name: jwt
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
                      rules: [{match: {prefix: /}, requires: {provider_name: tokens}}]`
	authz = `- name: authz
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz}`
)

// with adds a key to the plugin configuration.
func with(json string) change {
	return change{configuration, `"allow_on_headers_stop_iteration": true,
                              ` + json + `
                            }`}
}

// byHost makes a configuration with hosts, and with more keys.
func byHost(more string) change {
	if !strings.Contains(more, `"exempt"`) {
		more += `, "exempt": []`
	}
	return with(`"surfaces": [{"name": "api", "kind": "mcp", "match": [{"prefix": "/", "hosts": ["api.example.com", "*.tenants.example.com"]}]},
                                {"name": "admin", "kind": "api", "match": [{"prefix": "/", "hosts": ["admin.example.com"]}]}]` + more)
}

var strict = change{"normalize_path: true", "normalize_path: true\n                strip_trailing_host_dot: true\n                strip_any_host_port: true"}

const (
	apiHost    = `{domains: [api.example.com], routes: [{match: {prefix: /}, route: {cluster: api}}]}`
	adminHost  = `{domains: [admin.example.com], routes: [{match: {prefix: /}, route: {cluster: admin}}]}`
	otherHosts = `{domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: other}}]}`
)

// virtualHosts are those of the connection manager.
func virtualHosts(list ...string) change {
	return change{`[{name: all, domains: ["*"], routes: [{match: {prefix: /}, direct_response: {status: 204}}]}]`, "[" + strings.Join(list, ",\n") + "]"}
}

// second adds an instance of the filter behind the first.
func second(vmID, json string) change {
	return change{"# behind", `- name: second
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
                      config:
                        vm_config: {vm_id: ` + vmID + `, code: {local: {filename: gatewarden.wasm}}}
                        failure_policy: FAIL_RELOAD
                        configuration:
                          "@type": type.googleapis.com/google.protobuf.StringValue
                          value: '` + json + `'
                  # behind`}
}

const lockoutsOff = `{"identity": [{"source": "metadata", "subject": "sub"}], "surfaces": [{"name": "mcp", "kind": "api", "match": [{"path": "/mcp"}], "lockout": {"mode": "off"}}], "quotas": [{"name": "q", "per": ["client"], "limit": 5, "window": "1m"}]}`

const admin = `{"admin": {"tokens": [{"id": "alice", "sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"}]}}`

const stdoutLog = `"@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog`

// accessLog adds an access log.
func accessLog(format string) change {
	return change{"                http_filters:\n                  # before", `                access_log:
                  - name: log
                    typed_config:
                      ` + stdoutLog + `
                      ` + format + `
                http_filters:
                  # before`}
}

// restrictedTo allows only some capabilities.
func restrictedTo(names ...string) change {
	return change{"failure_policy: FAIL_RELOAD", "failure_policy: FAIL_RELOAD\n                        capability_restriction_config: {allowed_capabilities: {" +
		strings.Join(names, ": {}, ") + ": {}}}"}
}

// operations adds a listener with an operations endpoint.
func operations(address, vmID, transportSocket string) change {
	return change{"# another listener", `- name: operations
      address: {socket_address: {address: "` + address + `", port_value: 9902}}
      filter_chains:
        - ` + transportSocket + `
          filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                http_filters:
                  - name: operations
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
                      config: {vm_config: {vm_id: ` + vmID + `, code: {local: {filename: gatewarden.wasm}}}, failure_policy: FAIL_RELOAD,
                        configuration: {"@type": type.googleapis.com/google.protobuf.StringValue, value: '` + admin + `'}}`}
}

// TestEnvoy: each row is one mistake in an otherwise correct Envoy. Each line of want has
// severity, rule, and the line of the file.
func TestEnvoy(t *testing.T) {
	text, err := os.ReadFile("testdata/envoy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name    string
		changes []change
		want    string
	}{
		{"nothing", nil, ""},
		{"camelCase", []change{{"use_remote_address", "useRemoteAddress"}, {"headers_with_underscores_action", "headersWithUnderscoresAction"}, {"stats_tags", "statsTags"}}, ""},

		{"left-most X-Forwarded-For", []change{with(`"client": {"source": "xff-first"}`)},
			`warning configuration-dangerous "client": {"source": "xff-first"}`},
		{"left-most by the environment", []change{{"# environment", "environment_variables: {key_values: {TRUST_FORWARDED_FOR: 'true'}}"}},
			`warning configuration-dangerous environment_variables: {key_values: {TRUST_FORWARDED_FOR: 'true'}}`},
		{"environment", []change{{"# environment", "environment_variables: {key_values: {RATE_LIMIT_MCP_FAILURES: '5'}}"}}, ""},
		{"environment in camelCase", []change{{"# environment", "environmentVariables: {keyValues: {RATE_LIMIT_MCP_FAILURES: '5'}}"}}, ""},
		{"environment unreadable", []change{{"# environment", "environment_variables: {key_values: {\nRATE_LIMIT_MCP_FAILURES: five}}"}},
			`error configuration-refused RATE_LIMIT_MCP_FAILURES: five}}`},
		{"client's own X-Forwarded-For", []change{{"use_remote_address: true", "use_remote_address: false"}},
			`error client-address use_remote_address: false`},
		{"client's own X-Forwarded-For by default", []change{{"                use_remote_address: true\n", ""}},
			`error client-address "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`},
		{"detection extension", []change{{"use_remote_address: true", "original_ip_detection_extensions: [{name: x}]"}}, ""},
		{"trusted hops", []change{{"use_remote_address: true", "use_remote_address: true\n                xff_num_trusted_hops: 1"}}, ""},
		{"no appending", []change{{"use_remote_address: true", "use_remote_address: true\n                skip_xff_append: true"},
			with(`"client": {"source": "xff", "trusted_proxies": ["10.0.0.0/8"]}`)},
			`error client-address skip_xff_append: true`},
		{"no appending where it does not matter", []change{{"use_remote_address: true", "use_remote_address: true\n                skip_xff_append: true"}}, ""},
		{"one address is one client", []change{with(`"client": {"ipv6_prefix": 128}`)},
			`warning configuration-dangerous "client": {"ipv6_prefix": 128}`},
		{"lock shorter than its window", []change{with(`"surfaces": [{"name": "a", "kind": "api", "match": [{"path": "/a"}], "lockout": {"window": "5m", "duration": "1m"}}]`)},
			`warning configuration-dangerous "surfaces": [{"name": "a", "kind": "api", "match": [{"path": "/a"}], "lockout": {"window": "5m", "duration": "1m"}}]`},
		{"partial shadow", []change{with(`"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/a", "methods": ["POST"]}]},
                                {"name": "b", "kind": "api", "match": [{"path": "/a/login"}]}]`)},
			`warning configuration-dangerous {"name": "b", "kind": "api", "match": [{"path": "/a/login"}]}]`},

		{"fail open", []change{{"FAIL_RELOAD", "FAIL_OPEN"}}, `error failure-policy failure_policy: FAIL_OPEN`},
		{"fail open by number", []change{{"FAIL_RELOAD", "3"}}, `error failure-policy failure_policy: 3`},
		{"fail open of old", []change{{"failure_policy: FAIL_RELOAD", "fail_open: true"}}, `error failure-policy fail_open: true`},
		{"fail closed", []change{{"FAIL_RELOAD", "FAIL_CLOSED"}}, `warning failure-policy failure_policy: FAIL_CLOSED`},
		{"fail closed by default", []change{{"failure_policy: FAIL_RELOAD", ""}}, `warning failure-policy vm_config:`},
		{"vm_id empty", []change{{"vm_id: gatewarden", `vm_id: ""`}}, `warning vm-id-empty vm_id: ""`},
		{"vm_id missing", []change{{"vm_id: gatewarden", ``}}, `warning vm-id-empty runtime: envoy.wasm.runtime.v8`},
		{"capabilities", []change{{"failure_policy: FAIL_RELOAD", "failure_policy: FAIL_RELOAD\n                        capability_restriction_config: {allowed_capabilities: {proxy_log: {}}}"}},
			`error capabilities capability_restriction_config: {allowed_capabilities: {proxy_log: {}}}`},
		{"capabilities for TinyGo's module", []change{restrictedTo(needed...)}, `warning capabilities capability_restriction_config: {allowed_capabilities: {` + strings.Join(needed, ": {}, ") + `: {}}}`},
		{"capabilities for both", []change{restrictedTo(append(slices.Clone(needed), neededByGo...)...)}, ""},
		{"capabilities without restriction", []change{{"failure_policy: FAIL_RELOAD", "failure_policy: FAIL_RELOAD\n                        capability_restriction_config: {allowed_capabilities: {}}"}}, ""},
		{"stop iteration on our side only", []change{{"                        allow_on_headers_stop_iteration: true\n", ""}},
			`error stop-iteration "allow_on_headers_stop_iteration": true`},
		{"stop iteration on Envoy's side only", []change{{configuration, "}"}}, ""},
		{"stop iteration that we are told is missing", []change{{`"allow_on_headers_stop_iteration": true`, `"allow_on_headers_stop_iteration": false`}},
			`warning stop-iteration allow_on_headers_stop_iteration: true`},
		{"stop iteration that MCP needs", []change{{"                        allow_on_headers_stop_iteration: true\n", ""}, {configuration, `"mcp": {"max_body": 2048, "tools": [{"name": "a", "cost": 5}]}}`}},
			`warning stop-iteration vm_id: gatewarden`},
		{"buffer", []change{{"65536", "65535"}}, `warning buffer-limit per_connection_buffer_limit_bytes: 65535`},
		{"buffer for MCP requests", []change{{"65536", "262143"}, with(`"mcp": {}`)}, `warning buffer-limit per_connection_buffer_limit_bytes: 262143`},
		{"buffer for larger ones", []change{{"65536", "1048575"}, with(`"mcp": {"max_body": 1048576}`)}, `warning buffer-limit per_connection_buffer_limit_bytes: 1048575`},
		{"buffer that is large enough", []change{{"65536", "262144"}, with(`"mcp": {}`)}, ""},
		{"scopes that nobody can get", []change{with(`"identity": [{"source": "introspection", "endpoint": {"cluster": "a", "url": "https://a", "client_id": "g", "client_secret": "x"}}],
                                "mcp": {"tools": [{"name": "a", "risk": "DESTRUCTIVE"}]}`), {"65536", "0"}},
			`warning configuration-dangerous "mcp": {"tools": [{"name": "a", "risk": "DESTRUCTIVE"}]}`},
		{"buffer without limit", []change{{"65536", "0"}}, ""},
		{"buffer where nothing is held", []change{{"65536", "1024"}, with(`"surfaces": [{"name": "a", "kind": "api", "match": [{"path": "/a"}]}]`)}, ""},
		{"buffer for accounts that nothing is refused for", []change{{"65536", "1024"}, with(`"surfaces": [{"name": "a", "kind": "oauth-consent", "match": [{"path": "/a"}], "lockout": {"spraying": {"clients": 3}}}]`)}, ""},
		{"buffer for forms", []change{{"65536", "1024"}, with(`"surfaces": [{"name": "a", "kind": "oauth-consent", "match": [{"path": "/a"}], "lockout": {"keys": [{"per": ["account"], "failures": 3}]}}]`)},
			`warning buffer-limit per_connection_buffer_limit_bytes: 1024`},

		{"refused", []change{with(`"surfaces": [{"name": "a", "kind": "api",
                                "match": [{"path": "a"}]}]`)},
			`error configuration-refused "match": [{"path": "a"}]}]`},
		{"no JSON", []change{with(`surfaces: []`)}, `error configuration-refused surfaces: []`},
		{"unreadable", []change{{"google.protobuf.StringValue", "google.protobuf.Int64Value"}}, `error configuration-refused "@type": type.googleapis.com/google.protobuf.Int64Value`},
		{"no type", []change{{`"@type": type.googleapis.com/google.protobuf.StringValue`, ""}}, `error configuration-refused value: |`},
		{"as a Struct", []change{{"StringValue", "Struct"}, {"value: |", "value:"}}, `error configuration-refused "@type": type.googleapis.com/google.protobuf.Struct`},
		{"as bytes", []change{{"StringValue", "BytesValue"}, {"value: |", "value: e30="}, {configuration, ""}, {"                            {\n", ""}, {"                        allow_on_headers_stop_iteration: true\n", ""}}, ""},
		{"as bytes that are none", []change{{"StringValue", "BytesValue"}, {"value: |", "value: '{}'"}, {configuration, ""}, {"                            {\n", ""}}, `error configuration-refused "@type": type.googleapis.com/google.protobuf.BytesValue`},
		{"none at all", []change{{"configuration:\n", "x:\n"}, {"                        allow_on_headers_stop_iteration: true\n", ""}}, ""},

		{"normalize_path", []change{{"normalize_path: true", "normalize_path: false"}}, `warning path-normalisation normalize_path: false`},
		{"merge_slashes", []change{{"merge_slashes: true", "merge_slashes: false"}}, `warning path-normalisation merge_slashes: false`},
		{"escaped slashes", []change{{"action: REJECT_REQUEST\n                common", "action: IMPLEMENTATION_SPECIFIC_DEFAULT\n                common"}},
			`warning path-normalisation path_with_escaped_slashes_action: IMPLEMENTATION_SPECIFIC_DEFAULT`},
		{"escaped slashes kept", []change{{"action: REJECT_REQUEST\n                common", "action: KEEP_UNCHANGED\n                common"}}, ""},
		{"underscores", []change{{"headers_with_underscores_action: REJECT_REQUEST", "headers_with_underscores_action: ALLOW"}},
			`warning header-underscores headers_with_underscores_action: ALLOW`},

		{"query in the default log", []change{accessLog("")}, "warning access-log-credential " + stdoutLog},
		{"query in a text", []change{accessLog(`log_format: {text_format_source: {inline_string: "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH):80%"}}`)},
			`warning access-log-credential log_format: {text_format_source: {inline_string: "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH):80%"}}`},
		{"query under a new name", []change{accessLog(`log_format: {json_format: {a: {b: ["%REQUEST_HEADER(:path)%"]}}}`)},
			`warning access-log-credential log_format: {json_format: {a: {b: ["%REQUEST_HEADER(:path)%"]}}}`},
		{"query by PATH", []change{accessLog(`log_format: {json_format: {path: "%PATH%"}}`)}, `warning access-log-credential log_format: {json_format: {path: "%PATH%"}}`},
		{"query by PATH, said", []change{accessLog(`log_format: {json_format: {path: "%PATH(WQ:ORIG)%"}}`)},
			`warning access-log-credential log_format: {json_format: {path: "%PATH(WQ:ORIG)%"}}`},
		{"one parameter", []change{accessLog(`log_format: {json_format: {key: "%QUERY_PARAM(api_key):4%"}}`)},
			`warning access-log-credential log_format: {json_format: {key: "%QUERY_PARAM(api_key):4%"}}`},
		{"all parameters", []change{accessLog(`log_format: {json_format: {q: "%QUERY_PARAMS(ORIG)%"}}`)},
			`warning access-log-credential log_format: {json_format: {q: "%QUERY_PARAMS(ORIG)%"}}`},
		{"protocols of a WebSocket", []change{accessLog(`log_format: {json_format: {p: "%REQ(SEC-WEBSOCKET-PROTOCOL)%"}}`)},
			`warning access-log-credential log_format: {json_format: {p: "%REQ(SEC-WEBSOCKET-PROTOCOL)%"}}`},
		{"another parameter", []change{accessLog(`log_format: {json_format: {page: "%QUERY_PARAM(page)%"}}`)}, ""},
		{"no query", []change{accessLog(`log_format: {json_format: {path: "%PATH(NQ)%", orig: "%PATH(NQ:ORIG):9%", m: "%REQ(:METHOD)%", o: "%REQ_WITHOUT_QUERY(:PATH)%"}}`)}, ""},
		{"query without credentials", []change{accessLog(""), with(`"credentials": {"query": []}`)}, ""},
		{"protocols without credentials", []change{accessLog(`log_format: {json_format: {p: "%REQ(SEC-WEBSOCKET-PROTOCOL)%"}}`),
			with(`"credentials": {"websocket_protocols": []}`)}, ""},
		{"hosts", []change{byHost(""), strict, virtualHosts(apiHost, adminHost, `{domains: ["*"], routes: [{match: {prefix: /}, redirect: {host_redirect: api.example.com}}]}`)}, ""},
		{"a host that no entry lists", []change{byHost(""), strict, virtualHosts(apiHost,
			`{domains: [admin.example.com,
				"api.internal:8080"], routes: [{match: {prefix: /}, route: {cluster: api}}]}`)},
			`warning host-unnamed "api.internal:8080"], routes: [{match: {prefix: /}, route: {cluster: api}}]}]}`},
		{"every host", []change{byHost(""), strict, virtualHosts(apiHost, `{domains: ["*"], routes: [{match: {prefix: /}, route: {weighted_clusters: {clusters: [{name: other, weight: 1}, {name: api, weight: 1}]}}}]}`)},
			`warning host-unnamed {domains: ["*"], routes: [{match: {prefix: /}, route: {weighted_clusters: {clusters: [{name: other, weight: 1}, {name: api, weight: 1}]}}}]}]}`},
		{"hosts below one that is listed", []change{byHost(""), strict, virtualHosts(apiHost, `{domains: ["*.api.example.com"], routes: [{match: {prefix: /}, route: {cluster: api}}]}`)},
			`warning host-unnamed {domains: ["*.api.example.com"], routes: [{match: {prefix: /}, route: {cluster: api}}]}]}`},
		{"a host that is exempt in part", []change{byHost(`, "exempt": [{"path": "/live", "hosts": ["api.internal"]}]`), strict, virtualHosts(apiHost, `{domains: [api.internal], routes: [{match: {prefix: /}, route: {cluster: api}}]}`)},
			`warning host-unnamed {domains: [api.internal], routes: [{match: {prefix: /}, route: {cluster: api}}]}]}`},
		{"a host that is exempt", []change{byHost(`, "exempt": [{"prefix": "/", "hosts": ["api.internal"]}]`), strict, virtualHosts(apiHost, `{domains: [api.internal], routes: [{match: {prefix: /}, route: {cluster: api}}]}`)}, ""},
		{"listed by a wildcard", []change{byHost(""), strict, virtualHosts(apiHost, `{domains: [A.tenants.example.com, "*.tenants.example.com", "*-x.tenants.example.com", "b.tenants.example.com."], routes: [{match: {prefix: /}, route: {cluster: api}}]}`)}, ""},
		{"another service at every other host", []change{byHost(""), strict, virtualHosts(apiHost, otherHosts)}, ""},
		{"no entry lists hosts", []change{virtualHosts(apiHost, otherHosts, `{domains: [api.internal], routes: [{match: {prefix: /}, route: {cluster: api}}]}`)}, ""},
		{"trailing dots", []change{byHost(""), {"normalize_path: true", "normalize_path: true\n                strip_any_host_port: true"}, virtualHosts(apiHost, otherHosts)},
			`warning host-normalisation "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`},
		{"trailing dots and ports", []change{byHost(""), {"normalize_path: true", "normalize_path: true\n                strip_trailing_host_dot: false"}, virtualHosts(apiHost, otherHosts)},
			"warning host-normalisation strip_trailing_host_dot: false\nwarning host-normalisation route_config: {virtual_hosts: [" + apiHost + ","},
		{"ports ignored", []change{byHost(""), {"normalize_path: true", "normalize_path: true\n                strip_trailing_host_dot: true"}, virtualHosts(apiHost, otherHosts), {"{virtual_hosts: ", "{ignore_port_in_host_matching: true, virtual_hosts: "}}, ""},
		{"spellings that lead nowhere", []change{byHost(""), virtualHosts(apiHost, adminHost)}, ""},

		{"router first", []change{{"# before", "- {name: router, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}"}},
			`error router-first vm_config:`},
		{"behind jwt_authn", []change{{"# before", jwt}}, `warning behind-authentication vm_config:`},
		{"behind ext_authz", []change{{"# before", authz}}, `warning behind-authentication vm_config:`},
		{"behind ext_authz that is off", []change{{"# before", strings.Replace(authz, "authz\n", "authz\n                    disabled: true\n", 1)}}, ""},
		{"behind jwt_authn that lets pass", []change{{"# before", strings.Replace(jwt, "provider_name: tokens", "requires_any: {requirements: [{provider_name: tokens}, {allow_missing_or_failed: {}}]}", 1)}}, ""},
		{"on both sides", []change{{"# behind", authz + "\n                  # behind"}, second("gatewarden", lockoutsOff),
			{"stats_tags:", "stats_tags:\n    - {tag_name: rule, regex: '(\\.rule\\.([^.]+))'}"}}, ""},
		{"behind ext_authz, with another before it", []change{{"# behind", authz + "\n                  # behind"},
			second("another", `{"surfaces": [{"name": "mcp", "kind": "api", "match": [{"path": "/mcp"}]}]}`)}, ""},
		{"counted twice", []change{second("gatewarden", `{"surfaces": [{"name": "mcp", "kind": "api", "match": [{"path": "/mcp"}]}]}`)},
			`warning counted-twice value: '{"surfaces": [{"name": "mcp", "kind": "api", "match": [{"path": "/mcp"}]}]}'`},
		{"counted in two tables", []change{second("another", `{"surfaces": [{"name": "mcp", "kind": "api", "match": [{"path": "/mcp"}]}]}`)}, ""},
		{"identity from behind", []change{{"# behind", jwt}, with(`"identity": [{"source": "metadata", "subject": "sub"}]`)},
			`warning identity-later "identity": [{"source": "metadata", "subject": "sub"}]`},

		{"Envoy's admin", []change{{"{address: 127.0.0.1, port_value: 9901}", "{address: 0.0.0.0, port_value: 9901}"}},
			`warning envoy-admin socket_address: {address: 0.0.0.0, port_value: 9901}`},
		{"Envoy's admin on a pipe", []change{{"socket_address: {address: 127.0.0.1, port_value: 9901}", "pipe: {path: /run/envoy}"}}, ""},
		{"tags", []change{{"tag_name: reason", "tag_name: cause"}}, `warning stats-tags - {tag_name: surface, regex: '^wasmcustom\.gatewarden_.*?(\.surface\.([^.]+))'}`},
		{"tags of rules", []change{with(`"quotas": [{"name": "q", "per": ["client"], "limit": 5, "window": "1m"}]`)}, `warning stats-tags - {tag_name: surface, regex: '^wasmcustom\.gatewarden_.*?(\.surface\.([^.]+))'}`},

		{"operations endpoint", []change{operations("127.0.0.1", "gatewarden", "")}, ""},
		{"operations endpoint on IPv6", []change{operations("::1", "gatewarden", "")}, ""},
		{"operations endpoint for everybody", []change{operations("0.0.0.0", "gatewarden", "")},
			`error admin-exposed address: {socket_address: {address: "0.0.0.0", port_value: 9902}}`},
		{"operations endpoint with certificates", []change{operations("0.0.0.0", "gatewarden",
			`transport_socket: {name: tls, typed_config: {require_client_certificate: true}}`)}, ""},
		{"operations endpoint with TLS only", []change{operations("0.0.0.0", "gatewarden",
			`transport_socket: {name: tls, typed_config: {require_client_certificate: false}}`)},
			`error admin-exposed address: {socket_address: {address: "0.0.0.0", port_value: 9902}}`},
		{"operations endpoint of nobody", []change{operations("127.0.0.1", "another", "")},
			`error admin-alone config: {vm_config: {vm_id: another, code: {local: {filename: gatewarden.wasm}}}, failure_policy: FAIL_RELOAD,`},
		{"operations endpoint beside a guard", []change{second("gatewarden", admin)},
			"error admin-exposed socket_address: {address: 0.0.0.0, port_value: 10000}\n" +
				"error admin-beside-guard value: '" + admin + "'"},
		{"operations endpoint without its label", []change{operations("127.0.0.1", "gatewarden", ""), {"tag_name: operation", "tag_name: o"}},
			`warning stats-tags - {tag_name: surface, regex: '^wasmcustom\.gatewarden_.*?(\.surface\.([^.]+))'}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := findings(t, edit(t, string(text), row.changes))
			if got != row.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, row.want)
			}
		})
	}
}

func edit(t *testing.T, text string, changes []change) string {
	t.Helper()
	for _, c := range changes {
		if n := strings.Count(text, c[0]); n != 1 {
			t.Fatalf("%q is there %d times", c[0], n)
		}
		text = strings.Replace(text, c[0], c[1], 1)
	}
	return text
}

// findings are severity, rule and the text of the line of each.
func findings(t *testing.T, text string, environment ...string) string {
	t.Helper()
	return findingsFor(t, nil, text, environment...)
}

// findingsFor are those for an Envoy.
func findingsFor(t *testing.T, target *Target, text string, environment ...string) string {
	t.Helper()
	r := Result{Target: target}
	r.File("file", []byte(text), environment)
	lines := strings.Split(text, "\n")
	var list []string
	for _, f := range r.Findings {
		if f.Message == "" || f.Remedy == "" || f.Rule != "unreadable" && f.Path == "" {
			t.Errorf("%+v lacks something", f)
		}
		line := "?"
		if f.Line > 0 && f.Line <= len(lines) {
			line = strings.TrimSpace(lines[f.Line-1])
		}
		list = append(list, fmt.Sprintf("%s %s %s", f.Severity, f.Rule, line))
	}
	return strings.Join(list, "\n")
}

// TestNeeded: the capabilities are what the filter imports and exports.
func TestNeeded(t *testing.T) {
	want := map[string]bool{}
	for _, file := range []string{"hostcalls.go", "exports_stdgo.go"} {
		for _, m := range regexp.MustCompile(`(?m)^//go:wasm(?:import \S+|export) (\S+)`).FindAllStringSubmatch(read(t, root+"/internal/proxywasm/"+file), -1) {
			if m[1] != "proxy_abi_version_0_2_0" { // which says what the module is
				want[m[1]] = true
			}
		}
	}
	for _, name := range needed {
		if !want[name] {
			t.Errorf("%s is not needed", name)
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("%s is needed", name)
	}
}

// TestPrintable: a file cannot control the terminal of the user who checks it.
func TestPrintable(t *testing.T) {
	var r Result
	r.File("a\x1b[31m", []byte("static_resources:\n  x: {name: \"gatewarden\", typed_config: {\"@type\": t/envoy.extensions.filters.http.wasm.v3.Wasm, config: {name: \"gatewarden\\e[2J\\u202e\"}}}\n"), []string{"RATE_LIMIT_\x1b=1"})
	var out strings.Builder
	if err := r.WriteText(&out, false); err != nil || r.Count(Error) == 0 || strings.ContainsAny(out.String(), "\x1b\u202e") {
		t.Errorf("%v %q", err, out.String())
	}
}

// TestColour: only the words that say how bad it is, and where, have one.
func TestColour(t *testing.T) {
	var r Result
	r.File("f.json", []byte(`{"client": {"ipv6_prefix": 128}, "log": 1}`), nil)
	var plain, colourful strings.Builder
	if err := errors.Join(r.WriteText(&plain, false), r.WriteText(&colourful, true)); err != nil {
		t.Fatal(err)
	}
	if got := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(colourful.String(), ""); got != plain.String() || got == colourful.String() {
		t.Errorf("got %q, want %q", got, plain.String())
	}
}
