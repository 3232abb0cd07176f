package gauntlet

import (
	"fmt"
	"time"
)

// byKeys bounds an attacker that a system sees as that many clients, and that sends up to
// atOnce guesses of each before the first response. None of them waits.
//
// A lockout begins when the failures are counted, and guesses in progress at that moment
// get through: at most failures-1 were counted before, so failures-1+atOnce in each
// window. A bucket is filled once at the start and then at its rate, and so is a sliding
// window: one window more.
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

// atOnce bounds one client that does not wait, and whose connections reach that many of
// Gatewarden's workers. One connection is on one worker, however many streams it has.
func atOnce(workers int) func(s Sizes, sys System) Bound {
	return func(s Sizes, sys System) Bound {
		if sys.Family == Lockouts {
			return held(workers)(s)
		}
		return byKeys(s, sys, 1, s.Parallel)
	}
}

// held bounds a client whose attempts wait (burst.hold). A worker passes at most as many
// attempts at once as the client has failures left in the table, which all workers share.
// So one worker never passes more than the limit within a window, answered or in
// progress. It does not know what other workers have in progress.
func held(workers int) func(Sizes) Bound {
	return func(s Sizes) Bound {
		formula := fmt.Sprintf("%d × %d", s.Limit.Failures, s.Windows)
		if workers > 1 {
			formula = fmt.Sprintf("%d × %s", workers, formula)
		}
		return Bound{Formula: formula, N: workers * s.Limit.Failures * s.Windows}
	}
}

// notHeld bounds a client whose attempts do not wait.
func notHeld(s Sizes) Bound { return byKeys(s, System{Family: Lockouts}, 1, s.Parallel) }

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
