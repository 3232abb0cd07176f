package image

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Write makes dir an OCI image layout that holds img and nothing else. A layout
// that is there already is replaced; a folder that is something else is not.
// See https://specs.opencontainers.org/image-spec/image-layout/
func Write(dir string, img v1.Image) error {
	if err := makeRoom(dir); err != nil {
		return err
	}
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	return path.AppendImage(img)
}

func makeRoom(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "oci-layout")); err != nil {
		return fmt.Errorf("%s holds something else than an image; name a folder that is empty or not there", dir)
	}
	return os.RemoveAll(dir)
}

// Open returns the image that Write put into dir.
func Open(dir string) (v1.Image, error) {
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	if n := len(manifest.Manifests); n != 1 {
		return nil, fmt.Errorf("%s holds %d images, not one", dir, n)
	}
	return index.Image(manifest.Manifests[0].Digest)
}

// Push brings img to a registry under reference, as in registry/repository:tag,
// and returns its name by digest. It uses the credentials that Docker and Podman store.
func Push(ctx context.Context, reference string, img v1.Image) (name.Digest, error) {
	to, err := name.ParseReference(reference)
	if err != nil {
		return name.Digest{}, err
	}
	digest, err := img.Digest()
	if err != nil {
		return name.Digest{}, err
	}
	err = remote.Write(to, img, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	return to.Context().Digest(digest.String()), err
}
