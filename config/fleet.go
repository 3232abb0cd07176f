package config

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Fleet is a rate limit service that counts for all proxies together, see docs/fleet.md.
// Times are in milliseconds.
type Fleet struct {
	// Cluster is the name of the service's cluster in Envoy. It must speak HTTP/2.
	// Required. Danger: with a name that Envoy does not know, each proxy counts alone.
	Cluster string
	// Domain is the service's name of the limits. Default: "gatewarden". Danger: under
	// another name than in the service's domain file, nothing is limited there.
	Domain string
	// Secret is the key of the hashes that clients and callers are known by at the
	// service, at least 32 characters. It stands in the configuration or in a variable of
	// the environment. Required. Danger: proxies with different secrets count apart, and
	// in the configuration, Envoy's /config_dump shows it.
	Secret string
	// Timeout limits how long a request waits for the service; 1 ms to 1 s. Default:
	// 20 ms. Danger: every request that a synchronous rule concerns waits so long while
	// the service hangs, until the filter stops asking it.
	Timeout int64
	// Refresh is how often the filter asks again about a client that has failed; 1 s to
	// 1 hour. Default: 5 s. Danger: lockouts of other proxies arrive so much later.
	Refresh int64
	// Replicas is the number of proxies, by which OnErrorLocal divides the limits, up to
	// 100000. Default: 0, not known. Danger: without it, each proxy admits the whole limit
	// while the service does not answer.
	Replicas int
	// Rules are what the service counts. None is listed twice for the same surface or
	// quota. Default: the lockouts, networks and keys of all surfaces.
	Rules []FleetRule
}

// FleetRule says what the service counts, and how the filter asks it.
type FleetRule struct {
	// Rule is the kind of rules that take part. Required.
	Rule FleetPart
	// Surfaces whose rules take part, by name. Empty means all that have such a rule, the
	// default. Only for FleetLockouts, FleetWide and FleetKeys.
	Surfaces []string
	// Names are those of the quotas that take part. Empty means all that count the rule's
	// unit, the default. Only for FleetQuotas and FleetBudgets.
	Names []string
	// Mode says which requests wait for the service's answer. Default: FleetSync for
	// FleetQuotas and FleetBudgets, FleetAsync for the others. Danger: in FleetAsync, more
	// than the limit passes while proxies do not know of each other.
	Mode FleetMode
	// OnError says what follows while the service does not answer.
	OnError FleetOnError
}

// FleetPart is a kind of rules that the service can count.
type FleetPart uint8

// The kinds of rules.
const (
	// FleetLockouts are the lockouts of clients.
	FleetLockouts FleetPart = iota
	// FleetWide are the lockouts of networks.
	FleetWide
	// FleetKeys are the limits by account and by credential.
	FleetKeys
	// FleetQuotas are the quotas that count requests.
	FleetQuotas
	// FleetBudgets are the quotas that count credits.
	FleetBudgets

	// fleetUnknown marks a rule that could not be read.
	fleetUnknown FleetPart = 255
)

var fleetParts = []string{
	FleetLockouts: "lockouts", FleetWide: "wide", FleetKeys: "keys", FleetQuotas: "quotas", FleetBudgets: "budgets",
}

// ofQuotas reports whether the rules are quotas, and not rules of surfaces.
func (p FleetPart) ofQuotas() bool { return p == FleetQuotas || p == FleetBudgets }

// String returns the word of the configuration.
func (p FleetPart) String() string {
	if int(p) < len(fleetParts) {
		return fleetParts[p]
	}
	return ""
}

// FleetMode says which requests wait for the service.
type FleetMode uint8

// The modes.
const (
	// FleetAsync lets none wait: the filter decides by its own table, and reports afterwards.
	FleetAsync FleetMode = iota
	// FleetFirst lets those of clients wait that the worker has not looked up for a while.
	// Not for quotas, which count every request.
	FleetFirst
	// FleetSync lets all wait.
	FleetSync
)

var fleetModes = []string{FleetAsync: "async", FleetFirst: "first", FleetSync: "sync"}

// FleetOnError says what the filter does while the service does not answer. Default:
// OnErrorLocal. A client that is locked out stays so.
type FleetOnError uint8

// What the filter does.
const (
	// OnErrorLocal decides by the proxy's own counters, with the limits divided by
	// [Fleet.Replicas].
	OnErrorLocal FleetOnError = iota
	// OnErrorOpen locks nobody out and refuses nothing. Danger: nothing is limited.
	OnErrorOpen
	// OnErrorClosed refuses the requests that the rule concerns. Danger: the service is
	// down for them.
	OnErrorClosed
)

const (
	minFleetSecret = 32
	maxReplicas    = 100_000
)

// fleetDraft is a fleet while it is read.
type fleetDraft struct {
	Fleet
	secretVariable string
}

var oneFleetDraft fleetDraft

var fleetFields = table[fleetDraft]{&oneFleetDraft, []field[fleetDraft]{
	{key: "cluster", required: `write the name of the rate limit service's cluster, for example "ratelimit"`, as: &textAs{&oneFleetDraft.Cluster, readPlain, "ratelimit"}},
	{key: "domain", as: &textAs{&oneFleetDraft.Domain, readID, "a domain"}},
	{key: "secret", read: readFleetSecret},
	{key: "secret_env", as: &textAs{&oneFleetDraft.secretVariable, readPlain, "FLEET_SECRET"}},
	{key: "timeout", read: func(v *value, f *fleetDraft) { v.milliseconds(&f.Timeout, 1, second, "20ms") }},
	{key: "refresh", read: func(v *value, f *fleetDraft) {
		v.duration(&f.Refresh, "5s")
		if f.Refresh > hour {
			v.bad(`%q is out of range; write "1s" to "1h"`, v.json.Str)
		}
	}},
	{key: "replicas", as: &integer{&oneFleetDraft.Replicas, 1, maxReplicas}},
	{key: "rules", list: of(&fleetRuleFields), read: readFleetRules},
}}

var fleetErrorActions = []string{OnErrorLocal: "local", OnErrorOpen: "open", OnErrorClosed: "closed"}

var oneFleetRule FleetRule

var fleetRuleFields = table[FleetRule]{&oneFleetRule, []field[FleetRule]{
	{key: "rule", words: &fleetParts, read: func(v *value, r *FleetRule) {
		choose(v, fleetParts, &r.Rule)
		if r.Rule.ofQuotas() {
			r.Mode = FleetSync
		}
	}},
	{key: "surfaces", read: func(v *value, r *FleetRule) {
		r.Surfaces = readFleetNames(v, "leave it out for all surfaces")
		if r.Rule.ofQuotas() {
			v.bad(`is for lockouts, wide and keys; name the quotas in "names", or leave it out for all`)
		}
	}},
	{key: "names", read: func(v *value, r *FleetRule) {
		r.Names = readFleetNames(v, "leave it out for all quotas")
		if r.Rule != fleetUnknown && !r.Rule.ofQuotas() {
			v.bad(`is for quotas and budgets; name the surfaces in "surfaces", or leave it out for all`)
		}
	}},
	{key: "mode", read: func(v *value, r *FleetRule) {
		if choose(v, fleetModes, &r.Mode); r.Mode == FleetFirst && r.Rule.ofQuotas() {
			v.bad(`is for lockouts, wide and keys; write "sync" or "async"`)
		}
	}},
	{key: "on_error", as: &oneOf{(*uint8)(&oneFleetRule.OnError), fleetErrorActions}},
}}

// readFleet reads the service. It returns the variable of the environment with the secret,
// or "".
func readFleet(v *value) (f *Fleet, secretVariable string) {
	d := fleetDraft{Fleet: Fleet{
		Domain: "gatewarden", Timeout: 20, Refresh: 5 * second,
		Rules: []FleetRule{{Rule: FleetLockouts}, {Rule: FleetWide}, {Rule: FleetKeys}},
	}}
	readObject(v, &fleetFields, &d)
	if v.isObject() {
		v.checkOneSecret("secret", "secret_env", "FLEET_SECRET")
	}
	return &d.Fleet, d.secretVariable
}

func readFleetSecret(v *value, f *fleetDraft) {
	if f.Secret = secretText(v, "secret_env"); isPlain(f.Secret) && shortSecret(f.Secret) != "" {
		v.bad("%s", shortSecret(f.Secret))
	}
}

// readVariable reads the secret from the environment.
func (f *Fleet) readVariable(env []string, name string, out *violations) {
	before := out.count()
	readSecret(env, name, "fleet.secret_env", &f.Secret, out)
	if problem := shortSecret(f.Secret); problem != "" && out.count() == before {
		out.add(at("environment "+clip(name)), "%s", problem)
	}
}

// shortSecret says what is wrong with a secret that could be guessed from hashes under
// it, or returns "".
func shortSecret(secret string) string {
	if utf8.RuneCountInString(secret) >= minFleetSecret {
		return ""
	}
	return "has fewer than " + strconv.Itoa(minFleetSecret) + " characters, so that clients could be guessed from their hashes; " +
		"write for example what openssl rand -hex 32 prints"
}

func readFleetRules(v *value, f *fleetDraft) {
	v.refuseEmpty("leave it out for lockouts, wide and keys of all surfaces, or remove fleet")
	f.Rules = nil
	for i, item := range makeRoom(&f.Rules, v.items(maxItems)) {
		r := &f.Rules[i]
		r.Rule = fleetUnknown
		readObject(item, &fleetRuleFields, r)
	}
}

// readFleetNames reads names of surfaces or quotas. One that could not be read is empty.
func readFleetNames(v *value, emptyRemedy string) []string {
	v.refuseEmpty(emptyRemedy)
	return v.texts(fleetName, "")
}

func fleetName(v *value, text, _ string) string {
	if text == "" {
		v.bad(`"" is not a name; write one, or remove it`)
	}
	return text
}

// milliseconds reads a short duration. If there is none, into becomes unreadable.
func (v *value) milliseconds(into *int64, low, high int64, example string) {
	*into = unreadable
	text, ok := v.text("a duration as a string, for example %q", example)
	if !ok {
		return
	}
	length, ok := parseMilliseconds(text)
	switch {
	case !ok:
		v.bad("%q is not a duration here; write for example %q", text, example)
	case length < low || length > high:
		v.bad("%q is out of range; write %q to %q", text, formatMilliseconds(low), formatMilliseconds(high))
	default:
		*into = length
	}
}

// parseMilliseconds reads durations such as 20ms, and those of parseDuration.
func parseMilliseconds(text string) (int64, bool) {
	digits, short := strings.CutSuffix(text, "ms")
	if !short {
		return parseDuration(text)
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	return int64(n), err == nil
}

// formatMilliseconds returns the shortest text that parseMilliseconds reads as length.
func formatMilliseconds(length int64) string {
	if length%second == 0 {
		return formatDuration(length)
	}
	return strconv.FormatInt(length, 10) + "ms"
}
