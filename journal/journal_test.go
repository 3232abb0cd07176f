package journal

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/table"
)

// entry returns an entry in which every field says n.
func entry(n uint32) Entry {
	key, _ := table.ReadKey([]byte{0, 0, 0, byte(n), 0, 0, 0, 1, 0, 0, 0, byte(n), 0, 0, 0, 2})
	return Entry{
		Key: key, Size: 12, Rule: n, Kind: 2, Limit: 1000 + n, Window: 1<<40 + int64(n),
		Cost: 100 + n, At: 1<<41 + int64(n), TakenIn: 1<<42 + int64(n),
	}
}

// worker is a worker and what it has given back.
type worker struct {
	*Journal
	t       *testing.T
	expired []Entry
}

func newWorker(t *testing.T, host *fakehost.Host) *worker {
	return &worker{Journal: New(host, ""), t: t}
}

func (w *worker) tick(times int) {
	for range times {
		w.Tick(func(e *Entry) { w.expired = append(w.expired, *e) })
	}
}

func (w *worker) write(entries ...Entry) Ticket {
	w.t.Helper()
	ticket, ok := w.Write(entries)
	if !ok {
		w.t.Fatal("there was no place")
	}
	return ticket
}

// TestOrphans lets a worker go away, with one reservation settled, one settled in part and
// one not at all. Another one gives back what is left, once, and not before its patience
// has ended.
func TestOrphans(t *testing.T) {
	host := fakehost.New()
	gone, other := newWorker(t, host), newWorker(t, host)
	settled := gone.write(entry(1))
	part := gone.write(entry(2), entry(3))
	gone.write(entry(4))
	if !gone.Settle(settled, 0) || !gone.Settle(part, 7) {
		t.Fatal("its own reservation was not found")
	}
	if other.tick(Patience); len(other.expired) > 0 {
		t.Errorf("gave back too early: %+v", other.expired)
	}
	other.tick(1)
	two, three := entry(2), entry(3)
	two.Cost, three.Cost = 7, 7
	if want := []Entry{two, three, entry(4)}; !reflect.DeepEqual(other.expired, want) {
		t.Errorf("gave back %+v\nwant %+v", other.expired, want)
	}
	third := newWorker(t, host)
	other.tick(100)
	if third.tick(100); len(other.expired) != 3 || len(third.expired) > 0 {
		t.Error("gave back twice")
	}
}

// TestAWorkerThatComesBack finds its reservations gone, settles none of them again, and
// works on.
func TestAWorkerThatComesBack(t *testing.T) {
	host := fakehost.New()
	sleeper, other := newWorker(t, host), newWorker(t, host)
	old := sleeper.write(entry(1))
	other.tick(Patience + 1)
	if len(other.expired) != 1 {
		t.Fatalf("gave back %+v", other.expired)
	}
	if sleeper.Settle(old, 0) || sleeper.Settle(old, 5) {
		t.Error("settled twice")
	}
	fresh := sleeper.write(entry(2))
	if sleeper.Settle(old, 0) {
		t.Error("settled twice, after it claimed the same slot again")
	}
	sleeper.tick(confirmEvery)
	if !sleeper.Settle(fresh, 0) || sleeper.Settle(fresh, 0) {
		t.Error("a later reservation is not settled once")
	}
}

// TestNobodyIsTakenForDead lets workers stand still together, as a machine does that
// sleeps, and one of them write or confirm without ever being done.
func TestNobodyIsTakenForDead(t *testing.T) {
	host := fakehost.New()
	workers := []*worker{newWorker(t, host), newWorker(t, host), newWorker(t, host)}
	var tickets []Ticket
	for _, w := range workers {
		tickets = append(tickets, w.write(entry(9)))
	}
	for range 10 * Patience {
		host.Time += 100_000
		for _, w := range workers {
			w.tick(1)
		}
	}
	for i, w := range workers {
		if len(w.expired) > 0 || !w.Settle(tickets[i], 0) {
			t.Errorf("worker %d: %+v", i, w.expired)
		}
	}
}

// TestManyReservations needs more than one slot, and frees them again.
func TestManyReservations(t *testing.T) {
	host := fakehost.New()
	w, other := newWorker(t, host), newWorker(t, host)
	var tickets []Ticket
	for i := range uint32(5 * ways) {
		tickets = append(tickets, w.write(entry(i), entry(i)))
	}
	if got := len(w.own); got != 10 {
		t.Errorf("has %d slots", got)
	}
	w.tick(confirmEvery)
	for _, ticket := range tickets {
		if !w.Settle(ticket, 0) {
			t.Fatal("not found")
		}
	}
	if w.tick(confirmEvery); len(w.own) != 1 {
		t.Errorf("keeps %d slots", len(w.own))
	}
	if other.write(entry(1)); other.own[0].slot == w.own[0].slot || other.own[0].slot > 1 {
		t.Errorf("slot %d, and the other one has %d", other.own[0].slot, w.own[0].slot)
	}
}

// TestFull fills the journal. What has no place is said so, at the cost of one look around
// in a tick, and what is freed is found again.
func TestFull(t *testing.T) {
	host := fakehost.New()
	w, other := newWorker(t, host), newWorker(t, host)
	var last Ticket
	for range Capacity {
		last = w.write(entry(1))
	}
	if _, ok := w.Write([]Entry{entry(2)}); ok {
		t.Error("found a place")
	}
	bytes := 0
	for key, d := range host.Data {
		bytes += len(key) + len(d.Value)
	}
	if bytes > MaxBytes || bytes < MaxBytes-slots {
		t.Errorf("takes %d bytes, at most %d", bytes, MaxBytes)
	}
	host.Forget()
	if _, ok := w.Write([]Entry{entry(2)}); ok || len(host.Calls) > 0 {
		t.Errorf("looked again in the same tick: %d calls", len(host.Calls))
	}
	if _, ok := other.Write(make([]Entry, ways+1)); ok {
		t.Error("wrote more than a slot has")
	}
	w.Settle(last, 0)
	w.write(entry(2))
	other.tick(Patience + 2*slots/scanned)
	if got := len(other.expired); got != Capacity {
		t.Errorf("gave back %d of %d", got, Capacity)
	}
	other.write(entry(3))
}

// TestForeignValues reads what another version wrote, or nobody.
func TestForeignValues(t *testing.T) {
	for _, value := range []string{"", "x", "\x01", "\x02\x00\x01\x00\x00\x00\x01\x00\x00\x00", "\x01\x01\x01\x00\x00\x00\x01\x00\x00\x00", "\x01\xff\x01\x00\x00\x00\x01\x00\x00\x00xx",
		"\x01\x01\x00\x00\x00\x00\x01\x00\x00\x00" + strings.Repeat("\x01", entrySize)} {
		host := fakehost.New()
		w := newWorker(t, host)
		host.Set(w.locate(0), []byte(value), 0)
		w.tick(Patience + 2)
		ticket := w.write(entry(1))
		if mine := w.Settle(ticket, 0); ticket.slot != 0 || !mine || len(w.expired) > 0 || w.own[0].entries != 0 {
			t.Errorf("%q: slot %d, with %d entries", value, ticket.slot, w.own[0].entries)
		}
	}
}

// FuzzSlot reads slots that anybody may have written.
func FuzzSlot(f *testing.F) {
	host := fakehost.New()
	w := New(host, "")
	w.Write([]Entry{entry(1), entry(2)})
	value, _, _ := host.Get(w.locate(0))
	f.Add(value)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, value []byte) {
		host := fakehost.New()
		w := newWorker(t, host)
		host.Set(w.locate(0), value, 0)
		w.tick(Patience + 2)
		if len(w.expired) > ways {
			t.Errorf("gave back %d entries", len(w.expired))
		}
		if ticket := w.write(entry(1)); !w.Settle(ticket, 3) || !w.Settle(ticket, 0) || w.Settle(ticket, 0) {
			t.Error("a reservation is not settled once")
		}
		h, entries := read(host.Data[string(w.locate(w.own[0].slot))].Value)
		if h.owner != w.owner || len(entries) > 0 {
			t.Errorf("%+v, %d bytes are left", h, len(entries))
		}
	})
}

// TestRaces has another worker act before each host call of a step: whatever comes between,
// each reservation is settled by its owner or given back, and never both.
func TestRaces(t *testing.T) {
	for in := range 40 {
		host := fakehost.New()
		w, other := newWorker(t, host), newWorker(t, host)
		ticket := w.write(entry(1))
		other.tick(Patience)
		host.Meanwhile, host.In = func() { other.tick(1) }, in
		more := w.write(entry(2))
		mine := w.Settle(ticket, 0)
		w.tick(1)
		other.tick(1)
		host.Meanwhile = nil
		if theirs := slices.Contains(other.expired, entry(1)); mine == theirs {
			t.Errorf("in %d: settled %v, given back %v", in, mine, theirs)
		}
		if mine, theirs := w.Settle(more, 0), slices.Contains(other.expired, entry(2)); mine == theirs {
			t.Errorf("in %d: the second one settled %v, given back %v", in, mine, theirs)
		}
	}
}

// TestAliveAfterAll has a worker that is taken for gone write before each host call of the
// one that takes its slot over: it keeps all that it has.
func TestAliveAfterAll(t *testing.T) {
	for in := range 3 {
		host := fakehost.New()
		w, other := newWorker(t, host), newWorker(t, host)
		ticket := w.write(entry(1))
		other.tick(Patience)
		var more Ticket
		host.Meanwhile, host.In = func() { more = w.write(entry(2)) }, in
		other.tick(1)
		host.Meanwhile = nil
		if len(other.expired) > 0 || !w.Settle(ticket, 0) || !w.Settle(more, 0) {
			t.Errorf("in %d: given back %+v", in, other.expired)
		}
	}
}

// TestAnySchedule plays random schedules of workers that reserve, settle, stand still, go
// away for ever and come anew. At the end everything that was reserved was settled or given
// back, once.
func TestAnySchedule(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		host := fakehost.New()
		p := schedule{t: t, rng: rng, host: host, open: map[*worker][]open{}, settled: map[uint32]uint32{}}
		p.workers = []*worker{newWorker(t, host), newWorker(t, host), newWorker(t, host)}
		for range 400 {
			p.step()
		}
		p.workers = []*worker{newWorker(t, host)}
		p.workers[0].tick(3 * Patience)
		p.collect()
		for n := uint32(1); n <= p.number; n++ {
			if p.settled[n] != 1000 {
				t.Fatalf("seed %d: of reservation %d, %d of 1000 were settled", seed, n, p.settled[n])
			}
		}
	}
}

type open struct {
	Ticket
	number, rest uint32
}

type schedule struct {
	t       *testing.T
	rng     *rand.Rand
	host    *fakehost.Host
	workers []*worker
	gone    []*worker
	open    map[*worker][]open
	number  uint32
	settled map[uint32]uint32
}

func (p *schedule) step() {
	i := p.rng.IntN(len(p.workers))
	w := p.workers[i]
	switch p.rng.IntN(12) {
	case 0, 1, 2, 3:
		p.number++
		e := Entry{Rule: p.number, Cost: 1000}
		p.open[w] = append(p.open[w], open{w.write(e), p.number, 1000})
	case 4, 5, 6:
		p.settle(w)
	case 7, 8, 9:
		w.tick(1)
	case 10:
		if p.rng.IntN(4) == 0 { // the VM is loaded anew, or a request of the old one ends later
			p.gone, p.workers[i] = append(p.gone, w), newWorker(p.t, p.host)
		} else if len(p.gone) > 0 {
			p.settle(p.gone[p.rng.IntN(len(p.gone))])
		}
	default: // the others go on for a minute
		for range Patience + 5 {
			for j, other := range p.workers {
				if j != i {
					other.tick(1)
				}
			}
		}
	}
	p.collect()
}

// settle settles a reservation, or a part of it.
func (p *schedule) settle(w *worker) {
	list := p.open[w]
	if len(list) == 0 {
		return
	}
	at := p.rng.IntN(len(list))
	o := &list[at]
	rest := uint32(0)
	if p.rng.IntN(2) == 0 {
		rest = p.rng.Uint32N(o.rest)
	}
	if w.Settle(o.Ticket, rest) {
		p.settled[o.number] += o.rest - rest
	} else {
		rest = 0
	}
	if o.rest = rest; rest == 0 {
		p.open[w] = slices.Delete(list, at, at+1)
	}
}

func (p *schedule) collect() {
	for _, w := range append(p.workers, p.gone...) {
		for _, e := range w.expired {
			p.settled[e.Rule] += e.Cost
		}
		w.expired = nil
	}
}

// TestAWorkerWithoutANumber loses every race for one: it has none then, and gets one later.
func TestAWorkerWithoutANumber(t *testing.T) {
	host := fakehost.New()
	w := New(host, "")
	host.Races = 1 << 20
	for range 2 {
		if number, ok := w.Worker(); ok {
			t.Errorf("has the number %d", number)
		}
	}
	host.Races = 0
	if number, ok := w.Worker(); !ok || number != 1 {
		t.Errorf("has the number %d, %v", number, ok)
	}
}
