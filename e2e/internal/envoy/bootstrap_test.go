package envoy

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const envoyYAML = "../../../envoy.yaml"

func TestBootstrapIsOneTree(t *testing.T) {
	b, err := Load(envoyYAML)
	require.NoError(t, err)
	public, err := b.ListenerAddress()
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:10000", public)
	assert.Equal(t, "127.0.0.1:9901", b.AdminAddress())
	assert.Equal(t, "build/gatewarden.wasm", b.Wasm())

	require.NoError(t, b.FreePorts())
	require.NoError(t, b.SetWasm("/x.wasm"))
	require.NoError(t, b.SetEndpoint("service", "127.0.0.1:1234"))
	require.NoError(t, b.AddCluster("other", "127.0.0.1:1235"))
	b.SetPluginConfig(`{"surfaces": []}`)
	b.InsertBehind(Object{"name": "behind"})

	text, err := b.JSON()
	require.NoError(t, err)
	again, err := parse(text) // JSON is YAML
	require.NoError(t, err)
	public, err = again.ListenerAddress()
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:0", public)
	assert.Equal(t, "127.0.0.1:0", again.AdminAddress())
	assert.Equal(t, "/x.wasm", again.Wasm())
	for name, want := range map[string]string{"service": "127.0.0.1:1234", "other": "127.0.0.1:1235"} {
		got, err := again.Endpoint(name)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	plugin, err := again.PluginConfig()
	require.NoError(t, err)
	assert.Equal(t, `{"surfaces": []}`, plugin)
	assert.Equal(t, []string{"gatewarden", "behind", "envoy.filters.http.router"}, filterNames(again))
	again.RemovePlugin()
	assert.Equal(t, []string{"behind", "envoy.filters.http.router"}, filterNames(again))
}

func filterNames(b *Bootstrap) []string {
	var names []string
	for _, f := range b.HCM["http_filters"].([]any) {
		names = append(names, f.(Object)["name"].(string))
	}
	return names
}

func TestDetachMovesTheListener(t *testing.T) {
	b, err := Load(envoyYAML)
	require.NoError(t, err)
	file, err := b.Detach(t.TempDir())
	require.NoError(t, err)
	_, err = lookup(b.tree, "static_resources", "listeners", 0)
	assert.Error(t, err)

	b.HCM["stat_prefix"] = "changed"
	require.NoError(t, file.write(b.Listener))
	text, err := os.ReadFile(file.path)
	require.NoError(t, err)
	var response struct {
		VersionInfo string `json:"version_info"`
		Resources   []Object
	}
	require.NoError(t, json.Unmarshal(text, &response))
	assert.Equal(t, "2", response.VersionInfo)
	require.Len(t, response.Resources, 1)
	assert.Equal(t, "public", response.Resources[0]["name"])
	assert.Contains(t, string(text), `"stat_prefix": "changed"`)
}

func TestParseSaysWhatIsMissing(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "admin",
		"admin: {address: {socket_address: {}}}": "static_resources",
		"admin: [":                               "yaml",
		"admin: {address: {socket_address: 1234}}": "not an object",
	} {
		_, err := parse([]byte(text))
		assert.ErrorContains(t, err, want, text)
	}
}
