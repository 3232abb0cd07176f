package config

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// FuzzDuration: what is accepted means what it says, unit by unit.
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
			return // too long for 64 bits of nanoseconds: refused by its range
		}
		if want.Milliseconds() != got && got <= maxDuration {
			t.Fatalf("%q is %d ms, want %d", text, got, want.Milliseconds())
		}
	})
}

// FuzzEnvironment: a variable that is accepted says one number, and changes the
// field that it names and no other.
func FuzzEnvironment(f *testing.F) {
	for _, name := range []string{"MCP_FAILURES", "MCP_WINDOW_SECONDS", "REST_V1_WINDOW_SECONDS_FAILURES", "REST_V1_WINDOW_SECONDS", "_", "MCP", ""} {
		for _, value := range []string{"7", "0", "1000001", "-1", "+7", "07", " 7", "7 ", "7s", "", "٧", "1e3", "18446744073709551616"} {
			f.Add(name, value)
		}
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		c, err := Parse([]byte(twoSurfaces), []string{"RATE_LIMIT_" + name + "=" + value})
		before, _ := Parse([]byte(twoSurfaces), nil)
		if err != nil {
			return
		}
		changed := 0
		for i := range c.Surfaces {
			was, is := before.Surfaces[i].Lockout, c.Surfaces[i].Lockout
			if is.Failures != was.Failures {
				changed++
				if n, err := strconv.ParseInt(value, 10, 64); err != nil || n != int64(is.Failures) {
					t.Fatalf("%s=%q sets failures to %d", name, value, is.Failures)
				}
			}
			if is.Window != was.Window {
				changed++
				if n, err := strconv.ParseInt(value, 10, 64); err != nil || n*second != is.Window {
					t.Fatalf("%s=%q sets the window to %d ms", name, value, is.Window)
				}
			}
		}
		if changed > 1 {
			t.Fatalf("%s=%q changes %d fields", name, value, changed)
		}
	})
}
