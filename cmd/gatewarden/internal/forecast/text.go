package forecast

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// WriteText writes it for people: the sums, then what they are made of, with up to
// top clients in each list.
func (f *Forecast) WriteText(w io.Writer, top int) error {
	t := &text{top: top}
	t.log(f)
	switch len(f.Variants) {
	case 0: // interrupted before anything was read
	case 1:
		t.variant(&f.Variants[0])
	default:
		t.comparison(f.Variants)
	}
	t.assumptions(f.Assumptions)
	_, err := io.WriteString(w, t.String())
	return err
}

// text is text in the making; a Builder never fails.
type text struct {
	strings.Builder
	top int
}

func (t *text) line(format string, args ...any) { _, _ = fmt.Fprintf(t, format+"\n", args...) }

// table writes rows with their columns below each other, numbers to the right of all
// columns but the first left ones.
func (t *text) table(left int, rows [][]string) {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			if i < left {
				fmt.Fprintf(&b, "  %-*s", width[i], cell)
			} else {
				fmt.Fprintf(&b, "  %*s", width[i], cell)
			}
		}
		t.line("%s", strings.TrimRight(b.String(), " "))
	}
}

func (t *text) log(f *Forecast) {
	log := &f.Log
	if f.Interrupted {
		t.line("Interrupted: this is what was read until then.\n")
	}
	files := make([]string, len(log.Files))
	for i, name := range log.Files {
		files[i] = Plain(name)
	}
	w := tabwriter.NewWriter(t, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "Log\t%s in %s\n", counted(log.Lines, "line", "lines"), strings.Join(files, ", "))
	_, _ = fmt.Fprintf(w, "Requests\t%s, from %s to %s\n", Count(log.Requests), clock(log.From), clock(log.To))
	if n := log.Lines - log.Requests; n > 0 {
		_, _ = fmt.Fprintf(w, "Not read\t%s of other logs, %s without a request, %s unreadable\n",
			counted(log.Other, "line", "lines"), Count(log.NoRequest), Count(log.Unreadable))
	}
	_ = w.Flush()
	for _, p := range log.Problems {
		t.line("  %s:%d: %s", Plain(p.File), p.Line, p.Why)
	}
	if log.Late > 0 {
		t.line("  %s too long, or stood too far from the right place in the log, and may be out of order; --window sets how far is too far.",
			counted(log.Late, "request lasted", "requests lasted"))
	}
}

func (t *text) variant(v *Variant) {
	t.line("\nBy %s:", Plain(v.Name))
	t.sums(v)
	t.surfaces(v)
	t.quotas(v)
	t.payers(v)
	t.clients("Locked out", v, wasLocked)
	t.clients("Refused without a lockout", v, onlyRefused)
	t.hurt(v)
}

func (t *text) sums(v *Variant) {
	w := tabwriter.NewWriter(t, 2, 0, 2, ' ', 0)
	row := func(what, format string, args ...any) {
		_, _ = fmt.Fprintf(w, "  %s\t"+format+"\n", append([]any{what}, args...)...)
	}
	row("Guarded", "%s on %s; %s belong to none", counted(v.Requests, "request", "requests"),
		counted(len(v.Surfaces), "surface", "surfaces"), Count(v.Unguarded))
	row("Failures", "%s with wrong credentials; %s reached the service, %s would have been stopped",
		counted(v.Failures+v.Repeated+v.Stopped, "request", "requests"), Count(v.Failures+v.Repeated), Count(v.Stopped))
	if v.Repeated > 0 {
		row("Repeated", "%s that reached the service did not count, because the client had failed with the same credential before",
			counted(v.Repeated, "failure", "failures"))
	}
	if sure := v.sure(); sure != "" {
		row("Sure", "%s", sure)
	}
	row("Lockouts", "%s, of %s", Count(v.Lockouts), atLeast(v.ClientsLocked, v.AtLeast)+" "+clientWord(v.ClientsLocked))
	row("Refused", "%s%s", counted(v.Refused, "request", "requests"), reasons(v.Reasons))
	row("Honest", "%s with right credentials would have been refused, of %s",
		counted(v.Lost, "request", "requests"), atLeast(v.ClientsHurt, v.AtLeast)+" "+clientWord(v.ClientsHurt))
	if v.Unclear+v.Others > 0 {
		row("Neither", "%s that were refused say nothing about a credential, or were not answered", counted(v.Unclear+v.Others, "request", "requests"))
	}
	if v.NetworkLockouts > 0 {
		row("Networks", "%s", counted(v.NetworkLockouts, "lockout of a whole network", "lockouts of whole networks"))
	}
	if v.Forgotten > 0 {
		row("Evicted", "%s; a larger table.clients evicts fewer", counted(int64(v.Forgotten), "counter, because the table was full", "counters, because the table was full"))
	}
	if v.Malformed > 0 {
		row("Malformed", "%s that two surfaces could own", counted(v.Malformed, "path", "paths"))
	}
	_ = w.Flush()
}

func clientWord(n int) string {
	if n == 1 {
		return "client"
	}
	return "clients"
}

// reasons lists why requests were refused, most first.
func reasons(by map[string]int64) string {
	var names []string
	for name := range by {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if by[a] != by[b] {
			return int(by[b] - by[a])
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = Count(by[name]) + " " + name
	}
	if len(names) == 0 {
		return ""
	}
	return ": " + strings.Join(names, ", ")
}

func (t *text) surfaces(v *Variant) {
	rows := [][]string{{"SURFACE", "KIND", "REQUESTS", "FAILURES", "LOCKOUTS", "REFUSED", "GUESSES", "HONEST"}}
	for i := range v.Surfaces {
		s := &v.Surfaces[i]
		rows = append(rows, []string{
			s.Name, s.Kind, Count(s.Requests), Count(s.Failures), Count(s.Lockouts), Count(s.Refused), Count(s.Stopped), Count(s.Lost),
		})
	}
	t.line("")
	t.table(2, rows)
}

func (t *text) quotas(v *Variant) {
	if len(v.Quotas) == 0 {
		return
	}
	rows := [][]string{{"QUOTA", "ADMITTED", "REFUSED", "PAID BY ADDRESS"}}
	for _, q := range v.Quotas {
		rows = append(rows, []string{q.Name, Count(q.Admitted), Count(q.Refused), Count(q.Unverified)})
	}
	if v.hasBudgets() {
		rows[0] = append(rows[0], "CREDITS")
		for i, q := range v.Quotas {
			credits := "-"
			if q.Unit == "credits" {
				credits = Count(q.Credits)
			}
			rows[i+1] = append(rows[i+1], credits)
		}
	}
	t.line("")
	t.table(1, rows)
}

func (v *Variant) hasBudgets() bool {
	return slices.ContainsFunc(v.Quotas, func(q Quota) bool { return q.Unit == "credits" })
}

// payers are listed by what was refused to them, and then by what they spent.
func (t *text) payers(v *Variant) {
	if len(v.Payers) == 0 {
		return
	}
	list := slices.Clone(v.Payers)
	slices.SortStableFunc(list, func(a, b Payer) int {
		return cmp.Or(cmp.Compare(b.Refused, a.Refused), cmp.Compare(b.Credits, a.Credits), strings.Compare(a.Payer, b.Payer))
	})
	t.title("Credits", len(list))
	rows := [][]string{{"CALLER", "FIRST REFUSED", "CALLS", "REFUSED", "CREDITS"}}
	for _, p := range list[:min(len(list), t.top)] {
		first := "never"
		if p.First != nil {
			first = clock(*p.First)
		}
		rows = append(rows, []string{Plain(p.Payer), first, Count(p.Calls), Count(p.Refused), Count(p.Credits)})
	}
	t.table(2, rows)
}

func (t *text) clients(title string, v *Variant, keep func(*Client) bool) {
	list := v.mostRefused(keep)
	if len(list) == 0 {
		return
	}
	t.title(title, len(list))
	rows := [][]string{{"CLIENT", "SURFACE", "FIRST", "LOCKOUTS", "LOCKED FOR", "FAILURES", "REFUSED", "GUESSES", "HONEST"}}
	shown := list[:min(len(list), t.top)]
	for _, c := range shown {
		rows = append(rows, []string{
			c.Client, c.Surface, clock(c.First), Count(c.Lockouts), seconds(c.LockedSeconds), Count(c.Failures),
			Count(c.Refused), Count(c.Stopped), Count(c.Lost),
		})
	}
	if anyAssumed(shown) {
		rows[0] = append(rows[0], "ASSUMED")
		for i, c := range shown {
			rows[i+1] = append(rows[i+1], Count(c.Assumed))
		}
	}
	t.table(3, rows)
}

func (t *text) hurt(v *Variant) {
	list := v.mostRefused(wasHurt)
	if len(list) == 0 {
		return
	}
	t.title("Honest clients hurt", len(list))
	rows := [][]string{{"CLIENT", "SURFACE", "FIRST", "LAST", "SUCCESSES BEFORE", "HONEST REFUSED"}}
	for _, c := range list[:min(len(list), t.top)] {
		rows = append(rows, []string{c.Client, c.Surface, clock(c.First), clock(c.Last), Count(c.Before), Count(c.Lost)})
	}
	t.table(4, rows)
}

func (t *text) title(title string, n int) {
	if n > t.top {
		title = fmt.Sprintf("%s (the first %d of %s)", title, t.top, Count(n))
	}
	t.line("\n%s", title)
}

func (t *text) comparison(variants []Variant) {
	rows := [][]string{{"LIMITS", "LOCKOUTS", "CLIENTS LOCKED", "GUESSES THROUGH", "GUESSES STOPPED", "HONEST REFUSED", "HONEST CLIENTS"}}
	for i := range variants {
		v := &variants[i]
		rows = append(rows, []string{
			Plain(v.Name), Count(v.Lockouts), atLeast(v.ClientsLocked, v.AtLeast), Count(v.Failures), Count(v.Stopped),
			Count(v.Lost), atLeast(v.ClientsHurt, v.AtLeast),
		})
	}
	if anyRepeated(variants) {
		rows[0] = slices.Insert(rows[0], repeatedColumn, "REPEATED")
		for i := range variants {
			rows[i+1] = slices.Insert(rows[i+1], repeatedColumn, Count(variants[i].Repeated))
		}
	}
	t.line("")
	t.table(1, rows)
	t.line("\nSimulate one of them alone to see its clients, or write --format json for all.")
}

// repeatedColumn is where a comparison has the failures that did not count, if any
// variant has some.
const repeatedColumn = 4

func anyRepeated(variants []Variant) bool {
	return slices.ContainsFunc(variants, func(v Variant) bool { return v.Repeated > 0 })
}

func (t *text) assumptions(list []string) {
	if len(list) == 0 {
		return
	}
	t.line("\nAssumptions")
	for _, a := range list {
		t.line("  - %s", Plain(a))
	}
}
