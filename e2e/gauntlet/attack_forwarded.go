package gauntlet

import (
	"context"
	"fmt"
	"time"
)

// forwarded are those that write another address into X-Forwarded-For each time.
func forwarded() []Attack {
	claims := steady(func(i int) Shot {
		s := guess(i)
		s.Claims = fmt.Sprintf("198.18.%d.%d", i/250, i%250+1)
		return s
	})
	return []Attack{
		{
			Name:    "X-Forwarded-For, at the edge",
			What:    "One address, which claims another one in each request. The proxy takes the peer of the connection for the client (`use_remote_address: true`, no trusted hop).",
			Teaches: "What a client says about itself is not asked for.",
			Edge:    Direct,
			Bound:   inSequence,
			Run:     claims,
		},
		{
			Name:    "X-Forwarded-For, behind one proxy",
			What:    "The same through a proxy that appends the address that it sees (`xff_num_trusted_hops: 1`).",
			Teaches: "Of the header, only the entry that the trusted proxy appended is read.",
			Edge:    Hop,
			Bound:   inSequence,
			Run:     claims,
		},
		{
			Name:    "X-Forwarded-For, believed",
			What:    "The same at an edge that believes the header (`use_remote_address: false`, and what corresponds to it elsewhere).",
			Teaches: "A limiter cannot be better than the address that it is told. `envoy.yaml` sets `use_remote_address: true` for that reason.",
			Edge:    Believed,
			Bound:   func(Sizes, System) Bound { return unbounded("each guess is another client") },
			Run:     claims,
		},
	}
}

// networks are attackers that own many addresses.
func networks(s Sizes) []Attack {
	return []Attack{withinSixtyFour(s), withinFortyEight(s), acrossFortyEights(s), botnet(s), decoys(s)}
}

// rotate sends n guesses, each from another address, over the attack's windows.
func rotate(n func(Sizes) int, shot func(i int) Shot) func(context.Context, *Field) error {
	return func(ctx context.Context, f *Field) error {
		f.beside(ctx, honestly, func() {
			f.spread(ctx, n(f.Sizes), 32, f.Sizes.Length(), func(i int) { f.fire(ctx, shot(i)) })
		})
		return nil
	}
}

func addresses(s Sizes) int { return s.Addresses }

func from(format string) func(i int) Shot {
	return func(i int) Shot {
		s := guess(i)
		s.From = fmt.Sprintf(format, i+1)
		return s
	}
}

// With this many at a time, a few are in progress when a lockout begins.
const rotators = 32

const (
	wideFailures    = 50
	accountFailures = 10
)

var (
	wide = Variant{Name: "`wide`", Bound: wideBound, Lockout: map[string]any{
		"wide": map[string]any{"ipv4_prefix": 24, "ipv6_prefix": 48, "failures": wideFailures},
	}}
	byAccount = Variant{Name: "`keys` by account", Bound: slowBound, Lockout: map[string]any{
		"keys": []any{map[string]any{"per": []any{"account"}, "failures": accountFailures, "window": "5m", "action": "slow"}},
	}}
	byAccountKnown = Variant{Name: "`keys` by account and `known_good`", Bound: slowBound, Lockout: map[string]any{
		"keys": byAccount.Lockout["keys"], "known_good": knownGood.Lockout["known_good"],
	}}
)

func wideBound(s Sizes) Bound {
	return Bound{
		Formula: fmt.Sprintf("(%d − 1 + %d) × %d", wideFailures, rotators, s.Windows),
		N:       (wideFailures - 1 + rotators) * s.Windows,
	}
}

// slowBound is that of a key that lets one attempt pass after a second, after two
// more, after four and so on.
func slowBound(s Sizes) Bound {
	later, wait := 0, time.Second
	for at := wait; at < s.Length(); at += wait {
		later++
		wait *= 2
	}
	return Bound{
		Formula: fmt.Sprintf("%d − 1 + %d + %d", accountFailures, rotators, later),
		N:       accountFailures - 1 + rotators + later,
	}
}

func withinSixtyFour(s Sizes) Attack {
	return Attack{
		Name:    thousands(s.Addresses) + " addresses of one /64",
		What:    "Each guess comes from another address of the same IPv6 /64, 32 at a time.",
		Teaches: "A /64 is what one customer gets: an address of it costs nothing. nginx has no way to count by network short of a `map` of patterns.",
		Edge:    Hop,
		Alone:   true,
		Bound: func(s Sizes, sys System) Bound {
			if !sys.ByNetwork {
				return byKeys(s, sys, s.Addresses, 1)
			}
			if sys.Family == Lockouts {
				return held(usualWorkers)(s)
			}
			return byKeys(s, sys, 1, rotators)
		},
		Hardened: pendingBound(1),
		Run:      rotate(addresses, from("2001:db8:1:1::%x")),
	}
}

func withinFortyEight(s Sizes) Attack {
	return Attack{
		Name:     thousands(s.Addresses) + " networks of one /48",
		What:     "Each guess comes from another /64 of the same /48.",
		Teaches:  "A /48 is what one site gets, and has 65,536 networks that look like customers.",
		Edge:     Hop,
		Alone:    true,
		Variants: []Variant{wide},
		Hardened: wideBound,
		Bound:    func(s Sizes, sys System) Bound { return byKeys(s, sys, s.Addresses, 1) },
		Run:      rotate(addresses, from("2001:db8:1:%x::1")),
	}
}

func acrossFortyEights(s Sizes) Attack {
	return Attack{
		Name:    thousands(s.Addresses) + " addresses across /48s",
		What:    "Each guess comes from another /48.",
		Teaches: "Nothing that counts by address stops an attacker with that many, if each guess is at another account.",
		Edge:    Hop,
		Alone:   true,
		Bound:   func(s Sizes, sys System) Bound { return byKeys(s, sys, s.Addresses, 1) },
		Run:     rotate(addresses, from("2001:db9:%x::1")),
	}
}

func botnet(s Sizes) Attack {
	return Attack{
		Name:     "A botnet against one account",
		What:     thousands(s.Bots) + " addresses, each in another /24, guess the password of one user (HTTP Basic), 32 at a time. The honest client is that user, at home, who has logged in before.",
		Teaches:  "Only a count by account sees that these belong together. It must not lock the account, or anybody could lock its owner out; slowed down, an owner who is not known as good has to win a turn against the botnet.",
		Edge:     Hop,
		Alone:    true,
		Fresh:    true,
		Variants: []Variant{byAccount, byAccountKnown},
		Hardened: slowBound,
		Bound:    func(s Sizes, sys System) Bound { return byKeys(s, sys, s.Bots, 1) },
		Run:      guessOfMany(false),
	}
}

func decoys(s Sizes) Attack {
	a := botnet(s)
	a.Name = "A botnet that names another account first"
	a.What = "The same, and each request carries a second credential, in front of the first: `X-Api-Key` with the Basic credential of a user who does not exist, another one each time."
	a.Teaches = "What the service looks at has to be what is counted, wherever in the request it stands."
	a.Variants = nil
	a.Run = guessOfMany(true)
	return a
}

func guessOfMany(decoy bool) func(context.Context, *Field) error {
	owner := func(int) Shot {
		return Shot{From: honestAddress, Auth: basic("alice", "wonderland"), Mark: Honest}
	}
	return func(ctx context.Context, f *Field) error {
		if _, err := f.Target.Send(ctx, owner(0)); err != nil {
			return err
		}
		f.beside(ctx, owner, func() {
			f.spread(ctx, f.Sizes.Bots, rotators, f.Sizes.Length(), func(i int) {
				s := Shot{
					From: fmt.Sprintf("100.%d.%d.1", 64+i/32, i%32*8),
					Auth: basic("alice", fmt.Sprintf("guess-%d", i)), Mark: Guess,
				}
				if decoy {
					s.Decoy = basic(fmt.Sprintf("decoy-%d", i), "x")
				}
				f.fire(ctx, s)
			})
		})
		return nil
	}
}
