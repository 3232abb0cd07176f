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
		Short: "Check, simulate and explain Gatewarden, the filter for Envoy and Istio",
		Args:  cobra.NoArgs,
		// Errors are written by Run, and a mistake in a file is none in the usage.
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(newToken())
	return root
}
