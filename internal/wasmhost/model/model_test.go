package model

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	seeds = flag.Int("seeds", 500, "how many random scripts to play")
	first = flag.Uint64("first", 1, "the first one's seed")
	steps = flag.Int("steps", 150, "requests in a script")
)

// The filter does what the model does, in every script that was drawn. To run
// one again: go test ./model -first SEED -seeds 1.
func TestFilterIsWhatTheModelSays(t *testing.T) {
	var next atomic.Uint64
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			for n := next.Add(1) - 1; n < uint64(*seeds) && !t.Failed(); n = next.Add(1) - 1 {
				playSeed(t, *first+n)
			}
		})
	}
	group.Wait()
}

func playSeed(t *testing.T, seed uint64) {
	script := Generate(seed, *steps)
	err := Compare(&script)
	var found *Difference
	switch {
	case errors.As(err, &found):
		short := Shrink(script, 10*time.Second)
		t.Errorf("seed %d: %v\nshortened: %v\n%s", seed, found, Compare(&short), describe(&short))
	case err != nil:
		t.Errorf("seed %d: the filter does not start: %v\n%s", seed, err, script.Setup.JSON())
	}
}

// A comparison that nothing happens in compares nothing.
func TestScriptsAreEventful(t *testing.T) {
	sum := map[string]int{}
	for seed := range uint64(100) {
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
		"gatewarden_auth_failures_total": 2000, "gatewarden_lockouts_total": 300,
		"gatewarden_requests_total passed": 4000, "gatewarden_requests_total refused": 500,
		"gatewarden_requests_total shadowed": 100,
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
		if v := m.arrive(&s.Send); v.refused == nil {
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
		if step.Restart {
			fmt.Fprintf(b, "%sworker %d anew\n", indent, step.Worker)
		}
		wire := step.Send.wire(&s.Setup)
		answer, _ := json.Marshal(step.Answer)
		fmt.Fprintf(b, "%s%d: %s %s from %s %v leaves=%v is answered %s\n", indent, step.Worker,
			wire.Method, wire.Path, wire.SourceAddress, wire.Headers, step.Send.Leaves, answer)
		describeSteps(b, s, step.Meanwhile, indent+"    meanwhile ")
	}
}
