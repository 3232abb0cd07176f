package wasmhost

import (
	"maps"
	"strconv"
)

// Calls counts what a guest asked of the host.
type Calls struct {
	// Host counts the proxy-wasm functions, by the name of the import
	// ("proxy_get_shared_data").
	Host map[string]int
	// WASI counts the functions of wasi_snapshot_preview1 that matter to a
	// filter: "random_get", "clock_time_get", and the latter once more by clock,
	// "clock_time_get(0)" for realtime and "clock_time_get(1)" for monotonic. The
	// runtime of standard Go reads clocks on its own account too.
	WASI map[string]int
}

func newCalls() Calls {
	return Calls{Host: map[string]int{}, WASI: map[string]int{}}
}

// Total returns the number of proxy-wasm calls.
func (c Calls) Total() int {
	n := 0
	for _, count := range c.Host {
		n += count
	}
	return n
}

func (c Calls) clone() Calls {
	return Calls{Host: maps.Clone(c.Host), WASI: maps.Clone(c.WASI)}
}

// countCall notes a proxy-wasm call for the VM and for the stream it is made in.
func (h *Host) countCall(name string) {
	h.calls.Host[name]++
	if s := h.stream(); s != nil {
		s.calls.Host[name]++
	}
}

func (h *Host) countWASI(name string) {
	h.calls.WASI[name]++
	if s := h.stream(); s != nil {
		s.calls.WASI[name]++
	}
}

func (h *Host) countClock(id uint32) {
	h.countWASI("clock_time_get")
	h.countWASI("clock_time_get(" + strconv.Itoa(int(id)) + ")")
}
