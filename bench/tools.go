package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gatewarden/gatewarden/bench/internal/guests"
)

// tools is what the machine has to measure.
type tools struct {
	root                         string // the repository
	envoy, nginx, haproxy, redis string // paths; all but Envoy's may be missing
	ratelimit                    string // missing without Redis, too
	noRust                       string // why there is none, if there is none
	commit                       string // what is measured
	missing                      []string
}

func findTools(ctx context.Context) (tools, error) {
	var t tools
	here, err := os.Getwd()
	if err != nil {
		return t, err
	}
	for t.root = here; !exists(filepath.Join(t.root, "envoy.yaml")); t.root = filepath.Dir(t.root) {
		if t.root == filepath.Dir(t.root) {
			return t, fmt.Errorf("there is no envoy.yaml in %s or above: run this in Gatewarden's repository", here)
		}
	}
	if t.envoy, err = findEnvoy(ctx, t.root); err != nil {
		return t, err
	}
	for _, peer := range []struct {
		name string
		path *string
	}{{"nginx", &t.nginx}, {"haproxy", &t.haproxy}, {"redis-server", &t.redis}} {
		if *peer.path, err = exec.LookPath(peer.name); err != nil {
			t.missing = append(t.missing, fmt.Sprintf("%s (not on the PATH)", peer.name))
		}
	}
	if _, err := exec.LookPath("tinygo"); err != nil {
		t.missing = append(t.missing, "builds by TinyGo (tinygo is not on the PATH)")
	}
	if t.noRust = guests.NoRust(ctx); t.noRust != "" {
		t.missing = append(t.missing, "a filter in Rust ("+t.noRust+")")
	}
	t.commit = output("git", "-C", t.root, "describe", "--always", "--dirty", "--exclude=*")
	return t, nil
}

// sizeOf is a file's, in bytes.
func sizeOf(file string) (int64, error) {
	info, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// findEnvoy leaves it to the end-to-end tests to find Envoy, or to get it.
func findEnvoy(ctx context.Context, root string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "run", "./cmd/gatewarden-demo", "envoy")
	cmd.Dir = filepath.Join(root, "e2e")
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("no Envoy: %w\n%s", err, log.String())
	}
	path := strings.TrimSpace(out.String())
	if strings.Contains(path, " ") {
		return "", fmt.Errorf("only a container image of Envoy is to be had (%s), whose CPU cannot be read from here; set ENVOY to a binary", path)
	}
	return path, nil
}

// The version of envoyproxy/ratelimit, which has no releases.
const (
	ratelimitModule  = "github.com/envoyproxy/ratelimit"
	ratelimitVersion = "v1.4.1-0.20260122083618-3fb702589d36"
)

// installRateLimit builds envoyproxy/ratelimit into dir, which takes seconds once
// Go has its parts. Without Redis it is of no use.
func (t *tools) installRateLimit(ctx context.Context, dir string) {
	if t.redis == "" {
		return
	}
	cmd := exec.CommandContext(ctx, "go", "install", ratelimitModule+"/src/service_cmd@"+ratelimitVersion)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOBIN="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.missing = append(t.missing, fmt.Sprintf("%s (%v: %s)", ratelimitModule, err, line(out, nil)))
		return
	}
	t.ratelimit = filepath.Join(dir, "service_cmd")
}
