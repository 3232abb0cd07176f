// Package frameworks tests Gatewarden in a real Envoy, in front of the logins of
// frameworks as they come. docs/frameworks.md has the configurations that it runs,
// and the table that it writes.
package frameworks

import (
	"errors"
	"flag"
	"fmt"
	"testing"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/program"
)

// write makes TestPageIsCurrent write the table: "make frameworks".
var write = flag.Bool("write", false, "write the table in docs/frameworks.md")

var tests = &program.Tests{
	Name: "frameworks", Commands: commands, Remedy: "run scripts/install-frameworks at the top of the repository",
}

func TestMain(m *testing.M) {
	tests.Configure = addListeners
	tests.Main(m)
}

// addListeners gives each variant of each framework a listener.
func addListeners(bootstrap *envoy.Bootstrap) (stop func(), err error) {
	configurations, err := configurations()
	if err != nil {
		return nil, err
	}
	for _, f := range frameworks {
		for _, variant := range f.listeners() {
			if err := addListener(bootstrap, variant, configurations[variant.id]); err != nil {
				return nil, fmt.Errorf("%s: %w", variant.id, err)
			}
		}
	}
	return func() {}, nil
}

func addListener(bootstrap *envoy.Bootstrap, f framework, configuration string) error {
	if configuration == "" {
		return errors.New("docs/frameworks.md has no configuration for it")
	}
	return errors.Join(
		bootstrap.AddCluster(f.id, tests.Programs[f.program].Address),
		bootstrap.AddCopy(f.id, configuration, func(b *envoy.Bootstrap) error {
			b.RouteTo(f.id)
			return nil
		}))
}
