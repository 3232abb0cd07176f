package budget

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// promise is what has to come of a reservation in the end.
type promise struct {
	key       string
	request   *request
	worker    *worker
	committed uint32
	late      bool // it ended when the lifetime was nearly over
}

// world is a service and workers that come and go.
type world struct {
	t        *testing.T
	random   *rand.Rand
	service  *service
	host     *fakehost.Host // has the shared data
	workers  []*worker
	open     []*promise // whose requests have not ended
	promises []*promise
	// travelling are calls that their workers do not wait for any more, and which the
	// service may still get.
	travelling []*proxy.Call
	outage     bool
}

// TestConservation plays random schedules of calls, failures, aborts, outages, lost and late
// messages, and workers that go away. In the end each reservation is committed with what
// its calls cost that succeeded, or is given back, and never both: what is not paid is there
// again. At no time more is reserved and spent than there is.
func TestConservation(t *testing.T) {
	steps := 3000
	if testing.Short() {
		steps = 500
	}
	for seed := range uint64(12) {
		w := newWorld(t, seed)
		for range steps {
			w.step()
			if used := w.service.used(); used > w.service.limit {
				t.Fatalf("seed %d: %d of %d are used", seed, used, w.service.limit)
			}
		}
		w.end()
		w.audit(seed)
	}
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, random: rand.New(rand.NewPCG(seed, 1)), service: newService(t, 800)}
	first := newPatient(t, nil)
	w.host, w.workers = first.host, []*worker{first, newPatient(t, first.host), newPatient(t, first.host)}
	return w
}

// newPatient returns a worker whose reservations hold for 10 minutes.
func newPatient(t testing.TB, other *fakehost.Host) *worker {
	w := newWorker(t, "", other)
	w.config.Lifetime = 600_000
	return w
}

func (w *world) worker() *worker { return w.workers[w.random.IntN(len(w.workers))] }

func (w *world) step() {
	switch n := w.random.IntN(100); {
	case n < 25:
		w.begin()
	case n < 70:
		if at := w.worker(); at.underway() > 0 {
			w.deliver(at)
		}
	case n < 88:
		w.finish()
	case n < 96:
		w.pass(1)
	case n < 97:
		w.outage = !w.outage
	case n < 98:
		w.arrive()
	case n == 98:
		w.crash(w.random.IntN(len(w.workers)))
	}
}

// begin sends a request.
func (w *world) begin() {
	at := w.worker()
	sent := len(at.host.Sent)
	q := at.ask(uint32(1 + w.random.IntN(50)))
	if q.Waits() {
		p := &promise{key: keyOf(at.host.Sent[sent]), request: q, worker: at}
		w.promises, w.open = append(w.promises, p), append(w.open, p)
	}
}

func keyOf(c *proxy.Call) string {
	const before, length = len("/v1/reservations/"), 32
	return fakehost.First(c.Headers, ":path")[before : before+length]
}

// deliver brings a call to the service and its answer back, as far as both get.
func (w *world) deliver(at *worker) {
	number, c := at.next()
	if w.outage || w.random.IntN(8) == 0 {
		switch w.random.IntN(3) {
		case 0: // the service never gets it
			at.deliver(number, "503", "")
		case 1: // it gets it, and the answer is lost
			w.service.do(c)
			at.deliver(number, "504", "")
		case 2: // it gets it later
			w.travelling = append(w.travelling, c)
			at.deliver(number, "504", "")
		}
		return
	}
	status, body := w.service.do(c)
	at.deliver(number, status, body)
}

// arrive lets a message arrive that was on its way for some time.
func (w *world) arrive() {
	if len(w.travelling) > 0 {
		i := w.random.IntN(len(w.travelling))
		w.service.do(w.travelling[i])
		w.travelling[i] = w.travelling[len(w.travelling)-1]
		w.travelling = w.travelling[:len(w.travelling)-1]
	}
}

// finish ends a request in some way.
func (w *world) finish() {
	if len(w.open) == 0 {
		return
	}
	i := w.random.IntN(len(w.open))
	p := w.open[i]
	w.open = slices.Delete(w.open, i, i+1)
	q := p.request
	p.late = q.reservation != nil && q.reservation.until-p.worker.host.Time < 300_000
	mayBePaid := q.Open() && w.isThere(q, p)
	switch w.random.IntN(4) {
	case 0:
		q.Done(true)
	case 1:
		failed := uint32(w.random.IntN(60))
		if q.Refund(failed); mayBePaid {
			p.committed = q.cost - q.unpaid
		}
		q.Commit()
		q.Done(true)
	default:
		if mayBePaid {
			p.committed = q.cost
		}
		q.Done(false)
	}
}

// isThere tells whether the reservation is still this worker's business.
func (w *world) isThere(q *request, p *promise) bool {
	v := q.reservation
	return !v.written || p.worker.journal.Amend(v.ticket, kindOpen, v.credits)
}

// pass lets time pass.
func (w *world) pass(seconds int) {
	for range seconds {
		w.service.now += 1000
		for _, at := range w.workers {
			at.host.Time += 1000
			at.Tick()
		}
	}
}

// crash replaces a worker by one that knows nothing. Its requests are gone with it, and what
// it has sent may arrive or not.
func (w *world) crash(i int) {
	gone := w.workers[i]
	for gone.underway() > 0 {
		if _, c := gone.next(); w.random.IntN(2) == 0 {
			w.travelling = append(w.travelling, c)
		}
	}
	w.open = slices.DeleteFunc(w.open, func(p *promise) bool { return p.worker == gone })
	w.workers[i] = newPatient(w.t, gone.host)
}

// end lets everything end: requests, the outage, and what is on its way.
func (w *world) end() {
	w.outage = false
	for len(w.open) > 0 {
		w.finish()
	}
	for len(w.travelling) > 0 {
		w.arrive()
	}
	for range 200 {
		for _, at := range w.workers {
			for at.underway() > 0 {
				number, c := at.next()
				status, body := w.service.do(c)
				at.deliver(number, status, body)
			}
		}
		w.pass(1)
	}
}

// audit compares the service's books with the promises.
func (w *world) audit(seed uint64) {
	counts := map[string]int{}
	for _, p := range w.promises {
		k := w.service.kept[p.key]
		if k == nil {
			k = &kept{state: "never"}
		}
		counts[k.state]++
		switch {
		case k.state == "reserved":
			w.t.Errorf("seed %d: %s is open", seed, p.key)
		case k.state == "committed" && k.spent != p.committed:
			w.t.Errorf("seed %d: %s is paid with %d, want %d", seed, p.key, k.spent, p.committed)
		case k.state != "committed" && p.committed > 0 && !p.late:
			w.t.Errorf("seed %d: %s is %s, want %d paid", seed, p.key, k.state, p.committed)
		}
	}
	for _, at := range w.workers {
		if len(at.asked)+len(at.due) > 0 {
			w.t.Errorf("seed %d: %d asked, %d due", seed, len(at.asked), len(at.due))
		}
	}
	if counts["committed"] == 0 || counts["refunded"] == 0 || counts["never"] == 0 {
		w.t.Errorf("seed %d: %v", seed, counts)
	}
	w.t.Log(fmt.Sprint("seed ", seed, ": ", counts))
}
