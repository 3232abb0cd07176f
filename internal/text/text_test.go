package text

import (
	"math"
	"testing"
)

func TestBuffer(t *testing.T) {
	var b Buffer
	b.Add(`{"a":`)
	b.AddJSON("x\"\n")
	b.Add(`,"b":`)
	b.AddInt(math.MinInt64)
	b.Add("}")
	if want := `{"a":"x\"\n","b":-9223372036854775808}`; string(b) != want {
		t.Errorf("%s, want %s", b, want)
	}
}

// A buffer that was emptied costs no memory.
func TestBufferIsReused(t *testing.T) {
	b := make(Buffer, 0, 64)
	if n := testing.AllocsPerRun(100, func() {
		b = b[:0]
		b.Add("a=")
		b.AddInt(1234567)
		b.AddJSON("text")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestJoin(t *testing.T) {
	for want, parts := range map[string][]string{"": nil, "a": {"a"}, "a, b.": {"a", "", ", ", "b", "."}} {
		if got := Join(parts...); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
