package model

import (
	"net/netip"
	"testing"
	"time"
)

// What random scripts found, shortened by hand, or hardly ever find: each was a
// difference once, some from a filter that was broken on purpose.
func TestWhatWasFound(t *testing.T) {
	const s = time.Second
	ann := []Field{{"username", "ann"}}
	slowAccount := Key{Per: []string{perAccount}, Failures: 1}
	slowCredential := Key{Per: []string{perCredential}, Failures: 1}
	for _, row := range []struct {
		name    string
		kind    string
		lockout Lockout
		steps   []Step
	}{
		{"a failure ends a standing outside a lockout, too", api,
			Lockout{Failures: 2, KnownFor: 60 * s},
			[]Step{sends("a", 200), sends("a", 401), sends("b", 401), sends("a", 401)}},
		{"a failure ends a standing that began while it was under way", api,
			Lockout{Failures: 1, KnownFor: 60 * s, Window: 10 * s, Duration: 1 * s},
			[]Step{sends("a", 401, sends("a", 200)), sends("a", 401)}},
		{"a success is remembered, although the credential failed while it was under way", api,
			Lockout{Failures: 2, Pending: 1, KnownFor: 60 * s},
			[]Step{sends("a", 200), sends("a", 200, sends("a", 401)), sends("b", 401), sends("a", 200)}},
		{"who is refused by one key takes no turn of another", api,
			Lockout{Keys: []Key{slowAccount, {Per: []string{perCredential}, Failures: 1, Action: lock}}},
			[]Step{logs("ann", "1", 401), logs("ann", "1", 401), logs("ann", "2", 401)}},
		{"nor in shadow mode", api,
			Lockout{Mode: shadow, Failures: 99, Keys: []Key{slowCredential, {Per: []string{perAccount}, Failures: 1, Window: 10 * s, Action: lock}}},
			[]Step{
				logs("ann", "1", 401), logs("ann", "1", 401), after(1*s, logs("ann", "1", 401)), after(2*s, logs("ann", "1", 401)),
				after(4*s, logs("ann", "1", 401)), after(3*s, logs("ann", "1", 200)),
			}},
		{"a form that names two accounts takes no turn of either", consent,
			Lockout{Failures: 9, Keys: []Key{slowAccount}},
			[]Step{posts(ann, 401), posts([]Field{ann[0], {"username", "bob"}}, 401), posts(ann, 401)}},
		{"in shadow mode it would have been refused", consent,
			Lockout{Mode: shadow, Keys: []Key{slowAccount}},
			[]Step{posts([]Field{ann[0], ann[0]}, 401)}},
		{"in shadow mode a form that would have been refused holds nobody back", consent,
			Lockout{Mode: shadow, Failures: 3, Pending: 1, Keys: []Key{slowAccount}},
			[]Step{posts(ann, 401), posts(ann, 302), posts(ann, 302, posts(nil, 302, posts(nil, 302, posts(nil, 302))))}},
		{"accounts in the header and in the form count both", token,
			Lockout{Keys: []Key{slowAccount}},
			[]Step{both("bob", ann, 401), posts(ann, 401), logs("bob", "1", 401)}},
		{"a good credential excuses an account in the form where a resource is asked for", api,
			Lockout{KnownFor: 60 * s, Keys: []Key{slowAccount}},
			[]Step{logs("bob", "1", 200), posts(ann, 401), posts(ann, 401), both("bob", ann, 200), both("bob", ann, 200)}},
		{"it does not where the form logs in", token,
			Lockout{Pending: 1, Keys: []Key{slowAccount}},
			[]Step{logs("bob", "1", 200), posts(ann, 401), posts(ann, 200), both("bob", ann, 200)}},
		{"nor if the header names the same account", token,
			Lockout{Pending: 1, Keys: []Key{slowAccount}},
			[]Step{both("ann", []Field{{"username", "mallory"}}, 200), posts(ann, 401), posts(ann, 401), both("ann", ann, 401)}},
		{"the credential itself stays in the header, and excused", token,
			Lockout{Pending: 1, Keys: []Key{slowCredential, {Per: []string{perAccount}, Failures: 9}}},
			[]Step{logs("ann", "1", 401), logs("ann", "1", 200), both("ann", ann, 401)}},
		{"a key that locks remembers until its window ends", api,
			Lockout{Failures: 99, Repeats: once, Keys: []Key{{Per: []string{perAccount}, Failures: 3, Window: 10 * s, Action: lock}}},
			[]Step{
				logs("ann", "1", 401), after(5*s, logs("ann", "2", 401)), after(5*s, logs("ann", "1", 401)),
				logs("ann", "2", 401), logs("ann", "3", 401), logs("ann", "4", 401),
			}},
		{"what no token has is a part of the guess", consent,
			Lockout{Failures: 2, Repeats: once},
			[]Step{
				posts([]Field{{"_csrf", "1"}}, 401), posts([]Field{{"_csrf", "2"}}, 401),
				split(posts([]Field{{"_csrf", "1"}, {"pin", "1"}}, 401)), split(posts([]Field{{"_csrf", "1"}, {"pin", "2"}}, 401)),
			}},
		{"of a member that is there twice, the last is the account", api,
			Lockout{Keys: []Key{slowAccount}},
			[]Step{inJSON(both("eve", []Field{ann[0], {"username", "bob"}}, 401)), both("kim", ann, 401), logs("bob", "1", 401), logs("bob", "1", 401)}},
		{"a window of clients is over although a turn in it is not", consent,
			Lockout{Failures: 99, Spraying: Distinct{2, 1 * s, slow}},
			[]Step{
				posts(ann, 401, posts(ann, 401, from("192.0.2.2", posts(ann, 401)))), posts(ann, 401),
				after(1*s, posts(ann, 401)), posts(ann, 401), posts(ann, 401),
			}},
	} {
		script := Script{Workers: 1, Steps: row.steps, Setup: Setup{
			Source: sourceEnvoy, IPv4: 32, IPv6: 64,
			Surfaces: []Surface{{Name: "it", Kind: row.kind, Match: []Match{{Path: "/x"}}, Lockout: row.lockout}},
		}}
		if exact, err := Compare(&script); err != nil || !exact {
			t.Errorf("%s: %v (compared to the end: %v)", row.name, err, exact)
		}
	}
}

// sends is a request with a token, with what is sent while it is under way.
func sends(token string, status int, meanwhile ...Step) Step {
	return step([]Credential{{In: "bearer", Secret: token}}, nil, status, meanwhile)
}

// logs is one with a user and a password.
func logs(user, password string, status int) Step {
	return step([]Credential{{In: "basic", User: user, Secret: password}}, nil, status, nil)
}

// both is a user with the password 1, and a form.
func both(user string, form []Field, status int) Step {
	return step([]Credential{{In: "basic", User: user, Secret: "1"}}, form, status, nil)
}

// posts is a form.
func posts(form []Field, status int, meanwhile ...Step) Step {
	return step(nil, form, status, meanwhile)
}

// split puts semicolons between the fields of a form.
func split(s Step) Step {
	s.Send.Writing = semicolons
	return s
}

func inJSON(s Step) Step {
	s.Send.Writing = asJSON
	return s
}

func from(address string, s Step) Step {
	s.Send.From = netip.MustParseAddr(address)
	return s
}

func after(d time.Duration, s Step) Step {
	s.Advance = d
	return s
}

func step(credentials []Credential, form []Field, status int, meanwhile []Step) Step {
	return Step{Meanwhile: meanwhile, Answer: Answer{Status: status}, Send: Request{
		Method: "POST", Path: "/x", From: netip.MustParseAddr("192.0.2.1"), Credentials: credentials, Form: form,
	}}
}
