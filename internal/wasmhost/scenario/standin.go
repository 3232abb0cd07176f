package scenario

import (
	"time"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// Start starts a worker on the stand-in: natively or as Wasm.
type Start func(*wasmhost.Process, wasmhost.Options) (*wasmhost.Proxy, error)

// StandIn is the stand-in for Envoy as a World.
type StandIn struct {
	process *wasmhost.Process
	start   Start
	options wasmhost.Options
	workers []*wasmhost.Proxy
	// settles tells that calls follow a request, which are answered at once.
	settles bool
}

// NewStandIn starts a scenario's workers.
func NewStandIn(s Scenario, start Start) (*StandIn, error) {
	w := &StandIn{
		process: wasmhost.NewProcess(wasmhost.ProcessOptions{}),
		start:   start,
		settles: s.Funds != nil || s.Tells != nil || s.Fleet != nil,
		options: wasmhost.Options{PluginConfig: []byte(s.Config), Env: s.Env, StopIteration: !s.HidesBodies, Clusters: []string{AuthCluster, GRPCCluster}},
	}
	auth, grpc := NewAuthorizer(s), NewGRPCServer(s, w.process.Clock.Realtime)
	w.options.GRPC = func(c wasmhost.GRPCCall) wasmhost.GRPCAnswer { return grpc.Serve(c.Service+"/"+c.Method, c.Message) }
	w.options.Callout = func(c wasmhost.HTTPCall) wasmhost.Response {
		return auth.Serve(c.Header(":method"), c.Header(":path"), c.Body)
	}
	for range max(s.Workers, 1) {
		worker, err := start(w.process, w.options)
		if err != nil {
			return nil, err
		}
		w.workers = append(w.workers, worker)
	}
	return w, nil
}

// Close frees the workers.
func (w *StandIn) Close() {
	for _, worker := range w.workers {
		_ = worker.Close()
	}
}

// longest is for how many seconds a request may wait for others.
const longest = 31

// Do is World.Do. While the request waits for others, time passes.
func (w *StandIn) Do(worker int, send wasmhost.Request, answer wasmhost.Response, meanwhile func()) Outcome {
	e := w.workers[worker].Begin(send, func(wasmhost.Request) wasmhost.Response {
		meanwhile()
		return answer
	})
	for n := 0; n < longest && e.Waits(); n++ {
		if !answerOne(w.workers[worker]) {
			w.Advance(time.Second)
		}
	}
	r := e.Finish()
	w.settle(worker)
	if r.Trapped != nil {
		return Outcome{Details: "trapped: " + r.Trapped.Error()}
	}
	if r.Hung {
		return Outcome{Details: "hung"}
	}
	return Outcome{
		Status: r.Status, Headers: r.Headers, Body: string(r.Body),
		Reached: r.UpstreamSawHeaders, Got: r.UpstreamRequest.Headers, Reason: r.FilterState["wasm.gatewarden.reason"], Details: r.Details,
	}
}

// answerOne answers a call of any kind, and tells whether there was one.
func answerOne(worker *wasmhost.Proxy) bool { return worker.Answer() || worker.AnswerGRPC() }

func (w *StandIn) settle(worker int) {
	for w.settles && answerOne(w.workers[worker]) {
	}
}

// Advance is World.Advance. However long it is, the workers' timers come in time.
func (w *StandIn) Advance(d time.Duration) {
	const period = 5 * time.Second
	for ; d > 0; d -= period {
		w.process.Clock.Advance(min(d, period))
		for i, worker := range w.workers {
			_ = worker.Tick()
			w.settle(i)
		}
	}
}

// Reconfigure is World.Reconfigure: new VMs on the same shared data, as Envoy
// makes them for an update.
func (w *StandIn) Reconfigure(config string) error {
	w.options.PluginConfig = []byte(config)
	for i, old := range w.workers {
		worker, err := w.start(w.process, w.options)
		if err != nil {
			return err
		}
		_ = old.Close()
		w.workers[i] = worker
	}
	return nil
}

// Counter is Counters.Counter.
func (w *StandIn) Counter(name string) uint64 {
	for _, worker := range w.workers {
		_ = worker.Tick()
	}
	return w.process.Metrics.Counter(name)
}

// LogLines is World.LogLines. What the plugin says as information, when it starts, was
// there before.
func (w *StandIn) LogLines(func([]string) bool) []string {
	var lines []string
	for _, worker := range w.workers {
		for _, line := range worker.Host().Logs() {
			if line.Level > wasmhost.Info {
				lines = append(lines, line.Message)
			}
		}
	}
	return lines
}

// Slack is World.Slack.
func (w *StandIn) Slack() int { return 0 }
