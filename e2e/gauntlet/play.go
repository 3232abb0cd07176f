package gauntlet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
)

// Row is what came of one attack on one system.
type Row struct {
	System, Variant string
	Sent, Reached   int
	Bound           Bound
	Honest, Refused int
	// Pages are those of the attack's kinds.
	Pages []Pages
	// NotInBuild tells whether the filter does not know the variant's configuration.
	NotInBuild bool
}

// Over tells whether more got through than should be able to.
func (r Row) Over() bool { return r.Bound.N >= 0 && r.Reached > r.Bound.N }

// Result is one attack on all systems.
type Result struct {
	Attack Attack
	Rows   []Row
}

// Game is a run of the gauntlet.
type Game struct {
	Tools Tools
	Sizes Sizes
	// AtOnce is how many systems run at the same time.
	AtOnce int
	Log    io.Writer

	stands *stands
}

// bout is one attack on one system in one configuration.
type bout struct {
	attack  Attack
	system  System
	variant Variant
	sizes   Sizes
}

// Play plays attacks one after the other. One that could not be played is missing
// from the results, and the error says why.
func (g Game) Play(ctx context.Context, attacks []Attack) ([]Result, error) {
	g.stands = &stands{free: map[string]*stand{}}
	defer g.stands.close()
	var results []Result
	var failures []error
	for _, a := range attacks {
		rows, err := g.attack(ctx, a)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", a.Name, err))
			g.logf("%v", failures[len(failures)-1])
			continue
		}
		results = append(results, Result{Attack: a, Rows: rows})
	}
	return results, errors.Join(failures...)
}

func (g Game) attack(ctx context.Context, a Attack) ([]Row, error) {
	bouts := g.bouts(a)
	rows, failures := make([]Row, len(bouts)), make([]error, len(bouts))
	places := make(chan struct{}, g.AtOnce)
	if a.Alone {
		places = make(chan struct{}, 1)
	}
	var group sync.WaitGroup
	for i, b := range bouts {
		group.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			rows[i], failures[i] = g.bout(ctx, b)
			if failures[i] != nil {
				failures[i] = fmt.Errorf("%s, %s: %w", b.system.Name, b.variant.Name, failures[i])
				return
			}
			g.logf("%-48s %-45s sent %6d reached %6d of %s; honest %d, refused %d", a.Name, b.system.Name+" "+b.variant.Name,
				rows[i].Sent, rows[i].Reached, rows[i].Bound, rows[i].Honest, rows[i].Refused)
		})
	}
	group.Wait()
	return rows, errors.Join(failures...)
}

func (g Game) logf(format string, args ...any) { _, _ = fmt.Fprintf(g.Log, format+"\n", args...) }

// usualTable is Gatewarden's default. Only attacks on the table itself have it
// smaller.
const usualTable = 65536

// bouts are the systems, Gatewarden once more for each variant.
func (g Game) bouts(a Attack) []bout {
	sizes := g.Sizes
	if a.Window != 0 {
		sizes.Limit.Window, sizes.Windows = a.Window, 1
	} else {
		sizes.Table = usualTable
	}
	systems := a.Systems
	if systems == nil {
		systems = Usual(g.Tools)
	}
	if a.Besides != nil {
		systems = append(systems, a.Besides(g.Tools)...)
	}
	var bouts []bout
	for _, s := range systems {
		bouts = append(bouts, bout{attack: a, system: s, sizes: sizes})
		if s.Family != Lockouts {
			continue
		}
		for _, v := range variants(a) {
			bouts = append(bouts, bout{attack: a, system: s, variant: v, sizes: sizes})
		}
	}
	return bouts
}

// variants are those of the attack, and the hardened one.
func variants(a Attack) []Variant {
	h := hardened()
	h.Bound = a.Hardened
	return append(slices.Clone(a.Variants), h)
}

func (g Game) bout(ctx context.Context, b bout) (Row, error) {
	row := Row{System: b.system.Name, Variant: b.variant.Name, Bound: b.attack.Bound(b.sizes, b.system)}
	if b.variant.Bound != nil {
		row.Bound = b.variant.Bound(b.sizes)
	}
	s, err := g.stands.take(ctx, g.Tools, b)
	if errors.Is(err, ErrNotInBuild) {
		g.logf("%s: %v", b.variant.Name, err)
		row.NotInBuild = true
		return row, nil
	}
	if err != nil {
		return row, err
	}
	defer g.stands.giveBack(s)
	f := newField(b.sizes, s.target)
	s.referee.begin(b.attack.Think)
	if err := errors.Join(b.attack.Run(ctx, f), f.trouble(), ctx.Err()); err != nil {
		return row, err
	}
	row.Sent, row.Reached = f.sent[Guess], s.referee.Reached(Guess)
	row.Honest, row.Refused = f.sent[Honest], f.refused
	for _, kind := range b.attack.Pages {
		row.Pages = append(row.Pages, f.pages[kind])
	}
	return row, nil
}
