package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// part is what can be measured alone. Its results are in rows whose names begin with its
// own, and replace those that it had before.
type part struct {
	name string
	// about is how it is measured, and takes how long that is.
	about string
	takes time.Duration
	run   func(ctx context.Context) error
}

// parts are all of them, in the order in which they are measured.
func (b *bench) parts() []part {
	var all []part
	for _, g := range b.groups() {
		if g = g.only(b.variants); len(g.members) == 0 {
			continue
		}
		all = append(all, part{
			name: g.name, about: fmt.Sprintf("%s of %v", plural(g.rounds, "round"), g.each), takes: g.takes(),
			run: func(ctx context.Context) error { return b.measureGroup(ctx, g) },
		})
	}
	for _, more := range [][]part{b.readyParts(), b.sizeParts(), b.soakParts(), b.simulateParts()} {
		all = append(all, more...)
	}
	return all
}

// groups are those parts that compare variants under the same load.
func (b *bench) groups() []group {
	var all []group
	for _, some := range [][]group{
		b.passGroups(), b.refuseGroups(), b.otherGroups(), b.mcpGroups(), b.fleetGroups(), b.growthGroups(),
	} {
		all = append(all, some...)
	}
	return all
}

// measureAll measures the parts that were asked for, and keeps the results of each as
// soon as it is done.
func (b *bench) measureAll(ctx context.Context) error {
	parts, takes := b.chosen()
	if len(parts) == 0 && !b.chooses(nativePart) {
		return fmt.Errorf("-only %s chooses nothing", strings.Join(b.only, ","))
	}
	b.say("this takes about %v", takes.Round(time.Second))
	for i, p := range parts {
		b.say("%d of %d: %s, about %v", i+1, len(parts), p.name, p.takes.Round(time.Second))
		began := time.Now()
		busy := loadAverage()
		b.results.Drop(p.name)
		if err := p.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("stopped before it was done: %w", err)
		}
		if err := b.keep(p.name, measured{
			At: began.UTC().Format("2006-01-02 15:04"), Took: time.Since(began).Round(time.Second).String(),
			About: p.about, Busy: busy, Commit: b.tools.commit, Quick: b.quick,
		}); err != nil {
			return err
		}
	}
	return b.countNative()
}

// chosen are the parts that were asked for, and how long they take.
func (b *bench) chosen() (parts []part, takes time.Duration) {
	for _, p := range b.parts() {
		if b.chooses(p.name) {
			parts = append(parts, p)
			takes += p.takes
		}
	}
	return parts, takes
}

func (b *bench) chooses(name string) bool { return len(b.only) == 0 || hasOneOf(name, b.only) }

func hasOneOf(name string, words []string) bool {
	for _, word := range words {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
