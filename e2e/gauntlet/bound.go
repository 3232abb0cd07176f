package gauntlet

import (
	"fmt"
	"time"
)

// byKeys bounds an attacker who is keys clients in the eyes of a system and
// sends up to atOnce guesses of each before the first answer is back.
//
// A lockout begins when the failures are counted, and whoever was under way by
// then gets through: at most failures-1 were counted before, so failures-1+atOnce
// in each window. A bucket is filled once at the start and then at its rate, and
// so is a sliding window: one window more.
func byKeys(s Sizes, sys System, keys, atOnce int) Bound {
	failures, windows := s.Limit.Failures, s.Windows
	each, formula := failures, fmt.Sprint(failures)
	if sys.Family != Requests && atOnce > 1 {
		each = failures - 1 + atOnce
		formula = fmt.Sprintf("(%d − 1 + %d)", failures, atOnce)
	}
	if sys.Family != Lockouts {
		windows++
	}
	if keys > 1 {
		formula = fmt.Sprintf("%s × %s", thousands(keys), formula)
	}
	return Bound{Formula: fmt.Sprintf("%s × %d", formula, windows), N: keys * each * windows}
}

// inSequence is the bound of one client that waits for every answer.
func inSequence(s Sizes, sys System) Bound { return byKeys(s, sys, 1, 1) }

// atOnce is the bound of one client that does not.
func atOnce(s Sizes, sys System) Bound { return byKeys(s, sys, 1, s.Parallel) }

// pendingBound is that of a lockout with a number of attempts in flight.
func pendingBound(pending int) func(Sizes) Bound {
	return func(s Sizes) Bound {
		return Bound{
			Formula: fmt.Sprintf("(%d + %d) × %d", s.Limit.Failures, pending, s.Windows),
			N:       (s.Limit.Failures + pending) * s.Windows,
		}
	}
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// seconds writes a duration as all of the systems read it.
func seconds(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }
