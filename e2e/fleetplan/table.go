package fleetplan

import (
	"fmt"
	"strings"
)

// Named is a result under the name of its plan.
type Named struct {
	Name string
	Result
}

// Spread is the table of guesses that get through, for docs/fleet.md.
func Spread(results []Named) string {
	var b strings.Builder
	b.WriteString("| | guesses through by window: mean | 99 of 100 | guesses refused | a proxy refuses after: median | 99 of 100 |\n|---|--:|--:|--:|--:|--:|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %.1f | %.0f | %.0f %% | %s | %s |\n", r.Name, r.Through.Mean(), r.Through.Quantile(0.99), 100*r.Refused,
			milliseconds(r.Learned, 0.5), milliseconds(r.Learned, 0.99))
	}
	return b.String()
}

// milliseconds is how long proxies took, if any had to learn at all.
func milliseconds(d Distribution, share float64) string {
	if len(d) == 0 {
		return "at once"
	}
	return fmt.Sprintf("%.1f ms", 1000*d.Quantile(share))
}

// Load is the table of what the service and Redis have to do.
func Load(results []Named) string {
	var b strings.Builder
	b.WriteString("| | calls/s | counters in a call | cores of the service | Redis commands/s | busiest second | cores of Redis | memory of Redis |\n|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %s | %.1f | %.1f | %s | %s | %.1f | %.0f MB |\n", r.Name, short(r.Calls), r.Descriptors, r.ServiceCores,
			short(r.Commands), short(r.PeakCommands), r.RedisCores, r.Bytes/1e6)
	}
	return b.String()
}

// short is a number with two or three digits that say something.
func short(n float64) string {
	switch {
	case n < 999.5:
		return fmt.Sprintf("%.3g", n)
	case n < 999_500:
		return fmt.Sprintf("%.3g thousand", n/1e3)
	}
	return fmt.Sprintf("%.3g million", n/1e6)
}
