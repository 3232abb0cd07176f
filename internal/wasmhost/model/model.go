package model

import (
	"net/netip"
	"strings"
	"time"
)

// Outcome is what comes of a request.
type Outcome struct {
	Status int
	// RetryAfter is the header, GRPC the grpc-status of a refusal.
	RetryAfter, GRPC string
	Reached          bool
	Reason           string
}

// Model is what Gatewarden does, in maps.
type Model struct {
	setup    *Setup
	counters map[place]*counter
	order    []*counter // as they came
	// Metrics are the counters of the surfaces, by name.
	Metrics map[string]int
	// Now is the time of the clock in milliseconds.
	Now int64
}

// place is whose failures, on what.
type place struct {
	surface string
	client  netip.Prefix // not valid: no usable address
}

// NewModel returns a model that has seen nothing.
func NewModel(s *Setup) *Model {
	return &Model{setup: s, counters: map[place]*counter{}, Metrics: map[string]int{}}
}

// visit is a request that the service has, or that was refused.
type visit struct {
	refused *Outcome
	surface *Surface // nil: of none, or not guarded
	rule    Lockout
	counter *counter // nil: nothing is counted
}

// arrive decides about a request.
func (m *Model) arrive(r *Request) visit {
	surface, ambiguous := m.setup.owner(r)
	if ambiguous {
		out := refusal(400, "malformed", "", r)
		return visit{refused: &out}
	}
	if surface == nil {
		return visit{}
	}
	v := visit{surface: surface, rule: m.setup.rule(surface)}
	preflight := r.Method == "OPTIONS" && r.Preflight && !presented(m.setup, r)
	if v.rule.Failures == 0 || v.rule.Mode == off || preflight || m.setup.allowed(r.From) {
		m.count(surface, "passed")
		return v
	}
	at := place{surface.Name, m.setup.client(r.From)}
	if m.counters[at] == nil {
		m.counters[at] = &counter{failures: map[string]int{}}
		m.order = append(m.order, m.counters[at])
	}
	v.counter = m.counters[at]
	left := v.counter.lockedFor(m.Now)
	switch {
	case left <= 0:
		m.count(surface, "passed")
	case v.rule.Mode == shadow:
		m.count(surface, "shadowed")
	default:
		m.count(surface, "refused")
		out := refusal(429, "locked_out", seconds(left), r)
		v.refused = &out
	}
	return v
}

// answered takes in what the service said.
func (m *Model) answered(v visit, r *Request, a *Answer) {
	if v.counter == nil {
		return
	}
	switch judge(m.setup, v.surface.Kind, &v.rule, r, a) {
	case failure:
		m.Metrics["gatewarden_auth_failures_total.surface."+v.surface.Name]++
		if v.counter.fail(&v.rule, principal(m.setup, r), m.Now) {
			m.Metrics["gatewarden_lockouts_total.surface."+v.surface.Name]++
		}
	case success:
		if name := principal(m.setup, r); v.rule.Reset && name != "" {
			v.counter.forgive(name, m.Now)
		}
	}
}

func (m *Model) count(s *Surface, outcome string) {
	m.Metrics["gatewarden_requests_total.surface."+s.Name+".outcome."+outcome]++
}

func refusal(status int, reason, retryAfter string, r *Request) Outcome {
	out := Outcome{Status: status, Reason: reason, RetryAfter: retryAfter}
	if r.GRPC {
		out.Status, out.GRPC = 200, "8"
		if status == 400 {
			out.GRPC = "3"
		}
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
	bits := s.IPv6
	if from.Is4() {
		bits = s.IPv4
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

// owner is the surface that a request belongs to.
func (s *Setup) owner(r *Request) (found *Surface, ambiguous bool) {
	sent, _, _ := strings.Cut(r.spelled(), "?")
	readings := []string{sent}
	switch r.Dress {
	case encoded: // a letter needs no encoding: it is the same path
		readings = []string{r.Path}
	case dot, double, parent, semicolon:
		readings = append(readings, r.Path)
	}
	for _, path := range readings {
		of := s.ownerOf(path, r)
		if of != nil && found != nil && of != found {
			return nil, true
		}
		if of != nil {
			found = of
		}
	}
	return found, false
}

func (s *Setup) ownerOf(path string, r *Request) *Surface {
	for _, m := range s.Exempt {
		if m.covers(path) && (len(m.Methods) == 0 || m.lists(r.Method) && r.Override == "") {
			return nil
		}
	}
	path = strings.TrimRight(strings.ToLower(path), "/")
	for i := range s.Surfaces {
		for _, m := range s.Surfaces[i].Match {
			m.Path = strings.ToLower(m.Path)
			if m.covers(path) && (len(m.Methods) == 0 || m.lists(r.Method) || m.lists(r.Override)) {
				return &s.Surfaces[i]
			}
		}
	}
	return nil
}

func (m Match) covers(path string) bool {
	return path == m.Path || m.Prefix && strings.HasPrefix(path, m.Path+"/")
}

func (m Match) lists(method string) bool {
	for _, listed := range m.Methods {
		if strings.EqualFold(listed, method) || listed == "GET" && strings.EqualFold(method, "HEAD") {
			return true
		}
	}
	return false
}

func milliseconds(d time.Duration) int64 { return d.Milliseconds() }
