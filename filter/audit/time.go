package audit

import "github.com/gatewarden/gatewarden/internal/text"

// appendTime appends a time of RFC 3339, in UTC, to the millisecond. now is in milliseconds
// since 1970; a time before that, or after the year 9999, becomes the nearest one.
func appendTime(b *text.Buffer, now int64) {
	const day, last = 86_400_000, 253_402_300_799_999
	now = min(max(now, 0), last)
	year, month, date := dateOf(now / day)
	rest := now % day
	appendDigits(b, year, 4, "-")
	appendDigits(b, month, 2, "-")
	appendDigits(b, date, 2, "T")
	appendDigits(b, rest/3_600_000, 2, ":")
	appendDigits(b, rest/60_000%60, 2, ":")
	appendDigits(b, rest/1000%60, 2, ".")
	appendDigits(b, rest%1000, 3, "Z")
}

// appendDigits appends a number with leading zeros, and what comes after it.
func appendDigits(b *text.Buffer, n int64, count int, after string) {
	for unit := pow10(count - 1); unit > 0; unit /= 10 {
		*b = append(*b, byte('0'+n/unit%10))
	}
	b.Add(after)
}

func pow10(n int) int64 {
	p := int64(1)
	for ; n > 0; n-- {
		p *= 10
	}
	return p
}

// dateOf returns the date of a day since 1970. Like config.DaysSince1970, which is the
// opposite, it calculates with years that begin in March.
func dateOf(day int64) (year, month, date int64) {
	const daysOf400Years, until1970 = 146097, 719468
	day += until1970
	era, inEra := day/daysOf400Years, day%daysOf400Years
	yearOfEra := (inEra - inEra/1460 + inEra/36524 - inEra/(daysOf400Years-1)) / 365
	inYear := inEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	fromMarch := (5*inYear + 2) / 153
	date = inYear - (153*fromMarch+2)/5 + 1
	month = fromMarch + 3
	year = era*400 + yearOfEra
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, date
}
