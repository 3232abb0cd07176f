package config

import (
	"strings"
	"testing"
)

func TestQuotaWarnings(t *testing.T) {
	checkWarnings(t, []warningsRow{
		{quotasWith(`"per": ["path"], "limit": 5`), "quotas[0].per"},
		{quotasWith(`"per": ["path"], "limit": 5, "mode": "off"`), ""},
		{quotasWith(`"per": ["subject", "path"], "limit": 5`), "quotas[0].per"},
		{quotasWith(`"per": ["subject", "path"], "limit": 5`, `"per": ["subject"], "limit": 9`), ""},
		{quotasWith(`"per": ["subject", "path"], "limit": 5`, `"per": ["subject"], "limit": 9, "mode": "shadow"`), "quotas[0].per"},
		{quotasWith(`"per": ["subject", "path"], "limit": 5`, `"per": ["subject"], "limit": 9, "surfaces": ["mcp"]`), "quotas[0].per"},
		{quotasWith(`"per": ["subject", "path"], "limit": 5, "surfaces": ["mcp"]`, `"per": ["subject"], "limit": 9, "surfaces": ["mcp", "rest"]`), ""},
		{quotasWith(`"per": ["subject", "path"], "limit": 5, "surfaces": ["mcp", "rest"]`, `"per": ["subject"], "limit": 9, "surfaces": ["mcp"]`), "quotas[0].per"},
		{quotasWith(`"per": ["subject", "path"], "limit": 5`, `"per": ["subject"], "limit": 9, "paths": [{"prefix": "/mcp"}]`), "quotas[0].per"},
		{quotasWith(`"per": ["client"], "limits": {"free": 5, "trial": 0, "default": 9}`), "quotas[0].limits.trial"},
		{quotasWith(`"per": ["client"], "limits": {"free": 5, "default": "unlimited"}`), "quotas"},
		{quotasWith(`"per": ["client"], "limits": {"free": 5, "default": 0}`), "quotas"},
		{quotasWith(`"per": ["client"], "limits": {"free": 5, "default": "unlimited"}`, `"per": ["client"], "limit": 9`), ""},
		{quotasWith(`"per": ["client"], "limit": 0`), ""},
	})
}

// quotasWith is a configuration of these rules, each with a name and a window.
func quotasWith(rules ...string) string {
	var list []string
	for i, r := range rules {
		list = append(list, `{"name": "q`+itoa(uint32(i))+`", "window": "1m", `+r+`}`)
	}
	return `{"quotas": [` + strings.Join(list, ",") + `]}`
}
