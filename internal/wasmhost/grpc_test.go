package wasmhost

import "testing"

func TestServerOf(t *testing.T) {
	for server, want := range map[string]string{
		"\x0a\x0b\x0a\x09ratelimit":  "ratelimit ratelimit",
		"\x0a\x02\x0a\x00":           " ",
		"\x0a\x06\x0a\x01a\x12\x01b": "a b",
		"\x0a\x06\x0a\x01a\x1a\x01b": "traps",
		"ratelimit":                  "traps",
		"users":                      "traps", // which Envoy reads as a field 14 of 4 bytes
		"":                           "traps",
		"\x0a":                       "traps",
		"\x0a\x03\x0a\x00":           "traps",
		"\x0a\x02\x0a\x01":           "traps",
		"\x0a\x02\x0a\x00more":       "traps",
	} {
		if got := serverOrTrap(server); got != want {
			t.Errorf("%q: %q, want %q", server, got, want)
		}
	}
}

func serverOrTrap(server string) (names string) {
	defer func() {
		if recover() != nil {
			names = "traps"
		}
	}()
	cluster, authority := serverOf([]byte(server))
	return cluster + " " + authority
}
