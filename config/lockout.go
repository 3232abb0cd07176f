package config

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// Lockout is a surface's lockout rule.
type Lockout struct {
	// Failures is how many failures in Window lock a client out; 0 switches
	// the rule off.
	Failures uint32
	// Window, in milliseconds, begins with the first failure.
	Window int64
	// Duration of a lockout in milliseconds; 0 means until the window ends.
	Duration int64
	// Escalate makes repeated lockouts longer; its Factor is 0 when unset.
	Escalate Escalate
	// Statuses of responses that are failures.
	Statuses []int
	// CountAnonymous counts failures of requests without a credential, too
	// (kinds api and mcp).
	CountAnonymous bool
	// ResetOnSuccess lets a success take back the failures of the same
	// credential from the same client.
	ResetOnSuccess bool
	// Pending bounds the attempts of a client that are unanswered at once, to
	// the failures it has left plus Pending; 0 means no bound.
	Pending uint32
	// KnownGood lets credentials that succeeded pass a lockout; its For is 0
	// when unset.
	KnownGood KnownGood
	// Wide counts for whole networks, too; its Failures are 0 when unset.
	Wide Wide
	// Jitter is the most by which a lockout is made longer, in milliseconds,
	// by an amount that nobody can foresee.
	Jitter int64
	// Keys count failures by what was attempted; at most MaxKeys.
	Keys []FailureKey
	// AccountFields are the form fields that name the attempted account, the
	// first one that is there.
	AccountFields []string
	// Stuffing and Spraying count what is different among the failures; their
	// limits are 0 when unset.
	Stuffing Stuffing
	Spraying Spraying
	Mode     Mode
}

// Escalate makes the n-th lockout in a row Factor times longer than the one
// before, up to Max; Forget after the end of a lockout the row begins anew.
type Escalate struct {
	Factor      float64
	Max, Forget int64
}

// KnownGood are the credentials that succeeded from the client within the last
// For milliseconds. They pass while the client is locked out, until they fail
// Failures times.
type KnownGood struct {
	For      int64
	Failures uint32
}

// Wide is a second, wider address bucket with its own limit.
type Wide struct {
	IPv4Prefix, IPv6Prefix int
	Failures               uint32
}

const (
	maxFailures = 1000000
	maxPending  = 1000
)

var lockoutFields = []field[Surface]{
	{key: "failures", read: func(v value, s *Surface) { readInteger(v, &s.Lockout.Failures, 0, maxFailures) }},
	{key: "window", read: func(v value, s *Surface) { v.duration(&s.Lockout.Window, "5m") }},
	{key: "duration", read: func(v value, s *Surface) { v.duration(&s.Lockout.Duration, "15m") }},
	{key: "escalate", below: keysOf("", escalateFields), read: func(v value, s *Surface) {
		readPart(v, escalateFields, Escalate{Max: hour, Forget: 12 * hour}, &s.Lockout.Escalate)
	}},
	{key: "statuses", read: func(v value, s *Surface) { s.Lockout.Statuses = readStatuses(v, s.Kind) }},
	{key: "count_anonymous", read: func(v value, s *Surface) { v.boolean(&s.Lockout.CountAnonymous) }},
	{key: "reset_on_success", read: func(v value, s *Surface) { v.boolean(&s.Lockout.ResetOnSuccess) }},
	{key: "pending", read: func(v value, s *Surface) { readInteger(v, &s.Lockout.Pending, 0, maxPending) }},
	{key: "known_good", below: keysOf("", knownGoodFields), read: func(v value, s *Surface) {
		readPart(v, knownGoodFields, KnownGood{Failures: 1}, &s.Lockout.KnownGood)
	}},
	{key: "wide", below: keysOf("", wideFields), read: func(v value, s *Surface) {
		readPart(v, wideFields, Wide{IPv4Prefix: 24, IPv6Prefix: 48}, &s.Lockout.Wide)
	}},
	{key: "keys", below: keysOf("[]", failureKeyFields), read: func(v value, s *Surface) {
		s.Lockout.Keys = readFailureKeys(v)
	}},
	{key: "account_fields", read: func(v value, s *Surface) { s.Lockout.AccountFields = readAccountFields(v) }},
	{key: "stuffing", below: keysOf("", stuffingFields), read: func(v value, s *Surface) {
		readPart(v, stuffingFields, Stuffing{Window: 10 * minute}, &s.Lockout.Stuffing)
	}},
	{key: "spraying", below: keysOf("", sprayingFields), read: func(v value, s *Surface) {
		readPart(v, sprayingFields, Spraying{Window: hour}, &s.Lockout.Spraying)
	}},
	{key: "jitter", read: func(v value, s *Surface) { v.duration(&s.Lockout.Jitter, "10s") }},
	{key: "mode", read: func(v value, s *Surface) { readMode(v, &s.Lockout.Mode) }},
}

var escalateFields = []field[Escalate]{
	{key: "factor", required: "write how many times longer each lockout is, for example 2", read: readFactor},
	{key: "max", read: func(v value, e *Escalate) { v.duration(&e.Max, "1h") }},
	{key: "forget", read: func(v value, e *Escalate) { v.duration(&e.Forget, "12h") }},
}

var knownGoodFields = []field[KnownGood]{
	{key: "for", required: `write how long a success is remembered, for example "1h"`, read: func(v value, k *KnownGood) {
		v.duration(&k.For, "1h")
	}},
	{key: "failures", read: func(v value, k *KnownGood) { readLimit(v, &k.Failures) }},
}

var wideFields = []field[Wide]{
	{key: "ipv4_prefix", read: func(v value, w *Wide) { readInteger(v, &w.IPv4Prefix, 8, 31) }},
	{key: "ipv6_prefix", read: func(v value, w *Wide) { readInteger(v, &w.IPv6Prefix, 16, 127) }},
	{key: "failures", required: "write how many failures lock the network out, for example 200", read: func(v value, w *Wide) {
		readLimit(v, &w.Failures)
	}},
}

// defaultLockout allows fewer guesses where a person types a password than
// where programs retry.
func defaultLockout(kind Kind) Lockout {
	l := Lockout{Failures: 20, Window: minute, Statuses: defaultStatuses(kind), AccountFields: defaultAccountFields()}
	switch kind {
	case KindOAuthConsent:
		l.Failures, l.Window = 5, 5*minute
	case KindOAuthToken:
		l.Failures, l.Window = 10, 5*minute
	}
	return l
}

// readLimit reads a number of failures that cannot switch off what it is for.
func readLimit(v value, into *uint32) {
	readInteger(v, into, 1, maxFailures)
}

func readFactor(v value, e *Escalate) {
	const right = "a number above 1 and up to 100, for example 2"
	switch {
	case v.json.Type != gjson.Number:
		v.wrongType(right)
	case v.json.Num > 1 && v.json.Num <= 100:
		e.Factor = v.json.Num
	default:
		v.bad(clip(v.json.Raw) + " is out of range; write " + right)
	}
}

// off tells that the rule is as if it were not there.
func (l *Lockout) off() bool { return l.Mode == ModeOff || l.Failures == 0 }

const (
	failuresSuffix = "_FAILURES"
	windowSuffix   = "_WINDOW_SECONDS"
)

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

func checkLockout(s *Surface, i int, out *violations) {
	l := &s.Lockout
	if s.Kind.authorizes() && l.ResetOnSuccess {
		out.add(surfacePath(i, "lockout.reset_on_success"),
			"is for the kinds api and mcp; remove it: what is guessed here stands in the body, so a client's own success would clear its guesses at others")
	}
	if s.Kind.authorizes() && l.KnownGood.For > 0 {
		out.add(surfacePath(i, "lockout.known_good"),
			"is for the kinds api and mcp; remove it: the credential stands in the body here, so that a good one is not known")
	}
	first, what := firstLockout(l)
	if longest := l.Escalate.Max; longest > 0 && longest < first {
		out.add(surfacePath(i, "lockout.escalate.max"), strconv.Quote(formatDuration(longest))+
			" is shorter than the first lockout, which is the "+what+" of "+strconv.Quote(formatDuration(first))+
			"; write a longer max")
	}
}

// firstLockout is how long the first lockout can last and which field says so:
// the duration or, without one, the longest window until whose end it lasts.
func firstLockout(l *Lockout) (length int64, field string) {
	switch {
	case l.Duration != 0: // or it could not be read
		return l.Duration, "duration"
	case l.Stuffing.Lock && l.Stuffing.Window > l.Window:
		return l.Stuffing.Window, "stuffing.window"
	}
	return l.Window, "window"
}

// checkWide refuses a wide network that is no wider than a client.
func checkWide(l *Lockout, c *Client, i int, out *violations) {
	if l.Wide.Failures == 0 {
		return
	}
	if l.Wide.IPv4Prefix >= c.IPv4Prefix {
		out.add(surfacePath(i, "lockout.wide.ipv4_prefix"), "is not shorter than client.ipv4_prefix, which is "+
			strconv.Itoa(c.IPv4Prefix)+"; write a smaller number")
	}
	if l.Wide.IPv6Prefix >= c.IPv6Prefix {
		out.add(surfacePath(i, "lockout.wide.ipv6_prefix"), "is not shorter than client.ipv6_prefix, which is "+
			strconv.Itoa(c.IPv6Prefix)+"; write a smaller number")
	}
}

func (l *Lockout) warnDuration(i int, warn func(path, message string)) {
	if l.Duration > 0 && l.Duration < l.Window {
		warn(surfacePath(i, "lockout.duration"), "is shorter than the window, so that a client is free again "+
			"before its failures are forgotten; write at least the window, or leave it out")
	}
}
