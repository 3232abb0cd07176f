package forecast

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"
)

// The charts are drawn in units of a page 640 wide, and scale with it.
const (
	chartWidth  = 640
	chartHeight = 150
	labelHeight = 18
)

// drawing is SVG in the making. Every text goes through label, which escapes it.
type drawing struct{ strings.Builder }

// escape makes a text that came from elsewhere one of SVG.
func escape(text string) string { return template.HTMLEscapeString(Plain(text)) }

func begin(height int, what string) *drawing {
	d := &drawing{}
	d.add(`<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, chartWidth, height, escape(what))
	return d
}

func (d *drawing) add(format string, args ...any) { _, _ = fmt.Fprintf(d, format, args...) }

func (d *drawing) bar(class string, x, y, width, height float64, title string) {
	d.add(`<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s</title></rect>`,
		class, x, y, width, height, escape(title))
}

func (d *drawing) label(class string, x, y float64, anchor, text string) {
	d.add(`<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, class, x, y, anchor, escape(text))
}

// end returns the drawing, which has nothing in it that was not escaped.
func (d *drawing) end() template.HTML {
	d.add("</svg>")
	return template.HTML(d.String()) //nolint:gosec // see above
}

func most(values []int64) int64 {
	if len(values) == 0 {
		return 0
	}
	return slices.Max(values)
}

// drawSeries draws requests, with failures and refusals in front of them. The scale
// is that of the square root: an attack on a busy service would not be seen else,
// nor the service behind a strong attack.
func drawSeries(s *Series) template.HTML {
	d := begin(chartHeight+labelHeight, "Requests, failures and refusals over time")
	highest := math.Sqrt(float64(most(s.Requests)))
	width := float64(chartWidth) / float64(max(len(s.Requests), 1))
	for i := range s.Requests {
		at := s.From.Add(time.Duration(int64(i)*s.Step) * time.Second)
		title := fmt.Sprintf("%s: %s requests, %s failures, %s refused", clock(at), Count(s.Requests[i]), Count(s.Failures[i]), Count(s.Refused[i]))
		x := float64(i) * width
		// Failures and refusals stand on each other: no request is both.
		refused := chartHeight * math.Sqrt(float64(s.Refused[i])) / max(highest, 1)
		both := chartHeight * math.Sqrt(float64(s.Refused[i]+s.Failures[i])) / max(highest, 1)
		all := chartHeight * math.Sqrt(float64(s.Requests[i])) / max(highest, 1)
		both, refused = min(both, all), min(refused, all)
		for _, b := range []struct {
			class    string
			from, to float64
		}{{"requests", both, all}, {"failures", refused, both}, {"refused", 0, refused}} {
			if b.to > b.from {
				d.bar(b.class, x, chartHeight-b.to, max(width-0.3, 0.6), b.to-b.from, title)
			}
		}
	}
	d.add(`<line class="axis" x1="0" x2="%d" y1="%d" y2="%d"/>`, chartWidth, chartHeight, chartHeight)
	d.label("", 0, chartHeight+14, "start", short(s.From))
	d.label("", chartWidth, chartHeight+14, "end", short(s.From.Add(time.Duration(int64(len(s.Requests))*s.Step)*time.Second)))
	return d.end()
}

func short(t time.Time) string { return t.Format("2006-01-02 15:04:05Z") }

// drawTimeline draws the lockouts of some clients, one line each.
func drawTimeline(clients []Client, from, to time.Time) template.HTML {
	const rowHeight, names = 20, 170
	d := begin(len(clients)*rowHeight+labelHeight, "Lockouts of the clients over time")
	all := max(to.Sub(from).Seconds(), 1)
	at := func(t time.Time) float64 {
		return names + (chartWidth-names)*min(max(t.Sub(from).Seconds()/all, 0), 1)
	}
	for i, c := range clients {
		y := float64(i * rowHeight)
		d.label("name", 0, y+15, "start", c.Client)
		d.add(`<line class="axis" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, names, chartWidth, y+10, y+10)
		for _, span := range c.Locked {
			x := at(span.From)
			d.bar("refused", x, y+4, max(at(span.To)-x, 1.5), 12, clock(span.From)+" to "+clock(span.To))
		}
	}
	bottom := float64(len(clients)*rowHeight + 13)
	d.label("", names, bottom, "start", short(from))
	d.label("", chartWidth, bottom, "end", short(to))
	return d.end()
}

// drawComparison draws, for each variant, the guesses that get through and the honest
// requests that do not.
func drawComparison(variants []Variant) template.HTML {
	const rowHeight = 58
	d := begin(len(variants)*rowHeight, "Guesses through and honest requests refused, by limits")
	highest := int64(1)
	for i := range variants {
		highest = max(highest, variants[i].Failures, variants[i].Lost)
	}
	const numbers = 70 // room behind the longest bar
	scale := float64(chartWidth-numbers) / float64(highest)
	for i := range variants {
		v := &variants[i]
		y := float64(i * rowHeight)
		d.label("name", 0, y+14, "start", v.Name)
		for j, b := range []struct {
			class string
			n     int64
		}{{"through", v.Failures}, {"honest", v.Lost}} {
			top := y + 19 + float64(j)*16
			length := max(float64(b.n)*scale, 1)
			d.bar(b.class, 0, top, length, 14, Count(b.n))
			d.label("", length+5, top+12, "start", Count(b.n))
		}
	}
	return d.end()
}
