package model

// attempt is a request that may fail and has no answer yet.
type attempt struct{ period int64 }

// slotPeriod is how attempts are counted: by the half minute in which they
// began, that one and the one before. RATIONALE.md, "Why are pending attempts
// counted in periods of half a minute?".
const slotPeriod = 30_000

// admit takes a request in among the client's pending attempts, if there is
// room.
func (m *Model) admit(v *visit, r *Request) bool {
	anonymous := !presented(m.setup, r) && v.surface.challenges()
	if v.rule.Pending == 0 || v.known || m.hasFailed(v) || anonymous && !v.rule.CountAnonymous {
		return true
	}
	period, waiting := m.Now/slotPeriod, 0
	for _, a := range m.attempts[v.at] {
		if period-a.period <= 1 {
			waiting++
		}
	}
	if waiting >= v.counter.left(m.Now)+v.rule.Pending {
		return false
	}
	v.attempt = &attempt{period}
	if m.attempts[v.at] == nil {
		m.order = append(m.order, periods{m})
	}
	m.attempts[v.at] = append(m.attempts[v.at], v.attempt)
	return true
}

// free gives up a request's place, if it has one.
func (m *Model) free(v *visit) {
	all := m.attempts[v.at]
	for i, a := range all {
		if a == v.attempt {
			m.attempts[v.at] = append(all[:i:i], all[i+1:]...)
			return
		}
	}
}

// periods end each half minute.
type periods struct{ *Model }

func (p periods) moments() []int64 { return []int64{(p.Now/slotPeriod + 1) * slotPeriod} }
