package wasmhost_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
	"github.com/gatewarden/gatewarden/internal/wasmhost/contract/script"
)

// scripted is a request for the contract's guest; its report is kept under id.
func scripted(id string, steps ...script.Step) wasmhost.Request {
	return wasmhost.Request{Headers: [][2]string{
		{"x-contract-report", id}, {"x-contract", script.Encode(steps)},
	}}
}

func step(op string, args ...string) script.Step {
	return script.Step{Phase: "request", Op: op, Args: args}
}

func reported(p *wasmhost.Process, id string) string {
	value, _, _ := p.SharedData.Get("report/" + id)
	return string(value)
}

func TestTrapAndReload(t *testing.T) {
	process := newProcess()
	proxy := start(t, process, wasmhost.Options{})
	proxy.Do(scripted("before", step("set-shared", "k", "v", "0")), nil)

	r := proxy.Do(scripted("trap", step("panic")), nil)
	if r.Status != 503 || r.Details != "wasm_fail_stream" || r.Trapped == nil {
		t.Errorf("the request that traps: %+v", r)
	}
	lines := fmt.Sprint(proxy.Host().Logs())
	if !strings.Contains(lines, "panic: as the contract says") {
		t.Errorf("the log does not tell why: %s", lines)
	}
	if r := proxy.Do(scripted("dead"), nil); r.Status != 503 || r.Trapped != nil {
		t.Errorf("the next one: %+v", r)
	}
	if err := proxy.Reload(); err != nil {
		t.Fatal(err)
	}
	if r := proxy.Do(scripted("after", step("get-shared", "k")), nil); r.Status != 200 {
		t.Errorf("after the reload: %+v", r)
	}
	if got := reported(process, "after"); !strings.Contains(got, `OK "v"`) {
		t.Errorf("shared data after the reload: %s", got)
	}
}

// TestTrapInEachCallback says what becomes of the stream, as seen on Envoy 1.40.
func TestTrapInEachCallback(t *testing.T) {
	const failed, fine = "wasm_fail_stream", "via_upstream"
	for _, row := range []struct {
		phase   string
		status  int
		body    string
		reset   bool
		details string
	}{
		{"request", 503, "", false, failed},
		{"request-body", 503, "", false, failed},
		{"response", 503, "", false, failed},
		{"response-body", 200, "", true, failed},
		{"log", 200, "hello", false, fine},
		{"done", 200, "hello", false, fine},
	} {
		t.Run(row.phase, func(t *testing.T) {
			proxy := start(t, newProcess(), wasmhost.Options{})
			in := scripted("", script.Step{Phase: row.phase, Op: "panic"})
			in.Body = [][]byte{[]byte("abc")}
			r := proxy.Do(in, func(wasmhost.Request) wasmhost.Response {
				return wasmhost.Response{Body: [][]byte{[]byte("hello")}}
			})
			if r.Status != row.status || string(r.Body) != row.body || r.Reset != row.reset || r.Details != row.details || r.Trapped == nil {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestConfigurationRefused(t *testing.T) {
	_, err := guest(t).NewProxy(newProcess(), wasmhost.Options{PluginConfig: []byte("refuse")})
	var refused *wasmhost.StartError
	if !errors.As(err, &refused) || refused.Callback != wasmhost.OnConfigure || refused.Trap != nil {
		t.Errorf("%v", err)
	}
}

func TestCallsAreCounted(t *testing.T) {
	proxy := start(t, newProcess(), wasmhost.Options{})
	r := proxy.Do(scripted("", step("get-shared", "a"), step("get-shared", "b"), step("clock", "1")), nil)
	// The guest reads two headers of its own, and one for the report.
	want := map[string]int{"proxy_get_shared_data": 2, "proxy_get_header_map_value": 3}
	if fmt.Sprint(r.Calls) != fmt.Sprint(want) {
		t.Errorf("calls %v, want %v", r.Calls, want)
	}
	if r.WASI["clock_time_get(1)"] == 0 || r.WASI["clock_time_get"] < r.WASI["clock_time_get(1)"] {
		t.Errorf("WASI calls %v", r.WASI)
	}
	proxy.Do(scripted(""), nil)
	if got := proxy.Host().Calls().Host["proxy_get_header_map_value"]; got != 6 {
		t.Errorf("%d calls of two streams, want 6", got)
	}
}

func TestClockIsHandSet(t *testing.T) {
	process := newProcess()
	proxy := start(t, process, wasmhost.Options{})
	process.Clock.SetRealtime(time.Unix(1000, 0))
	process.Clock.SetMonotonic(500 * time.Second)
	process.Clock.Advance(500 * time.Second)
	if process.Clock.Realtime() != time.Unix(1500, 0).UTC() || process.Clock.Monotonic() != 1000*time.Second {
		t.Error(process.Clock.Realtime(), process.Clock.Monotonic())
	}
	proxy.Do(scripted("clocks", step("clocks")), nil)
	if got := reported(process, "clocks"); got != "request clocks OK OK realtime after 2020: false differ: true" {
		t.Error(got)
	}
}

func TestPrintedLines(t *testing.T) {
	proxy := start(t, newProcess(), wasmhost.Options{})
	proxy.Do(scripted("", step("print", "hello")), nil)
	if got := proxy.Host().Logs(); !slices.Equal(got, []wasmhost.LogLine{{Level: wasmhost.Error, Message: "hello"}}) {
		t.Error(got)
	}
}

// TestVMsSideBySide runs VMs of one module in parallel, with their collectors at
// work under a clock that stands still.
func TestVMsSideBySide(t *testing.T) {
	process := newProcess()
	var wg sync.WaitGroup
	for worker := range 4 {
		proxy := start(t, process, wasmhost.Options{})
		wg.Go(func() {
			for i := range 20 {
				key := fmt.Sprintf("%d-%d", worker, i)
				proxy.Do(scripted("", step("set-shared", key, "v", "impossible"), step("collect", "100")), nil)
			}
		})
	}
	wg.Wait()
	if n := process.SharedData.Len(); n != 80 {
		t.Errorf("%d keys, want 80", n)
	}
}

func TestNotAModule(t *testing.T) {
	if _, err := wasmhost.Compile([]byte("no")); err == nil {
		t.Error("compiled")
	}
	empty := []byte("\x00asm\x01\x00\x00\x00")
	if _, err := wasmhost.Compile(empty); err == nil || !strings.Contains(err.Error(), "proxy_abi_version") {
		t.Error(err)
	}
}

func TestPairs(t *testing.T) {
	pairs := [][2]string{{"a", "1"}, {"", ""}, {"long-name", "a value"}}
	b := wasmhost.EncodePairs(pairs)
	if got := wasmhost.DecodePairs(b); fmt.Sprint(got) != fmt.Sprint(pairs) {
		t.Error(got)
	}
	for i := range b {
		if got := wasmhost.DecodePairs(b[:i]); got != nil {
			t.Errorf("%d of %d bytes gave %v", i, len(b), got)
		}
	}
	if got := wasmhost.DecodePairs(append(b, 0)); got != nil {
		t.Errorf("one byte too many gave %v", got)
	}
}
