package config

// MaxKeys is the largest number of failure keys of a surface.
const MaxKeys = 4

// FailureKey is a further limit on a surface's failures. It counts them by the
// attempted account or by the presented credential: against a botnet that guesses at
// one account, and against a credential that is tried from everywhere.
type FailureKey struct {
	// Client counts each client apart. Without it, all clients count together.
	// Default: false.
	Client bool
	// By is what attempts must have in common to count together. Required.
	By KeyPart
	// Failures is the number of failures within Window that are allowed, 1 to
	// 1000000. Required.
	Failures uint32
	// Window is the time in milliseconds for which failures are remembered, counted
	// from the first one with Lock, and otherwise from the last one. Default: 5
	// minutes.
	Window int64
	// Lock refuses all further attempts until the window ends. Without it, the
	// filter slows them down: one passes after a second, the next after two, four
	// and so on up to 30. Default: false. Danger: without Client, anybody can lock
	// the owner of an account out.
	Lock bool
}

// KeyPart is the part of an attempt by which a FailureKey counts.
type KeyPart uint8

// The parts of an attempt.
const (
	// ByNothing is the zero value. No valid configuration has it.
	ByNothing KeyPart = iota
	// ByAccount counts by the account: the user of a Basic credential, or a form
	// field.
	ByAccount
	// ByCredential counts by the credential in a header or cookie.
	ByCredential
)

// Stuffing detects a client that tries a list of credentials. The filter reports it
// by a metric and a log line.
type Stuffing struct {
	// Credentials is the number of different credentials that fail from one client
	// within Window; 2 to 1000. Required. Danger: users behind one address count
	// together.
	Credentials uint32
	// Window is in milliseconds and starts with the first failure. Default: 10
	// minutes.
	Window int64
	// Lock also locks the client out. Default: false. Danger: one program that tries
	// old keys locks out everybody behind its address.
	Lock bool
}

// Spraying detects many clients that guess at one account. The filter reports it by
// a metric and a log line.
type Spraying struct {
	// Clients is the number of different clients that fail at one account within
	// Window; 2 to 1000. Required.
	Clients uint32
	// Window is in milliseconds and starts with the first failure. Default: 1 hour.
	Window int64
	// Slow also slows attempts on the account down, as a FailureKey does. Default:
	// false. Danger: the owner competes with the attackers for the attempts that
	// pass, unless the credential is known as good.
	Slow bool
}

const (
	minDistinct = 2
	// maxDistinct bounds the records that one client or account takes in the table.
	maxDistinct = 1000
)

var oneFailureKey FailureKey

var failureKeyFields = table[FailureKey]{&oneFailureKey, []field[FailureKey]{
	{key: "per", required: perRemedy, read: readPer},
	{key: "failures", required: "write how many failures are allowed, for example 10", as: &count{&oneFailureKey.Failures, 1, maxFailures}},
	{key: "window", as: &duration{&oneFailureKey.Window, "5m"}},
	{key: "action", as: &either{&oneFailureKey.Lock, "slow", "lock"}},
}}

var oneStuffing Stuffing

var stuffingFields = table[Stuffing]{&oneStuffing, []field[Stuffing]{
	{key: "credentials", required: "write how many different credentials are too many, for example 10", as: &count{&oneStuffing.Credentials, minDistinct, maxDistinct}},
	{key: "window", as: &duration{&oneStuffing.Window, "10m"}},
	{key: "action", as: &either{&oneStuffing.Lock, "report", "lock"}},
}}

var oneSpraying Spraying

var sprayingFields = table[Spraying]{&oneSpraying, []field[Spraying]{
	{key: "clients", required: "write how many different clients are too many, for example 20", as: &count{&oneSpraying.Clients, minDistinct, maxDistinct}},
	{key: "window", as: &duration{&oneSpraying.Window, "1h"}},
	{key: "action", as: &either{&oneSpraying.Slow, "report", "slow"}},
}}

func readFailureKeys(v *value, l *Lockout) {
	for i, item := range makeRoom(&l.Keys, v.items(MaxKeys)) {
		k := &l.Keys[i]
		k.Window = 5 * minute
		readObject(item, &failureKeyFields, k)
	}
}

const perRemedy = `write "account" or "credential", alone or with "client", for example ["client", "account"]`

func readPer(v *value, k *FailureKey) {
	for _, item := range v.items(2) {
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
			item.bad("%q cannot stand here; "+perRemedy, text)
		}
	}
	if k.By == ByNothing {
		v.bad("names neither account nor credential; " + perRemedy)
	}
}

// checkKeys refuses a failure key that never reaches its limit. Where a body may hold what is
// guessed, one credential in the headers goes with many guesses.
func checkKeys(s *Surface, i int, out *violations) {
	for j := range s.Lockout.Keys {
		k := &s.Lockout.Keys[j]
		if s.Lockout.CountOnce && !s.SignsInByBody() && k.Client && k.By == ByCredential && k.Failures > 1 {
			out.add(surfacePath(i, element("lockout.keys", j)+".failures"), `is never reached, because a credential of one client counts once `+
				`with "repeats": "once"; remove the key, or the client from per`)
		}
	}
}

func (l *Lockout) warnKeys(i int, warn *warnings) {
	for j := range l.Keys {
		k := &l.Keys[j]
		if k.Lock && !k.Client {
			warn.add(surfacePath(i, element("lockout.keys", j)+".action"), "locks an account or credential for "+
				`everybody, so that anybody can lock its owner out; use "slow", or add "client" to per`)
		}
	}
}

// warnBodies warns about a surface that may have all kinds of bodies and refuses most,
// see [Lockout.CountAnonymous].
func (l *Lockout) warnBodies(i int, warn *warnings) {
	acts := l.Spraying.Slow
	for j := range l.Keys {
		k := &l.Keys[j]
		acts = acts || k.By == ByAccount
	}
	if acts && l.CountAnonymous {
		warn.add(surfacePath(i, "lockout.count_anonymous"), "counts by the account in the body, so that the filter refuses bodies that are neither a form "+
			"nor multipart nor JSON, such as uploads and gRPC; give the paths that log in a surface of kind login")
	}
}

func (l *Lockout) warnStuffing(i int, warn *warnings) {
	if st := l.Stuffing; st.Lock && st.Credentials >= l.Failures && st.Window <= l.Window {
		warn.add(surfacePath(i, "lockout.stuffing.credentials"), "is not below the failures that lock a client out anyway, "+
			"so that it is never reached first; write fewer credentials, or a longer window")
	}
}
