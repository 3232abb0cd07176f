// Package guests builds the Wasm modules that are measured.
package guests

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Module is a Wasm module by one compiler.
type Module struct{ Name, Compiler, File string }

// The modules.
const (
	Empty      = "empty"
	HostCalls  = "hostcalls"
	Gatewarden = "gatewarden"
)

// Builder builds modules.
type Builder struct {
	Root string // the repository
	Dir  string // where modules go
}

// Compilers returns those that are there: standard Go always, TinyGo maybe.
func Compilers() []string {
	if _, err := exec.LookPath("tinygo"); err != nil {
		return []string{"go"}
	}
	return []string{"go", "tinygo"}
}

// Build builds a module by a compiler.
func (b Builder) Build(ctx context.Context, name, compiler string) (Module, error) {
	file := filepath.Join(b.Dir, name+"-"+compiler+".wasm")
	dir, args := filepath.Join(b.Root, "bench", "guest"), []string(nil)
	var environment []string
	switch {
	case name == Gatewarden:
		dir, args = b.Root, []string{filepath.Join("scripts", "build-filter"), compiler, file}
	case compiler == "tinygo":
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
		return Module{}, fmt.Errorf("building %s by %s: %w\n%s", name, compiler, err, out)
	}
	return Module{Name: name, Compiler: compiler, File: file}, nil
}
