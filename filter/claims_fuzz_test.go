package filter

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzClaim: whatever bytes the proxy has for a claim, its text is a text; a string
// without control characters is itself, and a whole number its digits.
func FuzzClaim(f *testing.F) {
	for _, seed := range []string{"alice", "", "\x00", "\x01", "12345678", "abcdef0C", "a\x00b", "\xff", " ", number(0), number(-1), number(1 << 53), number(math.NaN()),
		listOf("a", "b c"), listOf(), listOf(number(1)), listOf("a")[:7], "\xff\xff\xff\xff\x00\x00\x00\x00"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, raw, first string) {
		text := claimText(raw)
		if text != "" && !isText(text) {
			t.Fatalf("%q is the claim %q", raw, text)
		}
		if control := strings.ContainsFunc(raw, func(r rune) bool { return r < ' ' || r == 0x7f }); !control && utf8.ValidString(raw) && text != raw {
			t.Fatalf("the string %q is the claim %q", raw, text)
		}
		if len(raw) == 8 && text != "" && text != raw {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || float64(n) != math.Float64frombits(binary.LittleEndian.Uint64([]byte(raw))) {
				t.Fatalf("the number %q is the claim %q", raw, text)
			}
		}
		host := &fakeHost{properties: map[string]string{"p": raw, "p\x000": first}}
		list := claimList(host, "p")
		for _, element := range list {
			if !isText(element) {
				t.Fatalf("%q is the list %q", raw, list)
			}
		}
		if text != "" && strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' }), " ") != strings.Join(list, " ") {
			t.Fatalf("the text %q is the list %q", text, list)
		}
	})
}

// FuzzClaimList: a list that is written as the proxy does is read with all its
// texts, in their order.
func FuzzClaimList(f *testing.F) {
	f.Add("a", "b c", "")
	f.Add("\x00", "\x01", "12345678")
	f.Add("a\x00", number(42), "é")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		raw := listOf(a, b, c)
		if a == "" || claimText(raw) != "" {
			return
		}
		host := &fakeHost{properties: map[string]string{"p": raw, "p\x000": a}}
		var want []string
		for _, element := range []string{a, b, c} {
			if text := claimText(element); text != "" {
				want = append(want, text)
			}
		}
		if got := claimList(host, "p"); !slices.Equal(got, want) {
			t.Fatalf("%q is %q, want %q", raw, got, want)
		}
	})
}
