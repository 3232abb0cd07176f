package e2e

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/internal/envoyversion"
)

// versionOf asks the Envoy of a stage for its version.
func versionOf(t *testing.T, s *stage) envoyversion.Version {
	t.Helper()
	response, err := http.Get("http://" + s.envoy.Admin + "/server_info")
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	var info struct{ Version string } // "9e5580/1.40.0/Clean/RELEASE/BoringSSL"
	require.NoError(t, json.NewDecoder(response.Body).Decode(&info))
	parts := strings.Split(info.Version, "/")
	require.Len(t, parts, 5, info.Version)
	version, ok := envoyversion.Parse(parts[1])
	require.True(t, ok, info.Version)
	return version
}

// TestStartSaysWhichEnvoyItIs: once, however many workers there are, and no other line.
func TestStartSaysWhichEnvoyItIs(t *testing.T) {
	s := start(t, "{}", withWorkers(3))
	version := versionOf(t, s)
	want := `\[info\].* gatewarden: started in Envoy ` + regexp.QuoteMeta(version.String()) + `$`
	if version.Before(envoyversion.Oldest) {
		want = `\[warning\].* gatewarden: this is Envoy ` + regexp.QuoteMeta(version.String()) + `, and Gatewarden is tested with Envoy `
	}
	s.get(t) // all workers have started
	lines := s.envoy.Log.Lines("gatewarden: ")
	require.Len(t, lines, 1, lines)
	assert.Regexp(t, want, lines[0])
}

// get waits until the filter has answered a request.
func (s *stage) get(t *testing.T) {
	t.Helper()
	within(t, 10*time.Second, "an answer", func() bool {
		response, err := http.Get("http://" + s.address + "/")
		if err == nil {
			_ = response.Body.Close()
		}
		return err == nil
	})
}

// ofGo are the functions that the runtime of standard Go needs beside those of the filter.
// "gatewarden check" has the same list.
const ofGo = "args_sizes_get fd_prestat_get"

// allBut is a restriction of Envoy to what the filter uses, but some host functions.
func allBut(t *testing.T, missing ...string) option {
	t.Helper()
	allowed := envoy.Object{}
	for _, name := range strings.Fields(ofGo) {
		allowed[name] = envoy.Object{}
	}
	for _, file := range []string{"hostcalls.go", "exports_stdgo.go"} {
		text, err := os.ReadFile(filepath.Join(root, "internal", "proxywasm", file))
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?m)^//go:wasm(?:import \S+|export) (\S+)`).FindAllStringSubmatch(string(text), -1) {
			allowed[m[1]] = envoy.Object{}
		}
	}
	for _, name := range missing {
		require.Contains(t, allowed, name)
		delete(allowed, name)
	}
	return withBootstrap(func(b *envoy.Bootstrap) error {
		b.Plugin["capability_restriction_config"] = envoy.Object{"allowed_capabilities": allowed}
		return nil
	})
}

// TestStartSaysWhatIsMissing: which host functions Envoy does not let the filter call, each
// once in a VM. Shared data, without which the filter does not start, is a row of
// TestCheckAgreesWithEnvoy.
func TestStartSaysWhatIsMissing(t *testing.T) {
	missing := map[string]string{
		"proxy_get_property":                 "the host does not state its version: it has no property xds.node.user_agent_build_version",
		"proxy_define_metric":                "the proxy refuses metrics (proxy_define_metric), the first is gatewarden_",
		"proxy_set_tick_period_milliseconds": "the proxy refuses a timer",
		"random_get":                         "the host gives no random bytes (random_get)",
	}
	s := start(t, "{}", withWorkers(1), allBut(t, slices.Collect(maps.Keys(missing))...))
	for name, want := range missing {
		lines := s.envoy.Log.Lines(want)
		// A VM that checks the configuration, one for the main thread, and one for each worker.
		assert.NotEmpty(t, lines, name)
		assert.LessOrEqual(t, len(lines), 3, lines)
	}
}
