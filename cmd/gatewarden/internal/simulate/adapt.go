package simulate

import (
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
	"github.com/gatewarden/gatewarden/config"
)

// A log does not have all that the filter looks at. What depends on the rest is left
// out of a configuration before it is simulated, and said.

// The headers that name the client and caller of a replayed request.
const (
	subjectHeader = "x-simulated-subject"
	tenantHeader  = "x-simulated-tenant"
	tierHeader    = "x-simulated-tier"
	scopesHeader  = "x-simulated-scopes"
)

// known is what the log has of requests.
type known struct {
	// credentials: it tells them apart. calls: it says what requests of MCP call, and
	// prices what that costs. scopes and tiers are those of callers.
	credentials, calls, prices, scopes, tiers bool
}

// knownOf looks for it in some records.
func knownOf(records []accesslog.Record) (k known) {
	for i := range records {
		r := &records[i]
		k.credentials = k.credentials || r.CredentialID != ""
		k.calls = k.calls || r.CallsMCP()
		k.prices = k.prices || r.Credits >= 0 && r.CallsMCP()
		k.scopes = k.scopes || r.ScopesKnown
		k.tiers = k.tiers || r.Tier != ""
	}
	return k
}

// adaptation is a configuration as a log can be simulated with.
type adaptation struct {
	*config.Config
	// left are the parts that were left out, by surface or alone.
	left []string
	// identities tells whether the configuration verifies callers.
	identities bool
}

// adapt copies a configuration. log is what the log has, enforce tells whether to enforce
// rules in shadow mode.
func adapt(original *config.Config, log known, enforce bool) adaptation {
	c := *original
	a := adaptation{Config: &c, identities: len(c.Identity) > 0}
	// A path may have been logged with its query.
	c.Credentials = config.Credentials{Headers: []string{"authorization"}, Query: c.Credentials.Query}
	c.Burst = config.Burst{} // a log has what became of requests, and not when they came
	c.OAuth, c.AuthorizationServers, c.UntrustedHeaders, c.Audit, c.HeadersStopIteration = nil, nil, nil, nil, config.StopIterationMissing
	// The lines about decisions are how they are followed.
	c.Log = config.Log{Client: config.ClientFull, PerSecond: 1 << 40}
	if c.Bypass.Header != "" {
		c.Bypass = config.Bypass{}
		a.left = append(a.left, "bypass")
	}
	if len(c.Scopes.Operations) > 0 && !log.scopes { // whom they did not serve, the log says
		c.Scopes.Operations = nil
		a.left = append(a.left, "scopes")
	}
	if c.QuotaService != nil { // nobody knows what it would have answered
		c.QuotaService = nil
		a.left = append(a.left, "quota_service")
	}
	c.Fleet = nil // its proxies count as one, and so does the simulation
	a.adaptMCP(log)
	a.adaptIdentity()
	c.Surfaces = append([]config.Surface(nil), c.Surfaces...)
	for i := range c.Surfaces {
		a.adaptSurface(&c.Surfaces[i], log.credentials, enforce)
	}
	c.Quotas = append([]config.Quota(nil), c.Quotas...)
	if c.MCP == nil {
		a.leaveBudgets()
	}
	if enforce {
		for i := range c.Quotas {
			enforceMode(&c.Quotas[i].Mode)
		}
		c.Concurrency = append([]config.Concurrency(nil), c.Concurrency...)
		for i := range c.Concurrency {
			enforceMode(&c.Concurrency[i].Mode)
		}
	}
	return a
}

// leaveBudgets leaves out the quotas of credits: without the calls, nothing has a price.
func (a *adaptation) leaveBudgets() {
	found := false
	for i := range a.Quotas {
		if q := &a.Quotas[i]; q.Unit == config.Credits && !q.Off() {
			q.Mode, found = config.ModeOff, true
		}
	}
	if found {
		a.left = append(a.left, "budgets")
	}
}

// adaptIdentity makes the filter trust the identities of the log.
func (a *adaptation) adaptIdentity() {
	if !a.identities {
		return
	}
	tier := ""
	for i := range a.Identity {
		if tier == "" {
			tier = a.Identity[i].DefaultTier
		}
	}
	a.Identity = []config.Identity{{
		Kind: config.IdentityHeaders, DefaultTier: tier,
		Headers: config.IdentityNames{Subject: subjectHeader, Tenant: tenantHeader, Tier: tierHeader, Scopes: scopesHeader},
	}}
}

func (a *adaptation) adaptSurface(s *config.Surface, credentials, enforce bool) {
	l := &s.Lockout
	s.Require = false // the log shows which requests it refused
	if enforce {
		enforceMode(&l.Mode)
	}
	var left []string
	leave := func(name string, is bool, forget func()) {
		if is {
			left = append(left, name)
			forget()
		}
	}
	if !credentials {
		leave("reset_on_success", l.ResetOnSuccess, func() { l.ResetOnSuccess = false })
		leave("known_good", l.KnownGood.For > 0, func() { l.KnownGood = config.KnownGood{} })
		leave("stuffing", l.Stuffing.Credentials > 0, func() { l.Stuffing = config.Stuffing{} })
	}
	leave("spraying", l.Spraying.Clients > 0, func() { l.Spraying = config.Spraying{} })
	kept := keysFor(l.Keys, credentials)
	leave("keys", len(kept) < len(l.Keys), func() { l.Keys = kept })
	if len(left) > 0 {
		a.left = append(a.left, s.Name+": "+strings.Join(left, ", "))
	}
}

// keysFor returns the failure keys whose parts the log has.
func keysFor(keys []config.FailureKey, credentials bool) (kept []config.FailureKey) {
	for _, k := range keys {
		if k.By == config.ByCredential && credentials {
			kept = append(kept, k)
		}
	}
	return kept
}

func enforceMode(m *config.Mode) {
	if *m == config.ModeShadow {
		*m = config.ModeEnforce
	}
}
