package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/gatewarden/gatewarden/bench/internal/guests"
	"github.com/gatewarden/gatewarden/bench/internal/load"
	"github.com/gatewarden/gatewarden/bench/internal/proxy"
)

// How cost grows with what a user configures or an attacker chooses. A smoke run
// takes the first and the last of each, but for the clients.
var (
	surfaceCounts = []int{4, 16, 64}
	headerSizes   = []int{0, 4 << 10, 32 << 10}
	clientCounts  = []int{10, quickClients, 100_000, 1_000_000}
)

const quickClients = 1_000

func (b *bench) few(steps []int) []int {
	if b.quick {
		return []int{steps[0], steps[len(steps)-1]}
	}
	return steps
}

// surfaceJobs measure requests to the last of many surfaces.
func (b *bench) surfaceJobs() []job {
	var jobs []job
	for _, compiler := range b.compilers {
		for _, n := range b.few(surfaceCounts) {
			v := b.gatewarden("pass", compiler)
			filter := b.wasm(guests.Gatewarden, compiler, manySurfaces(n))
			v.start = b.onEnvoy("", "", filter).start
			jobs = append(jobs, job{
				name: surfaceRow(compiler, n),
				run:  func(_ context.Context, row string) error { return b.measureCPU(v, nil, row) },
			})
		}
	}
	return jobs
}

func surfaceRow(compiler string, n int) string { return fmt.Sprintf("surfaces/%d/%s", n, compiler) }

// manySurfaces is a configuration in which the surface that is asked for is the
// last of n.
func manySurfaces(n int) string {
	var surfaces []string
	for i := range n - 1 {
		surfaces = append(surfaces, fmt.Sprintf(
			`{"name": "s%d", "kind": "api", "match": [{"prefix": "/area%d/v1"}]}`, i, i))
	}
	surfaces = append(surfaces, `{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}]}`)
	return `{"surfaces": [` + strings.Join(surfaces, ", ") + `]}`
}

// headerJobs measure requests with many headers, beside the floor of the raw host
// calls, which have to copy them, too.
func (b *bench) headerJobs() []job {
	measured := []variant{b.onEnvoy("bare", "Envoy alone", nil)}
	for _, c := range b.compilers {
		measured = append(measured,
			b.onEnvoy("hostcalls-"+c, "the four raw host calls, "+compilerName(c), b.wasm(guests.HostCalls, c, "")),
			b.gatewarden("pass", c))
	}
	var jobs []job
	for _, v := range measured {
		for _, size := range b.few(headerSizes) {
			jobs = append(jobs, job{
				name: headerRow(v.name, size),
				run:  func(_ context.Context, row string) error { return b.measureCPU(v, extraHeaders(size), row) },
			})
		}
	}
	return jobs
}

func headerRow(variant string, size int) string {
	return fmt.Sprintf("headers/%d/%s", size, strings.TrimPrefix(variant, "pass/"))
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

// measureCPU takes a variant's cost at the fixed rate, with further headers.
func (b *bench) measureCPU(v variant, headers [][2]string, row string) error {
	server, err := v.start(1)
	if err != nil {
		return err
	}
	defer server.Stop()
	if err := v.prove(server); err != nil {
		return fmt.Errorf("%w\n%s", err, server.Log())
	}
	request := v.request(server)
	request.Headers = append(request.Headers, headers...)
	if err := b.warm(request); err != nil {
		return err
	}
	result, cpu, err := loaded(server, request, b.steadily())
	if err != nil {
		return err
	}
	b.results.Add(row, colCPU, cpu.proxy)
	b.results.Add(row, colP99, micros(result.P99))
	return v.confirm(server, result.Requests)
}

// patientConfig makes a record for each failing client, and locks none out.
var patientConfig = strings.Replace(gatewardenConfig, `"failures": 20`, `"failures": 1000000`, 1)

// clientJobs measure failing requests from many addresses.
func (b *bench) clientJobs() []job {
	measured := []variant{
		b.onEnvoy("bare", "Envoy alone", nil),
		b.onEnvoy("local_ratelimit", "Envoy, local_ratelimit by address", proxy.LocalRateLimit(manyTokens, tableClients)),
		b.onEnvoy("lua", "Envoy, Lua", proxy.Lua(manyTokens)),
	}
	for _, c := range b.compilers {
		measured = append(measured, b.onEnvoy("gatewarden-"+c, "", b.wasm(guests.Gatewarden, c, patientConfig)))
	}
	var jobs []job
	for _, v := range measured {
		v.path, v.status = proxy.FailPath, 401
		for _, n := range clientCounts {
			if b.quick && n != quickClients {
				continue
			}
			jobs = append(jobs, job{
				name: clientRow(v.name, n), rounds: roundsFor(n),
				run: func(_ context.Context, row string) error { return b.measureClients(v, n, row) },
			})
		}
	}
	return jobs
}

// roundsFor keeps the long measurements few.
func roundsFor(clients int) int {
	if clients > 100_000 {
		return 2
	}
	return 0
}

func clientRow(variant string, n int) string { return fmt.Sprintf("clients/%d/%s", n, variant) }

// measureClients lets n clients fail, once each or more, and looks at what the
// proxy grew by. Before that it has had as many failures from few clients, so
// that buffers and heaps have found their size.
func (b *bench) measureClients(v variant, n int, row string) error {
	server, err := v.start(1)
	if err != nil {
		return err
	}
	defer server.Stop()
	request := v.request(server)
	shape := load.Shape{Connections: 16, Requests: b.crowdRequests()}
	request.Addresses = fewClients
	if _, err := load.Run(request, shape); err != nil {
		return fmt.Errorf("%w\n%s", err, server.Log())
	}
	before, err := server.Usage()
	if err != nil {
		return err
	}
	request.Addresses, shape.Requests = n, max(int64(n), shape.Requests)
	result, cpu, err := loaded(server, request, shape)
	if err != nil {
		return err
	}
	after, err := server.Usage()
	if err != nil {
		return err
	}
	b.results.Add(row, colFullCPU, cpu.proxy)
	b.results.Add(row, colP99, micros(result.P99))
	b.results.Add(row, colGrowth, float64(after.RSS-before.RSS)/megabyte)
	if !strings.HasPrefix(v.name, "gatewarden") {
		return nil
	}
	table, err := server.Stat(strings.ReplaceAll(tableBytes, ".", `\.`))
	b.results.Add(row, colTable, float64(table)/megabyte)
	return err
}

// fewClients come before the many.
const fewClients = 10

func (b *bench) crowdRequests() int64 {
	if b.quick {
		return 2_000
	}
	return 50_000
}
