package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// run starts the service and Envoy on the ports of envoy.yaml, shows the screen
// and waits until it is told to stop.
func run(ctx context.Context, finder envoy.Finder, configFile string, out io.Writer) error {
	set, err := newSetting(finder.Root, configFile)
	if err != nil {
		return err
	}
	logs, err := openLogs(filepath.Join(finder.Root, "build", "demo"))
	if err != nil {
		return err
	}
	defer logs.close()
	quotas, err := startQuotaService(set.bootstrap, set.config.QuotaService, logs.dir)
	if err != nil {
		return err
	}
	defer quotas.close()
	sayStarting(out)
	begin := time.Now()
	s, err := start(ctx, finder, set.backend, envoy.Options{
		Bootstrap: set.bootstrap, Dir: logs.dir, LogTo: logs.envoy, AccessTo: logs.access,
	})
	if err != nil {
		return err
	}
	defer s.stop()
	say(out, "Ready after %.1f seconds.\n", time.Since(begin).Seconds())
	screen{
		public: s.public, service: s.service.Address, admin: s.envoy.Admin,
		operations: set.operations, token: set.token,
		logs: filepath.Join("build", "demo"), configFile: configFile, config: set.config,
		quotas: quotas.places(),
	}.print(out)
	return attend(ctx, s, out)
}

// setting is what "run" starts.
type setting struct {
	bootstrap *envoy.Bootstrap
	config    *config.Config
	// backend and operations are the addresses of the service and of the operations
	// endpoint, token is that of the latter.
	backend, operations, token string
}

func newSetting(root, configFile string) (*setting, error) {
	plugin := ""
	if configFile != "" {
		text, err := os.ReadFile(configFile)
		if err != nil {
			return nil, err
		}
		plugin = string(text)
	}
	s := &setting{token: rand.Text()}
	var err error
	if s.bootstrap, s.config, err = load(root, plugin); err != nil {
		return nil, err
	}
	hash := sha256.Sum256([]byte(s.token))
	if err := s.bootstrap.Operations(hex.EncodeToString(hash[:])); err != nil {
		return nil, err
	}
	if s.operations, err = s.bootstrap.OperationsAddress(); err != nil {
		return nil, err
	}
	s.backend, err = checkPorts(s.bootstrap, s.operations)
	return s, err
}

// attend waits until the demo is told to stop, or Envoy ends by itself.
func attend(ctx context.Context, s *stack, out io.Writer) error {
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

// sayStarting tells what is being waited for.
func sayStarting(out io.Writer) {
	say(out, "Starting a demo service, and Envoy %s with the filter in front of it.\n"+
		"That takes a second with TinyGo's build of the filter, up to ten with Go's.\n", envoy.Version)
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
