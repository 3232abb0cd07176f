package config

import "strconv"

// Concurrency is a limit on the requests that are in flight at once.
type Concurrency struct {
	Name string
	// Surfaces that the rule applies to, by name; empty means all of them.
	Surfaces []string
	Per      Share
	// Limit is how many requests may be in flight; at most MaxConcurrency.
	Limit uint32
	// RetryAfter, in milliseconds, is when who is refused is told to come back.
	RetryAfter int64
	Mode       Mode
}

// MaxConcurrency is the most requests in flight that a rule can count.
const MaxConcurrency = 1<<16 - 1

// Share is what has a limit of its own.
type Share uint8

// The shares.
const (
	// PerSurface counts each surface apart.
	PerSurface Share = iota
	// PerIdentity counts each identity apart and, where nobody was verified,
	// each client.
	PerIdentity
	// PerAll counts everything together.
	PerAll
)

// maxConcurrencyRules bounds what a request can cost: each rule that applies to
// it writes the table twice.
const maxConcurrencyRules = 16

var shares = []option[Share]{{"surface", PerSurface}, {"identity", PerIdentity}, {"all", PerAll}}

var concurrencyFields = []field[Concurrency]{
	{key: "name", required: `write for example "service"`, read: func(v value, c *Concurrency) {
		c.Name = readName(v, "a rule's name")
	}},
	{key: "surfaces", read: func(v value, c *Concurrency) {
		c.Surfaces = v.references("leave it out for all surfaces")
	}},
	{key: "per", required: "write " + words(shares), read: func(v value, c *Concurrency) { choose(v, shares, &c.Per) }},
	{key: "limit", required: "write how many requests may be in flight at once, for example 100", read: func(v value, c *Concurrency) {
		readInteger(v, &c.Limit, 1, MaxConcurrency)
	}},
	{key: "retry_after", read: func(v value, c *Concurrency) { v.duration(&c.RetryAfter, "1s") }},
	{key: "mode", read: func(v value, c *Concurrency) { readMode(v, &c.Mode) }},
}

func readConcurrency(v value) []Concurrency {
	var list []Concurrency
	v.items(maxConcurrencyRules, func(item value) {
		c := Concurrency{RetryAfter: second}
		readObject(item, concurrencyFields, &c)
		list = append(list, c)
	})
	return list
}

// checkConcurrency refuses rules that cannot be told apart and those for
// surfaces that there are not.
func (d *draft) checkConcurrency(out *violations) {
	surfaces, known := d.surfaceNames()
	var names []string
	for i := range d.Concurrency {
		c := &d.Concurrency[i]
		names = append(names, c.Name)
		checkRuleName(names, concurrencyPath, out)
		for j, name := range c.Surfaces {
			if known && indexOf(surfaces, name) < 0 {
				out.add(concurrencyPath(i, "surfaces["+strconv.Itoa(j)+"]"), quote(name)+" is not the name of a surface; the surfaces are "+
					listed(surfaces, "and"))
			}
		}
	}
}

// concurrencyPath is the path of a key below the i-th rule, or of itself.
func concurrencyPath(i int, key string) string { return elementPath("concurrency", i, key) }
