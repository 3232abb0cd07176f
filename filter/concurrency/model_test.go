package concurrency

import (
	"math/rand"
	"testing"

	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// flightModel knows which requests are in flight and which ones a dead worker left
// behind. It steps through everything that can happen to them, and holds the room to its
// guarantees: never do more requests pass than the limit, none is refused while there is
// room, and the places of a dead worker are free two periods later.
type flightModel struct {
	t       *testing.T
	rng     *rand.Rand
	now     int64
	data    map[string]fakehost.Datum
	workers []*flightWorker
	limit   uint32 // of the configuration that new requests see
	ghosts  []ghost
	// stepped tells whether the clock stepped back. A place may then be counted twice
	// for a while, and places that were left behind last until their record is looked
	// at.
	stepped bool
	passed  int
	refused int
}

// flightWorker is a room in a VM. One that drains takes no new requests.
type flightWorker struct {
	*door
	limit   uint32
	ticked  int64
	drains  bool
	streams []flight
}

type flight struct {
	*State
	client string
}

// ghost is a request whose worker died.
type ghost struct {
	client string
	died   int64
}

const (
	// flightSkew is by how much workers read their clocks apart.
	flightSkew = 400
	// longestGap is the longest time between two ticks of a worker.
	longestGap = 9_000
)

func (m *flightModel) start(limit uint32) *flightWorker {
	m.limit = limit
	host := &fakehost.Host{Time: m.now, Data: m.data}
	w := &flightWorker{door: newDoorAt(m.t, flightConfig(limit), host), limit: limit, ticked: m.now}
	m.workers = append(m.workers, w)
	return w
}

func flightConfig(limit uint32) string {
	n := string(rune('0' + limit))
	return `{"table": {"clients": 1024}, "concurrency": [{"name": "all", "per": "all", "limit": ` + string(rune('0'+2*limit)) + `},
		{"name": "each", "per": "identity", "limit": ` + n + `}], "surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/"}]}]}`
}

// do gives a worker the time, as the worker reads it.
func (m *flightModel) do(w *flightWorker) *flightWorker {
	w.host.Time = m.now - m.rng.Int63n(flightSkew)
	w.host.Forget()
	return w
}

func (m *flightModel) inFlight(client string) (all, own uint32) {
	for _, w := range m.workers {
		for _, s := range w.streams {
			all++
			if s.client == client {
				own++
			}
		}
	}
	return all, own
}

func (m *flightModel) haunting(client string) (all, own uint32) {
	for _, g := range m.ghosts {
		if m.now-g.died <= 2*period+flightSkew {
			all++
			if g.client == client {
				own++
			}
		}
	}
	return all, own
}

func (m *flightModel) request() {
	var taking []*flightWorker
	for _, w := range m.workers {
		if !w.drains {
			taking = append(taking, w)
		}
	}
	w := taking[m.rng.Intn(len(taking))]
	client := []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}[m.rng.Intn(3)]
	all, own := m.inFlight(client)
	s, passes := m.do(w).enterAs(a, clientAt(client), nobody)
	if passes {
		m.passed++
		if all >= 2*w.limit || own >= w.limit {
			m.t.Fatalf("passes though %d and %d are in flight, limit %d", all, own, w.limit)
		}
		w.streams = append(w.streams, flight{s, client})
		return
	}
	m.refused++
	w.done(s)
	ghosts, ownGhosts := m.haunting(client)
	if all+ghosts < 2*w.limit && own+ownGhosts < w.limit && !m.stepped {
		m.t.Fatalf("is refused though %d and %d are in flight, %d and %d were left behind, limit %d", all, own, ghosts, ownGhosts, w.limit)
	}
}

func (m *flightModel) end() {
	if w := m.workers[m.rng.Intn(len(m.workers))]; len(w.streams) > 0 {
		m.endAny(w)
	}
}

func (m *flightModel) endAny(w *flightWorker) {
	i := m.rng.Intn(len(w.streams))
	m.do(w).done(w.streams[i].State)
	w.streams = append(w.streams[:i], w.streams[i+1:]...)
}

func (m *flightModel) kill() {
	i := m.rng.Intn(len(m.workers))
	for _, s := range m.workers[i].streams {
		m.ghosts = append(m.ghosts, ghost{s.client, m.now})
	}
	drains := m.workers[i].drains
	m.workers = append(m.workers[:i], m.workers[i+1:]...)
	if !drains {
		m.start(m.limit)
	}
}

// reload replaces the configuration of all workers. The old ones finish the requests that
// they have.
func (m *flightModel) reload() {
	n := 0
	for _, w := range m.workers {
		if !w.drains {
			n++
		}
		w.drains = true
	}
	limit := 1 + uint32(m.rng.Intn(4))
	for ; n > 0; n-- {
		m.start(limit)
	}
}

// advance lets time pass. No worker's timer is late for longer than longestGap.
func (m *flightModel) advance(d int64) {
	for ; d > 0; d -= 500 {
		m.now += 500
		for _, w := range m.workers {
			if m.now-w.ticked+500 > longestGap || m.rng.Intn(4) == 0 {
				w.ticked = m.now
				m.do(w).Tick()
			}
		}
	}
}

// stepBack sets the clock back. Places go on counting for as long as before.
func (m *flightModel) stepBack() {
	d := 3_000 + m.rng.Int63n(60_000)
	m.now -= d
	for i := range m.ghosts {
		m.ghosts[i].died -= d
	}
	for _, w := range m.workers {
		w.ticked -= d
		m.do(w).Tick() // the next tick is due soon on such a machine, too
		w.ticked = m.now
	}
	m.stepped = true
}

func TestNeverMoreInFlightAndNoPlaceLost(t *testing.T) {
	passed, refused := 0, 0
	for seed := int64(0); seed < 300; seed++ {
		m := &flightModel{t: t, rng: rand.New(rand.NewSource(seed)), now: 100_000_000, data: map[string]fakehost.Datum{}}
		for range 1 + m.rng.Intn(4) {
			m.start(3)
		}
		for range 400 {
			m.step(seed%2 == 1)
		}
		m.checkNothingLost()
		passed, refused = passed+m.passed, refused+m.refused
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if passed < 10_000 || refused < 10_000 {
		t.Errorf("%d passed, %d refused: the model does not look at both", passed, refused)
	}
}

func (m *flightModel) step(steps bool) {
	switch n := m.rng.Intn(100); {
	case n < 50:
		m.request()
	case n < 80:
		m.end()
	case n < 95:
		m.advance(m.rng.Int63n(6_000))
	case n < 97:
		m.kill()
	case n < 99:
		m.reload()
	case steps:
		m.stepBack()
	}
}

// checkNothingLost ends everything; two periods later, all places are free. If the clock
// stepped back, the records of both limits must be looked at before.
func (m *flightModel) checkNothingLost() {
	for range 3 {
		for range 20 {
			m.endAll()
			m.request()
		}
		m.endAll()
		m.advance(2*period + 1000)
	}
	m.ghosts, m.stepped = nil, false
	for range 20 {
		m.request() // it must pass now while there is room
	}
}

func (m *flightModel) endAll() {
	for _, w := range m.workers {
		for len(w.streams) > 0 {
			m.endAny(w)
		}
		if len(w.holdings) > 0 {
			m.t.Errorf("%d holdings without a request", len(w.holdings))
		}
	}
}
