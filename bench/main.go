// Command bench measures what Gatewarden costs, beside what one would otherwise
// take: in one run, interleaved, several rounds. See README.md.
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
	quick    bool
	soak     int64
	lines    int
	out      string
	against  builds
}

// The bounds of a run.
const (
	maxRounds   = 50
	maxDuration = time.Minute
	maxSoak     = 100_000_000
	maxLines    = 100_000_000
)

func main() {
	s, err := parse(os.Args[1:])
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string) (settings, error) {
	s := settings{against: builds{}}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&s.rounds, "rounds", 5, "how often everything is measured")
	flags.DurationVar(&s.duration, "duration", 3*time.Second, "how long each load lasts")
	only := flags.String("only", "", "measure only what has one of these words in its name, separated by commas")
	flags.BoolVar(&s.quick, "quick", false, "a smoke run: that everything works and answers as it should")
	flags.Int64Var(&s.soak, "soak", 300_000, "requests of the soak; 10000000 takes ten minutes")
	flags.IntVar(&s.lines, "lines", 1_000_000, "lines of the log that is simulated; 10000000 take minutes and 1.6 GB of disk")
	flags.Var(s.against, "against", "another build of the filter to compare this one with, go=FILE or tinygo=FILE; may be given for each compiler")
	flags.StringVar(&s.out, "out", "", "the Markdown file to write, with a chart of the same name beside it; without, the report is printed")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if *only != "" {
		s.only = strings.Split(*only, ",")
	}
	if s.quick {
		s.rounds, s.duration, s.soak, s.lines = 1, 300*time.Millisecond, 10_000, 10_000
	}
	switch {
	case flags.NArg() > 0:
		return s, fmt.Errorf("%q is one word too many", flags.Arg(0))
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

// run measures and reports. Nothing is written unless all went well.
func run(ctx context.Context, s settings, progress io.Writer) error {
	b, err := newBench(ctx, s, progress)
	if err != nil {
		return err
	}
	defer b.close()
	begin := time.Now()
	if err := b.measureAll(ctx); err != nil {
		return err
	}
	text, chart := b.write(time.Since(begin))
	if s.out == "" {
		fmt.Print(text)
		return nil
	}
	if err := os.WriteFile(s.out, []byte(text), 0o644); err != nil {
		return err
	}
	return os.WriteFile(chartFile(s.out), []byte(chart), 0o644)
}
