package main

import (
	"github.com/gatewarden/gatewarden/bench/internal/guests"
	"github.com/gatewarden/gatewarden/bench/internal/load"
	"github.com/gatewarden/gatewarden/bench/internal/proxy"
)

// variant is something to measure: a proxy that passes or refuses requests.
type variant struct {
	name, label string
	// base is the variant whose cost is no cost of this one's: the same proxy without a
	// filter. raw is the one that makes the four raw host calls. Both are in the same
	// group, and get the same requests.
	base, raw string
	start     func(workers int) (*proxy.Server, error)

	// path is asked for, with these headers beside the credential, by POST if there is
	// a payload.
	path    string
	headers [][2]string
	payload string
	// turns, unless its count is 0, is a header that differs from request to request.
	turns load.Turns
	// fill is how many requests come before anything is measured, in order to see by how
	// much memory grows with them.
	fill int

	// status is what it answers with; body is what the answer has, or what it resembles
	// where it is a refusal.
	status   int
	body     string
	resemble *proxy.Answer
	// provoked is the path that gets a client refused when it is asked for often; empty
	// if nothing does.
	provoked string
	// broken is a payload that it must answer with 400.
	broken string

	// counters have to have counted each request, and zero are metrics that have to be 0.
	counters []counter
	zero     []string
	// told are the rules of which the answers tell how much is left. spread tells that
	// each of those who take turns has its own.
	told   []quota
	spread bool
}

// counter is a metric by Envoy's name, and by how much a request raises it.
type counter struct {
	name string
	each int64
}

func counterOf(name string) counter { return counter{name, 1} }

// The names of variants that others are compared with.
const bare = "bare"

func rawOf(compiler string) string { return guests.HostCalls + "-" + compiler }

// The metrics by which Gatewarden proves that it was there.
const (
	passedCounter    = "wasmcustom.gatewarden_requests_total.surface.rest.outcome.passed"
	refusedCounter   = "wasmcustom.gatewarden_rate_limited_requests_total.surface.rest.reason.locked_out"
	overQuotaCounter = "wasmcustom.gatewarden_rate_limited_requests_total.surface.rest.reason.quota_exceeded"
)

// failures is the limit of every peer, as it is Gatewarden's.
const failures = 20

// tableClients is how many clients each peer's table holds, as Gatewarden's does.
const tableClients = 65536

func compilerName(compiler string) string {
	return map[string]string{guests.Go: "standard Go", guests.TinyGo: "TinyGo", guests.Rust: "Rust"}[compiler]
}

// wasm is a module with a configuration.
func (b *bench) wasm(module, compiler, configuration string) any {
	return proxy.Wasm(b.modules[module+"-"+compiler], configuration)
}

// onEnvoy is an Envoy with a filter, in front of a service in whose place Envoy's fault
// filter answers: the ratelimit filter leaves direct responses of a route alone.
func (b *bench) onEnvoy(name, label string, filter any) variant {
	return variant{
		name: name, label: label, base: bare,
		path: proxy.PassPath, headers: own(), status: 200, body: proxy.RoutedBody,
		start: func(workers int) (*proxy.Server, error) { return b.envoy(workers, filter).Start() },
	}
}

func (b *bench) envoy(workers int, filter any) proxy.Envoy {
	return proxy.Envoy{Binary: b.tools.envoy, Workers: workers, Filter: filter, Routed: true}
}

// bareEnvoy has no filter.
func (b *bench) bareEnvoy() variant { return b.onEnvoy(bare, "Envoy alone", nil) }

// floor is the four raw host calls by a compiler.
func (b *bench) floor(compiler string) variant {
	v := b.onEnvoy(rawOf(compiler), "the four raw host calls, "+compilerName(compiler), b.wasm(guests.HostCalls, compiler, ""))
	v.raw = v.name
	return v
}

// gatewarden is the filter with a configuration; does says which.
func (b *bench) gatewarden(does, label, compiler, configuration string) variant {
	v := b.onEnvoy(does+"-"+compiler, "Gatewarden, "+label+", "+compilerName(compiler), b.wasm(guests.Gatewarden, compiler, configuration))
	v.raw = rawOf(compiler)
	v.provoked = proxy.FailPath
	v.counters = []counter{counterOf(passedCounter)}
	return v
}

// peer is what is no Wasm: it is compared with the raw host calls by the first compiler.
func (b *bench) peer(name, label string, filter any) variant {
	v := b.onEnvoy(name, label, filter)
	v.raw = rawOf(b.compilers[0])
	return v
}

// credential goes with every request: what carries none cannot fail.
var credential = [2]string{"Authorization", "Bearer bench"}

// request is what the variant is sent.
func (v variant) request(s *proxy.Server) load.Request {
	r := load.Request{URL: s.URL + v.path, Body: v.payload, Status: v.status, Turns: v.turns}
	r.Headers = append([][2]string{credential}, without(v.headers, v.turns.Header)...)
	return r
}

// request goes on where the last one ended.
func (m *member) request() load.Request {
	r := m.variant.request(m.server)
	r.Turns.From = uint64(m.requests)
	return r
}
