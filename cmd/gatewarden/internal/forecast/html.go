package forecast

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"count": func(n any) string {
		switch n := n.(type) {
		case int64:
			return Count(n)
		case uint64:
			return Count(n)
		}
		return fmt.Sprint(n)
	},
	"atLeast": atLeast, "clock": clock, "seconds": seconds, "clients": clientWord, "plain": Plain,
}).Parse(pageText))

// sheet is what the page shows.
type sheet struct {
	Title, Read string
	Forecast    *Forecast
	Compared    bool
	Repeated    bool // some failure of some variant did not count
	Comparison  template.HTML
	Shown       []shown
}

// shown is one configuration on the page.
type shown struct {
	*Variant
	Charts                    []surfaceChart
	Timeline                  template.HTML
	Locked, OnlyRefused, Hurt clientTable
	Sure                      string
}

// clientTable is a list of clients. Assumed tells whether some of their failures are not
// sure.
type clientTable struct {
	Clients []Client
	Assumed bool
}

type surfaceChart struct {
	Name, Caption string
	Chart         template.HTML
}

// WriteHTML writes a page that needs nothing else, with up to top clients in each
// list.
func (f *Forecast) WriteHTML(w io.Writer, top int) error {
	s := sheet{Forecast: f, Compared: len(f.Variants) > 1, Repeated: anyRepeated(f.Variants), Title: "What would have been refused"}
	files := make([]string, len(f.Log.Files))
	for i, name := range f.Log.Files {
		files[i] = Plain(name)
	}
	s.Read = fmt.Sprintf("%s of %s, from %s to %s; %s could not be read.", counted(f.Log.Requests, "request", "requests"),
		strings.Join(files, ", "), clock(f.Log.From), clock(f.Log.To), counted(f.Log.Unreadable, "line", "lines"))
	if s.Compared {
		s.Comparison = drawComparison(f.Variants)
	} else {
		for i := range f.Variants {
			s.Shown = append(s.Shown, show(&f.Variants[i], &f.Log, top))
		}
	}
	return page.Execute(w, s)
}

func show(v *Variant, log *Log, top int) shown {
	first := func(list []Client) clientTable {
		list = list[:min(len(list), top)]
		return clientTable{list, anyAssumed(list)}
	}
	s := shown{Variant: v, Sure: v.sure(), Locked: first(v.mostRefused(wasLocked)), OnlyRefused: first(v.mostRefused(onlyRefused)), Hurt: first(v.mostRefused(wasHurt))}
	for i := range v.Surfaces {
		if surface := &v.Surfaces[i]; surface.Requests > 0 {
			s.Charts = append(s.Charts, surfaceChart{
				Name: fmt.Sprintf("%s: %s, %s, %s", surface.Name, counted(surface.Requests, "request", "requests"), counted(surface.Failures, "failure", "failures"), counted(surface.Lockouts, "lockout", "lockouts")),
				Caption: "Each bar is " + seconds(surface.Series.Step) + "; the highest has " + counted(most(surface.Series.Requests), "request", "requests") +
					". Heights go by the square root, so that small numbers show.",
				Chart: drawSeries(&surface.Series),
			})
		}
	}
	s.Timeline = drawTimeline(s.Locked.Clients, log.From, log.To)
	return s
}
