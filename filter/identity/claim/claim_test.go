package claim

import (
	"math"
	"slices"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
)

func TestIsText(t *testing.T) {
	for s, want := range map[string]bool{
		"a": true, "Ünïcødé 名": true, " ": true, "": false, "a\x00": false, "a\x1f": false, "a\x7f": false, "\xff": false, "a\u0080": true,
	} {
		if got := IsText(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[float64]string{
		0: "0", -7: "-7", 1<<53 - 1: "9007199254740991", 1 - 1<<53: "-9007199254740991", 1 << 53: "", -1 << 53: "",
		1.5: "", math.Inf(1): "", math.Inf(-1): "",
	} {
		if got := Number(n); got != want {
			t.Errorf("%v: %q, want %q", n, got, want)
		}
	}
	if got := Number(math.NaN()); got != "" {
		t.Errorf("NaN: %q", got)
	}
}

func TestSplit(t *testing.T) {
	for _, row := range []struct {
		text, separators string
		want             []string
	}{
		{"", " ", nil}, {" ", " ", []string{}}, {" a  b ", " ", []string{"a", "b"}}, {"a b,c , d", " ,", []string{"a", "b", "c", "d"}},
		{"a b", "", []string{"a b"}}, {"é名 é", " ", []string{"é名", "é"}},
	} {
		if got := Split(row.text, row.separators); !slices.Equal(got, row.want) {
			t.Errorf("%q at %q: %q", row.text, row.separators, got)
		}
	}
}

// No two names are the same bytes.
func TestAppendName(t *testing.T) {
	seen := map[string]caller.Identity{}
	for _, id := range []caller.Identity{
		{}, {Subject: "a"}, {Tenant: "a"}, {Subject: "a", Tenant: "b"}, {Subject: "ab"}, {Subject: "aliceac", Tenant: "me"}, {Subject: "alice", Tenant: "acme"},
	} {
		name := string(AppendName(nil, &id))
		if other, known := seen[name]; known {
			t.Errorf("%+v and %+v are %q", id, other, name)
		}
		seen[name] = id
	}
}
