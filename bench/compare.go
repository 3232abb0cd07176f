package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/bench/internal/guests"
	"github.com/gatewarden/gatewarden/bench/internal/report"
)

// A change is held against the build from before it: see README.md.

// comparison is what compare was asked for.
type comparison struct {
	old, new  string
	allowed   float64 // percent
	duration  time.Duration
	rounds    int
	mostTimes int
	only      []string
}

// notCompared is the exit code where something failed; see exitCode for the others.
const notCompared = 3

// The names of the two builds, in the place of compilers.
const oldBuild, newBuild = "old", "new"

func compareCommand(ctx context.Context, args []string, out, progress io.Writer) int {
	c, err := parseComparison(args, progress)
	if err != nil {
		return complain(err, progress, notCompared)
	}
	b, err := newBench(ctx, settings{duration: c.duration, rounds: 1}, progress)
	if err != nil {
		return complain(err, progress, notCompared)
	}
	defer b.close()
	b.modules[guests.Gatewarden+"-"+oldBuild], b.modules[guests.Gatewarden+"-"+newBuild] = c.old, c.new
	decisions, err := b.compare(ctx, c, out)
	if err != nil {
		return complain(err, progress, notCompared)
	}
	return exitCode(decisions)
}

func parseComparison(args []string, usage io.Writer) (comparison, error) {
	var c comparison
	flags := flag.NewFlagSet("bench compare", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&c.old, "old", "", "the module from before the change")
	flags.StringVar(&c.new, "new", "", "the module with it, by the same compiler")
	flags.Float64Var(&c.allowed, "allowed", 3, "how many percent more over bare a request may cost")
	flags.DurationVar(&c.duration, "duration", 3*time.Second, "how long each build is under load in a round")
	flags.IntVar(&c.rounds, "rounds", 9, "rounds before the first decision; as many again follow where it cannot be made")
	flags.IntVar(&c.mostTimes, "times", 3, "how often so many rounds are measured at most")
	only := flags.String("only", "", "only these of "+strings.Join(pathNames(), ", ")+", separated by commas")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	c.only = words(*only)
	for _, file := range []*string{&c.old, &c.new} {
		if _, err := os.Stat(*file); err != nil {
			return c, fmt.Errorf("-old and -new are two modules: %w", err)
		}
		var err error
		if *file, err = filepath.Abs(*file); err != nil { // Envoy has another folder
			return c, err
		}
	}
	switch {
	case flags.NArg() > 0:
		return c, fmt.Errorf("%q is one word too many", flags.Arg(0))
	case c.allowed < 0 || c.duration < 100*time.Millisecond || c.duration > maxDuration:
		return c, fmt.Errorf("-allowed is 0 or more, -duration 100ms to %v", maxDuration)
	case c.rounds < 1 || c.mostTimes < 1 || c.rounds*c.mostTimes > maxStarts:
		return c, fmt.Errorf("-rounds and -times are 1 or more, and their product at most %d", maxStarts)
	}
	for _, name := range c.only {
		if !slices.Contains(pathNames(), name) {
			return c, fmt.Errorf("-only %s is none of %s", name, strings.Join(pathNames(), ", "))
		}
	}
	return c, nil
}

// path is a kind of request that is compared.
type path struct {
	name    string
	bare    func(b *bench) variant
	variant func(b *bench, build string) variant
}

var paths = []path{
	{"lockout", (*bench).bareEnvoy, func(b *bench, build string) variant {
		return b.gatewarden(lockout, "lockout", build, lockoutConfig)
	}},
	{"quota", (*bench).bareEnvoy, func(b *bench, build string) variant {
		return b.withQuotas(oneQuota, "one quota", build, payers(perTenant, 1))
	}},
	{"refused", func(b *bench) variant { return b.direct(bare, "", lockedOut) }, (*bench).refusingLockout},
	{"mcp", func(b *bench) variant { return b.onService(bare, "", mcpCall(1<<10), nil) }, func(b *bench, build string) variant {
		return b.mcpCaller(build, mcpCall(1<<10), listed)
	}},
}

func pathNames() []string {
	var names []string
	for _, p := range paths {
		names = append(names, p.name)
	}
	return names
}

// group is one round of a path. Proxies start anew in each: what one process has of luck
// with its memory, it has in all of its rounds.
func (p path) group(b *bench, duration time.Duration) group {
	old, new := p.variant(b, oldBuild), p.variant(b, newBuild)
	old.raw, new.raw = old.name, old.name
	return group{name: "compare/" + p.name, workers: 1, rounds: 1, each: duration, members: []variant{p.bare(b), old, new}}
}

// compare measures one path after the other, and prints what it found.
func (b *bench) compare(ctx context.Context, c comparison, out io.Writer) (all []decision, err error) {
	head := []string{"request", "old over bare, µs", "new over bare, µs", "new to old", "surely between", "rounds", "it costs"}
	var rows [][]string
	for _, p := range paths {
		if len(c.only) > 0 && !slices.Contains(c.only, p.name) {
			continue
		}
		g := p.group(b, c.duration)
		most := g.takes() * time.Duration(c.rounds)
		b.say("%s: %v, at most %v", p.name, most.Round(time.Second), (most * time.Duration(c.mostTimes)).Round(time.Second))
		d, err := b.comparePath(ctx, c, g)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		old, new := g.row(g.members[1].name), g.row(g.members[2].name)
		ratios := b.results.Values(new, colRatio)
		between := "–"
		if low, high, ok := interval(ratios); ok {
			between = fmt.Sprintf("%.3f and %.3f", low, high)
		}
		rows = append(rows, append([]string{p.name}, b.results.Get(old, colOver).String(), b.results.Get(new, colOver).String(),
			fmt.Sprintf("%.3f", b.results.Get(new, colRatio).Median), between, fmt.Sprint(len(ratios)), d.String()))
		all = append(all, d)
	}
	_, err = fmt.Fprintf(out, "%s\nAllowed is %.3f times the cost of the old build.\n", report.Table(head, rows), c.limit())
	return all, err
}

func (c comparison) limit() float64 { return 1 + c.allowed/100 }

// comparePath measures until the rounds allow a decision, or there are too many.
func (b *bench) comparePath(ctx context.Context, c comparison, g group) (decision, error) {
	for range c.mostTimes {
		for range c.rounds {
			if err := errors.Join(ctx.Err(), b.measureGroup(ctx, g)); err != nil {
				return undecided, err
			}
		}
		if d := decide(b.results.Values(g.row(g.members[2].name), colRatio), c.limit()); d != undecided {
			return d, nil
		}
	}
	return undecided, nil
}

// exitCode is 1 if something costs more, and 2 if that cannot be said of something.
func exitCode(all []decision) int {
	switch {
	case slices.Contains(all, more):
		return 1
	case slices.Contains(all, undecided):
		return 2
	}
	return 0
}
