package fleetplan

// service is the rate limit service with its Redis.
type service struct {
	plan   *Plan
	window int32
	counts []int32 // of failures of each address, in this window
	known  [][]bool
	next   int // the instance that is called next

	counters    []bool // of clients, in this window
	perWindow   int    // counters of the last window
	unlocks     []bool // counters of unlocks
	unlockCount int

	calls, descriptors, pipelines, commands int
	secondCalls, secondCommands             []int
}

func newService(p *Plan) *service {
	s := &service{
		plan: p, counts: make([]int32, p.Attack.Addresses),
		counters:    make([]bool, p.Attack.Addresses+p.Honest.Clients),
		unlocks:     make([]bool, p.Attack.Addresses+p.Honest.Clients),
		secondCalls: make([]int, int(p.Seconds)+2), secondCommands: make([]int, int(p.Seconds)+2),
	}
	for range p.Instances {
		s.known = append(s.known, make([]bool, p.Attack.Addresses))
	}
	return s
}

// turn begins a window.
func (s *service) turn(window int32) {
	s.window, s.perWindow = window, 0
	clear(s.counts)
	clear(s.counters)
	for _, known := range s.known {
		clear(known)
	}
}

// forget drops what was counted of calls.
func (s *service) forget() {
	s.calls, s.descriptors, s.pipelines, s.commands = 0, 0, 0, 0
	clear(s.secondCalls)
	clear(s.secondCommands)
}

// call answers a call.
func (s *service) call(items []item, now float64) {
	s.next = (s.next + 1) % len(s.known)
	asked := 0
	for i := range items {
		asked += s.count(&items[i])
	}
	s.note(len(items), asked, now)
}

// note counts a call about some counters, of which Redis was asked about some.
func (s *service) note(descriptors, asked int, now float64) {
	s.calls++
	s.descriptors += descriptors
	s.secondCalls[int(now)]++
	if asked > 0 {
		s.pipelines++
		s.commands += commands * asked
		s.secondCommands[int(now)] += commands * asked
	}
}

// count counts an item, and returns the number of counters that Redis is asked about: none if
// this instance knows that it is over its limit.
func (s *service) count(i *item) int {
	if i.kind == confirm {
		s.touchUnlock(i.client)
		return 1
	}
	if int(i.client) >= len(s.counts) { // an honest client
		s.touch(i.client)
		return 1
	}
	if s.known[s.next][i.client] && i.window == s.window {
		i.over = true
		return 0
	}
	s.touch(i.client)
	if i.window != s.window {
		return 1 // it does not count any more
	}
	s.counts[i.client] += i.hits
	i.over = int(s.counts[i.client]) >= s.plan.Limit
	s.known[s.next][i.client] = i.over
	return 1
}

func (s *service) touch(client int32) {
	if !s.counters[client] {
		s.counters[client] = true
		s.perWindow++
	}
}

func (s *service) touchUnlock(client int32) {
	if !s.unlocks[client] {
		s.unlocks[client] = true
		s.unlockCount++
	}
}
