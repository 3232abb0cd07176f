package model

import (
	"fmt"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
	"github.com/gatewarden/gatewarden/internal/wasmhost/native"
)

// Difference is where model and filter part.
type Difference struct {
	Step int // of all that were sent, those under way within others counted
	What string
}

func (d *Difference) Error() string { return fmt.Sprintf("request %d: %s", d.Step, d.What) }

// Compare plays a script on both. It returns a *Difference, nil if there is
// none, and another error if the filter cannot be started.
func Compare(s *Script) error {
	p := &play{script: s, model: NewModel(&s.Setup), process: wasmhost.NewProcess(wasmhost.ProcessOptions{})}
	defer p.close()
	for range s.Workers {
		worker, err := p.start()
		if err != nil {
			return err
		}
		p.workers = append(p.workers, worker)
	}
	for i := range s.Steps {
		if err := p.step(&s.Steps[i]); err != nil {
			return err
		}
	}
	return p.metrics()
}

type play struct {
	script  *Script
	model   *Model
	process *wasmhost.Process
	workers []*wasmhost.Proxy
	sent    int
}

func (p *play) start() (*wasmhost.Proxy, error) {
	return native.NewProxy(p.process, wasmhost.Options{
		PluginConfig: p.script.Setup.JSON(), Env: p.script.Setup.Variables(), StopIteration: p.script.Setup.Held,
	})
}

func (p *play) close() {
	for _, worker := range p.workers {
		_ = worker.Close()
	}
}

// step sends one request to both, and those that are under way within it.
func (p *play) step(s *Step) (err error) {
	if err := p.prepare(s); err != nil {
		return err
	}
	p.sent++
	number := p.sent
	expected := p.model.arrive(&s.Send)
	got := p.workers[s.Worker].Do(s.Send.wire(&p.script.Setup), func(wasmhost.Request) wasmhost.Response {
		for i := range s.Meanwhile {
			if err == nil {
				err = p.step(&s.Meanwhile[i])
			}
		}
		p.model.answered(expected, &s.Send, &s.Answer)
		return s.Answer.wire()
	})
	if err != nil {
		return err
	}
	if what := differ(wanted(expected, s), outcome(got)); what != "" || got.Hung || got.Trapped != nil {
		return &Difference{number, fmt.Sprintf("%s (hung %v, trapped %v)", what, got.Hung, got.Trapped)}
	}
	return nil
}

func (p *play) prepare(s *Step) error {
	p.process.Clock.Advance(s.Advance)
	p.model.Now = p.process.Clock.Monotonic().Milliseconds()
	if !s.Restart {
		return nil
	}
	worker, err := p.start()
	if err != nil {
		return err
	}
	_ = p.workers[s.Worker].Tick() // as a worker that goes hands over its metrics
	_ = p.workers[s.Worker].Close()
	p.workers[s.Worker] = worker
	return nil
}

func wanted(v visit, s *Step) Outcome {
	if v.refused != nil {
		return *v.refused
	}
	return Outcome{Status: s.Answer.Status, Reached: true}
}

func outcome(r wasmhost.Result) Outcome {
	o := Outcome{
		Status: r.Status, Reached: r.UpstreamSawHeaders,
		RetryAfter: r.Header("retry-after"), Reason: r.FilterState["wasm.gatewarden.reason"],
	}
	if o.Reason != "" {
		o.GRPC = r.Header("grpc-status")
	}
	return o
}

func differ(want, got Outcome) string {
	if want == got {
		return ""
	}
	return fmt.Sprintf("the filter %+v, the model %+v", got, want)
}

// metrics compares the counters of the surfaces at the end.
func (p *play) metrics() error {
	for _, worker := range p.workers {
		if err := worker.Tick(); err != nil {
			return err
		}
	}
	for _, s := range p.script.Setup.Surfaces {
		names := []string{"gatewarden_auth_failures_total.surface." + s.Name, "gatewarden_lockouts_total.surface." + s.Name}
		for _, outcome := range []string{"passed", "refused", "shadowed"} {
			names = append(names, "gatewarden_requests_total.surface."+s.Name+".outcome."+outcome)
		}
		for _, name := range names {
			if got, want := p.process.Metrics.Counter(name), p.model.Metrics[name]; got != uint64(want) {
				return &Difference{p.sent, fmt.Sprintf("%s: the filter %d, the model %d", name, got, want)}
			}
		}
	}
	return nil
}
