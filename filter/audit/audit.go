// Package audit writes decisions to the log, one line of JSON each, for those who have to
// account for them: who called what, what it cost, and why it was refused. A line never has
// a token, an argument or a body.
//
// A [Room] is made of a configuration for each worker. A [State] belongs to a request. Its
// moments, in order:
//
//	Begin     what the response phase will need of the request
//	Keeps     whether decisions with an outcome are kept; asked once for each decision
//	Write     a line about it
//
// The files:
//
//	audit.go  the room: which decisions are kept
//	line.go   a line
//	text.go   texts as JSON
//	time.go   times as RFC 3339 has them
//
// docs/audit.schema.json describes a line. See RATIONALE.md, "Why are decisions written to the
// proxy's log?"
package audit

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/text"
	"github.com/gatewarden/gatewarden/table"
)

// Ports are what the room needs of the proxy.
type Ports interface {
	proxy.WallClock
	proxy.Log
}

// Room has the rules by which decisions are kept.
type Room struct {
	config *config.Audit // nil: none is
	ports  Ports
	names  *report.Log // names clients
	table  *table.Table
	// refusals and others are the rates of lines.
	refusals, others report.Rate
	draws            uint64
	dropped          int64 // since the last line

	written, sampledOut, beyondRate report.Counter
	line                            text.Buffer // scratch
}

// New compiles the configuration and defines the metrics. Names are hashed by the table.
//
//go:noinline
func New(c *config.Config, p Ports, names *report.Log, t *table.Table, m *report.Metrics) *Room {
	r := &Room{config: c.Audit, ports: p, names: names, table: t}
	if c.Audit == nil {
		return r
	}
	r.refusals, r.others = report.NewRate(c.Audit.LinesPerSecond), report.NewRate(c.Audit.LinesPerSecond)
	const total = "gatewarden_audit_lines_total"
	m.DefineBy(&r.written, total, "outcome", "written")
	m.DefineBy(&r.sampledOut, total, "outcome", "sampled_out")
	m.DefineBy(&r.beyondRate, total, "outcome", "dropped")
	return r
}

// Decision is what a line is about.
type Decision struct {
	Outcome config.AuditOutcome
	// Surface is "" if the request belongs to none.
	Surface  string
	Client   netip.Prefix
	Identity *caller.Identity
	// Method and Tool are what an MCP message calls, "" for other requests.
	Method, Tool string
	// Cost in credits.
	Cost uint32
	// Messages is how many messages the request has.
	Messages int
	// Reason says more: the rule that refused, or why credits were given back.
	Reason string
	// Shadow tells that a rule in shadow mode decided, so that the request passed.
	Shadow bool
}

// OutcomeOf returns the outcome of a refusal. A bypass that is denied is one for want of a
// role.
func OutcomeOf(reason refusal.Reason) config.AuditOutcome {
	for o := range config.NumAuditOutcomes {
		if o.String() == string(reason) {
			return o
		}
	}
	return config.AuditAuthDenied
}

// State is what is kept of one request. The zero State keeps nothing, and all its methods
// may be called.
type State struct {
	room       *Room
	method, id string
}

// Begin notes the request's method and id.
func (s *State) Begin(room *Room, method string, headers []proxy.Header) {
	if room.config == nil {
		return
	}
	s.room, s.method = room, kept(method, maxMethod)
	for i := range headers {
		if headers[i].Name == "x-request-id" && s.id == "" {
			s.id = kept(headers[i].Value, maxID)
		}
	}
}

// kept returns a copy of what a line has of a text, and a little more: then the line shows
// that the text is longer.
func kept(text string, most int) string { return strings.Clone(cut(text, most+utf8.UTFMax)) }

// Keeps tells whether a decision with this outcome is kept.
func (s *State) Keeps(o config.AuditOutcome) bool {
	if s.room == nil {
		return false
	}
	if s.room.draw(s.room.config.Sample[o]) {
		return true
	}
	s.room.sampledOut.Add(1)
	return false
}

// draw is true for a part of its calls. It draws by a keyed hash of their number: nobody who
// sends requests in a certain order can foresee which ones are kept.
func (r *Room) draw(part float64) bool {
	if part >= 1 {
		return true
	}
	if part <= 0 {
		return false
	}
	r.draws++
	var number [8]byte
	binary.LittleEndian.PutUint64(number[:], r.draws)
	const bits = 53 // of a float64
	return r.table.Hash(number[:])>>(64-bits) < uint64(part*(1<<bits))
}

// Write writes a line about a decision that is kept, if the rate allows it.
func (s *State) Write(d *Decision) {
	r := s.room
	if r == nil {
		return
	}
	now, rate := r.ports.WallNow(), &r.refusals
	if d.Outcome == config.AuditAllowed || d.Outcome == config.AuditRefunded {
		rate = &r.others
	}
	if !rate.Take(now) {
		r.dropped++
		r.beyondRate.Add(1)
		return
	}
	r.line = append(append(r.line[:0], prefix...), ' ')
	s.append(&r.line, d, now)
	r.dropped = 0
	r.written.Add(1)
	r.ports.Warn(string(r.line))
}

// prefix begins a line.
var prefix = report.NewLine("audit").Buffer
