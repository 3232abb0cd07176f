package scenario

import (
	"fmt"
	"testing"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// asker is a worker, and what its authorization server says.
func asker(t *testing.T, start Start, says string) (worker *wasmhost.Proxy, asked *int) {
	t.Helper()
	asked = new(int)
	worker, err := start(wasmhost.NewProcess(wasmhost.ProcessOptions{}), wasmhost.Options{
		PluginConfig: []byte(gate("api", asks(""), "")), StopIteration: true, Clusters: []string{AuthCluster},
		Callout: func(wasmhost.HTTPCall) wasmhost.Response { *asked++; return introspection(says) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = worker.Close() })
	return worker, asked
}

func presenting(token, client string) wasmhost.Request {
	return wasmhost.Request{Path: "/gate", Headers: [][2]string{{"authorization", "Bearer " + token}}, SourceAddress: client}
}

// Whoever waits for the same answer gets it, also if those who were first leave.
func TestThoseWhoWaitTogether(t *testing.T) {
	for name, start := range runtimes(t) {
		for says, status := range map[string]int{activeToken: 200, inactiveToken: 401, "{}": 503} {
			t.Run(name+" "+says, func(t *testing.T) {
				worker, asked := asker(t, start, says)
				var waiting []*wasmhost.Exchange
				for i := range 30 {
					e := worker.Begin(presenting("tok", fmt.Sprintf("192.0.2.%d:1", i+1)), nil)
					if !e.Waits() {
						t.Fatalf("request %d does not wait", i)
					}
					waiting = append(waiting, e)
				}
				for _, e := range waiting[:10] {
					if r := e.Leave(); r.UpstreamSawHeaders || r.Status != 0 {
						t.Fatalf("who left: %+v", r)
					}
				}
				worker.Answer()
				if worker.Answer() {
					t.Error("it was asked twice")
				}
				for i, e := range waiting[10:] {
					r := e.Finish()
					if r.Status != status || r.UpstreamSawHeaders != (status == 200) || r.Hung || r.Trapped != nil {
						t.Errorf("request %d: %+v", i, r)
					}
				}
				if *asked != 1 {
					t.Errorf("%d questions", *asked)
				}
			})
		}
	}
}

// Streams whose memory serves again have nothing left of the wait.
func TestWaitingAgain(t *testing.T) {
	for name, start := range runtimes(t) {
		t.Run(name, func(t *testing.T) {
			worker, asked := asker(t, start, activeToken)
			for i := range 200 {
				first := worker.Begin(presenting(fmt.Sprint("a", i), ""), nil)
				second := worker.Begin(presenting(fmt.Sprint("b", i), ""), nil)
				if i%2 == 0 {
					first.Leave()
				}
				third := worker.Begin(presenting(fmt.Sprint("b", i), ""), nil)
				for _, e := range []*wasmhost.Exchange{third, second} {
					if r := e.Finish(); r.Status != 200 || !r.ReachedUpstream {
						t.Fatalf("round %d: %+v", i, r)
					}
				}
				if i%2 != 0 && first.Finish().Status != 200 {
					t.Fatalf("round %d: the first did not pass", i)
				}
			}
			if *asked != 400 {
				t.Errorf("%d questions", *asked)
			}
		})
	}
}
