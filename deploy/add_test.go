package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The manifests of this folder with the names of a cluster, as "gatewarden add" prints
// them, are still ones that the products understand.
func TestAddedManifestsAreUnderstood(t *testing.T) {
	dir := t.TempDir()
	tool := filepath.Join(dir, "gatewarden")
	build := exec.Command("go", "build", "-o", tool, ".")
	build.Dir = "../cmd/gatewarden"
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	image := "registry.internal/filter@sha256:" + strings.Repeat("ab", 32)
	config := filepath.Join(dir, "gatewarden.json")
	require.NoError(t, os.WriteFile(config, []byte(`{"surfaces": [{"name": "on", "kind": "api", "match": [{"prefix": "/v2"}], "lockout": {"window": "90s"}}]}`), 0o600))
	for _, row := range []struct {
		understands func(t *testing.T, file string)
		args        []string
	}{
		{istioUnderstands, []string{"istio", "--namespace", "edge", "--selector", "app=yes", "--operations", "alice"}},
		{istioUnderstands, []string{"istio", "--kind", "wasmplugin"}},
		{istioUnderstands, []string{"istio", "--kind", "envoyfilter", "--operations", "alice"}},
		{gatewayUnderstands, []string{"envoy-gateway", "--namespace", "prod", "--gateway", "web", "--trusted-hops", "2"}},
	} {
		text, err := exec.Command(tool, append([]string{"add", "--image", image, "--config", config, "--for"}, row.args...)...).Output()
		require.NoError(t, err, "%v", row.args)
		file := filepath.Join(dir, "manifests.yaml")
		require.NoError(t, os.WriteFile(file, text, 0o600))
		row.understands(t, file)
	}
}
