package filter

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/attempt"
	"github.com/gatewarden/gatewarden/filter/burst"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/client"
	"github.com/gatewarden/gatewarden/filter/concurrency"
	"github.com/gatewarden/gatewarden/filter/credential"
	"github.com/gatewarden/gatewarden/filter/identity"
	"github.com/gatewarden/gatewarden/filter/lockout"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/quota"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/filter/route"
)

// Explanation is what the rooms made of a request, each in its own words: values for a
// tool that writes them down. Places are indexes in the configuration's lists, -1 where
// there is none.
//
// The rooms answer from what they decided and by the functions that decided, so that
// nothing is worked out in a second way. The filter in the proxy never asks.
type Explanation struct {
	Path       route.View
	Client     client.View
	Credential credential.View
	// Accounts is how many accounts the request attempts, as far as the configuration
	// looks at that. Options tells that a success would prove nothing about its
	// credential.
	Accounts int
	Options  bool
	Identity identity.View
	Lockout  lockout.View
	Attempt  attempt.View
	Burst    burst.View
	Quotas   []quota.View
	InFlight []concurrency.View
	// Surface owns the request.
	Surface int
	// Preflight tells that it is a CORS preflight, GRPC that it is a gRPC request, and
	// Document that the filter answers it with a metadata document.
	Preflight, GRPC, Document bool
	// Form is that of a refusal, which the protocol of the request decides.
	Form refusal.Form
	// Shadowed tells that a rule in shadow mode would have refused it.
	Shadowed bool
	// AsksBypass tells that it asks to pass the limits, Bypassed that it may.
	AsksBypass, Bypassed bool
	// Judged tells that the response is looked at for what it says of the credential.
	Judged bool
	// Handshake tells that its scheme takes several requests, so that a 401 can be a
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
		Surface: f.placeOf(s.surface), Document: f.oauth.Serve(&t) != nil, GRPC: d.IsGRPC(), Form: refusal.FormOf(&t, &d),
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
	e.Lockout = s.lockout.Explain(s.surface.lockout, &s.client, &guess, e.Preflight && !s.presents, s.surface.outcome.MayFail(s.presents))
	e.Attempt = s.attempt.Explain()
	e.Burst = s.burst.Explain(s.surface.burst)
	e.Quotas = f.quota.Explain(e.Surface, &t, s.call.Cost(), &s.client, &s.identity.Identity, e.Now, e.Preflight)
	s.quota.ExplainRefusal(e.Quotas)
	e.InFlight = f.concurrency.Explain(e.Surface, &s.client, &s.identity.Identity)
	return e
}

func (f *Filter) placeOf(s *surface) int {
	for i := range f.surfaces {
		if s == &f.surfaces[i] {
			return i
		}
	}
	return -1
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
}

// ForgetGuess makes unknown what the request presents, for tools that stand in for a
// request of which nobody knows that. It is called when the request came.
func (s *Stream) ForgetGuess() { s.guess.Reset() }

// View returns what the filter made of the request.
func (s *Stream) View() View {
	v := View{Client: s.client}
	if s.surface != nil {
		v.Surface = s.surface.Name
	}
	return v
}
