// Package bypass lets some callers ask, by a request header, not to be limited.
//
// A verified caller that has one of the configured roles passes the limits. A verified
// caller without such a role is refused, because it would otherwise be limited without
// knowing why. From an unverified caller the header is ignored: it is worth no more than
// any other claim. See RATIONALE.md, "Why is a bypass without the role refused?" and
// "Why does a bypass not pass a lockout?"
//
// The moments of a request are [State.Read] as soon as its headers are there,
// [State.Begin] when its surface is known, [State.Decide] before the limits, and
// [State.Refused] and [State.Words] for a refusal. Everything is in this file.
package bypass

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/ascii"
	"github.com/gatewarden/gatewarden/internal/text"
)

// Ports are what the room needs of the proxy.
type Ports interface {
	proxy.Clock
	proxy.RequestHeaderRemover
}

// Room has the configuration of the bypass.
type Room struct {
	ports Ports
	log   *report.Log
	// header asks for the bypass; "" if the bypass is not configured.
	header string
	roles  []string
	words  refusal.Words
	rules  []Rule
}

// New compiles the configuration and defines the metrics of all surfaces.
//
//go:noinline
func New(c *config.Config, p Ports, log *report.Log, m *report.Metrics) *Room {
	r := &Room{ports: p, log: log, header: c.Bypass.Header, roles: c.Bypass.Roles, rules: make([]Rule, len(c.Surfaces))}
	r.words = refusal.Words{
		Status: 428, GRPC: refusal.GRPCFailedPrecondition, Code: jsonrpc.CodeBypassDenied,
		Problem: refusal.Blank("Precondition Required"),
		Message: text.Join("The header ", r.header, " needs a role that you do not have. Send the request without it."),
	}
	for i := range r.rules {
		rule, name := &r.rules[i], c.Surfaces[i].Name
		rule.room, rule.surface = r, name
		total := report.By("gatewarden_bypass_total", "surface", name)
		m.DefineBy(&rule.used, total, "outcome", "used")
		m.DefineBy(&rule.denied, total, "outcome", "denied")
	}
	return r
}

// Rule returns the rule of a surface, by its place in the configuration. It returns nil
// if no bypass is configured, and for -1.
func (r *Room) Rule(surface int) *Rule {
	if r.header == "" || surface < 0 || surface >= len(r.rules) {
		return nil
	}
	return &r.rules[surface]
}

// Rule counts the uses of the bypass on one surface.
type Rule struct {
	room         *Room
	surface      string
	used, denied report.Counter
}

// State is what one request asks for. The zero State asks for nothing, and all its
// methods may be called.
type State struct {
	rule           *Rule
	asked, granted bool
}

// Read notes whether the request asks for the bypass, and removes the header in every
// spelling that a service might read as the configured one. The value that asks is
// "true", in any letter case. The removed lines stay in headers.
func (s *State) Read(room *Room, headers []proxy.Header) {
	if room.header == "" {
		return
	}
	for i := range headers {
		h := &headers[i]
		if !proxy.SameHeader(h.Name, room.header) {
			continue
		}
		if h.Name == room.header && strings.EqualFold(ascii.TrimBlanks(h.Value), "true") {
			s.asked = true
		}
		room.ports.RemoveRequestHeader(h.Name)
	}
}

// Begin takes up the rule of the request's surface, nil if it has none.
func (s *State) Begin(rule *Rule) { s.rule = rule }

// Asked tells whether the request asks for the bypass.
func (s *State) Asked() bool { return s.asked }

// Granted tells whether the request passes the limits.
func (s *State) Granted() bool { return s.granted }

// Decide grants the bypass, or refuses the request with BypassDenied. It does neither if
// the request does not ask or its caller is not verified. Each use is counted, and
// logged at the rate of its kind. Once it is granted,
// further calls do nothing.
func (s *State) Decide(client *caller.Client, id *caller.Identity) (why refusal.Refusal, refused bool) {
	if s.rule == nil || !s.asked || !id.Verified || s.granted {
		return refusal.Refusal{}, false
	}
	room := s.rule.room
	now := room.ports.Now()
	for _, role := range id.Roles {
		if slices.Contains(room.roles, role) {
			s.granted = true
			s.rule.used.Add(1)
			s.report(client, id, role, now)
			return refusal.Refusal{}, false
		}
	}
	return refusal.Refusal{Reason: refusal.BypassDenied, Now: now}, true
}

// report logs a use.
func (s *State) report(client *caller.Client, id *caller.Identity, role string, now int64) {
	log := s.rule.room.log
	if log.Allows(report.Bypass, now) {
		line := s.AppendIdentity(log.About("bypass", s.rule.surface, client.Prefix), id)
		log.Write(line.Field("role", strconv.Quote(role)))
	}
}

// AppendIdentity appends the caller to the line of a use or a refusal, in the form in
// which the configuration wants clients.
func (s *State) AppendIdentity(line *report.Line, id *caller.Identity) *report.Line {
	if s.rule == nil {
		return line
	}
	log := s.rule.room.log
	if id.Subject != "" {
		line.Field("subject", log.Name(id.Subject))
	}
	if id.Tenant != "" {
		line.Field("tenant", log.Name(id.Tenant))
	}
	return line
}

// Refused counts a refusal.
func (s *State) Refused() {
	if s.rule != nil {
		s.rule.denied.Add(1)
	}
}

// Words returns what a refusal says. Like every 428, it must not be stored by a cache
// (RFC 6585 section 3); package refusal sees to that.
func (s *State) Words() *refusal.Words {
	if s.rule == nil {
		return &refusal.Words{}
	}
	return &s.rule.room.words
}
