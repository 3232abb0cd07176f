package filter

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestFleetModel plays random requests of a few clients at three proxies, while calls to the
// service are late, get lost before or after it has counted, or find it gone, and checks what
// must hold whatever happens:
//
//   - Nobody is locked out without enough failures, and not for longer than the window.
//   - Each failure is delivered, unconfirmed or lost, once, and what was delivered is what the
//     service has counted.
//   - When the service is back, all proxies learn which clients are locked out.
//   - Of a quota in sync mode, no more is admitted than the limit while the service answers.
func TestFleetModel(t *testing.T) {
	for seed := range uint64(300) {
		m := &fleetModel{fleetWorld: newFleet(t, fleetOf("", ""), 3), r: rand.New(rand.NewPCG(seed, 1)), failures: map[string][]int64{}}
		m.play(400)
		m.settle()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// fleetModel is a world in which calls are answered later, or not.
type fleetModel struct {
	*fleetWorld
	r *rand.Rand
	// failures are the times of each client's failures, by the wall clock.
	failures map[string][]int64
	reported uint64
	// counted are reports that the service counted without that the proxy knows.
	uncertain uint64
	open      []pendingCall
}

type pendingCall struct {
	member *member
	number uint32
}

func (m *fleetModel) play(steps int) {
	for range steps {
		switch n := m.r.IntN(20); {
		case n < 11:
			m.send(m.r.IntN(3) > 0)
		case n < 16:
			m.deliver()
		case n < 19:
			m.wait(int64(m.r.IntN(4000)))
		default:
			m.down = []uint32{0, 0, 14, 2}[m.r.IntN(4)]
		}
		m.collect()
	}
}

// wait lets time pass, and the calls that have taken too long time out.
func (m *fleetModel) wait(ms int64) {
	m.wall += ms
	for _, p := range m.proxies {
		p.host.Time, p.host.Wall = p.host.Time+ms, p.host.Wall+ms
		p.Tick()
	}
}

// collect takes the calls that the proxies have made.
func (m *fleetModel) collect() {
	for _, p := range m.proxies {
		for ; p.handled < len(p.host.SentGRPC); p.handled++ {
			m.open = append(m.open, pendingCall{p, uint32(p.handled + 1)})
		}
	}
}

// deliver decides what becomes of one of the calls that are under way.
func (m *fleetModel) deliver() {
	if len(m.open) == 0 {
		return
	}
	i := m.r.IntN(len(m.open))
	c := m.open[i]
	m.open = append(m.open[:i], m.open[i+1:]...)
	if m.down != 0 {
		c.member.GRPCFailed(c.number, m.down)
		return
	}
	switch m.r.IntN(10) {
	case 0: // it is lost on its way
		c.member.GRPCFailed(c.number, 4)
	case 1: // the answer is
		before := m.service.Total("lockout/rest")
		m.service.Answer(c.member.host.SentGRPC[c.number-1].Message)
		m.uncertain += m.service.Total("lockout/rest") - before
		c.member.GRPCFailed(c.number, 4)
	default:
		c.member.take(m.fleetWorld, c.number)
	}
}

// send sends a request with a credential, right or wrong, of one of four clients.
func (m *fleetModel) send(wrong bool) {
	p, client := m.proxies[m.r.IntN(len(m.proxies))], fmt.Sprintf("192.0.2.%d", m.r.IntN(4))
	from(p.host, client)
	p.host.Replies = nil
	status := "200"
	if wrong {
		status = "401"
	}
	s := exchange(p.Filter, p.host, with(get("/x"), "authorization", "Bearer x"), hdr(":status", status))
	refused := len(p.host.Replies) > 0
	_ = s
	switch {
	case refused:
		m.mayBeLocked(client)
	case wrong:
		m.failures[client] = append(m.failures[client], m.wall)
		m.reported++
	}
}

// mayBeLocked checks that a client that is refused had three failures within two adjacent
// windows, and that the last one is less than a window ago.
func (m *fleetModel) mayBeLocked(client string) {
	m.Helper()
	recent := 0
	for _, at := range m.failures[client] {
		if m.wall-at < 120_000 {
			recent++
		}
	}
	last := m.failures[client]
	if recent < 3 || m.wall-last[len(last)-1] > 61_000 {
		m.Errorf("%s is locked out at %d, its failures were at %v", client, m.wall, last)
	}
}

// settle lets the service be there until everything is told, and then compares.
func (m *fleetModel) settle() {
	m.down = 0
	for range 40 {
		m.wait(1000)
		m.collect()
		for len(m.open) > 0 {
			c := m.open[0]
			m.open = m.open[1:]
			c.member.take(m.fleetWorld, c.number)
			m.collect()
		}
	}
	told := map[string]uint64{}
	for _, p := range m.proxies {
		for _, outcome := range []string{"delivered", "unconfirmed", "lost"} {
			told[outcome] += sum(m.T, p.host, "gatewarden_fleet_reports_total.outcome."+outcome, p.Filter)
		}
	}
	if sum := told["delivered"] + told["unconfirmed"] + told["lost"]; sum != m.reported {
		m.Errorf("%d failures, of which the proxies know %v", m.reported, told)
	}
	if got := m.service.Total("lockout/rest"); got != told["delivered"]+m.uncertain {
		m.Errorf("the service has counted %d, delivered were %d, and %d without an answer", got, told["delivered"], m.uncertain)
	}
	m.converge()
}

// converge locks a client out at one proxy, in a window of its own, and looks at the others.
func (m *fleetModel) converge() {
	m.wall += 60_000 - m.wall%60_000
	for _, p := range m.proxies {
		p.host.Time, p.host.Wall = p.host.Time+120_000, m.wall
	}
	m.tick()
	for i, p := range m.proxies {
		from(p.host, "192.0.2.99")
		if got := m.guess(i); got != "401" {
			m.Errorf("a new client gets %s", got)
		}
	}
	for i := range m.proxies {
		m.pass(6000) // refresh
		m.login(i)
		if got := m.login(i); got != "429" {
			m.Errorf("proxy %d does not know of the lockout: %s", i, got)
		}
	}
}

// TestFleetQuotaModel: whichever proxies requests come to, in which order answers come, and
// whoever leaves while waiting, never more is admitted than the limit. Wrong credentials lock
// clients out meanwhile, so that requests are refused that were charged.
func TestFleetQuotaModel(t *testing.T) {
	const quota = `, "quotas": [{"name": "all", "per": ["credential"], "limit": 20, "window": "1h"}]`
	const rules = `, "rules": [{"rule": "quotas", "on_error": "closed"}, {"rule": "lockouts", "mode": "sync"}]`
	refused := 0
	for seed := range uint64(200) {
		w := newFleet(t, fleetOf(rules, quota), 3)
		m := &quotaModel{fleetModel: fleetModel{fleetWorld: w, r: rand.New(rand.NewPCG(seed, 2))}}
		for range 150 {
			m.step()
		}
		if m.admitted > 20*4 { // without an identity, each client has its own
			t.Fatalf("seed %d: %d admitted", seed, m.admitted)
		}
		for client, n := range m.byClient {
			if n > 20 {
				t.Fatalf("seed %d: %d admitted of client %d", seed, n, client)
			}
		}
		refused += m.refused
	}
	if refused == 0 {
		t.Error("nobody was locked out, so the model shows nothing")
	}
}

// quotaModel has requests that wait.
type quotaModel struct {
	fleetModel
	waiting           []waiting
	admitted, refused int
	byClient          [4]int
}

type waiting struct {
	member *member
	stream *Stream
	client int
}

func (m *quotaModel) step() {
	p, client := m.proxies[m.r.IntN(3)], m.r.IntN(4)
	from(p.host, fmt.Sprintf("192.0.2.%d", client))
	p.host.Request, p.host.Replies, p.host.Resumed = with(get("/x"), "authorization", "Bearer x"), nil, nil
	s := p.NewStream()
	s.ID = uint32(len(m.waiting) + 1)
	if s.RequestHeaders(true); len(p.host.Replies) == 0 {
		m.waiting = append(m.waiting, waiting{p, s, client})
	} else {
		m.refused++
		s.Done()
	}
	p.host.Request = nil
	for m.collect(); m.r.IntN(3) > 0; m.collect() {
		m.deliver()
		m.goOn()
	}
	if n := len(m.waiting); n > 0 && m.r.IntN(6) == 0 { // a client has gone
		at := m.r.IntN(n)
		m.waiting[at].stream.Done()
		m.waiting = append(m.waiting[:at], m.waiting[at+1:]...)
	}
}

// goOn lets requests get their responses that wait no more.
func (m *quotaModel) goOn() {
	kept := m.waiting[:0]
	for _, q := range m.waiting {
		switch {
		case q.stream.waits():
			kept = append(kept, q)
			continue
		case q.stream.replied:
			m.refused++
		default:
			m.admitted++
			m.byClient[q.client]++
			q.member.host.Response = hdr(":status", []string{"200", "200", "200", "401"}[m.r.IntN(4)])
			q.stream.ResponseHeaders(true)
		}
		q.stream.Done()
	}
	m.waiting = kept
}
