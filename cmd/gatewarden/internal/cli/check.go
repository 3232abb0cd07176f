package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/check"
	"github.com/spf13/cobra"
)

// exitWarned: check found nothing worse than warnings.
const exitWarned = 3

const checkLong = `Check reads configurations and reports what is wrong or dangerous in them: where
it is, why it matters, and what to write instead.

A FILE is a plugin configuration (JSON), a configuration of Envoy (YAML or
JSON), or a manifest for Kubernetes: Istio's WasmPlugin, TrafficExtension and
EnvoyFilter, Envoy Gateway's EnvoyExtensionPolicy, a ConfigMap with an Envoy
configuration in it. "-" is the standard input. Check finds every instance of
the filter in these files, and checks it and Envoy's settings around it.

An error is a setting that the filter's own code refuses, or one that defeats
the filter's purpose. A warning is a setting that works but is dangerous.

With --envoy, check also reports what the Envoy that will run them does not
know, and what Gatewarden misses there. Without it, check assumes an Envoy that
knows every field.

Check does not replace "envoy --mode validate", which also finds mistakes that
only Envoy can see.`

const checkExample = `  # Would the filter take this, and is it safe?
  gatewarden check gatewarden.json

  # What is in Envoy's configuration, with a variable that Envoy will have?
  gatewarden check envoy.yaml --env RATE_LIMIT_MCP_FAILURES=5

  # Does this version of Envoy know all of it, or that of this Istio?
  gatewarden check --envoy 1.36.4 envoy.yaml
  gatewarden check --envoy istio-1.28 envoy.yaml

  # For a program, and for a pipeline that accepts warnings:
  gatewarden check --format json envoy.yaml gatewarden.json
  gatewarden check --allow-warnings - < gatewarden.json`

func newCheck() *cobra.Command {
	var options checkOptions
	cmd := &cobra.Command{
		Use:     "check [flags] FILE...",
		Short:   "Say what is wrong or dangerous in configurations, before they run",
		Long:    checkLong,
		Example: checkExample,
		Annotations: exitCodes(
			"0", "nothing was found",
			"1", "there are errors",
			"2", "the command line is wrong, a file cannot be read, or no file has an instance in it",
			"3", "there are warnings only; 0 with --allow-warnings",
		),
		Args: atLeastOneFile,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"json", "yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, files []string) error { return options.run(cmd, files) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&options.environment, "env", nil,
		"a variable of the VM's environment, as `NAME=value`; overrides the file; may be repeated")
	flags.StringVar(&options.envoy, "envoy", "",
		"the Envoy that will run it: a `VERSION` such as 1.36.4; istio-1.28 or envoy-gateway-1.6 for the Envoy of these; or the path of its program, which check runs")
	flags.StringVar(&options.format, "format", "text", "how to write: text, json, or github for annotations in GitHub Actions")
	flags.BoolVar(&options.allowWarnings, "allow-warnings", false, "exit with 0 if there are only warnings")
	completeValues(cmd, "format", "text", "json", "github")
	return cmd
}

func atLeastOneFile(_ *cobra.Command, files []string) error {
	if len(files) == 0 {
		return errors.New(`check needs a file: name one, or "-" for the standard input`)
	}
	return nil
}

type checkOptions struct {
	envoy         string
	environment   []string
	format        string
	allowWarnings bool
}

func (o *checkOptions) run(cmd *cobra.Command, files []string) error {
	write, err := o.writer(cmd.OutOrStdout())
	if err != nil {
		return err
	}
	for _, entry := range o.environment {
		if name, _, found := strings.Cut(entry, "="); !found || name == "" {
			return fmt.Errorf("--env %s: write NAME=value", entry)
		}
	}
	var result check.Result
	if o.envoy != "" {
		if result.Target, err = check.NewTarget(cmd.Context(), o.envoy); err != nil {
			return fmt.Errorf("--envoy %s: %w", o.envoy, err)
		}
	}
	for _, file := range files {
		text, err := readFile(cmd, file)
		if err != nil {
			return err
		}
		result.File(displayName(file), text, o.environment)
	}
	if result.Instances == 0 && len(result.Findings) == 0 {
		return check.ErrNothing
	}
	if err := write(&result); err != nil {
		return err
	}
	switch {
	case result.Count(check.Error) > 0:
		return foundError{exitFound}
	case result.Count(check.Warning) > 0 && !o.allowWarnings:
		return foundError{exitWarned}
	}
	return nil
}

func (o *checkOptions) writer(out io.Writer) (func(*check.Result) error, error) {
	switch o.format {
	case "text":
		return func(r *check.Result) error { return r.WriteText(out, colourful(out)) }, nil
	case "json":
		return func(r *check.Result) error { return r.WriteJSON(out) }, nil
	case "github":
		return func(r *check.Result) error { return r.WriteGitHub(out) }, nil
	}
	return nil, fmt.Errorf("--format %s is not known: write text, json or github", o.format)
}

// maxFile is far above any configuration that Envoy would take.
const maxFile = 64 << 20

// readFile reads a file, or the standard input for "-".
func readFile(cmd *cobra.Command, name string) ([]byte, error) {
	in := cmd.InOrStdin()
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, unreadable(name, err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	switch {
	case err != nil:
		return nil, unreadable(name, err)
	case len(text) > maxFile:
		return nil, fmt.Errorf("%s is larger than %d MiB: name a configuration", name, maxFile>>20)
	}
	return text, nil
}

func unreadable(name string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err // without the name and the system call
	}
	return fmt.Errorf("%s cannot be read: %w", name, err)
}

func displayName(file string) string {
	if file == "-" {
		return "standard input"
	}
	return file
}
