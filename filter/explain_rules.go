package filter

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/table"
)

// Standing is whether a rule is for a request.
type Standing uint8

// The standings.
const (
	// Applies is that of a rule that holds for the request.
	Applies Standing = iota
	// RuleOff is that of a rule that is switched off.
	RuleOff
	// OtherSurface and OtherRequest are those of rules for others.
	OtherSurface
	OtherRequest
	// Overridden is that of a rule that another one takes the place of.
	Overridden
	// NoLimit is that of a rule that sets none for who is asking.
	NoLimit
	// ClientAllowed is that of a lockout whose client is never locked out.
	ClientAllowed
	// OnlyPreflight is that of a rule that does not concern CORS preflights.
	OnlyPreflight
)

// CounterView is how a counter of failures stands. Times are those of the host's
// clock; 0 is never.
type CounterView struct {
	Count       uint32
	WindowEnd   int64
	LockedUntil int64
}

// LockoutView is how the lockout of the surface concerns a request.
type LockoutView struct {
	Standing Standing
	// Client is the counter of the client, Network that of its network.
	Client, Network CounterView
	// Excused tells that the client is locked out and its credential a good one.
	// Tracked tells that this is looked at, Known that it is known as good.
	Excused, Tracked, Known bool
	// MayFail tells that the response can be a failure.
	MayFail bool
	// Attempts are the failure keys that the request is counted by.
	Attempts []AttemptView
	// Stuffing is how many different credentials failed, if that is counted.
	Stuffing CounterView
}

// AttemptView is a counter by account or credential.
type AttemptView struct {
	// Key is the place among the surface's keys, -1 for the one of spraying.
	Key int
	CounterView
}

// QuotaView is how a quota concerns a request.
type QuotaView struct {
	Standing Standing
	// By is the place of the rule that overrides it.
	By   int
	Cost uint32
	// Limit and Tier are those of who asks: the tier is "" for everybody else's.
	Limit uint32
	Tier  string
	// Fallback tells that the address pays, because what should was not verified.
	Fallback bool
	// Path is what counts as the request's path, "" for all that are spelled oddly.
	Path string
	// Left may be spent at the moment, and more when the clock says More.
	Left uint32
	More int64
}

// InFlightView is how a limit on requests in flight concerns a request.
type InFlightView struct {
	Standing Standing
	Taken    uint32
}

func (s *Stream) explainLockout(host Host, preflight bool) LockoutView {
	v := LockoutView{Excused: s.excused, Tracked: s.standing.tracked, MayFail: s.mayFail()}
	switch {
	case !s.surface.counts():
		v.Standing = RuleOff
		return v
	case preflight:
		v.Standing = OnlyPreflight
		return v
	case s.client.allowed:
		v.Standing = ClientAllowed
		return v
	}
	v.Known = s.known(host)
	v.Client = s.explainCounter(host, s.counter)
	if s.surface.Lockout.Wide.Failures > 0 {
		v.Network = s.explainCounter(host, s.wide)
	}
	if s.surface.stuffing.limit > 0 {
		v.Stuffing = s.explainCounter(host, s.filter.table.Key(stuffingRule, s.surface.name, s.client.key[:]))
	}
	for i := range s.attempts {
		a := AttemptView{-1, s.explainCounter(host, s.attempts[i].key)}
		for j := range s.surface.Lockout.Keys {
			if s.attempts[i].rule == &s.surface.Lockout.Keys[j] {
				a.Key = j
			}
		}
		v.Attempts = append(v.Attempts, a)
	}
	return v
}

// explainCounter reads a counter. What is over is as if it had never been.
func (s *Stream) explainCounter(host Host, key table.Key) CounterView {
	r, now, found := s.filter.table.Get(key, host)
	if !found || now >= r.WindowEnd && now >= r.LockedUntil {
		return CounterView{}
	}
	if now >= r.LockedUntil {
		r.LockedUntil = 0
	}
	return CounterView{r.Count, r.WindowEnd, r.LockedUntil}
}

func (s *Stream) explainQuotas(t *target, now int64, preflight bool) []QuotaView {
	readings := s.filter.readings
	overridden := s.surface.overridden(t, readings)
	var list []QuotaView
	for i := range s.filter.config.Quotas {
		rule := &s.filter.config.Quotas[i]
		v := QuotaView{By: -1}
		q := s.filter.quotaNamed(rule.Name)
		switch {
		case q == nil:
			v.Standing = RuleOff
		case preflight:
			v.Standing = OnlyPreflight
		case !s.surface.isAmong(rule.Surfaces):
			v.Standing = OtherSurface
		case !q.mayBeFor(t, readings):
			v.Standing = OtherRequest
		case overridden&q.bit != 0:
			v.Standing, v.By = Overridden, s.overrider(q, t, readings)
		default:
			s.explainCharge(&v, q, t, now)
		}
		list = append(list, v)
	}
	return list
}

func (f *Filter) quotaNamed(name string) *quota {
	for i := range f.quotas {
		if f.quotas[i].Name == name {
			return &f.quotas[i]
		}
	}
	return nil
}

// overrider is the place of the first rule that takes another one's place.
func (s *Stream) overrider(of *quota, t *target, readings []string) int {
	for i := range s.filter.config.Quotas {
		q := s.filter.quotaNamed(s.filter.config.Quotas[i].Name)
		if q != nil && q.overrides&of.bit != 0 && s.surface.isAmong(q.Surfaces) && q.isSurelyFor(t, readings) {
			return i
		}
	}
	return -1
}

// explainCharge says what the request owes to a rule, as it would stand if it asked
// now: one that was let in has paid.
func (s *Stream) explainCharge(v *QuotaView, q *quota, t *target, now int64) {
	asks := Stream{filter: s.filter, surface: s.surface, client: s.client, identity: s.identity, endpoint: s.endpoint}
	asks.charges = []charge{{quota: q, cost: q.costOf(t, s.filter.readings)}}
	v.Cost = asks.charges[0].cost
	if q.Per&config.PerPath != 0 {
		v.Path = endpoint(pathOf(t.path))
	}
	asks.nameCharges()
	if len(asks.charges) == 0 {
		v.Standing = NoLimit
		return
	}
	c := &asks.charges[0]
	asks.look(c, 0, now)
	v.Limit, v.Tier, v.Fallback, v.Left, v.More = c.limit.limit, c.limit.tier, c.fallback, c.left, c.more
}

func (s *Stream) explainInFlight(host Host) []InFlightView {
	var list []InFlightView
	for i := range s.filter.limits {
		l := &s.filter.limits[i]
		v := InFlightView{Standing: OtherSurface}
		switch {
		case l.Mode == config.ModeOff:
			v.Standing = RuleOff
		case s.surface.isAmong(l.Surfaces):
			v.Standing = Applies
			if r, now, found := s.filter.table.Get(s.placeKey(l), host); found {
				o := occupied(r, now)
				v.Taken = o.taken()
			}
		}
		list = append(list, v)
	}
	return list
}
