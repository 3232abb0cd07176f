// Package e2e tests Gatewarden in a real Envoy, in front of a real MCP server,
// through HTTP alone. README.md says how to run it.
package e2e

import (
	"context"
	"flag"
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
	pool     *envoy.Pool  // Envoys that tests use one after the other
)

func TestMain(m *testing.M) {
	flag.Parse()
	// Most of the time, tests wait: for windows to end, for metrics, for the pool.
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	code := m.Run()
	stopStandard()
	if err := pool.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
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
		pool = envoy.NewPool(binary, root, wasmPath)
		fmt.Fprintf(os.Stderr, "e2e: Envoy from %s, filter %s\n", binary.Source, wasmPath)
	}
	return err
}
