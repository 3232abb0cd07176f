package deploy

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ratelimitBinary is the service as scripts/install-fleet builds it.
const ratelimitBinary = "../.tools/fleet/ratelimit"

// startService starts the rate limit service as the compose file does, with other
// addresses, and returns its port.
func (p *pair) startService() (port string) {
	t := p.t
	require.FileExists(t, ratelimitBinary, "run scripts/install-fleet")
	folder := filepath.Join(t.TempDir(), "ratelimit", "config")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	text, err := os.ReadFile("fleet/domain.yaml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "domain.yaml"), text, 0o600))
	port = freePort(t)
	command := exec.Command(ratelimitBinary)
	for name, value := range composedFleet(t).Services["ratelimit"].Environment {
		command.Env = append(command.Env, name+"="+*value)
	}
	sentinels := strings.Join(pairsSentinels, ":"+p.port["sentinel"]+",") + ":" + p.port["sentinel"]
	command.Env = append(command.Env, "RUNTIME_ROOT="+filepath.Dir(filepath.Dir(folder)), "REDIS_URL=fleet,"+sentinels,
		"REDIS_AUTH="+pairsPassword, "REDIS_SENTINEL_AUTH="+pairsPassword, "HOST=127.0.0.1", "PORT="+freePort(t),
		"GRPC_HOST=127.0.0.1", "GRPC_PORT="+port, "DEBUG_PORT="+freePort(t))
	command.Stdout, command.Stderr = &p.log, &p.log
	require.NoError(t, command.Start())
	p.running["ratelimit"] = command
	return port
}

// startMember starts one Envoy of the fleet, with the service that refuses every guess.
func startMember(t *testing.T, guarded, ratelimit string) (address string) {
	t.Helper()
	wasm, err := filepath.Abs(wasmPath)
	require.NoError(t, err)
	text, err := os.ReadFile("fleet/envoy.yaml")
	require.NoError(t, err)
	bootstrap := fromYAML(t, strings.ReplaceAll(string(text), "build/gatewarden.wasm", wasm))
	for _, address := range []*corev3.Address{bootstrap.Admin.Address, bootstrap.StaticResources.Listeners[0].Address} {
		address.GetSocketAddress().PortSpecifier = &corev3.SocketAddress_PortValue{}
	}
	for i, to := range []string{guarded, ratelimit} {
		host, port, _ := strings.Cut(to, ":")
		socket := bootstrap.StaticResources.Clusters[i].LoadAssignment.Endpoints[0].LbEndpoints[0].GetEndpoint().Address.GetSocketAddress()
		var number uint32
		_, err := fmt.Sscan(port, &number)
		require.NoError(t, err)
		socket.Address, socket.PortSpecifier = host, &corev3.SocketAddress_PortValue{PortValue: number}
	}
	return startEnvoy(t, bootstrap).listener(t, "public")
}

// guessFrom tries a wrong token from an address of this machine. It returns 0 if there is
// no answer.
func guessFrom(t *testing.T, client, address string) (status int) {
	t.Helper()
	transport := &http.Transport{
		DialContext:       (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(client)}}).DialContext,
		DisableKeepAlives: true,
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/api/v1/items", nil)
	if err != nil {
		return 0
	}
	request.Header.Set("Authorization", "Bearer guess")
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// TestFleetCountsTogether runs what the compose file runs: who is locked out at one proxy
// is refused by the other. That holds while the Redis that was the master is gone, and goes
// on with the other one.
func TestFleetCountsTogether(t *testing.T) {
	t.Setenv("FLEET_SECRET", strings.Repeat("0123456789abcdef", 2))
	p := startPair(t)
	p.eventually("127.43.0.1", "127.43.0.2")
	ratelimit, guarded := "127.0.0.1:"+p.startService(), refuser(t)
	one, other := startMember(t, guarded, ratelimit), startMember(t, guarded, ratelimit)

	clients := 0
	// together has a new client guess at one proxy until it is locked out there, and tells
	// whether the other proxy refuses it at once. It does not if a window ends meanwhile.
	together := func() bool {
		clients++
		client := fmt.Sprintf("127.44.0.%d", clients)
		for guesses := 0; guesses < 40 && guessFrom(t, client, one) != http.StatusTooManyRequests; guesses++ {
		}
		first := guessFrom(t, client, other) // passes while the proxy asks about the client
		return first == http.StatusTooManyRequests || guessFrom(t, client, other) == http.StatusTooManyRequests
	}
	require.Eventually(t, together, time.Minute, 10*time.Millisecond)

	locked := fmt.Sprintf("127.44.0.%d", clients)
	p.kill("127.43.0.1")
	assert.Equal(t, http.StatusTooManyRequests, guessFrom(t, locked, other), "what is known holds")
	require.Eventually(t, together, time.Minute, 500*time.Millisecond, "without the first master")
}
