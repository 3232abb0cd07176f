package model

import "slices"

// due is what a request owes to a rule.
type due struct {
	quota *Quota
	purse *purse
	plan  plan
	cost  int64
	// fallback tells whether its address pays for who was not verified.
	fallback bool
	balance
	taking taking
	taken  bool
}

// never tells that the cost is above the limit.
func (d *due) never() bool { return d.cost > d.plan.limit }

func (d *due) enforced() bool { return d.quota.Mode != shadow }

// owe finds what a request owes, and who pays.
func (m *Model) owe(v *visit, r *Request) {
	v.who = m.setup.identify(r)
	for _, q := range m.rulesFor(v.surface, r) {
		limit := q.limitFor(v.who)
		if limit == 0 || q.Unit == inCredits && r.credits() == 0 {
			continue
		}
		payer, fallback := q.payer(v.who, m.setup.client(r.From).String(), r.endpoint())
		at := account{q.Name, or(q.Calendar, or(q.Algorithm, fixed)), payer}
		if m.purses[at] == nil {
			m.purses[at] = &purse{algorithm: at.algorithm}
			m.order = append(m.order, m.purses[at])
		}
		v.dues = append(v.dues, due{
			quota: q, purse: m.purses[at], plan: m.planOf(q, limit),
			cost: int64(q.costOf(r, r.readings())), fallback: fallback,
		})
	}
}

// spend spends what a request owes if all rules that refuse have enough, and
// nothing otherwise. The others count what they would have admitted.
func (m *Model) spend(v *visit) (refused bool) {
	exceeded := map[string]bool{}
	for i := range v.dues {
		if d := &v.dues[i]; d.enforced() {
			d.balance = d.ask(m.Now)
			exceeded[d.quota.Unit] = exceeded[d.quota.Unit] || !d.fits
			refused = refused || !d.fits
		}
	}
	if refused {
		m.askOthers(v, exceeded[""])
		return true
	}
	for i := range v.dues {
		d := &v.dues[i]
		if d.balance = d.ask(m.Now); d.fits {
			d.balance, d.taking = d.purse.take(d.plan, d.cost, m.Now)
		}
		d.taken = d.fits && d.cost > 0
		v.shadowed = v.shadowed || !d.fits
	}
	m.reserve(v)
	return false
}

// ask tells how the purse would stand, which never has more than the limit.
func (d *due) ask(now int64) balance {
	if !d.never() {
		return d.purse.ask(d.plan, d.cost, now)
	}
	b := d.purse.ask(d.plan, 0, now)
	b.fits = false
	return b
}

// askOthers looks how the rules of the other unit stand that would have had enough: those
// that the request is not refused by.
func (m *Model) askOthers(v *visit, byRequests bool) {
	for i := range v.dues {
		if d := &v.dues[i]; d.enforced() && d.fits && (d.quota.Unit == inCredits) == byRequests {
			d.balance = d.purse.ask(d.plan, 0, m.Now)
		}
	}
}

// refund gives back all that a request spent.
func (m *Model) refund(v *visit) {
	for i := range v.dues {
		if d := &v.dues[i]; d.taken {
			d.purse.refund(d.plan, d.taking, m.Now)
		}
	}
}

// askAnew looks again how the rules stand, for one who spends nothing. What its calls would
// have cost was not asked.
func (m *Model) askAnew(v *visit) {
	v.dues = slices.DeleteFunc(v.dues, func(d due) bool { return d.quota.Unit == inCredits })
	for i := range v.dues {
		d := &v.dues[i]
		if d.enforced() {
			d.balance = d.purse.ask(d.plan, 0, m.Now)
		}
	}
}

// countDues counts what became of a request at each rule. One that had enough for
// what another refused counts nothing.
func (m *Model) countDues(v *visit, refused bool) {
	for i := range v.dues {
		d := &v.dues[i]
		outcome := "admitted"
		switch {
		case refused && (d.fits || !d.enforced()):
			continue
		case refused:
			outcome = "refused"
		case !d.fits:
			outcome = "shadowed"
		}
		m.Metrics["gatewarden_quota_requests_total.rule."+d.quota.Name+".outcome."+outcome]++
		if d.fallback {
			m.Metrics["gatewarden_quota_unverified_total.rule."+d.quota.Name]++
		}
	}
}
