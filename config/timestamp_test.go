package config

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	for _, row := range []struct {
		text string
		want int64 // seconds; -1 if the text is invalid
	}{
		{"2000-01-01T00:00:00Z", 946_684_800},
		{"2027-01-15T08:00:00Z", 1_800_000_000},
		{"2027-01-15T09:30:00+01:30", 1_800_000_000},
		{"2027-01-14T22:00:00-10:00", 1_800_000_000},
		{"2027-01-15T08:00:00-00:00", 1_800_000_000},
		{"2024-02-29T23:59:59Z", 1_709_251_199},
		{"2100-03-01T00:00:00Z", 4_107_542_400},
		{"9999-12-31T23:59:59Z", 253_402_300_799},
		{"2000-02-29T00:00:00Z", 951_782_400},
		{"2100-02-29T00:00:00Z", -1}, {"2023-02-29T00:00:00Z", -1}, {"2027-04-31T00:00:00Z", -1}, {"2027-01-32T00:00:00Z", -1},
		{"2027-00-01T00:00:00Z", -1}, {"2027-13-01T00:00:00Z", -1}, {"2027-01-00T00:00:00Z", -1},
		{"2027-01-01T24:00:00Z", -1}, {"2027-01-01T00:60:00Z", -1}, {"2027-01-01T00:00:60Z", -1},
		{"1999-12-31T23:59:59Z", -1}, {"1970-01-01T00:00:00Z", -1},
		{"2027-01-01T00:00:00+24:00", -1}, {"2027-01-01T00:00:00+00:60", -1}, {"2027-01-01T00:00:00+0000", -1}, {"2027-01-01T00:00:00+00", -1},
		{"2027-01-01T00:00:00z", -1}, {"2027-01-01t00:00:00Z", -1}, {"2027-01-01 00:00:00Z", -1}, {"2027-01-01T00:00:00", -1},
		{"2027-01-01T00:00:00.0Z", -1}, {"2027-01-01T00:00:00ZZ", -1}, {"2027-1-01T00:00:00Z", -1}, {"2027-01-01T0:00:00+00:00", -1}, {"", -1}, {"Z", -1},
		{"2027-01-01T00:00:0٠Z", -1}, {"+027-01-01T00:00:00Z", -1}, {"2027-01-01T00:00:00*00:00", -1},
	} {
		got, ok := parseTime(row.text)
		if ok != (row.want >= 0) || ok && got != row.want*1000 {
			t.Errorf("%q is %d, %v; want %d", row.text, got, ok, row.want)
		}
	}
}

// FuzzTime: the parser reads times as package time does, and accepts all that
// package time writes to the second.
func FuzzTime(f *testing.F) {
	for _, text := range []string{"2027-01-01T00:00:00Z", "2024-02-29T12:30:45+05:45", "2027-02-29T00:00:00Z", "2027-01-01T00:00:60Z", "2027-01-01T00:00:00-23:59", "2027-01-01T0:00:00Z", "x"} {
		f.Add(text, int64(1_800_000_000))
	}
	f.Add("", int64(253_402_300_799))
	f.Add("", int64(951_782_399))
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		got, ok := parseTime(text)
		want, err := time.Parse(time.RFC3339, text)
		if ok && (err != nil || want.UnixMilli() != got) {
			t.Fatalf("%q is %d; package time has %v, %v", text, got, want, err)
		}
		written := time.Unix(unix, 0).UTC()
		if written.Year() < 2000 || written.Year() > 9999 {
			return
		}
		if got, ok := parseTime(written.Format(time.RFC3339)); !ok || got != unix*1000 {
			t.Fatalf("%v is %d, %v", written, got, ok)
		}
	})
}
