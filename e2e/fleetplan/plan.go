// Package fleetplan simulates a fleet of proxies that count together: what their rate limit
// service and its Redis have to do, how soon proxies learn of lockouts, and how many guesses
// get through meanwhile. docs/fleet.md has its figures.
//
// It plays each request, report and peek at its time, as the filter makes them: a worker has
// one call under way, and what comes meanwhile goes into the next; a client that a worker has
// not seen for a while is peeked at; a counter over its limit locks out when it was confirmed
// that no operator has unlocked the client. The service counts in windows that are aligned to
// the clock. The same plan and seed give the same result.
package fleetplan

import (
	"errors"
	"math"
)

// Plan is a fleet and its traffic. Times are in seconds.
type Plan struct {
	// Seed begins the random numbers.
	Seed uint64
	// Proxies is the number of Envoys, Workers that of threads in each.
	Proxies, Workers int
	// Seconds is how long it is simulated: whole windows, of which the first does not count,
	// because proxies that have just started look at every client, unless Cold is set.
	Seconds float64
	Cold    bool
	// Limit is the number of failures that locks a client out within Window.
	Limit  int
	Window float64
	// Refresh is how often a worker looks again at a client that has failed.
	Refresh float64
	// Mode says which requests wait until the service has said how their counter stands.
	Mode   Mode
	Honest Honest
	Attack Attack
	// Call is the time from a call until its answer.
	Call RoundTrip
	// Guarded is the time that the guarded service takes to refuse a guess.
	Guarded float64
	// Instances is the number of rate limit services. Each remembers which counters are
	// over their limit, and does not ask Redis about them.
	Instances int
	Costs     Costs
}

// Mode is that of the lockouts, as in the filter's configuration.
type Mode string

// The modes.
const (
	Async Mode = "async" // no request waits
	First Mode = "first" // those of clients wait that the worker has not looked at lately
	Sync  Mode = "sync"  // all wait
)

// Honest are the requests that present a right credential.
type Honest struct {
	// PerSecond is their number at all proxies together.
	PerSecond float64
	// Clients is the number of addresses that they come from.
	Clients int
	// PerConnection is how many come over a connection, and so to the same worker.
	PerConnection int
}

// Attack are clients that guess.
type Attack struct {
	Addresses int
	// Guesses is the number by second of each address, refused ones included.
	Guesses float64
	// PerConnection is how many come over a connection, and so to the same worker.
	PerConnection int
}

// RoundTrip is a random time: Least, and on average Beyond more, exponentially distributed.
type RoundTrip struct{ Least, Beyond float64 }

// Costs are the times that one core takes, and the memory.
type Costs struct {
	// Call is what the service takes for a call, Descriptor for each counter in it.
	Call, Descriptor float64
	// Pipeline is what Redis takes for the commands of a call, Command for each of them.
	Pipeline, Command float64
	// Counter is the memory of a counter in Redis, in bytes. Kept is how much longer than
	// its window it is kept, on average.
	Counter, Kept float64
}

const (
	places   = 4096 // of a worker's memory
	maxItems = 128  // in a call
	// commands is what the service sends to Redis for each counter: INCRBY and EXPIRE.
	commands = 2
)

// Default is the fleet of docs/fleet.md: 1,000 proxies, a million requests a second of which
// half present a credential, and 10,000 addresses that guess. The costs were measured with
// envoyproxy/ratelimit and Redis 7.0 on a machine of two cores: processor time for calls with
// 1, 8 and 64 counters.
func Default() Plan {
	return Plan{
		Seed: 1, Proxies: 1000, Workers: 4, Seconds: 120,
		Limit: 20, Window: 60, Refresh: 5, Mode: Async,
		Honest: Honest{PerSecond: 500_000, Clients: 1_000_000, PerConnection: 50},
		Attack: Attack{Addresses: 10_000, Guesses: 2, PerConnection: 1},
		Call:   RoundTrip{Least: 0.0005, Beyond: 0.001}, Guarded: 0.005, Instances: 2,
		Costs: Costs{Call: 85e-6, Descriptor: 7e-6, Pipeline: 14e-6, Command: 1.3e-6, Counter: 180, Kept: 15},
	}
}

// Result is what a fleet does.
type Result struct {
	// Calls is the number of calls to the service by second, PeakCalls that of the busiest
	// second.
	Calls, PeakCalls float64
	// Descriptors is the number of counters that a call names, on average.
	Descriptors float64
	// Commands is the number of Redis commands by second, PeakCommands that of the busiest
	// second.
	Commands, PeakCommands float64
	// ServiceCores and RedisCores are how many cores all that takes.
	ServiceCores, RedisCores float64
	// Counters is the number of counters that Redis has in the end, Bytes their memory.
	Counters, Bytes float64
	// Through is how many guesses of an address reach the guarded service in a window.
	Through Distribution
	// Learned is how long a proxy goes on to admit a client that is over its limit: from its
	// first guess there until it is locked out there, in seconds.
	Learned Distribution
	// Guesses is their number by second, Refused the share of those that are refused.
	Guesses, Refused float64
}

// measured is the time that counts.
func (p *Plan) measured() float64 {
	if p.Cold {
		return p.Seconds
	}
	return p.Seconds - p.Window
}

// Check says what a plan lacks.
func (p *Plan) Check() error {
	windows := p.Seconds / p.Window
	switch {
	case p.Proxies < 1 || p.Workers < 1 || p.Instances < 1 || p.Limit < 1:
		return errors.New("a fleet has at least one proxy, worker, service and failure")
	case p.Window <= 0 || p.measured() <= 0 || windows != math.Trunc(windows):
		return errors.New("whole windows have to be simulated: at least two, or one if the first counts")
	case p.Mode != Async && p.Mode != First && p.Mode != Sync:
		return errors.New("the modes are async, first and sync")
	case p.Honest.PerSecond > 0 && (p.Honest.Clients < 1 || p.Honest.PerConnection < 1):
		return errors.New("honest requests have at least one client, and connections one request")
	case p.Attack.Addresses > 0 && (p.Attack.Guesses <= 0 || p.Attack.PerConnection < 1):
		return errors.New("who guesses does it sometimes, and over connections")
	}
	return nil
}
