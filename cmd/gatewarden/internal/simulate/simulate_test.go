package simulate

import (
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/forecast"
	"github.com/gatewarden/gatewarden/config"
)

const noon = int64(1_790_000_000_000)

// visit is a request of a client, at milliseconds after noon, that took one millisecond.
func visit(at int64, client string, status int) accesslog.Record {
	return accesslog.Record{
		Start: noon + at, Answered: noon + at + 1, Ended: noon + at + 1, Client: client,
		Method: "GET", Path: "/api/v1/items", Status: status, GRPC: accesslog.NoGRPC, Credits: -1,
	}
}

// visits are n of them, a hundred milliseconds apart.
func visits(n int, from int64, client string, status int) (out []accesslog.Record) {
	for i := range n {
		out = append(out, visit(from+int64(i)*100, client, status))
	}
	return out
}

func run(t testing.TB, asConfigured bool, json string, records ...[]accesslog.Record) forecast.Variant {
	t.Helper()
	return runAll(t, asConfigured, json, records...).Variants[0]
}

func runAll(t testing.TB, asConfigured bool, json string, records ...[]accesslog.Record) *forecast.Forecast {
	t.Helper()
	c, err := config.Parse([]byte(json), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{Variants: []Variant{{"it", c}}, Window: 10_000, AsConfigured: asConfigured})
	for _, some := range records {
		s.Add(some)
	}
	return s.End()
}

func rest(lockout string) string {
	return `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": ` + lockout + `}]}`
}

func summary(v *forecast.Variant) string {
	return fmt.Sprintf("%d failures, %d lockouts of %d, %d refused: %d guesses, %d honest of %d, %d unclear, %d others",
		v.Failures, v.Lockouts, v.ClientsLocked, v.Refused, v.Stopped, v.Lost, v.ClientsHurt, v.Unclear, v.Others)
}

// each changes all records.
func each(records []accesslog.Record, change func(*accesslog.Record)) []accesslog.Record {
	for i := range records {
		change(&records[i])
	}
	return records
}

func TestSimulation(t *testing.T) {
	const five = `{"failures": 5, "window": "1m"}`
	const a, b = "192.0.2.1", "192.0.2.2"
	for _, row := range []struct {
		name, config string
		asConfigured bool
		records      [][]accesslog.Record
		want         string
	}{
		{"nobody fails", rest(five), false, [][]accesslog.Record{visits(50, 0, a, 200)},
			"0 failures, 0 lockouts of 0, 0 refused: 0 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"the limit, and seven more", rest(five), false, [][]accesslog.Record{visits(12, 0, a, 401)},
			"5 failures, 1 lockouts of 1, 7 refused: 7 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"another client is not concerned", rest(five), false, [][]accesslog.Record{visits(12, 0, a, 401), visits(4, 1200, b, 401)},
			"9 failures, 1 lockouts of 1, 7 refused: 7 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"a window later it is free", rest(five), false, [][]accesslog.Record{visits(12, 0, a, 401), visits(12, 61_000, a, 401)},
			"10 failures, 2 lockouts of 1, 14 refused: 14 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"an honest user behind the same address", rest(five), false, [][]accesslog.Record{visits(3, -1000, a, 200), visits(6, 0, a, 401), visits(3, 700, a, 200)},
			"5 failures, 1 lockouts of 1, 4 refused: 1 guesses, 3 honest of 1, 0 unclear, 0 others"},
		{"shadow mode is enforced", rest(`{"failures": 5, "window": "1m", "mode": "shadow"}`), false, [][]accesslog.Record{visits(12, 0, a, 401)},
			"5 failures, 1 lockouts of 1, 7 refused: 7 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"shadow mode as configured", rest(`{"failures": 5, "window": "1m", "mode": "shadow"}`), true, [][]accesslog.Record{visits(12, 0, a, 401)},
			"12 failures, 1 lockouts of 1, 7 refused: 7 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"off stays off", rest(`{"failures": 5, "window": "1m", "mode": "off"}`), false, [][]accesslog.Record{visits(12, 0, a, 401)},
			"0 failures, 0 lockouts of 0, 0 refused: 0 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"without a credential nothing counts", rest(five), false,
			[][]accesslog.Record{each(visits(12, 0, a, 401), func(r *accesslog.Record) { r.Credential = accesslog.Absent })},
			"0 failures, 0 lockouts of 0, 0 refused: 0 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"what Gatewarden refused is unclear", rest(five), false,
			[][]accesslog.Record{visits(5, 0, a, 401), each(visits(3, 600, a, 429), func(r *accesslog.Record) { r.Refused = true })},
			"5 failures, 1 lockouts of 1, 3 refused: 0 guesses, 0 honest of 0, 3 unclear, 0 others"},
		{"and no failure where it passes", rest(`{"failures": 8, "window": "1m"}`), false,
			[][]accesslog.Record{visits(5, 0, a, 401), each(visits(9, 600, a, 401), func(r *accesslog.Record) { r.Refused = true })},
			"5 failures, 0 lockouts of 0, 0 refused: 0 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"under way when the lockout began", rest(five), false, [][]accesslog.Record{each(visits(12, 0, a, 401), func(r *accesslog.Record) {
			r.Start, r.Answered, r.Ended = noon, noon+100, noon+100
		})}, "12 failures, 1 lockouts of 1, 0 refused: 0 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"pending holds them back", rest(`{"failures": 5, "window": "1m", "pending": 1}`), false, [][]accesslog.Record{each(visits(12, 0, a, 401), func(r *accesslog.Record) {
			r.Start, r.Answered, r.Ended = noon, noon+100, noon+100
		})}, "6 failures, 1 lockouts of 1, 6 refused: 6 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"gRPC", rest(five), false, [][]accesslog.Record{each(visits(7, 0, a, 200), func(r *accesslog.Record) { r.GRPC = 16 }), each(visits(1, 800, a, 200), func(r *accesslog.Record) { r.GRPC = 0 })},
			"5 failures, 1 lockouts of 1, 3 refused: 2 guesses, 1 honest of 1, 0 unclear, 0 others"},
		{"gRPC-Web and Connect, by what the filter found in the body", rest(five), false, [][]accesslog.Record{
			each(visits(3, 0, a, 200), func(r *accesslog.Record) { r.Failure = "grpc_status_16" }),
			each(visits(4, 300, a, 200), func(r *accesslog.Record) { r.Failure = "unauthenticated" }), visits(1, 800, a, 200)},
			"5 failures, 1 lockouts of 1, 3 refused: 2 guesses, 1 honest of 1, 0 unclear, 0 others"},
		{"preflights pass", rest(five), false, [][]accesslog.Record{visits(5, 0, a, 401), each(visits(3, 600, a, 204), func(r *accesslog.Record) { r.Method = "OPTIONS" })},
			"5 failures, 1 lockouts of 1, 0 refused: 0 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"a token endpoint's 400 by itself", "", false, [][]accesslog.Record{each(visits(12, 0, a, 400), func(r *accesslog.Record) { r.Method, r.Path = "POST", "/oauth/token" })},
			"0 failures, 0 lockouts of 0, 0 refused: 0 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"a token endpoint's 400 that says why", "", false, [][]accesslog.Record{each(visits(12, 0, a, 400), func(r *accesslog.Record) {
			r.Method, r.Path, r.Failure = "POST", "/oauth/token", "invalid_grant"
		})}, "10 failures, 1 lockouts of 1, 2 refused: 2 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"a redirect by itself", spring, false, [][]accesslog.Record{each(visits(12, 0, a, 302), toLogin(""))},
			"0 failures, 0 lockouts of 0, 0 refused: 0 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"a redirect that says why", spring, false, [][]accesslog.Record{each(visits(12, 0, a, 302), toLogin("failures_when[0]"))},
			"5 failures, 1 lockouts of 1, 7 refused: 7 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"a body that says why", spring, false, [][]accesslog.Record{each(visits(12, 0, a, 200), toLogin("failures_when[1]"))},
			"5 failures, 1 lockouts of 1, 7 refused: 7 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"a quota by tenant", `{"identity": [{"source": "headers", "subject": "x-user"}],
			"quotas": [{"name": "plan", "per": ["tenant"], "limit": 4, "window": "1m", "mode": "shadow"}]}`, false,
			[][]accesslog.Record{each(visits(6, 0, a, 200), func(r *accesslog.Record) { r.Tenant = "acme" }), each(visits(6, 600, a, 200), func(r *accesslog.Record) { r.Tenant = "zeta" })},
			"0 failures, 0 lockouts of 0, 4 refused: 0 guesses, 4 honest of 1, 0 unclear, 0 others"},
		{"the same by address, where nobody is named", `{"identity": [{"source": "headers", "subject": "x-user"}],
			"quotas": [{"name": "plan", "per": ["tenant"], "limit": 4, "window": "1m"}]}`, false, [][]accesslog.Record{visits(12, 0, a, 200)},
			"0 failures, 0 lockouts of 0, 8 refused: 0 guesses, 8 honest of 1, 0 unclear, 0 others"},
		{"known_good, by the credential that the log names", rest(`{"failures": 5, "window": "1m", "known_good": {"for": "1h"}}`), false, [][]accesslog.Record{
			each(visits(1, -1000, a, 200), func(r *accesslog.Record) { r.CredentialID = "good" }),
			each(visits(7, 0, a, 401), func(r *accesslog.Record) { r.CredentialID = fmt.Sprint(r.Start) }),
			each(visits(3, 800, a, 200), func(r *accesslog.Record) { r.CredentialID = "good" }),
		}, "5 failures, 1 lockouts of 1, 2 refused: 2 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"a require does not refuse whom nobody can verify", `{"identity": [{"source": "headers", "subject": "x-user"}],
			"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "require": true}]}`, false, [][]accesslog.Record{visits(3, 0, a, 200)},
			"0 failures, 0 lockouts of 0, 0 refused: 0 guesses, 0 honest of 0, 0 unclear, 0 others"},
		{"nor do scopes that no log has", `{"identity": [{"source": "headers", "subject": "x-user", "scopes": "x-scopes"}],
			"scopes": {"operations": [{"prefix": "/api/v1", "scopes": ["read"]}]}, "mcp": {"other_tools": {"scopes": ["write"]}}}`, false, [][]accesslog.Record{visits(3, 0, a, 200)},
			"0 failures, 0 lockouts of 0, 0 refused: 0 guesses, 0 honest of 0, 0 unclear, 0 others"},
	} {
		v := run(t, row.asConfigured, row.config, row.records...)
		if got := summary(&v); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}

// What the simulation counted is what the filter's own metrics say.
func TestSimulationAgreesWithTheMetrics(t *testing.T) {
	c, err := config.Parse([]byte(rest(`{"failures": 3, "window": "1m", "duration": "30s", "pending": 2}`)), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{Variants: []Variant{{"it", c}}, Window: 10_000})
	s.Add(traffic(20_000))
	got := s.End().Variants[0].Surfaces[0]
	h := s.variants[0].host
	for name, n := range map[string]int64{
		"gatewarden_auth_failures_total.surface.rest":                           got.Failures,
		"gatewarden_lockouts_total.surface.rest":                                got.Lockouts,
		"gatewarden_requests_total.surface.rest.outcome.refused":                got.Refused,
		"gatewarden_requests_total.surface.rest.outcome.passed":                 got.Requests - got.Refused,
		"gatewarden_rate_limited_requests_total.surface.rest.reason.locked_out": got.Reasons["locked_out"],
	} {
		if m := h.Metric(name); int64(m) != n || n == 0 {
			t.Errorf("%s is %d, counted were %d", name, m, n)
		}
	}
	if sum := got.Stopped + got.Lost + got.Unclear + got.Others; sum != got.Refused || got.Lost == 0 {
		t.Errorf("%+v", got.Sums)
	}
	var requests, failures, refused int64
	for i := range got.Series.Requests {
		requests, failures, refused = requests+got.Series.Requests[i], failures+got.Series.Failures[i], refused+got.Series.Refused[i]
	}
	if requests != got.Requests || failures != got.Failures || refused != got.Refused {
		t.Errorf("the series has %d, %d, %d, the sums %+v", requests, failures, refused, got.Sums)
	}
}

// traffic is n requests of many clients, some of which guess.
func traffic(n int) []accesslog.Record {
	out := make([]accesslog.Record, n)
	for i := range out {
		status, client := 200, fmt.Sprintf("10.%d.%d.7", i%40, i/40%250)
		switch {
		case i%11 == 0:
			status, client = 401, fmt.Sprintf("198.51.%d.9", i%101)
		case i%13 == 0:
			client = fmt.Sprintf("198.51.%d.9", i%101)
		}
		out[i] = visit(int64(i)*7, client, status)
	}
	return out
}

// Three times as many requests, of three times as many clients, take no more memory.
func TestSimulationMemoryIsConstant(t *testing.T) {
	c, err := config.Parse([]byte(rest(`{"failures": 1, "window": "1h"}`)), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{Variants: []Variant{{"it", c}}, Window: 1000})
	play := func(from, to int) uint64 {
		for i := from; i < to; i += 1000 {
			records := make([]accesslog.Record, 1000)
			for j := range records {
				n := i + j // each is another client, which is locked out, or succeeds
				records[j] = visit(int64(n), fmt.Sprintf("%d.%d.%d.1", 11+n>>16, n>>8&255, n&255), 200+n%2*201)
			}
			s.Add(records)
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	few := play(0, 200_000)
	many := play(200_000, 600_000)
	const slack = 2 << 20
	if many > few+slack {
		t.Errorf("%d bytes behind 200,000 requests, %d behind 600,000", few, many)
	}
	v := s.End().Variants[0]
	if table := int64(c.Table.Clients); v.Lockouts != table || v.Failures+v.Refused != 300_000 || v.Forgotten == 0 || len(v.Clients) != maxListed || v.ClientsLocked != maxDistinct {
		t.Errorf("%d lockouts, %d failures, %d refused, %d forgotten, %d clients listed, %d told apart", v.Lockouts, v.Failures, v.Refused, v.Forgotten, len(v.Clients), v.ClientsLocked)
	}
}

func TestAssumptions(t *testing.T) {
	const keys = `"keys": [{"per": ["client", "account"], "failures": 3}]`
	f := runAll(t, false, `{
		"client": {"source": "header:x-real-ip", "trusted_proxies": ["10.0.0.0/8"]},
		"identity": [{"source": "headers", "subject": "x-user", "roles": "x-roles", "scopes": "x-scopes"}],
		"bypass": {"header": "x-bypass", "roles": ["admin"]}, "scopes": {"operations": [{"path": "/api/v1/x", "scopes": ["read"]}]},
		"surfaces": [
			{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {"failures": 50, "reset_on_success": true, "known_good": {"for": "1h"}}},
			{"name": "token", "kind": "oauth-token", "match": [{"path": "/t"}], "lockout": {`+keys+`}}]}`,
		visits(1200, 0, "192.0.2.1", 401),
		each(visits(1, 130_000, "", 400), func(r *accesslog.Record) { r.Path = "/t" }),
		each(visits(2, 131_000, "192.0.2.1", 429), func(r *accesslog.Record) { r.Refused = true }),
		each(visits(1, 132_000, "192.0.2.1", 204), func(r *accesslog.Record) { r.Method = "OPTIONS" }))
	all := strings.Join(f.Assumptions, "\n")
	for _, want := range []string{
		"1,200 failures: the log does not say whether the request had a credential",
		"1 responses of a token endpoint", "2 requests were refused by Gatewarden", "1 requests name no client",
		"1 OPTIONS requests count", "1,204 requests do not have the header that client.source needs", "--field header:x-real-ip=NAME",
		"1,204 requests name no identity", "Left out, because the log lacks what it needs: bypass.",
		": rest: reset_on_success, known_good.", ": scopes.", ": token: keys.",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not among\n%s", want, all)
		}
	}
}

// TestBudgetsAreLeftOut: without the calls, nothing has a price. A window of the calendar gives way to
// one that is tried.
func TestBudgetsAreLeftOut(t *testing.T) {
	const json = `{"mcp": {"other_tools": {"scopes": [], "cost": 1}}, "quotas": [
		{"name": "b", "unit": "credits", "per": ["client"], "limit": 1, "window": "1h"},
		{"name": "q", "per": ["client"], "limit": 1, "window": "day"}]}`
	f := runAll(t, true, json, visits(3, 0, "192.0.2.1", 200))
	if all := strings.Join(f.Assumptions, "\n"); !strings.Contains(all, "budgets") {
		t.Errorf("not told:\n%s", all)
	}
	if q := f.Variants[0].Quotas; len(q) != 1 || q[0].Name != "q" || q[0].Refused != 2 {
		t.Errorf("%+v", q)
	}
	c, err := config.Parse([]byte(json), nil)
	if err != nil {
		t.Fatal(err)
	}
	tried, err := Trial{rule: "q", limit: "window"}.apply(c, "1m")
	if err != nil || tried.Quotas[1].Calendar != config.NoCalendar || tried.Quotas[1].Window != 60_000 || c.Quotas[1].Calendar != config.CalendarDay {
		t.Errorf("%v: %+v", err, tried.Quotas[1])
	}
}

// TestHosts: the host in the log says which surface a request belongs to.
func TestHosts(t *testing.T) {
	const byHost = `{"surfaces": [
		{"name": "api", "kind": "api", "match": [{"prefix": "/api/v1", "hosts": ["api.example.com"]}], "lockout": {"failures": 3}},
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {"failures": 50}}]}`
	at := func(authority string) []accesslog.Record {
		return each(visits(10, 0, "192.0.2.1", 401), func(r *accesslog.Record) { r.Authority = authority })
	}
	for _, row := range []struct {
		authority, config string
		failures          int64
		says              bool
	}{
		{"API.example.com:443", byHost, 3, false},
		{"else.example", byHost, 10, false},
		{"", byHost, 0, true},
		{"", `{}`, 10, false},
	} {
		f := runAll(t, false, row.config, at(row.authority))
		says := strings.Contains(strings.Join(f.Assumptions, "\n"), "10 requests have no host in the log")
		if got := f.Variants[0].Failures; got != row.failures || says != row.says {
			t.Errorf("%q, %s: %d failures, said: %t", row.authority, row.config, got, says)
		}
	}
}

// TestRepeats simulates a limit of three failures. A word is a request: what it is answered
// with, then "g" and the guess that the log has, "c" and the credential, "q" and a query.
func TestRepeats(t *testing.T) {
	const api, login = `"kind": "api", "match": [{"prefix": "/api/v1"}]`, `"kind": "login", "match": [{"prefix": "/api/v1"}]`
	const once, pending = `"failures": 3, "window": "1m", "repeats": "once"`, `"failures": 3, "window": "1m", "repeats": "once", "pending": 1`
	const left = "Left out, because the log lacks what it needs: "
	for _, row := range []struct {
		name, surface, lockout, log string
		want, said                  string
	}{
		{"the same guess", api, once, "401g1 401g1 401g1 401g1 200", "1 counted, 3 repeated, 0 refused", ""},
		{"different guesses", api, once, "401g1 401g2 401g3 401g4 200", "3 counted, 0 repeated, 2 refused", ""},
		{"a guesser behind a repeating program", api, once, "401g1 401g1 401g1 401g2 401g3 401g1 200", "3 counted, 2 repeated, 2 refused", ""},
		{"each counts", api, `"failures": 3, "window": "1m"`, "401g1 401g1 401g1 401g1 200", "3 counted, 0 repeated, 2 refused", ""},
		{"with another query", api, once, "401g1qa=1 401g1qa=2 401g1", "1 counted, 2 repeated, 0 refused", ""},
		{"with a key in the query, which belongs to the guess", api, once, "401g1qapi_key=1 401g2qapi_key=2 401g1qapi_key=1", "2 counted, 1 repeated, 0 refused", ""},
		{"where the body signs in", login, once, "401g1 401g1 401g1 401g1 401g2", "2 counted, 3 repeated, 0 refused", ""},
		{"there with another query", login, once, "401g1qa=1 401g1qa=2 401g1", "1 counted, 2 repeated, 0 refused", ""},
		{"there with a credential", login, once, "401g1c1 401g2c1 401g1c1", "2 counted, 1 repeated, 0 refused", ""},
		{"there with a credential alone", login, once, "401c1 401c1 401c1 401c1", "3 counted, 0 repeated, 1 refused", left + "s: repeats."},
		{"credentials", api, once, "401c1 401c1 401c1 401c2", "2 counted, 2 repeated, 0 refused", ""},
		{"nothing tells guesses apart", api, once, "401 401 401 401", "3 counted, 0 repeated, 1 refused", left + "s: repeats."},
		{"nothing tells them apart at a login", login, once, "401 401 401 401", "3 counted, 0 repeated, 1 refused", left + "s: repeats."},
		{"some are not told", api, once, "401g1 401 401g1 401 200", "3 counted, 1 repeated, 1 refused", `2 failures that may repeat an earlier one (lockout.repeats)`},
		{"no failure that could repeat one", api, once, "200 200", "0 counted, 0 repeated, 0 refused", ""},
		{"a guess is no credential for known_good", api, once + `, "known_good": {"for": "1h"}`, "200 401g1 401g2 401g3 200", "3 counted, 0 repeated, 1 refused", left + "s: known_good."},
		{"nor for reset_on_success", api, once + `, "reset_on_success": true`, "401g1 401g2 200 401g3 200", "3 counted, 0 repeated, 1 refused", left + "s: reset_on_success."},
		{"nor for stuffing", api, once + `, "stuffing": {"credentials": 2, "window": "1m", "action": "lock"}`, "401g1 401g2 200", "2 counted, 0 repeated, 0 refused", left + "s: stuffing."},
		{"what repeats needs no place", api, pending, "401g1 +401g1 +401g1 +401g1 +401g1 +401g1 +401g1", "1 counted, 6 repeated, 0 refused", ""},
		{"guesses at the same time need one each", api, pending, "401g1 +401g2 +401g3 +401g4 +401g5 +401g6 +401g7", "4 counted, 0 repeated, 3 refused", ""},
	} {
		f := runAll(t, false, `{"surfaces": [{"name": "s", `+row.surface+`, "lockout": {`+row.lockout+`}}]}`, written(t, row.log))
		v := f.Variants[0]
		if got := fmt.Sprintf("%d counted, %d repeated, %d refused", v.Failures, v.Repeated, v.Refused); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
		said := ""
		for _, a := range f.Assumptions {
			if strings.HasPrefix(a, left) || strings.Contains(a, "lockout.repeats") {
				said += a
			}
		}
		if !strings.HasPrefix(said, row.said) || (said == "") != (row.said == "") {
			t.Errorf("%s: it says %q, want %q", row.name, said, row.said)
		}
	}
}

// written reads the log of a row of TestRepeats: a request a second, or with a plus one
// that comes together with others, two seconds after those before.
func written(t *testing.T, log string) (out []accesslog.Record) {
	t.Helper()
	at := int64(0)
	for _, word := range strings.Fields(log) {
		word, together := strings.CutPrefix(word, "+")
		parts := regexp.MustCompile(`^(\d+)(?:g(\d+))?(?:c(\d+))?(?:q(.+))?$`).FindStringSubmatch(word)
		if parts == nil {
			t.Fatalf("%q is no request", word)
		}
		status, err := strconv.Atoi(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		r := visit(at, "192.0.2.1", status)
		if together {
			const start, end = 20_000, 20_100
			r = visit(start, "192.0.2.1", status)
			r.Answered, r.Ended = noon+end, noon+end
		}
		r.Guess, r.CredentialID = parts[2], parts[3]
		if parts[4] != "" {
			r.Path += "?" + parts[4]
		}
		out = append(out, r)
		at += 1000
	}
	return out
}

func TestGrid(t *testing.T) {
	c, err := config.Parse([]byte(`{"quotas": [{"name": "plan", "per": ["client"], "limit": 5, "window": "1m"},
		{"name": "tiers", "per": ["client"], "limits": {"free": 5, "default": 9}, "window": "1m"}]}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ tries, want string }{
		{"rest.failures=5,10 rest.window=1m,5m", "rest.failures=5 rest.window=1m 5/60000|rest.failures=5 rest.window=5m 5/300000|rest.failures=10 rest.window=1m 10/60000|rest.failures=10 rest.window=5m 10/300000"},
		{"plan.limit=7 rest.pending=3 rest.duration=2h", "plan.limit=7 rest.pending=3 rest.duration=2h 20/60000"},
		{"tiers.limit=7", "--try tiers.limit: the quota has limits by tier, so this would change only the default one; compare files with several --config"},
		{"tiers.window=1h", "tiers.window=1h 20/60000"},
		{"rest", `--try "rest" cannot be read; write for example rest.failures=5,10,20`},
		{"api.failures=5", "--try api: no surface and no quota has that name; there are consent, token, mcp, rest, plan, tiers"},
		{"rest.repeats=count,once", "rest.repeats=count 20/60000|rest.repeats=once 20/60000 once"},
		{"rest.repeats=twice", "--try rest.repeats=twice is neither count nor once"},
		{"rest.failures=-1", "--try rest.failures=-1 is no number from 0 to 1000000"},
		{"rest.window=5", "--try rest.window=5 is no length of time from 1s to 720h; write for example 5m"},
		{"rest.mode=off", "--try rest.mode: only failures, window, duration, pending and repeats of a surface can be tried, and limit and window of a quota"},
		{"rest.failures=1,2,3,4,5,6,7,8,9 rest.pending=1,2,3,4,5,6,7,8", "--try makes more than 64 variants; try fewer values at once"},
	} {
		if got := gridOf(c, row.tries); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.tries, got, row.want)
		}
	}
	if l := c.Surfaces[3].Lockout; l.Failures != 20 || l.CountOnce || c.Quotas[0].Limit != 5 {
		t.Error("the configuration itself was changed")
	}
}

func gridOf(c *config.Config, tries string) string {
	var trials []Trial
	for _, text := range strings.Fields(tries) {
		trial, err := ParseTrial(text)
		if err != nil {
			return err.Error()
		}
		trials = append(trials, trial)
	}
	grid, err := Grid(Variant{Config: c}, trials)
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, v := range grid {
		l := v.Config.Surfaces[3].Lockout
		row := fmt.Sprintf("%s %d/%d", v.Name, l.Failures, l.Window)
		if l.CountOnce {
			row += " once"
		}
		out = append(out, row)
	}
	return strings.Join(out, "|")
}

func TestDistinct(t *testing.T) {
	d := distinct{seen: map[uint64]struct{}{}}
	for i := range uint64(maxDistinct) {
		d.add(i)
		d.add(i)
	}
	if len(d.seen) != maxDistinct || d.over {
		t.Errorf("%d are told apart, more: %t", len(d.seen), d.over)
	}
	if d.add(1 << 40); len(d.seen) != maxDistinct || !d.over {
		t.Errorf("one more: %d are told apart, more: %t", len(d.seen), d.over)
	}
}

// spring has a login that redirects to its form again, or says no in its JSON.
const spring = `{"surfaces": [{"name": "login", "kind": "oauth-consent", "match": [{"path": "/login"}], "lockout": {"failures": 5, "window": "1m",
	"failures_when": [{"status": [302], "header": {"name": "location", "contains": "error"}}, {"status": [200], "json": {"path": ["ok"], "equals": false}}]}}]}`

// toLogin makes records attempts to log in that failed for a reason.
func toLogin(failure string) func(r *accesslog.Record) {
	return func(r *accesslog.Record) { r.Method, r.Path, r.Failure = "POST", "/login", failure }
}

// Times that the log of another proxy does not have are told, and how sure each failure is.
func TestForeignLogs(t *testing.T) {
	const all = accesslog.WholeSeconds | accesslog.NoDuration | accesslog.NoZone
	of := func(credential accesslog.Presence) func(*accesslog.Record) {
		return func(r *accesslog.Record) { r.Missing, r.Credential = all, credential }
	}
	for _, row := range []struct {
		name, config, path string
		credential         accesslog.Presence
		status             int
		assumed, undecided int64
		ofTheClient        int64
	}{
		{"nobody knows whether there was a credential", rest(`{"failures": 5, "window": "1m"}`), "/api/v1/items", accesslog.Unknown, 401, 12, 0, 12},
		{"in shadow mode each counts once", rest(`{"failures": 5, "window": "1m", "mode": "shadow"}`), "/api/v1/items", accesslog.Unknown, 401, 12, 0, 12},
		{"the log tells", rest(`{"failures": 5, "window": "1m"}`), "/api/v1/items", accesslog.Present, 401, 0, 0, 0},
		{"the query tells", rest(`{"failures": 5, "window": "1m"}`), "/api/v1/items?access_token=x", accesslog.Unknown, 401, 0, 0, 0},
		{"it counts without one", rest(`{"failures": 5, "window": "1m", "count_anonymous": true}`), "/api/v1/items", accesslog.Unknown, 401, 0, 0, 0},
		{"a token endpoint", "", "/oauth/token", accesslog.Unknown, 401, 0, 0, 0},
		{"whose errors are in bodies", "", "/oauth/token", accesslog.Unknown, 400, 0, 12, 0},
	} {
		records := each(visits(12, 0, "192.0.2.1", row.status), of(row.credential))
		f := runAll(t, strings.Contains(row.name, "shadow"), row.config, each(records, func(r *accesslog.Record) {
			r.Path = row.path
			if row.path == "/oauth/token" {
				r.Method = "POST"
			}
		}))
		v := f.Variants[0]
		client := int64(0)
		for _, c := range v.Clients {
			client += c.Assumed
		}
		if v.Assumed != row.assumed || v.Undecided != row.undecided || client != row.ofTheClient {
			t.Errorf("%s: %d assumed, %d undecided, %d of the client", row.name, v.Assumed, v.Undecided, client)
		}
		said := strings.Join(f.Assumptions, "\n")
		for _, want := range []string{"12 requests have times in whole seconds", "12 requests have no duration", "12 requests have times without a time zone"} {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q is not among\n%s", row.name, want, said)
			}
		}
	}
}

// TestFleetIsNotAsked: a simulation asks no service, and counts what the log has.
func TestFleetIsNotAsked(t *testing.T) {
	original := config.Config{Fleet: &config.Fleet{Rules: []config.FleetRule{{Rule: config.FleetLockouts, OnError: config.OnErrorClosed}}}}
	if a := adapt(&original, known{}, false); a.Fleet != nil || original.Fleet == nil {
		t.Errorf("got %+v of %+v", a.Fleet, original.Fleet)
	}
}
