package simulate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
)

// span is a record from start to end, named by its path.
func span(path string, start, end int64) accesslog.Record {
	return accesslog.Record{Path: path, Start: start, Answered: end, Ended: end}
}

func ordered(window int64, records ...accesslog.Record) (string, *timeline) {
	var out []string
	t := newTimeline(window, func(e event) {
		mark := ">"
		if e.answer {
			mark = "<"
		}
		out = append(out, fmt.Sprintf("%s%s%d", mark, e.record.Path, e.at))
	})
	for i := range records {
		t.add(&records[i])
	}
	t.end()
	return strings.Join(out, " "), t
}

func TestTimeline(t *testing.T) {
	for _, row := range []struct {
		name    string
		records []accesslog.Record
		want    string
		late    int
	}{
		{"one after the other, within a millisecond", []accesslog.Record{span("a", 5, 5), span("b", 5, 5)}, ">a5 <a5 >b5 <b5", 0},
		{"one during another", []accesslog.Record{span("b", 15, 16), span("a", 10, 20)}, ">a10 >b15 <b16 <a20", 0},
		{"one when another was answered", []accesslog.Record{span("a", 10, 20), span("b", 20, 25)}, ">a10 <a20 >b20 <b25", 0},
		{"at once", []accesslog.Record{span("a", 10, 20), span("b", 10, 20), span("c", 10, 21)}, ">a10 >b10 >c10 <a20 <b20 <c21", 0},
		{"a day later", []accesslog.Record{span("a", 10, 20), span("b", 86400000, 86400001)}, ">a10 <a20 >b86400000 <b86400001", 0},
		{"as long as the window", []accesslog.Record{span("b", 150, 150), span("a", 100, 200)}, ">a100 >b150 <b150 <a200", 0},
		{"longer than the window", []accesslog.Record{span("b", 150, 150), span("a", 90, 200)}, ">a100 >b150 <b150 <a200", 1},
		{"out of order", []accesslog.Record{span("a", 300, 300), span("b", 250, 250)}, ">b250 <b250 >a300 <a300", 0},
		{"far out of order", []accesslog.Record{span("a", 300, 300), span("b", 90, 100)}, ">b200 <b200 >a300 <a300", 1},
	} {
		got, line := ordered(100, row.records...)
		if got != row.want || line.late != row.late {
			t.Errorf("%s:\n got %s, %d late\nwant %s, %d", row.name, got, line.late, row.want, row.late)
		}
	}
}

// However requests overlap: nothing is lost, time never goes back, each answer comes
// behind its request, and no two requests under way have the same number.
func TestTimelineKeepsItsPromises(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		const window, n = 1000, 2000
		records := make([]accesslog.Record, n)
		for i, at := range random.Perm(n) {
			start := int64(at) * int64(1+random.IntN(3))
			records[i] = span(fmt.Sprint(i), start, start+int64(random.IntN(2*window)))
		}
		slices.SortFunc(records, func(a, b accesslog.Record) int { return int(a.Ended - b.Ended) })
		var now int64
		underWay := map[int32]string{}
		seen := 0
		line := newTimeline(window, func(e event) {
			seen++
			if e.at < now {
				t.Fatalf("seed %d: %d behind %d", seed, e.at, now)
			}
			now = e.at
			who, busy := underWay[e.flight]
			switch {
			case e.answer && who != e.record.Path, !e.answer && busy:
				t.Fatalf("seed %d: %q has the number %d, which is of %q", seed, e.record.Path, e.flight, who)
			case e.answer:
				delete(underWay, e.flight)
			default:
				underWay[e.flight] = e.record.Path
			}
		})
		for i := range records {
			line.add(&records[i])
		}
		line.end()
		if seen != 2*n || len(underWay) > 0 {
			t.Errorf("seed %d: %d events, %d under way at the end", seed, seen, len(underWay))
		}
	}
}

// A burst of any size holds no more than it may.
func TestTimelineIsBounded(t *testing.T) {
	seen, most := 0, 0
	line := newTimeline(1000, func(event) { seen++ })
	r := span("a", 5000, 5500)
	for i := range 3 * maxHeld {
		r.Start, r.Ended, r.Answered = 5000+int64(i%500), 5500, 5500
		line.add(&r)
		most = max(most, line.held)
	}
	line.end()
	if most > 2*maxHeld+2 || len(line.nodes) > 2*maxHeld+2 || seen != 6*maxHeld {
		t.Errorf("%d held, %d nodes, %d seen", most, len(line.nodes), seen)
	}
}
