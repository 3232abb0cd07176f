package filter

import "github.com/gatewarden/gatewarden/table"

// Host is what the filter needs of the proxy. The proxy's side of it is host.go
// at the root; tests bring their own.
//
// Each call may cost a microsecond or more, nearly all of it outside the filter,
// so that the number of calls is what a request costs.
type Host interface {
	table.Store
	// Clock is monotonic and the same for all workers. It stands still or
	// steps where the machine's clock does; the table bears that.
	table.Clock
	// WallNow is the time of day, in milliseconds since 1970. It may be stepped.
	WallNow() int64

	// RequestHeaders returns all request headers in order, pseudo headers
	// included, names in lower case. The slice is overwritten by the next call.
	// After the request phase there are none.
	RequestHeaders() []Header
	// RemoveRequestHeader removes all lines of a request header.
	RemoveRequestHeader(name string)
	// RequestBody returns up to size bytes of the buffered request body, from
	// start on.
	RequestBody(start, size int) []byte
	// ResponseHeader returns the first value of a response header, or "".
	ResponseHeader(name string) string
	// ResponseHeaders is to the response what RequestHeaders is to the
	// request.
	ResponseHeaders() []Header
	// ResponseTrailer returns the first value of a response trailer, or "".
	ResponseTrailer(name string) string
	// ResponseBody returns up to size bytes of the response body's chunk.
	ResponseBody(size int) []byte
	AddResponseHeader(name, value string)
	RemoveResponseHeader(name string)
	// Property returns an attribute of the stream, or "". The parts of its
	// path are separated by NUL.
	Property(path string) string
	// SetReason puts a refusal's reason into the stream's filter state, where
	// the access log finds it.
	SetReason(reason string)
	// SetFailure puts there why a failure was counted that the status does not
	// tell.
	SetFailure(cause string)
	// Reply answers the request in the service's place.
	Reply(reply *Reply)
	// Resume lets a request go on that is held.
	Resume()

	// Call sends a request to another server. What comes of it is told with the
	// same number, see [Filter].Answered. It goes on when the stream ends.
	Call(call *Call) (number uint32, ok bool)
	// AnswerStatus and AnswerBody are what came of a call. There is a status even
	// if there was no answer, as a rule.
	AnswerStatus() string
	AnswerBody(size int) []byte
	// Attend makes the calls that follow in this callback act on the stream of that
	// ID.
	Attend(stream uint32)

	// Warn writes one line to the proxy's log.
	Warn(line string)
	// Counter defines a counter and Gauge a gauge; defining one again gives
	// the same one. Both belong to all workers together.
	Counter(name string) Metric
	Gauge(name string) Metric
	// Add adds to a counter, Record sets a gauge.
	Add(metric Metric, n uint64)
	Record(metric Metric, value uint64)
}

// Header is one field line.
type Header struct{ Name, Value string }

// Metric identifies a metric at the host.
type Metric uint32

// Action is what becomes of the stream after a callback.
type Action uint8

// The actions, by the numbers of the proxy.
const (
	// Continue passes on what has arrived.
	Continue Action = iota
	// Pause holds it: until the filter continues, or for good if it replied.
	Pause
	// PauseStream holds a body for long: what the proxy has no room for waits at
	// the sender, where Pause would have it refused.
	PauseStream
	_
	// PauseAll holds headers so, and does not show what comes behind them.
	PauseAll
)

// Call is a request to another server.
type Call struct {
	// Cluster is the proxy's name of the server.
	Cluster string
	Headers []Header
	Body    []byte
	Timeout int64 // in milliseconds
}

// Reply is an answer that the filter gives in the service's place.
type Reply struct {
	Status int
	// Details becomes the response code details in the access log.
	Details string
	Headers []Header
	Body    []byte
	// GRPC is the grpc-status of the answer to a gRPC request, which Envoy
	// sends with HTTP status 200 and Body as grpc-message.
	GRPC int
}
