package cli

import (
	"io"
	logger "log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestImageFromModuleToManifest(t *testing.T) {
	dir := t.TempDir()
	wasm, folder := filepath.Join(dir, "x.wasm"), filepath.Join(dir, "image")
	require.NoError(t, os.WriteFile(wasm, []byte("\x00asm\x01\x00\x00\x00"), 0o600))
	code, out, log := run("", "image", "build", "--wasm", wasm, "-o", folder, "--version", "1.0.0", "--revision", "0123456")
	require.Equal(t, exitFine, code, log)
	assert.Contains(t, out, "module  sha256:93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476")
	image := regexp.MustCompile(`image   sha256:([0-9a-f]{64})`).FindStringSubmatch(out)
	require.NotNil(t, image, out)

	server := httptest.NewServer(registry.New(registry.Logger(logger.New(io.Discard, "", 0))))
	defer server.Close()
	repository := strings.TrimPrefix(server.URL, "http://") + "/gatewarden"
	code, out, log = run("", "image", "push", repository+":1.0.0", "--image", folder)
	require.Equal(t, exitFine, code, log)
	assert.Contains(t, out, "pushed "+repository+"@sha256:"+image[1]+"\n")
	assert.Contains(t, out, "  url: oci://"+repository+"@sha256:"+image[1]+"\n")
	assert.Equal(t, 2, strings.Count(out, "  sha256: \""+image[1]+"\"\n"), out)
}

func TestImageMisuse(t *testing.T) {
	noModule := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(noModule, []byte("text"), 0o600))
	for want, args := range map[string][]string{
		"no such file":      {"build", "--wasm", "absent.wasm"},
		"not a Wasm module": {"build", "--wasm", noModule},
		"accepts 1 arg(s)":  {"push"},
		"gatewarden image build": {"push", "registry.example.com/x:1", "--image",
			filepath.Join(t.TempDir(), "absent")},
		"unknown flag": {"build", "--compress"},
	} {
		code, out, log := run("", append([]string{"image"}, args...)...)
		assert.Equal(t, exitMisuse, code, args)
		assert.Empty(t, out, args)
		assert.Contains(t, log, want, args)
	}
}
