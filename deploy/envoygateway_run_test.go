package deploy

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	egv1a1 "github.com/envoyproxy/gateway/api/v1alpha1"
	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/ohler55/ojg/jp"
	"github.com/ohler55/ojg/oj"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// gatewayListener is the listener that Envoy Gateway 1.9.1 makes of gatewarden.yaml,
// as internal/xds/translator/listener.go and wasm.go there tell: its translator
// cannot be called from outside. The filter is off for the listener and on for each
// route, its vm_id is made of the policy's names, and fail_open is all that is known
// of failures. What is fetched from Envoy Gateway is a file here.
const gatewayListener = `
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
static_resources:
  listeners:
    - name: default/eg/http
      address: {socket_address: {address: 127.0.0.1, port_value: 0}}
      per_connection_buffer_limit_bytes: 1048576
      default_filter_chain:
        filters:
          - name: envoy.filters.network.http_connection_manager
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
              stat_prefix: http-10080
              use_remote_address: true
              normalize_path: true
              merge_slashes: true
              path_with_escaped_slashes_action: REJECT_REQUEST
              request_headers_timeout: 10s
              common_http_protocol_options: {headers_with_underscores_action: REJECT_REQUEST}
              http_filters:
                - name: envoy.filters.http.wasm/envoyextensionpolicy/default/gatewarden/wasm/0
                  disabled: true
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
                    config:
                      name: gatewarden
                      vm_config:
                        vm_id: envoyextensionpolicy/default/gatewarden/wasm/0
                        runtime: envoy.wasm.runtime.v8
                        code: {local: {filename: MODULE}}
                      configuration:
                        "@type": type.googleapis.com/google.protobuf.StringValue
                        value: 'CONFIG'
                - name: envoy.filters.http.router
                  typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
              route_config:
                virtual_hosts:
                  - name: all
                    domains: ["*"]
                    routes:
                      - match: {prefix: /}
                        route: {cluster: service}
                        typed_per_filter_config:
                          envoy.filters.http.wasm/envoyextensionpolicy/default/gatewarden/wasm/0:
                            "@type": type.googleapis.com/envoy.config.route.v3.FilterConfig
                            config: {}
  clusters: [SERVICE]`

func gatewayBootstrap(t *testing.T) *bootstrapv3.Bootstrap {
	t.Helper()
	module, err := filepath.Abs(wasmPath)
	require.NoError(t, err)
	bootstrap := fromYAML(t, strings.NewReplacer("MODULE", module, "SERVICE", service(refuser(t)),
		"CONFIG", pluginConfigs(t, "envoy-gateway/gatewarden.yaml")[0]).Replace(gatewayListener))
	proto.Merge(bootstrap, fromYAML(t, *envoyProxy(t).Spec.Bootstrap.Value))
	return bootstrap
}

func TestEnvoyGatewaysListenerIsGuarded(t *testing.T) {
	bootstrap := gatewayBootstrap(t)
	listener := bootstrap.StaticResources.Listeners[0]
	for _, patch := range gatewayObject[egv1a1.EnvoyPatchPolicy](t, "envoy-gateway/patch.yaml", "EnvoyPatchPolicy").Spec.JSONPatches {
		require.Equal(t, listener.Name, patch.Name)
		listener = patched(t, listener, patch.Operation)
	}
	text := protojson.Format(listener)
	assert.Regexp(t, `"failurePolicy": +"FAIL_RELOAD"`, text)
	assert.Regexp(t, `"allowOnHeadersStopIteration": +true`, text)
	bootstrap.StaticResources.Listeners[0] = listener
	envoy := startEnvoy(t, bootstrap)
	address := envoy.listener(t, listener.Name)
	assertEdge(t, address)
	assertGuarded(t, address)
}

// patched applies a patch as Envoy Gateway does: to the listener's JSON with the
// names of its fields as in the proto file, at each place that jsonPath finds, at
// path below it.
func patched(t *testing.T, listener *listenerv3.Listener, o egv1a1.JSONPatchOperation) *listenerv3.Listener {
	t.Helper()
	document, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(listener)
	require.NoError(t, err)
	tree, err := oj.Parse(document)
	require.NoError(t, err)
	expression, err := jp.ParseString(*o.JSONPath)
	require.NoError(t, err)
	places := expression.Locate(tree, 0)
	require.Len(t, places, 1, *o.JSONPath)
	operation, err := json.Marshal([]map[string]any{{"op": o.Op, "path": pointer(places[0]) + "/" + *o.Path, "value": o.Value}})
	require.NoError(t, err)
	patch, err := jsonpatch.DecodePatch(operation)
	require.NoError(t, err)
	document, err = patch.Apply(document)
	require.NoError(t, err)
	changed := &listenerv3.Listener{}
	require.NoError(t, protojson.Unmarshal(document, changed))
	return changed
}

// pointer is a path of keys and indexes as RFC 6901 writes it.
func pointer(path jp.Expr) string {
	var steps []string
	for _, step := range path {
		if _, root := step.(jp.Root); root {
			continue
		}
		name := strings.Trim(jp.Expr{step}.String(), "[]'")
		steps = append(steps, strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	return "/" + strings.Join(steps, "/")
}

// Where the EnvoyProxy puts the filter is before everything of Envoy Gateway's that
// refuses.
func TestPlaceInEnvoyGatewaysChain(t *testing.T) {
	before := map[egv1a1.EnvoyFilter]bool{}
	for _, position := range envoyProxy(t).Spec.FilterOrder {
		require.Equal(t, egv1a1.EnvoyFilterWasm, position.Name)
		before[*position.Before] = true
	}
	for _, refuses := range []egv1a1.EnvoyFilter{
		egv1a1.EnvoyFilterExtAuthz, egv1a1.EnvoyFilterAPIKeyAuth, egv1a1.EnvoyFilterBasicAuth,
		egv1a1.EnvoyFilterOAuth2, egv1a1.EnvoyFilterJWTAuthn,
	} {
		assert.True(t, before[refuses], refuses)
	}
}
