//go:build products

package deploy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"istio.io/istio/pilot/pkg/config/kube/extensions"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/networking/core"
	"istio.io/istio/pkg/kube/krt"
	"istio.io/istio/pkg/util/sets"
	"istio.io/istio/pkg/wasm"
	sigsyaml "sigs.k8s.io/yaml"
)

const (
	waitFor = 10 * time.Second
	tick    = 50 * time.Millisecond
)

// gatewayAndRoute are what users have anyway.
const gatewayAndRoute = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers:
    - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: service, namespace: istio-system}
spec:
  hosts: ["*"]
  gateways: [istio-system/public]
  http: [{route: [{destination: {host: service.default.svc.cluster.local}}]}]
`

// listenerName is what Istio calls the gateway's listener.
const listenerName = "0.0.0.0_80"

// operationsListener is what operations.yaml calls its own.
const operationsListener = "gatewarden-operations"

// Each way to deploy is put through Istio's own configuration generator and its
// agent's own image fetcher, and what comes out runs in Envoy.
func TestIstiosGatewayIsGuarded(t *testing.T) {
	image := pushImage(t)
	for _, file := range []string{"istio/trafficextension.yaml", "istio/wasmplugin.yaml", "istio/envoyfilter.yaml"} {
		t.Run(file, func(t *testing.T) {
			edge, err := os.ReadFile("istio/edge.yaml")
			require.NoError(t, err)
			bootstrap := istioBootstrap(t, image.into(t, file)+"\n---\n"+string(edge))
			envoy := startEnvoy(t, bootstrap)
			address := envoy.listener(t, listenerName)
			assertEdge(t, address)
			assertGuarded(t, address)
			require.Eventually(t, func() bool {
				return strings.Contains(envoy.get("/stats/prometheus"), `gatewarden_lockouts_total{surface="rest"} 1`)
			}, waitFor, tick, "the lockout is not in the metrics, with its label")
			assert.Contains(t, envoy.get("/stats/prometheus"), `envoy_wasm_vm_reload{plugin="`)
		})
	}
}

// The operations endpoint finds the counters of each way to guard, on the loopback
// of the pod.
func TestIstiosOperationsEndpoint(t *testing.T) {
	image := pushImage(t)
	const token = "a token of this test"
	hash := sha256.Sum256([]byte(token))
	operations := strings.NewReplacer(`"sha256": "`+image.digest, `"sha256": "`+hex.EncodeToString(hash[:])).
		Replace(image.into(t, "istio/operations.yaml"))
	for file, own := range map[string]string{
		"istio/trafficextension.yaml": operations,
		"istio/envoyfilter.yaml":      strings.Replace(operations, `vm_id: ""`, "vm_id: gatewarden", 1), // as it says
	} {
		t.Run(file, func(t *testing.T) {
			for _, l := range generate(t, own).listeners {
				if l.Name == operationsListener {
					assert.Equal(t, "127.0.0.1", l.Address.GetSocketAddress().Address)
				}
			}
			envoy := startEnvoy(t, istioBootstrap(t, image.into(t, file)+"\n---\n"+own))
			assertGuarded(t, envoy.listener(t, listenerName))
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
				"http://"+envoy.listener(t, operationsListener)+"/lockouts", nil)
			require.NoError(t, err)
			request.Header.Set("Authorization", "Bearer "+token)
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			defer response.Body.Close()
			var answer struct{ Lockouts []struct{ Surface string } }
			require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
			require.Len(t, answer.Lockouts, 1)
			assert.Equal(t, "rest", answer.Lockouts[0].Surface)
		})
	}
}

// What an external authorizer refuses comes to Gatewarden's eyes only by
// envoyfilter.yaml: the comments in the manifests say so.
func TestPlaceInIstiosChain(t *testing.T) {
	image := pushed{repository: "registry.example.com/gatewarden", digest: noDigest}
	const custom = `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: authorizer, namespace: istio-system}
spec:
  hosts: [authorizer.example.com]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: DNS
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ask, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  action: CUSTOM
  provider: {name: asked}
  rules: [{}]
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  jwtRules: [{issuer: https://auth.example.com, jwks: '{"keys": []}'}]
`
	for file, first := range map[string]bool{
		"istio/trafficextension.yaml": false, "istio/wasmplugin.yaml": false, "istio/envoyfilter.yaml": true,
	} {
		gateway := generate(t, image.into(t, file)+"\n---\n"+custom)
		names := filterNames(gateway.manager(t, listenerName))
		ours := indexContaining(names, "gatewarden")
		require.GreaterOrEqual(t, ours, 0, "%v", names)
		assert.Equal(t, first, ours == 0, "%s: %v", file, names)
		assert.Less(t, ours, indexContaining(names, "jwt_authn"), "%s: %v", file, names)
		external := indexContaining(names, "ext_authz")
		require.GreaterOrEqual(t, external, 0, "%v", names)
		assert.Equal(t, first, ours < external, "%s: %v", file, names)
	}
}

func filterNames(manager *hcmv3.HttpConnectionManager) []string {
	var names []string
	for _, f := range manager.HttpFilters {
		names = append(names, f.Name)
	}
	return names
}

func indexContaining(list []string, part string) int {
	for i, item := range list {
		if strings.Contains(item, part) {
			return i
		}
	}
	return -1
}

// generated is what istiod sends to a gateway.
type generated struct {
	listeners  []*listenerv3.Listener
	extensions map[string]*corev3.TypedExtensionConfig
}

// generate makes Istio's configuration generator configure a gateway.
func generate(t *testing.T, manifests string) generated {
	t.Helper()
	mesh := meshWithAuthorizer()
	pilot := core.NewConfigGenTest(t, core.TestOptions{
		ConfigString: manifests + "\n---\n" + gatewayAndRoute,
		MeshConfig:   mesh,
		CreateConfigStore: func(c model.ConfigStoreController) model.ConfigStoreController {
			return extensions.NewController(c, nil, krt.GlobalDebugHandler)
		},
	})
	labels := map[string]string{"istio": "ingressgateway"}
	node := pilot.SetupProxy(&model.Proxy{
		Type: model.Router, ConfigNamespace: "istio-system", Labels: labels,
		Metadata: &model.NodeMetadata{Namespace: "istio-system", Labels: labels, IstioVersion: "1.31.1"},
	})
	g := generated{listeners: pilot.Listeners(node), extensions: map[string]*corev3.TypedExtensionConfig{}}
	var names []string
	for _, l := range g.listeners {
		names = append(names, filterNames(managerOf(t, l))...)
	}
	for _, e := range pilot.ConfigGen.BuildExtensionConfiguration(node, pilot.PushContext(), names, nil) {
		g.extensions[e.Name] = e
	}
	return g
}

func (g generated) manager(t *testing.T, listener string) *hcmv3.HttpConnectionManager {
	t.Helper()
	for _, l := range g.listeners {
		if l.Name == listener {
			return managerOf(t, l)
		}
	}
	require.Fail(t, "no such listener", listener)
	return nil
}

// managerOf returns a copy of the connection manager of a listener's only chain.
func managerOf(t *testing.T, l *listenerv3.Listener) *hcmv3.HttpConnectionManager {
	t.Helper()
	require.Len(t, l.FilterChains, 1, l.Name)
	filters := l.FilterChains[0].Filters
	manager := &hcmv3.HttpConnectionManager{}
	require.NoError(t, filters[len(filters)-1].GetTypedConfig().UnmarshalTo(manager))
	return manager
}

// istioStats are the metrics that Istio lets an Envoy have, unless more are asked for:
// the prefix "wasm" is that of Gatewarden's, too.
// https://github.com/istio/istio/blob/1.31.1/pkg/bootstrap/config.go
const istioStats = `
stats_config:
  stats_matcher:
    inclusion_list:
      patterns: [{prefix: cluster_manager}, {prefix: listener_manager}, {prefix: server}, {prefix: cluster.xds-grpc}, {prefix: wasm}]`

// istioBootstrap is a bootstrap with everything that Envoy would get from istiod,
// and with its agent's work done: the filter's module is a file.
func istioBootstrap(t *testing.T, manifests string) *bootstrapv3.Bootstrap {
	t.Helper()
	gateway := generate(t, manifests)
	gateway.fetch(t)
	bootstrap := fromYAML(t, `
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
static_resources:
  clusters: [`+service(refuser(t))+`]`)
	proto.Merge(bootstrap, fromYAML(t, istioStats))
	proto.Merge(bootstrap, fromYAML(t, customBootstrap(t)))
	for _, l := range gateway.listeners {
		gateway.settle(t, l)
		bootstrap.StaticResources.Listeners = append(bootstrap.StaticResources.Listeners, l)
	}
	return bootstrap
}

// customBootstrap is what Istio's agent merges into the bootstrap by the annotation
// in values.yaml.
func customBootstrap(t *testing.T) string {
	t.Helper()
	var bootstraps struct{ Data map[string]string }
	require.NoError(t, sigsyaml.Unmarshal(manifest(t, "istio/metrics.yaml")[0].json, &bootstraps))
	return bootstraps.Data["custom_bootstrap.json"]
}

// fetch lets Istio's agent fetch the images.
func (g generated) fetch(t *testing.T) {
	t.Helper()
	cache := wasm.NewLocalFileCache(t.TempDir(), wasm.Options{InsecureRegistries: sets.New[string]()})
	t.Cleanup(cache.Cleanup)
	for name, extension := range g.extensions {
		resource, err := anypb.New(extension)
		require.NoError(t, err)
		resources := []*anypb.Any{resource}
		require.NoError(t, wasm.MaybeConvertWasmExtensionConfig(resources, cache))
		converted := &corev3.TypedExtensionConfig{}
		require.NoError(t, resources[0].UnmarshalTo(converted))
		require.Contains(t, converted.TypedConfig.TypeUrl, "wasm.v3.Wasm", "the agent did not get the image")
		g.extensions[name] = converted
	}
}

// settle makes a listener stand alone: filters and routes that would come over xDS
// stand in it, what only Istio's build of Envoy has is left out, and the system
// chooses the port.
func (g generated) settle(t *testing.T, l *listenerv3.Listener) {
	t.Helper()
	manager := managerOf(t, l)
	var filters []*hcmv3.HttpFilter
	for _, f := range manager.HttpFilters {
		if f.GetConfigDiscovery() != nil {
			require.Contains(t, g.extensions, f.Name)
			f.ConfigType = &hcmv3.HttpFilter_TypedConfig{TypedConfig: g.extensions[f.Name].TypedConfig}
		}
		if !strings.HasPrefix(f.Name, "istio.") {
			filters = append(filters, f)
		}
	}
	manager.HttpFilters = filters
	if manager.GetRds() != nil {
		manager.RouteSpecifier = &hcmv3.HttpConnectionManager_RouteConfig{RouteConfig: allToService()}
	}
	typed, err := anypb.New(manager)
	require.NoError(t, err)
	chain := l.FilterChains[0]
	chain.Filters = []*listenerv3.Filter{{
		Name:       "envoy.filters.network.http_connection_manager",
		ConfigType: &listenerv3.Filter_TypedConfig{TypedConfig: typed},
	}}
	socket := l.Address.GetSocketAddress()
	socket.Address, socket.PortSpecifier = "127.0.0.1", &corev3.SocketAddress_PortValue{}
}

func allToService() *routev3.RouteConfiguration {
	return &routev3.RouteConfiguration{VirtualHosts: []*routev3.VirtualHost{{
		Name: "all", Domains: []string{"*"},
		Routes: []*routev3.Route{{
			Match: &routev3.RouteMatch{PathSpecifier: &routev3.RouteMatch_Prefix{Prefix: "/"}},
			Action: &routev3.Route_Route{Route: &routev3.RouteAction{
				ClusterSpecifier: &routev3.RouteAction_Cluster{Cluster: "service"},
			}},
		}},
	}}}
}
