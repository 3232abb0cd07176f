package filter

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/mcp"
	"github.com/gatewarden/gatewarden/table"
)

// Stream is one request and its response. Its methods are called in the order
// in which Envoy calls a filter:
//
//	RequestHeaders ─► RequestBody* ─► RequestTrailers?
//	                                     │
//	ResponseHeaders ─► ResponseBody* ─► ResponseTrailers? ─► Done
//
// Request headers are gone once they were passed on, so what the response phase
// needs is kept here.
type Stream struct {
	filter  *Filter
	surface *surface // nil: the request belongs to none
	client  client
	// counter is the client's lockout counter on the surface, wide that of the
	// network it belongs to.
	counter, wide table.Key
	// own is the counter of the presented credential's failures; it is there
	// only if the surface resets on success.
	own    table.Key
	hasOwn bool
	// stuffed is the pair of the client and its credential for the count of
	// different credentials.
	stuffed    table.Key
	hasStuffed bool

	identity   identity
	acceptance acceptance
	denial     denial // why it is not let in where an identity is required

	standing standing
	slot     slot
	places   []*holding // among the requests in flight
	over     *limit     // that has no place for it
	attempts []attempt
	accounts []string     // that are attempted
	form     *accountForm // reads the request body, nil if it need not
	formRead int          // bytes of it

	origin crossOrigin // for replies
	token  tokenError

	grpc       bool
	credential bool // the request presents one
	counted    bool // a failure counts
	judged     bool // the response says whether the credential was good
	excused    bool // it passes a lockout, because its credential is a good one
	readable   bool // the request has a body of a size that can be held
	held       bool // headers are held until the body was read for the reply
	replied    bool // the response is the filter's own
	cleared    bool // nothing but a limit can refuse it
	asksBypass bool // it asks not to be limited
	bypassed   bool // and is not
	shadowed   bool // it passes, though it would have been refused
	reading    bool // the response body is being read
}

// NewStream begins a stream.
func (f *Filter) NewStream() *Stream { return &Stream{filter: f} }

// Reset makes a stream that is done a new one, so that its memory serves again.
func (s *Stream) Reset() { *s = Stream{filter: s.filter, places: s.places[:0]} }

// RequestHeaders decides about a request. end tells that it has no body.
func (s *Stream) RequestHeaders(host Host, end bool) Action {
	headers := host.RequestHeaders()
	s.filter.distrust(host, headers)
	s.asksBypass = s.filter.takeBypass(host, headers)
	t, d := readRequest(headers)
	if reply := s.filter.serveMetadata(&t); reply != nil {
		return s.reply(host, reply)
	}
	owner, ambiguous := s.filter.classify(&t)
	if owner == nil && !ambiguous {
		return Continue
	}
	s.surface = owner
	s.grpc = isGRPC(d.contentType)
	s.origin = originOf(&s.filter.config.CORS, d.origin)
	s.credential = presents(&s.filter.config.Credentials, headers)
	if ambiguous {
		s.client = clientOf(&s.filter.config.Client, host, headers)
		return s.refuseMalformed(host, malformedPath)
	}
	nothing := !owner.counts() && len(s.filter.sources) == 0
	preflight := isPreflight(&t, &d) && !s.credential
	if (nothing || preflight) && len(owner.limits) == 0 {
		return s.pass()
	}
	s.client = clientOf(&s.filter.config.Client, host, headers)
	if preflight {
		return s.enter(host)
	}
	s.readable = !end && t.method == "POST" && d.contentLength <= mcp.MaxRequest
	s.identify(host, headers)
	if s.counted = owner.counts() && !s.client.allowed; s.counted {
		s.nameCounters()
		s.nameCredential(headers)
		if !end && isForm(d.contentType) && owner.readsAccount {
			s.form = newAccountForm(owner.Lockout.AccountFields)
		}
	}
	s.judged = s.counted || s.acceptance.tracked
	return s.check(host)
}

func (s *Stream) nameCounters() {
	t, surface := s.filter.table, s.surface
	s.counter = t.Key(lockoutRule, surface.name, s.client.key[:])
	if w := surface.Lockout.Wide; w.Failures > 0 {
		network := networkKey(cut(s.client.address, w.IPv4Prefix, w.IPv6Prefix))
		s.wide = t.Key(wideRule, surface.name, network[:])
	}
}

func (s *Stream) nameCredential(headers []Header) {
	f, rule := s.filter, &s.surface.Lockout
	if !s.credential {
		return
	}
	stuffing := s.surface.stuffing.limit > 0 && s.surface.challenged()
	if rule.ResetOnSuccess || stuffing {
		f.name = principal(&f.config.Credentials, headers, f.name[:0])
	}
	if rule.ResetOnSuccess {
		s.own = f.table.Key(credentialRule, s.surface.name, s.client.key[:], f.name)
		s.hasOwn = true
	}
	if stuffing {
		s.nameStuffed()
	}
	tracked := rule.KnownGood.For > 0 || rule.Pending > 0
	if tracked || len(rule.Keys) > 0 {
		f.name = wholeCredential(&f.config.Credentials, headers, f.name[:0])
		s.nameAttempt(config.ByCredential, f.name, false)
	}
	if tracked {
		s.standing.key = f.table.Key(knownGoodRule, s.surface.name, s.client.key[:], f.name)
		s.standing.tracked = true
	}
	if s.surface.readsAccount {
		s.attemptAccount(basicAccount(&f.config.Credentials, headers), false)
	}
}

// check refuses the request of a client that has to wait, and one that nobody
// verified where an identity is required.
func (s *Stream) check(host Host) Action {
	why, refused := s.decide(host)
	if refused && why.reason != ReasonAuthDenied && s.surface.Lockout.Mode == config.ModeShadow {
		s.form = nil
		s.shadow(host, &why)
		if refused = s.unverified(); refused {
			why = s.deny(host)
		}
	}
	if !refused {
		return s.enter(host)
	}
	return s.turnAway(host, &why)
}

// enter lets the request in that nothing else refuses, if there is a place for it.
func (s *Stream) enter(host Host) Action {
	s.cleared = true
	why, refused := s.checkLimits(host)
	switch {
	case refused:
		return s.turnAway(host, &why)
	case s.awaiting():
		return s.awaitAccount()
	}
	return s.pass()
}

// checkLimits tells whether a limit refuses the request.
func (s *Stream) checkLimits(host Host) (why refusal, refused bool) {
	if why, refused = s.bypass(host); refused || s.bypassed {
		return why, refused
	}
	return s.takePlaces(host)
}

// turnAway refuses the request, or holds it until its body was read for that.
func (s *Stream) turnAway(host Host, why *refusal) Action {
	s.form = nil
	if s.readsID() {
		s.held = true
		return Pause
	}
	return s.refuse(host, why, nil)
}

// shadow reports what would have been refused.
func (s *Stream) shadow(host Host, why *refusal) {
	if !s.shadowed {
		s.shadowed = true
		s.surface.shadowed.add(1)
	}
	s.filter.reportRefusal(host, s, "shadow refusal", why)
}

// decide tells whether the request is refused, and why.
func (s *Stream) decide(host Host) (why refusal, refused bool) {
	if why, refused = s.decideLockout(host); refused {
		return why, true
	}
	switch {
	case s.unverified():
		return s.deny(host), true
	case !s.counted || s.excused:
		return refusal{}, false
	}
	admitted, now := s.admit(host)
	if !admitted {
		return refusal{ReasonRateLimited, 1, now}, true
	}
	if s.awaiting() {
		return refusal{}, false
	}
	if why, refused = s.checkKeys(host); refused {
		s.freeSlot(why.now)
	}
	return why, refused
}

// decideLockout tells whether the client is locked out, and its credential does not
// excuse it.
func (s *Stream) decideLockout(host Host) (why refusal, refused bool) {
	if !s.counted {
		return refusal{}, false
	}
	r, now, locked := s.locked(host)
	if !locked {
		return refusal{}, false
	}
	if s.surface.Lockout.KnownGood.For > 0 && s.known(host) {
		s.excused = true
		return refusal{}, false
	}
	return refusal{ReasonLockedOut, secondsUntil(r.LockedUntil, now), now}, true
}

// awaiting tells that the request cannot be decided about before its body told the
// account.
func (s *Stream) awaiting() bool { return s.form != nil && s.surface.awaitsAccount }

// awaitAccount lets the body come before the request is decided about. Where the
// headers cannot be held, they go on, and the body is held alone.
func (s *Stream) awaitAccount() Action {
	if s.filter.config.HeadersStopIteration {
		return Pause
	}
	return Continue
}

// locked returns the record that keeps the client locked out for longest.
func (s *Stream) locked(host Host) (r table.Record, now int64, locked bool) {
	r, now, found := s.filter.table.Get(s.counter, host)
	locked = found && now < r.LockedUntil
	if s.surface.Lockout.Wide.Failures == 0 {
		return r, now, locked
	}
	w, wideNow, found := s.filter.table.Get(s.wide, host)
	if found && wideNow < w.LockedUntil && (!locked || w.LockedUntil > r.LockedUntil) {
		return w, wideNow, true
	}
	return r, now, locked
}

func (s *Stream) pass() Action {
	switch {
	case s.shadowed: // and counted as such
	case s.excused:
		s.surface.knownGood.add(1)
	default:
		s.surface.passed.add(1)
	}
	return Continue
}

// readsID tells whether the request's body is waited for before it is refused,
// because an MCP client understands only an answer with its request's id.
func (s *Stream) readsID() bool {
	return s.filter.config.HeadersStopIteration && s.surface.Kind == config.KindMCP && s.readable && !s.grpc
}

func (s *Stream) refuse(host Host, why *refusal, request []byte) Action {
	s.surface.refused.add(1)
	host.SetReason(string(why.reason))
	switch why.reason {
	case ReasonAuthDenied:
		// Its failure has a line of its own, and who presents nothing yet is no
		// news.
		s.surface.denied.add(1)
		cors := corsHeaders(&s.filter.config.CORS, s.origin)
		return s.reply(host, s.filter.denial(s.surface, s.denial, s.grpc, request, cors))
	case ReasonOverCapacity:
		s.surface.overCapacity.add(1)
		s.over.refused.add(1)
		s.filter.reportRefusal(host, s, "refusal", why)
		cors := corsHeaders(&s.filter.config.CORS, s.origin)
		return s.reply(host, overCapacity(s.surface, s.over, why, s.grpc, request, cors))
	case ReasonBypassDenied:
		s.surface.bypassDenied.add(1)
		s.filter.reportRefusal(host, s, "refusal", why)
		cors := corsHeaders(&s.filter.config.CORS, s.origin)
		return s.reply(host, s.filter.bypassDenied(s.surface, s.grpc, request, cors))
	case ReasonLockedOut:
		s.surface.lockedOut.add(1)
	default:
		s.surface.rateLimited.add(1)
	}
	s.filter.reportRefusal(host, s, "refusal", why)
	return s.reply(host, s.filter.refusal(s.surface, why, s.grpc, request, s.origin))
}

func (s *Stream) refuseMalformed(host Host, detail string) Action {
	f := s.filter
	f.metrics.malformed.add(1)
	f.reportRefusal(host, s, "refusal", &refusal{reason: ReasonMalformed, now: host.Now()})
	host.SetReason(string(ReasonMalformed))
	return s.reply(host, malformed(detail, s.grpc, corsHeaders(&f.config.CORS, s.origin)))
}

func (s *Stream) reply(host Host, reply *Reply) Action {
	s.replied = true
	host.Reply(reply)
	return Pause
}
