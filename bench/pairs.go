package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gatewarden/gatewarden/bench/internal/load"
	"github.com/gatewarden/gatewarden/bench/internal/proxy"
)

// The targets are ratios, and a machine's speed can drift by more than they allow
// from one minute to the next. So those of time are measured in pairs: both proxies
// run, short loads go to the one and the other in turn, and each slice gives a
// ratio.
const (
	pairSlices  = 25
	sliceLength = 400 * time.Millisecond
)

// The columns of a pair: ratios of the second to the first, and what they are of.
const (
	colPairCPU  = "CPU per request, ratio"
	colPairRate = "requests per second, ratio"

	colPairFirst  = "CPU per request of the first"
	colPairSecond = "CPU per request of the second"
)

// pair is two variants to be compared, the first of them the measure.
type pair struct{ name, first, second string }

func (b *bench) pairs() []pair {
	var all []pair
	for _, c := range b.compilers {
		all = append(all,
			pair{"pair/pass/" + c, "pass/hostcalls-" + c, "pass/gatewarden-" + c},
			pair{"pair/refuse/" + c, "refuse/bare", "refuse/gatewarden-" + c})
	}
	return slices.Concat(all, b.quotaPairs(), b.mcpPairs(), b.againstPairs())
}

func (b *bench) pairJobs() []job {
	byName := map[string]variant{}
	for _, v := range slices.Concat(b.variants(), b.mcpVariants()) {
		byName[v.name] = v
	}
	var jobs []job
	for _, p := range b.pairs() {
		jobs = append(jobs, job{name: p.name, rounds: 1, run: func(ctx context.Context, row string) error {
			return b.measurePair(ctx, byName[p.first], byName[p.second], row)
		}})
	}
	return jobs
}

func (b *bench) measurePair(ctx context.Context, first, second variant, row string) error {
	sides := [2]variant{first, second}
	var servers [2]*proxy.Server
	for i, v := range sides {
		server, err := v.start(1)
		if err != nil {
			return err
		}
		defer server.Stop()
		if err := errors.Join(v.prove(server), b.warm(v.request(server))); err != nil {
			return fmt.Errorf("%w\n%s", err, server.Log())
		}
		servers[i] = server
	}
	var requests [2]int64
	for n := range b.slices() {
		var results [2]load.Result
		var cpu [2]perRequest
		for turn := range 2 {
			i := (n + turn) % 2 // neither always comes first
			var err error
			if results[i], cpu[i], err = loaded(servers[i], sides[i].request(servers[i]), sliceLoad); err != nil {
				return err
			}
			requests[i] += results[i].Requests
		}
		b.results.Add(row, colPairCPU, cpu[1].all()/cpu[0].all())
		b.results.Add(row, colPairRate, results[1].Rate()/results[0].Rate())
		b.results.Add(row, colPairFirst, cpu[0].all())
		b.results.Add(row, colPairSecond, cpu[1].all())
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return errors.Join(first.confirm(servers[0], requests[0]), second.confirm(servers[1], requests[1]))
}

// slices is how many there are; a smoke run takes few.
func (b *bench) slices() int {
	if b.quick {
		return 2
	}
	return pairSlices
}

// sliceLoad saturates the proxy for a slice.
var sliceLoad = load.Shape{Connections: saturating.Connections, Duration: sliceLength}
