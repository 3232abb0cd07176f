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
	"sync"
	"testing"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// write makes TestPageIsCurrent write the table: "make frameworks".
var write = flag.Bool("write", false, "write the table in docs/frameworks.md")

// What every test needs; TestMain finds and starts it.
var (
	root     string
	programs = map[string]*program{}
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
	defer stopPrograms()
	if err := startPrograms(dir); err != nil {
		return 0, err
	}
	if err := startEnvoy(dir); err != nil {
		return 0, err
	}
	defer proxy.Stop()
	return m.Run(), nil
}

// startPrograms starts all of them at once.
func startPrograms(dir string) error {
	var group sync.WaitGroup
	failed := make([]error, len(commands))
	started := make([]*program, len(commands))
	for i, c := range commands {
		group.Go(func() { started[i], failed[i] = c.start(dir) })
	}
	group.Wait()
	for i, c := range commands {
		if failed[i] == nil {
			programs[c.name] = started[i]
		}
	}
	return errors.Join(failed...)
}

func stopPrograms() {
	for _, p := range programs {
		p.stop()
	}
}

// startEnvoy gives each framework a listener with its configuration. They share a
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
	wasm := os.Getenv("GATEWARDEN_WASM")
	if wasm == "" {
		wasm = filepath.Join(root, "build", "gatewarden.wasm")
	}
	if wasm, err = filepath.Abs(wasm); err != nil {
		return nil, err
	}
	if _, err := os.Stat(wasm); err != nil {
		return nil, fmt.Errorf("there is no filter to test at %s: run \"make build\" at the top of the repository, or set GATEWARDEN_WASM", wasm)
	}
	if err := errors.Join(bootstrap.FreePorts(), bootstrap.SetWasm(wasm)); err != nil {
		return nil, err
	}
	configurations, err := configurations()
	if err != nil {
		return nil, err
	}
	for _, f := range frameworks {
		if err := addListener(bootstrap, f, configurations[f.id]); err != nil {
			return nil, fmt.Errorf("%s: %w", f.id, err)
		}
	}
	return bootstrap, nil
}

func addListener(bootstrap *envoy.Bootstrap, f framework, configuration string) error {
	if configuration == "" {
		return errors.New("docs/frameworks.md has no configuration for it")
	}
	other, err := bootstrap.Clone()
	if err != nil {
		return err
	}
	other.Listener["name"] = f.id
	other.SetPluginConfig(configuration)
	other.HCM["route_config"] = envoy.Object{"name": f.id, "virtual_hosts": []any{envoy.Object{
		"name": f.id, "domains": []any{"*"}, "routes": []any{envoy.Object{
			"match": envoy.Object{"prefix": "/"}, "route": envoy.Object{"cluster": f.id},
		}},
	}}}
	return errors.Join(
		bootstrap.AddCluster(f.id, programs[f.program].Address),
		bootstrap.AddListener(other.Listener))
}
