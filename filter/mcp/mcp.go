// Package mcp decides what the calls of an MCP server's tools need and cost. It reads the
// messages of each request before the server does, and refuses what the server could read
// in another way.
//
// A [Room] is made of a configuration for each worker; it compiles the tools. A [State]
// belongs to a request. Its moments, in order:
//
//	Begin     which version of the protocol the request speaks, and whether it has a body
//	Read      the body: which tools it calls
//	Check     whether the request can be read in one way only, and its caller's tier
//	          includes what it calls
//	Refused   the room refused the request; Words is for the reply
//
// The files, and the package message below:
//
//	mcp.go       the room
//	state.go     the calls of a request
//	version.go   the version of the protocol, and what follows from it
//	origin.go    which pages may call the server
//	mirror.go    headers that repeat what is in the body
//	tool.go      what a tool needs and costs
//	flaw.go      why a request cannot be read
//	answer.go    what the answer says of calls that cost something
//	settle.go    what becomes of them
//	asked.go     what a request calls, for those who count and report it
//	meter.go     counters by tool
//	list.go      lists of tools in it
//	annotate.go  what they say of prices
//	reject.go    in which form a client is told of a refusal
//	explain.go   all of it for tools; the proxy never asks
package mcp

import (
	"slices"

	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/mcp/message"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
)

// Room has the tools of the MCP servers.
type Room struct {
	config *config.MCP // nil if it is not configured
	clock  proxy.Clock
	// tiers are the tiers of callers, the lowest first. The place of one, plus one, is its
	// rank; all other tiers have rank 0.
	tiers []string
	// tierNames are the same as the inside of JSON strings.
	tierNames []string
	methods   map[string][]string // to the scopes that they need
	tools     map[string]*tool
	other     *tool
	rules     []Rule
	// hides tells that there are tools which not every caller may use.
	hides bool
	// priced tells that there are tools which cost something.
	priced bool
	// reports tells that somebody wants to know what is called, by name.
	reports bool
	// meters are those of the first tools, and after them that of all others; nil without
	// tools.
	meters []meter

	messages []message.Message // scratch
}

// Rule is what the room knows of a surface.
type Rule struct {
	room              *Room
	malformed, denied report.Counter
}

// New compiles the configuration and defines the metrics.
//
//go:noinline
func New(c *config.Config, clock proxy.Clock, m *report.Metrics) *Room {
	r := &Room{config: c.MCP, clock: clock}
	if c.MCP == nil {
		return r
	}
	r.tiers, r.methods, r.tools = c.MCP.Tiers, map[string][]string{}, map[string]*tool{}
	for i := range c.MCP.Methods {
		r.methods[c.MCP.Methods[i].Method] = c.MCP.Methods[i].Scopes
	}
	r.reports = c.Audit != nil
	r.meters = newMeters(c.MCP.Tools, m)
	for i := range c.MCP.Tools {
		r.tools[c.MCP.Tools[i].Name] = r.newTool(&c.MCP.Tools[i], i)
	}
	for _, tier := range r.tiers {
		quoted := string(gjson.AppendJSONString(nil, tier))
		r.tierNames = append(r.tierNames, quoted[1:len(quoted)-1])
	}
	r.other = r.newTool(&c.MCP.OtherTools, len(c.MCP.Tools))
	r.hides, r.priced = r.other.isRestricted(), r.other.Cost > 0
	for _, t := range r.tools {
		r.hides, r.priced = r.hides || t.isRestricted(), r.priced || t.Cost > 0
	}
	r.rules = make([]Rule, len(c.Surfaces))
	for i := range r.rules {
		rule, name := &r.rules[i], c.Surfaces[i].Name
		if !c.MCP.AppliesTo(&c.Surfaces[i]) {
			continue
		}
		rule.room = r
		m.DefineRefusals(&rule.denied, name, string(refusal.TierDenied))
		m.DefineRefusals(&rule.malformed, name, string(refusal.Malformed))
	}
	return r
}

// Rule returns the rule of a surface, by its place in the configuration. It returns nil
// where the room reads nothing.
func (r *Room) Rule(surface int) *Rule {
	if surface < 0 || surface >= len(r.rules) || r.rules[surface].room == nil {
		return nil
	}
	return &r.rules[surface]
}

// MaxBody returns how long a request may be, in bytes; 0 without a rule.
func (u *Rule) MaxBody() int {
	if u == nil {
		return 0
	}
	return u.room.config.MaxBody
}

// toolNamed returns the tool with a name, or what stands for all others.
func (r *Room) toolNamed(name string) *tool {
	if t, found := r.tools[name]; found {
		return t
	}
	return r.other
}

// rank returns the rank of a tier.
func (r *Room) rank(tier string) int { return slices.Index(r.tiers, tier) + 1 }
