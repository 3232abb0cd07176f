package algorithm

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/table"
)

// calendar counts in the days or months of the calendar, in UTC.
//
// Guarantee: within one day or month no more than the limit is spent, on any number of
// workers, and no more than twice the limit within any time as long as that. That holds
// where the clock of the time of day steps, too: no window begins a second time.
//
// Limitation: a counter is kept for a day longer than its window lasts by the clock of
// the table. If the time of day steps back by more than a day within a window, and nobody
// asks for the counter until it expires, the caller has a second allowance.
//
// A record's Before is the number of its window. If the time of day has stepped back to an
// earlier window, the later one goes on; WindowEnd, less the margin, says when it ends by
// the clock of the table.
type calendar struct{}

const (
	millisecondsADay = 86_400_000
	// margin is for how much longer than its window a record is kept.
	margin = millisecondsADay
	// drift is by how much the two clocks may part before a record is put right.
	drift = 60_000
)

// Calendar completes a plan with the window that runs at a time of day, in milliseconds
// since 1970. It returns the plan of any other kind as it is.
func (k Kind) Calendar(p Plan, wall int64) Plan {
	if !k.IsCalendar() {
		return p
	}
	today := min(max(wall/millisecondsADay, 0), 1<<31)
	number, first, next := today, today, today+1
	if k == month {
		number, first, next = monthOf(today)
	}
	p.Period = uint32(number) + 1
	p.Window = (next - first) * millisecondsADay
	p.Rest = max(next*millisecondsADay-wall, 1)
	return p
}

// monthOf returns the month of a day, and the first days of this month and of the next
// one. Days and months count since 1970.
func monthOf(day int64) (month, first, next int64) {
	const days, months = 146_097, 4800 // of 400 years
	month = day * months / days        // which is off by one at most
	for monthBegins(month) > day {
		month--
	}
	for monthBegins(month+1) <= day {
		month++
	}
	return month, monthBegins(month), monthBegins(month + 1)
}

func monthBegins(month int64) (day int64) {
	return config.DaysSince1970(1970+month/12, month%12+1, 1)
}

func (calendar) take(r table.Record, floor uint8, p Plan, cost uint32, now int64) (table.Record, Balance) {
	end := now + p.Rest
	switch {
	case r.Before > p.Period && now < r.WindowEnd-margin:
		end = r.WindowEnd - margin
	case r.Before != p.Period:
		r = table.Record{Count: inheritedUse(floor, p.Limit), Before: p.Period, WindowEnd: end + margin}
	}
	b := Balance{Left: p.Limit - min(r.Count, p.Limit), More: end}
	if b.Fits = cost <= b.Left; b.Fits {
		r.Count += cost
		b.Left -= cost
	}
	if b.Left == p.Limit {
		b.More = now
	}
	return r, b
}

func (calendar) giveBack(r table.Record, _ Plan, t Taking, part uint32, _ int64) table.Record {
	if int64(r.Before) == t.Window {
		r.Count -= min(part, r.Count)
	}
	return r
}

// curtail keeps the record as long as its window lasts by the time of day.
func (calendar) curtail(r table.Record, p Plan, now int64) (table.Record, bool) {
	end := now + p.Rest + margin
	if r.Before != p.Period || r.WindowEnd-end <= drift && end-r.WindowEnd <= drift {
		return r, false
	}
	r.WindowEnd = end
	return r, true
}

func (calendar) WindowOf(r table.Record) int64 { return int64(r.Before) }
