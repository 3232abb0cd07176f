package scenario

import (
	"fmt"
	"testing"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
	"github.com/gatewarden/gatewarden/journal"
)

// buys sends a call that costs 25 credits, and returns what is told of the budget.
func buys(w *wasmhost.Proxy, meanwhile func()) string {
	r := w.Do(wasmhost.Request{
		Method: "POST", Path: "/mcp", Body: pieces([]string{call("1", "image", "")}),
		Headers: [][2]string{{"authorization", "Bearer Pro-1"}, {"content-type", "application/json"}},
	}, func(wasmhost.Request) wasmhost.Response {
		meanwhile()
		return wasmhost.Response{Status: 200}
	})
	return fmt.Sprint(r.Status, " ", r.Header("ratelimit"))
}

func ticks(t *testing.T, w *wasmhost.Proxy, times int) {
	t.Helper()
	for range times {
		if err := w.Tick(); err != nil {
			t.Fatal(err)
		}
	}
}

// A worker is replaced, or stands still for half a minute, while the service has its call:
// another worker gives the reservation back, and the one that comes back does not settle it
// again.
func TestReservationsOfAWorkerThatIsGone(t *testing.T) {
	for name, start := range runtimes(t) {
		for _, what := range []string{"replaced", "stopped"} {
			t.Run(name+", "+what, func(t *testing.T) {
				process := wasmhost.NewProcess(wasmhost.ProcessOptions{})
				load := func() *wasmhost.Proxy {
					w, err := start(process, wasmhost.Options{PluginConfig: []byte(priced(hourly)), StopIteration: true})
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { _ = w.Close() })
					return w
				}
				workers := []*wasmhost.Proxy{load(), load(), load()}
				credits := func(outcome string) uint64 {
					for _, w := range workers {
						_ = w.Tick()
					}
					return process.Metrics.Counter("gatewarden_credits_total.rule.hour.outcome." + outcome)
				}
				gone := workers[0]
				got := buys(gone, func() {
					if got := buys(workers[1], func() {}); got != `200 "hour";r=10;t=3600` {
						t.Errorf("beside it: %s", got)
					}
					if what == "replaced" {
						workers[0] = load()
					}
					for range journal.Patience + 1 {
						ticks(t, workers[1], 1)
						ticks(t, workers[2], 1)
					}
					if got := buys(workers[2], func() {}); got != `200 "hour";r=10;t=3600` {
						t.Errorf("afterwards: %s", got)
					}
				})
				if got != `200 "hour";r=35;t=3600` {
					t.Errorf("the call itself: %s", got)
				}
				ticks(t, gone, 2*journal.Patience)
				for _, row := range []struct {
					outcome string
					want    uint64
				}{{"reserved", 75}, {"committed", 50}, {"expired", 25}, {"refunded", 0}} {
					if got := credits(row.outcome); got != row.want {
						t.Errorf("%s: %d, want %d", row.outcome, got, row.want)
					}
				}
				if got := buys(workers[1], func() {}); got != `402 "hour";r=10;t=3600` {
					t.Errorf("at last: %s", got)
				}
			})
		}
	}
}
