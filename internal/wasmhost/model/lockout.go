package model

import "time"

// Lockout is the rule of a surface. What is 0 or empty is not written, so that
// the documented default applies.
type Lockout struct {
	Failures    int
	None        bool // failures is written, as 0
	Window      time.Duration
	Duration    time.Duration
	Factor      float64
	Max, Forget time.Duration
	Statuses    []int
	// FailuresWhen, SucceededWhen are conditions in place of statuses and of 2xx. The
	// second stands on token endpoints only beside the first.
	FailuresWhen, SucceededWhen []Condition
	CountAnonymous              bool
	Reset                       bool
	Repeats                     string
	Pending                     int
	Jitter                      time.Duration
	// KnownFor, KnownFailures are known_good, which is off without the first.
	KnownFor      time.Duration
	KnownFailures int
	// WideFailures, WideIPv4, WideIPv6 are wide, which is off without the first.
	WideFailures, WideIPv4, WideIPv6 int
	Keys                             []Key
	AccountFields                    []string
	// Stuffing's limit are credentials, Spraying's clients.
	Stuffing, Spraying Distinct
	Mode               string
}

// Key is one of the lockout's keys.
type Key struct {
	Per      []string
	Failures int
	Window   time.Duration
	Action   string
}

// What a key may be per, and what it may do.
const (
	perClient     = "client"
	perAccount    = "account"
	perCredential = "credential"
	slow          = "slow"
	lock          = "lock"
)

// withDefaults fills in what docs/configuration.md says of a kind.
func (l Lockout) withDefaults(kind string) Lockout {
	failures, window, statuses := 20, time.Minute, []int{401}
	switch kind {
	case token:
		failures, window = 10, 5*time.Minute
	case consent, login:
		failures, window, statuses = 5, 5*time.Minute, []int{401, 403, 422}
	}
	if !l.None {
		l.Failures = or(l.Failures, failures)
	}
	l.Window = or(l.Window, window)
	if l.Statuses == nil {
		l.Statuses = statuses
	}
	l.Max, l.Forget = or(l.Max, time.Hour), or(l.Forget, 12*time.Hour)
	l.KnownFailures = or(l.KnownFailures, 1)
	l.WideIPv4, l.WideIPv6 = or(l.WideIPv4, 24), or(l.WideIPv6, 48)
	if l.AccountFields == nil {
		l.AccountFields = []string{"username", "client_id"}
		if kind == login {
			l.AccountFields = []string{"username", "email", "login", "user.email"}
		}
	}
	var keys []Key
	for _, k := range l.Keys {
		k.Window, k.Action = or(k.Window, 5*time.Minute), or(k.Action, slow)
		keys = append(keys, k)
	}
	l.Keys = keys
	l.Stuffing = l.Stuffing.withDefaults(10 * time.Minute)
	l.Spraying = l.Spraying.withDefaults(time.Hour)
	return l
}

func or[T comparable](value, otherwise T) T {
	var none T
	if value == none {
		return otherwise
	}
	return value
}

// fields are an object in which only what is set is written.
type fields object

func (o fields) set(key string, is bool, value any) {
	if is {
		o[key] = value
	}
}

func (o fields) lasts(key string, d time.Duration) { o.set(key, d > 0, duration(d)) }

func (o fields) number(key string, n int) { o.set(key, n > 0, n) }

func (l Lockout) json() object {
	o := fields{}
	o.set("failures", l.Failures > 0 || l.None, l.Failures)
	o.lasts("window", l.Window)
	o.lasts("duration", l.Duration)
	o.set("statuses", l.Statuses != nil, l.Statuses)
	o.set("failures_when", l.FailuresWhen != nil, list(l.FailuresWhen, Condition.json))
	o.set("succeeded_when", l.SucceededWhen != nil, list(l.SucceededWhen, Condition.json))
	o.set("count_anonymous", l.CountAnonymous, true)
	o.set("reset_on_success", l.Reset, true)
	o.set("repeats", l.Repeats != "", l.Repeats)
	o.number("pending", l.Pending)
	o.lasts("jitter", l.Jitter)
	o.set("account_fields", l.AccountFields != nil, l.AccountFields)
	o.set("keys", l.Keys != nil, list(l.Keys, Key.json))
	o.set("mode", l.Mode != "", l.Mode)
	if l.Factor > 0 {
		e := fields{"factor": l.Factor}
		e.lasts("max", l.Max)
		e.lasts("forget", l.Forget)
		o["escalate"] = e
	}
	if l.KnownFor > 0 {
		k := fields{"for": duration(l.KnownFor)}
		k.number("failures", l.KnownFailures)
		o["known_good"] = k
	}
	if l.WideFailures > 0 {
		w := fields{"failures": l.WideFailures}
		w.number("ipv4_prefix", l.WideIPv4)
		w.number("ipv6_prefix", l.WideIPv6)
		o["wide"] = w
	}
	o.set("stuffing", l.Stuffing.Limit > 0, l.Stuffing.json("credentials"))
	o.set("spraying", l.Spraying.Limit > 0, l.Spraying.json("clients"))
	return object(o)
}

func (k Key) json() object {
	o := fields{"per": k.Per, "failures": k.Failures}
	o.lasts("window", k.Window)
	o.set("action", k.Action != "", k.Action)
	return object(o)
}
