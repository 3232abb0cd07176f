package config

// parseTime reads a time of RFC 3339 section 5.6 without fractions of a second. It
// returns milliseconds since 1970. It refuses years before 2000, which can only be
// mistakes.
func parseTime(text string) (ms int64, ok bool) {
	const form = "0000-00-00T00:00:00"
	if len(text) <= len(form) || !hasForm(text[:len(form)], form) {
		return 0, false
	}
	year, month, date := digits(text[:4]), digits(text[5:7]), digits(text[8:10])
	hours, minutes, seconds := digits(text[11:13]), digits(text[14:16]), digits(text[17:19])
	offset, ok := zoneOffset(text[len(form):])
	if !ok || year < 2000 || month < 1 || month > 12 || date < 1 || date > daysIn(year, month) ||
		hours > 23 || minutes > 59 || seconds > 59 {
		return 0, false
	}
	return DaysSince1970(year, month, date)*day + hours*hour + minutes*minute + seconds*second - offset, true
}

// hasForm compares a text with a form of the same length, in which 0 stands for
// any digit.
func hasForm(text, form string) bool {
	for i := 0; i < len(form); i++ {
		if form[i] == '0' && !isDigit(text[i]) || form[i] != '0' && text[i] != form[i] {
			return false
		}
	}
	return true
}

func digits(text string) (n int64) {
	for i := 0; i < len(text); i++ {
		n = n*10 + int64(text[i]-'0')
	}
	return n
}

// zoneOffset returns by how much the clocks of a time zone are ahead of UTC.
func zoneOffset(text string) (ms int64, ok bool) {
	if text == "Z" {
		return 0, true
	}
	const form = "+00:00"
	if len(text) != len(form) || text[0] != '+' && text[0] != '-' || !hasForm(text[1:], form[1:]) {
		return 0, false
	}
	hours, minutes := digits(text[1:3]), digits(text[4:])
	ms = hours*hour + minutes*minute
	if text[0] == '-' {
		ms = -ms
	}
	return ms, hours <= 23 && minutes <= 59
}

func daysIn(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// DaysSince1970 returns the number of days from the beginning of 1970 to a date. It
// calculates with years that begin in March, so that a leap day is the last day of its
// year. See
// https://howardhinnant.github.io/date_algorithms.html
func DaysSince1970(year, month, date int64) int64 {
	const daysOf400Years, until1970 = 146097, 719468
	if month <= 2 {
		year--
	}
	era, inEra := year/400, year%400
	inYear := (153*((month+9)%12)+2)/5 + date - 1
	return era*daysOf400Years + inEra*365 + inEra/4 - inEra/100 + inYear - until1970
}
