package deploy

import (
	"testing"

	egv1a1 "github.com/envoyproxy/gateway/api/v1alpha1"
	"github.com/stretchr/testify/require"
	gwapiv1 "sigs.k8s.io/gateway-api/apis/v1"
	sigsyaml "sigs.k8s.io/yaml"
)

// gatewayKinds are the objects that the manifests for Envoy Gateway have.
var gatewayKinds = map[string]func() any{
	"EnvoyExtensionPolicy": func() any { return &egv1a1.EnvoyExtensionPolicy{} },
	"ClientTrafficPolicy":  func() any { return &egv1a1.ClientTrafficPolicy{} },
	"EnvoyProxy":           func() any { return &egv1a1.EnvoyProxy{} },
	"EnvoyPatchPolicy":     func() any { return &egv1a1.EnvoyPatchPolicy{} },
	"Gateway":              func() any { return &gwapiv1.Gateway{} },
}

// Every field is one that Envoy Gateway knows.
func TestEnvoyGatewayUnderstandsItsManifests(t *testing.T) {
	for _, file := range files(t, "envoy-gateway/*.yaml") {
		gatewayUnderstands(t, file)
	}
}

func gatewayUnderstands(t *testing.T, file string) {
	t.Helper()
	for _, o := range manifest(t, file) {
		kind, ok := gatewayKinds[o.Kind]
		require.True(t, ok, "%s: no %s is known", file, o.Kind)
		require.NoError(t, sigsyaml.UnmarshalStrict(o.json, kind()), "%s: %s", file, o.Kind)
	}
}

// gatewayObject is the one object of T's kind in a manifest.
func gatewayObject[T any](t *testing.T, file, kind string) *T {
	t.Helper()
	found := new(T)
	for _, o := range manifest(t, file) {
		if o.Kind == kind {
			require.NoError(t, sigsyaml.UnmarshalStrict(o.json, found))
			return found
		}
	}
	require.Fail(t, "not found", "%s has no %s", file, kind)
	return nil
}

func envoyProxy(t *testing.T) *egv1a1.EnvoyProxy {
	t.Helper()
	return gatewayObject[egv1a1.EnvoyProxy](t, "envoy-gateway/gatewarden.yaml", "EnvoyProxy")
}
