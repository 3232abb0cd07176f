package filter

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/attempt"
	"github.com/gatewarden/gatewarden/filter/audit"
	"github.com/gatewarden/gatewarden/filter/budget"
	"github.com/gatewarden/gatewarden/filter/burst"
	"github.com/gatewarden/gatewarden/filter/bypass"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/concurrency"
	"github.com/gatewarden/gatewarden/filter/credential"
	"github.com/gatewarden/gatewarden/filter/fleet"
	"github.com/gatewarden/gatewarden/filter/identity"
	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/filter/lockout"
	"github.com/gatewarden/gatewarden/filter/mcp"
	"github.com/gatewarden/gatewarden/filter/oauth"
	"github.com/gatewarden/gatewarden/filter/outcome"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/quota"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/filter/scope"
)

// Stream is one request and its response. The plugin calls its methods in the order in
// which Envoy calls a filter:
//
//	RequestHeaders ─► RequestBody* ─► RequestTrailers?
//	                                     │
//	ResponseHeaders ─► ResponseBody* ─► ResponseTrailers? ─► Done
//
// Request headers are gone once they were passed on, so the rooms' states keep what the
// response phase needs.
type Stream struct {
	filter  *Filter
	surface *surface // nil: the request belongs to none
	transient

	// These keep memory for the next request, and clear themselves.
	account     credential.Account
	guess       credential.Guess
	attempt     attempt.State
	quota       quota.State
	concurrency concurrency.State
	scope       scope.State
	call        mcp.State
	fleet       fleet.State
}

// transient is what is cleared at once when a stream ends.
type transient struct {
	// ID is the proxy's number of the stream, see [proxy.Replies].
	ID uint32

	client   caller.Client
	identity identity.State
	outcome  outcome.State
	lockout  lockout.State
	burst    burst.State
	bypass   bypass.State
	budget   budget.State
	document oauth.Visit
	audit    audit.State

	recipient refusal.Recipient // of a refusal
	hold      hold
	presents  bool // the request presents a credential
	preflight bool // the request is a CORS preflight, with a credential at most in its query
	shadowed  bool // a rule in shadow mode would have refused it
	responds  bool // the service, or the proxy for it, has begun to answer
	replied   bool // the response is the filter's own
}

// NewStream begins a stream.
func (f *Filter) NewStream() *Stream { return &Stream{filter: f} }

// Reset makes a new stream of one that has ended, so that its memory is used again.
func (s *Stream) Reset() {
	s.account.Stop()
	s.guess.Reset()
	s.attempt.Reset()
	s.quota.Reset()
	s.concurrency.Reset()
	s.scope.Reset()
	s.call.Reset()
	s.fleet.Reset()
	s.surface, s.transient = nil, transient{}
}

// RequestHeaders decides about a request. end tells whether it has no body.
func (s *Stream) RequestHeaders(end bool) proxy.Action {
	f := s.filter
	headers := f.host.RequestHeaders()
	f.identity.Distrust(headers)
	s.bypass.Read(f.bypass, headers)
	t, d := request.Read(headers)
	if document := f.oauth.Find(&t); document != nil {
		return s.serve(document, t.Method)
	}
	at, ambiguous := f.route.Route(&t)
	if at < 0 && ambiguous == "" {
		return proxy.Continue
	}
	s.presents = f.credential.Presents(headers)
	s.recipient.Origin = f.cors.Origin(d.Origin)
	s.recipient.Form = refusal.FormOf(&t, &d)
	if ambiguous != "" {
		s.client = f.client.Find(headers)
		s.audit.Begin(f.audit, t.Method, headers)
		return s.refuseMalformed(refusal.NewMalformed(ambiguous))
	}
	s.surface = &f.surfaces[at]
	if s.surface.Kind == config.KindMCP && s.recipient.Form == refusal.ProblemForm {
		s.recipient.Form = refusal.JSONRPCForm
	}
	s.hold.sized = d.ContentLength > 0
	s.hold.most = max(jsonrpc.MaxRequest, s.surface.mcp.MaxBody()+1) // the end may come alone
	s.hold.readable = !end && t.Method == "POST" && d.ContentLength <= s.hold.most
	return s.enter(&t, &d, headers, end)
}

// enter lets a request into its surface: the rooms learn what they need of it, and
// then decide.
func (s *Stream) enter(t *request.Target, d *request.Details, headers []proxy.Header, end bool) proxy.Action {
	f := s.filter
	s.identity.Begin(s.surface.identity)
	s.preflight = request.IsPreflight(t, d) && (!s.presents || f.credential.OnlyInQuery(headers))
	if !s.preflight {
		s.quota.Begin(s.surface.quota, t)
		s.budget.Begin(s.surface.budget)
		s.scope.Begin(s.surface.scope, t)
		s.call.Begin(s.surface.mcp, headers, t, d, end)
	}
	s.concurrency.Begin(s.surface.concurrency)
	unlimited := s.preflight && !s.presents ||
		!s.surface.lockout.Counts() && !f.identity.HasSources() && !s.quota.Any() && !s.call.Reads()
	if unlimited && !s.concurrency.Limited() {
		return s.pass()
	}
	s.client = f.client.Find(headers)
	s.audit.Begin(f.audit, t.Method, headers)
	if s.preflight && !s.presents {
		return s.enterPreflight()
	}
	s.bypass.Begin(s.surface.bypass)
	s.identify(headers)
	mayFail := s.surface.outcome.MayFail(s.presents)
	s.lockout.Begin(s.surface.lockout, &s.client, mayFail)
	if s.lockout.Counts() {
		s.enterLockout(t, d, headers, mayFail, end)
	}
	if s.lockout.Counts() || s.identity.Tracked() {
		s.outcome.Begin(s.surface.outcome, s.presents, s.recipient.Form == refusal.GRPCForm, t.AsksOptions())
		s.outcome.Handshake(headers)
		s.outcome.Unveil(headers)
	}
	if s.call.ReadsAnswer() {
		request.Unveil(headers, f.host)
	}
	if d.EndsInBody() && s.outcome.Awaits() && s.expectFrames(headers) {
		return proxy.Pause
	}
	return s.check()
}

// enterLockout tells the rooms that count failures what a request presents, which may be
// one, and whose account it names. end tells whether it has no body.
func (s *Stream) enterLockout(t *request.Target, d *request.Details, headers []proxy.Header, mayFail, end bool) {
	s.attempt.Begin(s.surface.attempt, &s.client)
	s.nameCredential(headers)
	if mayFail {
		s.enterBurst(headers)
	}
	if s.surface.lockout.NamesGuess() && mayFail {
		s.beginGuess(t, d, headers, end)
	}
	if s.surface.attempt.ReadsAccount() {
		s.beginAccount(t, d, end)
	}
}

// enterPreflight lets a CORS preflight without a credential in if there is room for it.
func (s *Stream) enterPreflight() proxy.Action {
	if why, refused := s.takePlaces(); refused {
		return s.refuse(&why, nil)
	}
	return s.pass()
}

// identify asks the sources of identities that have not been asked yet.
func (s *Stream) identify(headers []proxy.Header) {
	f := s.filter
	if !f.identity.HasSources() || s.preflight {
		return
	}
	presented, alone := f.credential.Single(headers)
	s.identity.Identify(&identity.Request{Headers: headers, Credential: presented, Alone: alone, Presents: s.presents})
}

// nameCredential tells the rooms that count by the credential which one the request
// presents.
func (s *Stream) nameCredential(headers []proxy.Header) {
	if !s.presents {
		return
	}
	f, own := s.filter, s.surface
	if own.lockout.NamesPrincipal() || own.attempt.NamesPrincipal() {
		f.name = f.credential.AppendPrincipal(f.name[:0], headers)
		s.lockout.Principal(f.name)
		s.attempt.Principal(f.name)
	}
	if own.lockout.NamesCredential() || own.attempt.NamesCredential() {
		f.name = f.credential.AppendWhole(f.name[:0], headers)
		s.lockout.Credential(f.name)
		s.attempt.Credential(f.name)
	}
	if own.attempt.ReadsAccount() {
		user := f.credential.BasicAccount(headers)
		s.attempt.Account(user, false)
		if own.Kind == config.KindOAuthToken {
			s.attempt.Account(credential.DecodedAccount(user), false)
		}
	}
}

// beginGuess names what the request presents, which may include its body. end tells
// whether it has no body.
func (s *Stream) beginGuess(t *request.Target, d *request.Details, headers []proxy.Header, end bool) {
	f := s.filter
	f.name = f.credential.AppendGuess(f.name[:0], headers)
	if !s.surface.SignsInByBody() {
		s.guess.Presented(f.hash, t.Authority, f.name)
		return
	}
	s.guess.Begin(f.hash, t, d, f.name, end || request.Upgrades(t, d))
}

// enterBurst begins an attempt among those of its client.
func (s *Stream) enterBurst(headers []proxy.Header) {
	s.burst.Begin(s.surface.burst, s.lockout.Counter(), s.presents)
	if s.burst.NamesCredential() {
		f := s.filter
		f.name = f.credential.AppendWhole(f.name[:0], headers)
		s.burst.Credential(f.name)
	}
}

// pass lets the request go on.
func (s *Stream) pass() proxy.Action {
	s.quota.Passed()
	s.fleet.Passed()
	s.call.Passed(s.owes())
	s.auditPass()
	switch {
	case s.shadowed:
		s.surface.shadowed.Add(1)
	case s.lockout.Excused():
		s.surface.knownGood.Add(1)
	default:
		s.surface.passed.Add(1)
	}
	return proxy.Continue
}

// Done ends the stream, however it ended.
func (s *Stream) Done() {
	s.settle(s.outcome.Done())
	if s.lockout.HoldsSlot() {
		s.lockout.Release(s.filter.host.Now())
	}
	if s.concurrency.Holds() {
		s.concurrency.Leave(s.filter.host.Now())
	}
	if s.owes() {
		s.call.Done(s.responds)
		s.auditRefunds()
	}
	if s.quota.Open() {
		if !s.responds {
			s.fleet.Refund(1<<32 - 1)
		}
		s.quota.Done(!s.responds, s.filter.host.Now())
	}
	s.budget.Done(!s.responds)
	s.fleet.Done()
	s.identity.Leave()
	s.burst.Leave()
	s.unhold()
	s.document.Leave()
}
