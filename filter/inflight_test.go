package filter

import (
	"math/rand"
	"testing"

	"github.com/gatewarden/gatewarden/table"
)

// A record is read at a time, and a worker's places are brought into its period.
func TestOccupancy(t *testing.T) {
	const p = placePeriod
	record := func(before, current uint32, until int64) table.Record {
		return table.Record{Count: before<<16 | current, WindowEnd: until, LockedUntil: until}
	}
	for _, row := range []struct {
		name string
		r    table.Record
		at   int64
		mine holding
		want occupancy
	}{
		{"nothing", table.Record{}, 5, holding{}, occupancy{0, 0, 5 + 2*p}},
		{"in its period", record(2, 3, 2*p), p - 1, holding{}, occupancy{2, 3, 2 * p}},
		{"in the next one", record(2, 3, 2*p), p, holding{}, occupancy{3, 0, 3 * p}},
		{"at its end", record(2, 3, 2*p), 2*p - 1, holding{}, occupancy{3, 0, 3 * p}},
		{"mine are confirmed", record(2, 3, 2*p), 1, holding{places: 2, until: 2 * p}, occupancy{2, 3, 2 * p}},
		{"mine are among those before", record(2, 3, 2*p), 1, holding{places: 2, until: p}, occupancy{0, 5, 2 * p}},
		{"mine become those before", record(2, 3, 2*p), p, holding{places: 1, until: 2 * p}, occupancy{2, 1, 3 * p}},
		{"mine are counted no more", record(2, 3, 2*p), 1, holding{places: 4, until: 0}, occupancy{2, 7, 2 * p}},
		{"all are gone, mine with them", table.Record{}, 5, holding{places: 4, until: 3}, occupancy{0, 4, 5 + 2*p}},
		{"more than there are", record(1, 0, 2*p), 1, holding{places: 2, until: p}, occupancy{0, 2, 2 * p}},
	} {
		mine := row.mine
		if got := occupied(row.r, row.at).confirm(&mine); got != row.want {
			t.Errorf("%s: %+v, want %+v", row.name, got, row.want)
		}
	}
}

func TestOccupancyRecord(t *testing.T) {
	for _, row := range []struct {
		o    occupancy
		want table.Record
	}{
		{occupancy{until: 7}, table.Record{}},
		{occupancy{1, 2, 7}, table.Record{Count: 0x0001_0002, WindowEnd: 7, LockedUntil: 7}},
		{occupancy{maxPlaces, maxPlaces + 1, 7}, table.Record{Count: 1<<32 - 1, WindowEnd: 7, LockedUntil: 7}},
	} {
		if got := row.o.record(); got != row.want {
			t.Errorf("%+v: %+v, want %+v", row.o, got, row.want)
		}
	}
}

func TestDue(t *testing.T) {
	const p = placePeriod
	h := holding{until: 10 * p}
	for now, want := range map[int64]bool{8*p - 1: true, 8 * p: false, 9*p - 1: false, 9 * p: true, 11 * p: true, 0: true} {
		if h.due(now) != want {
			t.Errorf("at %d: due %v", now, !want)
		}
	}
}

// The model knows which requests are in flight and which a dead worker left behind.
// It steps through everything that can happen to them, and holds the filter to it:
// never do more pass than the limit, nobody is refused while there is room, and
// what a dead worker held is free two periods later.
type flightModel struct {
	t       *testing.T
	rng     *rand.Rand
	now     int64
	data    map[string]datum
	workers []*flightWorker
	limit   uint32 // of the configuration that new requests see
	ghosts  []ghost
	// stepped tells that the clock stepped back. Then a place may be counted
	// twice for a while, and what was left behind lasts on from when its record
	// is looked at.
	stepped bool
	passed  int
	refused int
}

// flightWorker is a filter in a VM. One that drains takes no new requests.
type flightWorker struct {
	filter  *Filter
	host    *fakeHost
	limit   uint32
	ticked  int64
	drains  bool
	streams []flight
}

type flight struct {
	*Stream
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
	host := &fakeHost{now: m.now, data: m.data, cas: m.rng.Uint32() >> 1, properties: map[string]string{}}
	w := &flightWorker{host: host, limit: limit, ticked: m.now}
	w.filter = New(parseConfig(m.t, flightConfig(limit)), host, testSeed)
	m.workers = append(m.workers, w)
	return w
}

func flightConfig(limit uint32) string {
	n := string(rune('0' + limit))
	return `{"table": {"clients": 1024}, "concurrency": [{"name": "all", "per": "all", "limit": ` + string(rune('0'+2*limit)) + `},
		{"name": "each", "per": "identity", "limit": ` + n + `}], "surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/"}]}]}`
}

// do gives a worker the time, as it reads it.
func (m *flightModel) do(w *flightWorker) *fakeHost {
	w.host.now = m.now - m.rng.Int63n(flightSkew)
	w.host.forget()
	return w.host
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
		if m.now-g.died <= 2*placePeriod+flightSkew {
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
	client := []string{"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"}[m.rng.Intn(3)]
	all, own := m.inFlight(client)
	host := m.do(w)
	host.properties[sourceAddress] = client
	host.request = hdr(":method", "GET", ":path", "/x")
	s := w.filter.NewStream()
	s.RequestHeaders(host, true)
	if len(host.replies) == 0 {
		m.passed++
		if all >= 2*w.limit || own >= w.limit {
			m.t.Fatalf("passes though %d and %d are in flight, limit %d", all, own, w.limit)
		}
		w.streams = append(w.streams, flight{s, client})
		return
	}
	m.refused++
	s.Done(host)
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
	w.streams[i].Done(m.do(w))
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

// reload replaces the configuration of all workers; the old ones finish what they
// have.
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

// advance lets time pass, in which no worker's timer is late for too long.
func (m *flightModel) advance(d int64) {
	for ; d > 0; d -= 500 {
		m.now += 500
		for _, w := range m.workers {
			if m.now-w.ticked+500 > longestGap || m.rng.Intn(4) == 0 {
				w.ticked = m.now
				w.filter.Tick(m.do(w))
			}
		}
	}
}

// stepBack sets the clock back. What is counted goes on to count for as long.
func (m *flightModel) stepBack() {
	d := 3_000 + m.rng.Int63n(60_000)
	m.now -= d
	for i := range m.ghosts {
		m.ghosts[i].died -= d
	}
	for _, w := range m.workers {
		w.ticked -= d
		w.filter.Tick(m.do(w)) // the next tick is due soon on such a machine, too
		w.ticked = m.now
	}
	m.stepped = true
}

func TestNeverMoreInFlightAndNoPlaceLost(t *testing.T) {
	passed, refused := 0, 0
	for seed := int64(0); seed < 300; seed++ {
		m := &flightModel{t: t, rng: rand.New(rand.NewSource(seed)), now: 100_000_000, data: map[string]datum{}}
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

// checkNothingLost ends everything; two periods later, all places are free. If the
// clock had stepped back, the records of both limits must have been looked at
// before.
func (m *flightModel) checkNothingLost() {
	for range 3 {
		for range 20 {
			m.endAll()
			m.request()
		}
		m.endAll()
		m.advance(2*placePeriod + 1000)
	}
	m.ghosts, m.stepped = nil, false
	for range 20 {
		m.request() // which now must pass while there is room
	}
}

func (m *flightModel) endAll() {
	for _, w := range m.workers {
		for len(w.streams) > 0 {
			m.endAny(w)
		}
		if len(w.filter.holdings) > 0 {
			m.t.Errorf("%d holdings without a request", len(w.filter.holdings))
		}
	}
}
