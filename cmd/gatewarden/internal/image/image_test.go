package image

import (
	"bytes"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var module = append([]byte("\x00asm\x01\x00\x00\x00"), bytes.Repeat([]byte("code"), 1000)...)

func build(t *testing.T, a Annotations) v1.Image {
	t.Helper()
	img, err := Build(module, a)
	require.NoError(t, err)
	return img
}

func digest(t *testing.T, img v1.Image) string {
	t.Helper()
	d, err := img.Digest()
	require.NoError(t, err)
	return d.String()
}

// The digest is written down, so that a new version of a library which would make
// other bytes of the same module is seen.
func TestSameArgumentsMakeTheSameBytes(t *testing.T) {
	a := Annotations{Version: "1.0.0", Revision: "0123456"}
	const want = "sha256:07787cef1f9743ac990bf16fd095cf687d5d33c420450cec5f847d2656409c6e"
	assert.Equal(t, want, digest(t, build(t, a)))
	assert.Equal(t, want, digest(t, build(t, a)))
	assert.NotEqual(t, want, digest(t, build(t, Annotations{Version: "1.0.1", Revision: "0123456"})))
}

func TestImageSaysWhatItIs(t *testing.T) {
	manifest, err := build(t, Annotations{Version: "1.0.0"}).Manifest()
	require.NoError(t, err)
	assert.Equal(t, "1.0.0", manifest.Annotations["org.opencontainers.image.version"])
	assert.Equal(t, "Apache-2.0", manifest.Annotations["org.opencontainers.image.licenses"])
	assert.NotContains(t, manifest.Annotations, "org.opencontainers.image.revision", "what is not known is not there")
	require.Len(t, manifest.Layers, 2)
	assert.Equal(t, ConfigType, manifest.Layers[0].MediaType)
	assert.Equal(t, ModuleType, manifest.Layers[1].MediaType)
}

// What is pushed from a folder comes back from a registry as it was.
func TestModuleComesBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "image")
	img := build(t, Annotations{})
	require.NoError(t, Write(dir, img))
	opened, err := Open(dir)
	require.NoError(t, err)
	assert.Equal(t, digest(t, img), digest(t, opened))

	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	pushed, err := Push(t.Context(), strings.TrimPrefix(server.URL, "http://")+"/team/gatewarden:1.0", opened)
	require.NoError(t, err)
	assert.Equal(t, digest(t, img), pushed.DigestStr())
	for _, reference := range []string{pushed.String(), pushed.Context().Tag("1.0").String()} {
		assert.Equal(t, module, pull(t, reference), reference)
	}
}

func pull(t *testing.T, reference string) []byte {
	t.Helper()
	from, err := name.ParseReference(reference)
	require.NoError(t, err)
	img, err := remote.Image(from)
	require.NoError(t, err)
	layers, err := img.Layers()
	require.NoError(t, err)
	content, err := layers[1].Compressed() // the layer as it is
	require.NoError(t, err)
	defer content.Close()
	got, err := io.ReadAll(content)
	require.NoError(t, err)
	return got
}

func TestBuildWantsAModule(t *testing.T) {
	for _, content := range []string{"", "\x00asm", "\x00asm\x0d\x00\x01\x00", "#!/bin/sh"} {
		_, err := Build([]byte(content), Annotations{})
		assert.ErrorIs(t, err, ErrNoModule, "%q", content)
	}
}

func TestWriteReplacesImagesAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, Write(dir, build(t, Annotations{})))
	other := build(t, Annotations{Version: "2"})
	require.NoError(t, Write(dir, other))
	opened, err := Open(dir)
	require.NoError(t, err)
	assert.Equal(t, digest(t, other), digest(t, opened))

	precious := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(precious, nil, 0o600))
	assert.ErrorContains(t, Write(filepath.Dir(precious), other), "something else")
	assert.FileExists(t, precious)
}

func TestOpenWantsOneImage(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "absent"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestPushSaysWhatIsWrong(t *testing.T) {
	_, err := Push(t.Context(), "not a reference", build(t, Annotations{}))
	assert.ErrorContains(t, err, "not a reference")
	_, err = Push(t.Context(), "127.0.0.1:1/gatewarden", build(t, Annotations{}))
	assert.ErrorContains(t, err, "refused")
}
