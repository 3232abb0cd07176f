package main

import (
	"fmt"
	"strings"

	"github.com/gatewarden/gatewarden/bench/internal/proxy"
)

// quota is a rule that every peer can have: so much for each value of something.
type quota struct {
	// per is Gatewarden's word for it.
	per string
	// header says who pays: all requests of the load have the value own, and
	// nobody else has.
	header, own, other string
}

// rule is the same for Envoy's filters.
func (q quota) rule() proxy.Rule {
	if q.header == forwardedFor {
		return proxy.Rule{}
	}
	return proxy.Rule{Header: q.header}
}

var (
	perTenant  = quota{per: "tenant", header: "X-Tenant-Id", own: "acme", other: "globex"}
	perSubject = quota{per: "subject", header: "X-User-Id", own: "alice", other: "bob"}
	perClient  = quota{per: "client", header: forwardedFor, own: "192.0.2.1", other: stranger}
)

// plenty is a limit that no measurement reaches, little one that is used up at once.
const (
	plenty = 1_000_000_000
	little = 20
)

// own is what the load says of who pays.
func own() [][2]string {
	var headers [][2]string
	for _, q := range []quota{perTenant, perSubject, perClient} {
		headers = append(headers, [2]string{q.header, q.own})
	}
	return headers
}

// lockoutMembers are the surfaces: the default, with lockouts longer than any measurement.
const lockoutMembers = `"surfaces": [
	{"name": "consent", "kind": "oauth-consent", "match": [{"path": "/oauth/authorize", "methods": ["POST"]}]},
	{"name": "token", "kind": "oauth-token", "match": [{"path": "/oauth/token"}]},
	{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}]},
	{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {"failures": 20, "window": "1h"}}
]`

// configured is the filter's configuration with these members of its object.
func configured(members ...string) string { return "{" + strings.Join(members, ",\n") + "}" }

// lockoutConfig has lockouts alone.
var lockoutConfig = configured(lockoutMembers)

// identified trusts a gateway to name the caller.
const identified = `"identity": [{"source": "headers", "subject": "x-user-id", "tenant": "x-tenant-id"}]`

// payers are n quotas of one payer.
func payers(q quota, n int) []quota {
	var all []quota
	for range n {
		all = append(all, q)
	}
	return all
}

// quotaConfig is lockoutConfig with these quotas and further members.
func quotaConfig(quotas []quota, limit int, members ...string) string {
	if len(quotas) == 0 {
		return lockoutConfig
	}
	var rules []string
	for i, q := range quotas {
		rules = append(rules, fmt.Sprintf(`{"name": %q, "per": [%q], "limit": %d, "window": "30d"}`, quotaName(i), q.per, limit))
	}
	quotaMember := `"quotas": [` + strings.Join(rules, ", ") + `]`
	return configured(append([]string{lockoutMembers, identified, quotaMember}, members...)...)
}

func quotaName(i int) string { return fmt.Sprintf("q%d", i) }

// quotaCounters have to have counted each request by each quota.
func quotaCounters(n int) []counter {
	var all []counter
	for i := range n {
		all = append(all, counterOf("wasmcustom.gatewarden_quota_requests_total.rule."+quotaName(i)+".outcome.admitted"))
	}
	return all
}

// withQuotas is Gatewarden with quotas that nobody reaches.
func (b *bench) withQuotas(does, label, compiler string, quotas []quota) variant {
	v := b.gatewarden(does, label, compiler, quotaConfig(quotas, plenty))
	v.counters = append(v.counters, quotaCounters(len(quotas))...)
	return v
}

// rateLimit is Envoy's filter, with the service and Redis.
func (b *bench) rateLimit(q quota, limit int) variant {
	v := b.peer("ratelimit", "ratelimit with Redis, one rule", nil)
	rules := []proxy.Rule{q.rule()}
	v.start = func(workers int) (*proxy.Server, error) {
		return b.withService(b.envoy(workers, proxy.RateLimit(rules)), proxy.ServiceLimits(rules, limit)).Start()
	}
	return v
}

func (b *bench) withService(e proxy.Envoy, limits string) proxy.EnvoyWithService {
	return proxy.EnvoyWithService{
		Envoy: e, Limits: limits, Service: proxy.RateLimitService{Service: b.tools.ratelimit, Redis: b.tools.redis},
	}
}
