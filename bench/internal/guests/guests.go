// Package guests builds the Wasm modules that are measured.
package guests

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The modules.
const (
	Empty      = "empty"
	HostCalls  = "hostcalls"
	Callbacks  = "callbacks" // HostCalls with three callbacks more
	Gatewarden = "gatewarden"
)

// The compilers.
const (
	Go     = "go"
	TinyGo = "tinygo"
	Rust   = "rust" // of HostCalls alone
)

// Builder builds modules.
type Builder struct {
	Root string // the repository
	Dir  string // where modules go
}

// Compilers returns those of Go that are there: TinyGo maybe, standard Go always.
func Compilers() []string {
	if _, err := exec.LookPath("tinygo"); err != nil {
		return []string{Go}
	}
	return []string{TinyGo, Go}
}

// rustTarget is the name of what Envoy runs.
const rustTarget = "wasm32-wasip1"

// NoRust says why there is no Rust, and how to get it; it is empty where there is.
func NoRust(ctx context.Context) string {
	const how = "; https://rustup.rs and \"rustup target add " + rustTarget + "\", or Debian's cargo and libstd-rust-dev-wasm32, bring both"
	if _, err := exec.LookPath("cargo"); err != nil {
		return "cargo is not on the PATH" + how
	}
	libraries, err := exec.CommandContext(ctx, "rustc", "--print", "target-libdir", "--target", rustTarget).Output()
	if err == nil {
		_, err = os.Stat(strings.TrimSpace(string(libraries)))
	}
	if err != nil {
		return "rustc has no target " + rustTarget + how
	}
	return ""
}

// Build builds a module by a compiler and returns its file.
func (b Builder) Build(ctx context.Context, name, compiler string) (string, error) {
	file := filepath.Join(b.Dir, name+"-"+compiler+".wasm")
	dir, args := filepath.Join(b.Root, "bench", "guest"), []string(nil)
	var environment []string
	switch {
	case compiler == Rust:
		dir, environment = filepath.Join(b.Root, "bench", "guest-rust"), []string{"CARGO_TARGET_DIR=" + b.rustDir()}
		args = []string{"cargo", "build", "--release", "--locked", "--target", rustTarget}
		file = filepath.Join(b.rustDir(), rustTarget, "release", name+".wasm")
	case name == Gatewarden:
		dir, args = b.Root, []string{filepath.Join("scripts", "build-filter"), compiler, file}
	case compiler == TinyGo:
		args = []string{filepath.Join(b.Root, "scripts", "tinygo-build"), file, "", "./" + name}
	default:
		environment = []string{"GOOS=wasip1", "GOARCH=wasm"}
		args = []string{
			"go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", file, "./" + name,
		}
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), environment...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s by %s: %w\n%s", name, compiler, err, out)
	}
	return file, nil
}

func (b Builder) rustDir() string { return filepath.Join(b.Dir, Rust) }
