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

func TestDynamicMovesListenersAndClusters(t *testing.T) {
	b, err := Load(envoyYAML)
	require.NoError(t, err)
	d, err := newDynamic(t.TempDir(), b)
	require.NoError(t, err)
	static := d.bootstrap(b)
	assert.NotContains(t, static.tree, "static_resources")
	assert.Contains(t, static.tree, "stats_config")
	assert.True(t, d.clusters.has(b.resources("clusters")))
	assert.True(t, d.listeners.has(b.resources("listeners")))

	b.HCM["stat_prefix"] = "changed"
	assert.False(t, d.listeners.has(b.resources("listeners")))
	require.NoError(t, d.listeners.write(b.resources("listeners")))
	for _, row := range []struct {
		file                  resourceFile
		version, name, inside string
	}{
		{d.listeners, "2", "public", `"stat_prefix": "changed"`},
		{d.clusters, "1", "service", `"port_value": 8080`},
	} {
		text, err := os.ReadFile(row.file.path)
		require.NoError(t, err)
		var response struct {
			VersionInfo string `json:"version_info"`
			Resources   []Object
		}
		require.NoError(t, json.Unmarshal(text, &response))
		assert.Equal(t, row.version, response.VersionInfo)
		require.Len(t, response.Resources, 1)
		assert.Equal(t, row.name, response.Resources[0]["name"])
		assert.Equal(t, row.file.typeURL, response.Resources[0]["@type"])
		assert.Contains(t, string(text), row.inside)
	}
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
