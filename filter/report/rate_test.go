package report

import "testing"

func TestRate(t *testing.T) {
	const perSecond = 3
	b := NewRate(perSecond)
	now := int64(5_000_000)
	for i, row := range []struct {
		after   int64
		lines   int
		written int
	}{
		{0, 10, 3}, // a burst of a second's worth
		{333, 1, 0},
		{1, 2, 1}, // a third of a second is one line
		{1000, 5, 3},
		{60_000, 5, 3}, // nothing is saved up
		{-10_000, 2, 0},
		{1000, 5, 3},
	} {
		now += row.after
		written := 0
		for range row.lines {
			if b.Take(now) {
				written++
			}
		}
		if written != row.written {
			t.Errorf("step %d: %d lines, want %d", i, written, row.written)
		}
	}
	// Quiet seconds are not saved up, one by one.
	quiet := NewRate(perSecond)
	for second := int64(1); second <= 20; second++ {
		quiet.Take(second * 1000)
	}
	burst := 0
	for quiet.Take(21_000) {
		burst++
	}
	if burst != perSecond {
		t.Errorf("a burst of %d lines", burst)
	}
	// Over a long time it is the rate, whatever the steps.
	for _, step := range []int64{1, 7, 100, 334, 999, 1000} {
		b := Rate{perSecond: perSecond, last: 1000}
		written := int64(0)
		for now := int64(1000); now < 101_000; now += step {
			if b.Take(now) {
				written++
			}
		}
		if want := min(100*perSecond, 100_000/step+1); written > want+perSecond || written < want-perSecond {
			t.Errorf("every %d ms: %d lines in 100 s", step, written)
		}
	}
}
