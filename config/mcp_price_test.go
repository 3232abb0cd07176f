package config

import (
	"strings"
	"testing"
)

// A call that a tier may make costs no more than the tier's whole limit.
func TestPriceWarnings(t *testing.T) {
	with := func(tools, quota string) string {
		return `{"identity": [{"source": "headers", "subject": "x-user", "scopes": "x-scopes", "tier": "x-tier"}],
			"mcp": {"tiers": ["free", "pro"], ` + tools + `}, "quotas": [{"name": "b", "unit": "credits", "per": ["subject"], "window": "1d", ` + quota + `}]}`
	}
	const image = `"tools": [{"name": "image", "scopes": [], "cost": 5, "arguments": [{"argument": "quality", "times": {"plain": 1, "ultra": 8}, "tiers": {"ultra": "pro"}}]}]`
	checkWarnings(t, []warningsRow{
		{with(`"tools": [{"name": "a", "scopes": [], "cost": 10}]`, `"limit": 10`), ""},
		{with(`"tools": [{"name": "b", "scopes": [], "cost": 1}, {"name": "a", "scopes": [], "cost": 11}]`, `"limit": 10`), "mcp.tools[1]"},
		{with(`"other_tools": {"scopes": [], "cost": 11}`, `"limit": 10`), "mcp.other_tools"},
		{with(`"other_tools": {"scopes": [], "cost": 11}`, `"limit": 10, "mode": "shadow"`), ""},
		{with(`"other_tools": {"scopes": [], "cost": 11}`, `"limit": 10, "methods": ["POST"]`), ""},
		{with(`"other_tools": {"scopes": [], "cost": 11}`, `"limit": "unlimited"`), "quotas"},

		// By tier: those that may not call it need not pay.
		{with(`"tools": [{"name": "a", "scopes": [], "tier": "pro", "cost": 50}]`, `"limits": {"free": 10, "pro": 50, "default": 10}`), ""},
		{with(`"tools": [{"name": "a", "scopes": [], "tier": "free", "cost": 50}]`, `"limits": {"free": 10, "pro": 50, "default": 10}`), "mcp.tools[0]"},
		{with(`"tools": [{"name": "a", "scopes": [], "tier": "free", "cost": 50}]`, `"limits": {"free": 50, "pro": 50, "default": 10}`), ""},
		{with(`"tools": [{"name": "a", "scopes": [], "cost": 50}]`, `"limits": {"free": 50, "gold": 10, "default": 50}`), "mcp.tools[0]"},
		{with(`"tools": [{"name": "a", "scopes": [], "cost": 50}]`, `"limits": {"free": 50, "default": 10}`), "mcp.tools[0]"},
		{with(`"tools": [{"name": "a", "scopes": ["x"], "cost": 50}]`, `"limits": {"free": 50, "default": 10}`), ""},

		// By the values of arguments.
		{with(image, `"limits": {"free": 5, "pro": 40, "default": 5}`), ""},
		{with(image, `"limits": {"free": 5, "pro": 39, "default": 5}`), "mcp.tools[0]"},
		{with(image, `"limits": {"free": 4, "pro": 40, "default": 5}`), "mcp.tools[0]"},
		{with(`"other_tools": {"scopes": [], "cost": 5, "arguments": [{"argument": "n", "max_count": 100}]}`, `"limit": 5`), ""},
		{with(`"other_tools": {"scopes": [], "cost": 5, "arguments": [{"argument": "n", "max_count": 100, "absent": 9}]}`, `"limit": 5`), ""},
		{with(`"other_tools": {"scopes": [], "cost": 5, "arguments": [{"argument": "q", "times": {"x": 3}, "absent": 3, "other": 2}]}`, `"limit": 9`), "mcp.other_tools"},
		{with(`"other_tools": {"scopes": [], "cost": 1000000, "arguments": [{"argument": "q", "times": {"x": 1000000}}, {"argument": "r", "times": {"x": 1000000}}]}`, `"limit": 1000000000`), "mcp.other_tools"},
	})
	c := mustParse(t, with(image, `"limits": {"free": 5, "pro": 39, "default": 5}`))
	const want = `mcp.tools[0]: costs at least 40 credits with the value "ultra" of "quality", more than the limit of 39 that the quota "b" has for the tier "pro", who can never pay it; `
	if got := c.Warnings(); !strings.HasPrefix(got[0], want) {
		t.Errorf("%q", got)
	}
}
