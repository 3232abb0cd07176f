package report

import (
	"fmt"
	"html"
	"strings"
)

// Bar is one line of a chart: a median with its spread.
type Bar struct {
	Label string
	Summary
	// Ours is drawn in another colour.
	Ours bool
}

// Group is some bars under a heading and on a scale of their own.
type Group struct {
	Title string
	Bars  []Bar
}

// The chart's measures, in pixels.
const (
	width, labelWidth, valueWidth = 960, 400, 150
	lineHeight, barHeight         = 24, 14
)

// Chart draws the groups as horizontal bars, in SVG with a white ground, so that
// it can be read on dark pages, too.
func Chart(title string, groups []Group) string {
	var b strings.Builder
	y := 34
	for _, g := range groups {
		y += 34
		fmt.Fprintf(&b, `<text x="16" y="%d" font-weight="bold">%s</text>`+"\n", y, html.EscapeString(g.Title))
		largest := 0.0
		for _, bar := range g.Bars {
			largest = max(largest, bar.Max)
		}
		y += 10
		for _, bar := range g.Bars {
			b.WriteString(bar.draw(y, (width-labelWidth-valueWidth)/max(largest, 1e-9)))
			y += lineHeight
		}
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">
<rect width="100%%" height="100%%" fill="#ffffff"/>
<text x="16" y="28" font-size="16" font-weight="bold">%s</text>
%s</svg>
`, width, y+16, html.EscapeString(title), b.String())
}

// draw draws the median as a bar and the spread as a line across its end.
func (bar Bar) draw(y int, scale float64) string {
	colour := "#9aa5b1"
	if bar.Ours {
		colour = "#1f6feb"
	}
	middle, base := y+lineHeight/2, y+lineHeight/2+5
	x := func(v float64) float64 { return labelWidth + max(v, 0)*scale } // noise can be below 0
	return fmt.Sprintf(`<text x="%d" y="%d" text-anchor="end">%s</text>
<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>
<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#24292f"/>
<text x="%.1f" y="%d">%s</text>
`, labelWidth-8, base, html.EscapeString(bar.Label),
		labelWidth, middle-barHeight/2, x(bar.Median)-labelWidth, barHeight, colour,
		x(bar.Min), middle, x(bar.Max), middle,
		x(bar.Max)+8, base, bar.String())
}
