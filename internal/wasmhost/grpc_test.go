package wasmhost

import "testing"

func TestClusterOf(t *testing.T) {
	for server, want := range map[string]string{
		"\x0a\x0b\x0a\x09ratelimit": "ratelimit",
		"\x0a\x02\x0a\x00":          "",
		"ratelimit":                 "traps",
		"users":                     "traps", // which Envoy reads as a field 14 of 4 bytes
		"":                          "traps",
		"\x0a":                      "traps",
		"\x0a\x03\x0a\x00":          "traps",
		"\x0a\x02\x0a\x01":          "traps",
		"\x0a\x02\x0a\x00more":      "traps",
	} {
		if got := clusterOrTrap(server); got != want {
			t.Errorf("%q: %q, want %q", server, got, want)
		}
	}
}

func clusterOrTrap(server string) (cluster string) {
	defer func() {
		if recover() != nil {
			cluster = "traps"
		}
	}()
	return clusterOf([]byte(server))
}
