package gauntlet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

// Tools are the programs that a run needs.
type Tools struct {
	// Root is the repository, Wasm the filter's module.
	Root, Wasm string
	// Envoys are those with the filter, or with Envoy's own.
	Envoys *envoy.Pool
	// Nginx and HAProxy have no path where they are not installed.
	Nginx, HAProxy Peer
}

// Peer is a program to compare with.
type Peer struct{ Path, Version string }

var versionNumber = regexp.MustCompile(`\d+\.\d+\.\d+`)

// FindPeer looks for a program on the PATH and where Debian puts daemons.
func FindPeer(ctx context.Context, name, versionFlag string) Peer {
	path, err := exec.LookPath(name)
	if err != nil {
		if path, err = exec.LookPath(filepath.Join("/usr/sbin", name)); err != nil {
			return Peer{}
		}
	}
	out, err := exec.CommandContext(ctx, path, versionFlag).CombinedOutput()
	if err != nil {
		return Peer{}
	}
	return Peer{Path: path, Version: versionNumber.FindString(string(out))}
}

// daemon runs a proxy in the foreground until Stop, and waits until address
// takes connections.
func daemon(ctx context.Context, address string, path string, args ...string) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 3 * time.Second
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, err
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	stop = func() { cancel(); <-ended }
	if err := accepting(ctx, address, ended); err != nil {
		stop()
		return nil, fmt.Errorf("%s: %w\n%s", filepath.Base(path), err, said.String())
	}
	return stop, nil
}

func accepting(ctx context.Context, address string, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 20*time.Second, errors.New("20 seconds are over"))
	defer cancel()
	return wait.Until(ctx, "a connection to "+address, func() (bool, error) {
		select {
		case <-ended:
			return false, errors.New("it ended")
		default:
		}
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return false, nil
		}
		return true, c.Close()
	})
}

// freeAddresses are two that nothing listened on a moment ago: these programs
// cannot say which port they got.
func freeAddresses() (h1, h2 string, err error) {
	a, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	b, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", errors.Join(err, a.Close())
	}
	return a.Addr().String(), b.Addr().String(), errors.Join(a.Close(), b.Close())
}

func writeFile(dir, name, text string) (string, error) {
	path := filepath.Join(dir, name)
	return path, os.WriteFile(path, []byte(text), 0o600)
}
