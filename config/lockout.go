package config

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// Lockout is the lockout rule of a surface: a client with too many failures within
// a window gets 429 until the lockout ends. Durations are in milliseconds, 1 s to
// 30 days.
type Lockout struct {
	// Failures is the number of failures that lock a client out, up to 1000000.
	// Default: 20; 10 for KindOAuthToken, 5 for KindOAuthConsent and KindLogin. Danger: 0 switches
	// the rule off.
	Failures uint32
	// Window is the time for which failures are remembered, counted from the first
	// one. Default: 1 minute; 5 except for the kinds api and mcp. Danger: a
	// short window never catches a slow guesser.
	Window int64
	// Duration is the length of a lockout. Default: 0, until the window ends.
	// Danger: if it is shorter than the window, a client is unlocked before its
	// failures are forgotten.
	Duration int64
	// Escalate makes repeated lockouts longer. Off by default; its Factor is 0 then.
	Escalate Escalate
	// Statuses are the response statuses that are failures. Default: 401, and 403
	// and 422 for KindOAuthConsent and KindLogin. Danger: a status that the service also sends to
	// holders of a valid credential locks them out.
	Statuses []int
	// TokenErrors are the error codes of a token endpoint that are failures, in JSON
	// or as a form, in a body of at most 64 KiB. Default: those that say that a
	// credential was wrong; nil for all kinds but KindOAuthToken.
	TokenErrors []string
	// FailuresWhen are the conditions under which a response is a failure, in place
	// of Statuses and TokenErrors, which are nil then. At most [MaxConditions];
	// default: none. Danger: what they do not describe is not counted.
	FailuresWhen []Condition
	// SucceededWhen are the conditions under which a response that is no failure is a
	// success. At most [MaxConditions]; default: none, and 2xx is one.
	SucceededWhen []Condition
	// CountAnonymous also counts failures of requests without a credential. Default:
	// false. Only for the kinds api and mcp. Danger: it counts clients that only ask
	// where to get a token, and bodies that hide an account are refused if something
	// follows from that.
	CountAnonymous bool
	// ResetOnSuccess lets a success take back the failures of the same credential
	// from the same client. It does not end a lockout. Default: false. Only for the
	// kinds api and mcp. Danger: a path that answers 2xx without looking at the
	// credential lets a guesser take back each guess.
	ResetOnSuccess bool
	// CountOnce counts the same wrong credential of a client once within the window. It
	// is the value "once" of the key repeats. Default: false, each failure counts.
	// Danger: a guess that differs only in what is not configured as a credential is no
	// other guess.
	CountOnce bool
	// Pending limits the unanswered attempts of a client to the failures that it has
	// left plus this number, up to 1000, so that parallel guesses get no further
	// than a sequence. Default: 0, no such limit. Danger: users behind one address
	// wait for each other before their first success.
	Pending uint32
	// KnownGood lets credentials that have succeeded pass a lockout. Off by default;
	// its For is 0 then.
	KnownGood KnownGood
	// Wide also counts the failures of whole networks. Off by default; its Failures
	// are 0 then.
	Wide Wide
	// Jitter makes each lockout longer by a random time up to this one, so that
	// attackers cannot predict its end and clients do not all return at once.
	// Default: 0.
	Jitter int64
	// Keys limit the failures by what was attempted. At most [MaxKeys]; default:
	// none.
	Keys []FailureKey
	// AccountFields are the fields of queries, forms, multipart and JSON bodies that
	// name the attempted account, by name or as a path such as "user.email". The first
	// that is there counts; for KindLogin, each does. Default: username and client_id;
	// for KindLogin username, email, login and user.email. Danger: an attempt that
	// names the account in any other field has no account.
	AccountFields []string
	// Stuffing counts the different credentials that fail from one client. Off by
	// default; its Credentials are 0 then.
	Stuffing Stuffing
	// Spraying counts the different clients that fail at one account. Off by
	// default; its Clients are 0 then.
	Spraying Spraying
	// Mode says what follows from a lockout.
	Mode Mode
}

// Escalate makes each lockout of a client longer than the one before.
type Escalate struct {
	// Factor multiplies the length of each further lockout; above 1, up to 100.
	// Required.
	Factor float64
	// Max is the longest lockout, in milliseconds; at least the first one. Default:
	// 1 hour. Danger: all clients behind one address are locked out for this long.
	Max int64
	// Forget is the time in milliseconds after the end of a lockout, after which the
	// next one counts as the first again. Default: 12 hours. Danger: the client's
	// record stays in the table for this long.
	Forget int64
}

// KnownGood lets credentials that have succeeded from a client pass while the client
// is locked out, for instance those of an office in which somebody guesses. Only for
// the kinds api and mcp.
type KnownGood struct {
	// For is the time in milliseconds for which a success makes a credential known.
	// Required.
	For int64
	// Failures of the credential itself end that, 1 to 1000000. Default: 1. Danger:
	// a path that answers 2xx without looking at the credential makes any credential
	// known, and each of these has this many guesses during a lockout.
	Failures uint32
}

// Wide is a second limit on the same failures and in the same window, for the
// network that a client belongs to.
type Wide struct {
	// IPv4Prefix is the number of leading bits that identify a network, 8 to 31 and
	// below that of a client. Default: 24. Danger: a wide network has many customers.
	IPv4Prefix int
	// IPv6Prefix is the same for IPv6, 16 to 127. Default: 48.
	IPv6Prefix int
	// Failures is the number of failures that lock the network out, 1 to 1000000.
	// Required. Danger: it locks out everybody in the network.
	Failures uint32
}

const (
	maxFailures = 1000000
	maxPending  = 1000
)

var lockoutFields = table[Surface]{&oneSurface, []field[Surface]{
	{key: "failures", as: &count{&oneSurface.Lockout.Failures, 0, maxFailures}},
	{key: "window", as: &duration{&oneSurface.Lockout.Window, "5m"}},
	{key: "duration", as: &duration{&oneSurface.Lockout.Duration, "15m"}},
	{key: "escalate", object: of(&escalateFields), read: func(v *value, s *Surface) {
		readPart(v, &escalateFields, Escalate{Max: hour, Forget: 12 * hour}, &s.Lockout.Escalate)
	}},
	{key: "statuses", read: func(v *value, s *Surface) { s.Lockout.Statuses = readStatuses(v, s.Kind) }},
	{key: "token_errors", as: &textList{into: &oneSurface.Lockout.TokenErrors, each: tokenError, empty: `to count statuses alone, write "failures_when": [{"status": [401]}]`}},
	{key: "failures_when", list: of(&failureConditionFields), read: func(v *value, s *Surface) {
		readConditions(v, &failureConditionFields, &s.Lockout.FailuresWhen)
	}},
	{key: "succeeded_when", list: of(&successConditionFields), read: func(v *value, s *Surface) {
		readConditions(v, &successConditionFields, &s.Lockout.SucceededWhen)
	}},
	{key: "count_anonymous", as: &boolean{&oneSurface.Lockout.CountAnonymous}},
	{key: "reset_on_success", as: &boolean{&oneSurface.Lockout.ResetOnSuccess}},
	{key: "repeats", as: &either{&oneSurface.Lockout.CountOnce, "count", "once"}},
	{key: "pending", as: &count{&oneSurface.Lockout.Pending, 0, maxPending}},
	{key: "known_good", object: of(&knownGoodFields), read: func(v *value, s *Surface) {
		readPart(v, &knownGoodFields, KnownGood{Failures: 1}, &s.Lockout.KnownGood)
	}},
	{key: "wide", object: of(&wideFields), read: func(v *value, s *Surface) {
		readPart(v, &wideFields, Wide{IPv4Prefix: 24, IPv6Prefix: 48}, &s.Lockout.Wide)
	}},
	{key: "keys", list: of(&failureKeyFields), read: func(v *value, s *Surface) {
		readFailureKeys(v, &s.Lockout)
	}},
	{key: "account_fields", as: &textList{into: &oneSurface.Lockout.AccountFields, each: accountField, empty: `write for example ["email"]`}},
	{key: "stuffing", object: of(&stuffingFields), read: func(v *value, s *Surface) {
		readPart(v, &stuffingFields, Stuffing{Window: 10 * minute}, &s.Lockout.Stuffing)
	}},
	{key: "spraying", object: of(&sprayingFields), read: func(v *value, s *Surface) {
		readPart(v, &sprayingFields, Spraying{Window: hour}, &s.Lockout.Spraying)
	}},
	{key: "jitter", as: &duration{&oneSurface.Lockout.Jitter, "10s"}},
	{key: "mode", as: &oneOf{(*uint8)(&oneSurface.Lockout.Mode), modes}},
}}

var oneEscalate Escalate

var escalateFields = table[Escalate]{&oneEscalate, []field[Escalate]{
	{key: "factor", required: "write how many times longer each lockout is, for example 2", read: readFactor},
	{key: "max", as: &duration{&oneEscalate.Max, "1h"}},
	{key: "forget", as: &duration{&oneEscalate.Forget, "12h"}},
}}

var oneKnownGood KnownGood

var knownGoodFields = table[KnownGood]{&oneKnownGood, []field[KnownGood]{
	{key: "for", required: `write how long a success is remembered, for example "1h"`, as: &duration{&oneKnownGood.For, "1h"}},
	{key: "failures", as: &count{&oneKnownGood.Failures, 1, maxFailures}},
}}

var oneWide Wide

var wideFields = table[Wide]{&oneWide, []field[Wide]{
	{key: "ipv4_prefix", as: &integer{&oneWide.IPv4Prefix, 8, 31}},
	{key: "ipv6_prefix", as: &integer{&oneWide.IPv6Prefix, 16, 127}},
	{key: "failures", required: "write how many failures lock the network out, for example 200", as: &count{&oneWide.Failures, 1, maxFailures}},
}}

// setDefaults allows fewer guesses on a surface where a person types a password than on
// one where programs retry.
func (l *Lockout) setDefaults(kind Kind) {
	*l = Lockout{}
	l.Failures, l.Window = 20, minute
	switch kind {
	case KindOAuthConsent, KindLogin:
		l.Failures, l.Window = 5, 5*minute
	case KindOAuthToken:
		l.Failures, l.Window = 10, 5*minute
	}
	l.Statuses, l.TokenErrors, l.AccountFields = defaultStatuses(kind), defaultTokenErrors(kind), defaultAccountFields(kind)
}

func readFactor(v *value, e *Escalate) {
	const right = "a number above 1 and up to 100, for example 2"
	switch {
	case v.json.Type != gjson.Number:
		v.wrongType(right)
	case v.json.Num > 1 && v.json.Num <= 100:
		e.Factor = v.json.Num
	default:
		v.bad("%s is out of range; write "+right, clip(v.json.Raw))
	}
}

// off reports whether the rule has no effect.
func (l *Lockout) off() bool { return l.Mode == ModeOff || l.Failures == 0 }

const (
	failuresSuffix = "_FAILURES"
	windowSuffix   = "_WINDOW_SECONDS"
)

// overrideLockout applies RATE_LIMIT_<SURFACE>_FAILURES and
// RATE_LIMIT_<SURFACE>_WINDOW_SECONDS. rest is the name without its prefix.
func (d *draft) overrideLockout(v variable, rest string) {
	surface, isFailures := strings.CutSuffix(rest, failuresSuffix)
	isWindow := false
	if !isFailures {
		surface, isWindow = strings.CutSuffix(rest, windowSuffix)
	}
	if !isFailures && !isWindow {
		v.bad("is not a known variable; write " + ratePrefix + "<SURFACE>" + failuresSuffix +
			" or " + ratePrefix + "<SURFACE>" + windowSuffix)
		return
	}
	s := d.surfaceInEnvironment(surface)
	switch {
	case s == nil:
		d.unknownSurface(v)
	case isFailures:
		if n, ok := v.integer(0, maxFailures); ok {
			s.Lockout.Failures = uint32(n)
		}
	default:
		if n, ok := v.integer(minDuration/second, maxDuration/second); ok {
			s.Lockout.Window = n * second
		}
	}
}

// checkLockout refuses rules that need a credential outside of the body on kinds
// where it stands in the body, and an escalation that could only shorten the first
// lockout.
func checkLockout(s *Surface, i int, out *violations) {
	l := &s.Lockout
	if s.Kind.authorizes() && l.ResetOnSuccess {
		out.add(surfacePath(i, "lockout.reset_on_success"),
			"is for the kinds api and mcp; remove it: the credential is in the body here, so a client's own success would clear its guesses at others")
	}
	if s.Kind.authorizes() && l.KnownGood.For > 0 {
		out.add(surfacePath(i, "lockout.known_good"),
			"is for the kinds api and mcp; remove it: the credential is in the body here, so the filter cannot know a good one")
	}
	first, what := firstLockout(l)
	if longest := l.Escalate.Max; longest > 0 && longest < first {
		out.add(surfacePath(i, "lockout.escalate.max"), "%q is shorter than the first lockout, which is the %s of %q; write a longer max", formatDuration(longest), what, formatDuration(first))
	}
}

// firstLockout returns the length of the longest first lockout, and the field that
// sets it: the duration or, without one, the longest window that ends a lockout.
func firstLockout(l *Lockout) (length int64, field string) {
	switch {
	case l.Duration != 0: // set, or unreadable
		return l.Duration, "duration"
	case l.Stuffing.Lock && l.Stuffing.Window > l.Window:
		return l.Stuffing.Window, "stuffing.window"
	}
	return l.Window, "window"
}

// checkWide requires a network to be wider than a client.
func checkWide(l *Lockout, c *Client, i int, out *violations) {
	if l.Wide.Failures == 0 {
		return
	}
	if l.Wide.IPv4Prefix >= c.IPv4Prefix {
		out.add(surfacePath(i, "lockout.wide.ipv4_prefix"), "is not shorter than client.ipv4_prefix, which is %s; write a smaller number", strconv.Itoa(c.IPv4Prefix))
	}
	if l.Wide.IPv6Prefix >= c.IPv6Prefix {
		out.add(surfacePath(i, "lockout.wide.ipv6_prefix"), "is not shorter than client.ipv6_prefix, which is %s; write a smaller number", strconv.Itoa(c.IPv6Prefix))
	}
}

func (l *Lockout) warnDuration(i int, warn *warnings) {
	if l.Duration > 0 && l.Duration < l.Window {
		warn.add(surfacePath(i, "lockout.duration"), "is shorter than the window, so that a client is unlocked "+
			"before its failures are forgotten; write at least the window, or leave it out")
	}
}
