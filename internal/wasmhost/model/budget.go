package model

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// maxPrice is the most that a call costs.
const maxPrice = 12

// credits are what the calls of a request cost.
func (r *Request) credits() (all int) {
	for _, cost := range r.Calls {
		all += cost
	}
	return all
}

// callText is a message for each call. One that costs nothing says nothing of a count.
func (r *Request) callText() string {
	var list []string
	for i, cost := range r.Calls {
		argument := fmt.Sprintf(`"count":%d`, cost)
		if cost == 0 {
			argument = ""
		}
		list = append(list, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"x","arguments":{%s}}}`, i, argument))
	}
	if len(list) == 1 {
		return list[0]
	}
	return "[" + strings.Join(list, ",") + "]"
}

// readsCall tells whether a request is read before anything is asked of quotas.
func (m *Model) readsCall(v *visit, r *Request) bool {
	return m.setup.Priced && v.surface != nil && v.surface.Kind == mcp && r.Body
}

// worker is a VM in a worker's place. Each one that follows has a higher number.
type worker struct{ place, number int }

// reservation is what a call has spent and its worker has not settled.
type reservation struct {
	worker worker
	dues   []*due
}

// reserve notes what was spent of budgets.
func (m *Model) reserve(v *visit) {
	r := &reservation{worker: m.worker}
	for i := range v.dues {
		if d := &v.dues[i]; d.taken && d.quota.Unit == inCredits {
			settled := *d
			r.dues = append(r.dues, &settled)
			m.countCredits(d, "reserved")
		}
	}
	if r.dues != nil {
		v.reservation = r
		m.reserved = append(m.reserved, r)
	}
}

// settle settles what a call has spent, unless that was given back. It gives it back itself
// if the call failed.
func (m *Model) settle(v *visit, failed bool) {
	for i, r := range m.reserved {
		if r != v.reservation {
			continue
		}
		for _, d := range r.dues {
			if !failed {
				m.countCredits(d, "committed")
				continue
			}
			d.purse.refund(d.plan, d.taking, m.Now)
			m.countCredits(d, "refunded")
		}
		m.reserved = append(m.reserved[:i:i], m.reserved[i+1:]...)
		return
	}
}

// failsCalls tells whether the service's answer says that the calls of a request failed. One
// that names no id is the answer to a single call only.
func (a *Answer) failsCalls(calls int) bool {
	var body any
	if a.Status >= 400 {
		return true
	}
	if calls != 1 || a.Zipped || !strings.HasPrefix(a.Type, "application/json") || json.Unmarshal([]byte(a.Body), &body) != nil {
		return false
	}
	list, isList := body.([]any)
	if !isList {
		list = []any{body}
	}
	for _, element := range list {
		members, _ := element.(map[string]any)
		_, isResult := members["result"]
		if members["error"] != nil || isResult {
			return members["error"] != nil
		}
	}
	return false
}

// turn says which worker acts next. Its VM may be a new one, and the others may have had
// so many ticks that they give back what those had reserved that are gone.
func (m *Model) turn(s *Step) {
	if s.Reload || s.Restart {
		m.numbers[s.Worker]++
	}
	if s.Rules != nil {
		for place := range maxWorkers {
			m.numbers[place]++
		}
	}
	m.worker = worker{s.Worker, m.numbers[s.Worker]}
	if s.Rest {
		m.expire()
	}
}

func (m *Model) expire() {
	kept := m.reserved[:0:0]
	for _, r := range m.reserved {
		if r.worker.number == m.numbers[r.worker.place] {
			kept = append(kept, r)
			continue
		}
		for _, d := range r.dues {
			d.purse.refund(d.plan, d.taking, m.Now)
			m.countCredits(d, "expired")
		}
	}
	m.reserved = kept
}

func (m *Model) countCredits(d *due, outcome string) {
	m.Metrics["gatewarden_credits_total.rule."+d.quota.Name+".outcome."+outcome] += int(d.cost)
}

// planOf is the plan of a rule at this moment.
func (m *Model) planOf(q *Quota, limit int) plan {
	now := time.UnixMilli(m.Now + wallAhead).UTC()
	begin := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	end := begin.AddDate(0, 0, 1)
	switch q.Calendar {
	case "":
		return plan{limit: int64(limit), window: milliseconds(q.Window)}
	case monthly:
		begin = begin.AddDate(0, 0, 1-now.Day())
		end = begin.AddDate(0, 1, 0)
	}
	return plan{int64(limit), end.Sub(begin).Milliseconds(), end.Sub(now).Milliseconds()}
}

// refuseSpending refuses a request for which a rule has not enough: rules of requests
// first, and budgets with 402.
func (m *Model) refuseSpending(v visit, r *Request) visit {
	first, _ := m.tightest(&v)
	v = m.refuse(v, r, "quota_exceeded", max(first.seconds, 1))
	if first.quota.Unit == inCredits {
		v.ended.Status = 402
		if first.cost > first.plan.limit {
			v.ended.RetryAfter = ""
		}
	}
	if m.readsCall(&v, r) {
		v.ended.Reached = !m.setup.Held
	}
	return v
}
