package accesslog

import (
	"math"
	"strconv"
	"time"
)

const latest = 1 << 47 // milliseconds; the year 6429

// parseTime reads the time of day as logs have it: RFC 3339, as START_TIME has
// unless told otherwise, or seconds or milliseconds since 1970.
func parseTime(s string) (ms int64, ok bool) {
	if ms, ok = parseUTC(s); ok {
		return ms, true
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		ms = t.UnixMilli()
		return ms, ms > 0 && ms < latest
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(n) || n <= 0 {
		return 0, false
	}
	const millisecondsSince1973 = 1e11 // as seconds it would be the year 5138
	if n < millisecondsSince1973 {
		n *= 1000
	}
	return int64(n), n < latest
}

// parseUTC reads what START_TIME writes, such as 2026-11-22T22:53:43.758Z, which is
// nearly every line.
func parseUTC(s string) (ms int64, ok bool) {
	const form = "0000-00-00T00:00:00.000Z"
	if len(s) != len(form) {
		return 0, false
	}
	for i := range len(form) {
		if form[i] == '0' && (s[i] < '0' || s[i] > '9') || form[i] != '0' && s[i] != form[i] {
			return 0, false
		}
	}
	year, month, day := number(s[0:4]), number(s[5:7]), number(s[8:10])
	hour, minute, second := number(s[11:13]), number(s[14:16]), number(s[17:19])
	if year < 1970 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 60 {
		return 0, false
	}
	days := daysSince1970(year, month, day)
	return (((days*24+hour)*60+minute)*60+second)*1000 + number(s[20:23]), true
}

// number is that of some digits.
func number(digits string) (n int64) {
	for i := range len(digits) {
		n = n*10 + int64(digits[i]-'0')
	}
	return n
}

func daysIn(year, month int64) int64 {
	switch {
	case month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	case month == 2:
		return 28
	case month == 4 || month == 6 || month == 9 || month == 11:
		return 30
	}
	return 31
}

// daysSince1970 counts years from March on, so that the leap day is a year's last.
func daysSince1970(year, month, day int64) int64 {
	month -= 3
	if month < 0 {
		month += 12
		year--
	}
	const until1970 = 719468 // from the first of March of the year 0
	return year*365 + year/4 - year/100 + year/400 + (month*153+2)/5 + day - 1 - until1970
}
