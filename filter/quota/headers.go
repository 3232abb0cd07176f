package quota

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/internal/text"
)

// The header fields that tell a client about its quotas: RateLimit and RateLimit-Policy
// (draft-ietf-httpapi-ratelimit-headers-10), and the X-RateLimit triple, which most
// clients know.
const (
	rateLimitPolicy = "ratelimit-policy"
	rateLimit       = "ratelimit"
	xRateLimitLimit = "x-ratelimit-limit"
	xRateLimitLeft  = "x-ratelimit-remaining"
	xRateLimitReset = "x-ratelimit-reset"
	exposedFields   = "RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
)

// standing is what a client is told: how the quotas of each unit stand.
type standing struct {
	// first is told in all fields: the quotas that refuse the request, otherwise those of
	// requests. second is told in RateLimit only; it has no charge if all quotas have the
	// same unit.
	first, second tally
}

// tally is how the quota of a unit stands that bounds the client most.
type tally struct {
	*charge
	// seconds is the time until more is left, or enough. reset is the same moment in
	// the form of X-RateLimit-Reset.
	seconds, reset int64
}

// standing finds what to tell at the time now.
func (s *State) standing(now int64) standing {
	first, second := s.charges[:s.requests], s.charges[s.requests:s.enforced]
	if fit(first) && (len(first) == 0 || !fit(second)) {
		first, second = second, first
	}
	wall := int64(0)
	if r := s.rules.room; r.config.Headers.XRateLimit == config.XRateLimitEpoch {
		wall = r.ports.WallNow()
	}
	told := standing{first: newTally(first, now, wall)}
	if len(second) > 0 {
		told.second = newTally(second, now, wall)
	}
	return told
}

// fit tells whether no quota refuses the request.
func fit(charges []charge) bool {
	for i := range charges {
		if !charges[i].Fits {
			return false
		}
	}
	return true
}

// newTally returns how charges stand, of which there are some. wall is the time of day if
// the reset is one, and otherwise 0. It rounds up: a client that waits this long never
// comes too early, whichever of the two clocks it goes by.
func newTally(charges []charge, now, wall int64) tally {
	t := tally{charge: tightest(charges)}
	wait := max(t.More-now, 0)
	t.seconds = seconds(wait)
	t.reset = t.seconds
	if wall > 0 {
		t.reset = seconds(wall + wait)
		t.seconds = seconds(max(t.reset*1000-wall, 0))
	}
	return t
}

// seconds rounds a time in milliseconds up.
func seconds(milliseconds int64) int64 { return (milliseconds + 999) / 1000 }

// tightest returns the charge of the quota that bounds the request most: of those that
// refuse it the one that refuses for longest, and otherwise the one with the least left.
func tightest(charges []charge) *charge {
	best := &charges[0]
	for i := range charges {
		if c := &charges[i]; tighter(c, best) {
			best = c
		}
	}
	return best
}

func tighter(a, b *charge) bool {
	switch {
	case a.Fits != b.Fits:
		return b.Fits
	case a.never() != b.never():
		return a.never()
	case a.Fits && a.Left != b.Left:
		return a.Left < b.Left
	}
	return a.More > b.More
}

// fields are the values of the fields that tell how quotas stand.
type fields struct{ policy, item, limit, left, reset string }

// write returns them, in the memory of the room: the next request has it again.
func (s *State) write(told *standing) fields {
	b, t := &s.rules.room.text, &told.first
	*b = (*b)[:0]
	for i := range s.charges[:s.enforced] {
		if i > 0 {
			b.Add(", ")
		}
		c := &s.charges[i]
		if b.Add(c.limit.policy); c.quota.kind.IsCalendar() {
			b.AddInt(c.plan.Window / 1000)
		}
	}
	policy := len(*b)
	t.addItem(b)
	if told.second.charge != nil {
		b.Add(", ")
		told.second.addItem(b)
	}
	item := len(*b)
	b.AddInt(int64(t.Left))
	left := len(*b)
	b.AddInt(t.reset)
	return fields{
		policy: text.View((*b)[:policy]), item: text.View((*b)[policy:item]),
		limit: t.limit.number, left: text.View((*b)[item:left]), reset: text.View((*b)[left:]),
	}
}

// addItem adds an item of RateLimit.
func (t *tally) addItem(b *text.Buffer) {
	b.Add(`"`)
	b.Add(t.quota.Name)
	b.Add(`";r=`)
	b.AddInt(int64(t.Left))
	b.Add(";t=")
	b.AddInt(t.seconds)
}

// Headers returns the fields of a refusal that tell how the client's quotas stand, nil
// if no quota limits it. If something else than a quota refused the request, Headers
// looks at the counters and takes nothing. The fields are in the memory of the room: the
// next request has it again.
func (s *State) Headers(client *caller.Client, id *caller.Identity, why *refusal.Refusal) []proxy.Header {
	exceeded := why.Reason == refusal.QuotaExceeded && s.exceeded.first.charge != nil // or a quota service
	if !exceeded {
		s.bill(client, id)
	}
	if !s.Limited() {
		return nil
	}
	r, t := s.rules.room, s.exceeded
	if !exceeded {
		now := r.ports.Now()
		for i := range s.charges[:s.enforced] {
			r.look(&s.charges[i], 0, now)
		}
		t = s.standing(now)
	}
	f := s.write(&t)
	list := r.fields[:0]
	list.Add(rateLimitPolicy, f.policy)
	list.Add(rateLimit, f.item)
	if r.config.Headers.XRateLimit != config.XRateLimitOff {
		list.Add(xRateLimitLimit, f.limit)
		list.Add(xRateLimitLeft, f.left)
		list.Add(xRateLimitReset, f.reset)
	}
	r.fields = list
	return list
}

// AddHeaders adds the fields to a response of the service to a request that is
// [State.Limited], and returns the response's status, which it reads anyway. RateLimit
// and RateLimit-Policy are lists: the lines of the service stay, and further ones come
// after them. Of the two X-RateLimit triples the stricter one goes out.
func (s *State) AddHeaders(origin refusal.Origin) (status int) {
	if !s.Limited() {
		return 0
	}
	r := s.rules.room
	theirs := readTriple(r.ports.ResponseHeaders())
	t := s.standing(r.ports.Now())
	triple := r.config.Headers.XRateLimit != config.XRateLimitOff && !theirs.isStricter(&t.first)
	if triple {
		theirs.remove(r.ports)
	}
	f := s.write(&t)
	r.ports.AddResponseHeader(rateLimitPolicy, f.policy)
	r.ports.AddResponseHeader(rateLimit, f.item)
	if triple {
		r.ports.AddResponseHeader(xRateLimitLimit, f.limit)
		r.ports.AddResponseHeader(xRateLimitLeft, f.left)
		r.ports.AddResponseHeader(xRateLimitReset, f.reset)
	}
	if origin.Named && theirs.readable {
		r.ports.AddResponseHeader(refusal.ExposeHeaders, "RateLimit, "+exposedFields)
	}
	return theirs.status
}
