package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/check"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/fleet"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
	"github.com/gatewarden/gatewarden/config"
)

const fleetLong = `Fleet prints the file in which a rate limit service has the limits of a
configuration with "fleet". envoyproxy/ratelimit reads it from its folder of
configurations.

A FILE is what check takes: a plugin configuration, a configuration of Envoy, or
a manifest. "-" is the standard input. If several instances in it share a
domain, for instance one with lockouts and one with quotas, their limits go into
one file.

The file has no secrets, and fleet needs none: a variable from which the
configuration takes a secret need not be set. Give variables that change limits,
such as RATE_LIMIT_REST_FAILURES, the values that they have in Envoy.

Print the file again after each change of a limit, a window, a surface, a quota
or a tier. Until the service has it, the filter logs that the limits differ.`

const fleetExample = `  # The limits for the service that counts for all proxies:
  gatewarden fleet gatewarden.json > ratelimit/config/gatewarden.yaml

  # Those of the instances in Envoy's configuration:
  gatewarden fleet envoy.yaml --env RATE_LIMIT_REST_FAILURES=50`

// fleetFlags are what the command was given.
type fleetFlags struct {
	environment []string
	instance    int
}

func newFleet() *cobra.Command {
	var f fleetFlags
	cmd := &cobra.Command{
		Use:     "fleet [flags] FILE",
		Short:   "Print the limits for the rate limit service of several proxies",
		Long:    fleetLong,
		Example: fleetExample,
		Annotations: exitCodes(
			"0", "the file was printed",
			"2", "the command line or the configuration is unusable, or has no fleet",
		),
		Args: oneFile,
		RunE: func(cmd *cobra.Command, files []string) error { return f.run(cmd, files[0]) },
	}
	cmd.Flags().StringArrayVar(&f.environment, "env", nil,
		"a variable of the VM's environment, as `NAME=value`; overrides the file; may be repeated")
	cmd.Flags().IntVar(&f.instance, "instance", 0, "which instance in the file, counted from 1; without it, all that have a fleet")
	return cmd
}

func oneFile(_ *cobra.Command, files []string) error {
	if len(files) != 1 {
		return errors.New(`fleet needs one file: name it, or "-" for the standard input`)
	}
	return nil
}

func (f *fleetFlags) run(cmd *cobra.Command, file string) error {
	name := displayName(file)
	text, err := readFile(cmd, file)
	if err != nil {
		return err
	}
	found, err := withoutSecrets(text, f.environment)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	all := found.Instances
	if f.instance != 0 {
		if f.instance < 0 || f.instance > len(all) {
			return fmt.Errorf("%s has %d instances of Gatewarden: name one of them with --instance", name, len(all))
		}
		all = all[f.instance-1 : f.instance]
	}
	var configurations []*config.Config
	for _, i := range all {
		if err := unusable(i, name); err != nil {
			return err
		}
		configurations = append(configurations, i.Config)
	}
	domain, err := fleet.New(configurations)
	if err != nil {
		return fmt.Errorf("%s %w", name, err)
	}
	return domain.Write(cmd.OutOrStdout(), check.Printable(name))
}

// withoutSecrets reads a file, and gives variables some value that only secrets can be in:
// those that the filter misses.
func withoutSecrets(text []byte, environment []string) (*instances.File, error) {
	found, err := instances.Read(text, environment)
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, i := range found.Instances {
		if i.Refused == nil {
			continue
		}
		for _, v := range i.Refused.Violations {
			name, ofVariable := strings.CutPrefix(v.Path, "environment ")
			isSet := func(entry string) bool { return strings.HasPrefix(entry, name+"=") }
			if ofVariable && !slices.ContainsFunc(i.Environment, isSet) {
				missing = append(missing, name+"="+instances.Placeholder)
			}
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	return instances.Read(text, append(missing, environment...))
}
