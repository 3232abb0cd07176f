package config

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkParse reads a configuration with as many keys, tools and tiers as it may have.
func BenchmarkParse(b *testing.B) {
	var keys, tools []string
	for i := range maxItems {
		keys = append(keys, fmt.Sprintf(`{"id": "key-%d", "sha256": "%064x", "tenant": "tenant-%d", "tier": "pro", "scopes": ["api:read"]}`, i, i+1, i))
	}
	for i := range maxTools {
		tools = append(tools, fmt.Sprintf(`{"name": "tool-%d", "scopes": ["api:read"], "cost": %d, "arguments": [{"argument": "n", "max_count": 10}]}`, i, i+1))
	}
	text := []byte(`{"identity": [{"source": "api_keys", "keys": [` + strings.Join(keys, ", ") + `]}], "mcp": {"tools": [` + strings.Join(tools, ", ") + `]}}`)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for range b.N {
		if _, err := Parse(text, nil); err != nil {
			b.Fatal(err)
		}
	}
}
