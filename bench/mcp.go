package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/gatewarden/gatewarden/bench/internal/guests"
	"github.com/gatewarden/gatewarden/bench/internal/proxy"
)

// The path of MCP, whose calls cost the proxy a look at their bodies.

const (
	mcpPath = "/mcp"
	// mcpResult is the service's answer to a call.
	mcpResult = `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"done"}]}}`
	// mcpList asks for the tools.
	mcpList = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
	// mcpBroken is refused by whoever reads it.
	mcpBroken = `{"jsonrpc":"2.0","id":1,"method":"tools/call"`
	// mcpCost is what the call costs, in credits.
	mcpCost = 15
	// mcpTool is the tool that is called, and adminTool one that the caller may not use.
	mcpTool, adminTool = "image_generate", "tool_5"
	// mcpScope is what the caller has, and the call needs.
	mcpScope = "generate"
	// maxMCP is how long a body may be, for all.
	maxMCP = 1 << 20
	// listed is how many tools the service lists.
	listed = 10
)

// mcpConfig has a scope and a price, by one of its arguments, for the last of so many
// tools, and a budget.
func mcpConfig(tools int) string {
	rows := make([]string, 0, tools)
	for i := range tools - 1 {
		scope := ""
		if name := toolName(i); name == adminTool {
			scope = `"admin"`
		}
		rows = append(rows, fmt.Sprintf(`{"name": %q, "scopes": [%s]}`, toolName(i), scope))
	}
	rows = append(rows, fmt.Sprintf(`{"name": %q, "scopes": [%q], "cost": 5, "arguments": [
		{"argument": "quality", "times": {"standard": 1, "premium": 3, "ultra": 5}}]}`, mcpTool, mcpScope))
	return configured(
		`"surfaces": [{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}]}]`,
		`"identity": [{"source": "headers", "subject": "x-user-id", "tenant": "x-tenant-id", "scopes": "x-scopes"}]`,
		fmt.Sprintf(`"quotas": [{"name": "credits", "per": ["tenant"], "unit": "credits", "limit": %d, "window": "30d"}]`, plenty),
		fmt.Sprintf(`"mcp": {"max_body": %d, "other_tools": {"scopes": []}, "tools": [%s]}`, maxMCP, strings.Join(rows, ", ")))
}

func toolName(i int) string { return fmt.Sprintf("tool_%d", i) }

// mcpCall is a call that is so long. The argument that decides about its price comes last.
func mcpCall(size int) string {
	begin := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + mcpTool + `","arguments":{"prompt":"`
	const end = `","quality":"premium"}}}`
	return begin + strings.Repeat("A cat on a mat. ", size/16)[:size-len(begin)-len(end)] + end
}

// mcpService answers as a service would.
func mcpService(body []byte) string {
	if bytes.Contains(body, []byte(`"tools/list"`)) {
		return mcpTools("")
	}
	return mcpResult
}

// mcpTools is a list of tools, without one of them.
func mcpTools(without string) string {
	var tools []string
	for i := range listed {
		name := toolName(i)
		if i == listed-1 {
			name = mcpTool
		}
		if name != without {
			tools = append(tools, fmt.Sprintf(`{"name":%q,"description":%q,"inputSchema":{"type":"object","properties":{"prompt":{"type":"string"}}}}`,
				name, strings.Repeat("It makes something of a text. ", 6)))
		}
	}
	return `{"jsonrpc":"2.0","id":1,"result":{"tools":[` + strings.Join(tools, ",") + `]}}`
}

// The metrics by which Gatewarden proves that it read.
const (
	mcpPassed   = "wasmcustom.gatewarden_requests_total.surface.mcp.outcome.passed"
	mcpReserved = "wasmcustom.gatewarden_credits_total.rule.credits.outcome.reserved"
)

// mcpGroups are two calls, a short and a long one, and a list.
func (b *bench) mcpGroups() []group {
	rounds, each := b.few()
	return []group{
		{name: "mcp/call-1k", workers: 1, rounds: rounds, each: each, members: b.calling(mcpCall(1 << 10))},
		{name: "mcp/call-64k", workers: 1, rounds: rounds, each: each, members: b.calling(mcpCall(64 << 10))},
		{name: "mcp/list", workers: 1, rounds: rounds, each: each, members: b.listing()},
	}
}

func (b *bench) calling(call string) []variant {
	native := b.onService("native", "Envoy's mcp filter", call, proxy.MCP(maxMCP))
	native.broken, native.raw = mcpBroken, rawOf(b.compilers[0])
	all := []variant{b.onService(bare, "Envoy alone", call, nil), native}
	for _, c := range b.compilers {
		all = append(all, b.mcpFloor(c, call), b.mcpCaller(c, call, listed))
	}
	return all
}

// mcpCaller is Gatewarden, with so many tools, for a call that it prices.
func (b *bench) mcpCaller(compiler, call string, tools int) variant {
	v := b.onService("gatewarden-"+compiler, "Gatewarden, "+compilerName(compiler), call, b.wasm(guests.Gatewarden, compiler, mcpConfig(tools)))
	v.broken, v.raw = mcpBroken, rawOf(compiler)
	v.counters = []counter{counterOf(mcpPassed), {mcpReserved, mcpCost}}
	return v
}

func (b *bench) listing() []variant {
	all := []variant{b.onService(bare, "Envoy alone", mcpList, nil)}
	for _, c := range b.compilers {
		v := b.mcpCaller(c, mcpList, listed)
		v.counters = v.counters[:1]
		all = append(all, b.mcpFloor(c, mcpList), v)
	}
	for i := range all {
		all[i].body = mcpTools("")
		if all[i].broken != "" {
			all[i].body = mcpTools(adminTool)
		}
	}
	return all
}

func (b *bench) mcpFloor(compiler, payload string) variant {
	v := b.onService(rawOf(compiler), "the four raw host calls, "+compilerName(compiler), payload, b.wasm(guests.HostCalls, compiler, ""))
	v.raw = v.name
	return v
}

// onService is an Envoy with a filter in front of the service, which is sent a payload.
func (b *bench) onService(name, label, payload string, filter any) variant {
	return variant{
		name: name, label: label, base: bare, path: mcpPath, status: 200, body: mcpResult, payload: payload,
		headers: append(own(), [2]string{"X-Scopes", mcpScope}, [2]string{"Content-Type", "application/json"},
			[2]string{"Accept", "application/json, text/event-stream"}),
		start: func(workers int) (*proxy.Server, error) {
			return proxy.Envoy{Binary: b.tools.envoy, Workers: workers, Filter: filter, Service: b.service.Address}.Start()
		},
	}
}
