package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/bench/internal/guests"
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

// quotas are measured from the first on. The load has no X-Forwarded-For: its client
// is this machine.
var quotas = []quota{
	{per: "tenant", header: "X-Tenant-Id", own: "acme", other: "globex"},
	{per: "subject", header: "X-User-Id", own: "alice", other: "bob"},
	{per: "client", header: forwardedFor, other: stranger},
}

// quotaCounts is how many of them are measured together.
var quotaCounts = []int{0, 1, 3}

// plenty is a limit that no measurement reaches, little one that is used up at once.
const (
	plenty = 1_000_000_000
	little = 20
)

// own is what the load says of who pays.
func own() [][2]string {
	var headers [][2]string
	for _, q := range quotas {
		if q.own != "" {
			headers = append(headers, [2]string{q.header, q.own})
		}
	}
	return headers
}

// quotaConfig is gatewardenConfig with the first n quotas.
func quotaConfig(n, limit int) string {
	if n == 0 {
		return gatewardenConfig
	}
	var rules []string
	for _, q := range quotas[:n] {
		rules = append(rules, fmt.Sprintf(`{"name": "per-%[1]s", "per": ["%[1]s"], "limit": %[2]d, "window": "30d"}`, q.per, limit))
	}
	return strings.TrimSuffix(gatewardenConfig, "}") + `,
"identity": [{"source": "headers", "subject": "x-user-id", "tenant": "x-tenant-id"}],
"quotas": [` + strings.Join(rules, ", ") + `]}`
}

// quotaVariants pass requests that are counted, or refuse them.
func (b *bench) quotaVariants() []variant {
	all := []variant{b.routed("quota/pass/bare", "Envoy alone", nil)}
	for _, n := range quotaCounts {
		for _, v := range b.quotaPeers("quota/pass/", n, plenty) {
			v.quotas = quotas[:n]
			all = append(all, v)
		}
	}
	for _, v := range b.quotaPeers("quota/refuse/", 1, little) {
		v.status, v.provoked = 429, proxy.PassPath
		if v.counter != "" {
			v.counter = overQuotaCounter
		}
		all = append(all, v)
	}
	return all
}

// routed is onEnvoy with a route that the ratelimit filter heeds.
func (b *bench) routed(name, label string, filter any) variant {
	v := b.onEnvoy(name, label, nil)
	v.body, v.headers = proxy.RoutedBody, own()
	v.start = func(workers int) (*proxy.Server, error) { return b.routedEnvoy(workers, filter).Start() }
	return v
}

func (b *bench) routedEnvoy(workers int, filter any) proxy.Envoy {
	return proxy.Envoy{Binary: b.tools.envoy, Workers: workers, Filter: filter, Routed: true}
}

// quotaPeers are those that can count requests by the first n quotas; by none, that
// is Gatewarden.
func (b *bench) quotaPeers(prefix string, n, limit int) []variant {
	var rules []proxy.Rule
	for _, q := range quotas[:n] {
		rules = append(rules, q.rule())
	}
	suffix, counted := "-"+strconv.Itoa(n), ", "+plural(n, "rule")
	if n == 0 {
		counted = ", no rule"
	}
	var peers []variant
	if n > 0 {
		peers = append(peers, b.routed(prefix+"local_ratelimit"+suffix, "Envoy, local_ratelimit"+counted,
			proxy.LocalQuotas(rules, limit, tableClients)))
	}
	if n > 0 && b.tools.ratelimit != "" {
		v := b.routed(prefix+"ratelimit"+suffix, "Envoy, ratelimit with Redis"+counted, nil)
		v.start = func(workers int) (*proxy.Server, error) {
			return proxy.EnvoyWithService{
				Envoy:   b.routedEnvoy(workers, nil),
				Service: proxy.RateLimitService{Service: b.tools.ratelimit, Redis: b.tools.redis}, Rules: rules, Limit: limit,
			}.Start()
		}
		peers = append(peers, v)
	}
	for _, c := range b.compilers {
		v := b.routed(prefix+"gatewarden-"+c+suffix, "Envoy, Gatewarden, "+compilerName(c)+counted,
			b.wasm(guests.Gatewarden, c, quotaConfig(n, limit)))
		v.counter = passedCounter
		peers = append(peers, v)
	}
	return peers
}

// quotaPairs compare Gatewarden with itself without quotas, and with the peers.
func (b *bench) quotaPairs() []pair {
	var all []pair
	for _, c := range b.compilers {
		for _, n := range quotaCounts[1:] {
			suffix := "-" + strconv.Itoa(n)
			ours := "quota/pass/gatewarden-" + c
			others := []string{ours + "-0", "quota/pass/local_ratelimit" + suffix}
			if b.tools.ratelimit != "" {
				others = append(others, "quota/pass/ratelimit"+suffix)
			}
			for i, other := range others {
				all = append(all, pair{fmt.Sprintf("pair/quota/%s%s/%d", c, suffix, i), other, ours + suffix})
			}
		}
	}
	return all
}
