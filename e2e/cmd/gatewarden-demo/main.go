// Command gatewarden-demo shows Gatewarden at work: a demo service with Envoy
// and the filter in front of it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

const usage = `usage:
  gatewarden-demo run [-config FILE] [-fleet]
                         start the demo service and Envoy; Ctrl-C stops them
  gatewarden-demo attack [-fleet]
                         attack the service and show the lockout as it happens
  gatewarden-demo envoy  find Envoy, or get it, and print where it is

With -fleet, two Envoys count together, by a rate limit service with Redis.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// command returns the exit code: 0 when all went well, 1 when it did not, 2 when
// it was called wrongly.
func command(ctx context.Context, args []string, out, log io.Writer) int {
	err := dispatch(ctx, args, out, log)
	var misuse usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &misuse):
		say(log, "gatewarden-demo: %v\n%s", err, usage)
		return 2
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		say(log, "gatewarden-demo: stopped before it was done\n")
		return 1
	}
	say(log, "gatewarden-demo: %v\n", err)
	return 1
}

// say writes to the terminal. Errors are ignored, because nothing could report them.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// usageError is a mistake in the command line.
type usageError struct{ error }

func dispatch(ctx context.Context, args []string, out, log io.Writer) error {
	if len(args) == 0 {
		return usageError{errors.New("say what to do")}
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() { say(out, "%s", usage) }
	config, inFleet := "", false
	if args[0] == "run" || args[0] == "attack" {
		flags.BoolVar(&inFleet, "fleet", false, "two proxies that count together")
	}
	if args[0] == "run" {
		flags.StringVar(&config, "config", "", "plugin configuration (JSON) in place of the one in envoy.yaml")
	}
	if err := flags.Parse(args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{err}
	}
	if flags.NArg() > 0 {
		return usageError{fmt.Errorf("%q is one word too many", flags.Arg(0))}
	}
	root, err := envoy.Repository()
	if err != nil {
		return err
	}
	finder := envoy.Finder{Root: root, Log: log}
	switch args[0] {
	case "run":
		return run(ctx, finder, config, inFleet, out)
	case "attack":
		return attack(ctx, finder, inFleet, out)
	case "envoy":
		found, err := finder.Find(ctx)
		if err == nil {
			say(out, "%s %s\n", found.Path, found.Image)
		}
		return err
	}
	return usageError{fmt.Errorf("%q is no command", args[0])}
}
