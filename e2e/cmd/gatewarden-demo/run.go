package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// run starts the service and Envoy on the ports of envoy.yaml, shows the screen
// and waits until it is told to stop.
func run(ctx context.Context, finder envoy.Finder, configFile string, out io.Writer) error {
	plugin := ""
	if configFile != "" {
		text, err := os.ReadFile(configFile)
		if err != nil {
			return err
		}
		plugin = string(text)
	}
	bootstrap, parsed, err := load(finder.Root, plugin)
	if err != nil {
		return err
	}
	backend, err := checkPorts(bootstrap)
	if err != nil {
		return err
	}
	logs, err := openLogs(filepath.Join(finder.Root, "build", "demo"))
	if err != nil {
		return err
	}
	defer logs.close()
	say(out, "Starting Envoy with Gatewarden ...\n")
	s, err := start(ctx, finder, backend, envoy.Options{
		Bootstrap: bootstrap, Dir: logs.dir, LogTo: logs.envoy, AccessTo: logs.access,
	})
	if err != nil {
		return err
	}
	defer s.stop()
	screen{
		public: s.public, service: s.service.Address, admin: s.envoy.Admin,
		logs: logs.dir, configFile: configFile, config: parsed,
	}.print(out)
	select {
	case <-ctx.Done():
		say(out, "\nStopped.\n")
		return nil
	case <-s.envoy.Done():
		how := "exit status 0"
		if err := s.envoy.Err(); err != nil {
			how = err.Error()
		}
		return fmt.Errorf("the proxy has ended: %s; Envoy's log ends with:\n%s", how, s.envoy.Log.Tail(10))
	}
}

// checkPorts returns the address of the service.
func checkPorts(b *envoy.Bootstrap) (backend string, err error) {
	public, err := b.ListenerAddress()
	if err != nil {
		return "", err
	}
	if backend, err = b.Endpoint("service"); err != nil {
		return "", err
	}
	return backend, errors.Join(
		checkPort("Envoy", public),
		checkPort("Envoy's admin endpoint", b.AdminAddress()),
		checkPort("the demo service", backend))
}

// logFiles is where Envoy's logs go, so that they do not push the screen away.
type logFiles struct {
	dir           string
	envoy, access *os.File
}

func openLogs(dir string) (*logFiles, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	l := &logFiles{dir: dir}
	var err error
	if l.envoy, err = os.Create(filepath.Join(dir, "envoy.log")); err != nil {
		return nil, err
	}
	if l.access, err = os.Create(filepath.Join(dir, "access.log")); err != nil {
		_ = l.envoy.Close()
		return nil, err
	}
	return l, nil
}

func (l *logFiles) close() {
	_ = l.envoy.Close()
	_ = l.access.Close()
}
