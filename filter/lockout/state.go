package lockout

import (
	"net/netip"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/table"
)

// The names of the rules in the table, which keep their counters apart.
var (
	clientRule     = []byte("lockout")
	networkRule    = []byte("lockout-wide")
	credentialRule = []byte("lockout-credential")
	knownGoodRule  = []byte("known-good")
	pendingRule    = []byte("pending")
	repeatRule     = []byte("repeat")
)

// State is the lockout of one request. The zero State does nothing.
type State struct {
	rule   *Rule
	client *caller.Client
	// counter has the failures of the client on the surface, wide those of its
	// network.
	counter, wide table.Key
	// own has the failures of the presented credential, if the rule resets on
	// success.
	own      table.Key
	hasOwn   bool
	standing standing
	slot     slot

	left    uint32 // failures, when Check ran
	refused Limit  // that refused the request last

	counts  bool // a failure of the request counts
	mayFail bool // the response can be a failure
	excused bool // the client is locked out, and its credential excuses it
}

// Begin begins a request. Its failure counts if the rule counts and the client is not
// on the list of allowed clients. mayFail tells whether the response can be a failure at
// all. The State keeps client, which must not change while the State is in use.
func (s *State) Begin(rule *Rule, client *caller.Client, mayFail bool) {
	*s = State{rule: rule, client: client, mayFail: mayFail}
	if s.counts = rule.Counts() && !client.Allowed; !s.counts {
		return
	}
	t := rule.room.table.Table
	s.counter = clientKey(t, rule.name, &client.Key)
	if rule.hasWide() {
		key := caller.Key(s.network())
		s.wide = networkKey(t, rule.name, &key)
	}
}

// Principal names the owner of the request's credential: the whole credential, or the user
// of a Basic pair. See [Rule.NamesPrincipal].
func (s *State) Principal(name []byte) {
	if s.counts && s.rule.NamesPrincipal() {
		s.own = s.rule.room.table.Key(credentialRule, s.rule.name, s.client.Key[:], name)
		s.hasOwn = true
	}
}

// Credential names the credential that the request presents. See
// [Rule.NamesCredential].
func (s *State) Credential(whole []byte) {
	if s.counts && s.rule.NamesCredential() {
		s.standing.key = s.rule.room.table.Key(knownGoodRule, s.rule.name, s.client.Key[:], whole)
		s.standing.tracked = true
	}
}

// Counts tells whether a failure of the request counts.
func (s *State) Counts() bool { return s.counts }

// StopCounting ends the counting for this request: further failures have no effect. The
// hall calls it when the filter itself refused the credential, after the failure was
// counted.
func (s *State) StopCounting() { s.counts = false }

// Counter names the counter of the client's failures.
func (s *State) Counter() table.Key { return s.counter }

// Left returns how many more failures lock the client out, as [State.Check] found it.
func (s *State) Left() uint32 { return s.left }

// Excused tells whether the request passes a lockout, because its credential is known
// as good.
func (s *State) Excused() bool { return s.excused }

// Check refuses the request of a client that is locked out, unless its credential
// excuses it. It may be called again.
func (s *State) Check() (why refusal.Refusal, refused bool) {
	s.refused = NoLimit
	if !s.counts {
		return refusal.Refusal{}, false
	}
	r, now, limit := s.locked()
	if limit == NoLimit {
		return refusal.Refusal{}, false
	}
	if s.rule.config.KnownGood.For > 0 && s.Known() {
		s.excused = true
		return refusal.Refusal{}, false
	}
	s.refused = limit
	seconds := refusal.SecondsUntil(r.LockedUntil, now)
	return refusal.Refusal{Reason: refusal.LockedOut, Seconds: seconds, Now: now}, true
}

// locked returns the record that locks the client out for longest: its own, or that of
// its network. limit is NoLimit if the client is not locked out.
func (s *State) locked() (r table.Record, now int64, limit Limit) {
	room := s.rule.room
	r, now, found := room.table.Get(s.counter, room.clock)
	s.left = failuresLeft(&r, s.rule.own(), now)
	if found && now < r.LockedUntil {
		limit = ClientLimit
	}
	if !s.rule.hasWide() {
		return r, now, limit
	}
	w, wideNow, found := room.table.Get(s.wide, room.clock)
	if found && wideNow < w.LockedUntil && (limit == NoLimit || w.LockedUntil > r.LockedUntil) {
		return w, wideNow, NetworkLimit
	}
	return r, now, limit
}

// network returns the network that the client belongs to.
func (s *State) network() netip.Prefix {
	w := &s.rule.config.Wide
	return caller.Network(s.client.Address, w.IPv4Prefix, w.IPv6Prefix)
}

// clientKey names the counter of a client's failures on a surface.
func clientKey(t *table.Table, surface []byte, client *[caller.KeySize]byte) table.Key {
	return t.Key(clientRule, surface, client[:])
}

// networkKey names the counter of a network's failures on a surface.
func networkKey(t *table.Table, surface []byte, network *[caller.KeySize]byte) table.Key {
	return t.Key(networkRule, surface, network[:])
}
