package main

import (
	"github.com/gatewarden/gatewarden/bench/internal/guests"
	"github.com/gatewarden/gatewarden/bench/internal/proxy"
)

// overQuota is the direct response that refusals by a quota are compared with, bare the
// one for those by a lockout.
const overQuota = "bare-quota"

// lockedOut is what Gatewarden refuses with, but for the seconds.
var lockedOut = proxy.Answer{
	Status: 429,
	Headers: [][2]string{
		{"retry-after", "3599"}, {"cache-control", "no-store"},
		{"ratelimit", `"lockout-rest";r=0;t=3599`}, {"content-type", "application/problem+json"},
	},
	Body: `{"type":"https://iana.org/assignments/http-problem-types#abnormal-usage-detected","title":"Abnormal usage detected",` +
		`"status":429,"detail":"Too many failed authentications. Try again in 3599 seconds.","violated-policies":["lockout-rest"]}`,
}

// quotaUsedUp is the same for a quota.
var quotaUsedUp = proxy.Answer{
	Status: 429,
	Headers: [][2]string{
		{"retry-after", "2591999"}, {"cache-control", "no-store"},
		{"ratelimit-policy", `"q0";q=20;w=2592000`}, {"ratelimit", `"q0";r=0;t=2591999`},
		{"x-ratelimit-limit", "20"}, {"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "2591999"},
		{"content-type", "application/problem+json"},
	},
	Body: `{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded","title":"Request cannot be satisfied as assigned quota has been exceeded",` +
		`"status":429,"detail":"Rate limit exceeded. Try again in 2591999 seconds.","violated-policies":["q0"]}`,
}

// refuseGroups are requests that are refused.
func (b *bench) refuseGroups() []group {
	_, each := b.few()
	rounds, short := b.fewer()
	return []group{
		{name: "refuse/1", workers: 1, rounds: b.rounds, each: each, paced: b.pacing(), members: b.refusing()},
		{name: "refuse/2", workers: 2, rounds: rounds, each: short, members: b.refusing()},
	}
}

func (b *bench) refusing() []variant {
	local := b.peer("local_ratelimit", "local_ratelimit by address, with headers", proxy.LocalQuotas([]proxy.Rule{perClient.rule()}, little, tableClients))
	local.provoked = proxy.PassPath
	lua := b.peer("lua", "Lua that counts 401s", proxy.Lua(failures))
	lua.provoked = proxy.FailPath
	all := []variant{
		b.direct(bare, "Envoy alone, the answer of a lockout as a direct response", lockedOut),
		b.direct(overQuota, "Envoy alone, the answer of a quota as a direct response", quotaUsedUp),
		local, lua,
	}
	if b.tools.ratelimit != "" {
		service := b.rateLimit(perTenant, little)
		service.provoked = proxy.PassPath
		all = append(all, service)
	}
	for i := range all[2:] {
		all[2+i].raw = ""
	}
	for _, c := range b.compilers {
		all = append(all, b.refusingLockout(c), b.refusingQuota(c))
	}
	for i := range all {
		all[i].status = 429
	}
	return all
}

// direct answers with a direct response.
func (b *bench) direct(name, label string, answer proxy.Answer) variant {
	v := b.onEnvoy(name, label, nil)
	v.base, v.path, v.status = name, proxy.DenyPath, 429
	v.start = func(workers int) (*proxy.Server, error) {
		e := b.envoy(workers, nil)
		e.Denied = answer
		return e.Start()
	}
	return v
}

// refusingLockout is asked by a client that has failed often enough before.
func (b *bench) refusingLockout(compiler string) variant {
	v := b.gatewarden(lockout, "lockout", compiler, lockoutConfig)
	v.raw, v.status, v.resemble, v.counters = "", 429, &lockedOut, []counter{counterOf(refusedCounter)}
	return v
}

// refusingQuota is asked by a tenant whose quota is used up.
func (b *bench) refusingQuota(compiler string) variant {
	v := b.onEnvoy(oneQuota+"-"+compiler, "Gatewarden, one quota, "+compilerName(compiler),
		b.wasm(guests.Gatewarden, compiler, quotaConfig(payers(perTenant, 1), little)))
	v.base, v.status, v.provoked, v.resemble, v.counters = overQuota, 429, proxy.PassPath, &quotaUsedUp, []counter{counterOf(overQuotaCounter)}
	return v
}
