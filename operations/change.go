package operations

import (
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/lockout"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

const (
	noRoom = "The table has no room for another lockout here: all counters in the same place are locked. " +
		"Unlock some, or wait until they end."
	badDuration = `The duration is none of 1 second to 30 days. Write for example 10m, 1h30m or 7d.`
)

// order is what an operator wants locked.
type order struct {
	surface, client, by string
	duration            int64 // 0: as long as the surface itself would
}

// lock locks a client by hand, for at least as long as the operator says.
func (e *Endpoint) lock(host Host, r *request, by string) *proxy.Reply {
	values, wrong := readQuery(r.query, "surface", "client", "duration")
	if wrong != "" {
		return badRequest(wrong)
	}
	o := order{surface: values[0], client: values[1], by: by}
	if values[2] != "" {
		ok := false
		if o.duration, ok = config.ParseDuration(values[2]); !ok {
			return badRequest(badDuration)
		}
	}
	now := host.Now()
	surfaces := register.Surfaces(host, now)
	if wrong = o.check(surfaces); wrong != "" {
		return badRequest(wrong)
	}
	made, fresh, refused := e.lockAll(host, surfaces, &o, now)
	switch {
	case refused:
		return problem(503, "Service Unavailable", noRoom)
	case len(made) == 0:
		return badRequest(notAClient)
	}
	host.Add(e.metrics.lock, 1)
	body := e.document(made, surfaces, true, now, host.WallNow())
	if !fresh {
		return reply(200, mediaJSON, body)
	}
	where := pathOfLockouts + "/" + idOf(made[0].Size, made[0].Key)
	return reply(201, mediaJSON, body, proxy.Header{Name: "location", Value: where})
}

// check says what is wrong with an order, or "".
func (o *order) check(surfaces []register.Surface) string {
	var names []string
	for i := range surfaces {
		if surfaces[i].Name == o.surface {
			return ""
		}
		names = append(names, surfaces[i].Name)
	}
	if len(names) == 0 {
		return "No surface locks out: there is no instance that guards any with the same vm_id."
	}
	return "The surface is none that locks out. There are: " + strings.Join(names, ", ") + "."
}

// lockAll locks the client on all surfaces of the name: two instances may guard one each.
// fresh tells whether the client was not locked out before.
func (e *Endpoint) lockAll(host Host, surfaces []register.Surface, o *order, now int64) (made []*entry, fresh, refused bool) {
	for i := range surfaces {
		s := &surfaces[i]
		if s.Name != o.surface {
			continue
		}
		targets := lockout.Targets(e.table(s.Size), s, o.client)
		if len(targets) == 0 {
			continue
		}
		l, before, ok := e.lockOne(s, &targets[0], o, now)
		if !ok {
			return nil, false, true
		}
		fresh = fresh || !before
		if !contains(made, l) {
			made = append(made, l)
			host.Warn("gatewarden: operator lockout surface=" + l.Surface + " client=" + l.Client +
				" locked_for=" + strconv.FormatInt(secondsLeft(l.record.LockedUntil, l.now), 10) + " by=" + o.by)
		}
	}
	return made, fresh, false
}

// lockOne locks a target. It never makes a lockout shorter.
func (e *Endpoint) lockOne(s *register.Surface, target *lockout.Target, o *order, now int64) (l *entry, before, ok bool) {
	l = &entry{}
	length := o.duration
	if length == 0 {
		length = s.Duration
	}
	result := e.table(s.Size).Update(target.Key, now, func(r table.Record, _ uint8, at int64) (table.Record, bool) {
		before = at < r.LockedUntil
		r.LockedUntil = max(r.LockedUntil, at+length)
		l.record, l.now = r, at
		return r, true
	})
	if result.Outcome != table.Stored {
		return l, before, false
	}
	l.Lockout, l.listed = e.name(s, target)
	if !before || !l.listed {
		l.Since, l.listed = l.now, true
	}
	l.By, l.Until = o.by, l.record.LockedUntil
	e.register.Put(l.Lockout, now)
	return l, before, true
}

// unlock lifts a lockout and forgets what led to it.
func (e *Endpoint) unlock(host Host, id, by string) *proxy.Reply {
	size, key, ok := readID(id)
	if !ok {
		return badRequest("This is not the id of a lockout. GET /lockouts has the ids.")
	}
	l, listed := e.register.Find(key)
	result := e.forget(size, key, host.Now())
	switch result.Outcome {
	case table.Unchanged:
		return problem(404, "Not Found", "There is no such lockout. It may be over.")
	case table.Stored:
	default:
		return problem(503, "Service Unavailable", "Other workers changed the table all the time. Try again.")
	}
	if listed {
		e.register.Remove(l)
		e.forgetAlso(size, l.Also, host.Now())
		if l.Fleet != 0 && !register.AskUnlock(host, l.Fleet, l.Shared) {
			host.Warn("gatewarden: operator unlock stays here, because too many wait to be told to the fleet")
		}
	}
	host.Add(e.metrics.unlock, 1)
	host.Warn("gatewarden: operator unlock surface=" + orUnknown(l.Surface) + " client=" + orUnknown(l.Client) + " by=" + by)
	return reply(204, "", nil)
}

// forget removes a record that is locked.
func (e *Endpoint) forget(size uint8, key table.Key, now int64) table.Result {
	return e.table(size).Update(key, now, func(r table.Record, _ uint8, at int64) (table.Record, bool) {
		return table.Record{}, at < r.LockedUntil
	})
}

// forgetAlso removes the record of a counter that would lock again at once.
func (e *Endpoint) forgetAlso(size uint8, key table.Key, now int64) {
	if key == (table.Key{}) {
		return
	}
	e.table(size).Update(key, now, func(table.Record, uint8, int64) (table.Record, bool) {
		return table.Record{}, true
	})
}

func orUnknown(name string) string {
	if name == "" {
		return "unknown"
	}
	return name
}
