// Package scope decides whether a verified caller has the scopes that an operation needs.
//
// What an operation needs is configured for methods and paths, and another room may need
// more for what it read in the body. A scope may include others; who has the wider one has
// them, too. A caller without all of them is told by 403 which scopes the operation needs,
// so that its client can ask for them (RFC 6750 section 3.1).
//
// The moments of a request are [State.Begin] when its surface is known, [State.Need] for
// what is found later, [State.Check] once the caller is known, and [State.Refused] and
// [State.Words] for a refusal.
//
//	scope.go    the room and its moments
//	grants.go   which scopes include which
//	explain.go  all of it for tools; the proxy never asks
package scope

import (
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/text"
)

// Room has what the operations of each surface need.
type Room struct {
	clock  proxy.Clock
	grants grants
	rules  []Rules
}

// Rules are the operations of one surface.
type Rules struct {
	room       *Room
	surface    string
	operations []operation
	missing    report.Counter
}

// operation is a compiled operation.
type operation struct {
	scopes []string
	// place is that in the configuration.
	place int
	// exact is the pattern as configured, normal the same in normal form.
	exact  *config.Match
	normal config.Match
}

// New compiles the configuration and defines the metrics.
//
//go:noinline
func New(c *config.Config, clock proxy.Clock, m *report.Metrics) *Room {
	r := &Room{clock: clock, grants: newGrants(c.Scopes.Implies), rules: make([]Rules, len(c.Surfaces))}
	for i := range r.rules {
		s, rules := &c.Surfaces[i], &r.rules[i]
		for j := range c.Scopes.Operations {
			o := &c.Scopes.Operations[j]
			if !s.IsAmong(o.Surfaces) || len(o.Surfaces) == 0 && !s.Kind.IsResource() {
				continue
			}
			rules.operations = append(rules.operations, operation{scopes: o.Scopes, place: j, exact: &o.Match})
			normal := &rules.operations[len(rules.operations)-1].normal
			*normal = o.Match
			normal.Path = request.Normal(o.Path)
		}
		if len(rules.operations) == 0 && !c.MCP.AppliesTo(s) {
			continue
		}
		rules.room, rules.surface = r, s.Name
		m.DefineRefusals(&rules.missing, s.Name, string(refusal.InsufficientScope))
	}
	return r
}

// Rules returns the operations of a surface, by its place in the configuration. They are
// nil where nothing needs a scope, and for -1.
func (r *Room) Rules(surface int) *Rules {
	if surface < 0 || surface >= len(r.rules) || r.rules[surface].room == nil {
		return nil
	}
	return &r.rules[surface]
}

// State is what one request needs. The zero State needs nothing.
type State struct {
	rules  *Rules
	needed []string
}

// Reset clears the state and keeps its memory.
func (s *State) Reset() {
	if s.rules != nil || len(s.needed) > 0 {
		*s = State{needed: s.needed[:0]}
	}
}

// Begin finds out what a request needs by its method and path. Of the operations that a
// service may take it for, it needs the scopes of all, up to the first one that it surely
// is: no spelling of a path leads around an operation.
func (s *State) Begin(rules *Rules, t *request.Target) {
	s.Reset()
	if s.rules = rules; rules == nil || len(rules.operations) == 0 {
		return
	}
	for _, path := range t.Readings {
		normal := request.Normal(path)
		for i := rules.next(-1, t, path, normal); i >= 0; i = rules.next(i, t, path, normal) {
			s.Need(rules.operations[i].scopes)
		}
	}
}

// next returns the operation after the last one that a service may take a reading for, and
// -1 if there is none, or if the request surely is the last one. normal is the reading in
// normal form.
func (u *Rules) next(last int, t *request.Target, path, normal string) int {
	if last >= 0 && request.Surely(u.operations[last].exact, t, path) {
		return -1
	}
	for i := last + 1; i < len(u.operations); i++ {
		if request.May(&u.operations[i].normal, t, normal) {
			return i
		}
	}
	return -1
}

// Need adds scopes that the request needs, too.
func (s *State) Need(scopes []string) {
	for _, scope := range scopes {
		if !slices.Contains(s.needed, scope) {
			s.needed = append(s.needed, scope)
		}
	}
}

// Any tells whether the request needs a scope.
func (s *State) Any() bool { return len(s.needed) > 0 }

// Needed returns all scopes that the request needs, with spaces between them, for the
// challenge: "all scopes required for the current operation in a single challenge" (MCP
// 2026-07-28, Authorization).
func (s *State) Needed() string { return strings.Join(s.needed, " ") }

// Check refuses the request if its caller lacks a scope.
func (s *State) Check(id *caller.Identity) (why refusal.Refusal, refused bool) {
	if s.Allows(id, s.needed) {
		return refusal.Refusal{}, false
	}
	return refusal.Refusal{Reason: refusal.InsufficientScope, Now: s.rules.room.clock.Now()}, true
}

// Allows tells whether a caller has all of some scopes.
func (s *State) Allows(id *caller.Identity, scopes []string) bool {
	if s.rules == nil {
		return true
	}
	for _, scope := range scopes {
		if !s.rules.room.grants.has(id.Scopes, scope) {
			return false
		}
	}
	return true
}

// Refused counts a refusal.
func (s *State) Refused() {
	if s.rules != nil {
		s.rules.missing.Add(1)
	}
}

// Words returns what a refusal says. challenge is the value of WWW-Authenticate; if it is "",
// the words have a challenge whose realm is the surface.
func (s *State) Words(challenge string) *refusal.Words {
	needed := s.Needed()
	if challenge == "" && s.rules != nil {
		challenge = text.Join(caller.Bearer+` realm="`, s.rules.surface, `", error="insufficient_scope", scope="`, needed, `"`)
	}
	return &refusal.Words{
		Status: 403, GRPC: refusal.GRPCPermissionDenied, Code: jsonrpc.CodeForbidden,
		Problem:   refusal.Blank("Forbidden"),
		Message:   text.Join("This needs the scopes: ", needed, "."),
		More:      text.Join(`,"scope":"`, needed, `","hint":"Get an access token with these scopes."`),
		Challenge: challenge,
	}
}
