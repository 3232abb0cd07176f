package filter

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/attempt"
	"github.com/gatewarden/gatewarden/filter/budget"
	"github.com/gatewarden/gatewarden/filter/burst"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/client"
	"github.com/gatewarden/gatewarden/filter/concurrency"
	"github.com/gatewarden/gatewarden/filter/credential"
	"github.com/gatewarden/gatewarden/filter/identity"
	"github.com/gatewarden/gatewarden/filter/lockout"
	"github.com/gatewarden/gatewarden/filter/mcp"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/quota"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/filter/route"
	"github.com/gatewarden/gatewarden/filter/scope"
)

// Explanation has each room's view of a request: values for a tool that puts them into
// words. Places are indexes in the configuration's lists, -1 for none.
//
// The rooms use the results and the functions of the decision itself, so that nothing is
// computed in a second way. The filter in the proxy never uses it.
type Explanation struct {
	Path       route.View
	Client     client.View
	Credential credential.View
	// Accounts is how many accounts the request attempts, as far as the configuration
	// looks at that. Options tells whether a success would prove nothing about its
	// credential.
	Accounts int
	Options  bool
	Identity identity.View
	Lockout  lockout.View
	Attempt  attempt.View
	Burst    burst.View
	Scope    scope.View
	Call     mcp.Explanation
	Quotas   []quota.View
	Budget   budget.View
	InFlight []concurrency.View
	// Surface owns the request.
	Surface int
	// Preflight and GRPC tell whether it is a CORS preflight and a gRPC request, Document
	// whether the filter answers it with a metadata document.
	Preflight, GRPC, Document bool
	// Form is that of a refusal, which the protocol of the request decides.
	Form refusal.Form
	// Shadowed tells whether a rule in shadow mode would have refused it.
	Shadowed bool
	// AsksBypass tells whether it asks for the bypass, Bypassed whether it may have it.
	AsksBypass, Bypassed bool
	// Judged tells whether the response is looked at for what it says of the credential.
	Judged bool
	// Handshake tells whether its scheme takes several requests, so that a 401 can be a
	// step.
	Handshake bool
	// Now is the time at which all this holds, in milliseconds of the proxy's clock.
	Now int64
}

// Explain returns what the rooms made of the request. headers are those that the client
// sent.
func (s *Stream) Explain(headers []proxy.Header) Explanation {
	f := s.filter
	t, d := request.Read(headers)
	e := Explanation{
		Path: f.route.Explain(&t), Client: f.client.Explain(headers), Credential: f.credential.Explain(headers),
		Accounts: s.attempt.Accounts(), Options: t.AsksOptions(),
		Surface: placeOf(s.surface), Document: f.oauth.Find(&t) != nil, GRPC: d.IsGRPC(), Form: refusal.FormOf(&t, &d),
		Shadowed: s.shadowed, AsksBypass: s.bypass.Asked(), Bypassed: s.bypass.Granted(), Judged: s.outcome.Awaits(),
		Handshake: s.outcome.Handshakes(),
		Now:       f.host.Now(),
	}
	e.Preflight = request.IsPreflight(&t, &d) && (!e.Credential.Present || f.credential.OnlyInQuery(headers))
	if s.surface == nil {
		return e
	}
	guess := s.guess.Name()
	presented, alone := f.credential.Single(headers)
	e.Identity = s.identity.Explain(&identity.Request{Headers: headers, Credential: presented, Alone: alone, Presents: s.presents})
	e.Lockout = s.lockout.Explain(s.surface.lockout, &s.client, guess, e.Preflight && !s.presents, s.surface.outcome.MayFail(s.presents))
	e.Attempt = s.attempt.Explain()
	e.Burst = s.burst.Explain(s.surface.burst)
	e.Scope, e.Call = s.scope.Explain(&t, &s.identity.Identity), s.call.Explain(s.heldBody())
	e.Quotas = f.quota.Explain(e.Surface, &t, s.call.Cost(), &s.client, &s.identity.Identity, e.Now, e.Preflight)
	s.quota.ExplainRefusal(e.Quotas)
	e.Budget = s.budget.Explain(&s.identity.Identity)
	e.InFlight = f.concurrency.Explain(e.Surface, &s.client, &s.identity.Identity)
	return e
}

func placeOf(s *surface) int {
	if s == nil {
		return -1
	}
	return s.place
}

// CountsFailures tells whether failures count on a surface, by its place in the
// configuration.
func (f *Filter) CountsFailures(surface int) bool { return f.surfaces[surface].lockout.Counts() }

// HoldsBodies tells whether there are requests that wait until their body was read: the
// proxy has to be able to hold it.
func (f *Filter) HoldsBodies() bool {
	for i := range f.surfaces {
		s := &f.surfaces[i]
		if s.attempt.AwaitsAccount() || s.Kind == config.KindMCP && f.config.HeadersStopIteration != config.StopIterationMissing {
			return true
		}
	}
	return false
}

// View names what the filter made of a request, for tools that follow its decisions.
type View struct {
	// Surface owns the request, "" if none does.
	Surface string
	// Client is not known for a request that nothing asked about.
	Client caller.Client
	// Cost in credits of what the request calls.
	Cost uint32
}

// ForgetGuess makes the request's guess unknown, for tools that replay a request without
// its credential. Call it after the request's headers.
func (s *Stream) ForgetGuess() { s.guess.Reset() }

// View returns what the filter made of the request.
func (s *Stream) View() View {
	v := View{Client: s.client}
	if s.surface != nil {
		v.Surface, v.Cost = s.surface.Name, s.call.Cost()
	}
	return v
}
