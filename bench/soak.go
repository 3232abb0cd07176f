package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatewarden/gatewarden/bench/internal/load"
	"github.com/gatewarden/gatewarden/bench/internal/proxy"
)

// samples is how often a soak looks at the proxy's memory.
const samples = 20

// colSoak holds the samples of a soak in order.
const colSoak = "RSS during the soak"

// soakJobs run Gatewarden for long, once.
func (b *bench) soakJobs() []job {
	if b.soak == 0 {
		return nil
	}
	var jobs []job
	for _, c := range b.compilers {
		v := b.gatewarden("pass", c)
		jobs = append(jobs, job{name: "soak/" + c, rounds: 1, run: func(ctx context.Context, row string) error {
			return b.measureSoak(ctx, v, row)
		}})
	}
	return jobs
}

func (b *bench) measureSoak(ctx context.Context, v variant, row string) error {
	server, err := v.start(1)
	if err != nil {
		return err
	}
	defer server.Stop()
	request := v.request(server)
	if err := errors.Join(v.prove(server), b.warm(request)); err != nil {
		return fmt.Errorf("%w\n%s", err, server.Log())
	}
	shape := saturating
	shape.Requests = max(b.soak/samples, 1)
	begin := time.Now()
	for i := range samples + 1 {
		if i > 0 {
			if _, err := load.Run(request, shape); err != nil {
				return fmt.Errorf("%w\n%s", err, server.Log())
			}
		}
		if err := errors.Join(ctx.Err(), b.sample(server, row)); err != nil {
			return err
		}
		b.say("%s: %d requests, %v, RSS %.1f MB", row, int64(i)*shape.Requests,
			time.Since(begin).Round(time.Second), last(b.results.Values(row, colSoak)))
	}
	return nil
}

func (b *bench) sample(server *proxy.Server, row string) error {
	usage, err := server.Usage()
	b.results.Add(row, colSoak, float64(usage.RSS)/megabyte)
	return err
}

func last(values []float64) float64 { return values[len(values)-1] }

// grown is by how much memory rose after the first half of a soak.
func grown(values []float64) float64 {
	half := len(values) / 2
	highest := values[half]
	for _, v := range values[half:] {
		highest = max(highest, v)
	}
	return highest - values[half]
}
