package scenario

import (
	"fmt"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

const (
	burstLimit   = 5
	burstPending = 2
)

var burstConfig = rest(fmt.Sprintf(`"failures": %d, "window": "10m", "pending": %d`, burstLimit, burstPending))

func each(i int) string { return fmt.Sprint("guess", i) }

func same(int) string { return "good" }

// burst sends n attempts of one client in parallel: each is under way when the
// next begins, on the next worker. It returns how many the service got, and the
// reasons of those it did not.
func burst(workers []*wasmhost.Proxy, n, status int, credential func(i int) string) (reached int, reasons map[string]int) {
	reasons = map[string]int{}
	var attempt func(i int)
	attempt = func(i int) {
		if i == n {
			return
		}
		nested := false
		r := workers[i%len(workers)].Do(wasmhost.Request{
			Path: "/api/v1/x", Headers: [][2]string{{"authorization", "Bearer " + credential(i)}},
		}, func(wasmhost.Request) wasmhost.Response {
			reached++
			nested = true
			attempt(i + 1)
			return wasmhost.Response{Status: status}
		})
		if !nested {
			reasons[r.FilterState["wasm.gatewarden.reason"]+" "+r.Header("retry-after")]++
			attempt(i + 1)
		}
	}
	attempt(0)
	return reached, reasons
}

func TestABurstGetsNoFurtherThanASequence(t *testing.T) {
	for name, start := range runtimes(t) {
		t.Run(name, func(t *testing.T) {
			process, workers := startWorkers(t, start, burstConfig, 2)
			reached, reasons := burst(workers, 200, 401, each)
			if reached != burstLimit+burstPending {
				t.Errorf("%d of 200 parallel guesses reached the service, want %d", reached, burstLimit+burstPending)
			}
			if reasons["rate_limited 1"] != 200-reached {
				t.Errorf("refusals %v", reasons)
			}
			if reached, reasons = burst(workers, 1, 200, each); reached != 0 || reasons["locked_out 600"] != 1 {
				t.Errorf("after the burst: %d reached, %v", reached, reasons)
			}
			process.Clock.Advance(10 * time.Minute)
			if reached, _ = burst(workers, 200, 401, each); reached != burstLimit+burstPending {
				t.Errorf("the next window: %d reached: a slot leaked or was forgotten", reached)
			}
		})
	}
}

func TestKnownCredentialsAreNotHeldBack(t *testing.T) {
	_, workers := startWorkers(t, runtimes(t)["native"], burstConfig, 2)
	if reached, _ := burst(workers, 1, 200, same); reached != 1 {
		t.Fatal("the first request does not pass")
	}
	if reached, reasons := burst(workers, 200, 200, same); reached != 200 {
		t.Errorf("%d of 200 requests with a known credential passed, %v", reached, reasons)
	}
	if reached, _ := burst(workers, 200, 200, each); reached != burstLimit+burstPending {
		t.Errorf("%d requests with new credentials passed at once", reached)
	}
}

// Slots come back however a stream ends, and in time even if it never does.
func TestNoSlotLeaks(t *testing.T) {
	attempt := wasmhost.Request{Path: "/api/v1/x", Headers: [][2]string{{"authorization", "Bearer x"}}}
	for _, row := range []struct {
		name  string
		end   func(*wasmhost.Proxy, *wasmhost.Process)
		after time.Duration
	}{
		{"aborted before the response", func(p *wasmhost.Proxy, _ *wasmhost.Process) {
			r := attempt
			r.AbortAfter = wasmhost.AfterRequestHeaders
			p.Do(r, nil)
		}, 0},
		{"aborted after the headers", func(p *wasmhost.Proxy, _ *wasmhost.Process) {
			r := attempt
			r.AbortAfter = wasmhost.AfterResponseHeaders
			p.Do(r, func(wasmhost.Request) wasmhost.Response { return wasmhost.Response{Status: 500} })
		}, 0},
		{"a worker that is gone", func(p *wasmhost.Proxy, process *wasmhost.Process) {
			other, err := runtimes(t)["native"](process, wasmhost.Options{PluginConfig: []byte(burstConfig)})
			if err != nil {
				t.Fatal(err)
			}
			other.Do(attempt, func(wasmhost.Request) wasmhost.Response {
				panic("the worker dies with the stream")
			})
		}, time.Minute},
	} {
		t.Run(row.name, func(t *testing.T) {
			process, workers := startWorkers(t, runtimes(t)["native"], burstConfig, 1)
			for range 50 {
				func() {
					defer func() { _ = recover() }()
					row.end(workers[0], process)
				}()
			}
			process.Clock.Advance(row.after)
			if reached, _ := burst(workers, 50, 401, each); reached != burstLimit+burstPending {
				t.Errorf("%d attempts passed at once, want %d", reached, burstLimit+burstPending)
			}
		})
	}
}

func startWorkers(t *testing.T, start Start, config string, n int) (*wasmhost.Process, []*wasmhost.Proxy) {
	t.Helper()
	process := wasmhost.NewProcess(wasmhost.ProcessOptions{})
	var workers []*wasmhost.Proxy
	for range n {
		worker, err := start(process, wasmhost.Options{PluginConfig: []byte(config)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = worker.Close() })
		workers = append(workers, worker)
	}
	return process, workers
}

// A lockout with jitter lasts as long as Retry-After says, which nobody can
// foresee.
func TestJitter(t *testing.T) {
	process, workers := startWorkers(t, runtimes(t)["native"], rest(`"failures": 1, "window": "1m", "jitter": "30s"`), 1)
	unauthorized := func(wasmhost.Request) wasmhost.Response { return wasmhost.Response{Status: 401} }
	lengths := map[string]bool{}
	for i := range 100 {
		r := wasmhost.Request{
			Path: "/api/v1/x", Headers: [][2]string{{"authorization", "Bearer x"}}, SourceAddress: fmt.Sprintf("10.0.0.%d:1", i),
		}
		workers[0].Do(r, unauthorized)
		wait := workers[0].Do(r, unauthorized).Header("retry-after")
		lengths[wait] = true
		seconds, err := time.ParseDuration(wait + "s")
		if err != nil || seconds < time.Minute || seconds > 90*time.Second {
			t.Fatalf("Retry-After %q", wait)
		}
		process.Clock.Advance(seconds - time.Second - time.Millisecond)
		if got := workers[0].Do(r, unauthorized); got.Status != 429 {
			t.Errorf("free a second early: %d", got.Status)
		}
		process.Clock.Advance(time.Second + time.Millisecond)
		if got := workers[0].Do(r, unauthorized); got.Status != 401 {
			t.Errorf("not free when Retry-After said: %d", got.Status)
		}
	}
	if len(lengths) < 15 {
		t.Errorf("only %d different lengths in 100 lockouts", len(lengths))
	}
}

// Attempts that are under way when a period ends still take their place in the
// next one.
func TestSlotsOutliveTheirPeriod(t *testing.T) {
	process, workers := startWorkers(t, runtimes(t)["native"], burstConfig, 1)
	attempt := wasmhost.Request{Path: "/api/v1/x", Headers: [][2]string{{"authorization", "Bearer x"}}}
	reached := 0
	workers[0].Do(attempt, func(wasmhost.Request) wasmhost.Response {
		workers[0].Do(attempt, func(wasmhost.Request) wasmhost.Response {
			process.Clock.Advance(30 * time.Second)
			reached, _ = burst(workers, 50, 401, each)
			return wasmhost.Response{Status: 200}
		})
		return wasmhost.Response{Status: 200}
	})
	if want := burstLimit + burstPending - 2; reached != want {
		t.Errorf("%d attempts beside two of the period before, want %d", reached, want)
	}
}
