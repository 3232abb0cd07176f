package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// Tests are those of a package that has one Envoy in front of programs. All tests share
// a VM, and so the table and the metrics: the names of surfaces keep them apart.
type Tests struct {
	// Name of the package.
	Name     string
	Commands []Command
	// Remedy says what to do if a program is not there.
	Remedy string
	// Configure changes envoy.yaml when the programs run. It may start more, which stop
	// ends.
	Configure func(b *envoy.Bootstrap) (stop func(), err error)

	// What every test needs; Main finds and starts it.
	Root     string // the repository
	Programs map[string]*Program
	Envoy    *envoy.Process
}

// Main runs the tests from a package's TestMain, and ends the process.
func (s *Tests) Main(m *testing.M) {
	flag.Parse()
	// Most of the time, each test waits for programs and for metrics.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	code, err := s.run(m)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", s.Name, err)
		code = 1
	}
	os.Exit(code)
}

// run fails when something is missing: a test that cannot run has not passed.
func (s *Tests) run(m *testing.M) (code int, err error) {
	if s.Root, err = envoy.Repository(); err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "gatewarden-"+s.Name+"-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s.Programs, err = Set{Root: s.Root, Dir: dir, Remedy: s.Remedy}.Start(s.Commands)
	for _, p := range s.Programs {
		defer p.Stop()
	}
	if err != nil {
		return 0, err
	}
	stop, err := s.startEnvoy(dir)
	if err != nil {
		return 0, err
	}
	defer stop()
	return m.Run(), nil
}

func (s *Tests) startEnvoy(dir string) (stop func(), err error) {
	binary, err := envoy.Finder{Root: s.Root, Log: os.Stderr}.Find(context.Background())
	if err != nil {
		return nil, err
	}
	wasm, err := envoy.Filter(s.Root)
	if err != nil {
		return nil, err
	}
	bootstrap, err := envoy.Load(filepath.Join(s.Root, "envoy.yaml"))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(bootstrap.FreePorts(), bootstrap.SetWasm(wasm)); err != nil {
		return nil, err
	}
	stopMore, err := s.Configure(bootstrap)
	if err != nil {
		return nil, err
	}
	s.Envoy, err = envoy.Start(context.Background(), binary, envoy.Options{Bootstrap: bootstrap, Dir: dir, WorkDir: s.Root})
	if err != nil {
		stopMore()
		return nil, err
	}
	return func() { s.Envoy.Stop(); stopMore() }, nil
}

// Metric reads a series of a surface.
func (s *Tests) Metric(t *testing.T, name, surface string) float64 {
	t.Helper()
	metrics, err := s.Envoy.Metrics(t.Context())
	require.NoError(t, err)
	return metrics.Value(name, "surface="+surface)
}

// AwaitMetric waits until a series of a surface has a value.
func (s *Tests) AwaitMetric(t *testing.T, want float64, name, surface string) {
	t.Helper()
	require.NoError(t, s.Envoy.AwaitMetric(t.Context(), want, name, "surface="+surface))
}
