package model

import (
	"fmt"
	"slices"
	"time"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// A witness knows neither windows nor how long anything lasts, so that it holds
// where the model cannot follow as well. It knows who presented something wrong,
// and how many of a client's requests have no answer.
type witness struct {
	setup   *Setup
	wrong   map[place]bool // of clients and of networks
	waiting map[place]int
}

func newWitness(s *Setup) *witness {
	return &witness{setup: s, wrong: map[place]bool{}, waiting: map[place]int{}}
}

// reached takes in that the service has a request, and answer what it says.
func (w *witness) reached(r *Request) (answer func(*Answer)) {
	surface, _ := w.setup.owner(r)
	if surface == nil {
		return func(*Answer) {}
	}
	rule := w.setup.rule(surface)
	client, network := w.places(surface, &rule, r)
	w.waiting[client]++
	return func(a *Answer) {
		w.waiting[client]--
		if judge(w.setup, surface.Kind, &rule, r, a) == failure {
			w.wrong[client], w.wrong[network] = true, true
		}
	}
}

func (w *witness) places(surface *Surface, rule *Lockout, r *Request) (client, network place) {
	return place{surface.Name, w.setup.client(r.From)},
		place{surface.Name + " network", prefix(r.From, rule.WideIPv4, rule.WideIPv6)}
}

// objects says what is wrong with the outcome of a request that did not reach
// the service: a client that presented nothing wrong waits at most for its own
// requests, or for others that attempt the same.
func (w *witness) objects(r *Request, o Outcome) string {
	surface, _ := w.setup.owner(r)
	if surface == nil {
		return ""
	}
	rule := w.setup.rule(surface)
	client, network := w.places(surface, &rule, r)
	if surface.Require && presented(w.setup, r) && !w.setup.identify(r).verified {
		w.wrong[client], w.wrong[network] = true, true // wherever it was refused
	}
	if o.Reason != "locked_out" && o.Reason != "rate_limited" {
		return ""
	}
	shared := func(action string) bool {
		return slices.ContainsFunc(rule.Keys, func(k Key) bool { return k.Action == action && !slices.Contains(k.Per, perClient) })
	}
	switch {
	case w.wrong[client], rule.WideFailures > 0 && w.wrong[network]:
	case o.Reason == "locked_out" && shared(lock):
	case o.Reason == "rate_limited" && (shared(slow) || rule.Spraying.Action == slow):
	case o.Reason == "rate_limited" && rule.Pending > 0 && w.waiting[client] >= rule.Failures+rule.Pending:
	default:
		return fmt.Sprintf("%s, who presented nothing wrong, is refused: %+v", r.From, o)
	}
	return ""
}

// forgotten is longer than anything in a setup lasts.
const forgotten = 60 * 24 * time.Hour

// allowances tells whether every client has its allowance when all is over: a
// place among the pending attempts that was not given back is missing here.
func (p *play) allowances() error {
	p.process.Clock.Advance(forgotten)
	p.setup = withoutRules(p.setup)
	if err := p.restartAll(); err != nil {
		return err
	}
	for i := range p.script.Setup.Surfaces {
		surface := &p.script.Setup.Surfaces[i]
		rule := p.script.Setup.rule(surface)
		probe := Request{Method: "POST", Path: surface.Match[0].Path}
		owner, _ := p.script.Setup.owner(&probe)
		if rule.Pending == 0 || rule.Failures == 0 || rule.Mode == off || rule.Mode == shadow || owner != surface {
			continue
		}
		for _, probe.From = range addresses {
			if p.script.Setup.allowed(probe.From) {
				continue
			}
			if got, want := p.burst(probe, 0), rule.Failures+rule.Pending; got != want {
				return &Difference{p.sent, fmt.Sprintf("when all is over, %d requests of %s to %s pass at once, of %d", got, probe.From, surface.Name, want)}
			}
		}
	}
	return nil
}

// withoutRules is a setup in which only failures are a reason to refuse.
func withoutRules(s Setup) Setup {
	s.Quotas, s.Surfaces = nil, slices.Clone(s.Surfaces)
	for i := range s.Surfaces {
		s.Surfaces[i].Require = false
	}
	return s
}

// burst sends attempts of unknown credentials, each while those before wait,
// until one is refused. It returns how many passed.
func (p *play) burst(r Request, before int) (passed int) {
	const tooMany = 100
	if before == tooMany {
		return before
	}
	r.Credentials = []Credential{{In: "bearer", Secret: fmt.Sprint("unknown-", before)}}
	passed = before
	p.workers[before%len(p.workers)].Do(r.Wire(&p.script.Setup), func(wasmhost.Request) wasmhost.Response {
		passed = p.burst(r, before+1)
		return wasmhost.Response{Status: 500}
	})
	return passed
}
