package envoy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOperationsAddsTheListenerOfTheFile(t *testing.T) {
	b, err := Load(envoyYAML)
	require.NoError(t, err)
	require.NoError(t, b.SetWasm("/x.wasm"))
	hash := strings.Repeat("ab", 32)
	require.NoError(t, b.Operations(hash))
	address, err := b.OperationsAddress()
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:9902", address)

	text, err := b.JSON()
	require.NoError(t, err)
	again, err := parse(text) // JSON is YAML
	require.NoError(t, err)
	listener, err := lookup(again.tree, "static_resources", "listeners", 1)
	require.NoError(t, err)
	assert.Equal(t, OperationsListener, listener["name"])
	assert.Contains(t, string(text), hash)
	assert.Equal(t, 2, strings.Count(string(text), "/x.wasm"))
	assert.Equal(t, 2, strings.Count(string(text), `"vm_id": "gatewarden"`))

	assert.ErrorContains(t, again.Operations(hash), "no operations listener")

	require.NoError(t, again.SetPorts(1001, 1002, 1003))
	public, err := again.ListenerAddress()
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:1001", public)
	assert.Equal(t, "127.0.0.1:1002", again.AdminAddress())
	socket, err := lookup(listener, "address", "socket_address")
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:1003", hostPort(socket))
}
