package fleetplan

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// small is a fleet in which every figure can be told beforehand: one address guesses, so
// slowly that each answer is there before the next guess.
func small() Plan {
	p := Default()
	p.Proxies, p.Workers, p.Seconds = 3, 2, 240
	p.Honest.PerSecond = 0
	p.Attack = Attack{Addresses: 1, Guesses: 2, PerConnection: 1}
	p.Call, p.Guarded = RoundTrip{Least: 1e-4}, 1e-4
	return p
}

func TestSamePlanSameResult(t *testing.T) {
	p := small()
	p.Attack.Addresses = 20
	first := Run(p)
	assert.Equal(t, first, Run(p))
	assert.Len(t, first.Through, 3*20, "the first window does not count")
	cold := p
	cold.Cold = true
	assert.Len(t, Run(cold).Through, 4*20)
	p.Seed = 2
	assert.NotEqual(t, first, Run(p))
}

// One proxy lets through what the limit allows. More of them let through one guess more at
// each that the address comes to afterwards, and none if first requests wait for the service.
func TestGuessesThrough(t *testing.T) {
	for name, row := range map[string]struct {
		proxies int
		mode    Mode
		least   float64
		most    float64
	}{
		"one proxy":           {1, Async, 20, 20},
		"three proxies":       {3, Async, 20, 23},
		"three proxies, sync": {3, Sync, 20, 20},
		"a hundred":           {100, Async, 40, 90},
		"a hundred, first":    {100, First, 20, 21},
		"a hundred, sync":     {100, Sync, 20, 20},
	} {
		t.Run(name, func(t *testing.T) {
			p := small()
			p.Proxies, p.Mode = row.proxies, row.mode
			r := Run(p)
			require.Len(t, r.Through, 3, "the first window does not count")
			assert.GreaterOrEqual(t, r.Through.Quantile(0), row.least)
			assert.LessOrEqual(t, r.Through.Quantile(1), row.most)
		})
	}
}

// While a call is under way, what comes is joined: the slower the service, the fewer calls.
func TestReportsAreJoined(t *testing.T) {
	p := small()
	p.Proxies, p.Workers, p.Limit = 1, 1, 1_000_000
	p.Attack.Guesses, p.Call.Least = 200, 0.5
	r := Run(p)
	assert.InDelta(t, 2, r.Calls, 0.1, "one after the other")
	assert.InDelta(t, 1, r.Descriptors, 0.1, "one address is one counter, however often it fails")
	p.Attack.Addresses, p.Attack.Guesses = 1000, 2
	r = Run(p)
	assert.InDelta(t, maxItems, r.Descriptors, 1, "a call has no more")
}

// A client that a worker knows is looked at once in a window.
func TestPeeksOfHonestClients(t *testing.T) {
	p := small()
	p.Proxies, p.Workers, p.Attack.Addresses = 1, 1, 0
	p.Honest = Honest{PerSecond: 100, Clients: 10, PerConnection: 1}
	assert.InDelta(t, 10/p.Window, Run(p).Calls, 0.01)
	p.Honest.Clients = 100 * places // each is new
	r := Run(p)
	assert.InDelta(t, 100, r.Calls, 5)
	assert.InDelta(t, 2*r.Calls, r.Commands, 0.1, "INCRBY and EXPIRE")
	assert.InDelta(t, 100*(p.Window+p.Costs.Kept), r.Counters, 400, "a counter for each client of a window")
	for _, p.Mode = range []Mode{First, Sync} {
		r := Run(p)
		assert.InDelta(t, 100, r.Calls, 5)
		assert.InDelta(t, 1, r.Descriptors, 1e-9, "its counter; unlocks concern those that are over the limit")
	}
	p.Honest.Clients, p.Mode = 10, First
	assert.InDelta(t, 10/p.Window, Run(p).Calls, 0.01)
	p.Mode = Sync
	assert.InDelta(t, 100, Run(p).Calls, 5)
}

// An instance that knows a counter to be over its limit does not ask Redis.
func TestCountersOverTheirLimitAreRemembered(t *testing.T) {
	p := small()
	p.Proxies, p.Mode, p.Instances = 20, Sync, 1
	p.Attack.Guesses = 20
	r := Run(p)
	assert.Less(t, r.Commands, 1.95*r.Calls*r.Descriptors)
}

// Proxies learn of a lockout within two calls and the refusal of one guess.
func TestLockoutsAreLearned(t *testing.T) {
	p := small()
	p.Proxies, p.Call.Least, p.Guarded = 100, 0.010, 0.005
	r := Run(p)
	require.NotEmpty(t, r.Learned)
	assert.InDelta(t, 0.020, r.Learned.Quantile(0.5), 0.001, "a peek when it comes, then whether it was unlocked")
	assert.LessOrEqual(t, r.Learned.Quantile(0.99), 0.036)
}

func TestPlansAreChecked(t *testing.T) {
	p := Default()
	require.NoError(t, p.Check())
	one := p
	one.Seconds, one.Cold = 60, true
	require.NoError(t, one.Check())
	for name, change := range map[string]func(*Plan){
		"no proxies":      func(p *Plan) { p.Proxies = 0 },
		"one window":      func(p *Plan) { p.Seconds = 60 },
		"half a window":   func(p *Plan) { p.Seconds = 150 },
		"no clients":      func(p *Plan) { p.Honest.Clients = 0 },
		"no guesses":      func(p *Plan) { p.Attack.Guesses = 0 },
		"no connections":  func(p *Plan) { p.Attack.PerConnection = 0 },
		"another mode":    func(p *Plan) { p.Mode = "fast" },
		"nothing to lose": func(p *Plan) { p.Limit = 0 },
	} {
		p := Default()
		change(&p)
		assert.Error(t, p.Check(), name)
	}
}

func TestQueue(t *testing.T) {
	var q queue
	for _, at := range []float64{3, 1, 2, 5, 4, 1} {
		q.push(event{at: at})
	}
	var got []float64
	for len(q) > 0 {
		got = append(got, q.pop().at)
	}
	assert.Equal(t, []float64{1, 1, 2, 3, 4, 5}, got)
}

func TestDistribution(t *testing.T) {
	d := newDistribution([]float64{4, 1, 3, 2})
	assert.True(t, reflect.DeepEqual([]float64{1, 3, 4, 4, 2.5}, []float64{d.Quantile(0), d.Quantile(0.5), d.Quantile(0.99), d.Quantile(1), d.Mean()}))
	assert.Zero(t, Distribution(nil).Quantile(0.5))
	assert.Zero(t, Distribution(nil).Mean())
}

func TestTables(t *testing.T) {
	r := Named{"a fleet", Result{Calls: 84_069, Descriptors: 1.04, Commands: 950, PeakCommands: 2_000_000, RedisCores: 0.75, Bytes: 113e6,
		Through: Distribution{20, 21}, Learned: Distribution{0.001, 0.0025}, Refused: 0.5}}
	assert.Contains(t, Load([]Named{r}), "\n| a fleet | 84.1 thousand | 1.0 | 0.0 | 950 | 2 million | 0.8 | 113 MB |\n")
	assert.Contains(t, Spread([]Named{r, {Name: "alone"}}), "\n| a fleet | 20.5 | 21 | 50 % | 2.5 ms | 2.5 ms |\n| alone | 0.0 | 0 | 0 % | at once | at once |\n")
}
