package mcp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/refusal"
)

func TestLabels(t *testing.T) {
	for name, want := range map[string]string{
		"search": "search", "image_generate": "image_generate", "Files-2": "Files-2", "files.delete": "files_delete", "a b": "a_b", "Größe": "Gr____e",
		"other": "other_", "outcome": "outcome_", "tool": "tool_", "kind": "kind_", "decision": "decision_", "": "", strings.Repeat("x", 65): strings.Repeat("x", 64),
	} {
		if got := labelOf(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

// TestSeriesAreBounded: a tool beyond the first ones has no counters of its own, and without
// tools there are none at all.
func TestSeriesAreBounded(t *testing.T) {
	series := func(w *worker) (n int) {
		for _, name := range w.host.Names {
			if strings.Contains(name, ".tool.") {
				n++
			}
		}
		return n
	}
	each := len(outcomes) + 3
	for tools, want := range map[int]int{0: 0, 1: 2 * each, 64: 65 * each, 65: 65 * each, 1024: 65 * each} {
		var list []string
		for i := range tools {
			list = append(list, fmt.Sprintf(`{"name": "t%d", "scopes": []}`, i))
		}
		w := newWorker(t, `"tools": [`+strings.Join(list, ",")+`]`)
		if got := series(w); got != want {
			t.Errorf("%d series for %d tools, want %d", got, tools, want)
		}
		if tools < 1024 {
			continue
		}
		for _, tool := range []string{"t0", "t63", "t64", "t1023", "unknown"} {
			w.read(call("1", tool, "{}")).Passed(false)
		}
		w.metrics.Flush()
		for label, want := range map[string]uint64{"t0": 1, "t63": 1, "other": 3} {
			if got := w.host.Value(t, "gatewarden_tool_calls_total.tool."+label+".outcome.allowed"); got != want {
				t.Errorf("%s: %d calls, want %d", label, got, want)
			}
		}
	}
}

const metered = `"tiers": ["pro"], "tools": [{"name": "cheap", "scopes": [], "cost": 1}, {"name": "dear", "scopes": [], "cost": 40, "tier": "pro"}, {"name": "free", "scopes": []}]`

// TestCallsByOutcome: each call of a request counts with what became of the request.
func TestCallsByOutcome(t *testing.T) {
	w := newWorker(t, metered)
	both := `[` + call("1", "cheap", "{}") + `,` + call("2", "free", "{}") + `,{"method":"ping"},` + call("3", "free", "{}") + `]`
	for _, outcome := range outcomes {
		s := w.read(both)
		if outcome == allowed {
			s.Passed(true)
		} else {
			s.Refused(&refusal.Refusal{Reason: outcome})
		}
	}
	w.read("[").Refused(&refusal.Refusal{Reason: refusal.Malformed}) // calls nothing that is known
	w.metrics.Flush()
	for _, outcome := range outcomes {
		for tool, want := range map[string]uint64{"cheap": 1, "free": 2, "dear": 0, "other": 0} {
			if got := w.host.Value(t, "gatewarden_tool_calls_total.tool."+tool+".outcome."+string(outcome)); got != want {
				t.Errorf("%s of %s: %d, want %d", outcome, tool, got, want)
			}
		}
	}
}

// TestCreditsByTool: what is reserved for a call is committed or refunded, whichever way it
// is settled.
func TestCreditsByTool(t *testing.T) {
	const isJSON = "application/json"
	both := `[` + call("1", "cheap", "{}") + `,` + call("2", "dear", "{}") + `]`
	for _, row := range []struct {
		name        string
		settle      func(s *State)
		cheap, dear string // reserved, committed, refunded
	}{
		{"refused", func(s *State) { s.Refused(&refusal.Refusal{Reason: refusal.TierDenied}); s.Done(false) }, "0 0 0", "0 0 0"},
		{"no budget", func(s *State) { s.Passed(false); s.Done(true) }, "0 0 0", "0 0 0"},
		{"no answer", func(s *State) { s.Passed(true); s.Done(false) }, "1 0 1", "40 0 40"},
		{"an answer cut off", func(s *State) { s.Passed(true); s.AnswerHeaders(200, isJSON, false); s.Done(true) }, "1 1 0", "40 40 0"},
		{"another status", func(s *State) { s.Passed(true); s.AnswerHeaders(503, isJSON, false); s.Done(true) }, "1 0 1", "40 0 40"},
		{"accepted", func(s *State) { s.Passed(true); s.AnswerHeaders(202, "", true); s.Done(true) }, "1 1 0", "40 40 0"},
		{"one failed", func(s *State) {
			s.Passed(true)
			s.AnswerHeaders(200, isJSON, false)
			s.AnswerBody([]byte(`[{"id":2,"error":{}},{"id":1,"result":{}}]`), true)
			s.Done(true)
		}, "1 1 0", "40 0 40"},
		{"one has no answer", func(s *State) {
			s.Passed(true)
			s.AnswerHeaders(200, isJSON, false)
			s.AnswerBody([]byte(`[{"id":1,"error":{}}]`), true)
			s.Done(true)
		}, "1 0 1", "40 40 0"},
	} {
		w := newWorker(t, metered)
		s := w.read(both)
		row.settle(s)
		w.metrics.Flush()
		of := func(tool string) string {
			const total = "gatewarden_tool_credits_total.tool."
			return fmt.Sprint(w.host.Value(t, total+tool+".outcome.reserved"), w.host.Value(t, total+tool+".outcome.committed"), w.host.Value(t, total+tool+".outcome.refunded"))
		}
		if of("cheap") != row.cheap || of("dear") != row.dear || s.Settling() {
			t.Errorf("%s: cheap %s, dear %s, want %s and %s", row.name, of("cheap"), of("dear"), row.cheap, row.dear)
		}
		if len(s.Failed()) > 0 {
			t.Errorf("%s: what failed is kept although nobody wants to know it", row.name)
		}
	}
}

// TestNobodyWantsToKnow: without tools and without an audit nothing is noted of a call, and
// to count costs no memory.
func TestNobodyWantsToKnow(t *testing.T) {
	if s := newWorker(t, `"other_tools": {"cost": 1}`).read(call("1", "x", "{}")); len(s.Asked()) > 0 || len(s.calls) != 1 {
		t.Errorf("%+v", s)
	}
	w := newWorker(t, metered)
	s := w.read(call("1", "dear", "{}"))
	if n := testing.AllocsPerRun(100, func() {
		asked, paid := s.asked[0], s.calls[:1][0]
		s.Reset()
		s.rule = w.Rule(0)
		s.ask(asked)
		s.calls = append(s.calls, paid)
		s.Passed(true)
		s.refundAll(503)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
