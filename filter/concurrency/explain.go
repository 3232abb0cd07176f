package concurrency

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/report"
)

// View is how a limit on requests in flight concerns a request.
type View struct {
	Standing report.Standing
	// Taken is the number of places that are taken.
	Taken uint32
}

// Explain tells for each configured limit how it concerns a request to a surface. It
// takes no place.
func (r *Room) Explain(surface int, client *caller.Client, id *caller.Identity) []View {
	if surface < 0 || surface >= len(r.rules) {
		return nil
	}
	list := make([]View, len(r.limits))
	for i := range list {
		list[i] = r.rules[surface].explain(&r.limits[i], client, id)
	}
	return list
}

func (r *Rules) explain(l *limit, client *caller.Client, id *caller.Identity) View {
	switch {
	case l.Mode == config.ModeOff:
		return View{Standing: report.RuleOff}
	case !r.surface.IsAmong(l.Surfaces):
		return View{Standing: report.OtherSurface}
	}
	record, now, found := r.room.table.Get(r.key(l, client, id), r.room.clock)
	if !found {
		return View{}
	}
	o := occupied(record, now)
	return View{Taken: o.taken()}
}
