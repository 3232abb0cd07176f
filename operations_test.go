package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// A module that is built without the operations endpoint has nothing of it, guards as
// ever, and refuses to be the endpoint: it says why, and which module to use.
func TestBuiltWithoutOperations(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gatewarden.wasm")
	environment := append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	run := func(args ...string) string {
		cmd := exec.Command("go", args...)
		cmd.Env = environment
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	const tag = "-tags=gatewarden_no_operations"
	if deps := run("list", "-modfile=wasm.mod", tag, "-deps", "."); strings.Contains(deps, module+"/operations\n") {
		t.Error("the endpoint is compiled in")
	}
	run("build", "-modfile=wasm.mod", tag, "-buildmode=c-shared", "-o", file, ".")
	wasm, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	without, err := wasmhost.Compile(wasm)
	if err != nil {
		t.Fatal(err)
	}
	start := func(configuration string) error {
		proxy, err := without.NewProxy(wasmhost.NewProcess(wasmhost.ProcessOptions{}), wasmhost.Options{PluginConfig: []byte(configuration)})
		if err == nil {
			err = proxy.Close()
		}
		return err
	}
	if err := start(""); err != nil {
		t.Errorf("it does not guard: %v", err)
	}
	const want = "admin: is not in this module, which was built with the tag gatewarden_no_operations; use one that was built without it"
	err = start(`{"admin": {"tokens": [{"id": "alice", "sha256": "` + strings.Repeat("2b", 32) + `"}]}}`)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("as the endpoint: %v, want %q", err, want)
	}
}
