package ascii

import "testing"

func TestLower(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "abc": "abc", "ABC/x": "abc/x", "É": "É", "aZ[`{": "az[`{",
	} {
		if got := Lower(in); got != want {
			t.Errorf("Lower(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestUnhex(t *testing.T) {
	digits := map[byte]int{}
	for i, c := range []byte("0123456789abcdef") {
		digits[c] = i
	}
	for i, c := range []byte("ABCDEF") {
		digits[c] = 10 + i
	}
	for c := 0; c < 256; c++ {
		want, isDigit := digits[byte(c)]
		if !isDigit {
			want = -1
		}
		if got := Unhex(byte(c)); got != want {
			t.Errorf("Unhex(%q) = %d, want %d", byte(c), got, want)
		}
	}
}

func TestClasses(t *testing.T) {
	count := func(is func(byte) bool) (n int) {
		for c := 0; c < 256; c++ {
			if is(byte(c)) {
				n++
			}
		}
		return n
	}
	if n := count(IsUnreserved); n != 66 {
		t.Errorf("%d unreserved characters, RFC 3986 has 66", n)
	}
	if n := count(IsToken); n != 77 {
		t.Errorf("%d token characters, RFC 9110 has 77", n)
	}
	if n := count(func(c byte) bool { return IsVisible(string([]byte{c})) }); n != 94 {
		t.Errorf("%d visible characters, ASCII has 94", n)
	}
}

func TestEqualFold(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want bool
	}{
		{"", "", true}, {"Bearer", "bEARER", true}, {"a", "b", false}, {"a", "ab", false}, {"@[`{", "@[`{", true},
		{"@", "`", false}, {"[", "{", false}, {"K", "\u212a", false}, {"s", "\u017f", false},
	} {
		if got := EqualFold(row.a, row.b); got != row.want {
			t.Errorf("EqualFold(%q, %q) = %v", row.a, row.b, got)
		}
	}
}

func TestTrimBlanks(t *testing.T) {
	for in, want := range map[string]string{"": "", " \t ": "", "a": "a", "\ta b ": "a b", "\na\r": "\na\r"} {
		if got := TrimBlanks(in); got != want {
			t.Errorf("TrimBlanks(%q) = %q", in, got)
		}
	}
}
