package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/forecast"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/simulate"
	"github.com/gatewarden/gatewarden/config"
)

const simulateLong = `Simulate replays access logs through the filter's own code. It shows which
clients would have been locked out, when, what the quotas would have refused,
and how many of the refused requests had a right credential. It sends nothing
anywhere.

It reads the JSON of envoy.yaml, of Istio and of Envoy Gateway, and the default
texts of Envoy and Istio. From other proxies, it reads the Common and Combined
Log Formats (nginx, Apache, Traefik), the JSON of nginx, Traefik and Caddy,
HAProxy's HTTP format (also by syslog), and the logs of AWS's Application Load
Balancer. It detects the format line by line, and skips lines of error logs.
Logs may be compressed with gzip, zstd or bzip2. Several logs are merged by
time. Rules in shadow mode are simulated as if they were enforced. If a log
lacks something, the result says what was assumed.`

const simulateExample = `  # Which clients would the default limits have locked out?
  gatewarden simulate access.log

  # And mine, with the rotated logs?
  gatewarden simulate --config gatewarden.json access.log access.log.1.gz

  # Which limit stops the guesses, but no honest clients?
  gatewarden simulate --try rest.failures=5,10,20 access.log

  # Does it help to count the same wrong credential once?
  gatewarden simulate --try rest.repeats=count,once access.log

  # Before moving from nginx: what would Gatewarden have done?
  gatewarden simulate nginx.log

  # As a page with charts:
  gatewarden simulate --format html access.log > forecast.html`

// simulateFlags are the flags of simulate.
type simulateFlags struct {
	configs, env, tries, fields []string
	format                      string
	top, hops, instance         int
	window                      time.Duration
	unreadable                  float64
	zone                        string
	asConfigured, quiet         bool
}

func newSimulate() *cobra.Command {
	var f simulateFlags
	c := &cobra.Command{
		Use:     "simulate [flags] LOG...",
		Short:   "Replay access logs and show which clients would have been locked out",
		Long:    simulateLong,
		Example: simulateExample,
		Annotations: exitCodes(
			"0", "the logs were simulated, whatever was found",
			"1", "it was interrupted: the result covers what was read until then",
			"2", "the command line, a configuration or too much of a log is unusable",
		),
		Args: someLogs,
		RunE: func(c *cobra.Command, logs []string) error { return f.run(c, logs) },
	}
	flags := c.Flags()
	flags.StringArrayVarP(&f.configs, "config", "c", nil, "`FILE` with a configuration, as for check; several are compared; without one, the default")
	flags.IntVar(&f.instance, "instance", 0, "which instance in the file, counted from 1, if it has several")
	flags.StringArrayVar(&f.env, "env", nil, "a variable of the VM's environment, as `NAME=value`; overrides the file; may be repeated")
	flags.StringArrayVar(&f.tries, "try", nil, "limits to compare, such as rest.failures=5,10,20 or rest.repeats=count,once; several make a grid")
	flags.StringArrayVar(&f.fields, "field", nil, "the name of a field in the log, such as client=src_ip or header:x-real-ip=real_ip")
	flags.StringVar(&f.format, "format", "text", "text, json or html")
	flags.IntVar(&f.top, "top", 20, "how many clients the text and the page list")
	flags.IntVar(&f.hops, "trusted-hops", 0, "Envoy's xff_num_trusted_hops, for a log that has X-Forwarded-For but no client")
	flags.StringVar(&f.zone, "time-zone", "UTC", "time `ZONE` of a log whose times have none, such as HAProxy's; for example Europe/Berlin")
	flags.DurationVar(&f.window, "window", 10*time.Second, "how far lines may be out of order; at least as long as the longest requests")
	flags.Float64Var(&f.unreadable, "max-unreadable", 1, "the percentage of lines that may be unreadable")
	flags.BoolVar(&f.asConfigured, "as-configured", false, "do not enforce rules in shadow mode")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "show no progress")
	return c
}

func someLogs(_ *cobra.Command, logs []string) error {
	if len(logs) == 0 {
		return errors.New("simulate needs an access log; write for example: gatewarden simulate access.log (or - for standard input)")
	}
	return nil
}

func (f *simulateFlags) run(c *cobra.Command, logs []string) error {
	write, err := f.writer()
	if err != nil {
		return err
	}
	variants, err := f.variants(c)
	if err != nil {
		return err
	}
	fields, err := accesslog.NewFields(f.fields)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(f.zone)
	if err != nil {
		return fmt.Errorf("--time-zone %q is not known; write for example UTC or Europe/Berlin", f.zone)
	}
	fields.SetCredentials(credentialHeaders(variants))
	files, size, err := openLogs(logs, c.InOrStdin())
	if err != nil {
		return err
	}
	defer closeLogs(files)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	parser := &accesslog.Parser{Fields: fields, Hops: f.hops}
	if f.zone != "UTC" {
		parser.Zone = zone
	}
	reader := parser.Open(ctx, files)
	defer reader.Close()
	s := simulate.New(simulate.Options{Variants: variants, Window: f.window.Milliseconds(), AsConfigured: f.asConfigured})
	p := newProgress(c.ErrOrStderr(), f.quiet, size)
	err = readAll(ctx, reader, s, p)
	p.end()
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	result := s.End()
	result.Interrupted = err != nil
	result.Log.Files, result.Log.Counts, result.Log.Problems = logs, reader.Counts(), reader.Problems()
	return f.finish(c, write, result)
}

// credentialHeaders returns the headers that carry a credential in any configuration.
func credentialHeaders(variants []simulate.Variant) (names []string) {
	for _, v := range variants {
		names = append(names, v.Config.Credentials.Headers...)
		if len(v.Config.Credentials.Cookies) > 0 {
			names = append(names, "cookie")
		}
		if len(v.Config.Credentials.WebSocketProtocols) > 0 {
			names = append(names, "sec-websocket-protocol")
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// readAll simulates all records of the reader.
func readAll(ctx context.Context, reader *accesslog.Reader, s *simulate.Simulation, p *progress) error {
	for {
		records, err := reader.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		s.Add(records)
		p.show(reader)
	}
}

// finish writes the result, unless too little of the log could be read.
func (f *simulateFlags) finish(c *cobra.Command, write func(io.Writer, *forecast.Forecast) error, result *forecast.Forecast) error {
	log := &result.Log
	if lines := log.Lines - log.Other; float64(log.Unreadable)*100 > f.unreadable*float64(lines) {
		return tooMuchUnreadable(log)
	}
	if log.Requests == 0 && !result.Interrupted {
		return fmt.Errorf("%s: has no requests", strings.Join(log.Files, ", "))
	}
	if err := write(c.OutOrStdout(), result); err != nil {
		return err
	}
	if result.Interrupted {
		return foundError{exitFound}
	}
	return nil
}

func tooMuchUnreadable(log *forecast.Log) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d lines cannot be read", log.Unreadable, log.Lines)
	for _, p := range log.Problems {
		fmt.Fprintf(&b, "\n  %s:%d: %s", forecast.Plain(p.File), p.Line, p.Why)
	}
	b.WriteString("\nName the log's fields with --field, or allow more with --max-unreadable PERCENT.")
	return errors.New(b.String())
}

// writer returns the function that writes the result in the format asked for.
func (f *simulateFlags) writer() (func(io.Writer, *forecast.Forecast) error, error) {
	if f.top < 1 || f.top > 1000 {
		return nil, errors.New("--top is 1 to 1000")
	}
	if f.window < time.Millisecond || f.window > 10*time.Minute {
		return nil, errors.New("--window is 1ms to 10m")
	}
	if f.hops < 0 || f.hops > 100 {
		return nil, errors.New("--trusted-hops is 0 to 100")
	}
	switch f.format {
	case "text":
		return func(w io.Writer, r *forecast.Forecast) error { return r.WriteText(w, f.top) }, nil
	case "json":
		return func(w io.Writer, r *forecast.Forecast) error { return r.WriteJSON(w) }, nil
	case "html":
		return func(w io.Writer, r *forecast.Forecast) error { return r.WriteHTML(w, f.top) }, nil
	}
	return nil, fmt.Errorf("--format %q is not known; write text, json or html", f.format)
}

// variants returns the configurations to simulate.
func (f *simulateFlags) variants(c *cobra.Command) ([]simulate.Variant, error) {
	var trials []simulate.Trial
	for _, text := range f.tries {
		t, err := simulate.ParseTrial(text)
		if err != nil {
			return nil, err
		}
		trials = append(trials, t)
	}
	bases, err := f.bases(c)
	if err != nil {
		return nil, err
	}
	var all []simulate.Variant
	for _, base := range bases {
		if len(bases) == 1 && len(trials) > 0 {
			base.Name = ""
		}
		grid, err := simulate.Grid(base, trials)
		if err != nil {
			return nil, err
		}
		all = append(all, grid...)
	}
	if len(all) > simulate.MaxVariants {
		return nil, fmt.Errorf("%d configurations are too many at once; compare at most %d", len(all), simulate.MaxVariants)
	}
	return all, nil
}

func (f *simulateFlags) bases(c *cobra.Command) ([]simulate.Variant, error) {
	if len(f.configs) == 0 {
		standard, err := config.Parse(nil, f.env)
		return []simulate.Variant{{Name: "default", Config: standard}}, err
	}
	var bases []simulate.Variant
	for _, name := range f.configs {
		plugin, err := guard(c, name, f.env, f.instance)
		if err != nil {
			return nil, err
		}
		bases = append(bases, simulate.Variant{Name: filepath.Base(name), Config: plugin.Config})
	}
	return bases, nil
}
