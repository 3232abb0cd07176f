// Package cli is the command line: it reads arguments, asks the packages that do
// the work, and turns what they say into text and exit codes. Each command has a
// file of its own.
package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// The exit codes of all commands.
const (
	// exitFine: nothing was found.
	exitFine = 0
	// exitFound: what was asked for was done, and found wrong.
	exitFound = 1
	// exitMisuse: it could not be done, because the command line or a file it
	// names is unusable.
	exitMisuse = 2
)

// Run runs the command line and returns its exit code.
func Run(args []string, in io.Reader, out, log io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(log)
	err := root.Execute()
	var found foundError
	switch {
	case err == nil:
		return exitFine
	case errors.As(err, &found):
		return found.code
	}
	_, _ = fmt.Fprintf(log, "gatewarden: %v\n", err)
	return exitMisuse
}

// foundError ends a command that has said what it found.
type foundError struct{ code int }

func (e foundError) Error() string { return fmt.Sprintf("exit %d", e.code) }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "gatewarden",
		Short: "Install, check, simulate and explain Gatewarden, the filter for Envoy and Istio",
		Long: `Gatewarden is a filter for Envoy and Istio that stops credential guessing and
enforces rate limits per plan. This is its command line: it runs beside the
filter, never handles traffic, and decides by the filter's own code.`,
		Example: `  # Add the filter to this configuration of Envoy:
  gatewarden add envoy.yaml > envoy-guarded.yaml

  # Is this configuration right, and is it safe?
  gatewarden check envoy.yaml

  # Which clients would these limits have locked out yesterday?
  gatewarden simulate --config gatewarden.json access.log

  # What becomes of this request, and why?
  gatewarden explain -c gatewarden.json https://api.example.com/api/v1/items`,
		Annotations: exitCodes(
			"0", "nothing was found",
			"1", "the command ran and found something wrong",
			"2", "the command line or a file is unusable",
		),
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		// Run writes errors, and a mistake in a file is not a mistake in the usage.
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
	}
	root.Version = version()
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetUsageTemplate(usage)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w: see %q", err, cmd.CommandPath()+" --help")
	})
	root.AddCommand(
		newAdd(),
		newCheck(),
		newExplain(),
		newFleet(),
		newImage(),
		newSimulate(),
		newToken(),
		newVersion(),
	)
	return root
}

// knownCommand refuses arguments of the root, which are mistyped commands.
func knownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := fmt.Sprintf("see %q", root.Name()+" --help")
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("did you mean %q?", near[0])
	}
	return fmt.Errorf("%q is not a command: %s", args[0], hint)
}
