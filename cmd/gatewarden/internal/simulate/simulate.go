// Package simulate runs the filter on the requests of access logs, under one or more
// configurations at once, and counts what it does.
package simulate

import (
	"runtime"
	"slices"
	"sync"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/forecast"
	"github.com/gatewarden/gatewarden/config"
)

// Options say how to simulate.
type Options struct {
	// Variants are the configurations, at most MaxVariants.
	Variants []Variant
	// Window is how long the lines of the log are held back, in milliseconds.
	Window int64
	// AsConfigured leaves rules in shadow mode there; else they are enforced.
	AsConfigured bool
}

// MaxVariants bounds the memory: each has tables of its own.
const MaxVariants = 64

// Variant is a configuration with a name.
type Variant struct {
	Name   string
	Config *config.Config
}

// Simulation is under way. It is not safe for concurrent use.
type Simulation struct {
	options  Options
	variants []*variant
	timeline *timeline
	events   []event
	from, to int64
}

// New begins a simulation.
func New(o Options) *Simulation { return &Simulation{options: o} }

// atOnce is how many events are played in one go.
const atOnce = 4096

// Add takes the next requests of the log, in the order in which they ended. It keeps
// them.
func (s *Simulation) Add(records []accesslog.Record) {
	if s.variants == nil && len(records) > 0 {
		s.begin(records)
	}
	for i := range records {
		r := &records[i]
		if s.from == 0 || r.Start < s.from {
			s.from = r.Start
		}
		s.to = max(s.to, r.Ended)
		s.timeline.add(r)
	}
}

// begin makes the variants ready. The first records tell what the log has.
func (s *Simulation) begin(first []accesslog.Record) {
	log := knownOf(first)
	for _, v := range s.options.Variants {
		adapted := adapt(v.Config, log, !s.options.AsConfigured)
		s.variants = append(s.variants, newVariant(v.Name, adapted, max(0, first[0].Ended-s.options.Window)))
	}
	s.timeline = newTimeline(s.options.Window, func(e event) {
		if s.events = append(s.events, e); len(s.events) == atOnce {
			s.play()
		}
	})
}

// play plays what has gathered, as many variants at once as there are processors.
func (s *Simulation) play() {
	workers := min(runtime.GOMAXPROCS(0), len(s.variants))
	var group sync.WaitGroup
	for w := range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := w; i < len(s.variants); i += workers {
				s.variants[i].play(s.events)
			}
		}()
	}
	group.Wait()
	clear(s.events)
	s.events = s.events[:0]
}

// End plays the remaining events and returns the result.
func (s *Simulation) End() *forecast.Forecast {
	f := &forecast.Forecast{Version: forecast.Version, Assumptions: []string{}, Variants: []forecast.Variant{}}
	if s.variants == nil {
		return f
	}
	s.timeline.end()
	s.play()
	f.Log.From, f.Log.To, f.Log.Late = instant(s.from), instant(s.to), s.timeline.late
	for i, v := range s.variants {
		f.Variants = append(f.Variants, v.forecast())
		for _, a := range v.assumptions() {
			if i == 0 || !slices.Contains(f.Assumptions, a) {
				f.Assumptions = append(f.Assumptions, a)
			}
		}
	}
	return f
}
