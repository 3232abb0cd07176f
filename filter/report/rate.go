package report

// Rate is a number of lines per second; unused ones are kept for a second.
type Rate struct {
	perSecond int64
	// credit is the number of lines that may be written, in thousandths.
	credit, last int64
}

// NewRate returns a rate of which nothing is used.
func NewRate(perSecond int) Rate {
	return Rate{perSecond: int64(perSecond), credit: int64(perSecond) * 1000}
}

// Take tells whether a line may be written at the time now, in milliseconds.
func (r *Rate) Take(now int64) bool {
	elapsed := min(max(now-r.last, 0), 1000)
	r.credit = min(r.credit+elapsed*r.perSecond, r.perSecond*1000)
	r.last = now
	if r.credit < 1000 {
		return false
	}
	r.credit -= 1000
	return true
}
