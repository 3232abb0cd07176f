package filter

import (
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/config"
)

// surface is a configured surface made ready for the request path.
type surface struct {
	*config.Surface
	// name is Name, as it goes into keys.
	name  []byte
	match []config.Match // paths in lower case
	// wide is Lockout with the limit of whole networks.
	wide config.Lockout
	// stuffing and spraying are off when their limits are 0. early is Lockout
	// for who is locked out for stuffing, slow the key of who is sprayed.
	stuffing, spraying distinct
	early              config.Lockout
	slow               config.FailureKey
	// readsAccount tells that the attempted account matters, awaitsAccount that
	// a request must not go on without it.
	readsAccount, awaitsAccount bool

	quotas []*quota // those that are enforced first
	limits []*limit // on the requests in flight

	last    lastRefusal
	denials [denials]*Reply

	passed, refused, shadowed, knownGood counter
	failures, lockouts, networkLockouts  counter
	stuffings, sprayings                 counter
	lockedOut, rateLimited, denied       counter
	overQuota, unavailable, overCapacity counter
	bypasses, bypassDenied               counter
}

// counts tells whether failures count towards a lockout here.
func (s *surface) counts() bool {
	return s.Lockout.Failures > 0 && s.Lockout.Mode != config.ModeOff
}

// isAmong tells whether a rule for these surfaces is for this one. An empty list is
// all of them.
func (s *surface) isAmong(names []string) bool {
	return len(names) == 0 || slices.Contains(names, s.Name)
}

// challenged tells whether a 401 of this surface is answered to an OAuth client
// that asks for a resource. An authorization server's own 401s are not.
func (s *surface) challenged() bool {
	return s.Kind == config.KindAPI || s.Kind == config.KindMCP
}

func (s *surface) readyAccount() {
	for _, k := range s.Lockout.Keys {
		s.awaitsAccount = s.awaitsAccount || k.By == config.ByAccount
	}
	// A report is no reason to hold or refuse a request. What has consequences
	// must not be got around by a form that can be read in two ways.
	inBody := !s.challenged()
	s.awaitsAccount = s.awaitsAccount || s.Lockout.Spraying.Slow || inBody && s.Lockout.Stuffing.Lock
	s.readsAccount = s.awaitsAccount || s.spraying.limit > 0 || inBody && s.stuffing.limit > 0
}

// The rules, which keep their counters apart by their names.
var (
	lockoutRule      = []byte("lockout")
	wideRule         = []byte("lockout-wide")
	credentialRule   = []byte("lockout-credential")
	knownGoodRule    = []byte("known-good")
	pendingRule      = []byte("pending")
	keyRule          = []byte("key")
	stuffingRule     = []byte("stuffing")
	stuffingPairRule = []byte("stuffing-credential")
	sprayingRule     = []byte("spraying")
	sprayingPairRule = []byte("spraying-client")
	quotaRule        = []byte("quota")
	acceptedRule     = []byte("accepted")

	introspectionRule = []byte("introspection")
	concurrencyRule   = []byte("concurrency")
)

// target is what decides to which surface a request belongs: its method and its
// path, nothing else.
type target struct {
	method, path string
	// overrides are the methods that a service which honours one of the
	// method-override headers might see.
	overrides []string
}

// maxDressed is how long a path may be that has several readings: each of them
// is work, and who writes a longer one wants to make work.
const maxDressed = 4096

// classify returns the surface that a request belongs to, nil if none. It is
// ambiguous when two readings of the path lead to two different surfaces: then
// whoever sent it chose which counters to be held to.
func (f *Filter) classify(t *target) (owner *surface, ambiguous bool) {
	clear(f.readings) // a long path's would stay until the next one's
	path := pathOf(t.path)
	if len(path) > maxDressed && !isPlain(path) {
		return nil, true
	}
	f.readings = spellings(path, f.readings[:0])
	for _, path := range f.readings {
		found := f.owner(t, path)
		switch {
		case found == nil, found == owner:
		case owner == nil:
			owner = found
		default:
			return nil, true
		}
	}
	return owner, false
}

func (f *Filter) owner(t *target, path string) *surface {
	if f.exemption(t, path) >= 0 {
		return nil
	}
	path = trimSlash(lower(path))
	for i := range f.surfaces {
		if s := &f.surfaces[i]; s.matching(t, path) >= 0 {
			return s
		}
	}
	return nil
}

// exemption is the place of the entry that exempts a reading, -1 if there is none.
func (f *Filter) exemption(t *target, path string) int {
	for i := range f.config.Exempt {
		if exempts(&f.config.Exempt[i], t, path) {
			return i
		}
	}
	return -1
}

// matching is the place of the surface's entry that matches a reading in lower case,
// -1 if there is none.
func (s *surface) matching(t *target, path string) int {
	for i := range s.match {
		if matches(&s.match[i], t, path) {
			return i
		}
	}
	return -1
}

// exempts compares to the letter: what only resembles an exempt request is not
// exempt.
func exempts(m *config.Match, t *target, path string) bool {
	return covers(m, path) && surelyAllows(m.Methods, t)
}

func matches(m *config.Match, t *target, path string) bool {
	return covers(m, path) && allows(m.Methods, t)
}

func covers(m *config.Match, path string) bool {
	if m.Prefix {
		return under(path, m.Path)
	}
	return path == m.Path
}

// allows tells whether the request's method is listed, or one that a service may
// take for it. An empty list is every method.
func allows(methods []string, t *target) bool {
	if len(methods) == 0 || lists(methods, t.method) {
		return true
	}
	for _, method := range t.overrides {
		if lists(methods, method) {
			return true
		}
	}
	return false
}

// surelyAllows tells whether the method is listed, and no service can take another
// one for it.
func surelyAllows(methods []string, t *target) bool {
	return len(methods) == 0 || len(t.overrides) == 0 && lists(methods, t.method)
}

// under tells whether path is prefix or lies below it, by whole segments.
func under(path, prefix string) bool {
	if prefix == "/" {
		return true
	}
	return strings.HasPrefix(path, prefix) && (len(path) == len(prefix) || path[len(prefix)] == '/')
}

// lists tells whether methods has method. Services route HEAD as GET and some
// do not mind a method's letter case.
func lists(methods []string, method string) bool {
	for _, m := range methods {
		if strings.EqualFold(m, method) || m == "GET" && strings.EqualFold(method, "HEAD") {
			return true
		}
	}
	return false
}
