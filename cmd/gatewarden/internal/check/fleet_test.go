package check

import (
	"strings"
	"testing"
)

// TestFleet: each row is one mistake around a fleet in an otherwise correct Envoy.
func TestFleet(t *testing.T) {
	const (
		secret = `"secret": "0123456789abcdef0123456789abcdef"`
		json   = `"fleet": {"cluster": "ratelimit", "replicas": 3, "secret_env": "FLEET_SECRET"}`
		sync   = `"fleet": {"cluster": "ratelimit", "replicas": 3, "secret_env": "FLEET_SECRET", "timeout": "20ms", "rules": [{"rule": "lockouts", "mode": "sync"}]}`

		explicit = `typed_extension_protocol_options: {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {"@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, `
		http2    = explicit + `explicit_http_config: {http2_protocol_options: {}}}}`
		http1    = explicit + `explicit_http_config: {http_protocol_options: {}}}}`
		auto     = explicit + `auto_config: {http2_protocol_options: {}}}}`
		tls      = `transport_socket: {name: tls}`
	)
	variable := change{"# environment", "environment_variables: {host_env_keys: [FLEET_SECRET]}"}
	cluster := func(lines string) change {
		return change{"# another listener", "\n  clusters:\n    - name: other\n    - name: ratelimit\n      " + lines}
	}
	route := func(timeout string) change {
		return change{"direct_response: {status: 204}", "route: {cluster: other, timeout: " + timeout + "}"}
	}
	const (
		missing  = `error fleet-cluster "fleet": {"cluster": "ratelimit", "replicas": 3, "secret_env": "FLEET_SECRET"}`
		noHTTP2  = `error fleet-http2 - name: ratelimit`
		tooShort = `warning fleet-timeout route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: other, timeout: `
	)
	text := read(t, "testdata/envoy.yaml")
	for _, row := range []struct {
		name    string
		changes []change
		want    string
	}{
		{"right", []change{with(json), variable, cluster(http2)}, ""},
		{"right in camelCase", []change{with(json), variable, cluster(`typedExtensionProtocolOptions: {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {explicitHttpConfig: {http2ProtocolOptions: {}}}}`)}, ""},
		{"no cluster", []change{with(json), variable}, missing},
		{"another cluster", []change{with(json), variable, {"# another listener", "\n  clusters: [{name: ratelimits, " + http2 + "}]"}}, missing},
		{"clusters of a control plane", []change{with(json), variable, {"static_resources:", "dynamic_resources: {cds_config: {ads: {}}}\nstatic_resources:"}}, ""},
		{"routes of a control plane", []change{with(json), variable, {"static_resources:", "dynamic_resources: {lds_config: {ads: {}}}\nstatic_resources:"}}, missing},
		{"without HTTP/2", []change{with(json), variable, cluster("connect_timeout: 1s")}, noHTTP2},
		{"HTTP/1.1", []change{with(json), variable, cluster(http1)}, "error fleet-http2 " + http1},
		{"HTTP/3", []change{with(json), variable, cluster(explicit + `explicit_http_config: {http3_protocol_options: {}}}}`)}, ""},
		{"older field", []change{with(json), variable, cluster("http2_protocol_options: {}")}, ""},
		{"negotiated", []change{with(json), variable, cluster(auto + "\n      " + tls)}, ""},
		{"negotiated in clear", []change{with(json), variable, cluster(auto)}, "error fleet-http2 " + auto},
		{"another cluster without HTTP/2", []change{with(json), variable, {"# another listener", "\n  clusters: [{name: other}, {name: ratelimit, " + http2 + "}]"}}, ""},

		{"secret in clear", []change{with(`"fleet": {"cluster": "ratelimit", "replicas": 3, ` + secret + `}`), cluster(http2)},
			`warning fleet-secret "fleet": {"cluster": "ratelimit", "replicas": 3, ` + secret + `}`},

		{"without its labels", []change{with(json), variable, cluster(http2), {"tag_name: kind", "tag_name: k"}, {"tag_name: decision", "tag_name: d"}},
			`warning stats-tags - {tag_name: surface, regex: '^wasmcustom\.gatewarden_.*?(\.surface\.([^.]+))'}`},
		{"labels of no fleet", []change{{"tag_name: kind", "tag_name: k"}, {"tag_name: decision", "tag_name: d"}}, ""},

		{"nobody waits", []change{with(json), variable, cluster(http2), route("0.001s")}, ""},
		{"wait longer than a route", []change{with(sync), variable, cluster(http2), route("0.019s")}, tooShort + "0.019s}}]}]}"},
		{"wait as long as a route", []change{with(sync), variable, cluster(http2), route("0.020s")}, ""},
		{"route without a timeout", []change{with(sync), variable, cluster(http2), route("0s")}, ""},

		{"warned of at load", []change{with(`"fleet": {"cluster": "ratelimit", "secret_env": "FLEET_SECRET"}`), variable, cluster(http2)},
			`warning configuration-dangerous "fleet": {"cluster": "ratelimit", "secret_env": "FLEET_SECRET"}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := findings(t, edit(t, text, row.changes)); got != row.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, row.want)
			}
		})
	}
	// The clusters of a file are those of the Envoys in it, and not of a mesh.
	const istio = "kind: WasmPlugin\napiVersion: extensions.istio.io/v1alpha1\nmetadata: {name: gatewarden}\nspec:\n  phase: AUTHN\n  failStrategy: FAIL_RELOAD\n" +
		"  vmConfig: {env: [{name: FLEET_SECRET, valueFrom: HOST}]}\n  pluginConfig: {" + json + "}\n"
	for _, text := range []string{istio, text + "\n---\n" + istio, listenersOf(edit(t, text, []change{with(json), variable}))} {
		if got := findings(t, text); got != "" {
			t.Errorf("%s\ngot:\n%s", text, got)
		}
	}
	plain := `{"fleet": {"cluster": "ratelimit", "replicas": 3, ` + secret + `}}`
	if got, want := findings(t, plain), "warning fleet-secret "+plain; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// listenersOf are those of an Envoy without what is around it, as a control plane has it.
func listenersOf(envoy string) string {
	_, listeners, _ := strings.Cut(envoy, "  listeners:\n")
	return listeners
}
