package operations

// appendTime writes milliseconds since 1970 as a JSON string of RFC 3339, in UTC and to
// the second.
func appendTime(b []byte, ms int64) []byte {
	const second, day = 1000, 86_400_000
	ms = min(max(ms, 0), 253_402_300_799_999) // the year 9999 is the last that it can write
	year, month, date := dateOf(ms / day)
	seconds := ms % day / second
	b = appendDigits(append(b, '"'), year, 4)
	b = appendDigits(append(b, '-'), month, 2)
	b = appendDigits(append(b, '-'), date, 2)
	b = appendDigits(append(b, 'T'), seconds/3600, 2)
	b = appendDigits(append(b, ':'), seconds/60%60, 2)
	b = appendDigits(append(b, ':'), seconds%60, 2)
	return append(b, `Z"`...)
}

func appendDigits(b []byte, n int64, digits int) []byte {
	for unit := []int64{0, 1, 10, 100, 1000}[digits]; unit > 0; unit /= 10 {
		b = append(b, byte('0'+n/unit%10))
	}
	return b
}

// dateOf is the date of a day since 1970. It counts in years that begin with March, so
// that a leap day is the last of its year.
// See https://howardhinnant.github.io/date_algorithms.html
func dateOf(day int64) (year, month, date int64) {
	const until1970, daysOf400Years = 719468, 146097
	day += until1970
	era, inEra := day/daysOf400Years, day%daysOf400Years
	yearOfEra := (inEra - inEra/1460 + inEra/36524 - inEra/146096) / 365
	inYear := inEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	shifted := (5*inYear + 2) / 153 // 0 is March
	year, month, date = era*400+yearOfEra, shifted+3, inYear-(153*shifted+2)/5+1
	if month > 12 {
		return year + 1, month - 12, date
	}
	return year, month, date
}
