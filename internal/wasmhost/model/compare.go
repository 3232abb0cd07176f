package model

import (
	"fmt"
	"strconv"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
	"github.com/gatewarden/gatewarden/internal/wasmhost/native"
	"github.com/gatewarden/gatewarden/journal"
)

// Difference is where model and filter part.
type Difference struct {
	Step int // of all that were sent, those under way within others counted
	What string
}

func (d *Difference) Error() string { return fmt.Sprintf("request %d: %s", d.Step, d.What) }

// Compare plays a script on both. It returns a *Difference, nil if there is
// none, and another error if the filter cannot be started. exact tells whether
// the model knew all the way what to expect; where it did not, only what the
// witness says was held against the filter.
func Compare(s *Script) (exact bool, err error) {
	p := &play{
		script: s, setup: s.Setup, model: NewModel(&s.Setup), witness: newWitness(&s.Setup),
		process: wasmhost.NewProcess(wasmhost.ProcessOptions{}),
	}
	defer p.close()
	for range s.Workers {
		worker, err := p.start()
		if err != nil {
			return false, err
		}
		p.workers = append(p.workers, worker)
	}
	for i := range s.Steps {
		if err := p.step(&s.Steps[i]); err != nil {
			return false, err
		}
	}
	if err := p.metrics(); err != nil {
		return false, err
	}
	return !p.loose(), p.allowances()
}

type play struct {
	script  *Script
	model   *Model
	witness *witness
	process *wasmhost.Process
	workers []*wasmhost.Proxy
	// retired are VMs that were replaced while requests were under way in them.
	retired []*wasmhost.Proxy
	// setup is the running configuration.
	setup Setup
	sent  int
}

func (p *play) start() (*wasmhost.Proxy, error) {
	return native.NewProxy(p.process, wasmhost.Options{
		PluginConfig: p.setup.JSON(), Env: p.setup.Variables(), StopIteration: p.setup.Held,
	})
}

func (p *play) close() {
	for _, worker := range append(p.workers, p.retired...) {
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
	var expected visit
	reached := false
	got := p.workers[s.Worker].Do(s.Send.Wire(&p.script.Setup), func(wasmhost.Request) wasmhost.Response {
		reached = true
		expected = p.model.arrive(&s.Send, Sight{Passed: true})
		answer := p.witness.reached(&s.Send)
		for i := range s.Meanwhile {
			if err == nil {
				err = p.step(&s.Meanwhile[i])
			}
		}
		answer(&s.Answer)
		p.model.answered(expected, &s.Send, &s.Answer)
		return s.Answer.Wire()
	})
	if err != nil {
		return err
	}
	out := outcome(got)
	if !reached {
		expected = p.model.arrive(&s.Send, sight(out))
	}
	what := p.witness.objects(&s.Send, out)
	if what == "" && !p.loose() {
		what = differ(p.wanted(&expected, s), out)
	}
	if what != "" || got.Hung || got.Trapped != nil {
		return &Difference{number, fmt.Sprintf("%s (hung %v, trapped %v)", what, got.Hung, got.Trapped)}
	}
	return nil
}

// loose tells whether the model does not know what the filter does.
func (p *play) loose() bool { return p.script.Loose || p.model.Unsure }

// sight is what an outcome tells about a lockout that may have ended. A key that
// locks is not told from it, which scripts do not let come together.
func sight(o Outcome) Sight {
	retryAfter, _ := strconv.ParseInt(o.RetryAfter, 10, 64)
	if o.Reason == "locked_out" {
		return Sight{Seconds: max(retryAfter, 1)}
	}
	return Sight{Passed: o.Reached || o.Status != 0}
}

func (p *play) prepare(s *Step) error {
	p.process.Clock.Advance(s.Advance)
	p.model.Now = p.process.Clock.Monotonic().Milliseconds()
	p.model.turn(s)
	switch {
	case s.Rules != nil:
		p.setup.Quotas, p.model.rules = s.Rules, s.Rules
		if err := p.restartAll(); err != nil {
			return err
		}
	case s.Restart:
		if err := p.restart(s.Worker); err != nil {
			return err
		}
	case s.Reload:
		if err := p.reload(s.Worker); err != nil {
			return err
		}
	}
	if !s.Rest {
		return nil
	}
	return p.rest()
}

// reload puts a new VM in a worker's place. The old one lives on for its streams.
func (p *play) reload(i int) error {
	worker, err := p.start()
	if err != nil {
		return err
	}
	p.retired, p.workers[i] = append(p.retired, p.workers[i]), worker
	return nil
}

// rest lets the workers have their ticks, until they have given back what VMs had reserved
// that have none.
func (p *play) rest() error {
	for range journal.Patience + 1 {
		for _, worker := range p.workers {
			if err := worker.Tick(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *play) restartAll() error {
	for i := range p.workers {
		if err := p.restart(i); err != nil {
			return err
		}
	}
	return nil
}

func (p *play) restart(i int) error {
	worker, err := p.start()
	if err != nil {
		return err
	}
	_ = p.workers[i].Tick() // as a worker that goes hands over its metrics
	_ = p.workers[i].Close()
	p.workers[i] = worker
	return nil
}

func (p *play) wanted(v *visit, s *Step) Outcome {
	if v.ended != nil {
		return *v.ended
	}
	return Outcome{Status: s.Answer.Status, Reached: true, Whole: true, Told: p.model.tell(v, "", s.Answer.Own)}
}

func outcome(r wasmhost.Result) Outcome {
	o := Outcome{
		Status: r.Status, Reached: r.UpstreamSawHeaders, Whole: r.ReachedUpstream,
		RetryAfter: r.Header("retry-after"), Reason: r.FilterState["wasm.gatewarden.reason"],
	}
	if o.Reason != "" {
		o.GRPC = r.Header("grpc-status")
	}
	for name, into := range map[string]*string{
		"ratelimit-policy": &o.Told.Policy, "ratelimit": &o.Told.Standing, "x-ratelimit-limit": &o.Told.Limit,
		"x-ratelimit-remaining": &o.Told.Remaining, "x-ratelimit-reset": &o.Told.Reset,
	} {
		*into = join(r.Values(name)...)
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
	for _, worker := range append(p.retired, p.workers...) {
		if err := worker.Tick(); err != nil {
			return err
		}
	}
	if err := p.books(); err != nil || p.loose() {
		return err
	}
	for _, name := range p.script.Setup.metrics() {
		if got, want := p.process.Metrics.Counter(name), p.model.Metrics[name]; got != uint64(want) {
			return &Difference{p.sent, fmt.Sprintf("%s: the filter %d, the model %d", name, got, want)}
		}
	}
	return nil
}

// books tells whether everything that was reserved was settled or given back, which holds
// whatever the model knows.
func (p *play) books() error {
	for i := range p.script.Setup.Quotas {
		of := "gatewarden_credits_total.rule." + p.script.Setup.Quotas[i].Name + ".outcome."
		count := p.process.Metrics.Counter
		if reserved, settled := count(of+"reserved"), count(of+"committed")+count(of+"refunded")+count(of+"expired"); reserved != settled {
			return &Difference{p.sent, fmt.Sprintf("%s: reserved %d, and settled %d", of, reserved, settled)}
		}
	}
	return nil
}

func (s *Setup) metrics() []string {
	names := []string{"gatewarden_rate_limited_requests_total.surface._.reason.malformed"}
	for _, surface := range s.Surfaces {
		of := ".surface." + surface.Name
		names = append(names, "gatewarden_auth_failures_total"+of, "gatewarden_lockouts_total"+of, "gatewarden_network_lockouts_total"+of)
		names = append(names, "gatewarden_stuffing_total"+of, "gatewarden_spraying_total"+of)
		names = append(names, "gatewarden_auth_denied_total"+of, "gatewarden_repeated_failures_total"+of)
		for _, reason := range []string{"locked_out", "rate_limited", "quota_exceeded"} {
			names = append(names, "gatewarden_rate_limited_requests_total"+of+".reason."+reason)
		}
		for _, outcome := range []string{"passed", "refused", "shadowed", "known_good"} {
			names = append(names, "gatewarden_requests_total"+of+".outcome."+outcome)
		}
	}
	for i := range s.Quotas {
		of := ".rule." + s.Quotas[i].Name
		names = append(names, "gatewarden_quota_unverified_total"+of)
		for _, outcome := range []string{"admitted", "refused", "shadowed"} {
			names = append(names, "gatewarden_quota_requests_total"+of+".outcome."+outcome)
		}
		for _, outcome := range []string{"reserved", "committed", "refunded", "expired"} {
			names = append(names, "gatewarden_credits_total"+of+".outcome."+outcome)
		}
	}
	return names
}
