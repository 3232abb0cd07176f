package main

import (
	"bytes"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

func TestWithFleet(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{`{}`, `{"fleet": ` + fleetMember + `}`},
		{" {\"log\": {}}\n", ` {"log": {}, "fleet": ` + fleetMember + `}`},
		{`{"fleet": {"cluster": "own"}}`, `{"fleet": {"cluster": "own"}}`},
		{`{"log": {}, "log": {}}`, `{"log": {}, "log": {}, "fleet": ` + fleetMember + `}`},
		{`{"log": `, `{"log": `},
		{`null`, `null`},
		{`[]`, `[]`},
	} {
		assert.Equal(t, row.want, withFleet(row.text), row.text)
	}
}

// All proxies have the secret of the first, and another run has another one.
func TestFleetSecret(t *testing.T) {
	secrets := map[string]bool{}
	for range 2 {
		b, err := envoy.Load("../../../envoy.yaml")
		require.NoError(t, err)
		text := withFleet(fleetConfig)
		assert.Empty(t, fleetSecret(b, `{"fleet": {"cluster": "ratelimit", "secret": "own"}}`))
		c, err := config.Parse([]byte(text), fleetSecret(b, text))
		require.NoError(t, err)
		other, err := b.Clone()
		require.NoError(t, err)
		vm := other.Plugin["vm_config"].(envoy.Object)
		assert.Equal(t, c.Fleet.Secret, vm["environment_variables"].(envoy.Object)["key_values"].(envoy.Object)["FLEET_SECRET"])
		secrets[c.Fleet.Secret] = true
	}
	assert.Len(t, secrets, 2)
}

// What the scenes show is what the configuration says.
func TestFleetConfig(t *testing.T) {
	b, err := envoy.Load("../../../envoy.yaml")
	require.NoError(t, err)
	text := withFleet(fleetConfig)
	c, err := config.Parse([]byte(text), fleetSecret(b, text))
	require.NoError(t, err)
	rule := c.Surfaces[0].Lockout
	assert.EqualValues(t, limit, rule.Failures)
	assert.EqualValues(t, locked.Milliseconds(), rule.Duration)
	assert.EqualValues(t, share, c.Fleet.Alone(c.Fleet.Lockouts(&c.Surfaces[0]), rule.Failures))
}

func TestSecondProxyHasOtherPorts(t *testing.T) {
	b, err := envoy.Load("../../../envoy.yaml")
	require.NoError(t, err)
	hash := strings.Repeat("ab", 32)
	require.NoError(t, b.Operations(hash))
	operations, err := b.OperationsAddress()
	require.NoError(t, err)
	other, otherOperations, err := second(b, operations)
	require.NoError(t, err)
	public, err := other.ListenerAddress()
	require.NoError(t, err)
	first, err := b.ListenerAddress()
	require.NoError(t, err)
	assert.NotEqual(t, first, public)
	assert.NotEqual(t, b.AdminAddress(), other.AdminAddress())
	assert.NotEqual(t, operations, otherOperations)
	text, err := other.JSON()
	require.NoError(t, err)
	assert.Contains(t, string(text), hash)
	assert.Contains(t, string(text), `"port_value": `+port(otherOperations))
	assert.NotContains(t, string(text), `"port_value": `+port(operations))

	// One that is taken is replaced by another.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	taken := listener.Addr().(*net.TCPAddr).Port
	got, err := portBeside(net.JoinHostPort("127.0.0.1", strconv.Itoa(taken-publicOffset)), publicOffset)
	require.NoError(t, err)
	assert.NotEqual(t, taken, got)
	assert.NotZero(t, got)
}

func TestFleetScreen(t *testing.T) {
	b, err := envoy.Load("../../../envoy.yaml")
	require.NoError(t, err)
	text := withFleet(fleetConfig)
	parsed, err := config.Parse([]byte(text), fleetSecret(b, text))
	require.NoError(t, err)
	s := screen{
		public: "127.0.0.1:10000", service: "127.0.0.1:8080", admin: "127.0.0.1:9901", operations: "127.0.0.1:9902",
		token: "EXAMPLEEXAMPLEEXAMPLEEXAMP", logs: "build/demo", config: parsed, configFile: "own.json",
		second: &door{"127.0.0.1:10001", "127.0.0.1:9911", "127.0.0.1:9912"},
		more:   [][2]string{{"127.0.0.1:6379", "its Redis"}},
	}
	var out bytes.Buffer
	s.print(&out)
	for _, part := range []string{
		"http://127.0.0.1:10000 ", "http://127.0.0.1:10001 ", ": 9911\n", ": 9912\n", "until Ctrl-C: EXAMPLE", "its Redis", "own.json",
		"'http://127.0.0.1:{10000,10001}/api/v1/items'", "30 wrong ones: 20 times 401", "make demo FLEET=1\n",
	} {
		assert.Contains(t, out.String(), part)
	}
	assert.LessOrEqual(t, bytes.Count(out.Bytes(), []byte("\n")), 50, "it fits on one screen")
	for line := range strings.Lines(out.String()) {
		assert.LessOrEqual(t, len(line)-1, width, line)
	}

	// What the configuration does not do together is not promised.
	s.config, err = config.Parse([]byte(`{"fleet": {"cluster": "ratelimit", "secret": "`+strings.Repeat("x", 32)+`", "rules": [{"rule": "wide"}]}}`), nil)
	require.NoError(t, err)
	out.Reset()
	s.print(&out)
	assert.NotContains(t, out.String(), "both")
	assert.Contains(t, out.String(), "http://127.0.0.1:10001 ")
}

func TestTally(t *testing.T) {
	fine := tally{sent: 5, refused: 2}
	assert.Equal(t, tally{6, 3}, fine.plus(tally{1, 1}))
	assert.Equal(t, 3, fine.served())
}
