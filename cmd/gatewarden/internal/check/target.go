package check

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/gatewarden/gatewarden/internal/envoybinary"
	"github.com/gatewarden/gatewarden/internal/envoyversion"
)

// Target is the Envoy that will run what is checked.
type Target struct {
	Envoy envoyversion.Version
	// product brings this Envoy with it, in the version of. Both are zero if only the
	// Envoy is known.
	product *product
	of      envoyversion.Version
	// withoutV8 tells that it cannot run Wasm filters.
	withoutV8 bool
}

// product is one that has an Envoy of its own.
type product struct {
	key, name string
	// envoys are the Envoys of its versions, the oldest version first.
	envoys []brought
}

// brought is the minor version of an Envoy, by the minor version of the product.
type brought struct{ product, envoy uint32 }

var products = []product{
	// https://istio.io/latest/docs/releases/supported-releases/#supported-envoy-versions,
	// and the branches of Envoy that istio/test-infra has istio/proxy follow.
	{"istio", "Istio", []brought{
		{21, 29}, {22, 30}, {23, 31}, {24, 32}, {25, 33}, {26, 34}, {27, 35}, {28, 36}, {29, 37}, {30, 38}, {31, 39},
	}},
	// https://gateway.envoyproxy.io/news/releases/matrix/
	{"envoy-gateway", "Envoy Gateway", []brought{
		{0, 29}, {1, 31}, {2, 32}, {3, 33}, {4, 34}, {5, 35}, {6, 36}, {7, 37}, {8, 38}, {9, 39},
	}},
}

// minor is a version of the first generation, such as 1.36.
func minor(n uint32) envoyversion.Version {
	return envoyversion.Version{Major: 1, Minor: n, Patch: envoyversion.AnyPatch}
}

// NewTarget reads the name of an Envoy: its version, the version of a product that brings
// it, or the path of a program, which it runs.
func NewTarget(ctx context.Context, name string) (*Target, error) {
	if v, ok := envoyversion.Parse(name); ok {
		return &Target{Envoy: v}, nil
	}
	for i := range products {
		if version, found := strings.CutPrefix(name, products[i].key+"-"); found {
			return products[i].target(version)
		}
	}
	return ask(ctx, name)
}

func (p *product) target(version string) (*Target, error) {
	of, ok := envoyversion.Parse(version)
	if ok && of.Major == 1 {
		for _, b := range p.envoys {
			if b.product == of.Minor {
				return &Target{Envoy: minor(b.envoy), product: p, of: of}, nil
			}
		}
	}
	return nil, fmt.Errorf("no Envoy is known here of %s %q, only of 1.%d to 1.%d: write the version that the proxy itself states",
		p.name, version, p.envoys[0].product, p.envoys[len(p.envoys)-1].product)
}

// ask runs the program of an Envoy.
func ask(ctx context.Context, name string) (*Target, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fmt.Errorf("write a version such as %s, istio-1.28, envoy-gateway-1.6, or the path of an Envoy", envoyversion.Oldest)
	}
	said, err := envoybinary.Version(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("it does not run as an Envoy: %w", err)
	}
	v, ok := envoyversion.Parse(said)
	if !ok {
		return nil, fmt.Errorf("it states the version %q, which is none of Envoy", said)
	}
	return &Target{Envoy: v, withoutV8: envoybinary.RunsWasm(ctx, path) != nil}, nil
}

// String names the Envoy.
func (t *Target) String() string {
	name := "Envoy " + t.Envoy.String()
	if t.product == nil {
		return name
	}
	return name + " of " + t.product.name + " " + t.of.String()
}

// update says what to install in its place to have at least a version of Envoy.
func (t *Target) update(wanted envoyversion.Version) string {
	if t.product != nil {
		for _, b := range t.product.envoys {
			if !minor(b.envoy).Before(wanted) {
				return fmt.Sprintf("update %s to %s or later", t.product.name, minor(b.product))
			}
		}
	}
	if wanted.Patch == 0 {
		wanted.Patch = envoyversion.AnyPatch // 1.35 says as much as 1.35.0
	}
	return fmt.Sprintf("update Envoy to %s or later", wanted)
}
