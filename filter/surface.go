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

// noSurface labels refusals that belong to no surface. No surface has this name.
const noSurface = "_"

// readySurface collects what the rooms have for a surface.
func (f *Filter) readySurface(i int) {
	s := &f.surfaces[i]
	s.Surface, s.place = &f.config.Surfaces[i], i
	s.identity = f.identity.Rule(i)
	s.outcome = f.outcome.Rule(i)
	s.lockout = f.lockout.Rule(i)
	s.attempt = f.attempt.Rule(i)
	s.burst = f.burst.Rule(i)
	s.bypass = f.bypass.Rule(i)
	s.quota = f.quota.Rules(i)
	s.budget = f.budget.Rule(i)
	s.concurrency = f.concurrency.Rules(i)
	s.scope = f.scope.Rules(i)
	s.mcp = f.mcp.Rule(i)
	s.accounts = credential.NewFields(s.attempt.Fields())
	s.oauth = f.oauth.Rule(i)
	total := report.By("gatewarden_requests_total", "surface", s.Name)
	f.metrics.DefineBy(&s.passed, total, "outcome", "passed")
	f.metrics.DefineBy(&s.refused, total, "outcome", "refused")
	f.metrics.DefineBy(&s.shadowed, total, "outcome", "shadowed")
	f.metrics.DefineBy(&s.knownGood, total, "outcome", "known_good")
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
