package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// chaosTime is how long everything goes wrong at once, and chaosTimeLimit how
// long on a machine that is too busy to have seen enough by then.
const chaosTime, chaosTimeLimit = 8 * time.Second, 40 * time.Second

// enough is what must have happened for the run to say something.
var enough = map[string]int{
	"honest 200": 150, "attacker 401": 40, "attacker 429": 100, "attacker token 400": 10, "attacker token 429": 20,
	"attacker mcp 401": 10, "attacker mcp 429": 20, "update": 3, "trap": 3, "slow": 2, "left h1": 50, "left h2": 50,
	"oversized": 3, "upgraded": 3, "streams": 200,
}

// vmReload begins the names of the counters of VMs that were made anew.
const vmReload = "wasm.gatewarden.vm_reload_"

// chaosLimit failures within chaosWindow lock a client out, on every surface.
const (
	chaosLimit  = 5
	chaosWindow = 3 * time.Second
)

func chaosConfiguration(n int) string {
	lockout := fmt.Sprintf(`{"failures": %d, "window": "%s"}`, chaosLimit, chaosWindow)
	return configuration(map[string]string{"rest": lockout, "mcp": lockout, "token": lockout, "consent": lockout},
		// Another number makes it another configuration.
		fmt.Sprintf(`"log": {"per_second": %d}`, 20+n%2))
}

// riot is the chaos run: a stage, and what is seen of it.
type riot struct {
	*stage
	service *roughService
	// wrongs is what must not have happened, told once each.
	mu     sync.Mutex
	wrongs map[string]int
	counts map[string]int
}

func (r *riot) wrong(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wrongs[fmt.Sprintf(format, args...)]++
}

// saw notes an event, so that a run in which little happened fails.
func (r *riot) saw(event string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[event]++
}

// missing returns the events that were too rare.
func (r *riot) missing() (events []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for event, least := range enough {
		if r.counts[event] < least {
			events = append(events, event)
		}
	}
	return events
}

// Everything goes wrong at once: listeners are replaced, VMs trap, clients are slow or
// disconnect at any moment, the service breaks off. In spite of that, no client is
// unlocked early, only clients that presented a wrong credential are locked out, and
// Envoy and the filter continue.
func TestChaos(t *testing.T) {
	r := startRiot(t)
	ctx, cancel := context.WithTimeout(t.Context(), chaosTimeLimit)
	defer cancel()
	go func() {
		for pause(ctx, chaosTime); len(r.missing()) > 0 && pause(ctx, 100*time.Millisecond); {
		}
		cancel()
	}()
	var group sync.WaitGroup
	run := func(f func(context.Context)) { group.Go(func() { f(ctx) }) }
	for i := range 2 {
		for _, protocol := range protocols {
			run(r.honest(t, protocol))
			run(r.attacker(t, protocol, i == 0))
		}
	}
	run(r.tokenAttacker(t))
	run(r.mcpAttacker(t))
	run(r.slow(t))
	run(r.leaving(t, client.HTTP1))
	run(r.leaving(t, client.HTTP2))
	run(r.oversized(t))
	run(r.manyStreams(t))
	run(r.updates)
	asked := make(chan int, 1)
	group.Go(func() { asked <- r.traps(t, ctx) })
	group.Wait()
	r.checkWhatWasSeen(t)
	r.checkTraps(t, <-asked)
	r.checkCalm(t)
}

func startRiot(t *testing.T) *riot {
	t.Helper()
	trapping, err := envoy.TrappingFilter(root)
	require.NoError(t, err)
	service, address := startRoughService(t)
	s := start(t, chaosConfiguration(0), ownProcess, withModule(trapping), withBootstrap(func(b *envoy.Bootstrap) error {
		b.Plugin["reload_config"] = envoy.Object{"backoff": envoy.Object{"base_interval": "0.05s"}}
		b.HCM["upgrade_configs"] = []any{envoy.Object{"upgrade_type": "websocket"}}
		b.HCM["http_protocol_options"] = envoy.Object{"enable_trailers": true}
		return b.SetEndpoint("service", address)
	}))
	return &riot{stage: s, service: service, wrongs: map[string]int{}, counts: map[string]int{}}
}

// checkWhatWasSeen holds the run against the invariants, and against having been
// too quiet to say anything.
func (r *riot) checkWhatWasSeen(t *testing.T) {
	t.Helper()
	t.Log(r.counts)
	for wrong, times := range r.wrongs {
		t.Errorf("%s (%d times)", wrong, times)
	}
	select {
	case <-r.envoy.Done():
		require.FailNow(t, "Envoy has ended", r.envoy.Err())
	default:
	}
	assert.Empty(t, r.missing(), "too little happened")
}

// checkTraps finds the traps that were asked for and no others, and that Envoy
// made the VMs anew. A worker with two listeners, one of them on its way out, has
// the filter twice and counts twice; so the exact number is that of a trap in
// quiet.
func (r *riot) checkTraps(t *testing.T, asked int) {
	t.Helper()
	r.reachAllWorkers(t)
	traps := func() int { return len(r.envoy.Log.Lines("[wasm]", "Function: ", " failed: ")) }
	for _, line := range r.envoy.Log.Lines("[wasm]", "Function: ") {
		assert.Contains(t, line, "proxy_on_request_headers", "a trap that was not asked for")
	}
	assert.Positive(t, traps())
	assert.LessOrEqual(t, traps(), asked)
	assert.GreaterOrEqual(t, r.reloads(t), traps())

	within(t, 10*time.Second, "the last listener to be gone", func() bool {
		stats, err := r.envoy.Stats(t.Context(), "listener_manager.total_listeners_draining")
		require.NoError(t, err)
		return stats["listener_manager.total_listeners_draining"] == 0
	})
	before, reloaded := traps(), r.reloads(t)
	c := r.newCaller(t, client.HTTP1)
	require.Equal(t, 503, c.get(t, "/api/v1/items", valid, []string{"X-Gatewarden-Trap", "1"}).status)
	r.reachAllWorkers(t)
	assert.Equal(t, before+1, traps())
	assert.Equal(t, reloaded+1, r.reloads(t))
}

// reloads is how often Envoy has made a VM anew after a trap.
func (r *riot) reloads(t *testing.T) int {
	t.Helper()
	stats, err := r.envoy.Stats(t.Context(), vmReload+"success", vmReload+"failure")
	require.NoError(t, err)
	assert.Zero(t, stats[vmReload+"failure"])
	return int(stats[vmReload+"success"])
}

// reachAllWorkers sends requests until no worker can be without a live VM.
func (r *riot) reachAllWorkers(t *testing.T) {
	t.Helper()
	c := r.newCaller(t, client.HTTP1)
	row := 0
	within(t, 10*time.Second, "all workers to answer", func() bool {
		for range 20 * r.workers {
			c.http.CloseIdleConnections()
			if answer, err := c.try("GET", "/api/v1/items", "", valid); err != nil || answer.status != 200 {
				row = 0
				return false
			}
			row++
		}
		return row >= 20*r.workers
	})
}

// checkCalm does what any test does, on what the chaos has left: limits, lockouts
// and metrics are exact.
func (r *riot) checkCalm(t *testing.T) {
	t.Helper()
	labels := func(outcome string) []string { return []string{"surface=rest", "outcome=" + outcome} }
	settled := func() (passed, refused float64) {
		return r.metric(t, "gatewarden_requests_total", labels("passed")...), r.metric(t, "gatewarden_requests_total", labels("refused")...)
	}
	passed, refused := -1.0, -1.0
	within(t, 15*time.Second, "the metrics to settle", func() bool {
		p, f := settled()
		still := p == passed && f == refused
		passed, refused = p, f
		time.Sleep(1500 * time.Millisecond) // longer than counts lag behind
		return still
	})
	failures := r.metric(t, "gatewarden_auth_failures_total", "surface=rest")
	for _, protocol := range protocols {
		r.newCaller(t, protocol).lock(t, chaosLimit)
	}
	r.awaitMetric(t, failures+2*chaosLimit, "gatewarden_auth_failures_total", "surface=rest")
	r.awaitMetric(t, passed+2*chaosLimit, "gatewarden_requests_total", labels("passed")...)
	r.awaitMetric(t, refused+2, "gatewarden_requests_total", labels("refused")...)
	assert.LessOrEqual(t, r.allFailures(t), float64(r.service.wrong.Load()), "more failures were counted than there were")
	for _, name := range []string{"gatewarden_table_contended_total", "gatewarden_table_full_total", "gatewarden_table_evictions_total"} {
		assert.Zero(t, r.metric(t, name), name)
	}
}

func (r *riot) allFailures(t *testing.T) (sum float64) {
	t.Helper()
	for _, surface := range []string{"rest", "mcp", "token", "consent"} {
		sum += r.metric(t, "gatewarden_auth_failures_total", "surface="+surface)
	}
	return sum
}
