// Package e2e tests Gatewarden in a real Envoy, in front of a real MCP server,
// through HTTP alone. README.md says how to run it.
package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// What every test needs; TestMain finds it.
var (
	root     string       // the repository
	binary   envoy.Binary // Envoy
	wasmPath string       // the filter
)

func TestMain(m *testing.M) {
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	code := m.Run()
	stopStandard()
	os.Exit(code)
}

// prepare fails when something is missing: a test that cannot run has not
// passed.
func prepare() (err error) {
	if root, err = filepath.Abs(".."); err != nil {
		return err
	}
	if wasmPath, err = envoy.Filter(root); err != nil {
		return err
	}
	binary, err = envoy.Finder{Root: root, Log: os.Stderr}.Find(context.Background())
	if err == nil {
		fmt.Fprintf(os.Stderr, "e2e: Envoy from %s, filter %s\n", binary.Source, wasmPath)
	}
	return err
}
