package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/gatewarden/gatewarden/bench/internal/guests"
	"github.com/gatewarden/gatewarden/bench/internal/proxy"
	"github.com/gatewarden/gatewarden/bench/internal/report"
)

// bench is one run.
type bench struct {
	settings
	progress  io.Writer
	tools     tools
	compilers []string
	modules   map[string]string // "name-compiler" → file
	dir       string
	results   report.Results
	native    []nativeRow
	service   *proxy.Service // behind the proxies that have one
	busy      string         // how busy the machine was before
}

func newBench(ctx context.Context, s settings, progress io.Writer) (*bench, error) {
	// The load leaves a core to the proxy where there are several.
	runtime.GOMAXPROCS(max(1, runtime.NumCPU()-1))
	b := &bench{
		settings: s, progress: progress, compilers: guests.Compilers(), modules: map[string]string{},
		busy: loadAverage(),
	}
	var err error
	if b.tools, err = findTools(ctx); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return nil, err
	}
	if b.service, err = proxy.StartService(mcpAnswer); err != nil {
		b.close()
		return nil, err
	}
	b.tools.installRateLimit(ctx, b.dir)
	for _, missing := range b.tools.missing {
		b.say("left out: %s", missing)
	}
	builder := guests.Builder{Root: b.tools.root, Dir: b.dir}
	for _, name := range []string{guests.Empty, guests.HostCalls, guests.Gatewarden} {
		for _, compiler := range b.compilers {
			m, err := builder.Build(ctx, name, compiler)
			if err != nil {
				b.close()
				return nil, err
			}
			b.modules[name+"-"+compiler] = m.File
		}
	}
	return b, nil
}

func (b *bench) close() {
	_ = os.RemoveAll(b.dir)
	if b.service != nil {
		b.service.Stop()
	}
}

// say tells the terminal; if nobody listens there, nobody can be told.
func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.progress, "bench: "+format+"\n", args...)
}

// job is one measurement of one round.
type job struct {
	// name is the row of its results.
	name string
	// rounds is in how many rounds it runs, 0 for all.
	rounds int
	run    func(ctx context.Context, row string) error
}

// measureAll runs all jobs, round by round. Each round begins with another job,
// so that none always comes first, or always behind the same one.
func (b *bench) measureAll(ctx context.Context) error {
	jobs := b.chosen()
	if len(jobs) == 0 {
		return fmt.Errorf("-only %s chooses nothing", strings.Join(b.only, ","))
	}
	for round := range b.rounds {
		for i := range jobs {
			j := jobs[(i+round*len(jobs)/b.rounds)%len(jobs)]
			if j.rounds > 0 && round >= j.rounds {
				continue
			}
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("stopped before it was done: %w", err)
			}
			b.say("round %d of %d: %s", round+1, b.rounds, j.name)
			if err := j.run(ctx, j.name); err != nil {
				return fmt.Errorf("%s: %w", j.name, err)
			}
		}
	}
	return b.countNative()
}

func (b *bench) chosen() []job {
	var jobs []job
	for _, j := range b.jobs() {
		if b.chooses(j.name) {
			jobs = append(jobs, j)
		}
	}
	return jobs
}

func (b *bench) chooses(name string) bool {
	for _, word := range b.only {
		if strings.Contains(name, word) {
			return true
		}
	}
	return len(b.only) == 0
}

// jobs are all measurements.
func (b *bench) jobs() []job {
	workerCounts := []int{1, 2}
	if b.quick {
		workerCounts = []int{2} // where more can go wrong
	}
	var jobs []job
	for _, v := range b.variants() {
		for _, workers := range workerCounts {
			jobs = append(jobs, job{
				name: rowOf(v.name, workers),
				run:  func(_ context.Context, row string) error { return b.measure(v, workers, row) },
			})
		}
	}
	for _, more := range [][]job{b.pairJobs(), b.surfaceJobs(), b.headerJobs(), b.clientJobs(), b.soakJobs(), b.simulateJobs()} {
		jobs = append(jobs, more...)
	}
	return jobs
}

func rowOf(variant string, workers int) string { return fmt.Sprintf("%s/%d", variant, workers) }
