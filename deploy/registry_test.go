//go:build products

package deploy

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/stretchr/testify/require"
)

// pushed is an image of the filter in a registry of this process.
type pushed struct {
	// repository is registry/name, digest its 64 hexadecimal digits.
	repository, digest string
}

// pushImage packs and pushes the filter by the command that users take.
func pushImage(t *testing.T) pushed {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	wasm, err := filepath.Abs(wasmPath)
	require.NoError(t, err)
	require.FileExists(t, wasm, `run "make build" first`)
	dir := filepath.Join(t.TempDir(), "image")
	run(t, "image", "build", "--wasm", wasm, "--output", dir)
	p := pushed{repository: strings.TrimPrefix(server.URL, "http://") + "/team/gatewarden"}
	out := run(t, "image", "push", p.repository+":test", "--image", dir)
	digest := regexp.MustCompile(`url: oci://` + p.repository + `@sha256:([0-9a-f]{64})\n  sha256: "([0-9a-f]{64})"`).FindStringSubmatch(out)
	require.NotNil(t, digest, out)
	require.Equal(t, digest[1], digest[2])
	p.digest = digest[1]
	return p
}

func run(t *testing.T, args ...string) string {
	t.Helper()
	command := exec.Command("go", append([]string{"run", "."}, args...)...)
	command.Dir = "../cmd/gatewarden"
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// into is the text of a manifest with this image in it, as its comments say to do.
func (p pushed) into(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), noDigest, file)
	return strings.NewReplacer("registry.example.com/gatewarden", p.repository, noDigest, p.digest).Replace(string(text))
}
