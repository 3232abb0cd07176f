package cli

import (
	"os"
	"strings"
	"testing"
)

const envoyConfig = `static_resources:
  listeners:
  - name: web
    address: {socket_address: {address: 0.0.0.0, port_value: 8080}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: web
          http_filters:
          - name: router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
`

const tcpConfig = `static_resources: {listeners: [{name: db, filter_chains: [{filters: [{typed_config: {"@type": t/x.TcpProxy}}]}]}]}`

// TestAdd: how each invocation ends, what it prints, and what it says beside it.
func TestAdd(t *testing.T) {
	folder(t, map[string]string{"envoy.yaml": envoyConfig, "tcp.yaml": tcpConfig, "fine.json": fine, "wrong.json": wrong,
		"admin.json": `{"admin": {"tokens": []}}`})
	for _, row := range []struct {
		args      string
		code      int
		out, said string
	}{
		{"envoy.yaml", 1, "          - name: gatewarden\n", "envoy.yaml:9: error: use_remote_address is missing"},
		{"envoy.yaml --trusted-hops 0", 3, "use_remote_address: true\n", "envoy.yaml:9: warning: paths and headers"},
		{"envoy.yaml --trusted-hops 1 --harden", 0, "xff_num_trusted_hops: 1\n", `listener "web" gets the filter`},
		{"- --trusted-hops 1 --harden", 0, "merge_slashes: true\n", `standard input:9: listener "web" gets the filter`},
		{"envoy.yaml --config fine.json --wasm /opt/g.wasm", 1, `"per_second": 5`, ""},
		{"envoy.yaml --wasm /opt/g.wasm", 1, "filename: /opt/g.wasm}", "the default configuration guards"},
		{"envoy.yaml --listener web", 1, "name: gatewarden", ""},
		{"envoy.yaml --operations alice", 1, `{"id":"alice","sha256":"`, "shown only now:"},
		{"", 2, "", "add needs one file"},
		{"envoy.yaml --trusted-hops -2", 2, "", "--trusted-hops -2: write the number"},
		{"none.yaml", 2, "", "none.yaml cannot be read"},
		{"tcp.yaml", 2, "", "tcp.yaml: has no HTTP connection manager"},
		{"fine.json", 2, "", "fine.json: is not a configuration of Envoy"},
		{"envoy.yaml --config wrong.json", 2, "", "--config wrong.json is refused by the filter: log.per_second"},
		{"envoy.yaml --config admin.json", 2, "", "--config admin.json"},
		{"envoy.yaml --operations=", 1, "name: gatewarden", ""},
		{"envoy.yaml --operations a/b\x01", 2, "", "--operations: "},
		{"envoy.yaml --image x", 2, "", "--image needs --for"},
		{"envoy.yaml --for istio", 2, "", "--for reads no file"},
		{"--for istio", 2, "", "--for istio needs --image"},
		{"--for linkerd", 2, "", "--for linkerd is not known"},
		{"--for istio --image UPPER:", 2, "", "--image UPPER:: write what"},
		{"--for istio --image a/b --wasm x", 2, "", "--wasm needs a configuration"},
		{"--for istio --image a/b --selector x", 2, "", "--selector x: write a label"},
		{"--for istio --image a/b --kind x", 2, "", "--kind x is not known"},
		{"--for istio --image a/b", 0, "kind: TrafficExtension", "numTrustedProxies: 0"},
		{"--for istio --image a/b --kind envoyfilter --trusted-hops 2", 0, "allow_on_headers_stop_iteration: true", "numTrustedProxies: 2"},
		{"--for istio --image a/b --operations alice", 0, "name: gatewarden-operations", "shown only now:"},
		{"--for envoy-gateway --image a/b", 2, "", "needs --gateway"},
		{"--for envoy-gateway --image a/b --gateway web --operations me", 2, "", "no policy of Envoy Gateway can add a listener"},
		{"--for envoy-gateway --image a/b --gateway web --namespace prod", 0, "kind: Gateway, name: web}", "The Gateway web must use"},
	} {
		code, out, said := run(envoyConfig, append([]string{"add"}, strings.Fields(row.args)...)...)
		if code != row.code || !strings.Contains(out, row.out) || !strings.Contains(said, row.said) || code == exitMisuse && out != "" {
			t.Errorf("add %s: %d, want %d\n%s\n%s", row.args, code, row.code, out, said)
		}
	}
	if text, err := os.ReadFile("envoy.yaml"); err != nil || string(text) != envoyConfig {
		t.Errorf("the file was changed: %v", err)
	}
}

// TestAddTwice: the operations endpoint is added once, and a second run makes no token.
func TestAddTwice(t *testing.T) {
	_, first, _ := run(envoyConfig, "add", "--operations", "alice", "-")
	_, second, said := run(first, "add", "--operations", "alice", "-")
	if first != second || strings.Contains(said, "shown only now") || !strings.Contains(said, "nothing was added") {
		t.Errorf("%s%s", second, said)
	}
}
