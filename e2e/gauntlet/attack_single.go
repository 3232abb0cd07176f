package gauntlet

import (
	"context"
	"fmt"

	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

const attacker = "127.40.0.1"

// guess is the i-th guess at a token.
func guess(i int) Shot {
	return Shot{From: attacker, Auth: bearer(fmt.Sprintf("guess-%d", i)), Mark: Guess}
}

// steady is an attack that sends shots in sequence, evenly over its windows.
func steady(shot func(i int) Shot) func(context.Context, *Field) error {
	return besides(honestly, shot)
}

// besides does so beside an honest client.
func besides(honest, shot func(i int) Shot) func(context.Context, *Field) error {
	return func(ctx context.Context, f *Field) error {
		n := f.Sizes.Guesses * f.Sizes.Windows
		f.beside(ctx, honest, func() {
			f.spread(ctx, n, 1, f.Sizes.Length(), func(i int) { f.fire(ctx, shot(i)) })
		})
		return nil
	}
}

// single are the attackers with one address.
func single(s Sizes) []Attack {
	return []Attack{
		{
			Name:    "One address, in sequence",
			What:    "One guess after the other, each with another token.",
			Teaches: "This is what all of them are made for.",
			Bound:   inSequence,
			Variants: []Variant{
				{Name: "`jitter`", Lockout: map[string]any{"jitter": "1s"}},
			},
			Run: steady(guess),
		},
		{
			Name:    "Slow and low",
			What:    "One guess fewer in each window than the limit, evenly.",
			Teaches: "Whoever stays below a limit is not limited; the limit and the window decide what that is worth to a guesser.",
			Bound: func(s Sizes, _ System) Bound {
				return Bound{Formula: fmt.Sprintf("(%d − 1) × %d", s.Limit.Failures, s.Windows), N: slowly(s)}
			},
			Run: func(ctx context.Context, f *Field) error {
				// A little more than the window for each allowance: the guess
				// that opens the next window must not fall into this one.
				over := f.Sizes.Length() * 104 / 100
				f.beside(ctx, honestly, func() {
					f.spread(ctx, slowly(f.Sizes), 1, over, func(i int) { f.fire(ctx, guess(i)) })
				})
				return nil
			},
		},
		ownLogin(), office(s), spellings(), tokens(),
	}
}

func slowly(s Sizes) int { return (s.Limit.Failures - 1) * s.Windows }

func ownLogin() Attack {
	return Attack{
		Name:    "A correct login between the wrong ones",
		What:    "After every fourth guess the attacker logs in to an account of their own.",
		Teaches: "A counter that a success clears can be cleared by anybody who has an account.",
		Bound:   inSequence,
		Variants: []Variant{
			{Name: "`reset_on_success`", Lockout: map[string]any{"reset_on_success": true}},
			knownGood,
		},
		Run: func(ctx context.Context, f *Field) error {
			n := f.Sizes.Guesses * f.Sizes.Windows
			f.beside(ctx, honestly, func() {
				f.spread(ctx, n, 1, f.Sizes.Length(), func(i int) {
					f.fire(ctx, guess(i))
					if i%4 == 3 {
						f.fire(ctx, Shot{From: attacker, Auth: bearer(honestToken(0)), Mark: Own})
					}
				})
			})
			return nil
		},
	}
}

var knownGood = Variant{Name: "`known_good`", Lockout: map[string]any{"known_good": map[string]any{"for": "1h"}}}

// office shares the attacker's address among honest users, who were there first.
func office(s Sizes) Attack {
	return Attack{
		Name:     "An office behind the attacker's address",
		What:     fmt.Sprintf("One address guesses in sequence. Behind the same address are %d honest users with a token each. All of them have worked before the attack; each sends one request in a window.", s.Office),
		Teaches:  "An address is not a person: what refuses the address refuses everybody behind it, unless it can tell who has been right before.",
		Bound:    inSequence,
		Variants: []Variant{knownGood},
		Run: func(ctx context.Context, f *Field) error {
			user := func(i int) Shot {
				return Shot{From: attacker, Auth: bearer(honestToken(1 + i%f.Sizes.Office)), Mark: Honest}
			}
			for i := range f.Sizes.Office {
				if _, err := f.Target.Send(ctx, user(i)); err != nil {
					return err
				}
			}
			// Systems that count requests must forget these first.
			if err := sleep(ctx, f.Sizes.Limit.Window*3/2); err != nil {
				return err
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				f.spread(ctx, f.Sizes.Office*f.Sizes.Windows, 8, f.Sizes.Length(), func(i int) { f.fire(ctx, user(i)) })
			}()
			f.spread(ctx, f.Sizes.Guesses*f.Sizes.Windows, 1, f.Sizes.Length(), func(i int) { f.fire(ctx, guess(i)) })
			<-done
			return nil
		},
	}
}

// spelled are ways to write /api/v1/items that some framework reads so.
var spelled = []string{
	"/api/v1/items", "/api/v1/items/", "/api//v1/items", "/api/./v1/items", "/api/x/../v1/items",
	"/API/V1/items", "/Api/v1/Items", "/api/v1/%69tems", "/%61pi/v1/items", "/api%2Fv1%2Fitems",
	"/api/v1/items;a=1", "/api;a=1/v1/items", "/x/..;/api/v1/items", "/api/%2e/v1/items",
	"/api/x/%2e%2e/v1/items", `/api\v1\items`, "/api%5Cv1%5Citems", "/%2561pi/v1/items",
	"/api/v1/items?a=1", "/healthz/../api/v1/items", "/.well-known/..;/api/v1/items", "/api/v1;/items",
}

func spellings() Attack {
	asSent := Variant{Name: "paths not normalised by Envoy", HCM: map[string]any{
		"normalize_path": false, "merge_slashes": false, "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
	}}
	return Attack{
		Name: "Spellings of the path",
		What: fmt.Sprintf("In sequence, at a service that reads paths in any way that some framework does: "+
			"%d spellings of one path in turn (capitals, encodings once and twice, `;` parameters, dot segments, backslashes).", len(spelled)),
		Teaches:  "A limit by path has to read paths in every way that the service may; one for all paths need not, and weighs on all of them. The others are configured for all paths here.",
		Bound:    inSequence,
		Variants: []Variant{asSent},
		Run: steady(func(i int) Shot {
			s := guess(i)
			s.Path = spelled[i%len(spelled)]
			return s
		}),
	}
}

// grants are guesses at the token endpoint, one for each grant type, by clients that send
// their secret in the form. Wrong ones get 400.
func grants(i int) string {
	const known = "client_id=" + service.ClientID + "&client_secret=" + service.ClientSecret
	forms := []string{
		known + "&grant_type=password&username=alice&password=guess-%d",
		known + "&grant_type=authorization_code&code=guess-%d",
		known + "&grant_type=refresh_token&refresh_token=guess-%d",
		known + "&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=guess-%d",
		"client_id=" + service.ClientID + "&grant_type=client_credentials&client_secret=guess-%d",
	}
	return fmt.Sprintf(forms[i%len(forms)], i)
}

func tokens() Attack {
	return Attack{
		Name:    "The token endpoint, every grant type",
		What:    "In sequence: passwords, codes, refresh tokens, device codes and client secrets in turn, the client's secret in the form. The service says no with 400 and an OAuth error, as RFC 6749 has it.",
		Teaches: "OAuth says \"wrong\" with 400, so who counts 401s sees no failure; and 400 alone would count every client that polls or mistypes a parameter.",
		Bound: func(s Sizes, sys System) Bound {
			if sys.Family == SlidingFailures {
				return unbounded("it counts 401s, and these are 400s")
			}
			return inSequence(s, sys)
		},
		Run: besides(func(int) Shot {
			return Shot{From: honestAddress, Path: "/oauth/token", Mark: Honest, Form: "grant_type=password&username=" + service.User +
				"&password=" + service.Password + "&client_id=" + service.ClientID + "&client_secret=" + service.ClientSecret}
		}, func(i int) Shot {
			return Shot{From: attacker, Path: "/oauth/token", Form: grants(i), Mark: Guess}
		}),
	}
}
