// Command gatewarden-gauntlet attacks Gatewarden, and what would be taken in its
// place, and writes down how many guesses got through.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/gatewarden/gatewarden/e2e/gauntlet"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		say(os.Stderr, "gatewarden-gauntlet: %v\n", err)
		os.Exit(1)
	}
}

// say writes to the terminal. Errors are ignored, because nothing could report them.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

func run(ctx context.Context, args []string, log io.Writer) error {
	game := gauntlet.Game{Sizes: gauntlet.Standard(), Log: log}
	flags := flag.NewFlagSet("gatewarden-gauntlet", flag.ContinueOnError)
	flags.SetOutput(log)
	out := flags.String("out", "", "`file` for the table; without it, the terminal")
	only := flags.String("only", "", "play only the attacks whose name matches this regular `expression`")
	flags.DurationVar(&game.Sizes.Limit.Window, "window", game.Sizes.Limit.Window, "window of the limit, whole seconds")
	flags.IntVar(&game.Sizes.Flood, "flood", game.Sizes.Flood, "addresses in the floods; 1000000 takes far longer")
	flags.IntVar(&game.Sizes.Table, "table", game.Sizes.Table, "clients that each system holds")
	flags.IntVar(&game.AtOnce, "at-once", 3, "systems that are attacked at the same time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	attacks, err := choose(gauntlet.All(game.Sizes), *only)
	if err != nil {
		return err
	}
	if game.Tools, err = tools(ctx, log); err != nil {
		return err
	}
	for _, name := range gauntlet.Missing(game.Tools) {
		say(log, "gatewarden-gauntlet: %s is not installed (on Debian: apt-get install %s); it is left out\n", name, name)
	}
	results, err := game.Play(ctx, attacks)
	err = errors.Join(err, game.Tools.Envoys.Close())
	if len(results) == 0 {
		return err
	}
	return errors.Join(err, write(*out, game, results))
}

func choose(all []gauntlet.Attack, only string) ([]gauntlet.Attack, error) {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return nil, err
	}
	var chosen []gauntlet.Attack
	for _, a := range all {
		if wanted.MatchString(a.Name) {
			chosen = append(chosen, a)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no attack matches %q", only)
	}
	return chosen, nil
}

func tools(ctx context.Context, log io.Writer) (gauntlet.Tools, error) {
	root, err := envoy.Repository()
	if err != nil {
		return gauntlet.Tools{}, err
	}
	wasm := os.Getenv("GATEWARDEN_WASM")
	if wasm == "" {
		wasm = filepath.Join(root, "build", "gatewarden.wasm")
	}
	if wasm, err = filepath.Abs(wasm); err != nil {
		return gauntlet.Tools{}, err
	}
	if _, err := os.Stat(wasm); err != nil {
		return gauntlet.Tools{}, fmt.Errorf(`there is no filter at %s: run "make build"`, wasm)
	}
	binary, err := envoy.Finder{Root: root, Log: log}.Find(ctx)
	if err != nil {
		return gauntlet.Tools{}, err
	}
	return gauntlet.Tools{
		Root: root, Wasm: wasm, Envoys: envoy.NewPool(binary, root, wasm),
		Nginx: gauntlet.FindPeer(ctx, "nginx", "-v"), HAProxy: gauntlet.FindPeer(ctx, "haproxy", "-v"),
	}, nil
}

func write(path string, game gauntlet.Game, results []gauntlet.Result) error {
	var text strings.Builder
	if err := gauntlet.Write(&text, game, results); err != nil {
		return err
	}
	if path == "" {
		_, err := io.WriteString(os.Stdout, text.String())
		return err
	}
	return os.WriteFile(path, []byte(text.String()), 0o644)
}
