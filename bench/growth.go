package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/bench/internal/guests"
	"github.com/gatewarden/gatewarden/bench/internal/load"
	"github.com/gatewarden/gatewarden/bench/internal/proxy"
)

// How cost grows with what a user configures or an attacker chooses. A smoke run
// takes the first and the last of each, and no large crowds.
var (
	ruleCounts    = []int{1, 2, 4, 8, 16}
	toolCounts    = []int{1, 10, 100, 1000}
	surfaceCounts = []int{4, 16, 64}
	headerSizes   = []int{0, 4 << 10, 32 << 10}
	tenantCounts  = []int{1, 1_000, 100_000, 1_000_000}
	clientCounts  = []int{1_000, 100_000, 1_000_000}
)

// tenantTable has a place for each tenant, and some to spare: tenants do not spread
// evenly over its sets.
const tenantTable = 2 << 20

func (b *bench) some(steps []int) []int {
	if b.quick {
		return []int{steps[0], steps[len(steps)-1]}
	}
	return steps
}

// crowds are how many clients or tenants there are; a smoke run has no large ones.
func (b *bench) crowds(steps []int) []int {
	const small = 1_000
	if b.quick {
		return slices.DeleteFunc(slices.Clone(steps), func(n int) bool { return n > small })
	}
	return steps
}

// growthGroups are by the first compiler, but for the clients: growth is the filter's.
func (b *bench) growthGroups() []group {
	rounds, _ := b.few()
	each := min(b.duration, time.Second)
	c := b.compilers[0]
	grown := func(name string, members []variant) group {
		return group{name: "growth/" + name, workers: 1, rounds: rounds, each: each, members: members}
	}
	return []group{
		grown("rules", b.growingRules(c)), grown("tools", b.growingTools(c)), grown("surfaces", b.growingSurfaces(c)),
		grown("headers", b.growingHeaders(c)), grown("tenants", b.growingTenants(c)), grown("clients", b.growingClients()),
	}
}

// sized is a variant for one of the steps.
func sized(v variant, name string, n int) variant {
	v.name = fmt.Sprintf("%s/%d", name, n)
	return v
}

func (b *bench) growingRules(c string) []variant {
	all := []variant{b.bareEnvoy(), b.floor(c)}
	for _, n := range b.some(ruleCounts) {
		all = append(all, sized(b.withQuotas("", "quotas", c, payers(perTenant, n)), "gatewarden", n))
	}
	return all
}

// growingTools calls the last tool of many.
func (b *bench) growingTools(c string) []variant {
	call := mcpCall(1 << 10)
	all := []variant{b.onService(bare, "Envoy alone", call, nil), b.mcpFloor(c, call)}
	for _, n := range b.some(toolCounts) {
		all = append(all, sized(b.mcpCaller(c, call, n), "gatewarden", n))
	}
	return all
}

// growingSurfaces asks for the last of many surfaces.
func (b *bench) growingSurfaces(c string) []variant {
	all := []variant{b.bareEnvoy(), b.floor(c)}
	for _, n := range b.some(surfaceCounts) {
		all = append(all, sized(b.gatewarden("", "surfaces", c, manySurfaces(n)), "gatewarden", n))
	}
	return all
}

// manySurfaces is a configuration in which the surface that is asked for is the
// last of n.
func manySurfaces(n int) string {
	var surfaces []string
	for i := range n - 1 {
		surfaces = append(surfaces, fmt.Sprintf(
			`{"name": "s%d", "kind": "api", "match": [{"prefix": "/area%d/v1"}]}`, i, i))
	}
	surfaces = append(surfaces, `{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}]}`)
	return configured(`"surfaces": [` + strings.Join(surfaces, ", ") + `]`)
}

// growingHeaders has many headers, which the raw host calls have to copy, too.
func (b *bench) growingHeaders(c string) []variant {
	var all []variant
	for _, n := range b.some(headerSizes) {
		for _, v := range []variant{b.bareEnvoy(), b.floor(c), b.gatewarden("gatewarden", "headers", c, lockoutConfig)} {
			v = sized(v, v.name, n)
			v.base, v.raw = fmt.Sprintf("%s/%d", bare, n), fmt.Sprintf("%s/%d", rawOf(c), n)
			v.headers = append(v.headers, extraHeaders(n)...)
			all = append(all, v)
		}
	}
	return all
}

// extraHeaders are of a kilobyte each.
func extraHeaders(size int) [][2]string {
	const each = 1 << 10
	var headers [][2]string
	for i := range size / each {
		headers = append(headers, [2]string{fmt.Sprintf("X-Extra-%02d", i), strings.Repeat("x", each-16)})
	}
	return headers
}

// growingTenants counts many tenants by one quota.
func (b *bench) growingTenants(c string) []variant {
	all := []variant{b.bareEnvoy(), b.floor(c)}
	for _, n := range b.crowds(tenantCounts) {
		v := b.gatewarden("", "tenants", c, quotaConfig(payers(perTenant, 1), plenty, fmt.Sprintf(`"table": {"quotas": %d}`, tenantTable)))
		v.counters = append(v.counters, quotaCounters(1)...)
		v.turns, v.fill, v.spread = load.Names(perTenant.header, n), b.fillOf(n), true
		all = append(all, sized(v, "gatewarden", n))
	}
	return all
}

// growingClients fails with many clients. Nobody is locked out.
func (b *bench) growingClients() []variant {
	measured := []variant{
		b.peer("local_ratelimit", "", proxy.LocalRateLimit(plenty, tableClients)), b.peer("lua", "", proxy.Lua(plenty)),
	}
	for _, c := range b.compilers {
		v := b.gatewarden("gatewarden", "", c, patientConfig)
		v.provoked = "" // the limit is too high for that
		measured = append(measured, v)
	}
	all := []variant{failing(b.bareEnvoy())}
	for _, c := range b.compilers {
		all = append(all, failing(b.floor(c)))
	}
	for _, v := range measured {
		for _, n := range b.crowds(clientCounts) {
			if n > mostPeers && !wasmOf(v) {
				continue
			}
			w := failing(v)
			w.turns, w.fill = load.Addresses(n), b.fillOf(n)
			all = append(all, sized(w, v.name, n))
		}
	}
	return all
}

// mostPeers is where it can be seen how peers grow.
const mostPeers = 100_000

// failing gets a wrong credential, as the service says.
func failing(v variant) variant {
	v.path, v.status, v.body = proxy.FailPath, 401, proxy.Body
	if len(v.counters) > 0 {
		v.counters = []counter{counterOf(failedCounter)}
	}
	return v
}

// failedCounter has the failures.
const failedCounter = "wasmcustom.gatewarden_auth_failures_total.surface.rest"

// patientConfig makes a record for each failing client, and locks none out.
var patientConfig = strings.Replace(lockoutConfig, `"failures": 20`, `"failures": 1000000`, 1)

// fillOf lets each of so many come at least once.
func (b *bench) fillOf(n int) int {
	if b.quick {
		return max(n, 2_000)
	}
	return max(n, fewFirst)
}

// wasmOf tells that a variant is Gatewarden, in rows of growth.
func wasmOf(v variant) bool { return strings.HasPrefix(v.name, guests.Gatewarden) }
