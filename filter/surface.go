package filter

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/attempt"
	"github.com/gatewarden/gatewarden/filter/budget"
	"github.com/gatewarden/gatewarden/filter/burst"
	"github.com/gatewarden/gatewarden/filter/bypass"
	"github.com/gatewarden/gatewarden/filter/concurrency"
	"github.com/gatewarden/gatewarden/filter/credential"
	"github.com/gatewarden/gatewarden/filter/identity"
	"github.com/gatewarden/gatewarden/filter/lockout"
	"github.com/gatewarden/gatewarden/filter/mcp"
	"github.com/gatewarden/gatewarden/filter/oauth"
	"github.com/gatewarden/gatewarden/filter/outcome"
	"github.com/gatewarden/gatewarden/filter/quota"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/filter/scope"
)

// surface is what the rooms have for a configured surface.
type surface struct {
	*config.Surface
	place       int // in the configuration
	identity    *identity.Rule
	outcome     *outcome.Rule
	lockout     *lockout.Rule
	attempt     *attempt.Rule
	burst       *burst.Rule
	bypass      *bypass.Rule
	quota       *quota.Rules
	budget      *budget.Rule
	concurrency *concurrency.Rules
	scope       *scope.Rules
	mcp         *mcp.Rule
	accounts    *credential.Fields
	oauth       *oauth.Rule  // nil: OAuth clients do not find their way from its 401s
	last        refusal.Last // of the refusals for failures

	passed, refused, shadowed, knownGood report.Counter
}

const (
	// noSurface labels refusals that belong to no surface. No surface has this name.
	noSurface        = "_"
	rateLimitedTotal = "gatewarden_rate_limited_requests_total"
	requestsTotal    = "gatewarden_requests_total"
)

// readySurface collects what the rooms have for a surface.
func (f *Filter) readySurface(i int) {
	s := &f.surfaces[i]
	*s = surface{
		Surface:     &f.config.Surfaces[i],
		place:       i,
		identity:    f.identity.Rule(i),
		outcome:     f.outcome.Rule(i),
		lockout:     f.lockout.Rule(i),
		attempt:     f.attempt.Rule(i),
		burst:       f.burst.Rule(i),
		bypass:      f.bypass.Rule(i),
		quota:       f.quota.Rules(i),
		budget:      f.budget.Rule(i),
		concurrency: f.concurrency.Rules(i),
		scope:       f.scope.Rules(i),
		mcp:         f.mcp.Rule(i),
		accounts:    credential.NewFields(f.attempt.Rule(i).Fields()),
		oauth:       f.oauth.Rule(i),
	}
	f.metrics.Define(&s.passed, requestsTotal, "surface", s.Name, "outcome", "passed")
	f.metrics.Define(&s.refused, requestsTotal, "surface", s.Name, "outcome", "refused")
	f.metrics.Define(&s.shadowed, requestsTotal, "surface", s.Name, "outcome", "shadowed")
	f.metrics.Define(&s.knownGood, requestsTotal, "surface", s.Name, "outcome", "known_good")
}

// discoveries returns for each surface what a refusal tells OAuth clients about where to
// get a token.
func (f *Filter) discoveries() []string {
	list := make([]string, len(f.surfaces))
	for i := range list {
		list[i] = f.oauth.Rule(i).Discovery()
	}
	return list
}
