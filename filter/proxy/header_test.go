package proxy

import "testing"

func TestStatus(t *testing.T) {
	for in, want := range map[string]int{"200": 200, "401": 401, "": 0, "x": 0, "20x": 0, "99999999999999999999": 0} {
		if got := Status(in); got != want {
			t.Errorf("%q is %d", in, got)
		}
	}
}

func TestSameHeader(t *testing.T) {
	for _, row := range []struct {
		header, name string
		want         bool
	}{
		{"x-api-key", "x-api-key", true},
		{"x_api_key", "x-api-key", true},
		{"x_api-key", "x-api-key", true},
		{"x-api-key", "x_api_key", false}, // the name of the configuration is exact
		{"x_api-key", "xaapi-key", false},
		{"x-api-ke", "x-api-key", false},
		{"x-api-keys", "x-api-key", false},
		{"X-Api-Key", "x-api-key", false}, // Envoy's headers are in lower case
		{"", "", true},
	} {
		if got := SameHeader(row.header, row.name); got != row.want {
			t.Errorf("%q may be %q: %v", row.header, row.name, got)
		}
	}
}
