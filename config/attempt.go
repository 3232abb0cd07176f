package config

import "strconv"

// MaxKeys is the most failure keys that a surface can have.
const MaxKeys = 4

// FailureKey counts failures by the attempted account or the presented
// credential, from one client or from all of them together.
type FailureKey struct {
	// Client tells that each client is counted for itself.
	Client bool
	By     KeyPart
	// Failures within Window, in milliseconds, are what is allowed.
	Failures uint32
	Window   int64
	// Lock refuses for the rest of the window; without it, attempts are slowed
	// down.
	Lock bool
}

// KeyPart is what an attempt is made on.
type KeyPart uint8

// The parts.
const (
	ByNothing KeyPart = iota
	ByAccount
	ByCredential
)

// Stuffing is one client that fails with that many different credentials within
// Window milliseconds. It is reported, and with Lock it locks the client out.
type Stuffing struct {
	Credentials uint32
	Window      int64
	Lock        bool
}

// Spraying is one account at which that many different clients fail within
// Window milliseconds. It is reported, and with Slow attempts on the account are
// slowed down.
type Spraying struct {
	Clients uint32
	Window  int64
	Slow    bool
}

const (
	// minDistinct is the least that can be different, and maxDistinct bounds the
	// records that it takes to tell.
	minDistinct = 2
	maxDistinct = 1000
)

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

var stuffingFields = []field[Stuffing]{
	{key: "credentials", required: "write how many different credentials are too many, for example 10", read: func(v value, s *Stuffing) {
		readInteger(v, &s.Credentials, minDistinct, maxDistinct)
	}},
	{key: "window", read: func(v value, s *Stuffing) { v.duration(&s.Window, "10m") }},
	{key: "action", read: func(v value, s *Stuffing) {
		choose(v, []option[bool]{{"report", false}, {"lock", true}}, &s.Lock)
	}},
}

var sprayingFields = []field[Spraying]{
	{key: "clients", required: "write how many different clients are too many, for example 20", read: func(v value, s *Spraying) {
		readInteger(v, &s.Clients, minDistinct, maxDistinct)
	}},
	{key: "window", read: func(v value, s *Spraying) { v.duration(&s.Window, "1h") }},
	{key: "action", read: func(v value, s *Spraying) {
		choose(v, []option[bool]{{"report", false}, {"slow", true}}, &s.Slow)
	}},
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

func (l *Lockout) warnKeys(i int, warn func(path, message string)) {
	for j, k := range l.Keys {
		if k.Lock && !k.Client {
			warn(surfacePath(i, "lockout.keys["+strconv.Itoa(j)+"].action"), "locks an account or credential for "+
				`everybody, so that anybody can lock its owner out; use "slow", or add "client" to per`)
		}
	}
}

func (l *Lockout) warnStuffing(i int, warn func(path, message string)) {
	if st := l.Stuffing; st.Lock && st.Credentials >= l.Failures && st.Window <= l.Window {
		warn(surfacePath(i, "lockout.stuffing.credentials"), "is not less than the failures that lock out anyway, "+
			"so that it never comes first; write fewer credentials, or a longer window")
	}
}
