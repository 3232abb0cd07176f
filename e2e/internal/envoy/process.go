package envoy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/child"
	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

// Options say how to start Envoy.
type Options struct {
	Bootstrap *Bootstrap
	// Dir is where Envoy's files go; it must exist.
	Dir string
	// WorkDir is the working directory, for relative paths in Bootstrap.
	WorkDir string
	// Workers is the number of worker threads; 0 means 2.
	Workers int
	// Dynamic makes Envoy take the listeners and clusters of Bootstrap from files, so that
	// [Process.Push] can replace them.
	Dynamic bool
	// DrainSeconds is how long old listeners and filter chains serve on when there are
	// new ones; 0 means 1.
	DrainSeconds int
	// HotRestart are the arguments with which this process and another take over
	// from each other; without any, Envoy cannot.
	HotRestart []string
	// LogTo and AccessTo, if set, get what Log and Access get.
	LogTo, AccessTo io.Writer
}

// Process is a running Envoy.
type Process struct {
	// Admin is the address of the admin endpoint, host:port.
	Admin string
	// Log is Envoy's own log (stderr), Access the access log (stdout).
	Log, Access *Log

	child *child.Process

	dynamic *dynamic
	workers int
	// What a Pool needs: the folder of the files, and how many VMs there are when
	// nobody uses it.
	dir string
	vms uint64
}

// logLimit is far more than any test writes, so that nothing a test counts is
// dropped, and a demo that runs for weeks does not eat the machine.
const logLimit = 64 << 20

// Start starts Envoy and returns when it is ready to serve. The process ends
// with Stop, or with the program that started it.
func Start(ctx context.Context, bin Binary, o Options) (*Process, error) {
	p := &Process{Log: NewLog(logLimit), Access: NewLog(logLimit), workers: o.Workers, dir: o.Dir}
	config := filepath.Join(o.Dir, "bootstrap.json")
	text, err := p.configuration(o)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(config, text, 0o644); err != nil {
		return nil, err
	}
	addressFile := filepath.Join(o.Dir, "admin-address.txt")
	if err := os.Remove(addressFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	wasm := o.Bootstrap.Wasm()
	if !filepath.IsAbs(wasm) {
		wasm = filepath.Join(o.WorkDir, wasm)
	}
	cmd := bin.command(o.Dir, []string{wasm}, arguments(config, addressFile, o))
	cmd.Dir = o.WorkDir
	cmd.Stdout, cmd.Stderr = both(p.Access, o.AccessTo), both(p.Log, o.LogTo)
	if p.child, err = child.Start(cmd, syscall.SIGTERM); err != nil {
		return nil, fmt.Errorf("%s: %w", bin.Source, err)
	}
	if err := p.awaitReady(ctx, addressFile); err != nil {
		p.Stop()
		return nil, fmt.Errorf("%w\nEnvoy's log ends with:\n%s", err, p.Log.Tail(30))
	}
	return p, nil
}

// configuration is what Envoy starts with, in JSON.
func (p *Process) configuration(o Options) (text []byte, err error) {
	if !o.Dynamic {
		return o.Bootstrap.JSON()
	}
	if p.dynamic, err = newDynamic(o.Dir, o.Bootstrap); err != nil {
		return nil, err
	}
	return p.dynamic.bootstrap(o.Bootstrap).JSON()
}

func arguments(config, addressFile string, o Options) []string {
	restart := o.HotRestart
	if restart == nil {
		restart = []string{"--disable-hot-restart"} // several Envoys may run beside each other
	}
	return append([]string{
		"--config-path", config,
		"--concurrency", strconv.Itoa(cmp.Or(o.Workers, 2)),
		"--admin-address-path", addressFile,
		// Without the long list of all extensions at every start.
		"--component-log-level", "main:warning",
		// What was written shows at once instead of after ten seconds.
		"--file-flush-interval-msec", "50",
		// Old listeners and filter chains make room for new ones quickly.
		"--drain-time-s", strconv.Itoa(cmp.Or(o.DrainSeconds, 1)),
	}, restart...)
}

func both(log *Log, other io.Writer) io.Writer {
	if other == nil {
		return log
	}
	return io.MultiWriter(log, other)
}

func (p *Process) awaitReady(ctx context.Context, addressFile string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*time.Minute, errors.New("it was not ready within two minutes"))
	defer cancel()
	return wait.Until(ctx, "Envoy to be ready", func() (bool, error) {
		select {
		case <-p.Done():
			return false, fmt.Errorf("it ended: %w", p.Err())
		default:
		}
		if p.Admin == "" {
			address, _ := os.ReadFile(addressFile) // absent until Envoy writes it
			if _, _, err := net.SplitHostPort(string(address)); err != nil {
				return false, nil
			}
			p.Admin = string(address)
		}
		body, err := p.get(ctx, "/ready")
		return err == nil && strings.HasPrefix(string(body), "LIVE"), nil
	})
}

// Done is closed when Envoy has ended, for whatever reason.
func (p *Process) Done() <-chan struct{} { return p.child.Done() }

// Err says how Envoy ended; only after Done.
func (p *Process) Err() error { return p.child.Err() }

// Stop ends Envoy, first politely, and waits until it is gone.
func (p *Process) Stop() { p.child.Stop() }
