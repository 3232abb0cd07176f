package audit

import (
	"github.com/gatewarden/gatewarden/internal/text"
	"math/rand/v2"
	"testing"
	"time"
)

// TestTimes compares with package time, on the days around those that calendars go wrong on,
// and on others.
func TestTimes(t *testing.T) {
	check := func(ms int64) {
		t.Helper()
		want := time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
		var b text.Buffer
		if appendTime(&b, ms); string(b) != want {
			got := string(b)
			t.Fatalf("%d is %s, want %s", ms, got, want)
		}
	}
	for year := 1970; year < 2500; year++ {
		for _, month := range []time.Month{time.January, time.February, time.March, time.December} {
			first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
			check(first)
			if first > 0 {
				check(first - 1)
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		check(random.Int64N(253_402_300_800_000))
	}
	for ms, want := range map[int64]string{-1: "1970-01-01T00:00:00.000Z", -1 << 63: "1970-01-01T00:00:00.000Z", 1<<63 - 1: "9999-12-31T23:59:59.999Z"} {
		var b text.Buffer
		if appendTime(&b, ms); string(b) != want {
			got := string(b)
			t.Errorf("%d is %s, want %s", ms, got, want)
		}
	}
}
