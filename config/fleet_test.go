package config

import (
	"reflect"
	"strings"
	"testing"
)

const fleetSecret = `"secret": "0123456789abcdef0123456789abcdef"`

// fleetWith is a configuration with a fleet that has more fields, and with more keys beside
// it.
func fleetWith(fields, beside string) string {
	return `{"fleet": {"cluster": "ratelimit", ` + fleetSecret + fields + `}` + beside + `}`
}

func TestFleetDefaults(t *testing.T) {
	want := &Fleet{
		Cluster: "ratelimit", Domain: "gatewarden", Secret: "0123456789abcdef0123456789abcdef", Timeout: 20, Refresh: 5000,
		Rules: []FleetRule{{Rule: FleetLockouts}, {Rule: FleetWide}, {Rule: FleetKeys}},
	}
	if got := mustParse(t, fleetWith("", "")).Fleet; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	// Quotas have another default than lockouts.
	rules := mustParse(t, fleetWith(`, "rules": [{"rule": "quotas"}, {"rule": "budgets", "mode": "async"}]`, twoQuotas)).Fleet.Rules
	if want := []FleetRule{{Rule: FleetQuotas, Mode: FleetSync}, {Rule: FleetBudgets}}; !reflect.DeepEqual(rules, want) {
		t.Errorf("got %+v", rules)
	}
}

const twoQuotas = `, "mcp": {"other_tools": {"scopes": [], "cost": 1}}, "quotas": [
	{"name": "api", "per": ["client"], "limits": {"free": 20, "pro/eu*": 300, "trial": 0, "own": "unlimited", "default": 60}, "window": "1m"},
	{"name": "credits", "unit": "credits", "per": ["client"], "limit": 500, "window": "day"}]`

// TestFleetSecretOfEnvironment: the variable that secret_env names has the secret.
func TestFleetSecretOfEnvironment(t *testing.T) {
	const text = `{"fleet": {"cluster": "ratelimit", "secret_env": "FLEET"}}`
	for _, row := range []struct{ variable, want string }{
		{"FLEET=fedcba9876543210fedcba9876543210", ""},
		{"FLEET=" + strings.Repeat("ä", 32), ""},
		{"FLEET=" + strings.Repeat("ä", 31), "environment FLEET: has fewer than 32 characters, so that clients could be guessed from their hashes; " +
			"write for example what openssl rand -hex 32 prints"},
		{"FLEET=", "environment FLEET: is missing, empty or has a control character; set it to the secret that fleet.secret_env names"},
		{"OTHER=fedcba9876543210fedcba9876543210", "environment FLEET: is missing, empty or has a control character; set it to the secret that fleet.secret_env names"},
	} {
		c, err := Parse([]byte(text), []string{row.variable})
		switch {
		case err != nil && err.Error() != row.want, err == nil && row.want != "":
			t.Errorf("%s: got %v, want %q", row.variable, err, row.want)
		case err == nil && "FLEET="+c.Fleet.Secret != row.variable:
			t.Errorf("%s: got %q", row.variable, c.Fleet.Secret)
		}
	}
}

func TestFleetTimeouts(t *testing.T) {
	for text, want := range map[string]int64{"1ms": 1, "20ms": 20, "020ms": 20, "1000ms": 1000, "1s": 1000} {
		if got := mustParse(t, fleetWith(`, "timeout": "`+text+`"`, "")).Fleet.Timeout; got != want {
			t.Errorf("%s is %d ms", text, got)
		}
	}
	for _, text := range []string{"", "ms", "20", "-1ms", "+1ms", "1.5ms", "1 ms", "99999999999999999999ms", "1s20ms", "20MS"} {
		if _, err := Parse([]byte(fleetWith(`, "timeout": "`+text+`"`, "")), nil); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestFleetUnit(t *testing.T) {
	for _, row := range []struct{ window, unit int64 }{
		{second, second}, {2 * second, minute}, {30 * second, minute}, {minute, minute}, {90 * second, hour}, {5 * minute, hour}, {hour, hour},
		{8 * minute, day}, {90 * minute, day}, {12 * hour, day}, {day, day},
		{7 * second, 0}, {7 * minute, 0}, {5 * hour, 0}, {day + second, 0}, {2 * day, 0}, {0, 0}, {unreadable, 0}, {1, second},
	} {
		if unit, ok := FleetUnit(row.window); unit != row.unit || ok != (row.unit > 0) {
			t.Errorf("%d ms: got %d, %t", row.window, unit, ok)
		}
	}
}

// TestNearestWindows: each window is possible or has a possible one on both sides, of which
// none is nearer in the same steps.
func TestNearestWindows(t *testing.T) {
	for _, row := range []struct{ window, below, above string }{
		{"7s", "6s", "8s"}, {"61s", "1m", "1m4s"}, {"7m", "6m", "8m"}, {"50m", "48m", "1h"}, {"61m", "1h", "1h12m"}, {"5h", "4h", "6h"}, {"23h", "12h", "1d"},
		{"23h59m59s", "12h", "1d"},
	} {
		window, _ := parseDuration(row.window)
		below, above := nearestWindows(window)
		if formatDuration(below) != row.below || formatDuration(above) != row.above {
			t.Errorf("%s: got %s and %s", row.window, formatDuration(below), formatDuration(above))
		}
	}
	for window := second; window < day; window += 97 * second {
		if _, ok := FleetUnit(window); ok {
			continue
		}
		below, above := nearestWindows(window)
		if _, ok := FleetUnit(below); !ok || below >= window {
			t.Fatalf("%s is no shorter window than %s", formatDuration(below), formatDuration(window))
		}
		if _, ok := FleetUnit(above); !ok || above <= window {
			t.Fatalf("%s is no longer window than %s", formatDuration(above), formatDuration(window))
		}
	}
}

func TestFleetLimits(t *testing.T) {
	const surfaces = `, "surfaces": [
		{"name": "a", "kind": "api", "match": [{"path": "/a"}], "lockout": {"failures": 1, "window": "30s", "wide": {"failures": 200},
			"keys": [{"per": ["account"], "failures": 10}, {"per": ["credential"], "failures": 3, "window": "12h"}]}},
		{"name": "b", "kind": "login", "match": [{"path": "/b"}]},
		{"name": "off", "kind": "api", "match": [{"path": "/c"}], "lockout": {"mode": "off", "wide": {"failures": 200}, "keys": [{"per": ["account"], "failures": 10}]}},
		{"name": "shadow", "kind": "mcp", "match": [{"path": "/d"}], "lockout": {"mode": "shadow"}}]`
	unlock := FleetLimit{"unlock", NoLimit, day}
	lockouts := []FleetLimit{
		{"lockout/a", 0, minute}, {"wide/a", 199, minute}, {"key/a/0", 9, hour}, {"key/a/1", 2, day},
		{"lockout/b", 4, hour}, {"lockout/shadow", 19, minute}, unlock,
	}
	for _, row := range []struct {
		json string
		want []FleetLimit
	}{
		{`{}`, nil},
		{fleetWith("", surfaces), lockouts},
		{fleetWith(`, "rules": [{"rule": "keys"}, {"rule": "wide"}, {"rule": "lockouts", "surfaces": ["shadow", "b", "a"]}]`, surfaces), lockouts},
		{fleetWith(`, "rules": [{"rule": "lockouts", "surfaces": ["b"], "mode": "sync"}, {"rule": "lockouts", "surfaces": ["shadow"]}]`, surfaces),
			[]FleetLimit{{"lockout/b", 4, hour}, {"lockout/shadow", 19, minute}, unlock}},
		{fleetWith(`, "rules": [{"rule": "quotas"}]`, twoQuotas), []FleetLimit{
			{"quota/api", 60, minute}, {"quota/api/free", 20, minute}, {"quota/api/pro%2Feu%2A", 300, minute}, unlock}},
		{fleetWith(`, "rules": [{"rule": "budgets", "names": ["credits"]}]`, twoQuotas), []FleetLimit{{"quota/credits", 500, day}, unlock}},
		{fleetWith(`, "rules": [{"rule": "wide"}]`, ""), []FleetLimit{unlock}},
	} {
		if got := mustParse(t, row.json).FleetLimits(); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: got %v", row.json, got)
		}
	}
}

// TestFleetRules: which rule a surface or a quota takes part by.
func TestFleetRules(t *testing.T) {
	c := mustParse(t, fleetWith(`, "rules": [{"rule": "lockouts", "surfaces": ["mcp"], "mode": "sync"}, {"rule": "lockouts", "surfaces": ["rest", "token"]},
		{"rule": "wide"}, {"rule": "budgets"}]`, twoQuotas))
	f := c.Fleet
	for i, want := range []*FleetRule{nil, &f.Rules[1], &f.Rules[0], &f.Rules[1]} {
		s := &c.Surfaces[i]
		if got := f.Lockouts(s); got != want {
			t.Errorf("%s: got %+v", s.Name, got)
		}
		if f.Wide(s) != nil || f.Keys(s) != nil {
			t.Errorf("%s takes part by what it does not have", s.Name)
		}
		if (*Fleet)(nil).Lockouts(s) != nil {
			t.Errorf("%s takes part without a fleet", s.Name)
		}
	}
	if f.Quota(&c.Quotas[0]) != nil || f.Quota(&c.Quotas[1]) != &f.Rules[3] || (*Fleet)(nil).Quota(&c.Quotas[1]) != nil {
		t.Error("a quota takes part by another rule")
	}
	c.Quotas[1].Mode = ModeOff
	if f.Quota(&c.Quotas[1]) != nil {
		t.Error("a quota that is off takes part")
	}
}

// TestFleetNames: no two limits have the same name, and no name ends with the * that the
// service reads as any other text.
func TestFleetNames(t *testing.T) {
	for _, row := range []struct{ tier, want string }{
		{"", "quota/q"}, {"free", "quota/q/free"}, {"Free_2-a", "quota/q/Free_2-a"}, {"a/b", "quota/q/a%2Fb"}, {"a%2Fb", "quota/q/a%252Fb"},
		{"*", "quota/q/%2A"}, {"free plan", "quota/q/free%20plan"}, {"größer", "quota/q/gr%C3%B6%C3%9Fer"}, {"\n\x00", "quota/q/%0A%00"},
	} {
		if got := FleetQuotaName("q", row.tier); got != row.want {
			t.Errorf("%q: got %q", row.tier, got)
		}
	}
}

func TestFleetWarnings(t *testing.T) {
	const one = `, "replicas": 1`
	surface := func(kind, lockout string) string {
		return `, "surfaces": [{"name": "a", "kind": "` + kind + `", "match": [{"path": "/a"}], "lockout": {` + lockout + `}}]`
	}
	open := one + `, "rules": [{"rule": "lockouts", "on_error": "open"}]`
	checkWarnings(t, []warningsRow{
		{fleetWith("", ""), "fleet.replicas"},
		{fleetWith(one, ""), ""},
		{fleetWith(`, "rules": [{"rule": "lockouts", "on_error": "closed"}]`, ""), ""},
		{fleetWith(`, "rules": [{"rule": "lockouts", "surfaces": ["mcp"], "on_error": "open"}, {"rule": "lockouts", "surfaces": ["rest"]}]`, ""), "fleet.replicas"},

		{fleetWith(open, ""), "fleet.rules[0].on_error"},
		{fleetWith(open, surface("api", "")), ""},
		{fleetWith(open, surface("mcp", "")), ""},
		{fleetWith(open, surface("login", "")), "fleet.rules[0].on_error"},
		{fleetWith(open, surface("oauth-token", "")), "fleet.rules[0].on_error"},
		{fleetWith(open, surface("oauth-consent", "")), "fleet.rules[0].on_error"},
		{fleetWith(one+`, "rules": [{"rule": "lockouts", "surfaces": ["rest"]}, {"rule": "lockouts", "surfaces": ["mcp", "token"], "on_error": "open"}]`, ""), "fleet.rules[1].on_error"},

		{fleetWith(one, surface("api", `"wide": {"failures": 99}, "mode": "off"`)), "surfaces fleet.rules"},
		{fleetWith(one+`, "rules": [{"rule": "wide"}, {"rule": "keys"}]`, ""), "fleet.rules"},

		{fleetWith(one, surface("api", `"reset_on_success": true`)), "surfaces[0].lockout.reset_on_success"},
		{fleetWith(one, surface("api", `"duration": "5m"`)), "surfaces[0].lockout.duration"},
		{fleetWith(one, surface("api", `"duration": "1m"`)), ""},
		{fleetWith(one, surface("api", `"escalate": {"factor": 2}`)), "surfaces[0].lockout.escalate.max"},
		{fleetWith(one, surface("api", `"window": "1h", "escalate": {"factor": 2}`)), ""},
		{fleetWith(one+`, "rules": [{"rule": "wide"}]`, surface("api", `"wide": {"failures": 99}, "reset_on_success": true, "duration": "5m", "escalate": {"factor": 2}`)), ""},
		{`{` + strings.TrimPrefix(surface("api", `"reset_on_success": true, "duration": "5m", "escalate": {"factor": 2}`), ",") + `}`, ""},
	})
}
