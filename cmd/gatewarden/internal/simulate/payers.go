package simulate

import (
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/forecast"
)

// payers are those who call what costs credits, up to [maxListed].
type payers struct {
	byName map[string]int
	list   []forecast.Payer
}

// count counts a request that costs credits. refused tells that a budget has too few.
func (p *payers) count(r *accesslog.Record, client string, cost, at int64, refused bool) {
	name := r.Tenant
	if name == "" {
		name = r.Subject
	}
	if name == "" {
		name = client
	}
	i, known := p.byName[name]
	if !known {
		if len(p.list) == maxListed {
			return
		}
		if p.byName == nil {
			p.byName = map[string]int{}
		}
		i = len(p.list)
		p.byName[name] = i
		p.list = append(p.list, forecast.Payer{Payer: name})
	}
	row := &p.list[i]
	row.Calls++
	if !refused {
		if !r.Refused && r.Status >= 200 && r.Status < 400 {
			row.Credits += cost
		}
		return
	}
	if row.Refused++; row.Refused == 1 {
		first := instant(at)
		row.First = &first
	}
}
