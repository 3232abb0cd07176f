package envoybinary

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// program is a script in the place of Envoy.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "envoy")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestVersion(t *testing.T) {
	for script, want := range map[string]string{
		"echo; echo 'envoy  version: 9e5580/1.40.0/Clean/RELEASE/BoringSSL'; echo":    "1.40.0",
		"echo 'envoy  version: 0ebfcfe5b0484b/1.38.3-dev/Modified/RELEASE/BoringSSL'": "1.38.3-dev",
		"echo 'nginx version: nginx/1.26.0'":                                          "",
		"echo 'envoy  version: 9e5580/1.40.0/Clean/RELEASE/BoringSSL'; exit 1":        "",
		"": "",
	} {
		if got, err := Version(t.Context(), program(t, script)); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", script, got, err)
		}
	}
	if _, err := Version(t.Context(), filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("what is not there has a version")
	}
}

// TestRunsWasm: the lines are those of the Python packages of Envoy 1.38.3 and 1.40.0, and
// of an Envoy without any Wasm filter.
func TestRunsWasm(t *testing.T) {
	for script, want := range map[string]error{
		"echo '[warning][wasm] Failed to create Wasm VM using envoy.wasm.runtime.v8 runtime. Envoy was compiled without support for it' >&2; exit 1": ErrWithoutV8,
		`echo "Didn't find a registered implementation for 'probe' with type URL" >&2; exit 1`:                                                       ErrWithoutV8,
		"echo '[error][wasm] Wasm VM failed Missing or unknown Proxy-Wasm ABI version' >&2; exit 1":                                                  nil,
		"exit 1": nil,
	} {
		if err := RunsWasm(t.Context(), program(t, script)); !errors.Is(err, want) {
			t.Errorf("%s: %v", script, err)
		}
	}
	if !json.Valid([]byte(empty)) {
		t.Error("the configuration is not JSON")
	}
}
