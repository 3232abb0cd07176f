package scenario

import (
	"testing"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// The access log finds which failures present the same, on surfaces where that counts once.
func TestTheAccessLogTellsGuessesApart(t *testing.T) {
	for name, start := range runtimes(t) {
		t.Run(name, func(t *testing.T) {
			_, workers := startWorkers(t, start, rest(`"repeats": "once", "mode": "shadow"`), 2)
			guess := func(worker int, credential string, status int) string {
				r := workers[worker].Do(wasmhost.Request{
					Path: "/api/v1/x", Headers: [][2]string{{"authorization", "Bearer " + credential}},
				}, func(wasmhost.Request) wasmhost.Response { return wasmhost.Response{Status: status} })
				return r.FilterState["wasm.gatewarden.guess"]
			}
			first := guess(0, "expired", 401)
			if first == "" || len(first) > 16 {
				t.Errorf("a failure has the guess %q", first)
			}
			if again := guess(1, "expired", 401); again != first {
				t.Errorf("the same on another worker has %q, before it was %q", again, first)
			}
			if other := guess(0, "other", 401); other == first || other == "" {
				t.Errorf("another one has %q", other)
			}
			if right := guess(0, "right", 200); right != "" {
				t.Errorf("a success has %q", right)
			}
		})
	}
}
