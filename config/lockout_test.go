package config

import (
	"strings"
	"testing"
)

func TestLockoutWarnings(t *testing.T) {
	checkWarnings(t, []warningsRow{
		{surfacesWith(`{"window": "5m", "duration": "299s"}`), "surfaces[0].lockout.duration"},
		{surfacesWith(`{"window": "5m", "duration": "5m"}`), ""},
		{surfacesWith(`{"window": "5m", "duration": "1m", "mode": "off"}`), "surfaces"},
		{surfacesWith(`{"mode": "off"}`, `{"failures": 0}`), "surfaces"},
		{surfacesWith(`{"mode": "off"}`, `{}`), ""},
		{strings.Replace(surfacesWith(`{"mode": "off"}`), "{", `{"identity": [{"source": "metadata", "subject": "sub"}], `, 1), ""},
		{strings.Replace(surfacesWith(`{"mode": "off"}`), "{", `{"quotas": [{"name": "each", "per": ["client"], "limit": 9, "window": "1m"}], `, 1), ""},
		{`{"surfaces": []}`, ""},
	})
}

// surfacesWith is a configuration of surfaces with these lockouts.
func surfacesWith(lockouts ...string) string {
	var list []string
	for i, l := range lockouts {
		n := itoa(uint32(i))
		list = append(list, `{"name": "s`+n+`", "kind": "api", "match": [{"path": "/`+n+`"}], "lockout": `+l+`}`)
	}
	return `{"surfaces": [` + strings.Join(list, ",") + `]}`
}
