package main

import (
	"time"

	"github.com/gatewarden/gatewarden/bench/internal/guests"
	"github.com/gatewarden/gatewarden/bench/internal/proxy"
)

// Names of variants that targets ask for.
const (
	lockout    = "lockout"
	trustedXFF = "xff"
	oneQuota   = "quota-1"
	threeOne   = "quota-3-one-payer"
	threeThree = "quota-3"
)

// few is what the groups get that no target is held to, or that have many variants.
func (b *bench) few() (rounds int, each time.Duration) {
	return min(b.rounds, 5), min(b.duration, 1500*time.Millisecond)
}

// fewer is what two workers get, with whom the load shares the cores of a small machine.
func (b *bench) fewer() (rounds int, each time.Duration) {
	return min(b.rounds, 3), min(b.duration, time.Second)
}

// passGroups are requests that pass, by one worker and by two. The targets are held to
// the first.
func (b *bench) passGroups() []group {
	rounds, each := b.fewer()
	return []group{
		{name: "pass/1", workers: 1, rounds: b.rounds, each: b.duration, paced: b.pacing(), members: b.passing()},
		{name: "pass/2", workers: 2, rounds: rounds, each: each, members: b.passing()},
	}
}

// pacing is how long latencies are measured for.
func (b *bench) pacing() time.Duration { return min(b.duration, time.Second) }

func (b *bench) passing() []variant {
	local := b.peer("local_ratelimit", "local_ratelimit by address, with headers", proxy.LocalQuotas([]proxy.Rule{perClient.rule()}, plenty, tableClients))
	local.told = []quota{perClient}
	lua := b.peer("lua", "Lua that counts 401s (each worker alone)", proxy.Lua(failures))
	lua.provoked = proxy.FailPath
	all := []variant{b.bareEnvoy(), local, lua}
	if b.tools.ratelimit != "" {
		service := b.rateLimit(perTenant, plenty)
		service.told = []quota{perTenant}
		all = append(all, service)
	}
	if b.modules[rawOf(guests.Rust)] != "" {
		rust := b.floor(guests.Rust)
		rust.raw = rawOf(b.compilers[0])
		all = append(all, rust)
	}
	for _, c := range b.compilers {
		empty := b.onEnvoy("empty-"+c, "empty Wasm filter, "+compilerName(c), b.wasm(guests.Empty, c, ""))
		empty.raw = rawOf(c)
		all = append(all, empty, b.floor(c))
		if c == b.compilers[0] {
			more := b.onEnvoy("callbacks-"+c, "the same with three more callbacks, "+compilerName(c), b.wasm(guests.Callbacks, c, ""))
			more.raw = rawOf(c)
			all = append(all, more)
		}
		all = append(all, b.gatewarden(lockout, "lockout", c, lockoutConfig), b.byXFF(c),
			b.withQuotas(oneQuota, "one quota", c, payers(perTenant, 1)),
			b.withQuotas(threeOne, "three quotas, one payer", c, payers(perTenant, 3)),
			b.withQuotas(threeThree, "three quotas, three payers", c, []quota{perTenant, perSubject, perClient}))
	}
	return all
}

// byXFF reads the client's address from the header.
func (b *bench) byXFF(compiler string) variant {
	return b.gatewarden(trustedXFF, `lockout, client.source "xff"`, compiler, configured(`"client": {"source": "xff"}`, lockoutMembers))
}

// otherGroups are the proxies that are not Envoy, where they are installed. They have
// little in common with it, so that nothing is compared but what a request takes.
func (b *bench) otherGroups() []group {
	var members []variant
	add := func(name, label string, start func(int) (*proxy.Server, error)) {
		v := variant{name: name, label: label, start: start, path: proxy.PassPath, status: 200, body: proxy.Body}
		members = append(members, v)
	}
	if b.tools.nginx != "" {
		add("nginx", "nginx, limit_req (counts requests)", func(workers int) (*proxy.Server, error) {
			return proxy.Nginx{Binary: b.tools.nginx, Workers: workers, Rate: "1000000r/s", Burst: 100_000}.Start()
		})
	}
	if b.tools.haproxy != "" {
		add("haproxy", "HAProxy, stick table that counts 401s", func(workers int) (*proxy.Server, error) {
			return proxy.HAProxy{Binary: b.tools.haproxy, Workers: workers}.Start()
		})
		members[len(members)-1].provoked = proxy.FailPath
	}
	if len(members) == 0 {
		return nil
	}
	members = append(members, b.bareEnvoy())
	rounds, each := b.few()
	return []group{{name: "others/1", workers: 1, rounds: rounds, each: each, paced: b.pacing(), members: members}}
}
