package main

import (
	"context"
	"time"

	"github.com/gatewarden/gatewarden/bench/internal/guests"
)

// readyPart is how long a proxy takes to start, with nothing else to do.
const readyPart = "ready"

// The columns of a module.
const (
	colStart = "start-up in milliseconds"
	colSize  = "module in kilobytes"
)

// starting are the variants whose start matters.
func (b *bench) starting() []variant {
	all := []variant{b.bareEnvoy()}
	for _, c := range b.compilers {
		all = append(all, b.floor(c), b.gatewarden(lockout, "lockout", c, lockoutConfig))
	}
	return all
}

func (b *bench) readyParts() []part {
	var takes time.Duration
	rounds, _ := b.few()
	for _, v := range b.starting() {
		takes += v.startsIn() * time.Duration(rounds)
	}
	return []part{{name: readyPart, about: plural(rounds, "start") + " of each", takes: takes, run: func(ctx context.Context) error {
		for range rounds {
			for _, v := range b.starting() {
				if err := b.measureStart(ctx, v); err != nil {
					return err
				}
			}
		}
		return b.measureSizes()
	}}}
}

func readyRow(v string) string { return readyPart + "/" + v }

func (b *bench) measureStart(ctx context.Context, v variant) error {
	server, err := v.start(1)
	if err != nil {
		return err
	}
	defer server.Stop()
	b.results.Add(readyRow(v.name), colStart, float64(server.Ready)/float64(time.Millisecond))
	used, err := server.Usage()
	b.results.Add(readyRow(v.name), colRSS, float64(used.RSS)/megabyte)
	if err == nil {
		err = ctx.Err()
	}
	return err
}

func (b *bench) measureSizes() error {
	for _, c := range b.compilers {
		for module, row := range map[string]string{guests.HostCalls: rawOf(c), guests.Gatewarden: lockout + "-" + c} {
			size, err := sizeOf(b.modules[module+"-"+c])
			if err != nil {
				return err
			}
			b.results.Add(readyRow(row), colSize, float64(size)/1000)
		}
	}
	return nil
}
