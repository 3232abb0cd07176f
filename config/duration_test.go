package config

import (
	"strings"
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	for _, row := range []struct {
		text string
		ok   bool
		want int64
	}{
		{"1s", true, 1000},
		{"90s", true, 90 * second},
		{"5m", true, 5 * minute},
		{"1h30m", true, 90 * minute},
		{"7d", true, 7 * day},
		{"1d2h3m4s", true, day + 2*hour + 3*minute + 4*second},
		{"1d4s", true, day + 4*second},
		{"0s", true, 0},
		{"007m", true, 7 * minute},
		{"1000000d", true, 1000000 * day},
		{"99999999999999999999999999d", true, 100000000 * day}, // cut, still too long
		{"9999999999999999999999999s", true, 100000000 * second},
		{"2000000s", true, 2000000 * second}, // an earlier version cut it to a million, which is in range
		{"", false, 0},
		{"5", false, 0},
		{"m", false, 0},
		{"5x", false, 0},
		{"5M", false, 0},
		{"5ms", false, 0},
		{"1m1h", false, 0},
		{"1m1m", false, 0},
		{"1m 1s", false, 0},
		{" 1m", false, 0},
		{"1m ", false, 0},
		{"-1m", false, 0},
		{"+1m", false, 0},
		{"1.5m", false, 0},
		{"1m5", false, 0},
		{"١m", false, 0},
	} {
		if got, ok := parseDuration(row.text); got != row.want || ok != row.ok {
			t.Errorf("%q: got %d %v, want %d %v", row.text, got, ok, row.want, row.ok)
		}
	}
}

func TestFormatDuration(t *testing.T) {
	for length := second; length <= maxDuration; length += 7919 * second {
		text := formatDuration(length)
		if got, ok := parseDuration(text); !ok || got != length {
			t.Fatalf("%d ms is written %q and read as %d %v", length, text, got, ok)
		}
	}
	if got := formatDuration(day + 30*minute); got != "1d30m" {
		t.Errorf("got %q, want 1d30m", got)
	}
}

// FuzzDuration: the parser reads durations as package time does.
func FuzzDuration(f *testing.F) {
	for _, seed := range []string{"90s", "5m", "1h30m", "7d", "1d1h1m1s", "30d", "0s", "", "5", "s", "5x", "1m1h", "1s1s", "-5m", "1.5h", "99999999999999999999d", "1h 30m", "٣s", "2000000s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := parseDuration(text)
		if got < 0 {
			t.Fatalf("%q is %d", text, got)
		}
		// time.ParseDuration knows hours, minutes and seconds in any order.
		if !ok || strings.Contains(text, "d") {
			return
		}
		want, err := time.ParseDuration(text)
		if err != nil {
			if !strings.Contains(err.Error(), "invalid duration") {
				t.Fatalf("%q is accepted, but %v", text, err)
			}
			return // too long for 64 bits of nanoseconds, and thus out of range
		}
		if want.Milliseconds() != got && got <= maxDuration {
			t.Fatalf("%q is %d ms, want %d", text, got, want.Milliseconds())
		}
	})
}
