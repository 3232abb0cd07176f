package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/schema/collections"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	sigsyaml "sigs.k8s.io/yaml"
)

// istioManifests are the files that kubectl applies; values.yaml is Helm's.
func istioManifests(t *testing.T) []string {
	t.Helper()
	var manifests []string
	for _, file := range files(t, "istio/*.yaml") {
		if filepath.Base(file) != "values.yaml" {
			manifests = append(manifests, file)
		}
	}
	return manifests
}

// Every field is one that Istio knows, and Istio's own validation, which its webhook
// runs when a manifest is applied, finds nothing.
func TestIstioUnderstandsItsManifests(t *testing.T) {
	for _, file := range istioManifests(t) {
		istioUnderstands(t, file)
	}
}

func istioUnderstands(t *testing.T, file string) {
	t.Helper()
	for _, o := range manifest(t, file) {
		if o.Kind == "ConfigMap" {
			require.NoError(t, sigsyaml.UnmarshalStrict(o.json, &corev1.ConfigMap{}), file)
			continue
		}
		validate(t, file, o)
	}
}

func validate(t *testing.T, file string, o object) {
	t.Helper()
	group, err := schema.ParseGroupVersion(o.APIVersion)
	require.NoError(t, err)
	kind, ok := collections.PilotGatewayAPI().FindByGroupVersionAliasesKind(config.GroupVersionKind{
		Group: group.Group, Version: group.Version, Kind: o.Kind,
	})
	require.True(t, ok, "%s: Istio has no %s %s", file, o.APIVersion, o.Kind)
	instance, err := kind.NewInstance()
	require.NoError(t, err)
	spec, ok := instance.(proto.Message)
	require.True(t, ok)
	// Strict, unlike the decoder of Istio's own Kubernetes types.
	require.NoError(t, protojson.Unmarshal(o.spec(t), spec), "%s: %s", file, o.Metadata.Name)
	warning, err := kind.ValidateConfig(config.Config{
		Meta: config.Meta{
			GroupVersionKind: kind.GroupVersionKind(),
			Name:             o.Metadata.Name, Namespace: o.Metadata.Namespace,
		},
		Spec: instance,
	})
	assert.NoError(t, err, "%s: %s", file, o.Metadata.Name)
	if warning != nil && o.Kind == "EnvoyFilter" {
		// What every EnvoyFilter is told, and nothing else.
		assert.Regexp(t, `^EnvoyFilter exposes internal implementation details[^;\n]*$`, warning.Error(), file)
	} else {
		assert.NoError(t, warning, file)
	}
}

// The two manifests for one thing say one thing: all but where Istio's versions
// differ.
func TestWasmPluginAndTrafficExtensionAgree(t *testing.T) {
	read := func(file string) map[string]any {
		var spec map[string]any
		require.NoError(t, sigsyaml.Unmarshal(manifest(t, file)[0].spec(t), &spec))
		return spec
	}
	extension, plugin := read("istio/trafficextension.yaml"), read("istio/wasmplugin.yaml")
	for key, value := range extension["wasm"].(map[string]any) {
		extension[key] = value
	}
	delete(extension, "wasm")
	assert.Equal(t, extension, plugin)
}

// The annotation that Helm sets is a ProxyConfig that Istio knows, and the other
// names the ConfigMap that is there.
func TestIstioValues(t *testing.T) {
	text, err := os.ReadFile("istio/values.yaml")
	require.NoError(t, err)
	var values struct{ PodAnnotations map[string]string }
	require.NoError(t, sigsyaml.UnmarshalStrict(text, &values))
	asJSON, err := sigsyaml.YAMLToJSON([]byte(values.PodAnnotations["proxy.istio.io/config"]))
	require.NoError(t, err)
	require.NoError(t, protojson.Unmarshal(asJSON, &meshconfig.ProxyConfig{}))
	assert.Equal(t, manifest(t, "istio/metrics.yaml")[0].Metadata.Name,
		values.PodAnnotations["sidecar.istio.io/bootstrapOverride"])
}

// metricTags are the rules in envoy.yaml, as regular expressions by tag.
func metricTags(t *testing.T, stats any) map[string]string {
	t.Helper()
	text, err := sigsyaml.Marshal(stats)
	require.NoError(t, err)
	var config struct {
		StatsTags []struct {
			TagName string `json:"tag_name"`
			Regex   string `json:"regex"`
		} `json:"stats_tags"`
	}
	require.NoError(t, sigsyaml.Unmarshal(text, &config))
	require.NotEmpty(t, config.StatsTags)
	tags := map[string]string{}
	for _, tag := range config.StatsTags {
		assert.NotContains(t, tags, tag.TagName, "twice")
		tags[tag.TagName] = tag.Regex
	}
	return tags
}

// Whoever deploys otherwise sees the same labels: the rules are those of envoy.yaml.
func TestLabelsAreThoseOfEnvoyYAML(t *testing.T) {
	type bootstrap struct {
		StatsConfig any `json:"stats_config"`
	}
	var plain, istio, gateway bootstrap
	text, err := os.ReadFile("../envoy.yaml")
	require.NoError(t, err)
	require.NoError(t, sigsyaml.Unmarshal(text, &plain))
	want := metricTags(t, plain.StatsConfig)
	var bootstraps corev1.ConfigMap
	require.NoError(t, sigsyaml.Unmarshal(manifest(t, "istio/metrics.yaml")[0].json, &bootstraps))
	require.NoError(t, sigsyaml.Unmarshal([]byte(bootstraps.Data["custom_bootstrap.json"]), &istio))
	assert.Equal(t, want, metricTags(t, istio.StatsConfig), "istio/metrics.yaml")
	require.NoError(t, sigsyaml.Unmarshal([]byte(*envoyProxy(t).Spec.Bootstrap.Value), &gateway))
	assert.Equal(t, want, metricTags(t, gateway.StatsConfig), "envoy-gateway/gatewarden.yaml")
}

// No manifest may name a digest that was once right: what stands there is to be
// replaced, and seen to be.
func TestDigestsAreToBeReplaced(t *testing.T) {
	for _, file := range append(istioManifests(t), files(t, "envoy-gateway/*.yaml")...) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, line := range strings.Split(string(text), "\n") {
			if _, digest, found := strings.Cut(line, "gatewarden@sha256:"); found {
				assert.Equal(t, noDigest, digest, file)
			}
		}
	}
}

// noDigest stands in the manifests where the digest of the image belongs.
var noDigest = strings.Repeat("0", 64)
