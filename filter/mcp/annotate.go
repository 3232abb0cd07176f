package mcp

import (
	"github.com/gatewarden/gatewarden/internal/jsonstream"
	"github.com/gatewarden/gatewarden/internal/text"
)

// A list of tools can say what calls cost, from the table that calls are charged by. It says so
// in each tool's _meta, which is for programs. Descriptions stay as they are: they are what
// models read, and what clients compare to notice that a tool was changed behind their back.

// priceKey is the member of _meta. Its prefix is a name of this project in reverse, as MCP
// wants it.
const priceKey = "io.github.gatewarden/price"

// foreign ends the name of a member that has the same name already, so that only one has it.
const foreign = ".other"

// annotation is where in a tool its price is added.
type annotation struct {
	// names and metas are how many members a client could take for the name and for _meta.
	names, metas int
	// tool has that name; nil if none has, or not for every client.
	tool *tool
	// at is the place in the tool where _meta begins within, full tells that it has members.
	at         int
	inMeta     bool
	full, meta bool
	// long tells that a part of the tool has passed.
	long bool
	// taken are the places where names end that are priceKey.
	taken []int
}

// begin begins a tool.
func (a *annotation) begin() { *a = annotation{taken: a.taken[:0]} }

// see sees a token of a tool. own is the depth of the tool's members, and at the place of the
// byte that ends the token.
func (a *annotation) see(k jsonstream.Kind, json *jsonstream.Reader, own, at int) {
	switch depth := json.Depth(); {
	case k == jsonstream.Name && depth == own:
		if a.inMeta = json.Is("_meta"); a.inMeta {
			a.metas++
		}
	case k == jsonstream.BeginObject && depth == own+1 && a.inMeta:
		a.at, a.meta, a.full = at+1, true, false
	case k == jsonstream.Name && depth == own+1 && a.inMeta:
		a.full = true
		if json.Is(priceKey) {
			a.taken = append(a.taken, at)
		}
	}
}

// fits tells whether it is clear which tool it is, and where its price belongs.
func (a *annotation) fits() bool {
	return !a.long && a.names == 1 && a.tool != nil && (a.metas == 0 || a.metas == 1 && a.meta)
}

// appendTo appends a tool with its price to out. held begins with what is between it and the
// tool before, and from tells where of it to begin.
func (a *annotation) appendTo(out, held []byte, from int, r *Room) []byte {
	if !a.fits() {
		return append(out, held[from:]...)
	}
	if !a.meta {
		end := len(held) - 1 // the brace that ends the tool
		out = append(out, held[from:end]...)
		out = append(out, `,"_meta":{`...)
		out = a.tool.appendPrice(out, r)
		return append(out, "}}"...)
	}
	out = append(out, held[from:a.at]...)
	if out = a.tool.appendPrice(out, r); a.full {
		out = append(out, ',')
	}
	from = a.at
	for _, end := range a.taken {
		out = append(out, held[from:end]...)
		out = append(out, foreign...)
		from = end
	}
	return append(out, held[from:]...)
}

// appendPrice appends what a call of the tool costs, as a member.
func (t *tool) appendPrice(out []byte, r *Room) []byte {
	b := text.Buffer(out)
	b.Add(`"` + priceKey + `":{"unit":"credits","cost":`)
	b.AddInt(int64(t.Cost))
	r.appendTier(&b, `,"tier":`, t.rank)
	for i := range t.arguments {
		if i == 0 {
			b.Add(`,"arguments":[`)
		} else {
			b.Add(",")
		}
		t.arguments[i].appendPrice(&b, r)
	}
	if len(t.arguments) > 0 {
		b.Add("]")
	}
	b.Add("}")
	return b
}

// appendTier appends a tier as a member, if rank is that of one.
func (r *Room) appendTier(b *text.Buffer, name string, rank int) {
	if rank > 0 {
		b.Add(name)
		b.Add(`"`)
		b.Add(r.tierNames[rank-1])
		b.Add(`"`)
	}
}

// appendPrice appends what an argument does to the cost.
func (a *argument) appendPrice(b *text.Buffer, r *Room) {
	b.Add(`{"argument":[`)
	for i, part := range a.Way {
		if i > 0 {
			b.Add(",")
		}
		b.AddJSON(part)
	}
	b.Add("]")
	if a.MaxCount > 0 {
		b.Add(`,"max_count":`)
		b.AddInt(int64(a.MaxCount))
	} else {
		a.appendValues(b, r)
	}
	b.Add(`,"other":`)
	b.AddInt(int64(a.Other))
	r.appendTier(b, `,"other_tier":`, a.highest)
	b.Add(`,"absent":`)
	b.AddInt(int64(a.Absent))
	b.Add("}")
}

// appendValues appends the factors of an argument's values, and the tiers of some.
func (a *argument) appendValues(b *text.Buffer, r *Room) {
	b.Add(`,"times":{`)
	for i := range a.Values {
		if i > 0 {
			b.Add(",")
		}
		b.AddJSON(a.Values[i].Value)
		b.Add(":")
		b.AddInt(int64(a.Values[i].Times))
	}
	b.Add("}")
	if a.highest == 0 {
		return
	}
	b.Add(`,"tiers":{`)
	first := true
	for i := range a.Values {
		rank := a.values[a.Values[i].Value].rank
		if rank == 0 {
			continue
		}
		if !first {
			b.Add(",")
		}
		first = false
		b.AddJSON(a.Values[i].Value)
		r.appendTier(b, ":", rank)
	}
	b.Add("}")
}
