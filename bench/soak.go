package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatewarden/gatewarden/bench/internal/proxy"
)

// samples is how often a soak looks at the proxy's memory.
const samples = 20

// colSoak holds the samples of a soak in order.
const colSoak = "RSS during the soak"

// colSoaked is how many requests there were.
const colSoaked = "requests of the soak"

// soakParts run Gatewarden for long.
func (b *bench) soakParts() []part {
	if b.soak == 0 {
		return nil
	}
	var parts []part
	for _, c := range b.compilers {
		row := "soak/" + c
		v := b.gatewarden(lockout, "lockout", c, lockoutConfig)
		parts = append(parts, part{
			name: row, about: grouped(int(b.soak)) + " requests", takes: time.Duration(b.soak)*fillTime + v.startsIn(),
			run: func(ctx context.Context) error { return b.measureSoak(ctx, v, row) },
		})
	}
	return parts
}

func (b *bench) measureSoak(ctx context.Context, v variant, row string) error {
	server, err := v.start(1)
	if err != nil {
		return err
	}
	defer server.Stop()
	m := &member{variant: v, server: server}
	if err := v.prove(server); err != nil {
		return fmt.Errorf("%w\n%s", err, server.Log())
	}
	shape := saturating
	shape.Requests = max(b.soak/samples, 1)
	begin := time.Now()
	for range samples + 1 {
		if _, err := m.load(shape); err != nil { // the first is to warm up
			return err
		}
		if err := errors.Join(ctx.Err(), b.sample(server, row)); err != nil {
			return err
		}
		b.say("%s: %d requests, %v, RSS %.1f MB", row, m.requests,
			time.Since(begin).Round(time.Second), last(b.results.Values(row, colSoak)))
	}
	b.results.Add(row, colSoaked, float64(samples*shape.Requests))
	return v.confirm(m)
}

func (b *bench) sample(server *proxy.Server, row string) error {
	usage, err := server.Usage()
	b.results.Add(row, colSoak, float64(usage.RSS)/megabyte)
	return err
}

func last[T any](values []T) T { return values[len(values)-1] }

// grown is by how much memory rose after the first half of a soak.
func grown(values []float64) float64 {
	half := len(values) / 2
	highest := values[half]
	for _, v := range values[half:] {
		highest = max(highest, v)
	}
	return highest - values[half]
}
