package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/internal/docs"
)

// The YAML blocks of the pages say where in envoy.yaml they belong. With each in its
// place, Envoy would start. What the filter makes of its configuration is tested elsewhere.
func TestEnvoyConfigurationInPages(t *testing.T) {
	t.Parallel()
	inert := filepath.Join(t.TempDir(), "inert.wasm")
	require.NoError(t, os.WriteFile(inert, envoy.InertModule(), 0o600))
	pages, err := docs.Pages(root)
	require.NoError(t, err)
	seen := 0
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join(root, page))
		require.NoError(t, err)
		for _, b := range docs.Blocks(string(text)) {
			if b.Language != "yaml" || b.Attributes["in"] == "" {
				continue
			}
			seen++
			assert.NoError(t, validateWith(t, inert, b.Attributes["in"], b.Text), "%s:%d", page, b.Line)
		}
	}
	assert.GreaterOrEqual(t, seen, 2, "the test looks for the wrong thing")
	assert.ErrorContains(t, validateWith(t, inert, "hcm", "normalise_path: true"), "normalise_path", "a mistake is found")
}

func validateWith(t *testing.T, module, part, text string) error {
	t.Helper()
	bootstrap, err := envoy.Load(filepath.Join(root, "envoy.yaml"))
	require.NoError(t, err)
	require.NoError(t, bootstrap.SetWasm(module))
	if err := bootstrap.Put(part, text); err != nil {
		return err
	}
	return envoy.Validate(binary, bootstrap, t.TempDir(), root)
}
