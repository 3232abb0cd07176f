package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/bench/internal/guests"
	"github.com/gatewarden/gatewarden/bench/internal/proxy"
)

// The path of MCP, whose calls cost the proxy a look at their bodies. Everything here is
// measured in pairs.

// mcpSizes are how long a call is, in bytes.
var mcpSizes = []int{1 << 10, 64 << 10}

const (
	mcpPath = "/mcp"
	// mcpAnswer is the service's.
	mcpAnswer = `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"done"}]}}`
	// mcpBroken is refused by whoever reads it.
	mcpBroken = `{"jsonrpc":"2.0","id":1,"method":"tools/call"`
	// mcpCost is what the call costs, in credits.
	mcpCost = 15
)

// mcpConfig has a price for the call, by one of its arguments, and a budget.
var mcpConfig = fmt.Sprintf(`{
	"surfaces": [{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}]}],
	"identity": [{"source": "headers", "subject": "x-user-id", "tenant": "x-tenant-id"}],
	"quotas": [{"name": "credits", "per": ["tenant"], "unit": "credits", "limit": %d, "window": "30d"}],
	"mcp": {"max_body": %d, "other_tools": {"scopes": []}, "tools": [{"name": "image_generate", "scopes": [], "cost": 5, "arguments": [
		{"argument": "quality", "times": {"standard": 1, "premium": 3, "ultra": 5}}]}]}}`, plenty, maxMCP)

// mcpCounter proves that Gatewarden was there.
const mcpCounter = "wasmcustom.gatewarden_requests_total.surface.mcp.outcome.passed"

// mcpCall is a call that is so long. The argument that decides about its price comes last.
func mcpCall(size int) string {
	const begin = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"image_generate","arguments":{"prompt":"`
	const end = `","quality":"premium"}}}`
	return begin + strings.Repeat("A cat on a mat. ", size/16)[:size-len(begin)-len(end)] + end
}

func (b *bench) mcpVariants() []variant {
	var all []variant
	for _, size := range mcpSizes {
		native := b.mcpVariant("native", "Envoy, its mcp filter", size, proxy.MCP(maxMCP))
		native.refuses = mcpBroken
		all = append(all, b.mcpVariant("bare", "Envoy alone", size, nil), native)
		for _, c := range b.compilers {
			v := b.mcpVariant("gatewarden-"+c, "Envoy, Gatewarden, "+compilerName(c), size, b.wasm(guests.Gatewarden, c, mcpConfig))
			v.refuses, v.counter, v.credits = mcpBroken, mcpCounter, mcpCost
			all = append(all, v)
		}
	}
	return all
}

// maxMCP is how long a body may be, for all.
const maxMCP = 1 << 20

func (b *bench) mcpVariant(name, label string, size int, filter any) variant {
	return variant{
		name: mcpName(name, size), label: label, path: mcpPath, status: 200, body: mcpAnswer, payload: mcpCall(size),
		headers: append(own(), [2]string{"Content-Type", "application/json"}, [2]string{"Accept", "application/json, text/event-stream"}),
		start: func(workers int) (*proxy.Server, error) {
			return proxy.Envoy{Binary: b.tools.envoy, Workers: workers, Filter: filter, Service: b.service.Address}.Start()
		},
	}
}

func mcpName(name string, size int) string { return "mcp/" + name + "-" + strconv.Itoa(size) }

// mcpPairs compare those who read with who does not, and Gatewarden with Envoy's own filter.
func (b *bench) mcpPairs() []pair {
	var all []pair
	for _, size := range mcpSizes {
		add := func(first, second string) {
			all = append(all, pair{fmt.Sprintf("pair/mcp/%d/%s/%s", size, second, first), mcpName(first, size), mcpName(second, size)})
		}
		add("bare", "native")
		for _, c := range b.compilers {
			add("bare", "gatewarden-"+c)
			add("native", "gatewarden-"+c)
		}
	}
	return all
}

// addMCP writes what it costs to read calls.
func (b *bench) addMCP(d *document) {
	labels := map[string]variant{}
	for _, v := range b.mcpVariants() {
		labels[v.name] = v
	}
	var rows [][]string
	for _, p := range b.mcpPairs() {
		if v := labels[p.second]; b.results.Has(p.name, colPairCPU) {
			rows = append(rows, slices.Concat([]string{v.label, labels[p.first].label, fmt.Sprintf("%d KB", len(v.payload)>>10)},
				b.cells(p.name, colPairSecond, colPairFirst, colPairCPU, colPairRate)))
		}
	}
	d.section("Calls of MCP's tools, in pairs", mcpNote, []string{
		"variant", "against", "body", "CPU µs/request", "of the other", "CPU per request, times", "requests/s at saturation, times",
	}, rows)
}

// confirmCredits makes sure that each call was charged.
func (v variant) confirmCredits(s *proxy.Server, requests int64) error {
	if v.credits == 0 {
		return nil
	}
	a, err := ask(once, s.URL+v.path, v.payload, v.headers)
	if err != nil {
		return err
	}
	remaining, err := strconv.ParseInt(a.header.Get(left), 10, 64)
	if err != nil {
		return fmt.Errorf("what is left is told as %q: %w", a.header.Get(left), err)
	}
	if spent := plenty - remaining; spent < v.credits*requests {
		return fmt.Errorf("%d calls were charged with %d credits", requests, spent)
	}
	return nil
}
