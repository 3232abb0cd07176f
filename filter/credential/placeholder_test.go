package credential

import "testing"

func TestPlaceholders(t *testing.T) {
	r := newReader(t, `{"credentials": {"cookies": ["s"]}}`)
	for _, row := range []struct {
		name, value string
		presents    bool
	}{
		{"authorization", "Bearer undefined", false},
		{"authorization", "bearer \t NULL ", false},
		{"authorization", "Bearer [object Object]", false},
		{"authorization", "Bearer [object Promise]", false},
		{"authorization", "Token None", false},
		{"authorization", "DPoP nil", false},
		{"authorization", "Bearer <nil>", false},
		{"authorization", "Bearer (null)", false},
		{"authorization", "Bearer NaN,", false},
		{"authorization", "Token", true}, // a token of this name
		{"authorization", "undefined", false},
		{"x-api-key", "null", false},
		{"x-api-key", "Bearer null", false},
		{"cookie", "s=null", false},
		{"cookie", `s="undefined"`, false},
		{"cookie", "s=null; s=x", true},

		{"authorization", "Bearer undefined2", true},
		{"authorization", "Bearer undefined undefined", true},
		{"authorization", "Bearer undefined,Bearer x", true},
		{"authorization", "Bearer anonymous", true},
		{"authorization", "Bearer false", true},
		{"authorization", "Bearer 0", true},
		{"authorization", "Basic null", true},
		{"authorization", "Digest null", true},
		{"authorization", "Bearernull", true},
		{"authorization", "Bearer \u00a0null", true},
		{"authorization", `Bearer "null"`, true},
	} {
		headers := hdr(row.name, row.value)
		if got := r.Presents(headers); got != row.presents || got != (len(r.AppendWhole(nil, headers)) > 0) {
			t.Errorf("%s: %s presents a credential: %v", row.name, row.value, got)
		}
		if _, ok := r.Single(headers); ok && !row.presents {
			t.Errorf("%s: %s is a single credential", row.name, row.value)
		}
	}
	// A placeholder beside a credential is nothing.
	if c, ok := r.Single(hdr("authorization", "Bearer undefined", "x-api-key", "k")); !ok || c.Token != "k" {
		t.Errorf("%+v, %v", c, ok)
	}
	for _, p := range placeholders {
		if len(p) > maxPlaceholder || !isPlaceholder(p) {
			t.Errorf("%q is no placeholder", p)
		}
	}
}
