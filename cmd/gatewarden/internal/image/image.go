// Package image makes an OCI image of the filter and brings it to a registry,
// without a container engine.
//
// The image is an artifact in the form of the Wasm image specification, which
// Istio and Envoy Gateway fetch: one layer is the module itself, byte for byte,
// the other says what it is for.
// See https://github.com/solo-io/wasm/blob/master/spec/spec.md#format
package image

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// The media types of the two layers.
const (
	ConfigType types.MediaType = "application/vnd.module.wasm.config.v1+json"
	ModuleType types.MediaType = "application/vnd.module.wasm.content.layer.v1+wasm"
)

// abi is the version of Proxy-Wasm that the filter speaks.
const abi = "0.2.0"

// Annotations say where an image comes from. The keys are those of
// https://specs.opencontainers.org/image-spec/annotations/
type Annotations struct {
	// Version is the release and Revision the commit; either may be empty.
	Version, Revision string
}

// ErrNoModule tells whether bytes are no Wasm module.
var ErrNoModule = errors.New("not a Wasm module: it does not begin with \\0asm and version 1")

// Build makes the image of a module. The same arguments make the same bytes: the image
// does not say when, where or by whom it was built, and nothing is compressed.
func Build(module []byte, a Annotations) (v1.Image, error) {
	// See https://webassembly.github.io/spec/core/binary/modules.html#binary-module
	if !bytes.HasPrefix(module, []byte("\x00asm\x01\x00\x00\x00")) {
		return nil, ErrNoModule
	}
	config, err := json.Marshal(map[string]any{
		"type":        "envoy_proxy",
		"abiVersions": []string{abi},
		"config":      map[string]any{"root_ids": []string{}},
	})
	if err != nil {
		return nil, err
	}
	img := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	img = mutate.ConfigMediaType(img, types.OCIConfigJSON)
	img, err = mutate.Append(img,
		addendum(config, ConfigType, "runtime-config.json"),
		addendum(module, ModuleType, "plugin.wasm"))
	if err != nil {
		return nil, err
	}
	return mutate.Annotations(img, annotations(a)).(v1.Image), nil
}

func addendum(content []byte, mediaType types.MediaType, title string) mutate.Addendum {
	return mutate.Addendum{
		Layer:       static.NewLayer(content, mediaType),
		Annotations: map[string]string{"org.opencontainers.image.title": title},
	}
}

func annotations(a Annotations) map[string]string {
	known := map[string]string{
		"org.opencontainers.image.title":       "gatewarden",
		"org.opencontainers.image.description": "A filter for Envoy and Istio against the guessing of credentials",
		"org.opencontainers.image.source":      "https://github.com/gatewarden/gatewarden",
		"org.opencontainers.image.licenses":    "Apache-2.0",
		"org.opencontainers.image.version":     a.Version,
		"org.opencontainers.image.revision":    a.Revision,
	}
	maps.DeleteFunc(known, func(_, value string) bool { return value == "" })
	return known
}
