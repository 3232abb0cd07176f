// Package frameworks tests Gatewarden in a real Envoy, in front of the logins of
// frameworks as they come. docs/frameworks.md has the configurations that it runs,
// and the table that it writes.
package frameworks

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/program"
)

// write makes TestPageIsCurrent write the table: "make frameworks".
var write = flag.Bool("write", false, "write the table in docs/frameworks.md")

// What every test needs; TestMain finds and starts it.
var (
	root     string
	programs map[string]*program.Program
	proxy    *envoy.Process
)

func TestMain(m *testing.M) {
	flag.Parse()
	// Most of the time, the tests of one framework wait for it.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "frameworks:", err)
		code = 1
	}
	os.Exit(code)
}

// run fails when something is missing: a test that cannot run has not passed.
func run(m *testing.M) (code int, err error) {
	if root, err = filepath.Abs("../.."); err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "gatewarden-frameworks-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	set := program.Set{Root: root, Dir: dir, Remedy: "run scripts/install-frameworks at the top of the repository"}
	programs, err = set.Start(commands)
	for _, p := range programs {
		defer p.Stop()
	}
	if err != nil {
		return 0, err
	}
	if err := startEnvoy(dir); err != nil {
		return 0, err
	}
	defer proxy.Stop()
	return m.Run(), nil
}

// startEnvoy gives each variant of each framework a listener. They share a
// VM, and so the table and the metrics: the surfaces' names keep them apart.
func startEnvoy(dir string) error {
	binary, err := envoy.Finder{Root: root, Log: os.Stderr}.Find(context.Background())
	if err != nil {
		return err
	}
	bootstrap, err := bootstrapOf()
	if err != nil {
		return err
	}
	proxy, err = envoy.Start(context.Background(), binary, envoy.Options{Bootstrap: bootstrap, Dir: dir, WorkDir: root})
	return err
}

func bootstrapOf() (*envoy.Bootstrap, error) {
	bootstrap, err := envoy.Load(filepath.Join(root, "envoy.yaml"))
	if err != nil {
		return nil, err
	}
	wasm, err := envoy.Filter(root)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(bootstrap.FreePorts(), bootstrap.SetWasm(wasm)); err != nil {
		return nil, err
	}
	configurations, err := configurations()
	if err != nil {
		return nil, err
	}
	for _, f := range frameworks {
		for _, variant := range f.listeners() {
			if err := addListener(bootstrap, variant, configurations[variant.id]); err != nil {
				return nil, fmt.Errorf("%s: %w", variant.id, err)
			}
		}
	}
	return bootstrap, nil
}

func addListener(bootstrap *envoy.Bootstrap, f framework, configuration string) error {
	if configuration == "" {
		return errors.New("docs/frameworks.md has no configuration for it")
	}
	return errors.Join(
		bootstrap.AddCluster(f.id, programs[f.program].Address),
		bootstrap.AddCopy(f.id, configuration, func(b *envoy.Bootstrap) error {
			b.RouteTo(f.id)
			return nil
		}))
}
