package deploy

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wasmPath is the module that "make build" makes.
const wasmPath = "../build/gatewarden.wasm"

// laidOut is a folder with the files that envoy/README.md installs.
func laidOut(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "build"), 0o755))
	for from, to := range map[string]string{"../envoy.yaml": "envoy.yaml", wasmPath: "build/gatewarden.wasm"} {
		content, err := os.ReadFile(from)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, to), content, 0o600))
	}
	return dir
}

// The command lines of the unit are ones that Envoy takes.
func TestUnitStartsEnvoy(t *testing.T) {
	text, err := os.ReadFile("envoy/gatewarden-envoy.service")
	require.NoError(t, err)
	binary, err := findEnvoy()
	require.NoError(t, err)
	lines := regexp.MustCompile(`(?m)^ExecStart(?:Pre)?=/usr/local/bin/envoy (.*)$`).FindAllSubmatch(text, -1)
	require.Len(t, lines, 2)
	for _, line := range lines {
		args := strings.Fields(string(line[1]))
		if !slices.Contains(args, "--mode") {
			args = append(args, "--mode", "validate")
		}
		command := exec.Command(binary, args...)
		command.Dir = laidOut(t)
		out, err := command.CombinedOutput()
		assert.NoError(t, err, "%s\n%s", line[0], out)
	}
}

// Behind a load balancer, the edit in envoy/README.md makes each address that the
// load balancer names a client of its own.
func TestEditForLoadBalancers(t *testing.T) {
	readme, err := os.ReadFile("envoy/README.md")
	require.NoError(t, err)
	edit := regexp.MustCompile("(?s)```console[^\n]*\n\\$ (.*?)```").FindSubmatch(readme)
	require.NotNil(t, edit)
	dir := laidOut(t)
	command := exec.Command("sh", "-ec", string(edit[1]))
	command.Dir = dir
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)

	text, err := os.ReadFile(filepath.Join(dir, "envoy.yaml"))
	require.NoError(t, err)
	bootstrap := fromYAML(t, strings.ReplaceAll(string(text), "build/gatewarden.wasm", filepath.Join(dir, "build", "gatewarden.wasm")))
	for _, address := range []*corev3.Address{bootstrap.Admin.Address, bootstrap.StaticResources.Listeners[0].Address} {
		address.GetSocketAddress().PortSpecifier = &corev3.SocketAddress_PortValue{}
	}
	bootstrap.StaticResources.Clusters = fromYAML(t, "static_resources: {clusters: ["+service(refuser(t))+"]}").StaticResources.Clusters
	envoy := startEnvoy(t, bootstrap)
	address := envoy.listener(t, "public")
	attacker := []string{"X-Forwarded-For", "203.0.113.9, 192.0.2.1"}
	for n := range 20 {
		require.Equal(t, http.StatusUnauthorized, guess(t, address, attacker...), "guess %d", n+1)
	}
	assert.Equal(t, http.StatusTooManyRequests, guess(t, address, "X-Forwarded-For", "198.51.100.7, 192.0.2.1"),
		"what the client itself wrote changes nothing")
	assert.Equal(t, http.StatusUnauthorized, guess(t, address, "X-Forwarded-For", "192.0.2.2"), "another client")
}
