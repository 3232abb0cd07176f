// Package proxy defines what the rooms of the filter know of the proxy: header
// lines, actions, replies, callouts, and ports.
//
// A port is a small interface. A room takes the ports that it needs and no
// others; [Host] is all of them together, and the hall hands them out. The proxy's
// side is in internal/proxywasm, and tests bring their own.
//
// Each call of a port may cost a microsecond or more, nearly all of it outside the
// filter: the number of calls is what a request costs.
package proxy

import "github.com/gatewarden/gatewarden/table"

// Header is one field line. Names are in lower case; pseudo headers are included.
type Header struct{ Name, Value string }

// Action tells the proxy what to do with a stream after a callback.
type Action uint8

// The actions, by the numbers of the proxy.
const (
	// Continue passes on what has arrived.
	Continue Action = iota
	// Pause holds it until the filter resumes the stream, or for good if the
	// filter replied.
	Pause
	// PauseStream holds a body for a long time: what does not fit into the proxy's
	// buffer waits at the sender, where Pause would have the request refused.
	PauseStream
	_
	// PauseAll holds headers like PauseStream, and does not show the filter what
	// comes after them.
	PauseAll
)

// Reply is a response that the filter sends instead of the service.
type Reply struct {
	Status int
	// Details becomes the response code details in the access log.
	Details string
	Headers []Header
	Body    []byte
	// GRPC is the grpc-status of a reply to a gRPC request. Envoy sends such a
	// reply with HTTP status 200 and Body as its grpc-message.
	GRPC int
}

// Call is a request to another server.
type Call struct {
	// Cluster is the proxy's name of the server.
	Cluster string
	Headers []Header
	Body    []byte
	// Timeout in milliseconds.
	Timeout int64
}

// GRPCCall is a unary gRPC call to another server.
type GRPCCall struct {
	// Cluster is the proxy's name of the server, which must speak HTTP/2.
	Cluster string
	// Service is the full name of the service, for instance "package.Service".
	Service, Method string
	Message         []byte
	// Timeout in milliseconds.
	Timeout int64
}

// Metric identifies a metric of the proxy.
type Metric uint32

// Clock is a monotonic clock that all workers share, in milliseconds. It stops or
// steps where the machine's clock does; the table copes with that.
type Clock = table.Clock

// WallClock is the time of day.
type WallClock interface {
	// WallNow returns milliseconds since 1970. The clock may be stepped.
	WallNow() int64
}

// Properties are the attributes of the current stream.
type Properties interface {
	// Property returns an attribute, or "". The parts of its path are separated by
	// NUL.
	Property(path string) string
}

// RequestHeaders are the headers of the current request. There are none after the
// request phase.
type RequestHeaders interface {
	// RequestHeaders returns all lines in order. The next call overwrites the
	// slice.
	RequestHeaders() []Header
	RequestHeaderRemover
}

// RequestHeaderRemover removes headers of the current request.
type RequestHeaderRemover interface {
	// RemoveRequestHeader removes all lines of a header.
	RemoveRequestHeader(name string)
}

// RequestBody is what the proxy holds of the current request's body.
type RequestBody interface {
	// RequestBody returns up to size bytes, from start on.
	RequestBody(start, size int) []byte
}

// ResponseHeader reads single headers of the current response.
type ResponseHeader interface {
	// ResponseHeader returns the first value of a header, or "".
	ResponseHeader(name string) string
}

// ResponseHeaderList reads all headers of the current response.
type ResponseHeaderList interface {
	// ResponseHeaders returns all lines in order. The next call overwrites the
	// slice.
	ResponseHeaders() []Header
}

// ResponseHeaders are the headers of the current response.
type ResponseHeaders interface {
	ResponseHeaderList
	// AddResponseHeader adds a line. The texts may be gone when it has returned: who keeps
	// them makes copies.
	AddResponseHeader(name, value string)
	// RemoveResponseHeader removes all lines of a header.
	RemoveResponseHeader(name string)
}

// ResponseBody is the current response after its headers.
type ResponseBody interface {
	// ResponseBody returns up to size bytes of the chunk that has arrived.
	ResponseBody(size int) []byte
	// ResponseTrailer returns the first value of a trailer, or "".
	ResponseTrailer(name string) string
}

// ResponseBodyReplacer changes the body of the current response.
type ResponseBodyReplacer interface {
	// ReplaceResponseBody puts other bytes in the place of the chunk that has arrived.
	ReplaceResponseBody(chunk []byte)
}

// Callouts send requests to other servers.
type Callouts interface {
	// Call sends a request. The proxy reports its outcome by the number that Call
	// returns. The call goes on when the stream ends.
	Call(call *Call) (number uint32, ok bool)
	// AnswerStatus and AnswerBody belong to the outcome that is being reported. A
	// call without an answer has a status, too, as a rule.
	AnswerStatus() string
	AnswerBody(size int) []byte
}

// GRPC calls other servers by gRPC.
type GRPC interface {
	// CallGRPC sends a call. The proxy reports its outcome by the number that CallGRPC
	// returns: an answer or a status of gRPC. The call goes on when the stream ends. If ok
	// is false, the call was not sent, and nothing will be reported.
	CallGRPC(call *GRPCCall) (number uint32, ok bool)
	// GRPCMessage returns up to size bytes of the answer that is being reported. The next
	// callback overwrites them.
	GRPCMessage(size int) []byte
}

// Replies answer requests and let them go on.
type Replies interface {
	// Reply answers the current request instead of the service.
	Reply(reply *Reply)
	// Resume lets the current request go on that was held.
	Resume()
	// Attend makes the further calls of this callback act on the stream with this
	// ID.
	Attend(stream uint32)
}

// Timer says how often the filter is called without a request.
type Timer interface {
	// SetTickPeriod asks for a call every so many milliseconds, and reports whether the
	// proxy knows how.
	SetTickPeriod(milliseconds uint32) bool
}

// State is the current stream's filter state, where the access log finds it.
type State interface {
	// SetReason stores why the filter refused the request.
	SetReason(reason string)
	// SetFailure stores why a failure was counted that the status does not tell.
	SetFailure(cause string)
	// SetGuess stores a hash of what the request of a failure presented.
	SetGuess(hash string)
}

// Log is the proxy's log.
type Log interface {
	// Warn writes one line.
	Warn(line string)
}

// Metrics are the proxy's metrics. All workers share them.
type Metrics interface {
	// Counter, Gauge and Histogram define a metric. To define one again returns the same
	// one.
	Counter(name string) Metric
	Gauge(name string) Metric
	Histogram(name string) Metric
	// Add adds to a counter. Record sets a gauge, or adds a sample to a histogram.
	Add(metric Metric, n uint64)
	Record(metric Metric, value uint64)
}

// Host is all that the filter needs of the proxy.
type Host interface {
	table.Store
	Clock
	WallClock
	Properties
	RequestHeaders
	RequestBody
	ResponseHeader
	ResponseHeaders
	ResponseBody
	ResponseBodyReplacer
	Callouts
	GRPC
	Replies
	Timer
	State
	Log
	Metrics
}
