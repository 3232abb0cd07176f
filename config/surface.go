package config

import (
	"strconv"

	"github.com/tidwall/gjson"
)

const maxSurfaces = 256

const maxName = 32

const (
	maxFailures = 1000000
	maxPending  = 1000
)

const (
	// minDistinct is the least that can be different, and maxDistinct bounds the
	// records that it takes to tell.
	minDistinct = 2
	maxDistinct = 1000
)

// maxFieldName is what the filter keeps of a form field's name.
const maxFieldName = 64

// kindUnknown marks a surface whose kind could not be read.
const kindUnknown Kind = 255

var surfaceFields = []field[Surface]{
	{key: "name", required: `write for example "rest"`, read: func(v value, s *Surface) { s.Name = readName(v, "a surface's name") }},
	{key: "kind", required: "write " + kinds, read: readKind},
	{key: "match", required: `write for example [{"prefix": "/api/v1"}]`, below: keysOf("[]", matchFields), read: readSurfaceMatch},
	{key: "require", read: func(v value, s *Surface) { v.boolean(&s.Require) }},
	// The lockout comes last: its defaults and its rules depend on the kind.
	{key: "lockout", below: keysOf("", lockoutFields), read: func(v value, s *Surface) {
		readObject(v, lockoutFields, s)
	}},
}

var lockoutFields = []field[Surface]{
	{key: "failures", read: func(v value, s *Surface) { readFailures(v, &s.Lockout) }},
	{key: "window", read: func(v value, s *Surface) { v.duration(&s.Lockout.Window, "5m") }},
	{key: "duration", read: func(v value, s *Surface) { v.duration(&s.Lockout.Duration, "15m") }},
	{key: "escalate", below: keysOf("", escalateFields), read: func(v value, s *Surface) {
		e := defaultEscalate()
		if readObject(v, escalateFields, &e) != nil {
			s.Lockout.Escalate = e
		}
	}},
	{key: "statuses", read: func(v value, s *Surface) { s.Lockout.Statuses = readStatuses(v, s.Kind) }},
	{key: "count_anonymous", read: func(v value, s *Surface) { v.boolean(&s.Lockout.CountAnonymous) }},
	{key: "reset_on_success", read: func(v value, s *Surface) { v.boolean(&s.Lockout.ResetOnSuccess) }},
	{key: "pending", read: func(v value, s *Surface) {
		if n, ok := v.integer(0, maxPending); ok {
			s.Lockout.Pending = uint32(n)
		}
	}},
	{key: "known_good", below: keysOf("", knownGoodFields), read: func(v value, s *Surface) {
		k := KnownGood{Failures: 1}
		if readObject(v, knownGoodFields, &k) != nil {
			s.Lockout.KnownGood = k
		}
	}},
	{key: "wide", below: keysOf("", wideFields), read: func(v value, s *Surface) {
		w := Wide{IPv4Prefix: 24, IPv6Prefix: 48}
		if readObject(v, wideFields, &w) != nil {
			s.Lockout.Wide = w
		}
	}},
	{key: "keys", below: keysOf("[]", failureKeyFields), read: func(v value, s *Surface) {
		s.Lockout.Keys = readFailureKeys(v)
	}},
	{key: "account_fields", read: func(v value, s *Surface) { s.Lockout.AccountFields = readAccountFields(v) }},
	{key: "stuffing", below: keysOf("", stuffingFields), read: func(v value, s *Surface) {
		st := Stuffing{Window: 10 * minute}
		if readObject(v, stuffingFields, &st) != nil {
			s.Lockout.Stuffing = st
		}
	}},
	{key: "spraying", below: keysOf("", sprayingFields), read: func(v value, s *Surface) {
		sp := Spraying{Window: hour}
		if readObject(v, sprayingFields, &sp) != nil {
			s.Lockout.Spraying = sp
		}
	}},
	{key: "jitter", read: func(v value, s *Surface) { v.duration(&s.Lockout.Jitter, "10s") }},
	{key: "mode", read: func(v value, s *Surface) { readMode(v, &s.Lockout.Mode) }},
}

func readFailureKeys(v value) []FailureKey {
	var list []FailureKey
	v.items(MaxKeys, func(item value) {
		k := FailureKey{Window: 5 * minute}
		readObject(item, failureKeyFields, &k)
		list = append(list, k)
	})
	return list
}

func readAccountFields(v value) []string {
	v.refuseEmpty(`write for example ["email"]`)
	return v.texts(func(item value, text string) string {
		if text == "" || len(text) > maxFieldName {
			item.bad(quote(text) + " is not a form field; write 1 to " + strconv.Itoa(maxFieldName) + ` characters, for example "email"`)
			return ""
		}
		return text
	})
}

func readMode(v value, into *Mode) {
	choose(v, []option[Mode]{{"enforce", ModeEnforce}, {"shadow", ModeShadow}, {"off", ModeOff}}, into)
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
	{key: "ipv4_prefix", read: func(v value, w *Wide) { v.integerInto(&w.IPv4Prefix, 8, 31) }},
	{key: "ipv6_prefix", read: func(v value, w *Wide) { v.integerInto(&w.IPv6Prefix, 16, 127) }},
	{key: "failures", required: "write how many failures lock the network out, for example 200", read: func(v value, w *Wide) {
		readLimit(v, &w.Failures)
	}},
}

var stuffingFields = []field[Stuffing]{
	{key: "credentials", required: "write how many different credentials are too many, for example 10", read: func(v value, s *Stuffing) {
		readDistinct(v, &s.Credentials)
	}},
	{key: "window", read: func(v value, s *Stuffing) { v.duration(&s.Window, "10m") }},
	{key: "action", read: func(v value, s *Stuffing) {
		choose(v, []option[bool]{{"report", false}, {"lock", true}}, &s.Lock)
	}},
}

var sprayingFields = []field[Spraying]{
	{key: "clients", required: "write how many different clients are too many, for example 20", read: func(v value, s *Spraying) {
		readDistinct(v, &s.Clients)
	}},
	{key: "window", read: func(v value, s *Spraying) { v.duration(&s.Window, "1h") }},
	{key: "action", read: func(v value, s *Spraying) {
		choose(v, []option[bool]{{"report", false}, {"slow", true}}, &s.Slow)
	}},
}

var failureKeyFields = []field[FailureKey]{
	{key: "per", required: perRemedy, read: readPer},
	{key: "failures", required: "write how many failures are allowed, for example 10", read: func(v value, k *FailureKey) {
		readLimit(v, &k.Failures)
	}},
	{key: "window", read: func(v value, k *FailureKey) { v.duration(&k.Window, "5m") }},
	// The action comes last: without one, only a key with the client locks.
	{key: "action", read: func(v value, k *FailureKey) {
		choose(v, []option[bool]{{"slow", false}, {"lock", true}}, &k.Lock)
	}},
}

const perRemedy = `write "account" or "credential", alone or with "client", for example ["client", "account"]`

func readPer(v value, k *FailureKey) {
	v.items(2, func(item value) {
		text, ok := item.text(perRemedy)
		switch {
		case !ok:
		case text == "client" && !k.Client:
			k.Client = true
		case text == "account" && k.By == ByNothing:
			k.By = ByAccount
		case text == "credential" && k.By == ByNothing:
			k.By = ByCredential
		default:
			item.bad(quote(text) + " cannot stand here; " + perRemedy)
		}
	})
	if k.By == ByNothing {
		v.bad("names neither account nor credential; " + perRemedy)
	}
}

func readSurfaces(v value) []Surface {
	if !v.json.IsArray() {
		v.wrongType("a list in square brackets")
		return []Surface{{Kind: kindUnknown}}
	}
	var list []Surface
	v.items(maxSurfaces, func(item value) {
		s := Surface{Kind: kindUnknown}
		readObject(item, surfaceFields, &s)
		list = append(list, s)
	})
	return list
}

// readName reads what goes into metrics, logs and replies as it is; "" if it
// cannot.
func readName(v value, what string) string {
	const right = "a letter, then letters, digits, - and _, all lower case, at most 32"
	text, ok := v.text(right)
	if !ok {
		return ""
	}
	ok = text != "" && len(text) <= maxName && text[0] >= 'a' && text[0] <= 'z'
	for i := 0; ok && i < len(text); i++ {
		c := text[i]
		ok = c >= 'a' && c <= 'z' || isDigit(c) || c == '-' || c == '_'
	}
	if !ok {
		v.bad(quote(text) + " is not " + what + "; write " + right)
		return ""
	}
	return text
}

const kinds = `"api", "mcp", "oauth-token" or "oauth-consent"`

func readKind(v value, s *Surface) {
	choose(v, []option[Kind]{
		{"api", KindAPI}, {"mcp", KindMCP}, {"oauth-token", KindOAuthToken}, {"oauth-consent", KindOAuthConsent},
	}, &s.Kind)
	if s.Kind != kindUnknown {
		s.Lockout = defaultLockout(s.Kind)
	}
}

func readSurfaceMatch(v value, s *Surface) {
	s.Match = readMatches(v, maxMatches)
	v.refuseEmpty(`write for example [{"prefix": "/api/v1"}]`)
}

func readFailures(v value, l *Lockout) {
	if n, ok := v.integer(0, maxFailures); ok {
		l.Failures = uint32(n)
	}
}

// readLimit reads a number of failures that cannot switch off what it is for.
func readLimit(v value, into *uint32) {
	if n, ok := v.integer(1, maxFailures); ok {
		*into = uint32(n)
	}
}

func readDistinct(v value, into *uint32) {
	if n, ok := v.integer(minDistinct, maxDistinct); ok {
		*into = uint32(n)
	}
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

func readStatuses(v value, kind Kind) []int {
	var list []int
	v.refuseEmpty(`to switch the lockout off, write "mode": "off"`)
	v.items(maxItems, func(item value) {
		n, ok := item.integer(100, 599)
		if !ok {
			return
		}
		status := int(n)
		if problem := statusProblem(status, kind); problem != "" {
			item.bad(strconv.Itoa(status) + " " + problem)
			return
		}
		for _, other := range list {
			if other == status {
				item.bad(strconv.Itoa(status) + " is in the list already; remove one of them")
				return
			}
		}
		list = append(list, status)
	})
	return list
}

// statusProblem says why a status says nothing about a credential, or "".
func statusProblem(status int, kind Kind) string {
	switch {
	case status < 200:
		return "is not the end of a response; remove it"
	case status < 300 && kind != KindOAuthConsent && kind != kindUnknown:
		return "is a success, which only an oauth-consent surface may count; remove it"
	case status < 300:
		return ""
	case status < 400:
		return "is a redirect, which does not say that a credential was wrong; remove it"
	case status >= 500:
		return "is the service's own failure, not the client's; remove it"
	case status == 400 && kind == KindOAuthToken:
		return "is judged by its body here: invalid_client and invalid_grant count, authorization_pending must not; remove it"
	}
	switch status {
	case 404, 405, 408, 413, 429:
		return "does not say that a credential was wrong; remove it"
	}
	return ""
}
