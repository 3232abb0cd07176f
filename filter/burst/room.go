package burst

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/table"
)

// period is that of the calls of [Room.Tick], in milliseconds.
const period = 1000

// maxIdle bounds how many clients' memory is kept for clients to come.
const maxIdle = 1024

// Room has the attempts that are under way in one worker. It is not safe for concurrent
// use.
type Room struct {
	table   *counter.Table
	rules   []Rule
	clients clients
	idle    []*client
	// accepted are credentials that the service has accepted.
	accepted memory
	// hold is for how many ticks a request waits at the most, 0 if none does.
	hold uint32
	// ticks counts the calls of Tick, waiting the requests that wait.
	ticks, waiting uint32
}

// New makes the rules of a configuration and defines their metrics. Nothing is written
// to t: it hashes names.
//
//go:noinline
func New(c *config.Config, t *counter.Table, m *report.Metrics) *Room {
	r := &Room{table: t, rules: make([]Rule, len(c.Surfaces)), clients: newClients(), hold: uint32(c.Burst.Hold / period)}
	for i := range r.rules {
		r.rules[i].compile(r, &c.Surfaces[i])
		if r.rules[i].holds {
			r.rules[i].defineMetrics(m)
		}
	}
	return r
}

// Rule returns the rule of a surface, by its place in the configuration. It returns nil
// if nothing waits there.
func (r *Room) Rule(surface int) *Rule {
	if surface < 0 || surface >= len(r.rules) || !r.rules[surface].holds {
		return nil
	}
	return &r.rules[surface]
}

// Rule is what one surface has.
type Rule struct {
	room    *Room
	surface string
	// name is surface, as keys need it.
	name []byte
	// holds tells whether requests wait, resource whether guesses are in the headers.
	holds, resource bool

	passed, expired, refused, left report.Counter
}

// compile makes the rule of a surface. Requests do not wait if the lockout refuses none,
// or if it limits pending attempts, which is exact over all workers.
func (r *Rule) compile(room *Room, s *config.Surface) {
	l := &s.Lockout
	r.room, r.surface, r.name, r.resource = room, s.Name, []byte(s.Name), s.Kind.IsResource()
	r.holds = room.hold > 0 && l.Failures > 0 && l.Mode == config.ModeEnforce && l.Pending == 0
}

func (r *Rule) defineMetrics(m *report.Metrics) {
	total := report.By("gatewarden_held_requests_total", "surface", r.surface)
	m.DefineBy(&r.passed, total, "outcome", "passed")
	m.DefineBy(&r.expired, total, "outcome", "expired")
	m.DefineBy(&r.refused, total, "outcome", "refused")
	m.DefineBy(&r.left, total, "outcome", "left")
}

// Tick ends the wait of requests that have waited for long enough, whose client has no
// failure left, or that can have the place of a request that ended without a response.
// The hall calls it once a second. If no request waits, it costs nothing.
func (r *Room) Tick() {
	r.ticks++
	if r.waiting == 0 {
		return
	}
	r.clients.each(r.expire)
}

// expire ends the wait of a client's requests that have waited for long enough.
func (r *Room) expire(c *client) {
	w := c.head
	for n := c.waiting; n > 0; n-- {
		next := w.next
		if int32(r.ticks-w.due) >= 0 {
			w.expired = true
		}
		if w.expired || c.left == 0 {
			w.letGo(true)
		}
		w = next
	}
	r.wake(c, table.Key{})
}

// wake ends the wait of requests for which there is a place, first come, first served,
// and of all that present the credential accepted, unless it is zero.
func (r *Room) wake(c *client, accepted table.Key) {
	w := c.head
	for n := c.waiting; n > 0; n-- {
		next := w.next
		switch {
		case c.attempts < c.left, accepted != table.Key{} && w.credential == accepted:
			w.letGo(false)
		case accepted == table.Key{}:
			n = 1 // nor is there a place for the others
		}
		w = next
	}
	r.forget(c)
}

// find returns what is under way of a client. It begins with nothing.
func (r *Room) find(key table.Key) *client {
	c := r.clients.find(key)
	if c != nil {
		return c
	}
	if last := len(r.idle) - 1; last >= 0 {
		c, r.idle = r.idle[last], r.idle[:last]
	} else {
		c = &client{}
	}
	c.key = key
	r.clients.add(c)
	return c
}

// forget forgets a client that has no request in progress or waiting.
func (r *Room) forget(c *client) {
	if c.attempts > 0 || c.head != nil {
		return
	}
	r.clients.remove(c)
	if len(r.idle) < maxIdle {
		r.idle = append(r.idle, c)
	}
}
