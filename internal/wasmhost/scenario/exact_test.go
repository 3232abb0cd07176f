package scenario

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
	"github.com/gatewarden/gatewarden/register"
)

// counted is how many failures are counted. Every night it is a million.
var counted = flag.Int("failures", 200_000, "how many failures the tests of exactness count")

// Many failures, counted by 8 VMs at once. The limit is the number of
// failures: one lost and the last does not lock, one counted twice and a request
// before the last is refused.
func TestNoFailureIsLost(t *testing.T) {
	const workers = 8
	failures := *counted
	for name, start := range runtimes(t) {
		if name == "native" {
			continue // the table's own tests do that
		}
		for _, keys := range []int{1, 1000} {
			t.Run(fmt.Sprintf("%s/%d keys", name, keys), func(t *testing.T) {
				process := wasmhost.NewProcess(wasmhost.ProcessOptions{})
				limit := failures / keys
				config := rest(fmt.Sprintf(`"failures": %d, "window": "1h"`, limit))
				var group sync.WaitGroup
				for worker := range workers {
					group.Go(func() { guess(t, process, start, config, worker, failures/workers, keys) })
				}
				group.Wait()
				expect(t, process, "gatewarden_auth_failures_total.surface.rest", failures)
				expect(t, process, "gatewarden_lockouts_total.surface.rest", keys)
				expect(t, process, "gatewarden_requests_total.surface.rest.outcome.refused", 0)
				expect(t, process, "gatewarden_table_contended_total", 0)
				t.Logf("%d races lost and run again", process.Metrics.Counter("gatewarden_table_retries_total"))
			})
		}
	}
}

// A pair that several VMs see at once is counted by one of them: all send the same
// credentials, of which there are one fewer than the limit, and then one more.
func TestEachPairIsCountedOnce(t *testing.T) {
	const workers, limit = 8, 1000
	config := rest(fmt.Sprintf(`"failures": 1000000, "window": "1h", "stuffing": {"credentials": %d, "window": "1h"}`, limit))
	for name, start := range runtimes(t) {
		t.Run(name, func(t *testing.T) {
			process := wasmhost.NewProcess(wasmhost.ProcessOptions{})
			var group sync.WaitGroup
			for range workers {
				group.Go(func() { tryEach(t, process, start, config, 0, limit-1) })
			}
			group.Wait()
			expect(t, process, "gatewarden_auth_failures_total.surface.rest", workers*(limit-1))
			expect(t, process, "gatewarden_stuffing_total.surface.rest", 0)
			tryEach(t, process, start, config, limit-1, limit)
			expect(t, process, "gatewarden_stuffing_total.surface.rest", 1)
			expect(t, process, "gatewarden_table_evictions_total", 0)
			t.Logf("%d races lost and run again", process.Metrics.Counter("gatewarden_table_retries_total"))
		})
	}
}

// A wrong credential that several VMs see again and again is counted by one of them: many
// presentations of a thousand, which 8 VMs see each in an order of its own, are one failure
// fewer than the limit. One more credential is the last.
func TestARepeatIsCountedOnce(t *testing.T) {
	const workers, credentials = 8, 1000
	presentations := *counted
	config := rest(fmt.Sprintf(`"failures": %d, "window": "1h", "repeats": "once", "wide": {"failures": %d}`, credentials+1, credentials+1))
	for name, start := range runtimes(t) {
		if name == "native" {
			continue // a race is one of VMs
		}
		t.Run(name, func(t *testing.T) {
			process := wasmhost.NewProcess(wasmhost.ProcessOptions{})
			var group sync.WaitGroup
			for worker := range workers {
				random := rand.New(rand.NewPCG(uint64(worker), 13))
				group.Go(func() {
					tryAs(t, process, start, config, presentations/workers, func(int) int { return random.IntN(credentials) })
				})
			}
			group.Wait()
			expect(t, process, "gatewarden_auth_failures_total.surface.rest", credentials)
			expect(t, process, "gatewarden_repeated_failures_total.surface.rest", presentations-credentials)
			expect(t, process, "gatewarden_lockouts_total.surface.rest", 0)
			tryAs(t, process, start, config, 1, func(int) int { return credentials })
			expect(t, process, "gatewarden_lockouts_total.surface.rest", 1)
			expect(t, process, "gatewarden_network_lockouts_total.surface.rest", 1)
			expect(t, process, "gatewarden_table_evictions_total", 0)
			t.Logf("%d races lost and run again", process.Metrics.Counter("gatewarden_table_retries_total"))
		})
	}
}

// tryEach fails with each of a row of credentials, as one worker.
func tryEach(t *testing.T, p *wasmhost.Process, start Start, config string, first, end int) {
	tryAs(t, p, start, config, end-first, func(i int) int { return first + i })
}

// tryAs fails n times, as one worker, with the credentials that which names.
func tryAs(t *testing.T, p *wasmhost.Process, start Start, config string, n int, which func(i int) int) {
	proxy, err := start(p, wasmhost.Options{PluginConfig: []byte(config)})
	if err != nil {
		t.Error(err)
		return
	}
	defer proxy.Close()
	unauthorized := func(wasmhost.Request) wasmhost.Response { return wasmhost.Response{Status: 401} }
	for i := range n {
		proxy.Do(wasmhost.Request{
			Path: "/api/v1/x", Headers: [][2]string{{"authorization", fmt.Sprint("Bearer ", which(i))}},
		}, unauthorized)
	}
	if err := proxy.Tick(); err != nil {
		t.Error(err)
	}
}

// guess sends failing requests from the given number of clients in turn.
func guess(t *testing.T, p *wasmhost.Process, start Start, config string, worker, n, clients int) {
	proxy, err := start(p, wasmhost.Options{PluginConfig: []byte(config)})
	if err != nil {
		t.Error(err)
		return
	}
	defer proxy.Close()
	request := wasmhost.Request{Path: "/api/v1/x", Headers: [][2]string{{"authorization", "Bearer x"}}}
	unauthorized := func(wasmhost.Request) wasmhost.Response { return wasmhost.Response{Status: 401} }
	for i := range n {
		client := (i*8 + worker) % clients
		request.SourceAddress = fmt.Sprintf("10.0.%d.%d:1", client/250, client%250)
		if r := proxy.Do(request, unauthorized); r.Status != 401 {
			t.Errorf("worker %d, request %d: status %d, trapped: %v", worker, i, r.Status, r.Trapped)
			return
		}
	}
	if err := proxy.Tick(); err != nil {
		t.Error(err)
	}
}

func expect(t *testing.T, p *wasmhost.Process, name string, want int) {
	t.Helper()
	if got := p.Metrics.Counter(name); got != uint64(want) {
		t.Errorf("%s = %d, want %d", name, got, want)
	}
}

// watched is the default configuration and a surface with distinct counting.
const watched = `{"surfaces": [
	{"name": "token", "kind": "oauth-token", "match": [{"path": "/oauth/token", "methods": ["POST"]}]},
	{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}]},
	{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}]},
	{"name": "distinct", "kind": "api", "match": [{"prefix": "/distinct"}],
	 "lockout": {"stuffing": {"credentials": 10, "action": "lock"}, "spraying": {"clients": 10}}}]}`

// A request that nothing is wrong with makes four host calls on a surface that
// has a lockout only or counts what is different, and one elsewhere. The clock is
// read only for a client that has a record.
func TestHostCallsOfPassingRequests(t *testing.T) {
	const oneOf = "proxy_get_header_map_pairs"
	guarded := map[string]int{
		oneOf: 1, "proxy_get_property": 1, "proxy_get_shared_data": 1, "proxy_get_header_map_value": 1,
	}
	// A token endpoint's body is read in every status, because an error may be in it.
	token := map[string]int{
		oneOf: 1, "proxy_get_property": 1, "proxy_get_shared_data": 1, "proxy_get_header_map_value": 2, "proxy_get_buffer_bytes": 1,
	}
	for name, start := range runtimes(t) {
		if name == "native" {
			continue // host calls are what Wasm makes
		}
		t.Run(name, func(t *testing.T) {
			proxy, err := start(wasmhost.NewProcess(wasmhost.ProcessOptions{}), wasmhost.Options{PluginConfig: []byte(watched)})
			if err != nil {
				t.Fatal(err)
			}
			defer proxy.Close()
			for _, row := range []struct {
				request wasmhost.Request
				want    map[string]int
			}{
				{wasmhost.Request{Path: "/distinct", Headers: [][2]string{{"authorization", "Basic YWxpY2U6eA=="}}}, guarded},
				{wasmhost.Request{Path: "/api/v1/x"}, guarded},
				{wasmhost.Request{Path: "/api/v1/x", Headers: [][2]string{{"authorization", "Bearer x"}}}, guarded},
				{wasmhost.Request{Path: "/mcp", Method: "POST", Body: [][]byte{[]byte("{}")}}, guarded},
				{wasmhost.Request{Path: "/oauth/token", Method: "POST", Body: [][]byte{[]byte("a=b")}}, token},
				{wasmhost.Request{Path: "/healthz"}, map[string]int{oneOf: 1}},
				{wasmhost.Request{Path: "/elsewhere", Method: "POST", Body: [][]byte{[]byte("x")}}, map[string]int{oneOf: 1}},
			} {
				answer := wasmhost.Response{Status: 200, Body: [][]byte{[]byte("ok")}}
				r := proxy.Do(row.request, func(wasmhost.Request) wasmhost.Response { return answer })
				if fmt.Sprint(r.Calls) != fmt.Sprint(row.want) {
					t.Errorf("%s %s: %v, want %v", row.request.Method, row.request.Path, r.Calls, row.want)
				}
			}
		})
	}
}

// However many addresses fail, and are locked out, shared data stays within what the
// table says of itself, and what is kept for operators.
func TestSharedDataIsBounded(t *testing.T) {
	start := runtimes(t)["native"]
	process := wasmhost.NewProcess(wasmhost.ProcessOptions{})
	proxy, err := start(process, wasmhost.Options{PluginConfig: []byte(`{"table": {"clients": 4096}}`)})
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	unauthorized := func(wasmhost.Request) wasmhost.Response { return wasmhost.Response{Status: 401} }
	for i := range 200_000 {
		proxy.Do(wasmhost.Request{
			Path: "/api/v1/x", Headers: [][2]string{{"authorization", "Bearer x"}},
			SourceAddress: fmt.Sprintf("%d.%d.%d.%d:1", 20+i>>24, i>>16&255, i>>8&255, i&255),
		}, unauthorized)
	}
	const sets, seed, catalogue, names = 4096 / 16, 1, 1, 128
	limit := int(process.Metrics.Gauge("gatewarden_table_max_bytes"))
	if got := process.SharedData.Bytes(); got > limit+1000 || limit == 0 {
		t.Errorf("%d bytes in shared data, the table promises at most %d", got, limit)
	}
	if keys := process.SharedData.Len(); keys > sets+seed+catalogue {
		t.Errorf("%d keys in shared data", keys)
	}
	for i := range 20_000 {
		for range 5 {
			proxy.Do(wasmhost.Request{
				Path: "/oauth/authorize", Method: "POST", SourceAddress: fmt.Sprintf("2001:db8:%x::1", i),
			}, unauthorized)
		}
	}
	if got := process.SharedData.Bytes(); got > limit+register.MaxBytes {
		t.Errorf("%d bytes in shared data, at most %d are promised", got, limit+register.MaxBytes)
	}
	if keys := process.SharedData.Len(); keys > sets+seed+catalogue+names {
		t.Errorf("%d keys in shared data", keys)
	}
	_ = proxy.Tick()
	if process.Metrics.Counter("gatewarden_lockouts_unlisted_total") == 0 {
		t.Error("all lockouts are listed: the test does not fill the register")
	}
	if process.Metrics.Counter("gatewarden_table_evictions_total") == 0 {
		t.Error("nothing was evicted: the test does not fill the table")
	}
}
