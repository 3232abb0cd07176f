package filter

import (
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/config"
)

// The header fields that tell a client about its quotas: RateLimit and
// RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10), and the triple that
// most clients know.
const (
	rateLimitPolicy    = "ratelimit-policy"
	rateLimit          = "ratelimit"
	xRateLimitLimit    = "x-ratelimit-limit"
	xRateLimitLeft     = "x-ratelimit-remaining"
	xRateLimitReset    = "x-ratelimit-reset"
	exposedQuotaFields = "RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
)

// tally is what a client is told: how the rule stands that bounds it most.
type tally struct {
	*charge
	// seconds until there is more, or enough. reset is the same moment as
	// X-RateLimit-Reset has it.
	seconds, reset int64
}

// limited tells whether the request is held to a limit.
func (s *Stream) limited() bool { return s.enforced > 0 }

// tally finds what to tell at the time now. A moment is rounded up: who waits for
// it never comes too early, on whichever clock.
func (s *Stream) tally(host Host, now int64) tally {
	t := tally{charge: tightest(s.charges[:s.enforced])}
	wait := max(t.more-now, 0)
	if s.filter.config.Headers.XRateLimit == config.XRateLimitEpoch {
		wall := host.WallNow()
		t.reset = ceilDiv(wall+wait, 1000)
		t.seconds = ceilDiv(max(t.reset*1000-wall, 0), 1000)
		return t
	}
	t.seconds = ceilDiv(wait, 1000)
	t.reset = t.seconds
	return t
}

// tightest is the rule that bounds the request most: of those that refuse it the
// one that does for longest, and else the one of which the least is left.
func tightest(charges []charge) *charge {
	best := &charges[0]
	for i := range charges[1:] {
		if tighter(&charges[i+1], best) {
			best = &charges[i+1]
		}
	}
	return best
}

func tighter(a, b *charge) bool {
	switch {
	case a.fits != b.fits:
		return b.fits
	case a.fits && a.left != b.left:
		return a.left < b.left
	}
	return a.more > b.more
}

// appendQuotaHeaders appends the fields of a tally. All texts are one string in
// memory, which is all that they allocate.
func (s *Stream) appendQuotaHeaders(into []Header, t tally, triple bool) []Header {
	b := s.filter.text[:0]
	for i := range s.charges[:s.enforced] {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, s.charges[i].limit.policy...)
	}
	policyEnd := len(b)
	b = append(append(append(b, '"'), t.quota.Name...), `";r=`...)
	b = strconv.AppendUint(b, uint64(t.left), 10)
	b = strconv.AppendInt(append(b, ";t="...), t.seconds, 10)
	itemEnd := len(b)
	b = strconv.AppendUint(b, uint64(t.left), 10)
	leftEnd := len(b)
	b = strconv.AppendInt(b, t.reset, 10)
	s.filter.text = b
	text := string(b)
	into = append(into, Header{rateLimitPolicy, text[:policyEnd]}, Header{rateLimit, text[policyEnd:itemEnd]})
	if triple {
		into = append(into, Header{xRateLimitLimit, t.limit.number},
			Header{xRateLimitLeft, text[itemEnd:leftEnd]}, Header{xRateLimitReset, text[leftEnd:]})
	}
	return into
}

// quotaHeaders are the fields of a refusal that tell how this client's quotas stand.
// Where something else refused, the quotas are only asked.
func (s *Stream) quotaHeaders(host Host, why *refusal) []Header {
	if why.reason != ReasonQuotaExceeded {
		s.nameCharges()
	}
	if !s.limited() {
		return nil
	}
	if why.reason != ReasonQuotaExceeded {
		now := host.Now()
		for i := range s.charges[:s.enforced] {
			s.look(&s.charges[i], 0, now)
		}
		why.tally = s.tally(host, now)
	}
	return s.appendQuotaHeaders(nil, why.tally, s.filter.config.Headers.XRateLimit != config.XRateLimitOff)
}

// addQuotaHeaders adds the fields to a response of the service, and returns its
// status, which it comes by. What the service sends of RateLimit and
// RateLimit-Policy stays, and further lines are added: they are lists. Of the two
// X-RateLimit triples the more restrictive one goes out.
func (s *Stream) addQuotaHeaders(host Host) (status int) {
	theirs := readTriple(host.ResponseHeaders())
	t := s.tally(host, host.Now())
	triple := s.filter.config.Headers.XRateLimit != config.XRateLimitOff && !theirs.stricterThan(t)
	if triple {
		for i, name := range [...]string{xRateLimitLimit, xRateLimitLeft, xRateLimitReset} {
			if theirs.has[i] {
				host.RemoveResponseHeader(name)
			}
		}
	}
	s.filter.headers = s.appendQuotaHeaders(s.filter.headers[:0], t, triple)
	for _, h := range s.filter.headers {
		host.AddResponseHeader(h.Name, h.Value)
	}
	if s.origin.named && theirs.readable {
		host.AddResponseHeader(exposeHeaders, "RateLimit, "+exposedQuotaFields)
	}
	return theirs.status
}

// response is what a response of the service says of limits of its own.
type response struct {
	status int
	// readable tells that it lets pages of other origins read it.
	readable bool
	// has tells which of the triple are there; left and reset are -1 where they
	// are not, or no numbers.
	has         [3]bool
	left, reset int64
}

func readTriple(headers []Header) response {
	r := response{left: -1, reset: -1}
	for i := range headers {
		value := headers[i].Value
		switch headers[i].Name {
		case ":status":
			r.status = parseStatus(value)
		case "access-control-allow-origin":
			r.readable = true
		case xRateLimitLimit:
			r.has[0] = true
		case xRateLimitLeft:
			r.has[1], r.left = true, leadingNumber(value)
		case xRateLimitReset:
			r.has[2], r.reset = true, leadingNumber(value)
		}
	}
	return r
}

// leadingNumber reads the whole number that a field begins with: some write
// further ones behind it. It is -1 if there is none.
func leadingNumber(field string) int64 {
	field = strings.TrimLeft(field, " \t")
	end := 0
	for end < len(field) && field[end] >= '0' && field[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(field[:end], 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// firstEpoch tells a time since 1970 from one that is to come.
const firstEpoch = 1_000_000_000

// stricterThan tells whether the service's triple leaves less, or as little for
// longer. Where one of two resets is a time of day and the other a length of time,
// the service's word stands.
func (r *response) stricterThan(t tally) bool {
	switch left := int64(t.left); {
	case r.left < 0 || r.left > left:
		return false
	case r.left < left:
		return true
	}
	return r.reset >= t.reset || r.reset >= 0 && (r.reset >= firstEpoch) != (t.reset >= firstEpoch)
}
