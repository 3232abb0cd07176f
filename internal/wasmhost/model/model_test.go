package model

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

var (
	seeds = flag.Int("seeds", 460, "how many random scripts to play")
	first = flag.Uint64("first", 1, "the first one's seed")
	steps = flag.Int("steps", 200, "requests in a script")
)

// The filter does what the model does, in every script that was drawn. To run
// one again: go test ./internal/wasmhost/model -first SEED -seeds 1.
func TestFilterIsWhatTheModelSays(t *testing.T) {
	var next, exact atomic.Uint64
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			for n := next.Add(1) - 1; n < uint64(*seeds) && !t.Failed(); n = next.Add(1) - 1 {
				if playSeed(t, *first+n) {
					exact.Add(1)
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d of %d scripts compared to the end", exact.Load(), *seeds)
	if *seeds >= 100 && !t.Failed() && exact.Load() < uint64(*seeds)*8/10 {
		t.Error("the model knows too little of what it is held against")
	}
}

func playSeed(t *testing.T, seed uint64) (exact bool) {
	script := Generate(seed, *steps)
	exact, err := Compare(&script)
	var found *Difference
	switch {
	case errors.As(err, &found):
		short := Shrink(script, 10*time.Second)
		_, err := Compare(&short)
		t.Errorf("seed %d: %v\nshortened: %v\n%s", seed, found, err, describe(&short))
	case err != nil:
		t.Errorf("seed %d: the filter does not start: %v\n%s", seed, err, script.Setup.JSON())
	}
	return exact
}

// A comparison that nothing happens in compares nothing.
func TestScriptsAreEventful(t *testing.T) {
	sum := map[string]int{}
	for seed := range uint64(130) {
		script := Generate(seed, *steps)
		p := NewModel(&script.Setup)
		p.Now = firstTime
		replay(p, script.Steps)
		for name, n := range p.Metrics {
			parts := strings.Split(name, ".")
			sum[parts[0]+" "+parts[len(parts)-1]] += n
			if parts[0] != "gatewarden_requests_total" {
				sum[parts[0]] += n
			}
		}
	}
	for name, least := range map[string]int{
		"gatewarden_auth_failures_total": 4000, "gatewarden_lockouts_total": 500, "gatewarden_network_lockouts_total": 100,
		"gatewarden_repeated_failures_total": 300, "gatewarden_stuffing_total": 60, "gatewarden_spraying_total": 25,
		"gatewarden_requests_total passed": 10000, "gatewarden_requests_total refused": 1000,
		"gatewarden_requests_total shadowed": 100, "gatewarden_requests_total known_good": 40,
		"gatewarden_auth_denied_total": 300, "gatewarden_quota_unverified_total": 2000,
		"gatewarden_quota_requests_total admitted": 6000, "gatewarden_quota_requests_total refused": 1200,
		"gatewarden_quota_requests_total shadowed":            200,
		"gatewarden_rate_limited_requests_total locked_out":   1000,
		"gatewarden_rate_limited_requests_total rate_limited": 150,
		"gatewarden_rate_limited_requests_total malformed":    100,
		"gatewarden_credits_total reserved":                   1000, "gatewarden_credits_total committed": 400, "gatewarden_credits_total refunded": 400,
		"gatewarden_credits_total expired": 100,
	} {
		if sum[name] < least {
			t.Errorf("%s: %d in all scripts, want %d at least", name, sum[name], least)
		}
	}
	t.Log(sum)
}

func replay(m *Model, steps []Step) {
	for i := range steps {
		s := &steps[i]
		m.Now += s.Advance.Milliseconds()
		if s.Rules != nil {
			m.rules = s.Rules
		}
		m.turn(s)
		if v := m.arrive(&s.Send, Sight{}); v.ended == nil {
			replay(m, s.Meanwhile)
			m.answered(v, &s.Send, &s.Answer)
		}
	}
}

// describe writes a script for people.
func describe(s *Script) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nenvironment %v, %d workers\n", s.Setup.JSON(), s.Setup.Variables(), s.Workers)
	describeSteps(&b, s, s.Steps, "")
	return b.String()
}

func describeSteps(b *strings.Builder, s *Script, steps []Step, indent string) {
	for i := range steps {
		step := &steps[i]
		if step.Advance != 0 {
			fmt.Fprintf(b, "%safter %v\n", indent, step.Advance)
		}
		if step.Rules != nil {
			setup := *s
			setup.Setup.Quotas = step.Rules
			fmt.Fprintf(b, "%sconfigured anew: %s\n", indent, setup.Setup.JSON())
		}
		if step.Restart || step.Reload {
			fmt.Fprintf(b, "%sworker %d anew\n", indent, step.Worker)
		}
		if step.Rest {
			fmt.Fprintf(b, "%sall have their ticks\n", indent)
		}
		wire := step.Send.Wire(&s.Setup)
		fmt.Fprintf(b, "%s%d: %s %s%s from %s %v", indent, step.Worker, wire.Method, wire.Authority, wire.Path, wire.SourceAddress, wire.Headers)
		describeBody(b, wire)
		fmt.Fprintf(b, " is answered %s\n", step.Answer)
		describeSteps(b, s, step.Meanwhile, indent+"    meanwhile ")
	}
}

func describeBody(b *strings.Builder, wire wasmhost.Request) {
	if len(wire.Body) > 0 {
		text := string(bytes.Join(wire.Body, []byte("|")))
		fmt.Fprintf(b, " body %q of %d", text[:min(len(text), 200)], len(text))
	}
	if wire.Trailers != nil {
		fmt.Fprint(b, " with trailers")
	}
	if wire.AbortAfter != "" {
		fmt.Fprint(b, " leaves after ", wire.AbortAfter)
	}
}

// String leaves out what is not there.
func (a Answer) String() string {
	text := fmt.Sprint(a.Status)
	for _, h := range a.Headers {
		text += fmt.Sprintf(" %s: %s", h[0], h[1])
	}
	for _, part := range []string{a.Type, a.Body, a.Behind} {
		if part != "" {
			text += " " + part
		}
	}
	if a.Zipped {
		text += " zipped"
	}
	if a.GRPC != "" {
		text += fmt.Sprintf(" grpc-status %s (late: %v)", a.GRPC, a.Late)
	}
	return text
}
