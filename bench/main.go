// Command bench measures what Gatewarden costs, beside what one would otherwise
// take, and holds two builds of it against each other. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// settings are the command line.
type settings struct {
	rounds   int
	duration time.Duration
	only     []string
	variants []string
	quick    bool
	soak     int64
	lines    int
	kept     string
	out      string
}

// The bounds of a run.
const (
	maxRounds   = 50
	maxStarts   = 1000 // of a comparison
	maxDuration = time.Minute
	maxSoak     = 100_000_000
	maxLines    = 100_000_000
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// command returns the exit code: 1 if it failed, 2 if it was called wrongly. Those of
// compare are in README.md.
func command(ctx context.Context, args []string, out, progress io.Writer) int {
	if len(args) > 0 && args[0] == "compare" {
		return compareCommand(ctx, args[1:], out, progress)
	}
	s, err := parse(args, progress)
	if err != nil {
		return complain(err, progress, 2)
	}
	if err := run(ctx, s, out, progress); err != nil {
		return complain(err, progress, 1)
	}
	return 0
}

// complain says what went wrong, and returns the exit code for that.
func complain(err error, progress io.Writer, code int) int {
	if !errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintln(progress, "bench:", err)
	}
	return code
}

func parse(args []string, usage io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.IntVar(&s.rounds, "rounds", 9, "rounds of each group; some take fewer")
	flags.DurationVar(&s.duration, "duration", 3*time.Second, "how long each variant is under load in a round; in some groups less")
	only := flags.String("only", "", "measure only the parts that have one of these words in their name, separated by commas")
	variants := flags.String("variants", "", "of each group, measure only the variants that have one of these words in their name, and what they are compared with")
	flags.BoolVar(&s.quick, "quick", false, "a smoke run: that everything works and answers as it should")
	flags.Int64Var(&s.soak, "soak", 0, "requests of the soak; 10000000 takes ten minutes for each compiler")
	flags.IntVar(&s.lines, "lines", 1_000_000, "lines of the log that is simulated; 10000000 take minutes and 1.6 GB of disk")
	flags.StringVar(&s.kept, "results", "", "a file that keeps the results, for the report to have those of other runs, too")
	flags.StringVar(&s.out, "out", "", "the Markdown file to write, with a chart of the same name beside it; without, the report is printed")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.only, s.variants = words(*only), words(*variants)
	if s.quick {
		s.rounds, s.duration, s.soak, s.lines = 2, 200*time.Millisecond, 10_000, 10_000
	}
	switch {
	case flags.NArg() > 0:
		return s, fmt.Errorf("%q is one word too many", flags.Arg(0))
	case s.kept != "" && s.variants != nil:
		return s, errors.New("-variants is to look at some alone; what is kept in -results is of whole groups")
	case s.rounds < 1 || s.rounds > maxRounds:
		return s, fmt.Errorf("-rounds is 1 to %d", maxRounds)
	case s.duration < 100*time.Millisecond || s.duration > maxDuration:
		return s, fmt.Errorf("-duration is 100ms to %v", maxDuration)
	case s.soak < 0 || s.soak > maxSoak:
		return s, fmt.Errorf("-soak is 0 to %d", maxSoak)
	case s.lines < 0 || s.lines > maxLines:
		return s, fmt.Errorf("-lines is 0 to %d", maxLines)
	}
	return s, nil
}

func words(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// run measures and reports. The report is written only if all went well.
func run(ctx context.Context, s settings, out, progress io.Writer) error {
	b, err := newBench(ctx, s, progress)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.build(ctx); err != nil {
		return err
	}
	if err := b.measureAll(ctx); err != nil {
		return err
	}
	text, chart := b.write()
	if s.out == "" {
		_, err := fmt.Fprint(out, text)
		return err
	}
	if err := os.WriteFile(s.out, []byte(text), 0o644); err != nil {
		return err
	}
	return os.WriteFile(chartFile(s.out), []byte(chart), 0o644)
}
