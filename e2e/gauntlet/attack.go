// Package gauntlet attacks Gatewarden and its alternatives in front of the demo service,
// and reports how many guesses got through.
//
// An [Attack] is the method of an attacker, a [System] the defence; a run plays every
// attack against every system. Before a system is used again, it has time to forget.
package gauntlet

import (
	"context"
	"fmt"
	"maps"
	"time"
)

// Limit is the limit of every system: the failures (or, if a system cannot see those,
// the requests) that it allows one client within a window.
type Limit struct {
	Failures int
	Window   time.Duration
}

// Family is how a system counts. What bounds an attacker follows from it.
type Family int

const (
	// Lockouts counts failures in a window that begins with the first one, and
	// refuses until it ends.
	Lockouts Family = iota
	// Requests counts all requests with a token bucket.
	Requests
	// SlidingFailures counts failures over a window that moves on with the time.
	SlidingFailures
)

// Bound is the most guesses that may get through, and the reckoning.
type Bound struct {
	Formula string
	N       int
}

// unbounded is the bound where a system is not made to stop the attack.
func unbounded(why string) Bound { return Bound{Formula: "none: " + why, N: -1} }

func (b Bound) String() string {
	if b.N < 0 {
		return b.Formula
	}
	return fmt.Sprintf("%s = %s", b.Formula, thousands(b.N))
}

// Attack is one way to try.
type Attack struct {
	Name string
	// What describes the attack for the reader of the table.
	What string
	// Teaches says what the mechanism at work is; it claims no figure.
	Teaches string

	Edge Edge
	// Window replaces that of the sizes, for one that takes longer.
	Window time.Duration
	// Alone keeps other systems from running at the same time: the attack needs
	// the machine.
	Alone bool
	// Fresh wants systems that were just started: what this one makes them count
	// lasts longer than a window.
	Fresh bool
	// Think is how long the service takes to answer.
	Think time.Duration
	// Variants are configurations of Gatewarden beside the default.
	Variants []Variant
	// Systems replaces the usual ones.
	Systems []System
	// Besides are further systems, of those that are installed.
	Besides func(Tools) []System
	// Pages names the kinds of pages that offices open meanwhile.
	Pages []string

	Bound func(s Sizes, sys System) Bound
	// Hardened is the bound of the hardened Gatewarden, where it is another one.
	Hardened func(s Sizes) Bound
	Run      func(ctx context.Context, f *Field) error
}

// Variant is a named configuration of Gatewarden.
type Variant struct {
	Name string
	// Lockout is put into the lockout of each surface, Plugin into the
	// configuration itself, HCM into Envoy's connection manager.
	Lockout, Plugin, HCM map[string]any
	// Workers is how many workers Envoy has, 0 for the usual number.
	Workers int
	// Bound replaces the attack's, because of the variant.
	Bound func(s Sizes) Bound
}

// hardened is Gatewarden with everything at once that a careful operator would
// switch on.
func hardened() Variant {
	lockout := map[string]any{"pending": 1}
	for _, v := range []Variant{knownGood, wide, byAccount} {
		maps.Copy(lockout, v.Lockout)
	}
	return Variant{Name: "hardened", Lockout: lockout}
}

// Sizes are how much of each attack is played.
type Sizes struct {
	Limit   Limit
	Windows int
	// Guesses a window of the attackers that take their time.
	Guesses int
	// Parallel guesses at once.
	Parallel int
	// Page is how many requests a page makes at once.
	Page int
	// Addresses is the number of addresses in a network, Bots the size of a botnet.
	Addresses, Bots int
	// Office is how many honest users share the attacker's address.
	Office int
	// Flood is how many addresses try to fill the table, Table its size.
	Flood, Table int
}

// Length is how long an attack lasts that lasts for a number of windows.
func (s Sizes) Length() time.Duration { return time.Duration(s.Windows) * s.Limit.Window }

// Standard is what the table in docs/gauntlet.md was made with.
func Standard() Sizes {
	return Sizes{
		Limit:   Limit{Failures: 5, Window: 3 * time.Second},
		Windows: 3, Guesses: 40, Parallel: 200, Page: 60, Addresses: 10_000, Bots: 2000,
		Office: 200, Flood: 40_000, Table: 4096,
	}
}

// All are the attacks, in the order of the table.
func All(s Sizes) []Attack {
	var all []Attack
	for _, some := range [][]Attack{single(s), calls(), parallel(s), forwarded(), networks(s), tables(s), clocks()} {
		all = append(all, some...)
	}
	return all
}
