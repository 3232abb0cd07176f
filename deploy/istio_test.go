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
	extensions "istio.io/api/extensions/v1alpha1"
	meshconfig "istio.io/api/mesh/v1alpha1"
	networking "istio.io/api/networking/v1alpha3"
	corev1 "k8s.io/api/core/v1"
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

// istioTypes are the types that Istio publishes for what its manifests specify.
var istioTypes = map[string]proto.Message{
	"extensions.istio.io/v1alpha1 TrafficExtension": &extensions.TrafficExtension{},
	"extensions.istio.io/v1alpha1 WasmPlugin":       &extensions.WasmPlugin{},
	"networking.istio.io/v1alpha3 EnvoyFilter":      &networking.EnvoyFilter{},
}

// webhook is Istio's own validation, which its webhook runs when a manifest is applied.
// "make test-manifests" compiles it in.
var webhook = func(*testing.T, string, object) {}

// Every field is one that Istio knows.
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
		known := istioTypes[o.APIVersion+" "+o.Kind]
		require.NotNil(t, known, "%s: Istio has no %s %s", file, o.APIVersion, o.Kind)
		spec := known.ProtoReflect().New().Interface()
		// Strict, unlike the decoder of Istio's own Kubernetes types.
		require.NoError(t, protojson.Unmarshal(o.spec(t), spec), "%s: %s", file, o.Metadata.Name)
		webhook(t, file, o)
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

// Every deployment has the same labels: the rules are those of envoy.yaml.
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

// No manifest may name a digest that was once right: the placeholder must be replaced, and
// must look like one.
func TestDigestsAreToBeReplaced(t *testing.T) {
	for _, file := range append(append(istioManifests(t), files(t, "envoy-gateway/*.yaml")...), files(t, "fleet/*.yaml")...) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, line := range strings.Split(string(text), "\n") {
			if _, digest, found := strings.Cut(line, "gatewarden@sha256:"); found {
				assert.Equal(t, noDigest, digest, file)
			}
		}
	}
}

// noDigest is the placeholder in the manifests for the digest of the image.
var noDigest = strings.Repeat("0", 64)
