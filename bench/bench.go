package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gatewarden/gatewarden/bench/internal/guests"
	"github.com/gatewarden/gatewarden/bench/internal/proxy"
)

// bench is one run.
type bench struct {
	settings
	keeper
	progress  io.Writer
	tools     tools
	compilers []string
	modules   map[string]string // "name-compiler" → file
	dir       string
	native    []nativeRow
	service   *proxy.Service // behind the proxies that have one
}

// newBench prepares a run; what is measured has to be built, see build.
func newBench(ctx context.Context, s settings, progress io.Writer) (*bench, error) {
	// The load leaves a core to the proxy where there are several.
	runtime.GOMAXPROCS(max(1, runtime.NumCPU()-1))
	b := &bench{settings: s, progress: progress, compilers: guests.Compilers(), modules: map[string]string{}}
	var err error
	if b.tools, err = findTools(ctx); err != nil {
		return nil, err
	}
	if b.keeper, err = openKeeper(s.kept, b.tools.machine()); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return nil, err
	}
	if b.service, err = proxy.StartService(mcpService); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// build builds the modules, into a folder that stays: the filter by TinyGo takes half a
// minute each time that it has changed.
func (b *bench) build(ctx context.Context) error {
	b.tools.installRateLimit(ctx, b.dir)
	for _, missing := range b.tools.missing {
		b.say("left out: %s", missing)
	}
	builder := guests.Builder{Root: b.tools.root, Dir: filepath.Join(b.tools.root, "build", "bench")}
	if err := os.MkdirAll(builder.Dir, 0o755); err != nil {
		return err
	}
	add := func(name, compiler string) (err error) {
		b.modules[name+"-"+compiler], err = builder.Build(ctx, name, compiler)
		return err
	}
	for _, compiler := range b.compilers {
		for _, name := range []string{guests.Empty, guests.HostCalls, guests.Callbacks, guests.Gatewarden} {
			if err := add(name, compiler); err != nil {
				return err
			}
		}
	}
	if b.tools.noRust == "" {
		return add(guests.HostCalls, guests.Rust)
	}
	return nil
}

func (b *bench) close() {
	_ = os.RemoveAll(b.dir)
	if b.service != nil {
		b.service.Stop()
	}
}

// say tells the terminal; if nobody listens there, nobody can be told.
func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.progress, "bench: "+format+"\n", args...)
}
