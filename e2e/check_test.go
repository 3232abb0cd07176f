package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// commandLine builds the command line and returns its path.
func commandLine(t *testing.T) string {
	t.Helper()
	tool := filepath.Join(t.TempDir(), "gatewarden")
	build := exec.Command("go", "build", "-o", tool, ".")
	build.Dir = filepath.Join(root, "cmd", "gatewarden")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return tool
}

// TestCheckAgreesWithEnvoy: whatever the way in which the configuration is handed to
// the filter, "gatewarden check" finds an error exactly when Envoy refuses the listener.
func TestCheckAgreesWithEnvoy(t *testing.T) {
	t.Parallel()
	tool := commandLine(t)
	s := start(t, "", withBootstrap(withoutPlugin))
	const google = "type.googleapis.com/google.protobuf."
	for _, row := range []struct {
		name, part, text string
		fine             bool
	}{
		{"as shipped", "bootstrap", "{}", true},
		{"text", "plugin", `configuration: {"@type": ` + google + `StringValue, value: '{"log": {"per_second": 0}}'}`, false},
		{"bytes", "plugin", `configuration: {"@type": ` + google + `BytesValue, value: eyJhbGxvd19vbl9oZWFkZXJzX3N0b3BfaXRlcmF0aW9uIjp0cnVlfQ==}`, true},
		{"bytes that are no JSON", "plugin", `configuration: {"@type": ` + google + `BytesValue, value: Zm9v}`, false},
		{"struct", "plugin", `configuration: {"@type": ` + google + `Struct, value: {log: {per_second: 5}}}`, false},
		{"number", "plugin", `configuration: {"@type": ` + google + `Int64Value, value: 5}`, false},
		{"environment", "plugin", `vm_config: {environment_variables: {key_values: {RATE_LIMIT_MCP_FAILURES: "5"}}}`, true},
		{"wrong environment", "plugin", `vm_config: {environment_variables: {key_values: {RATE_LIMIT_MCP_FAILURES: five}}}`, false},
		{"another's environment", "plugin", `vm_config: {environment_variables: {key_values: {HOME: /}, host_env_keys: [PATH]}}`, true},
		{"camelCase", "hcm", `{useRemoteAddress: true, use_remote_address: null}`, true},
		{"restricted", "plugin", `capability_restriction_config: {allowed_capabilities: {proxy_log: {}, proxy_on_configure: {}, proxy_on_context_create: {}}}`, false},
		{"not restricted", "plugin", `capability_restriction_config: {allowed_capabilities: {}}`, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			b, err := envoy.Load(filepath.Join(root, "envoy.yaml"))
			require.NoError(t, err)
			require.NoError(t, errors.Join(b.FreePorts(), b.SetWasm(wasmPath)))
			// A VM of the row's own: what belongs to the VM would be that of an earlier row.
			b.Plugin["vm_config"].(envoy.Object)["vm_id"] = row.name
			require.NoError(t, b.Put(row.part, row.text))
			var refused *envoy.Rejected
			if err := s.envoy.Push(t.Context(), b); err != nil {
				require.ErrorAs(t, err, &refused)
			}

			text, err := b.JSON()
			require.NoError(t, err)
			file := filepath.Join(t.TempDir(), "envoy.json")
			require.NoError(t, os.WriteFile(file, text, 0o600))
			said, err := exec.Command(tool, "check", file).Output()
			var exit *exec.ExitError
			require.True(t, err == nil || errors.As(err, &exit), "%v", err)

			assert.Equal(t, row.fine, refused == nil, "Envoy: %v", refused)
			assert.Equal(t, row.fine, err == nil, "check: %s", said)
		})
	}
}
