package model

import "time"

// credentialAt is a credential from a client on a surface.
type credentialAt struct {
	place
	credential string
}

// standing is that of a credential that succeeded.
type standing struct {
	until    int64
	failures int // since then
}

func (s *standing) moments() []int64 { return []int64{s.until} }

// standsFor is how long a success is remembered, 0 for not at all.
func (l *Lockout) standsFor() time.Duration {
	if l.KnownFor == 0 && l.Pending > 0 {
		return 10 * time.Minute
	}
	return l.KnownFor
}

// known tells whether the credential is known as a good one.
func (m *Model) known(v *visit) bool {
	s := m.standings[credentialAt{v.at, v.credential}]
	return s != nil && m.Now < s.until
}

// succeed remembers a credential. One that has more than half of its time left
// and did not fail is not written again, which spares the table an update for
// each request: so a standing lasts for half of its time at least.
func (m *Model) succeed(v *visit) {
	lasts := milliseconds(v.rule.standsFor())
	if lasts == 0 || v.credential == "" {
		return
	}
	at := credentialAt{v.at, v.credential}
	s := m.standings[at]
	if s == nil {
		s = &standing{}
		m.standings[at] = s
		m.order = append(m.order, s)
	}
	if s.failures > 0 || s.until-m.Now <= lasts/2 {
		*s = standing{until: m.Now + lasts}
	}
}

// disgrace counts a failure of a credential against its standing.
func (m *Model) disgrace(v *visit) {
	if !m.known(v) {
		return
	}
	s := m.standings[credentialAt{v.at, v.credential}]
	if s.failures++; s.failures >= v.rule.KnownFailures {
		*s = standing{}
	}
}
