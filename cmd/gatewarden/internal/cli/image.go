package cli

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/spf13/cobra"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/image"
)

// imageDir is where the image is unless it is said.
var imageDir = filepath.Join("build", "image")

func newImage() *cobra.Command {
	command := &cobra.Command{
		Use:   "image",
		Short: "Pack the filter as an OCI image, and bring it to a registry",
		Long: `Istio and Envoy Gateway fetch a filter from a container registry. "build" packs
a Wasm module as the kind of image that both of them read, and "push" brings it
to a registry. Neither needs Docker.`,
		Example: `  gatewarden image build --wasm build/gatewarden.wasm --version 1.0.0
  gatewarden image push registry.example.com/gatewarden:1.0.0`,
		Args: cobra.NoArgs,
	}
	command.AddCommand(newImageBuild(), newImagePush())
	return command
}

func newImageBuild() *cobra.Command {
	var wasm, output string
	var a image.Annotations
	command := &cobra.Command{
		Use:   "build",
		Short: "Pack a Wasm module as an OCI image, in a folder",
		Long: `Packs a Wasm module as an OCI image: a folder in the OCI image layout, which
"gatewarden image push" and other tools for images read. The same module,
version and revision make the same image, byte for byte, so that its digest can
be checked by building it again.`,
		Example: `  gatewarden image build --wasm gatewarden.wasm --output build/image`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return buildImage(c, wasm, output, a)
		},
	}
	flags := command.Flags()
	flags.StringVar(&wasm, "wasm", filepath.Join("build", "gatewarden.wasm"), "the module to pack")
	flags.StringVarP(&output, "output", "o", imageDir, "the folder to write")
	flags.StringVar(&a.Version, "version", "", "the release to name in the image")
	flags.StringVar(&a.Revision, "revision", "", "the commit to name in the image")
	return command
}

func buildImage(c *cobra.Command, wasm, output string, a image.Annotations) error {
	module, err := os.ReadFile(wasm)
	if err != nil {
		return err
	}
	img, err := image.Build(module, a)
	if err != nil {
		return fmt.Errorf("%s: %w", wasm, err)
	}
	if err := image.Write(output, img); err != nil {
		return err
	}
	digest, err := img.Digest()
	if err != nil {
		return err
	}
	c.Printf("image   %s   %s\nmodule  sha256:%x   %s, %d bytes\n",
		digest, output, sha256.Sum256(module), wasm, len(module))
	return nil
}

func newImagePush() *cobra.Command {
	var dir string
	command := &cobra.Command{
		Use:   "push REFERENCE",
		Short: "Bring the image to a registry",
		Long: `Brings the image that "gatewarden image build" made to a registry, and prints
what a manifest needs to take exactly this image and no other. Log in before
with "docker login", "podman login" or the like: their credentials are used.`,
		Example: `  gatewarden image push registry.example.com/gatewarden:1.0.0`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			img, err := image.Open(dir)
			if err != nil {
				return fmt.Errorf("no image to push: %w: run \"gatewarden image build\" first, or say --image", err)
			}
			pushed, err := image.Push(c.Context(), args[0], img)
			if err != nil {
				return err
			}
			sayPushed(c, pushed)
			return nil
		},
	}
	command.Flags().StringVar(&dir, "image", imageDir, "the folder that holds the image")
	return command
}

// sayPushed prints the lines for manifests. Both products want the digest of the
// image as sha256, not that of the module. Unquoted, YAML would take some digests for
// numbers.
func sayPushed(c *cobra.Command, pushed name.Digest) {
	hash := pushed.DigestStr()[len("sha256:"):]
	c.Printf(`pushed %s

For Istio (WasmPlugin, TrafficExtension):
  url: oci://%s
  sha256: "%s"
For Envoy Gateway (EnvoyExtensionPolicy):
  url: %s
  sha256: "%s"
`, pushed, pushed, hash, pushed, hash)
}
