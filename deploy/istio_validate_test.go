//go:build products

package deploy

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/schema/collections"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func init() { webhook = validate }

// validate wants Istio's own validation to find nothing.
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
