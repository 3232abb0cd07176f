package proxy

import (
	_ "embed" // lockout.lua
	"fmt"
)

// Wasm is a filter from a module, with a plugin configuration.
func Wasm(file, configuration string) any {
	return object{"name": "wasm", "typed_config": object{
		"@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
		"config": object{
			"name": "bench", "failure_policy": "FAIL_RELOAD", "allow_on_headers_stop_iteration": true,
			"vm_config": object{
				"vm_id": "bench", "runtime": "envoy.wasm.runtime.v8",
				"code": object{"local": object{"filename": file}},
			},
			"configuration": object{
				"@type": "type.googleapis.com/google.protobuf.StringValue", "value": configuration,
			},
		},
	}}
}

//go:embed lockout.lua
var lockout string

// Lua is a filter that does Gatewarden's job as well as Lua can, with a limit of
// so many failures.
func Lua(limit int) any {
	return object{"name": "lua", "typed_config": object{
		"@type":               "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
		"default_source_code": object{"inline_string": fmt.Sprintf("local limit = %d\n", limit) + lockout},
	}}
}

// MCP is Envoy's own filter for MCP, in its strictest mode: it refuses what is no MCP, or has
// a name twice. It reads bodies of so many bytes, and notes the tool and one argument.
func MCP(longest int) any {
	return object{"name": "mcp", "typed_config": object{
		"@type":        "type.googleapis.com/envoy.extensions.filters.http.mcp.v3.Mcp",
		"traffic_mode": "REJECT_NO_MCP", "max_request_body_size": longest, "reject_duplicate_keys": true,
		"parser_config": object{"methods": []any{object{"method": "tools/call", "extraction_rules": []any{
			object{"path": "params.name"}, object{"path": "params.arguments.quality"},
		}}}},
	}}
}

// LocalRateLimit is Envoy's own filter, with a bucket for each address. It counts
// requests, since it cannot tell a failure; tokens is how many there are in an
// hour.
func LocalRateLimit(tokens, clients int) any {
	bucket := object{"max_tokens": tokens, "tokens_per_fill": tokens, "fill_interval": "3600s"}
	always := object{"default_value": object{"numerator": 100, "denominator": "HUNDRED"}}
	return object{"name": "envoy.filters.http.local_ratelimit", "typed_config": object{
		"@type":          "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
		"stat_prefix":    "bench",
		"token_bucket":   object{"max_tokens": 1 << 31, "tokens_per_fill": 1 << 31, "fill_interval": "1s"},
		"filter_enabled": always, "filter_enforced": always,
		"rate_limits":             []any{object{"actions": []any{object{"remote_address": object{}}}}},
		"max_dynamic_descriptors": clients,
		"descriptors": []any{object{
			"entries": []any{object{"key": "remote_address"}}, "token_bucket": bucket,
		}},
	}}
}
