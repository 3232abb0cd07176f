package config

// Concurrency is a rule that limits requests in flight: from a request's headers to
// the end of its response. A request without a slot gets 503.
type Concurrency struct {
	// Name identifies the rule in metrics and logs; its form is that of a surface's
	// name. Required and unique. Danger: under a new name, counting starts anew.
	Name string
	// Surfaces that the rule applies to, by name. Empty means all of them, the
	// default.
	Surfaces []string
	// Per is what has a limit of its own. Required.
	Per Share
	// Limit is the number of requests that may be in flight at once, 1 to
	// [MaxConcurrency]. Required.
	Limit uint32
	// RetryAfter is the time in milliseconds after which a refused client should
	// return; 1 s to 30 days. Default: 1 s.
	RetryAfter int64
	// Mode says what follows if there is no slot.
	Mode Mode
}

// MaxConcurrency is the largest number of requests in flight that a rule can
// count.
const MaxConcurrency = 1<<16 - 1

// Share is what has a concurrency limit of its own.
type Share uint8

// The shares.
const (
	// PerSurface counts each surface apart.
	PerSurface Share = iota
	// PerIdentity counts each identity apart, and each client whose requests have
	// none. Danger: unverified callers behind one address share a limit.
	PerIdentity
	// PerAll counts all surfaces of the rule together.
	PerAll
)

// maxConcurrencyRules bounds the cost of a request: each rule that applies to it
// writes to the table twice.
const maxConcurrencyRules = 16

var shares = []string{PerSurface: "surface", PerIdentity: "identity", PerAll: "all"}

var oneConcurrency Concurrency

var concurrencyFields = table[Concurrency]{&oneConcurrency, []field[Concurrency]{
	{key: "name", required: `write for example "service"`, as: &textAs{&oneConcurrency.Name, readName, "a rule's name"}},
	{key: "surfaces", as: &textList{into: &oneConcurrency.Surfaces, each: anyText, empty: "leave it out for all surfaces"}},
	{key: "per", words: &shares, as: &oneOf{(*uint8)(&oneConcurrency.Per), shares}},
	{key: "limit", required: "write how many requests may be in flight at once, for example 100", as: &count{&oneConcurrency.Limit, 1, MaxConcurrency}},
	{key: "retry_after", as: &duration{&oneConcurrency.RetryAfter, "1s"}},
	{key: "mode", as: &oneOf{(*uint8)(&oneConcurrency.Mode), modes}},
}}

func readConcurrency(v *value, d *draft) {
	for i, item := range makeRoom(&d.Concurrency, v.items(maxConcurrencyRules)) {
		c := &d.Concurrency[i]
		c.RetryAfter = second
		readObject(item, &concurrencyFields, c)
	}
}

// checkConcurrency refuses rules with the same name, and names that no surface
// has.
func (d *draft) checkConcurrency(out *violations) {
	surfaces, known := d.surfaceNames()
	var names []string
	for i := range d.Concurrency {
		c := &d.Concurrency[i]
		names = append(names, c.Name)
		checkRuleName(names, concurrencyPath, out)
		for j, name := range c.Surfaces {
			if known && indexOf(surfaces, name) < 0 {
				out.add(concurrencyPath(i, element("surfaces", j)), "%q is not the name of a surface; the surfaces are %s", name, listed(surfaces, "and"))
			}
		}
	}
}

// concurrencyPath returns the path of a key of the i-th rule, or of the rule
// itself if key is empty.
func concurrencyPath(i int, key string) location { return location{"concurrency", i, key} }
