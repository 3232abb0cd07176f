package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	// What the configurations have in fields of any type.
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/stream/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/jwt_authn/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/rbac/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/wasm/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	sigsyaml "sigs.k8s.io/yaml"
)

// findEnvoy asks the end-to-end tests' finder for the path of Envoy, once.
var findEnvoy = sync.OnceValues(func() (string, error) {
	command := exec.Command("go", "run", "./cmd/gatewarden-demo", "envoy")
	command.Dir = "../e2e"
	out, err := command.Output()
	words := strings.Fields(string(out))
	if err != nil || len(words) != 1 {
		return "", fmt.Errorf("no Envoy binary, but %q (%w): set ENVOY to the path of one", out, err)
	}
	return words[0], nil
})

// proxy is a running Envoy.
type proxy struct {
	admin string
	log   *bytes.Buffer
}

// startEnvoy runs Envoy until the test ends. Ports in the bootstrap should be 0.
func startEnvoy(t *testing.T, bootstrap *bootstrapv3.Bootstrap) *proxy {
	t.Helper()
	binary, err := findEnvoy()
	require.NoError(t, err)
	dir := t.TempDir()
	text, err := protojson.Marshal(bootstrap)
	require.NoError(t, err)
	config, address := filepath.Join(dir, "bootstrap.json"), filepath.Join(dir, "admin")
	require.NoError(t, os.WriteFile(config, text, 0o600))
	p := &proxy{log: &bytes.Buffer{}}
	command := exec.Command(binary, "-c", config, "--admin-address-path", address, "--concurrency", "1",
		"--disable-hot-restart", "--log-level", "warning")
	command.Stderr = p.log
	require.NoError(t, command.Start())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		<-ended
		if t.Failed() {
			t.Logf("Envoy's log:\n%s", p.log)
		}
	})
	require.Eventually(t, func() bool {
		admin, _ := os.ReadFile(address)
		p.admin = string(admin)
		return strings.HasPrefix(p.get("/ready"), "LIVE")
	}, 2*time.Minute, 50*time.Millisecond, "Envoy is not ready")
	return p
}

// get asks the admin endpoint; the answer is empty if there is none.
func (p *proxy) get(path string) string {
	response, err := http.Get("http://" + p.admin + path)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return string(body)
}

// listener is the address, host:port, of a listener.
func (p *proxy) listener(t *testing.T, name string) string {
	t.Helper()
	var answer struct {
		Statuses []struct {
			Name  string
			Local struct {
				Socket struct {
					Address string
					Port    int `json:"port_value"`
				} `json:"socket_address"`
			} `json:"local_address"`
		} `json:"listener_statuses"`
	}
	require.NoError(t, json.Unmarshal([]byte(p.get("/listeners?format=json")), &answer))
	for _, s := range answer.Statuses {
		if s.Name == name {
			return fmt.Sprintf("%s:%d", s.Local.Socket.Address, s.Local.Socket.Port)
		}
	}
	require.Fail(t, "no such listener", "%s is not in %v", name, answer)
	return ""
}

// refuser is a service that refuses every credential.
func refuser(t *testing.T) (address string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// guess tries a wrong token and returns the answer's status.
func guess(t *testing.T, address string, headers ...string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/api/v1/items", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer guess")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

// assertGuarded attacks with the default limit of 20 failures.
func assertGuarded(t *testing.T, address string) {
	t.Helper()
	for n := range 20 {
		require.Equal(t, http.StatusUnauthorized, guess(t, address), "guess %d", n+1)
	}
	assert.Equal(t, http.StatusTooManyRequests, guess(t, address))
}

// assertEdge wants the settings that envoy.yaml has against other spellings.
func assertEdge(t *testing.T, address string) {
	t.Helper()
	assert.Equal(t, http.StatusBadRequest, guess(t, address, "X_Api_Key", "a"), "a header with underscores")
	response, err := http.Get("http://" + address + "/api%2Fv1/items")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusBadRequest, response.StatusCode, "an escaped slash")
}

// fromYAML reads an Envoy configuration strictly.
func fromYAML(t *testing.T, text string) *bootstrapv3.Bootstrap {
	t.Helper()
	asJSON, err := sigsyaml.YAMLToJSONStrict([]byte(text))
	require.NoError(t, err)
	bootstrap := &bootstrapv3.Bootstrap{}
	require.NoError(t, protojson.Unmarshal(asJSON, bootstrap))
	return bootstrap
}

// service is a cluster called so, of one address.
func service(address string) string {
	host, port, _ := strings.Cut(address, ":")
	return `{name: service, type: STATIC, connect_timeout: 5s, load_assignment: {cluster_name: service, endpoints: [{lb_endpoints: [
  {endpoint: {address: {socket_address: {address: ` + host + `, port_value: ` + port + `}}}}]}]}}`
}
