package fleetplan

import "math/rand/v2"

// cell is what a proxy knows of an address in a window.
type cell struct {
	window int32
	count  uint8 // of failures here
	locked bool
	// since is when it was first admitted here although it was over its limit; 0 if it was
	// not.
	since float32
}

// fleet is a simulation that runs.
type fleet struct {
	*Plan
	random  *rand.Rand
	now     float64
	events  queue
	workers []worker
	cells   []cell // by address and proxy
	service *service

	through    []int32 // guesses of each address in this window
	passed     []float64
	learned    []float64
	guesses    int
	turnedAway int
}

// Run simulates a plan.
func Run(p Plan) Result {
	f := &fleet{
		Plan: &p, random: rand.New(rand.NewPCG(p.Seed, 0)), workers: make([]worker, p.Proxies*p.Workers),
		cells: make([]cell, p.Attack.Addresses*p.Proxies), service: newService(&p),
		through: make([]int32, p.Attack.Addresses),
	}
	for i := range f.cells {
		f.cells[i].window = -1
	}
	f.begin()
	for len(f.events) > 0 && f.events[0].at < p.Seconds {
		e := f.events.pop()
		if window := int32(e.at / p.Window); window != f.service.window {
			f.endWindow()
			f.service.turn(window)
			if window == 1 && !p.Cold {
				f.forget()
			}
		}
		f.now = e.at
		f.happen(&e)
	}
	f.endWindow()
	return f.result()
}

// begin plans the first event of each worker and each address.
func (f *fleet) begin() {
	for i := range f.workers {
		w := &f.workers[i]
		w.memory, w.guesser = make([]place, places), -1
		for j := range w.memory {
			w.memory[j].client = -1
		}
		for j := range w.recent {
			w.recent[j] = f.honest()
		}
		if f.Honest.PerSecond > 0 {
			f.events.push(event{at: f.gap(), what: request, worker: int32(i)})
		}
	}
	for a := range f.Attack.Addresses {
		f.events.push(event{at: f.random.ExpFloat64() / f.Attack.Guesses, what: guess, address: int32(a), worker: f.anyWorker()})
	}
}

// gap is the time until a worker's next honest request.
func (f *fleet) gap() float64 {
	return f.random.ExpFloat64() * float64(len(f.workers)) / f.Honest.PerSecond
}

func (f *fleet) anyWorker() int32 { return f.random.Int32N(int32(len(f.workers))) }

// honest is some honest client.
func (f *fleet) honest() int32 {
	return int32(f.Attack.Addresses) + f.random.Int32N(int32(max(f.Honest.Clients, 1)))
}

func (f *fleet) happen(e *event) {
	switch e.what {
	case request:
		f.request(e)
	case guess:
		f.guess(e)
	case asked:
		f.asked(e)
	case refused:
		f.refused(e)
	case arrived:
		f.service.call(f.workers[e.worker].underway, f.now)
	case answered:
		f.answered(e)
	}
}

// request plays an honest request.
func (f *fleet) request(e *event) {
	f.events.push(event{at: f.now + f.gap(), what: request, worker: e.worker})
	w := &f.workers[e.worker]
	slot := &w.recent[f.random.IntN(len(w.recent))]
	if f.random.IntN(f.Honest.PerConnection) == 0 {
		*slot = f.honest()
	}
	switch {
	case f.Mode != Sync && !w.isDue(*slot, f.now, f.Window):
	case f.Mode == Async:
		f.put(e.worker, item{client: *slot, kind: peek, window: f.service.window})
	default: // it waits
		f.service.touch(*slot)
		f.service.note(1, 1, f.now)
	}
}

// cell is what the worker's proxy knows of an address in this window.
func (f *fleet) cell(address, worker int32) *cell {
	c := &f.cells[int(address)*f.Proxies+int(worker)/f.Workers]
	if c.window != f.service.window {
		*c = cell{window: f.service.window}
	}
	return c
}

// guess plays a guess up to the guarded service, and plans the next one.
func (f *fleet) guess(e *event) {
	next := event{at: f.now + f.random.ExpFloat64()/f.Attack.Guesses, what: guess, address: e.address, worker: e.worker}
	if f.random.IntN(f.Attack.PerConnection) == 0 {
		next.worker = f.anyWorker()
	}
	f.events.push(next)
	f.guesses++
	w := &f.workers[e.worker]
	if c := f.cell(e.address, e.worker); c.locked {
		f.turnedAway++
		if w.isDue(e.address, f.now, f.Refresh) {
			f.put(e.worker, item{client: e.address, kind: confirm, window: f.service.window})
		}
		return
	}
	if f.Mode == Sync || f.Mode == First && w.isOutdated(e.address, f.now) {
		f.events.push(event{at: f.now + f.roundTrip(), what: asked, worker: e.worker, address: e.address})
		return
	}
	if f.Mode == Async && w.isDue(e.address, f.now, f.Window) {
		f.put(e.worker, item{client: e.address, kind: peek, window: f.service.window})
	}
	f.admit(e)
}

// asked plays the answer to a guess that waited for it.
func (f *fleet) asked(e *event) {
	items := [2]item{{client: e.address, kind: peek, window: f.service.window}, {client: e.address, kind: confirm}}
	f.service.call(items[:1], f.now)
	if items[0].over {
		f.service.call(items[1:], f.now)
		f.turnedAway++
		f.lock(e.address, e.worker)
		return
	}
	f.note(e.address, e.worker)
	f.admit(e)
}

// note notes until when a client need not be looked at that is not over its limit: for less
// long if it has failed somewhere.
func (f *fleet) note(client, worker int32) {
	after := f.Window
	if int(client) < f.Attack.Addresses && f.service.counts[client] > 0 {
		after = min(after, f.Refresh)
	}
	f.workers[worker].seen(client, f.now+after)
}

// admit lets a guess through to the guarded service.
func (f *fleet) admit(e *event) {
	f.through[e.address]++
	if c := f.cell(e.address, e.worker); c.since == 0 && int(f.service.counts[e.address]) >= f.Limit {
		c.since = float32(f.now)
	}
	f.events.push(event{at: f.now + f.Guarded, what: refused, worker: e.worker, address: e.address})
}

// refused plays a failure: it counts here, and is reported.
func (f *fleet) refused(e *event) {
	c := f.cell(e.address, e.worker)
	if c.count < 255 {
		c.count++
	}
	if int(c.count) >= f.Limit {
		f.lock(e.address, e.worker)
	}
	f.put(e.worker, item{client: e.address, kind: failure, hits: 1, window: f.service.window})
}

// put gives a worker an item, and makes a call if none is under way.
func (f *fleet) put(worker int32, i item) {
	w := &f.workers[worker]
	w.put(i)
	f.flush(worker)
}

func (f *fleet) flush(worker int32) {
	w := &f.workers[worker]
	if len(w.underway) > 0 || len(w.waiting) == 0 {
		return
	}
	w.take()
	trip := f.roundTrip()
	f.events.push(event{at: f.now + trip/2, what: arrived, worker: worker})
	f.events.push(event{at: f.now + trip, what: answered, worker: worker})
}

func (f *fleet) roundTrip() float64 { return f.Call.Least + f.random.ExpFloat64()*f.Call.Beyond }

// answered takes the answer to a worker's call.
func (f *fleet) answered(e *event) {
	w := &f.workers[e.worker]
	for _, i := range w.underway {
		switch {
		case i.kind == confirm:
			if i.window == f.service.window {
				f.lock(i.client, e.worker)
			}
			w.seen(i.client, f.now+f.Refresh)
		case i.over:
			w.put(item{client: i.client, kind: confirm, window: i.window})
		default:
			f.note(i.client, e.worker)
		}
	}
	w.underway = w.underway[:0]
	f.flush(e.worker)
}

// lock locks an address out of the worker's proxy until the window ends.
func (f *fleet) lock(address, worker int32) {
	c := f.cell(address, worker)
	if !c.locked && c.since > 0 {
		f.learned = append(f.learned, f.now-float64(c.since))
	}
	c.locked = true
}

// forget drops what the first window showed: proxies that have just started look at every
// client.
func (f *fleet) forget() {
	f.passed, f.learned, f.guesses, f.turnedAway = nil, nil, 0, 0
	f.service.forget()
}

// endWindow notes how many guesses each address had.
func (f *fleet) endWindow() {
	for a, n := range f.through {
		f.passed = append(f.passed, float64(n))
		f.through[a] = 0
	}
}
