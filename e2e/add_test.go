package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// These tests hand the configurations that the tests of "gatewarden add" have to the
// command, and what it prints to Envoy.

// addFilter returns the path of what the command makes of a file, in a folder that has
// the certificates that the files name.
func addFilter(t *testing.T, tool, name string, flags ...string) string {
	t.Helper()
	dir := t.TempDir()
	writeCertificate(t, dir)
	file := filepath.Join(root, "cmd", "gatewarden", "internal", "add", "testdata", name)
	text, err := exec.Command(tool, append([]string{"add", "--wasm", wasmPath, file}, flags...)...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		require.NotEqual(t, 2, exit.ExitCode(), "%s", exit.Stderr)
	}
	result := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(result, text, 0o600))
	return result
}

func writeCertificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"api.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for name, block := range map[string]*pem.Block{
		"certificate.pem": {Type: "CERTIFICATE", Bytes: certificate},
		"key.pem":         {Type: "PRIVATE KEY", Bytes: private},
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600))
	}
}

// TestEnvoyTakesWhatAddPrints: Envoy would start with it, as it is.
func TestEnvoyTakesWhatAddPrints(t *testing.T) {
	tool := commandLine(t)
	for name, flags := range map[string][]string{
		"several.yaml":  {"--harden", "--trusted-hops", "1", "--operations", "alice"},
		"http3.yaml":    nil,
		"anchors.yaml":  {"--harden", "--trusted-hops", "0"},
		"camel.json":    {"--harden", "--trusted-hops", "0", "--operations", "alice"},
		"internal.yaml": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := addFilter(t, tool, name, flags...)
			assert.NoError(t, envoy.ValidateFile(binary, file, filepath.Dir(file), wasmPath))
		})
	}
}

// TestAddedFilterLocksOut: behind TLS, beside QUIC, and before filters that refuse.
func TestAddedFilterLocksOut(t *testing.T) {
	t.Parallel()
	tool := commandLine(t)
	for _, row := range []struct{ file, listener, scheme, cluster string }{
		{"several.yaml", "https", "https", "api"},
		{"http3.yaml", "tcp", "https", ""},
		{"auth.yaml", "api", "http", ""},
	} {
		t.Run(row.file, func(t *testing.T) {
			backend, err := service.New().Start("127.0.0.1:0")
			require.NoError(t, err)
			t.Cleanup(backend.Stop)
			file := addFilter(t, tool, row.file, "--trusted-hops", "0")
			anywhere(t, file)
			bootstrap, err := envoy.Load(file)
			require.NoError(t, err)
			if row.cluster != "" {
				require.NoError(t, bootstrap.SetEndpoint(row.cluster, backend.Address))
			}
			p, err := envoy.Start(t.Context(), binary, envoy.Options{Bootstrap: bootstrap, Dir: t.TempDir(), WorkDir: filepath.Dir(file)})
			require.NoError(t, err)
			t.Cleanup(p.Stop)
			address, err := p.ListenerAddress(t.Context(), row.listener)
			require.NoError(t, err)
			guessUntilLockedOut(t, row.scheme+"://"+address+"/api/v1/items")
		})
	}
}

// anywhere lets the system choose all ports of a configuration, on this machine, and
// gives it an admin endpoint if it has none.
func anywhere(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	local := regexp.MustCompile(`address: (0\.0\.0\.0|"::1")`).ReplaceAllString(string(text), "address: 127.0.0.1")
	local = regexp.MustCompile(`port_value: \d+`).ReplaceAllString(local, "port_value: 0")
	if !strings.Contains(local, "admin:") {
		local = "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}\n" + local
	}
	require.NoError(t, os.WriteFile(file, []byte(local), 0o600))
}

func guessUntilLockedOut(t *testing.T, url string) {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: "api.example.com"}, //nolint:gosec // our own
	}}
	defer client.CloseIdleConnections()
	for n := range 21 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		require.NoError(t, err)
		request.Header.Set(wrong[0], wrong[1])
		response, err := client.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		want := http.StatusUnauthorized
		if n == 20 {
			want = http.StatusTooManyRequests
		}
		require.Equal(t, want, response.StatusCode, "guess %d", n+1)
	}
}
