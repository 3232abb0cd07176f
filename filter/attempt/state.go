package attempt

import (
	"slices"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/table"
)

// State is what one request attempts. The zero State attempts nothing, and all its
// methods may be called.
type State struct {
	rule     *Rule
	client   *caller.Client
	targets  []target
	accounts []string
	// pair is the counter of the client together with its credential, for stuffing.
	pair    table.Key
	hasPair bool
}

// target is an account or a credential that the request attempts, with the counter of
// one failure key.
type target struct {
	key  table.Key
	rule *config.FailureKey
	// place is that of the failure key in the configuration, -1 for the slow one, and shared
	// the counter's name in the fleet, if there is one.
	place  int
	shared table.Key
	// counted tells that a failure was counted that others should know of.
	counted bool
	// subject is the keyed hash of the target if the failure key locks, and 0
	// otherwise.
	subject uint64
	inBody  bool // the target was found in the body
	slowed  bool // the request needs a turn
	refuses bool // the failure key refuses the request
}

// Reset makes the State a zero State that keeps its memory.
func (s *State) Reset() {
	if s.rule == nil {
		return
	}
	clear(s.accounts)
	*s = State{targets: s.targets[:0], accounts: s.accounts[:0]}
}

// Begin takes up the rule of the request's surface, nil if it has none. Attempts of
// allowed clients are not counted. The State reads client until it is reset.
func (s *State) Begin(rule *Rule, client *caller.Client) {
	if rule == nil || client.Allowed {
		return
	}
	s.rule, s.client = rule, client
}

// Principal names the user or the credential that the headers present: what counts as
// one credential for stuffing. The State does not keep name.
func (s *State) Principal(name []byte) {
	if s.rule.NamesPrincipal() {
		s.namePair(name)
	}
}

// Credential names everything that the headers present, for the failure keys by
// credential. The State does not keep whole.
func (s *State) Credential(whole []byte) {
	if s.rule.NamesCredential() {
		s.addTargets(config.ByCredential, whole, false)
	}
}

// Account names an account that the request attempts, in the form of [caller.Account].
// inBody tells whether the body or the query names it, and not the Authorization header.
// The State keeps name until it is reset.
//
// A request may attempt several accounts, one in each place: which of them the service
// looks at is not known here, and the others could be decoys. An account in both places is
// one account in the body. Otherwise a header that the service ignores would excuse
// guesses at the account that it repeats.
func (s *State) Account(name string, inBody bool) {
	if name == "" || !s.rule.ReadsAccount() {
		return
	}
	if slices.Contains(s.accounts, name) {
		if inBody {
			s.moveToBody()
		}
		return
	}
	s.accounts = append(s.accounts, name)
	s.addTargets(config.ByAccount, []byte(name), inBody)
	if s.rule.surface.Lockout.Spraying.Slow {
		s.targets = append(s.targets, target{key: s.sprayingKey(name), rule: &s.rule.slow, place: -1, inBody: inBody})
	}
}

// moveToBody notes that the body names the account that the header names.
func (s *State) moveToBody() {
	for i := range s.targets {
		t := &s.targets[i]
		t.inBody = t.inBody || t.rule.By == config.ByAccount
	}
}

// Accounts returns the number of different accounts that the request attempts.
func (s *State) Accounts() int { return len(s.accounts) }

// addTargets adds a target for each failure key of one kind.
func (s *State) addTargets(by config.KeyPart, what []byte, inBody bool) {
	r := s.rule
	for i := range r.surface.Lockout.Keys {
		key := &r.surface.Lockout.Keys[i]
		if key.By != by {
			continue
		}
		var client []byte
		if key.Client {
			client = s.client.Key[:]
		}
		t := target{key: r.room.table.Key(keyRule, r.name, []byte{byte(i)}, client, what), rule: key, place: i, inBody: inBody}
		if r.room.shared != nil {
			t.shared = r.room.shared.Key(keyRule, r.name, []byte{byte(i)}, client, what)
		}
		if key.Lock {
			t.subject = r.room.table.Hash(what)
		}
		s.targets = append(s.targets, t)
	}
}
