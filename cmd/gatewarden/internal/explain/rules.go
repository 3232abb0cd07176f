package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/lockout"
	"github.com/gatewarden/gatewarden/filter/quota"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
)

// rules are those of the surface in the order in which they are asked.
func (w *written) rules(o *outcome) []Rule {
	v := &o.view
	list := w.lockoutRules(v)
	if v.Identity.Required {
		list = append(list, w.requireRule(v))
	}
	if len(v.Identity.Audience) > 0 && len(w.AudiencesOf(v.Surface)) > 0 {
		list = append(list, w.audienceRule(v))
	}
	list = append(list, w.attemptRules(v)...)
	list = append(list, w.callRules(v)...)
	if v.Burst.Counts {
		list = append(list, w.burstRule(v))
	}
	if w.Bypass.Header != "" {
		list = append(list, w.bypassRule(v))
	}
	for i := range v.Quotas {
		list = append(list, w.quotaRule(o, i))
	}
	for i := range v.InFlight {
		list = append(list, w.inFlightRule(v, i))
	}
	if v.Budget.Credits > 0 {
		list = append(list, w.budgetRule(v))
	}
	for i := range list {
		list[i].Refuses = list[i].Applies && slices.Contains(w.refusing(o), list[i].Place)
	}
	return list
}

// refusing are the places of the rules that refuse the request.
func (w *written) refusing(o *outcome) (places []string) {
	v := &o.view
	switch refusal.Reason(o.reason) {
	case refusal.LockedOut, refusal.RateLimited:
		return []string{w.place("surfaces[%d].lockout%s", v.Surface, lockedBy(v))}
	case refusal.AuthDenied:
		if v.Identity.Foreign {
			return []string{w.resourcePlace(v.Surface)}
		}
		if !v.Identity.Required {
			return w.callsRefusing(v, false)
		}
		return []string{w.place("surfaces[%d].require", v.Surface)}
	case refusal.InsufficientScope:
		return w.callsRefusing(v, false)
	case refusal.TierDenied:
		return w.callsRefusing(v, true)
	case refusal.Malformed:
		if v.Call.Flaw != "" {
			return []string{w.place("mcp")}
		}
	case refusal.BypassDenied:
		return []string{w.place("bypass")}
	case refusal.QuotaExceeded:
		for i, q := range v.Quotas {
			if q.Refused {
				places = append(places, w.place("quotas[%d]", i))
			}
		}
	}
	return places
}

// lockedBy is the key below lockout of the rule that refuses for failures.
func lockedBy(v *filter.Explanation) string {
	switch v.Lockout.Refused {
	case lockout.NetworkLimit:
		return ".wide"
	case lockout.PendingLimit:
		return ".pending"
	}
	for _, a := range v.Attempt.Attempts {
		switch {
		case !a.Refuses:
		case a.Key < 0:
			return ".spraying"
		default:
			return fmt.Sprintf(".keys[%d]", a.Key)
		}
	}
	return ""
}

func (w *written) lockoutRules(v *filter.Explanation) []Rule {
	l := &w.Surfaces[v.Surface].Lockout
	rule := Rule{Rule: "lockout", Place: w.place("surfaces[%d].lockout", v.Surface)}
	switch v.Lockout.Standing {
	case report.RuleOff:
		rule.Says = "is off (mode off, or failures 0)"
		return []Rule{rule}
	case report.OnlyPreflight:
		rule.Says = "lets CORS preflights pass, because otherwise no page could read its refusals"
		return []Rule{rule}
	case report.ClientAllowed:
		rule.Says = fmt.Sprintf("does not count this client (client.allow[%d])", v.Client.Allowed)
		return []Rule{rule}
	}
	rule.Applies = true
	rule.Says = sentence(
		fmt.Sprintf("%s within %s lock out for %s", some(int64(l.Failures), "failure"), span(l.Window), duration(l)),
		repeatsSay(l, v), modeSays(l.Mode), fleetSays(w.Fleet.Lockouts(&w.Surfaces[v.Surface])), counterSays(&v.Lockout.Client, v.Now), mayFail(v))
	list := []Rule{rule}
	if l.Wide.Failures > 0 {
		list = append(list, Rule{Rule: "wide", Place: w.place("surfaces[%d].lockout.wide", v.Surface), Applies: true, Says: sentence(
			some(int64(l.Wide.Failures), "failure")+" in the client's network lock it out", counterSays(&v.Lockout.Network, v.Now))})
	}
	if l.KnownGood.For > 0 {
		list = append(list, w.knownGoodRule(v))
	}
	return list
}

func (w *written) burstRule(v *filter.Explanation) Rule {
	return Rule{Rule: "burst", Place: w.place("burst"), Applies: true, Says: "once a worker has as many unanswered attempts of the client as it has failures left, further ones wait for up to " +
		span(int64(v.Burst.Seconds)*1000)}
}

func (w *written) knownGoodRule(v *filter.Explanation) Rule {
	rule := Rule{Rule: "known_good", Place: w.place("surfaces[%d].lockout.known_good", v.Surface), Applies: v.Lockout.Tracked}
	switch {
	case !v.Lockout.Tracked:
		rule.Says = "concerns requests with a credential only"
	case v.Lockout.Known:
		rule.Says = "knows the credential as good: it passes a lockout"
	default:
		rule.Says = "does not know the credential as good: it does not pass a lockout"
	}
	return rule
}

// duration says for how long a lockout is.
func duration(l *config.Lockout) string {
	length := "the rest of that time"
	if l.Duration > 0 {
		length = span(l.Duration)
	}
	if l.Escalate.Factor > 0 {
		length += fmt.Sprintf(", %g times longer each time up to %s", l.Escalate.Factor, span(l.Escalate.Max))
	}
	if l.Jitter > 0 {
		length += ", and up to " + span(l.Jitter) + " more"
	}
	return length
}

// repeatsSay says that a failure may not count, because of those before it.
func repeatsSay(l *config.Lockout, v *filter.Explanation) string {
	switch {
	case v.Lockout.Repeats:
		return "the same wrong credential counts once, and this one has counted"
	case l.CountOnce:
		return "the same wrong credential counts once"
	}
	return ""
}

func modeSays(m config.Mode) string {
	if m == config.ModeShadow {
		return "mode shadow: it only reports"
	}
	return ""
}

// fleetSays says whether other proxies count for a rule as well, which are not asked here.
func fleetSays(rule *config.FleetRule) string {
	switch {
	case rule == nil:
		return ""
	case rule.Mode == config.FleetSync:
		return "the fleet is asked for each request; here this proxy is alone"
	}
	return "counts with the other proxies of the fleet; here this proxy is alone"
}

// counterSays says how a counter stands.
func counterSays(c *counter.View, now int64) string {
	if c.Count == 0 && c.LockedUntil == 0 {
		return "none so far"
	}
	says := some(int64(c.Count), "failure") + " so far"
	if c.LockedUntil > now {
		return says + ", locked for another " + span(c.LockedUntil-now)
	}
	if c.WindowEnd > now {
		says += ", forgotten in " + span(c.WindowEnd-now)
	}
	return says
}

func mayFail(v *filter.Explanation) string {
	if v.Lockout.MayFail {
		return ""
	}
	return "a 401 to a request without a credential is no failure"
}

// audienceRule says whether the token is for the surface's resource.
func (w *written) audienceRule(v *filter.Explanation) Rule {
	rule := Rule{Rule: "audience", Place: w.resourcePlace(v.Surface), Applies: true, Says: "the token is for this resource"}
	if v.Identity.Foreign {
		rule.Says = "the token is for " + strings.Join(v.Identity.Audience, " and ") + "; here, it must be for " +
			strings.Join(w.AudiencesOf(v.Surface), " or ")
	}
	return rule
}

func (w *written) requireRule(v *filter.Explanation) Rule {
	rule := Rule{Rule: "require", Place: w.place("surfaces[%d].require", v.Surface), Applies: true}
	switch {
	case v.Identity.Verified:
		rule.Says = "the caller is verified: passes"
	case v.Preflight:
		rule.Applies, rule.Says = false, "lets CORS preflights pass"
	case v.Identity.Waits:
		rule.Says = "waits for the answer about the token"
	default:
		rule.Says = "the caller is not verified: refused"
	}
	return rule
}

// attemptRules are those about bursts, accounts and credentials.
func (w *written) attemptRules(v *filter.Explanation) (list []Rule) {
	l, at := &w.Surfaces[v.Surface].Lockout, v.Surface
	if v.Lockout.Standing != report.Applies {
		return nil
	}
	if l.Pending > 0 {
		list = append(list, Rule{Rule: "pending", Place: w.place("surfaces[%d].lockout.pending", at), Applies: v.Lockout.MayFail,
			Says: fmt.Sprintf("as many attempts at once as failures are left, and %d more", l.Pending)})
	}
	for i := range l.Keys {
		list = append(list, w.keyRule(v, i))
	}
	if l.Stuffing.Credentials > 0 {
		list = append(list, Rule{Rule: "stuffing", Place: w.place("surfaces[%d].lockout.stuffing", at), Applies: v.Attempt.Stuffs,
			Says: fmt.Sprintf("%d different credentials that fail within %s are %s; %d so far",
				l.Stuffing.Credentials, span(l.Stuffing.Window), consequence(l.Stuffing.Lock, "a lockout"), v.Attempt.Stuffing.Count)})
	}
	if l.Spraying.Clients > 0 {
		list = append(list, Rule{Rule: "spraying", Place: w.place("surfaces[%d].lockout.spraying", at), Applies: v.Attempt.Sprays,
			Says: fmt.Sprintf("%d different clients that fail at one account within %s are %s",
				l.Spraying.Clients, span(l.Spraying.Window), consequence(l.Spraying.Slow, "a reason to slow its attempts down"))})
	}
	return list
}

func consequence(acts bool, what string) string {
	if acts {
		return what
	}
	return "reported"
}

func (w *written) keyRule(v *filter.Explanation, i int) Rule {
	k := &w.Surfaces[v.Surface].Lockout.Keys[i]
	what, act := "account", "slow attempts down"
	if k.By == config.ByCredential {
		what = "credential"
	}
	if k.Lock {
		act = "lock it"
	}
	who := "from anywhere"
	if k.Client {
		who = "from one client"
	}
	rule := Rule{Rule: "keys", Place: w.place("surfaces[%d].lockout.keys[%d]", v.Surface, i)}
	rule.Says = fmt.Sprintf("%s of an %s %s within %s %s", some(int64(k.Failures), "failure"), what, who, span(k.Window), act)
	rule.Says = strings.Replace(rule.Says, "an credential", "a credential", 1)
	found := false
	for _, a := range v.Attempt.Attempts {
		if a.Key == i {
			rule.Applies, found = true, true
			rule.Says += "; " + counterSays(&a.View, v.Now)
		}
	}
	if !found {
		rule.Says += "; the request attempts none"
	}
	return rule
}

func (w *written) bypassRule(v *filter.Explanation) Rule {
	rule := Rule{Rule: "bypass", Place: w.place("bypass"), Applies: v.AsksBypass}
	switch {
	case !v.AsksBypass:
		rule.Says = "is not asked for (header " + w.Bypass.Header + ": true)"
	case v.Bypassed:
		rule.Says = "the identity has a role for it: no quota and no limit holds"
	case v.Identity.Verified:
		rule.Says = "the identity has none of the roles " + strings.Join(w.Bypass.Roles, ", ")
	default:
		rule.Says = "has no effect, because the caller is not verified"
	}
	return rule
}

func (w *written) quotaRule(o *outcome, i int) Rule {
	v := &o.view
	q, view := &w.Quotas[i], &v.Quotas[i]
	rule := Rule{Rule: "quota " + q.Name, Place: w.place("quotas[%d]", i)}
	switch view.Standing {
	case report.RuleOff:
		rule.Says = "is off"
	case report.OnlyPreflight:
		rule.Says = "is not for CORS preflights"
	case report.OtherSurface:
		rule.Says = "is for other surfaces: " + strings.Join(q.Surfaces, ", ")
	case report.OtherRequest:
		rule.Says = "is for other paths or methods"
	case report.Overridden:
		rule.Says = fmt.Sprintf("is overridden by quotas[%d], %s", view.By, w.Quotas[view.By].Name)
	case report.CostsNothing:
		rule.Says = "counts credits, and the request costs none"
	case report.NoLimit:
		rule.Says = "sets no limit for this caller"
	default:
		rule.Applies = !v.Bypassed
		rule.Says = sentence(w.payer(q, v, view), w.price(q, view), modeSays(q.Mode), fleetSays(w.Fleet.Quota(q)), balance(o, view))
	}
	return rule
}

func (w *written) budgetRule(v *filter.Explanation) Rule {
	s, b := w.QuotaService, &v.Budget
	says := fmt.Sprintf("the cluster %s is asked to reserve %s of the tenant %q, subject %q; here it is taken to do so", s.Cluster, some(int64(b.Credits), "credit"), b.Tenant, b.Subject)
	return Rule{Rule: "quota service " + s.Name, Place: w.place("quota_service"), Applies: !v.Bypassed, Says: sentence(says, modeSays(s.Mode))}
}

var algorithms = map[config.Algorithm]string{
	config.FixedWindow: "fixed window", config.SlidingWindow: "sliding window", config.GCRA: "gcra",
}

// payer names the payer.
func (w *written) payer(q *config.Quota, v *filter.Explanation, view *quota.View) string {
	if view.Fallback {
		return "the client's address pays, because the configured payer is not verified"
	}
	var parts []string
	for _, part := range []struct {
		is   config.Per
		says string
	}{
		{config.PerClient, "the client's address"}, {config.PerCredential, "the credential"},
		{config.PerSubject, fmt.Sprintf("the subject %q", v.Identity.Subject)},
		{config.PerTenant, fmt.Sprintf("the tenant %q", v.Identity.Tenant)}, {config.PerPath, pathSays(view)},
	} {
		if q.Per&part.is != 0 {
			parts = append(parts, part.says)
		}
	}
	return strings.Join(parts, " with ") + " pays"
}

func pathSays(view *quota.View) string {
	if view.Path == "" {
		return "all paths that can be read in several ways"
	}
	return "the path " + view.Path
}

func (w *written) price(q *config.Quota, view *quota.View) string {
	tier := ""
	if len(q.Tiers) > 0 {
		tier = ", the limit of everybody else"
	}
	if view.Tier != "" {
		tier = fmt.Sprintf(", the limit of the tier %q", view.Tier)
	}
	unit := ""
	if q.Unit == config.Credits {
		unit = "credits "
	}
	return fmt.Sprintf("%d of %d %swithin %s (%s)%s", view.Cost, view.Limit, unit, windowSays(q), algorithms[q.Algorithm], tier)
}

// windowSays says how long a quota's window is.
func windowSays(q *config.Quota) string {
	switch q.Calendar {
	case config.CalendarDay:
		return "a day of the calendar"
	case config.CalendarMonth:
		return "a month of the calendar"
	}
	return span(q.Window)
}

// balance is what is left. A request that is refused has not paid.
func balance(o *outcome, view *quota.View) string {
	says := fmt.Sprint(view.Left, " left after it")
	if o.reply != nil {
		says = fmt.Sprint(view.Left, " left")
	}
	if view.More > o.view.Now {
		says += ", more in " + span(view.More-o.view.Now)
	}
	return says
}

var shares = map[config.Share]string{
	config.PerSurface: "on this surface", config.PerIdentity: "per caller", config.PerAll: "in all",
}

func (w *written) inFlightRule(v *filter.Explanation, i int) Rule {
	l := &w.Concurrency[i]
	rule := Rule{Rule: "concurrency " + l.Name, Place: w.place("concurrency[%d]", i)}
	switch v.InFlight[i].Standing {
	case report.RuleOff:
		rule.Says = "is off"
	case report.OtherSurface:
		rule.Says = "is for other surfaces: " + strings.Join(l.Surfaces, ", ")
	default:
		rule.Applies = !v.Bypassed
		rule.Says = sentence(fmt.Sprintf("at most %s in flight %s; this one is alone", some(int64(l.Limit), "request"), shares[l.Per]), modeSays(l.Mode))
	}
	return rule
}
