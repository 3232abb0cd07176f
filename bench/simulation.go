package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gatewarden/gatewarden/bench/internal/report"
	"github.com/gatewarden/gatewarden/bench/internal/traffic"
)

// The columns of what reads a log.
const (
	colLogRate = "lines/s"
	colLogCPU  = "log CPU"
	colLogRSS  = "log RSS"
)

// reader is a program that reads a log to its end. It is proven by what it says.
type reader struct {
	name, label string
	args        []string
	says        func(lines int) string
}

// readers are gatewarden simulate and two that everybody has.
func (b *bench) readers() []reader {
	command := filepath.Join(b.dir, "gatewarden")
	simulate := func(name, label string, flags ...string) reader {
		return reader{
			name: "simulate/" + name, label: label, args: append([]string{command, "simulate"}, flags...),
			says: func(lines int) string { return fmt.Sprintf("%s lines in ", grouped(lines)) },
		}
	}
	var all []reader
	for _, r := range []reader{
		{"simulate/wc", "`wc -l`", []string{"wc", "-l"}, strconv.Itoa},
		{"simulate/jq", "`jq -c 'select(.status == 401)'`, its answers counted", []string{"jq", "-c", "select(.status == 401)"}, nil},
		simulate("one", "`gatewarden simulate`, one configuration"),
		simulate("grid", "`gatewarden simulate`, six at once", "--try", "rest.failures=5,10,20", "--try", "rest.window=1m,5m"),
	} {
		if _, err := exec.LookPath(r.args[0]); err == nil || r.args[0] == command {
			all = append(all, r)
		} else {
			b.say("left out: %s (not on the PATH)", r.args[0])
		}
	}
	return all
}

// simulatePart is all of them.
const simulatePart = "simulate"

// colLines is how many lines the log had.
const colLines = "lines of the log"

func (b *bench) simulateParts() []part {
	if b.lines == 0 {
		return nil
	}
	const perLine = 35 * time.Microsecond // all readers together
	return []part{{name: simulatePart, about: grouped(b.lines) + " lines", takes: time.Duration(b.lines) * perLine, run: func(ctx context.Context) error {
		log, err := b.writeLog(ctx)
		if err != nil {
			return err
		}
		for _, r := range b.readers() {
			if err := b.measureReader(ctx, r, log); err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
		}
		b.results.Add(simulatePart, colLines, float64(b.lines))
		return os.Remove(log)
	}}}
}

// writeLog builds the command and writes the log.
func (b *bench) writeLog(ctx context.Context) (log string, err error) {
	if _, err := b.commandLine(ctx); err != nil {
		return "", err
	}
	log = filepath.Join(b.dir, "access.log")
	file, err := os.Create(log)
	if err != nil {
		return "", err
	}
	if err := traffic.Write(file, b.lines); err != nil {
		_ = file.Close() // what went wrong is known
		return "", err
	}
	return log, file.Close()
}

// measureReader runs a program over the log, whose pages the kernel has.
func (b *bench) measureReader(ctx context.Context, r reader, log string) error {
	cmd := exec.CommandContext(ctx, r.args[0], append(r.args[1:len(r.args):len(r.args)], log)...)
	var out tally
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return err
	}
	took := time.Since(began)
	if r.says != nil && !strings.Contains(out.begin.String(), r.says(b.lines)) || out.size == 0 {
		return fmt.Errorf("it says %q", out.begin.String())
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return fmt.Errorf("the kernel does not say what it took")
	}
	b.results.Add(r.name, colLogRate, float64(b.lines)/took.Seconds())
	b.results.Add(r.name, colLogCPU, float64((cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()).Nanoseconds())/float64(b.lines)/1000)
	b.results.Add(r.name, colLogRSS, float64(usage.Maxrss)*1024/megabyte)
	return nil
}

// tally keeps the begin of what a program says, and its size.
type tally struct {
	begin bytes.Buffer
	size  int
}

func (t *tally) Write(p []byte) (int, error) {
	const most = 1 << 12
	t.begin.Write(p[:min(len(p), most-min(t.begin.Len(), most))])
	t.size += len(p)
	return len(p), nil
}

// grouped writes 1234567 as 1,234,567.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// addSimulation writes what it takes to simulate a log.
func (b *bench) addSimulation(d *document) {
	lines := b.results.Get(simulatePart, colLines).Median
	var rows [][]string
	for _, r := range b.readers() {
		if b.results.Has(r.name, colLogRate) {
			rate := b.results.Get(r.name, colLogRate)
			rows = append(rows, append([]string{r.label, grouped(int(rate.Median)), report.Number(lines / rate.Median)},
				b.cells(r.name, colLogCPU, colLogRSS)...))
		}
	}
	d.section("Simulating a log", fmt.Sprintf(simulateNote, grouped(int(lines))), []string{"program", "lines/s", "seconds", "CPU µs/line", "highest RSS MB"}, rows)
}
