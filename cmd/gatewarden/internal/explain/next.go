package explain

import (
	"fmt"
	"strings"

	"github.com/gatewarden/gatewarden/filter"
	"github.com/gatewarden/gatewarden/filter/lockout"
	"github.com/gatewarden/gatewarden/filter/refusal"
)

// next says which lines of the configuration have it otherwise.
func (w *written) next(o *outcome) []string {
	v := &o.view
	if o.reply == nil {
		return w.nextPassed(v)
	}
	at := fmt.Sprintf("surfaces[%d]", v.Surface)
	switch refusal.Reason(o.reason) {
	case refusal.LockedOut:
		return w.nextLocked(v, at)
	case refusal.RateLimited:
		return []string{at + ".lockout.pending allows more attempts at once; " + at + ".lockout.keys and .spraying say when attempts are slowed down."}
	case refusal.QuotaExceeded:
		return w.nextQuota(v)
	case refusal.InsufficientScope:
		return w.nextScopes(v)
	case refusal.TierDenied:
		return w.nextTier(v)
	case refusal.Malformed:
		return w.nextMalformed(v, at, o.reply.Status)
	case refusal.AuthDenied:
		return w.nextDenied(v, at)
	case refusal.StoreUnavailable:
		return []string{`See to it that the authorization server answers; identity[].on_error "anonymous" lets the request go on without it.`}
	case refusal.BypassDenied:
		return []string{"Send the request without the header " + w.Bypass.Header + ", or add a role of the identity to bypass.roles."}
	}
	return nil
}

func (w *written) nextMalformed(v *filter.Explanation, at string, status int) []string {
	if v.Call.Flaw != "" {
		return []string{"docs/mcp.md says what is refused, and why. Without mcp, or with mcp.surfaces that does not list " + w.Surfaces[v.Surface].Name + ", it is not read."}
	}
	if v.Surface >= 0 {
		if status == 415 {
			return []string{"Send the body as JSON, form or multipart/form-data, with its Content-Type and without Content-Encoding: " +
				"rules of " + at + ".lockout act by the account in it."}
		}
		return []string{"Send a body that names its account once. " + at + ".lockout.account_fields says which fields name it."}
	}
	if v.Path.AmbiguousHost {
		return []string{"Send one host: a name, with nothing but a port behind it.",
			"If the entries are one part of the service, give them one surface: two entries in its match."}
	}
	return []string{"Send the path without encoded slashes, dot segments and parameters.",
		"If both paths are one part of the service, give them one surface: two entries in its match."}
}

func (w *written) nextDenied(v *filter.Explanation, at string) []string {
	if v.Identity.Foreign {
		place := w.resourcePlace(v.Surface)
		return []string{"Send a token for " + w.OAuth[w.ResourceOf(v.Surface)].Resource + ", or add the name that tokens have for it to " + place + ".audiences.",
			place + ".check_audience false leaves the check to the service."}
	}
	if !v.Identity.Required {
		return []string{"Send a credential that a source in identity verifies, with the scopes " + strings.Join(v.Scope.Needed, ", ") + "."}
	}
	return []string{"Send a credential that a source in identity verifies, or set " + at + ".require to false to leave that to the service."}
}

func (w *written) nextLocked(v *filter.Explanation, at string) []string {
	for _, a := range v.Attempt.Attempts {
		if a.Key >= 0 && a.LockedUntil > v.Now {
			return []string{fmt.Sprintf(`%s.lockout.keys[%d].action "slow" slows attempts down instead.`, at, a.Key)}
		}
	}
	if v.Lockout.Refused == lockout.NetworkLimit {
		return []string{at + ".lockout.wide.failures is the limit of the client's network."}
	}
	lines := []string{at + ".lockout.failures and .window are the limit, .duration how long a lockout lasts."}
	if !w.Surfaces[v.Surface].Lockout.CountOnce {
		lines = append(lines, at+`.lockout.repeats "once" counts the same wrong credential of a client once.`)
	}
	return append(lines,
		at+".lockout.known_good lets credentials pass that have worked from the same client.",
		"client.allow lists clients that are never locked out.")
}

func (w *written) nextQuota(v *filter.Explanation) (lines []string) {
	for i, q := range v.Quotas {
		if !q.Refused {
			continue
		}
		key := "limit"
		if q.Tier != "" {
			key = "limits." + q.Tier
		}
		lines = append(lines, fmt.Sprintf("quotas[%d].%s, now %d within %s, is the limit of %s.",
			i, key, q.Limit, windowSays(&w.Quotas[i]), w.Quotas[i].Name))
	}
	return lines
}

func (w *written) nextPassed(v *filter.Explanation) []string {
	switch {
	case v.Document, v.Preflight:
		return nil
	case v.Surface < 0 && v.Path.Exempt:
		return []string{"To guard it, remove the entry from exempt."}
	case v.Surface < 0:
		return []string{"To guard it, add a match for it to a surface in surfaces."}
	case v.Shadowed:
		return []string{`To refuse it, set the mode of the rule to "enforce".`}
	case !v.Credential.Present && !v.Identity.Verified && !v.Lockout.MayFail:
		return []string{"If it carries a credential, name its header in credentials.headers, its cookie in credentials.cookies or its parameter in credentials.query."}
	}
	return nil
}
