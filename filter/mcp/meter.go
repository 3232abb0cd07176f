package mcp

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
)

// The calls of tools are counted by tool. The labels are a closed list: the first tools of
// the configuration by their names, and all others as one.

// maxMeters is how many tools have counters of their own. See RATIONALE.md, "Why do only the
// first 64 tools have counters of their own?"
const maxMeters = 64

// allowed is the outcome of a call that goes on to the service.
const allowed refusal.Reason = "allowed"

// outcomes are what can become of a call before the service sees it: it is allowed, or
// refused for a reason.
var outcomes = [...]refusal.Reason{
	allowed, refusal.LockedOut, refusal.RateLimited, refusal.AuthDenied, refusal.StoreUnavailable, refusal.Malformed,
	refusal.InsufficientScope, refusal.TierDenied, refusal.BypassDenied, refusal.QuotaExceeded, refusal.OverCapacity,
}

// meter counts the calls of a tool, and what became of their credits. All methods of a nil
// meter may be called.
type meter struct {
	calls                         [len(outcomes)]report.Counter
	reserved, committed, refunded report.Counter
}

// newMeters defines the counters of some tools, and of all others.
func newMeters(tools []config.Tool, m *report.Metrics) []meter {
	if len(tools) == 0 {
		return nil
	}
	meters := make([]meter, min(len(tools), maxMeters)+1)
	for i := range meters {
		label := otherLabel
		if i < len(meters)-1 {
			label = labelOf(tools[i].Name)
		}
		meters[i].define(m, label)
	}
	return meters
}

func (t *meter) define(m *report.Metrics, label string) {
	calls := report.By("gatewarden_tool_calls_total", "tool", label)
	for i := range t.calls {
		m.DefineBy(&t.calls[i], calls, "outcome", string(outcomes[i]))
	}
	credits := report.By("gatewarden_tool_credits_total", "tool", label)
	m.DefineBy(&t.reserved, credits, "outcome", "reserved")
	m.DefineBy(&t.committed, credits, "outcome", "committed")
	m.DefineBy(&t.refunded, credits, "outcome", "refunded")
}

// meter returns the meter of a tool, by its place in the configuration.
func (r *Room) meter(place int) *meter {
	if len(r.meters) == 0 {
		return nil
	}
	return &r.meters[min(place, len(r.meters)-1)]
}

const (
	otherLabel = "other"
	maxLabel   = 64
)

// labelOf returns a tool's name as it can stand within the name of a metric. Tools whose
// names differ in nothing else share their counters.
func labelOf(name string) string {
	label := []byte(name[:min(len(name), maxLabel)])
	for i, c := range label {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-':
		default:
			label[i] = '_'
		}
	}
	switch string(label) {
	case "tool", "outcome", "surface", "reason", "rule", "operation", "kind", "decision", otherLabel:
		label = append(label, '_') // the words of labels are not names
	}
	return string(label)
}

// call counts a call with an outcome.
func (t *meter) call(outcome refusal.Reason) {
	if t == nil {
		return
	}
	for i := range outcomes {
		if outcomes[i] == outcome {
			t.calls[i].Add(1)
		}
	}
}

func (t *meter) reserve(credits uint32) {
	if t != nil {
		t.reserved.Add(uint64(credits))
	}
}

func (t *meter) commit(credits uint32) {
	if t != nil {
		t.committed.Add(uint64(credits))
	}
}

func (t *meter) refund(credits uint32) {
	if t != nil {
		t.refunded.Add(uint64(credits))
	}
}
