package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// On a machine that has nothing but a shell, and no package manager that asks nothing,
// "make test" says before anything else what is missing, all of it, and how to get it. What
// it gets itself it does not name.
func TestWhatIsMissingIsNamedAtOnce(t *testing.T) {
	path := t.TempDir()
	for _, tool := range []string{"bash", "dirname", "sed", "sort", "head", "id"} {
		found, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(found, filepath.Join(path, tool)); err != nil {
			t.Fatal(err)
		}
	}
	// A clone in which nothing was got before.
	clone := t.TempDir()
	for _, file := range []string{"scripts/need", "go.mod"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(clone, filepath.Dir(file)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(clone, file), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// Long enough for a busy machine, too short for an installation.
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	bash := filepath.Join(path, "bash")
	need := exec.CommandContext(ctx, bash, "scripts/need", "go", "python", "curl", "node", "java", "chromium", "prometheus", "servers", "redis")
	need.Dir = clone
	need.Env = []string{"PATH=" + path, "HOME=" + t.TempDir()}
	out, err := need.CombinedOutput()
	if err == nil || ctx.Err() != nil {
		t.Fatalf("%v, %v: %s", err, ctx.Err(), out)
	}
	for _, want := range []string{"https://go.dev/dl", "apt-get install python3 python3-venv python3-pip", "apt-get install curl",
		"apt-get install default-jdk-headless maven", "apt-get install chromium", "apt-get install nginx haproxy caddy apache2-bin", "apt-get install redis-server"} {
		if strings.Count(string(out), want) != 1 {
			t.Errorf("it does not say %q once:\n%s", want, out)
		}
	}
	for _, got := range []string{"Node", "Prometheus"} {
		if strings.Contains(string(out), got) {
			t.Errorf("it names %s, which it gets itself:\n%s", got, out)
		}
	}
}

// What a fleet on this machine takes is got, or named, before anything is built.
func TestFleetNamesWhatIsMissingFirst(t *testing.T) {
	for _, target := range []string{"run", "demo"} {
		for _, row := range []struct{ fleet, first string }{{"1", "scripts/need go python redis"}, {"", "scripts/need go python"}} {
			out, err := exec.Command("make", "--dry-run", "--no-print-directory", target, "FLEET="+row.fleet).Output()
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(string(out), "\n")
			if lines[0] != row.first || strings.Contains(string(out), "install-fleet") != (row.fleet != "") || strings.Contains(string(out), "-fleet\n") != (row.fleet != "") {
				t.Errorf("make %s FLEET=%s:\n%s", target, row.fleet, out)
			}
		}
	}
}

// The pictures in README are those that scripts/picture draws.
func TestPictureIsCurrent(t *testing.T) {
	out, err := exec.Command("python3", "scripts/picture", "--check").CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
