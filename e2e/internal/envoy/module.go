package envoy

import (
	"fmt"
	"os"
	"path/filepath"
)

// Filter is the Wasm file of the filter.
func Filter(root string) (string, error) {
	return module(root, "GATEWARDEN_WASM", "gatewarden.wasm", "make build")
}

// TrappingFilter is that of a filter that can be made to crash.
func TrappingFilter(root string) (string, error) {
	return module(root, "GATEWARDEN_TRAP_WASM", "gatewarden-trap.wasm", "make test")
}

// module is the file that the environment variable points to, or the one called name
// in the build folder of the repository at root.
func module(root, variable, name, remedy string) (string, error) {
	path := os.Getenv(variable)
	if path == "" {
		path = filepath.Join(root, "build", name)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("there is no filter to test at %s: run %q at the top of the repository, or set %s", path, remedy, variable)
	}
	return path, nil
}
