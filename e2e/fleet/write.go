package fleet

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The tables are Markdown, for docs/fleet.md.

// Spreads are all that was measured of one variant and one way of guessing.
type Spreads struct {
	Name, How string
	All       []Spread
}

// WriteSpreads writes the table of propagation.
func WriteSpreads(all []Spreads) string {
	var b strings.Builder
	b.WriteString("| | guesses | until the last proxy knows: median | p99 | guesses beyond the limit: median | most |\n|---|---|--:|--:|--:|--:|\n")
	for _, s := range all {
		var last []time.Duration
		var extra []int
		for _, one := range s.All {
			last, extra = append(last, one.Last), append(extra, one.Extra)
		}
		slices.Sort(extra)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %d | %d |\n", s.Name, s.How,
			short(quantile(last, 0.5)), short(quantile(last, 0.99)), extra[len(extra)/2], extra[len(extra)-1])
	}
	return b.String()
}

// FaultRow is a fault with what it did to each variant.
type FaultRow struct {
	Fault    string
	Outcomes []Outcome
}

// WriteFaults writes the table of faults. names are what readers call the variants.
func WriteFaults(rows []FaultRow, names map[string]string) string {
	var b strings.Builder
	b.WriteString("| fault | rules | a request waits: p99 | most | valid users served | guesses of one client | lockouts lost | outlived | recovered after |\n" +
		"|---|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, r := range rows {
		for _, o := range r.Outcomes {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %d | %s | %s | %s |\n", r.Fault, names[o.Variant],
				short(quantile(o.Waits, 0.99)), short(quantile(o.Waits, 1)), served(o.Valid), o.Guesses, none(o.Lost), none(o.Outlived), short(o.Recovered))
		}
	}
	return b.String()
}

// served is the share of requests that were answered by the service behind the proxies.
func served(statuses map[int]int) string {
	all := 0
	for _, n := range statuses {
		all += n
	}
	return fmt.Sprintf("%.3g %%", 100*float64(statuses[http.StatusOK])/float64(max(all, 1)))
}

// none says how many requests show that something went wrong.
func none(requests int) string {
	if requests == 0 {
		return "none"
	}
	return fmt.Sprintf("**yes** (%d requests)", requests)
}

// WriteLoad writes the table of latencies. The first variant is the one that the others
// are compared with.
func WriteLoad(all []Latency, names map[string]string) string {
	var b strings.Builder
	b.WriteString("| | p50 | added | p99 | added | calls per request |\n|---|--:|--:|--:|--:|--:|\n")
	bare := all[0]
	for i, l := range all {
		half, most := quantile(l.Took, 0.5), quantile(l.Took, 0.99)
		addedHalf, addedMost := "", ""
		if i > 0 {
			addedHalf, addedMost = short(half-quantile(bare.Took, 0.5)), short(most-quantile(bare.Took, 0.99))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %.2f |\n", names[l.Variant], short(half), addedHalf, short(most), addedMost,
			float64(l.Calls)/float64(len(l.Took)))
	}
	return b.String()
}

// WriteFloods writes the table of floods.
func WriteFloods(all []Flooded, names map[string]string) string {
	var b strings.Builder
	b.WriteString("| | proxies | addresses | guesses a second | of them refused | calls a second | guesses per call |\n|---|--:|--:|--:|--:|--:|--:|\n")
	for _, f := range all {
		guesses := f.Failed + f.Refused + f.Other
		fmt.Fprintf(&b, "| %s | %d | %d | %.0f | %.3g %% | %.0f | %.1f |\n", names[f.Variant], f.Proxies, f.Addresses,
			float64(guesses)/f.Took.Seconds(), 100*float64(f.Refused)/float64(max(guesses, 1)), float64(f.Calls)/f.Took.Seconds(),
			float64(guesses)/float64(max(f.Calls, 1)))
	}
	return b.String()
}

// short is a time with two or three digits.
func short(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + short(-d)
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// Section is a part of a page that a program writes.
type Section struct{ Name, Text string }

// begins and ends are the lines around a section.
func (s Section) begins() string {
	return fmt.Sprintf("<!-- %s: what is between here and the end is written by \"make fleet\". -->\n", s.Name)
}

func (s Section) ends() string { return fmt.Sprintf("<!-- The end of %s. -->\n", s.Name) }

// Into puts the section in its place on a page.
func (s Section) Into(page string) (string, error) {
	before, rest, begins := strings.Cut(page, s.begins())
	_, after, ends := strings.Cut(rest, s.ends())
	if !begins || !ends {
		return "", fmt.Errorf("the page has no place for %s, from\n%sto\n%s", s.Name, s.begins(), s.ends())
	}
	return before + s.begins() + "\n" + s.Text + "\n" + s.ends() + after, nil
}
