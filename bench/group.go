package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/bench/internal/load"
	"github.com/gatewarden/gatewarden/bench/internal/proxy"
	"github.com/gatewarden/gatewarden/bench/internal/report"
)

// group is some variants that are measured together. All of their proxies run, and get
// short loads in turn, so that what else the machine does concerns all of them: its speed
// can drift from one minute to the next by more than they differ.
type group struct {
	name    string
	workers int
	rounds  int
	each    time.Duration // what a variant gets of a round
	paced   time.Duration // what it gets at a fixed rate, at the end
	members []variant
}

// sliceLength is short enough for all variants to see the same machine, and long enough
// for a proxy to be warm again in most of it.
const sliceLength = 500 * time.Millisecond

// The columns of a group. Times are in microseconds, sizes in megabytes.
const (
	colCPU   = "CPU per request"
	colOver  = "CPU per request over bare"
	colRatio = "CPU per request over bare, of the four raw host calls"
	colRate  = "requests per second"
	colShare = "requests per second, of the direct response"
	colStore = "CPU per request of what the proxy asks"
	colP50   = "p50 at a fixed rate"
	colP99   = "p99 at a fixed rate"
	colRSS   = "RSS"
)

const megabyte = 1 << 20

// paced is a rate well below what any variant can do on one core, saturating is more at
// once than a proxy can answer.
var (
	paced      = load.Shape{Connections: 8, Rate: 4000}
	saturating = load.Shape{Connections: 32}
)

// row is where a variant's results are.
func (g *group) row(v string) string { return g.name + "/" + v }

// slices are how many loads make a variant's part of a round, and how long each is.
func (g *group) slices() (n int, length time.Duration) {
	n = max(1, int(g.each/sliceLength))
	return n, g.each / time.Duration(n)
}

// takes estimates how long it takes.
func (g *group) takes() time.Duration {
	const more = 30 * time.Millisecond // to connect
	n, length := g.slices()
	total := time.Duration(g.rounds*n*len(g.members)) * (length + more)
	for _, v := range g.members {
		total += g.paced + warmth + v.startsIn() + time.Duration(v.fill)*fillTime
	}
	return total
}

// member is a variant whose proxy runs.
type member struct {
	variant
	server   *proxy.Server
	requests int64 // that it has had
}

func (b *bench) measureGroup(ctx context.Context, g group) error {
	members, stop, err := b.startGroup(ctx, &g)
	defer stop()
	if err != nil {
		return err
	}
	order := rand.New(rand.NewPCG(1, 2))
	for round := range g.rounds {
		if g.rounds > 1 {
			b.say("%s: round %d of %d", g.name, round+1, g.rounds)
		}
		sums, err := measureRound(ctx, &g, members, order)
		if err != nil {
			return err
		}
		g.record(b.results, sums)
	}
	for _, m := range members {
		if err := errors.Join(ctx.Err(), b.finish(&g, m)); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// startGroup starts the proxies, one after the other, and makes sure that each does what
// it is measured for. What is started has to be stopped, also after an error.
func (b *bench) startGroup(ctx context.Context, g *group) (members []*member, stop func(), err error) {
	stop = func() {
		for _, m := range members {
			m.server.Stop()
		}
	}
	for _, v := range g.members {
		if err := ctx.Err(); err != nil {
			return members, stop, err
		}
		server, err := v.start(g.workers)
		if err != nil {
			return members, stop, fmt.Errorf("%s: %w", v.name, err)
		}
		m := &member{variant: v, server: server}
		members = append(members, m)
		if err := b.prepare(g, m); err != nil {
			return members, stop, fmt.Errorf("%s: %w\n%s", v.name, err, server.Log())
		}
	}
	return members, stop, nil
}

// prepare proves, fills and warms a proxy.
func (b *bench) prepare(g *group, m *member) error {
	if err := m.prove(m.server); err != nil {
		return err
	}
	if m.fill > 0 {
		return b.fillUp(g.row(m.name), m)
	}
	_, err := m.load(load.Shape{Connections: saturating.Connections, Duration: min(g.each, warmth)})
	return err
}

// warmth lets caches fill and heaps find their size.
const warmth = 500 * time.Millisecond

// sum is what a variant got done in a round, and what that took.
type sum struct {
	requests int64
	took     time.Duration
	cpu      usage
}

// usage is the CPU of a proxy and of the services that it asks.
type usage struct{ proxy, store time.Duration }

// measureRound gives each variant its slices, in an order of chance: none always comes
// first, or always behind the same one.
func measureRound(ctx context.Context, g *group, members []*member, order *rand.Rand) (map[string]sum, error) {
	sums := map[string]sum{}
	n, length := g.slices()
	for range n {
		for _, i := range order.Perm(len(members)) {
			m := members[i]
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			got, err := m.load(load.Shape{Connections: saturating.Connections, Duration: length})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m.name, err)
			}
			s := sums[m.name]
			s.requests += got.requests
			s.took += got.took
			s.cpu.proxy += got.cpu.proxy
			s.cpu.store += got.cpu.store
			sums[m.name] = s
		}
	}
	return sums, nil
}

// record turns a round into figures. The ratios are of sums over the round, for which
// see the report's "How it was measured".
func (g *group) record(to report.Results, sums map[string]sum) {
	for _, v := range g.members {
		row, s := g.row(v.name), sums[v.name]
		to.Add(row, colCPU, s.perRequest())
		to.Add(row, colRate, s.rate())
		if s.cpu.store > 0 {
			to.Add(row, colStore, micros(s.cpu.store)/float64(s.requests))
		}
		base, ok := sums[v.base]
		if !ok || v.base == v.name {
			continue
		}
		over := s.perRequest() - base.perRequest()
		to.Add(row, colOver, over)
		to.Add(row, colShare, s.rate()/base.rate())
		if raw, ok := sums[v.raw]; ok {
			to.Add(row, colRatio, over/(raw.perRequest()-base.perRequest()))
		}
	}
}

func (s sum) perRequest() float64 { return micros(s.cpu.proxy) / float64(s.requests) }
func (s sum) rate() float64       { return float64(s.requests) / s.took.Seconds() }

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// finish takes what is measured once, and holds the proxy's own counts against what it
// was sent.
func (b *bench) finish(g *group, m *member) error {
	row := g.row(m.name)
	if g.paced > 0 {
		shape := paced
		shape.Requests = int64(shape.Rate * g.paced.Seconds())
		result, err := load.Run(m.request(), shape)
		if err != nil {
			return fmt.Errorf("%w\n%s", err, m.server.Log())
		}
		m.requests += result.Requests
		b.results.Add(row, colP50, micros(result.P50))
		b.results.Add(row, colP99, micros(result.P99))
	}
	used, err := m.server.Usage()
	if err != nil {
		return err
	}
	b.results.Add(row, colRSS, float64(used.RSS)/megabyte)
	return m.confirm(m)
}

// load runs a load and returns what it took.
func (m *member) load(shape load.Shape) (sum, error) {
	before, err := m.used()
	if err != nil {
		return sum{}, err
	}
	result, err := load.Run(m.request(), shape)
	if err != nil {
		return sum{}, fmt.Errorf("%w\n%s", err, m.server.Log())
	}
	after, err := m.used()
	m.requests += result.Requests
	return sum{
		requests: result.Requests, took: result.Duration,
		cpu: usage{proxy: after.proxy - before.proxy, store: after.store - before.store},
	}, err
}

func (m *member) used() (usage, error) {
	own, err := m.server.Usage()
	if err != nil {
		return usage{}, err
	}
	asked, err := m.server.StoreUsage()
	return usage{proxy: own.CPU, store: asked.CPU}, err
}

// only narrows a group down to the variants with one of these words in their names, and
// to those that they are compared with.
func (g group) only(words []string) group {
	if len(words) == 0 {
		return g
	}
	needed := map[string]bool{}
	for _, v := range g.members {
		if hasOneOf(v.name, words) {
			needed[v.name], needed[v.base], needed[v.raw] = true, true, true
		}
	}
	var kept []variant
	for _, v := range g.members {
		if needed[v.name] {
			kept = append(kept, v)
		}
	}
	g.members = kept
	return g
}

// startsIn is about how long a variant's proxy takes to start and to be proven.
func (v variant) startsIn() time.Duration {
	if strings.Contains(v.name, "-go") {
		return 5 * time.Second
	}
	return time.Second
}
