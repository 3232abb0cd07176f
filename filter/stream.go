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
	// ID is the host's name for the stream, see [Host].Attend.
	ID      uint32
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
	inquiry    inquiry
	// charges are what the request owes to the quotas, the first enforced of them
	// to those that refuse. endpoint is a hash of its path, if one of them counts
	// by it.
	charges  []charge
	enforced int
	endpoint uint64

	standing standing
	slot     slot
	places   []*holding // among the requests in flight
	over     *limit     // that has no place for it
	attempts []attempt
	accounts []string     // that are attempted
	form     *accountForm // reads the request body, nil if it need not
	formRead int          // bytes of it
	bodyRead int          // bytes of the request that are at hand for the reply

	origin crossOrigin // for replies
	token  tokenError

	grpc       bool
	credential bool // the request presents one
	options    bool // a success says nothing about its credential
	counted    bool // a failure counts
	judged     bool // the response says whether the credential was good
	excused    bool // it passes a lockout, because its credential is a good one
	shadowed   bool // it would have been refused
	readable   bool // the request has a body of a size that can be held
	held       bool // headers are held until the body was read for the reply
	replied    bool // the response is the filter's own
	asksBypass bool // it asks not to be limited
	bypassed   bool // and is not
	reading    bool // the response body is being read
}

// NewStream begins a stream.
func (f *Filter) NewStream() *Stream { return &Stream{filter: f} }

// Reset makes a stream that is done a new one, so that its memory serves again.
func (s *Stream) Reset() {
	*s = Stream{filter: s.filter, charges: s.charges[:0], places: s.places[:0]}
}

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
	s.options = t.asksOptions()
	if ambiguous {
		s.client = clientOf(&s.filter.config.Client, host, headers)
		return s.refuseMalformed(host, malformedPath)
	}
	preflight := isPreflight(&t, &d) && !s.credential
	if !preflight {
		s.chooseQuotas(&t)
	}
	nothing := preflight || !owner.counts() && len(s.filter.sources) == 0 && len(s.charges) == 0
	if nothing && len(owner.limits) == 0 {
		return s.pass()
	}
	s.client = clientOf(&s.filter.config.Client, host, headers)
	if preflight {
		return s.enterPreflight(host)
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
	s.counter = clientCounter(t, surface.name, &s.client.key)
	if surface.Lockout.Wide.Failures > 0 {
		network := s.wideNetwork()
		s.wide = networkCounter(t, surface.name, &network.key)
	}
}

// wideNetwork is the network that the stream's client belongs to.
func (s *Stream) wideNetwork() client {
	w := &s.surface.Lockout.Wide
	network := client{prefix: cut(s.client.address, w.IPv4Prefix, w.IPv6Prefix)}
	network.key = networkKey(network.prefix)
	return network
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
	switch {
	case !refused && s.inquiry.open:
		return s.ask(host)
	case !refused && s.awaiting():
		return s.awaitAccount()
	case !refused:
		return s.pass()
	}
	// It is held with its form, for it may yet be free to go; but then it waits for
	// one thing only, for its form or for what is said of its token.
	if s.readsID() && (s.form == nil || !s.inquiry.open) {
		s.held = true
		return Pause
	}
	s.form = nil
	return s.refuse(host, &why, s.request(host))
}

// enterPreflight lets a CORS preflight in, if there is a place for it.
func (s *Stream) enterPreflight(host Host) Action {
	if why, refused := s.takePlaces(host); refused {
		return s.refuse(host, &why, nil)
	}
	return s.pass()
}

// decide tells whether the request is refused, and why. What a quota takes comes
// before the account is known: a service that sees the headers of a request may
// answer them.
func (s *Stream) decide(host Host) (why refusal, refused bool) {
	s.needNoTurn() // one that was held is asked about again
	if why, refused = s.decideAccess(host); refused || s.inquiry.open {
		return why, refused
	}
	if why, refused = s.decideLimits(host); refused {
		s.freeSlot(why.now)
		return why, true
	}
	if why, refused = s.takeTurns(host); refused {
		if refused = s.giveUp(host, &why); refused {
			s.giveBack(s.charges, why.now)
		}
	}
	return why, refused
}

// decideLimits tells whether a limit refuses the request, which then costs nothing.
func (s *Stream) decideLimits(host Host) (why refusal, refused bool) {
	if why, refused = s.bypass(host); refused || s.bypassed {
		return why, refused
	}
	if why, refused = s.spendQuotas(host); refused {
		return why, true
	}
	if why, refused = s.takePlaces(host); refused {
		s.giveBack(s.charges, why.now)
	}
	return why, refused
}

// giveUp gives the place back of a request that is refused after it was charged, and
// tells whether it is: in shadow mode it passes.
func (s *Stream) giveUp(host Host, why *refusal) (refused bool) {
	s.freeSlot(why.now)
	if s.surface.Lockout.Mode == config.ModeShadow {
		s.watch(host, why)
		return false
	}
	s.freePlaces(why.now)
	return true
}

// decideAccess tells whether the lockout or the gate refuses the request.
func (s *Stream) decideAccess(host Host) (why refusal, refused bool) {
	why, refused = s.decideFailures(host)
	if !refused || !why.byLockout() || s.surface.Lockout.Mode != config.ModeShadow {
		return why, refused
	}
	s.form = nil
	s.needNoTurn()
	s.watch(host, &why)
	return s.decideIdentity(host)
}

// watch notes that a lockout in shadow mode would have refused the request.
func (s *Stream) watch(host Host, why *refusal) {
	if !s.shadowed {
		s.shadowed = true
		s.filter.reportRefusal(host, s, "shadow refusal", why)
	}
}

// decideFailures tells whether the request is refused for failures, or for the want
// of an identity.
func (s *Stream) decideFailures(host Host) (why refusal, refused bool) {
	if why, refused = s.decideLockout(host); refused {
		return why, true
	}
	if why, refused = s.decideIdentity(host); refused || !s.counted || s.excused {
		return why, refused
	}
	admitted, now := s.admit(host)
	if !admitted {
		return refusal{reason: ReasonRateLimited, seconds: 1, now: now}, true
	}
	if s.awaiting() || s.inquiry.open {
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
	return refusal{reason: ReasonLockedOut, seconds: secondsUntil(r.LockedUntil, now), now: now}, true
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
	s.countQuotas(false)
	switch {
	case s.shadowed:
		s.surface.shadowed.add(1)
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
		more := s.moreHeaders(host, why)
		return s.reply(host, s.filter.denial(s.surface, s.denial, s.grpc, request, more))
	case ReasonStoreUnavailable:
		// What failed has a line of its own.
		s.surface.unavailable.add(1)
		return s.reply(host, unavailable(s.surface, s.grpc, request, s.moreHeaders(host, why)))
	case ReasonOverCapacity:
		s.surface.overCapacity.add(1)
		s.over.refused.add(1)
		s.filter.reportRefusal(host, s, "refusal", why)
		return s.reply(host, overCapacity(s.surface, s.over, why, s.grpc, request, s.moreHeaders(host, why)))
	case ReasonBypassDenied:
		s.surface.bypassDenied.add(1)
		s.filter.reportRefusal(host, s, "refusal", why)
		return s.reply(host, s.filter.bypassDenied(s.surface, s.grpc, request, s.moreHeaders(host, why)))
	case ReasonLockedOut:
		s.surface.lockedOut.add(1)
	case ReasonQuotaExceeded:
		s.surface.overQuota.add(1)
		s.countQuotas(true)
	default:
		s.surface.rateLimited.add(1)
	}
	s.filter.reportRefusal(host, s, "refusal", why)
	return s.reply(host, s.filter.refusal(s.surface, why, s.grpc, request, s.origin, s.quotaHeaders(host, why)))
}

func (s *Stream) refuseMalformed(host Host, detail string) Action {
	f, why := s.filter, &refusal{reason: ReasonMalformed, now: host.Now()}
	f.metrics.malformed.add(1)
	f.reportRefusal(host, s, "refusal", why)
	host.SetReason(string(ReasonMalformed))
	return s.reply(host, malformed(detail, s.grpc, s.moreHeaders(host, why)))
}

// moreHeaders are what a refusal says besides: how the client's quotas stand, and
// what lets a page read it.
func (s *Stream) moreHeaders(host Host, why *refusal) []Header {
	return append(s.quotaHeaders(host, why), s.filter.cors(s.origin)...)
}

func (s *Stream) reply(host Host, reply *Reply) Action {
	s.replied = true
	host.Reply(reply)
	return Pause
}
