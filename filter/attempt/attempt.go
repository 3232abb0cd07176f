// Package attempt counts failed authentications by what is attempted, an account or a
// credential, and tells attacks that spread over many credentials or many clients from
// mistakes.
//
//   - keys.go: failure keys. Each counts the failures of an account or a credential,
//     from one client or from all clients, and then slows attempts on it down or refuses
//     them.
//   - repeat.go: the guesses that a failure key has counted before.
//   - stuffing.go: a client that fails with many different credentials.
//   - spraying.go: an account at which many different clients fail.
//   - distinct.go: exact counting of what is different, for both.
//   - state.go: what one request attempts.
//   - explain.go: how the counters stand.
//
// The moments of a request, in their order:
//
//	Begin                              the surface and the client are known
//	Principal, Credential, Account     the headers were read
//	Account                            the body was read
//	NeedNoTurn, Check, TakeTurns       the request is decided
//	Fail, Stuff, ReportStuffing, Spray the response is a failure
//	Reset                              the stream is done
//
// To lock an account for everybody would be a weapon against its owner, so by default
// attempts on it are only slowed down: one may pass, and then none for a while that
// doubles with each failure. See RATIONALE.md, "Why is an account slowed down and not
// locked?"
package attempt

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/report"
)

// The names of the rules in the table, which keep their counters apart.
var (
	keyRule          = []byte("key")
	repeatRule       = []byte("key-repeat")
	stuffingRule     = []byte("stuffing")
	stuffingPairRule = []byte("stuffing-credential")
	sprayingRule     = []byte("spraying")
	sprayingPairRule = []byte("spraying-client")
)

// Room has the rules of all surfaces and what they share.
type Room struct {
	clock proxy.Clock
	table *counter.Table
	// shared names counters for the fleet, nil if there is none.
	shared *counter.Shared
	log    *report.Log
	list   *report.Lockouts
	rules  []Rule
	name   []byte // scratch: the accounts of a request
	// alone tells that the fleet does not count, see [Room.CountAlone].
	alone bool
}

// New compiles the rules of all surfaces and defines their metrics. Locked accounts and
// credentials go into list. shared is nil if there is no fleet.
//
//go:noinline
func New(c *config.Config, clock proxy.Clock, t *counter.Table, shared *counter.Shared, log *report.Log, list *report.Lockouts, m *report.Metrics) *Room {
	r := &Room{clock: clock, table: t, shared: shared, log: log, list: list, rules: make([]Rule, len(c.Surfaces))}
	for i := range r.rules {
		rule, surface := &r.rules[i], &c.Surfaces[i]
		rule.compile(r, c, surface)
		m.DefineBy(&rule.stuffings, "gatewarden_stuffing_total", "surface", surface.Name)
		m.DefineBy(&rule.sprayings, "gatewarden_spraying_total", "surface", surface.Name)
	}
	return r
}

// Rule returns the rule of a surface, by its place in the configuration. It returns nil
// if the surface counts no attempts, and for -1.
func (r *Room) Rule(surface int) *Rule {
	if surface < 0 || surface >= len(r.rules) || !r.rules[surface].counts() {
		return nil
	}
	return &r.rules[surface]
}

// Rule is what one surface counts. The methods of the nil Rule return zero values.
type Rule struct {
	room    *Room
	surface *config.Surface
	// name is the surface's name as it goes into keys.
	name []byte
	// stuffing and spraying are off if their limits are 0.
	stuffing, spraying distinct
	// alone are the limits of the failure keys while the fleet does not count.
	alone []uint32
	// slow is the failure key that slows down attempts on a sprayed account.
	slow config.FailureKey
	// namesCredential tells whether a failure key counts by credential.
	namesCredential             bool
	readsAccount, awaitsAccount bool

	stuffings, sprayings report.Counter
}

func (r *Rule) compile(room *Room, c *config.Config, s *config.Surface) {
	r.room, r.surface, r.name = room, s, []byte(s.Name)
	stuffing, spraying := &s.Lockout.Stuffing, &s.Lockout.Spraying
	r.stuffing = distinct{limit: stuffing.Credentials, window: stuffing.Window}
	r.spraying = distinct{limit: spraying.Clients, window: spraying.Window, lasting: spraying.Slow}
	r.slow = config.FailureKey{By: config.ByAccount, Failures: spraying.Clients, Window: spraying.Window}
	for i := range s.Lockout.Keys {
		by := s.Lockout.Keys[i].By
		r.namesCredential = r.namesCredential || by == config.ByCredential
		r.awaitsAccount = r.awaitsAccount || by == config.ByAccount
		r.alone = append(r.alone, c.Fleet.Alone(c.Fleet.Keys(s), s.Lockout.Keys[i].Failures))
	}
	// A report alone does not justify holding or refusing a request. A rule with
	// consequences must not be evaded by a form that can be read in two ways.
	inBody := !s.Kind.IsResource()
	r.awaitsAccount = r.awaitsAccount || spraying.Slow || inBody && stuffing.Lock
	r.readsAccount = r.awaitsAccount || r.spraying.limit > 0 || inBody && r.stuffing.limit > 0
}

// counts tells whether the surface counts attempts. A lockout that is switched off
// switches all of its parts off.
func (r *Rule) counts() bool {
	l := &r.surface.Lockout
	on := l.Failures > 0 && l.Mode != config.ModeOff
	return on && (len(l.Keys) > 0 || r.stuffing.limit > 0 || r.spraying.limit > 0)
}

// NamesPrincipal tells whether the rule needs [State.Principal].
func (r *Rule) NamesPrincipal() bool {
	return r != nil && r.stuffing.limit > 0 && r.surface.Kind.IsResource()
}

// NamesCredential tells whether the rule needs [State.Credential].
func (r *Rule) NamesCredential() bool { return r != nil && r.namesCredential }

// ReadsAccount tells whether the rule needs [State.Account], so that the query and the
// body are worth reading.
func (r *Rule) ReadsAccount() bool { return r != nil && r.readsAccount }

// AwaitsAccount tells whether a request must be held until the account in its body is
// known, because it may be refused for it.
func (r *Rule) AwaitsAccount() bool { return r != nil && r.awaitsAccount }

// InBody tells whether the account in a body may be what logs in. Then a body that
// cannot be read must not go on if something follows from its account.
func (r *Rule) InBody() bool {
	return r != nil && r.surface.SignsInByBody()
}

// Fields returns the fields that name an account, the preferred one first. each tells
// whether every field present does: in a login form of a web application, none names an
// OAuth client, and a field that the application ignores would be a decoy.
func (r *Rule) Fields() (names []string, each bool) {
	if r == nil {
		return nil, false
	}
	return r.surface.Lockout.AccountFields, r.surface.Kind == config.KindLogin
}
