// Command gatewarden-fleet measures a fleet of three proxies with a real rate limit
// service and a real Redis, and writes the tables of docs/fleet.md.
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

	"github.com/gatewarden/gatewarden/e2e/fleet"
	machinery "github.com/gatewarden/gatewarden/e2e/internal/fleet"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintf(os.Stderr, "gatewarden-fleet: %v\n", err)
		os.Exit(1)
	}
}

// measurement is one of the things to measure.
type measurement struct {
	name string
	run  func(ctx context.Context, m *measuring) (table string, err error)
}

var measurements = []measurement{{"propagation", propagation}, {"faults", faults}, {"load", load}, {"flood", flood}}

// measuring is what measurements need.
type measuring struct {
	lab   *machinery.Lab
	quick bool
	log   io.Writer
}

func (m *measuring) say(format string, args ...any) { _, _ = fmt.Fprintf(m.log, format+"\n", args...) }

func run(ctx context.Context, args []string, log io.Writer) error {
	m := &measuring{log: log}
	flags := flag.NewFlagSet("gatewarden-fleet", flag.ContinueOnError)
	flags.SetOutput(log)
	page := flags.String("out", "", "`page` whose tables are written; without it, they go to the terminal")
	flags.BoolVar(&m.quick, "quick", false, "measure less, to see that it works")
	flags.Usage = func() {
		_, _ = fmt.Fprintf(log, "usage: gatewarden-fleet [flags] [%s]...\n", strings.Join(names(), " | "))
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(flags.Args())
	if err != nil {
		return err
	}
	if m.lab, err = machinery.Open(ctx, 3, 2); err != nil {
		return err
	}
	for _, c := range chosen {
		table, failed := c.run(ctx, m)
		if failed == nil {
			failed = write(*page, fleet.Section{Name: c.name, Text: table})
		}
		if err = failed; err != nil {
			break
		}
	}
	return errors.Join(err, m.lab.Close())
}

func names() (list []string) {
	for _, m := range measurements {
		list = append(list, m.name)
	}
	return list
}

// choose returns the measurements with these names, all of them without any.
func choose(wanted []string) (chosen []measurement, err error) {
	if len(wanted) == 0 {
		return measurements, nil
	}
	for _, name := range wanted {
		found := false
		for _, m := range measurements {
			if m.name == name {
				chosen, found = append(chosen, m), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no measurement %q: there are %s", name, strings.Join(names(), ", "))
		}
	}
	return chosen, nil
}

func write(page string, section fleet.Section) error {
	if page == "" {
		_, err := fmt.Printf("\n## %s\n\n%s", section.Name, section.Text)
		return err
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	now, err := section.Into(string(text))
	if err != nil {
		return err
	}
	return os.WriteFile(page, []byte(now), 0o644)
}
