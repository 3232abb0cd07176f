package text

import (
	"math"
	"strconv"
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

func TestAddInt(t *testing.T) {
	numbers := []int64{0, math.MaxInt64, math.MinInt64, math.MaxUint32}
	for n := int64(1); n < math.MaxInt64/10; n *= 10 {
		numbers = append(numbers, n-1, n, n+1, -n, 7*n)
	}
	for _, n := range numbers {
		b := Buffer("n=")
		if b.AddInt(n); string(b) != "n="+strconv.FormatInt(n, 10) {
			t.Errorf("%d became %s", n, b)
		}
	}
}

func TestView(t *testing.T) {
	b := []byte("abcdef")
	if all, part, none, no := View(b), View(b[2:4]), View(b[6:]), View(nil); all != "abcdef" || part != "cd" || none != "" || no != "" {
		t.Errorf("%q, %q, %q, %q", all, part, none, no)
	}
	if n := testing.AllocsPerRun(100, func() { _ = View(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
