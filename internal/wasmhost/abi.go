package wasmhost

import "strconv"

// Status is what a host function answers: the proxy-wasm ABI's
// proxy_status_t, see
// https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_status_t.
type Status uint32

const (
	OK                   Status = 0
	NotFound             Status = 1
	BadArgument          Status = 2
	SerializationFailure Status = 3
	ParseFailure         Status = 4
	InvalidMemoryAccess  Status = 6
	Empty                Status = 7
	CasMismatch          Status = 8
	InternalFailure      Status = 10
	Unimplemented        Status = 12
)

var statusNames = map[Status]string{
	OK: "OK", NotFound: "NotFound", BadArgument: "BadArgument",
	SerializationFailure: "SerializationFailure", ParseFailure: "ParseFailure",
	InvalidMemoryAccess: "InvalidMemoryAccess", Empty: "Empty", CasMismatch: "CasMismatch",
	InternalFailure: "InternalFailure", Unimplemented: "Unimplemented",
}

func (s Status) String() string {
	if name, ok := statusNames[s]; ok {
		return name
	}
	return "Status(" + strconv.Itoa(int(s)) + ")"
}

// Action is what a stream callback asks of the proxy.
type Action uint32

const (
	Continue Action = 0
	Pause    Action = 1
	// PauseStream, of a body, and PauseAll, of headers, are Envoy's own: see
	// https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/52a0291/include/proxy-wasm/context_interface.h
	// (FilterDataStatus, FilterHeadersStatus).
	PauseStream Action = 2
	PauseAll    Action = 4
)

// MapType names a header map.
type MapType uint32

const (
	RequestHeaders       MapType = 0
	RequestTrailers      MapType = 1
	ResponseHeaders      MapType = 2
	ResponseTrailers     MapType = 3
	CallResponseHeaders  MapType = 6
	CallResponseTrailers MapType = 7

	maxMapType MapType = 7
)

// BufferType names a buffer.
type BufferType uint32

const (
	RequestBody         BufferType = 0
	ResponseBody        BufferType = 1
	CallResponseBody    BufferType = 4
	GRPCReceiveBuffer   BufferType = 5
	VMConfiguration     BufferType = 6
	PluginConfiguration BufferType = 7
	maxBufferType       BufferType = 8
)

// MetricType is the kind of a metric.
type MetricType uint32

const (
	Counter   MetricType = 0
	Gauge     MetricType = 1
	Histogram MetricType = 2
)

// LogLevel is the level of a log line, trace to critical.
type LogLevel uint32

const (
	Trace    LogLevel = 0
	Debug    LogLevel = 1
	Info     LogLevel = 2
	Warn     LogLevel = 3
	Error    LogLevel = 4
	Critical LogLevel = 5
)

// StreamType names what proxy_continue_stream and proxy_close_stream act on.
type StreamType uint32

const (
	RequestStream  StreamType = 0
	ResponseStream StreamType = 1
	maxStreamType  StreamType = 3
)
