package wasmhost

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// Options are what one VM is made with.
type Options struct {
	PluginConfig []byte
	VMConfig     []byte
	// Env are the environment variables of the VM.
	Env map[string]string
	// StopIteration is the plugin setting allow_on_headers_stop_iteration: true
	// lets body callbacks come while the headers are paused.
	StopIteration bool
	// Random is read for random_get. The default is a fixed sequence, another one
	// for each VM of a Process.
	Random io.Reader
	// PluginName and RootID are the properties plugin_name and plugin_root_id.
	PluginName, RootID string
	// Clusters are those that Envoy knows. Callout answers what is sent to them:
	// when a stream could not go on otherwise, or when Proxy.Answer says so.
	Clusters []string
	Callout  func(HTTPCall) Response
	// GRPC answers gRPC calls, when Proxy.AnswerGRPC says so or when a stream could not go
	// on otherwise.
	GRPC func(GRPCCall) GRPCAnswer
}

// LogLine is a line that a guest logged, or wrote to stdout (as Info) or
// stderr (as Error).
type LogLine struct {
	Level   LogLevel
	Message string
}

// Host is the proxy as one VM sees it: the state behind the host functions. Its
// exported methods are those functions in terms of Go values; a guest written in
// Go calls them directly.
//
// Like a VM it belongs to one goroutine at a time.
type Host struct {
	process *Process
	proxy   *Proxy
	options Options

	streams   map[uint32]*stream // open contexts but the root
	lastID    uint32
	current   uint32 // context whose callback runs; 0: none
	effective uint32 // context that host calls act on; 0: the current one
	starting  bool   // during start and configure, when the plugin configuration can be read
	stopped   bool   // the running callback sent a local reply, so what it returns is void
	deferred  []func()
	replying  []*stream // streams with a local reply to be sent

	metrics    map[uint32]metricKey
	lastMetric uint32
	logs       []LogLine
	partial    [Critical + 1]string // lines begun on stdout and stderr, by level
	calls      Calls
	callouts   callouts
	grpc       grpcCalls
	tick       time.Duration
}

// rootID is the context of the plugin itself, the first one created.
const rootID = 1

func newHost(p *Process, o Options) *Host {
	return &Host{
		process: p, options: o,
		streams: map[uint32]*stream{}, lastID: rootID,
		metrics: map[uint32]metricKey{}, calls: newCalls(),
	}
}

// Process returns what this VM shares with others.
func (h *Host) Process() *Process { return h.process }

// Logs returns all lines logged so far.
func (h *Host) Logs() []LogLine { return slices.Clone(h.logs) }

// Calls returns the host calls of the VM so far, those of its start included.
func (h *Host) Calls() Calls { return h.calls.clone() }

// TickPeriod returns the period that the guest asked for, 0 if none.
func (h *Host) TickPeriod() time.Duration { return h.tick }

// call runs one callback in its context, then what the callback's host calls
// put off until it has returned: local replies and resumptions. It tells whether
// the callback sent a local reply.
//
// https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/52a0291/src/context.cc
// (DeferAfterCallActions)
func (h *Host) call(id uint32, callback func() error) (stopped bool, err error) {
	current, effective := h.current, h.effective
	h.current, h.effective, h.stopped = id, 0, false
	err = callback()
	h.flushLines()
	stopped = h.stopped
	h.current, h.effective, h.stopped = current, effective, false
	if err != nil {
		h.deferred = nil
		return stopped, err
	}
	for len(h.deferred) > 0 {
		action := h.deferred[0]
		h.deferred = h.deferred[1:]
		action()
	}
	h.sendReplies()
	return stopped, nil
}

// stream returns the stream that host calls act on, nil for the root context.
func (h *Host) stream() *stream {
	if s, ok := h.streams[h.effective]; ok && h.effective != 0 {
		return s
	}
	if h.effective == rootID {
		return nil
	}
	return h.streams[h.current]
}

// SetEffectiveContext makes the following host calls act on another context,
// until the callback returns.
func (h *Host) SetEffectiveContext(id uint32) Status {
	if _, ok := h.streams[id]; !ok && id != rootID {
		return BadArgument
	}
	h.effective = id
	return OK
}

// Log records a line. Envoy crashes on a level above critical; here the VM traps.
func (h *Host) Log(level LogLevel, message string) Status {
	if level > Critical {
		panic(fmt.Sprintf("a log line of level %d crashes Envoy", level))
	}
	h.logs = append(h.logs, LogLine{level, message})
	return OK
}

// SetTickPeriod asks for ticks. They come from Proxy.Tick alone.
func (h *Host) SetTickPeriod(d time.Duration) Status {
	h.tick = d
	return OK
}

// GetSharedData reads a key of the store.
func (h *Host) GetSharedData(key string) (value []byte, cas uint32, status Status) {
	return h.process.SharedData.Get(key)
}

// SetSharedData writes a key of the store.
func (h *Host) SetSharedData(key string, value []byte, cas uint32) Status {
	return h.process.SharedData.Set(key, value, cas)
}

// CallForeignFunction knows no function.
func (h *Host) CallForeignFunction(string, []byte) ([]byte, Status) { return nil, NotFound }

// DefineMetric returns the id of a metric in this VM. As in Envoy, every
// definition gets a new id, also one of a name that is known.
func (h *Host) DefineMetric(kind MetricType, name string) (id uint32, status Status) {
	if kind > Histogram {
		return 0, BadArgument
	}
	h.lastMetric++
	id = h.lastMetric<<2 | uint32(kind)
	key := metricKey{kind, name}
	h.metrics[id] = key
	if kind != Histogram {
		h.process.Metrics.define(key)
	}
	return id, OK
}

// IncrementMetric adds to a counter or a gauge. A counter takes nothing that is
// not above 0. See
// https://github.com/envoyproxy/envoy/blob/v1.36.0/source/extensions/common/wasm/context.cc
// (Context::incrementMetric)
func (h *Host) IncrementMetric(id uint32, offset int64) Status {
	if MetricType(id&3) > Gauge {
		return BadArgument
	}
	key, ok := h.metrics[id]
	switch {
	case !ok:
		return NotFound
	case key.kind == Counter && offset <= 0:
		return BadArgument
	}
	h.process.Metrics.add(key, uint64(offset))
	return OK
}

// RecordMetric sets a gauge, adds to a counter or takes a sample.
func (h *Host) RecordMetric(id uint32, value uint64) Status {
	key, ok := h.metrics[id]
	if !ok {
		return NotFound
	}
	switch key.kind {
	case Counter:
		h.process.Metrics.add(key, value)
	case Gauge:
		h.process.Metrics.set(key, value)
	default:
		h.process.Metrics.sample(key.name, value)
	}
	return OK
}

// GetMetric reads a counter or a gauge.
func (h *Host) GetMetric(id uint32) (uint64, Status) {
	if MetricType(id&3) > Gauge {
		return 0, BadArgument
	}
	key, ok := h.metrics[id]
	if !ok {
		return 0, NotFound
	}
	return h.process.Metrics.get(key), OK
}
