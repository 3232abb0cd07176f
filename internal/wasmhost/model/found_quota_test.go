package model

import (
	"testing"
	"time"
)

// What random scripts found about quotas, or hardly ever find.
func TestWhatWasFoundAboutQuotas(t *testing.T) {
	const s = time.Second
	two := Quota{Name: "two", Per: []string{perClient}, Limit: 2, Window: 3600 * s}
	rolling, leaking, shorter := two, two, two
	rolling.Algorithm, leaking.Algorithm, shorter.Window = sliding, gcra, 10*s
	ann := []Field{{"username", "ann"}}
	slowAccount := Lockout{Keys: []Key{{Per: []string{perAccount}, Failures: 1}}}
	for _, row := range []struct {
		name    string
		kind    string
		held    bool
		lockout Lockout
		rules   []Quota
		steps   []Step
	}{
		{"a shorter window is waited for once", api, false, Lockout{}, []Quota{two},
			[]Step{sends("a", 200), sends("a", 200), anew(shorter, sends("a", 200)), after(6*s, sends("a", 200)), after(4*s, sends("a", 200))}},
		{"also one that slides", api, false, Lockout{}, []Quota{rolling},
			[]Step{sends("a", 200), sends("a", 200), anew(asFast(rolling), sends("a", 200)), after(6*s, sends("a", 200)), after(14*s, sends("a", 200))}},
		{"and what comes back bit by bit", api, false, Lockout{}, []Quota{leaking},
			[]Step{sends("a", 200), sends("a", 200), anew(asFast(leaking), sends("a", 200)), after(4*s, sends("a", 200)), after(1*s, sends("a", 200))}},
		{"who is over a quota takes no turn", api, false, slowAccount, []Quota{two},
			[]Step{logs("ann", "1", 401), logs("ann", "2", 200), logs("ann", "3", 401), after(1*s, from("192.0.2.2", logs("ann", "1", 200)))}},
		{"nor where it is held for its id", mcp, true, slowAccount, []Quota{two},
			[]Step{logs("ann", "1", 401), logs("ann", "2", 200), after(1*s, calls(logs("ann", "3", 401))), from("192.0.2.2", logs("ann", "1", 200))}},
		{"a form that names two accounts is paid for, as the service has its headers", consent, false, slowAccount, []Quota{two},
			[]Step{posts([]Field{ann[0], ann[0]}, 401), posts([]Field{ann[0], ann[0]}, 401), posts(ann, 401)}},
		{"it costs nothing where they are held", consent, true, slowAccount, []Quota{two},
			[]Step{posts([]Field{ann[0], ann[0]}, 401), posts([]Field{ann[0], ann[0]}, 401), posts(ann, 401)}},
		{"a preflight does not ask for another method", api, false, Lockout{}, []Quota{two},
			[]Step{preflight(""), preflight("POST"), preflight("POST"), preflight("POST"), preflight("")}},
		{"who is over a quota takes no place among the pending, held or not", mcp, true, Lockout{Failures: 1, Pending: 1, CountAnonymous: true},
			[]Quota{{Name: "writes", Per: []string{perClient}, Limit: 1, Window: 3600 * s, Methods: []string{"POST"}}},
			[]Step{calls(sends("a", 500)), calls(sends("b", 500)), calls(sends("c", 500)), gets(sends("d", 500, gets(sends("e", 500, gets(sends("f", 500))))))}},
	} {
		script := Script{Workers: 2, Steps: row.steps, Setup: Setup{
			Source: sourceEnvoy, IPv4: 32, IPv6: 64, Held: row.held, Quotas: row.rules,
			Surfaces: []Surface{{Name: "it", Kind: row.kind, Match: []Match{{Path: "/x"}}, Lockout: row.lockout}},
		}}
		if exact, err := Compare(&script); err != nil || !exact {
			t.Errorf("%s: %v (compared to the end: %v)", row.name, err, exact)
		}
	}
}

// What random scripts seldom do with budgets: VMs are replaced while the service has
// calls, which are given back, each once.
func TestBudgetsOfVMsThatAreGone(t *testing.T) {
	const s = time.Second
	for _, algorithm := range []string{fixed, sliding, gcra, daily} {
		rule := Quota{Name: "b", Per: []string{perClient}, Limit: 20, Window: 3600 * s, Algorithm: algorithm, Unit: inCredits}
		if algorithm == daily {
			rule.Algorithm, rule.Window, rule.Calendar = "", 0, daily
		}
		for _, row := range []struct {
			name  string
			steps []Step
		}{
			{"one", []Step{buys(0, 5, rests(reloads(buys(0, 20)))), buys(1, 1)}},
			{"it is not gone before the others rest", []Step{buys(0, 5, reloads(buys(0, 15)), buys(1, 1)), buys(1, 1)}},
			{"two of one VM, later", []Step{buys(0, 5, buys(0, 6, after(60*s, rests(reloads(buys(0, 10)))), buys(1, 9)), buys(1, 1)), buys(1, 1)}},
			{"one that stays", []Step{buys(0, 5, buys(1, 6, rests(reloads(buys(0, 9))))), buys(1, 2)}},
			{"in the next window", []Step{buys(0, 5, after(3600*s, buys(1, 7)), rests(reloads(buys(0, 5)))), buys(1, 9)}},
			{"a new configuration afterwards", []Step{buys(0, 5, rests(reloads(buys(0, 5)))), anew(rule, buys(1, 15))}},
		} {
			script := Script{Workers: 2, Steps: row.steps, Setup: Setup{
				Source: sourceEnvoy, IPv4: 32, IPv6: 64, Held: true, Priced: true, Quotas: []Quota{rule},
				Surfaces: []Surface{{Name: "it", Kind: mcp, Match: []Match{{Path: "/x"}}}},
			}}
			if exact, err := Compare(&script); err != nil || !exact {
				t.Errorf("%s, %s: %v (compared to the end: %v)", algorithm, row.name, err, exact)
			}
		}
	}
}

// buys is a call on a worker that costs so much, and others while the service has it.
func buys(worker, cost int, meanwhile ...Step) Step {
	s := sends("a", 200, meanwhile...)
	s.Worker, s.Send.Method, s.Send.Body = worker, "POST", true
	for ; cost > 0; cost -= maxPrice {
		s.Send.Calls = append(s.Send.Calls, min(cost, maxPrice))
	}
	return s
}

func reloads(s Step) Step {
	s.Reload = true
	return s
}

func rests(s Step) Step {
	s.Rest = true
	return s
}

// anew is a step before which a rule changes.
func anew(rule Quota, s Step) Step {
	s.Rules = []Quota{rule}
	return s
}

func asFast(q Quota) Quota {
	q.Window = 10 * time.Second
	return q
}

// calls is a request with a body that is JSON.
func calls(s Step) Step {
	s.Send.Body = true
	return s
}

func gets(s Step) Step {
	s.Send.Method = "GET"
	return s
}

func preflight(override string) Step {
	s := step(nil, nil, 204, nil)
	s.Send.Method, s.Send.Preflight, s.Send.Override = "OPTIONS", true, override
	return s
}
