package report

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	for _, row := range []struct {
		values []float64
		want   string
	}{
		{nil, "–"},
		{[]float64{3}, "3.00"},
		{[]float64{3, 1, 2}, "2.00 (1.00–3.00)"},
		{[]float64{40, 10, 20, 30}, "25.0 (10.0–40.0)"},
		{[]float64{12345.6, 12345.7}, "12346"}, // no spread that shows
	} {
		r := Results{}
		for _, v := range row.values {
			r.Add("row", "column", v)
		}
		if got := r.Get("row", "column").String(); got != row.want {
			t.Errorf("%v: %s, want %s", row.values, got, row.want)
		}
		if r.Has("row", "column") != (len(row.values) > 0) || r.Has("row", "other") {
			t.Errorf("%v: Has is wrong", row.values)
		}
	}
}

// What is dropped is a part and what is below it, and not what begins like it.
func TestDrop(t *testing.T) {
	r := Results{}
	for _, row := range []string{"pass/1", "pass/1/bare", "pass/10"} {
		r.Add(row, "column", 1)
	}
	r.Drop("pass/1")
	if len(r) != 1 || !r.Has("pass/10", "column") {
		t.Errorf("%v is left", r)
	}
}

func TestTable(t *testing.T) {
	got := Table([]string{"what", "how much"}, [][]string{{"a", "1"}, {"b", "2"}})
	want := "| what | how much |\n|---|---:|\n| a | 1 |\n| b | 2 |\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The chart is well-formed XML whatever the labels are, and holds every bar.
func TestChart(t *testing.T) {
	chart := Chart("cost <&>", []Group{
		{Title: "a", Bars: []Bar{{Label: `"x" & y`, Summary: summarise([]float64{1, 2, 3}), Ours: true}, {Label: "none"}, {Label: "less", Summary: summarise([]float64{-1, -2})}}},
		{Title: "empty"},
	})
	for d := xml.NewDecoder(strings.NewReader(chart)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, chart)
		}
	}
	if n := strings.Count(chart, "<rect"); n != 4 { // the ground and three bars
		t.Errorf("%d rectangles, want 4", n)
	}
	if strings.Contains(chart, `width="-`) {
		t.Errorf("a bar has less than no width\n%s", chart)
	}
}
