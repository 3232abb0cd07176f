package model

import (
	"fmt"
	"net/netip"
	"time"
)

// Outcome is what comes of a request.
type Outcome struct {
	Status int
	// RetryAfter is the header, GRPC the grpc-status of a refusal.
	RetryAfter, GRPC string
	// Reached tells whether the service saw the headers, Whole whether it saw everything.
	Reached, Whole bool
	Reason         string
	Told           Told
}

// Model is what Gatewarden does, in maps.
type Model struct {
	setup     *Setup
	counters  map[place]*counter
	networks  map[place]*counter
	attempts  map[place][]*attempt
	standings map[credentialAt]*standing
	tallies   map[tallied]*tally
	stuffed   map[place]*variety
	sprayed   map[tallied]*variety
	memory    *memory
	// rules are the quotas of the running configuration.
	rules  []Quota
	purses map[account]*purse
	// worker acts, numbers are those of the VMs in each place, and reserved is what is
	// not settled yet.
	worker   worker
	numbers  [maxWorkers]int
	reserved []*reservation
	// order is everything that ends some time, as it came.
	order []ending
	// Metrics are the counters of the surfaces, by name.
	Metrics map[string]int
	// Now is the time of the clock in milliseconds.
	Now int64
	// Unsure tells whether something hung on a jitter that was not seen: from then
	// on the model may be wrong.
	Unsure bool
}

// place is a counter of failures: whose, and on which surface.
type place struct {
	surface string
	client  netip.Prefix // not valid: no usable address
}

// ending is what has moments at which something is over.
type ending interface{ moments() []int64 }

func (c *counter) moments() []int64 {
	return []int64{c.lockedUntil, c.lockedUntil, c.lockedUntil + c.slack, c.windowEnd, c.forgetAt, c.forgetAt + c.slack}
}

// maxWorkers is the most that a script has.
const maxWorkers = 4

// NewModel returns a model that has seen nothing.
func NewModel(s *Setup) *Model {
	m := &Model{
		setup: s, counters: map[place]*counter{}, networks: map[place]*counter{}, attempts: map[place][]*attempt{},
		standings: map[credentialAt]*standing{}, tallies: map[tallied]*tally{}, Metrics: map[string]int{},
		stuffed: map[place]*variety{}, sprayed: map[tallied]*variety{}, rules: s.Quotas, purses: map[account]*purse{},
		memory: &memory{until: map[remembered]int64{}, latest: []int64{0}},
	}
	m.order = []ending{m.memory}
	return m
}

// visit is a request that the service has, or never will have.
type visit struct {
	// ended is what is seen if the service does not answer.
	ended   *Outcome
	surface *Surface // nil: of none, or not guarded
	rule    Lockout
	at      place
	who     identity
	dues    []due
	// reservation is nil if no budget was charged.
	reservation *reservation
	// counter, network are nil where nothing is counted.
	counter, network *counter
	attempt          *attempt
	credential       string // all of it, "" if there is none
	sent             string // what is the same if it repeats, "" if that is not known
	known            bool   // as a good one, when the request came
	excused          bool   // from a lockout, for that
	shadowed         bool   // it would have been refused
	accounts         []string
	named            []named
}

func (v *visit) counters() []*counter {
	if v.network == nil {
		return []*counter{v.counter}
	}
	return []*counter{v.counter, v.network}
}

// arrive decides about a request, in the light of what the filter did.
func (m *Model) arrive(r *Request, seen Sight) visit {
	surface, ambiguous := m.setup.owner(r)
	if ambiguous {
		return m.malformed(visit{}, r)
	}
	if surface == nil {
		return m.reachesHeaders(visit{}, r)
	}
	v := visit{surface: surface, rule: m.setup.rule(surface)}
	if r.Method == "OPTIONS" && r.Preflight && r.Override == "" && !presented(m.setup, r) {
		return m.pass(v, r)
	}
	m.owe(&v, r)
	if v.rule.Failures > 0 && v.rule.Mode != off && !m.setup.allowed(r.From) {
		m.watch(&v, r)
	}
	return m.decide(v, r, seen)
}

// watch finds where the failures of a request count.
func (m *Model) watch(v *visit, r *Request) {
	v.at = place{v.surface.Name, m.setup.client(r.From)}
	v.counter = m.counterOf(m.counters, v.at, v.rule.Failures)
	if v.rule.WideFailures > 0 {
		network := place{v.surface.Name, prefix(r.From, v.rule.WideIPv4, v.rule.WideIPv6)}
		v.network = m.counterOf(m.networks, network, v.rule.WideFailures)
	}
	v.credential, v.sent = whole(m.setup, r), m.sent(v, r, false)
	m.name(v, perCredential, v.credential)
	m.nameAccount(v, r.basicAccount(), false)
	if !v.readsBody(r) && !v.awaitsForm(r) {
		m.nameFields(v, r)
	}
}

func (m *Model) counterOf(all map[place]*counter, at place, limit int) *counter {
	if all[at] == nil {
		all[at] = &counter{limit: limit, failures: map[string]int{}}
		m.order = append(m.order, all[at])
	}
	return all[at]
}

// decide applies the rules in the order that docs/configuration.md implies: a request that
// a lockout refuses takes no pending slot, a refused request takes no turn from others,
// and only a request that nothing else refuses spends.
func (m *Model) decide(v visit, r *Request, seen Sight) visit {
	reason, left := m.refusedByLockout(&v, seen)
	if reason != "" && v.rule.Mode != shadow {
		return m.refuse(v, r, reason, left)
	}
	if v.surface.Require && !v.who.verified {
		return m.deny(v, r)
	}
	if reason == "" {
		reason, left = m.refusedAsAttempt(&v, r)
	}
	switch {
	case reason == "":
	case v.rule.Mode == shadow:
		m.free(&v)
		v.shadowed = true
	default:
		return m.refuse(v, r, reason, left)
	}
	watched := v.counter != nil && !v.shadowed
	if m.readsCall(&v, r) && r.Aborts {
		return m.end(v, Outcome{Reached: !m.setup.Held})
	}
	if m.spend(&v) {
		return m.refuseSpending(v, r)
	}
	switch {
	case watched && v.awaitsForm(r):
		return m.decideForm(v, r)
	case watched:
		m.takeTurns(&v)
		if v.readsBody(r) {
			m.nameFields(&v, r)
		}
	}
	return m.pass(v, r)
}

// refusedByLockout tells whether a client is locked out, and for how many seconds.
func (m *Model) refusedByLockout(v *visit, seen Sight) (reason string, left int64) {
	if v.counter == nil {
		return "", 0
	}
	v.known = m.known(v)
	if v.known && v.rule.KnownFor > 0 {
		seen = Sight{} // it passes one way or the other
	}
	left = m.lockedFor(v.counters(), seen)
	if v.excused = left > 0 && v.known && v.rule.KnownFor > 0; left > 0 && !v.excused {
		return "locked_out", left
	}
	return "", 0
}

// refusedAsAttempt tells whether a request has to wait for others that attempt the
// same, or of the same client.
func (m *Model) refusedAsAttempt(v *visit, r *Request) (reason string, left int64) {
	switch {
	case v.counter == nil:
		return "", 0
	case !v.excused && !m.admit(v, r):
		return "rate_limited", 1
	case v.awaitsForm(r):
		return "", 0
	}
	return m.refusedByKeys(v)
}

// decideForm decides once the body is there. If it refuses the request and the service saw
// nothing of it, what was spent is given back.
func (m *Model) decideForm(v visit, r *Request) visit {
	if r.Aborts {
		return m.end(v, Outcome{Reached: !m.setup.Held})
	}
	_, clear := v.inFields(r)
	reason, left := "malformed", int64(0)
	if clear = clear && r.Form != nil; clear {
		m.nameFields(&v, r)
		reason, left = m.refusedByKeys(&v)
	}
	switch {
	case reason == "":
		m.takeTurns(&v)
		return m.pass(v, r)
	case v.rule.Mode == shadow:
		m.free(&v)
		v.shadowed = true
		return m.pass(v, r)
	}
	if m.setup.Held {
		m.refund(&v)
	}
	if !clear {
		v = m.malformed(v, r)
	} else {
		v = m.refuse(v, r, reason, left)
	}
	v.ended.Reached = !m.setup.Held
	return v
}

// pass counts a request that reaches the service.
func (m *Model) pass(v visit, r *Request) visit {
	outcome := "passed"
	switch {
	case v.shadowed:
		outcome = "shadowed"
	case v.excused:
		outcome = "known_good"
	}
	m.countDues(&v, false)
	m.count(v.surface, outcome)
	return m.reachesHeaders(v, r)
}

// deny refuses an unverified caller if the surface requires an identity. A presented
// credential then counts as wrong.
func (m *Model) deny(v visit, r *Request) visit {
	if v.counter != nil && presented(m.setup, r) {
		m.failed(&v, r)
	}
	return m.refuse(v, r, "auth_denied", 0)
}

// refuse ends a request.
func (m *Model) refuse(v visit, r *Request, reason string, left int64) visit {
	m.free(&v)
	if r.Aborts && m.setup.Held && v.surface.Kind == mcp && r.Method == "POST" && !r.GRPC {
		return m.end(v, Outcome{}) // its body was waited for, for its id
	}
	m.count(v.surface, "refused")
	status, retryAfter, lockout := 429, seconds(left*1000), fmt.Sprintf("%q;r=0;t=%d", "lockout-"+v.surface.Name, left)
	switch reason {
	case "auth_denied":
		status, retryAfter, lockout = 401, "", ""
		m.Metrics["gatewarden_auth_denied_total.surface."+v.surface.Name]++
	case "quota_exceeded":
		lockout = ""
		m.countDues(&v, true)
	}
	if status == 429 {
		m.Metrics["gatewarden_rate_limited_requests_total.surface."+v.surface.Name+".reason."+reason]++
	}
	if reason != "quota_exceeded" {
		m.askAnew(&v)
	}
	out := refusal(status, reason, retryAfter, r)
	out.Told = m.tell(&v, lockout, nil)
	return m.end(v, out)
}

func (m *Model) malformed(v visit, r *Request) visit {
	m.Metrics["gatewarden_rate_limited_requests_total.surface._.reason.malformed"]++
	m.askAnew(&v)
	status := 400
	if r.Form == nil && v.surface != nil {
		status = 415
	}
	out := refusal(status, "malformed", "", r)
	out.Told = m.tell(&v, "", nil)
	return m.end(v, out)
}

// reachesHeaders tells whether the service gets a request's headers. The rest may
// never come.
func (m *Model) reachesHeaders(v visit, r *Request) visit {
	if r.Aborts {
		return m.end(v, Outcome{Reached: true})
	}
	return v
}

func (m *Model) end(v visit, o Outcome) visit {
	m.free(&v)
	v.ended = &o
	return v
}

// answered takes in what the service said.
func (m *Model) answered(v visit, r *Request, a *Answer) {
	m.settle(&v, a.failsCalls(len(r.Calls)))
	if v.counter == nil {
		return
	}
	v.sent = m.sent(&v, r, true)
	switch judge(m.setup, v.surface.Kind, &v.rule, r, a) {
	case failure:
		m.failed(&v, r)
	case success:
		m.succeed(&v)
		if name := principal(m.setup, r); v.rule.Reset && name != "" {
			m.forgive(v.counter, name)
		}
	}
	m.free(&v)
}

func (m *Model) failed(v *visit, r *Request) {
	of := ".surface." + v.surface.Name
	repeats, locks := m.fail(v.counter, v, principal(m.setup, r))
	if repeats {
		m.Metrics["gatewarden_repeated_failures_total"+of]++
	} else {
		m.Metrics["gatewarden_auth_failures_total"+of]++
	}
	if locks {
		m.Metrics["gatewarden_lockouts_total"+of]++
	}
	if v.network != nil {
		if _, locks := m.fail(v.network, v, ""); locks {
			m.Metrics["gatewarden_network_lockouts_total"+of]++
		}
	}
	m.disgrace(v)
	for _, n := range v.named {
		if !n.sprayed {
			m.failKey(v, n.tally, n.key)
		}
	}
	m.stuff(v, r)
	m.spray(v)
}

func (m *Model) count(s *Surface, outcome string) {
	m.Metrics["gatewarden_requests_total.surface."+s.Name+".outcome."+outcome]++
}

func refusal(status int, reason, retryAfter string, r *Request) Outcome {
	out := Outcome{Status: status, Reason: reason, RetryAfter: retryAfter}
	if r.GRPC {
		out.Status, out.GRPC = 200, map[int]string{429: "8", 400: "3", 415: "3", 401: "16"}[status]
	}
	return out
}

// rule is a surface's lockout with defaults and environment.
func (s *Setup) rule(surface *Surface) Lockout {
	l := surface.Lockout.withDefaults(surface.Kind)
	if failures, found := s.Env[surface.Name]; found {
		l.Failures = failures
	}
	return l
}

// client is the network that a client is counted as.
func (s *Setup) client(from netip.Addr) netip.Prefix {
	return prefix(from, s.IPv4, s.IPv6)
}

func prefix(from netip.Addr, ipv4, ipv6 int) netip.Prefix {
	bits := ipv6
	if from.Is4() {
		bits = ipv4
	}
	p, _ := from.Prefix(bits) // of no address there is none
	return p
}

func (s *Setup) allowed(from netip.Addr) bool {
	for _, p := range s.Allow {
		if p.Contains(from) {
			return true
		}
	}
	return false
}

func milliseconds(d time.Duration) int64 { return d.Milliseconds() }
