package simulate

import (
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/forecast"
	"github.com/gatewarden/gatewarden/config"
)

var kindNames = [...]string{
	config.KindAPI: "api", config.KindMCP: "mcp",
	config.KindOAuthToken: "oauth-token", config.KindOAuthConsent: "oauth-consent", config.KindLogin: "login",
}

var unitNames = [...]string{config.Requests: "requests", config.Credits: "credits"}

// forecast is what came of the variant.
func (v *variant) forecast() forecast.Variant {
	v.filter.Flush()
	out := forecast.Variant{
		Name: v.name, Unguarded: v.unguarded, Malformed: v.malformed, Surfaces: []forecast.Surface{}, Quotas: []forecast.Quota{},
		Clients: v.clients.forecast(), ClientsLocked: len(v.clients.locked.seen), ClientsHurt: len(v.clients.hurt.seen),
		Payers: v.payers.list, AtLeast: v.clients.locked.over || v.clients.hurt.over, NetworkLockouts: v.networks,
	}
	out.Reasons = map[string]int64{}
	for _, name := range []string{"table_evictions", "table_full", "quota_table_evictions", "quota_table_full"} {
		out.Forgotten += v.host.Metric("gatewarden_" + name + "_total")
	}
	var all []*series
	for i := range v.surfaces {
		all = append(all, &v.surfaces[i].series)
	}
	alike(all)
	for i := range v.surfaces {
		s := &v.surfaces[i]
		s.sums.Undecided = s.doubts.undecided()
		out.Surfaces = append(out.Surfaces, forecast.Surface{
			Name: s.config.Name, Kind: kindNames[s.config.Kind], Sums: s.sums, Series: s.series.forecast(),
		})
		add(&out.Sums, &s.sums)
	}
	for i := range v.adapted.Quotas {
		q := &v.adapted.Quotas[i]
		if q.Off() {
			continue
		}
		requests := "gatewarden_quota_requests_total.rule." + q.Name + ".outcome."
		out.Quotas = append(out.Quotas, forecast.Quota{
			Name: q.Name, Unit: unitNames[q.Unit], Credits: v.host.Metric("gatewarden_credits_total.rule." + q.Name + ".outcome.committed"),
			Admitted:   v.host.Metric(requests + "admitted"),
			Refused:    v.host.Metric(requests+"refused") + v.host.Metric(requests+"shadowed"),
			Unverified: v.host.Metric("gatewarden_quota_unverified_total.rule." + q.Name),
		})
	}
	return out
}

func add(to, more *forecast.Sums) {
	to.Requests += more.Requests
	to.Failures += more.Failures
	to.Repeated += more.Repeated
	to.Lockouts += more.Lockouts
	to.Assumed += more.Assumed
	to.Undecided += more.Undecided
	to.Refused += more.Refused
	to.Stopped += more.Stopped
	to.Lost += more.Lost
	to.Unclear += more.Unclear
	to.Others += more.Others
	for reason, n := range more.Reasons {
		to.Reasons[reason] += n
	}
}
