package mcp

import (
	"math"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/mcp/message"
)

// tool is a compiled tool.
type tool struct {
	*config.Tool
	scopes    []string
	rank      int // of the lowest tier that may use it
	arguments []argument
	meter     *meter // nil if nothing is counted by tool
}

// argument is a compiled argument of a tool.
type argument struct {
	*config.ToolArgument
	values map[string]effect
	// highest is the highest rank that one of the values needs.
	highest int
}

// effect is what a value of an argument does.
type effect struct {
	times uint32
	rank  int
}

// newTool compiles a tool. place is its place in the configuration.
func (r *Room) newTool(c *config.Tool, place int) *tool {
	t := &tool{Tool: c, scopes: r.config.ToolScopes(c), rank: r.rank(c.Tier), meter: r.meter(place)}
	for i := range c.Arguments {
		a := argument{ToolArgument: &c.Arguments[i], values: map[string]effect{}}
		for _, v := range a.Values {
			e := effect{v.Times, r.rank(v.Tier)}
			a.values[v.Value] = e
			a.highest = max(a.highest, e.rank)
		}
		t.arguments = append(t.arguments, a)
	}
	return t
}

// isRestricted tells whether not every caller may use the tool.
func (t *tool) isRestricted() bool { return len(t.scopes) > 0 || t.rank > 0 }

// maxPrice bounds the cost of a call, however its factors multiply.
const maxPrice = 1_000_000_000

// price returns what a call costs, and the rank of the lowest tier that may make it. It is
// not ok if an argument that matters can be read in more than one way.
func (t *tool) price(m *message.Message) (cost uint32, rank int, ok bool) {
	price, rank := uint64(t.Cost), t.rank
	for i := range t.arguments {
		a := &t.arguments[i]
		value, ok := m.Argument(a.Way)
		if !ok {
			return 0, 0, false
		}
		e := a.effect(&value)
		price, rank = min(price*uint64(e.times), maxPrice), max(rank, e.rank)
	}
	return uint32(price), rank, true
}

// effect returns what the value of an argument does. A value that is not listed could be
// another spelling of one that is, for the service: it counts for the most that a listed
// one does.
func (a *argument) effect(v *message.Argument) effect {
	switch {
	case !v.Exists:
		return effect{times: a.Absent}
	case a.MaxCount > 0:
		return effect{times: a.count(v)}
	}
	if e, found := a.values[v.Text]; found {
		return e
	}
	return effect{a.Other, a.highest}
}

// count returns the factor of a count.
func (a *argument) count(v *message.Argument) uint32 {
	if !v.IsNumber || v.Number < 1 || v.Number != math.Trunc(v.Number) {
		return a.Other
	}
	return uint32(min(v.Number, float64(a.MaxCount)))
}
