package main

import (
	"slices"

	"github.com/gatewarden/gatewarden/bench/internal/guests"
	"github.com/gatewarden/gatewarden/bench/internal/proxy"
)

// variant is something to measure: a proxy that passes or refuses requests.
type variant struct {
	// name is "pass/" or "refuse/" and what does it.
	name  string
	label string
	start func(workers int) (*proxy.Server, error)
	// path is asked for, and answered with status; body is what it is if nobody
	// refuses.
	path   string
	status int
	body   string
	// provoked is the path that gets a client refused when it is asked for
	// often; empty if nothing does.
	provoked string
	// counter is Envoy's name for the metric that counts these requests, where
	// there is one: proof that the filter was there.
	counter string
	// headers go with each request, beside the credential.
	headers [][2]string
	// quotas are what it counts requests by, so that it can be asked whether it did.
	quotas []quota
	// payload is what is sent by POST, if anything is, and refuses what it must answer with
	// 400, so that it is known to read what it is sent.
	payload, refuses string
	// credits are what each request costs.
	credits int64
}

// gatewardenConfig is the default with lockouts longer than any measurement.
const gatewardenConfig = `{"surfaces": [
	{"name": "consent", "kind": "oauth-consent", "match": [{"path": "/oauth/authorize", "methods": ["POST"]}]},
	{"name": "token", "kind": "oauth-token", "match": [{"path": "/oauth/token"}]},
	{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}]},
	{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {"failures": 20, "window": "1h"}}
]}`

// The metrics by which Gatewarden proves that it was there.
const (
	passedCounter    = "wasmcustom.gatewarden_requests_total.surface.rest.outcome.passed"
	refusedCounter   = "wasmcustom.gatewarden_rate_limited_requests_total.surface.rest.reason.locked_out"
	overQuotaCounter = "wasmcustom.gatewarden_rate_limited_requests_total.surface.rest.reason.quota_exceeded"
	tableBytes       = "wasmcustom.gatewarden_table_max_bytes"
)

// failures is the limit of every peer, as it is Gatewarden's.
const failures = 20

// manyTokens is a limit that no measurement reaches.
const manyTokens = 1 << 31

// tableClients is how many clients each peer's table holds, as Gatewarden's does.
const tableClients = 65536

func (b *bench) variants() []variant {
	all := []variant{
		b.onEnvoy("pass/bare", "Envoy alone", nil),
		b.onEnvoy("pass/local_ratelimit", "Envoy, local_ratelimit by address (counts requests)", proxy.LocalRateLimit(manyTokens, tableClients)),
		b.onEnvoy("pass/lua", "Envoy, Lua that counts 401s (each worker alone)", proxy.Lua(failures)),
	}
	all[2].provoked = proxy.FailPath
	for _, c := range b.compilers {
		all = append(all,
			b.onEnvoy("pass/empty-"+c, "Envoy, empty Wasm filter, "+compilerName(c), b.wasm(guests.Empty, c, "")),
			b.onEnvoy("pass/hostcalls-"+c, "Envoy, the four raw host calls, "+compilerName(c), b.wasm(guests.HostCalls, c, "")),
			b.gatewarden("pass", c))
	}
	refusing := []variant{
		b.onEnvoy("refuse/bare", "Envoy alone, the same 429 as a direct response", nil),
		b.onEnvoy("refuse/local_ratelimit", "Envoy, local_ratelimit by address", proxy.LocalRateLimit(failures, tableClients)),
		b.onEnvoy("refuse/lua", "Envoy, Lua that counts 401s", proxy.Lua(failures)),
	}
	refusing[0].path = proxy.DenyPath
	refusing[1].provoked = proxy.PassPath
	refusing[2].provoked = proxy.FailPath
	for _, c := range b.compilers {
		refusing = append(refusing, b.gatewarden("refuse", c))
	}
	for i := range refusing {
		refusing[i].status = 429
	}
	return slices.Concat(all, refusing, b.others(), b.quotaVariants(), b.againstVariants())
}

func compilerName(compiler string) string {
	return map[string]string{"go": "standard Go", "tinygo": "TinyGo"}[compiler]
}

func (b *bench) wasm(module, compiler, configuration string) any {
	return proxy.Wasm(b.modules[module+"-"+compiler], configuration)
}

func (b *bench) onEnvoy(name, label string, filter any) variant {
	return variant{
		name: name, label: label, path: proxy.PassPath, status: 200, body: proxy.Body,
		start: func(workers int) (*proxy.Server, error) {
			return proxy.Envoy{Binary: b.tools.envoy, Workers: workers, Filter: filter, Denied: denied}.Start()
		},
	}
}

func (b *bench) gatewarden(does, compiler string) variant {
	return b.filter(does, guests.Gatewarden, compiler, b.modules[guests.Gatewarden+"-"+compiler])
}

// filter is a build of the filter, from a file.
func (b *bench) filter(does, name, compiler, file string) variant {
	v := b.onEnvoy(does+"/"+name+"-"+compiler, "Envoy, Gatewarden, "+compilerName(compiler), proxy.Wasm(file, gatewardenConfig))
	v.provoked = proxy.FailPath
	v.counter = passedCounter
	if does == "refuse" {
		v.counter = refusedCounter
	}
	return v
}

// denied is what Gatewarden refuses with, but for the seconds.
var denied = proxy.Answer{
	Status: 429,
	Headers: [][2]string{
		{"retry-after", "3599"}, {"cache-control", "no-store"},
		{"ratelimit", `"lockout-rest";r=0;t=3599`}, {"content-type", "application/problem+json"},
	},
	Body: `{"type":"https://iana.org/assignments/http-problem-types#abnormal-usage-detected","title":"Abnormal usage detected",` +
		`"status":429,"detail":"Too many failed authentications. Try again in 3599 seconds.","violated-policies":["lockout-rest"]}`,
}

// others are the proxies that are not Envoy, where they are installed.
func (b *bench) others() []variant {
	var found []variant
	if b.tools.nginx != "" {
		start := func(rate string, burst int) func(int) (*proxy.Server, error) {
			return func(workers int) (*proxy.Server, error) {
				return proxy.Nginx{Binary: b.tools.nginx, Workers: workers, Rate: rate, Burst: burst}.Start()
			}
		}
		found = append(found,
			variant{name: "pass/nginx", label: "nginx, limit_req (counts requests)", start: start("1000000r/s", 100_000), path: proxy.PassPath, status: 200, body: proxy.Body},
			variant{name: "refuse/nginx", label: "nginx, limit_req", start: start("1r/m", failures), path: proxy.PassPath, status: 429, provoked: proxy.PassPath})
	}
	if b.tools.haproxy != "" {
		start := func(workers int) (*proxy.Server, error) {
			return proxy.HAProxy{Binary: b.tools.haproxy, Workers: workers}.Start()
		}
		found = append(found,
			variant{name: "pass/haproxy", label: "HAProxy, stick table that counts 401s", start: start, path: proxy.PassPath, status: 200, body: proxy.Body, provoked: proxy.FailPath},
			variant{name: "refuse/haproxy", label: "HAProxy, stick table that counts 401s", start: start, path: proxy.PassPath, status: 429, provoked: proxy.FailPath})
	}
	return found
}
