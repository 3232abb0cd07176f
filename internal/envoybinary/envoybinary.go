// Package envoybinary asks a program of Envoy which version it is, and whether it can run
// Wasm filters. The command line and the tests use it; the filter does not.
package envoybinary

import (
	"bytes"
	"context"
	_ "embed" // the configuration
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// patience is for a slow machine that reads the program from its disk.
const patience = 30 * time.Second

// Version reads the version out of a line such as
// "envoy  version: 9e5580/1.40.0/Clean/RELEASE/BoringSSL".
func Version(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, lastLine(out))
	}
	parts := strings.Split(string(bytes.TrimSpace(out)), "/")
	if len(parts) < 5 {
		return "", fmt.Errorf("it does not say a version: %s", lastLine(out))
	}
	return parts[len(parts)-4], nil
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// ErrWithoutV8 says that an Envoy cannot run a Wasm filter.
var ErrWithoutV8 = errors.New("it was built without V8, so it cannot run Wasm filters")

// empty is a configuration with a module that has nothing in it.
//
//go:embed empty.json
var empty string

// What Envoy says of the configuration if it cannot run any module. It refuses an empty one
// for another reason if it could run others.
var refusals = []string{
	"Envoy was compiled without support for it", // no V8
	"Didn't find a registered implementation",   // no Wasm filter either
}

// RunsWasm returns ErrWithoutV8 if Envoy says that it cannot run Wasm filters. It opens no
// port. Of a program that says something else, or does not run, it returns nil: to start it
// says more.
func RunsWasm(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// Validation ends with an error in any case.
	out, _ := exec.CommandContext(ctx, path, "--mode", "validate", "--log-level", "warning", "--config-yaml", empty).CombinedOutput()
	for _, refusal := range refusals {
		if bytes.Contains(out, []byte(refusal)) {
			return ErrWithoutV8
		}
	}
	return nil
}
