package accesslog

import (
	"math"
	"strconv"
	"strings"
	"time"
)

const latest = 1 << 47 // milliseconds; the year 6429

// parseTime reads the time of day as logs have it: RFC 3339, as START_TIME has
// unless told otherwise, the time of the Common Log Format, or seconds or milliseconds
// since 1970.
func parseTime(s string) (ms int64, ok bool) {
	if ms, ok = parseUTC(s); ok {
		return ms, true
	}
	if ms, ok = parseISO(s); ok {
		return ms, true
	}
	if ms, _, ok = parseDayFirst(s); ok {
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

// readTimes tells when a request came, when its answer began and when it was over.
func (v *values) readTimes(r *Record) (problem string) {
	if v.ended > 0 { // the format has times, and they were read
		r.Start, r.Answered, r.Ended = max(1, v.begun), v.ended, v.ended
		if v.answered > 0 {
			r.Answered = v.answered
		}
		return ""
	}
	text, ended := v.text[fieldTime], false
	switch {
	case v.told(fieldBegun) != "":
		text = v.text[fieldBegun]
	case v.told(fieldEnded) != "":
		text, ended = v.text[fieldEnded], true
	default:
		ended = v.isForeign()
	}
	if text == "-" {
		text = ""
	}
	at, ok := parseTime(text)
	if !ok {
		return unclear("time", text, "--field time=NAME names the one that has it")
	}
	took := v.duration()
	r.Start, r.Ended = at, at+took
	if ended {
		r.Start, r.Ended = max(1, at-took), at
		v.doubtTime(text, r)
	}
	r.Answered = r.Ended
	if took := v.told(fieldAnswered); took != "" {
		r.Answered = min(r.Start+milliseconds(took), r.Ended)
	}
	return ""
}

// moveTo takes times that were read as UTC for those of a time zone.
func (r *Record) moveTo(zone *time.Location) {
	t := time.UnixMilli(r.Start).UTC()
	there := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
	by := max(1, there.UnixMilli()) - r.Start
	r.Start, r.Answered, r.Ended = r.Start+by, r.Answered+by, r.Ended+by
	r.Missing &^= NoZone
}

// isForeign tells whether a name was there that only other proxies use. Their time is then
// the one at which the line was written.
func (v *values) isForeign() bool {
	return v.unit != nil || v.rank[fieldSeconds]+v.rank[fieldNanoseconds]+v.rank[fieldRequest] > 0
}

// duration is how long a request took, in milliseconds.
func (v *values) duration() int64 {
	switch {
	case v.told(fieldSeconds) != "":
		return seconds(v.text[fieldSeconds])
	case v.told(fieldNanoseconds) != "":
		return inMilliseconds(v.text[fieldNanoseconds], 1e-6)
	case v.unit != nil:
		return v.unit(v.told(fieldDuration))
	}
	return milliseconds(v.told(fieldDuration))
}

// doubtTime notes what the line of another proxy does not tell of its times.
func (v *values) doubtTime(text string, r *Record) {
	if v.told(fieldSeconds)+v.told(fieldNanoseconds)+v.told(fieldDuration) == "" {
		r.Missing |= NoDuration
	}
	if strings.IndexByte(text, '.') < 0 {
		r.Missing |= WholeSeconds
	}
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
	ms, ok = instant(number(s[0:4]), number(s[5:7]), number(s[8:10]), s[11:19])
	return ms + number(s[20:23]), ok
}

// instant is a day and the time of that day, such as 22:53:43, in UTC.
func instant(year, month, day int64, clock string) (ms int64, ok bool) {
	hour, minute, second := number(clock[0:2]), number(clock[3:5]), number(clock[6:8])
	if year < 1970 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 60 {
		return 0, false
	}
	days := daysSince1970(year, month, day)
	return (((days*24+hour)*60+minute)*60 + second) * 1000, true
}

// fits tells whether a text begins with a form, where 0 is any digit and a any letter.
func fits(s, form string) bool {
	if len(s) < len(form) {
		return false
	}
	for i := range len(form) {
		switch form[i] {
		case '0':
			if !isDigit(s[i]) {
				return false
			}
		case 'a':
			if c := s[i] | 0x20; c < 'a' || c > 'z' {
				return false
			}
		default:
			if s[i] != form[i] {
				return false
			}
		}
	}
	return true
}

// parseISO reads RFC 3339, such as 2026-11-22T22:53:43+01:00, with a fraction or without.
func parseISO(s string) (ms int64, ok bool) {
	const form = "0000-00-00T00:00:00"
	if !fits(s, form) {
		return 0, false
	}
	if ms, ok = instant(number(s[0:4]), number(s[5:7]), number(s[8:10]), s[11:19]); !ok {
		return 0, false
	}
	fraction, rest := cutFraction(s[len(form):])
	if rest == "Z" {
		return ms + fraction, ms+fraction > 0
	}
	offset, ok := zone(rest, "+00:00")
	ms += fraction - offset
	return ms, ok && ms > 0
}

// parseDayFirst reads a time as the Common Log Format has it, 22/Nov/2026:22:53:43 +0100,
// with a fraction or without. zoned is false where there is no time zone.
func parseDayFirst(s string) (ms int64, zoned, ok bool) {
	const form = "00/aaa/0000:00:00:00"
	if !fits(s, form) {
		return 0, false, false
	}
	if ms, ok = instant(number(s[7:11]), monthOf(s[3:6]), number(s[0:2]), s[12:20]); !ok {
		return 0, false, false
	}
	fraction, rest := cutFraction(s[len(form):])
	if ms += fraction; rest == "" {
		return ms, false, ms > 0
	}
	offset, ok := zone(rest, " +0000")
	ms -= offset
	return ms, true, ok && ms > 0
}

// cutFraction reads a point with digits behind it as milliseconds.
func cutFraction(s string) (ms int64, rest string) {
	if s == "" || s[0] != '.' {
		return 0, s
	}
	n := 1
	for scale := int64(100); n < len(s) && isDigit(s[n]); n++ {
		ms += int64(s[n]-'0') * scale
		scale /= 10
	}
	return ms, s[n:]
}

// zone reads the distance from UTC in a form that has a plus sign and four zeros.
func zone(s, form string) (ms int64, ok bool) {
	sign := strings.IndexByte(form, '+')
	if len(s) != len(form) || s[sign] != '+' && s[sign] != '-' || !fits(s[:sign], form[:sign]) || !fits(s[sign+1:], form[sign+1:]) {
		return 0, false
	}
	hours, minutes := number(s[sign+1:sign+3]), number(s[len(s)-2:])
	ms = (hours*60 + minutes) * 60_000
	if s[sign] == '-' {
		ms = -ms
	}
	return ms, hours <= 14 && minutes < 60
}

// monthOf is the number of a month by the first letters of its English name, which is
// what all proxies write, 0 if it is none.
func monthOf(name string) int64 {
	const names = "JanFebMarAprMayJunJulAugSepOctNovDec"
	i := strings.Index(names, name)
	if i < 0 || i%3 != 0 {
		return 0
	}
	return int64(i/3) + 1
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
