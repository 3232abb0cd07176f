package deploy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/gatewarden/gatewarden/config"
)

// pluginConfigs are the configurations of the filter that stand somewhere in a
// manifest, as the filter will get them.
func pluginConfigs(t *testing.T, file string) []string {
	t.Helper()
	var found []string
	for _, o := range manifest(t, file) {
		var tree any
		require.NoError(t, json.Unmarshal(o.json, &tree))
		found = append(found, collect(t, tree)...)
	}
	return found
}

func collect(t *testing.T, tree any) []string {
	t.Helper()
	var found []string
	switch at := tree.(type) {
	case []any:
		for _, item := range at {
			found = append(found, collect(t, item)...)
		}
	case map[string]any:
		if at["@type"] == "type.googleapis.com/google.protobuf.StringValue" {
			return []string{at["value"].(string)}
		}
		for key, value := range at {
			switch object, isObject := value.(map[string]any); {
			case key == "pluginConfig":
				found = append(found, istioJSON(t, object))
			case key == "config" && isObject && at["code"] != nil: // Envoy Gateway
				text, err := json.Marshal(object)
				require.NoError(t, err)
				found = append(found, string(text))
			default:
				found = append(found, collect(t, value)...)
			}
		}
	}
	return found
}

// istioJSON is an object as Istio passes it on, in which all numbers are floats.
func istioJSON(t *testing.T, object map[string]any) string {
	t.Helper()
	spec, err := structpb.NewStruct(object)
	require.NoError(t, err)
	text, err := protojson.Marshal(spec)
	require.NoError(t, err)
	return string(text)
}

func TestFilterTakesTheConfigurationsInManifests(t *testing.T) {
	seen := map[string]int{}
	for _, file := range append(append(istioManifests(t), files(t, "envoy-gateway/*.yaml")...), "fleet/istio.yaml", "fleet/envoy.yaml") {
		for _, text := range pluginConfigs(t, file) {
			seen[file]++
			parsed, err := config.Parse([]byte(text), []string{"FLEET_SECRET=" + strings.Repeat("0123456789abcdef", 4)})
			if assert.NoError(t, err, file) {
				assert.Empty(t, parsed.Warnings(), file)
			}
		}
	}
	assert.Equal(t, map[string]int{
		"istio/trafficextension.yaml": 1, "istio/wasmplugin.yaml": 1, "istio/envoyfilter.yaml": 1,
		"istio/operations.yaml": 1, "envoy-gateway/gatewarden.yaml": 1, "fleet/istio.yaml": 1, "fleet/envoy.yaml": 1,
	}, seen)
}
