//go:build wasip1

package proxywasm

import (
	"math"
	"strings"
	"unsafe"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// Host is the proxy. Its results lie in blocks of the plugin's memory that the proxy
// allocated, and are used where they are: nothing is copied. They are overwritten when
// the next callback begins.
type Host struct {
	headers []proxy.Header // scratch
	pairs   []byte         // scratch
	// withoutMetrics tells that the proxy has refused a metric, and that the log says so.
	withoutMetrics bool
}

var _ proxy.Host = (*Host)(nil)

// slot receives the results of a host call. The proxy writes 32-bit values; on
// standard Go, whose pointers have 64 bits in memory, it fills the low halves.
var slot struct {
	data   unsafe.Pointer
	size   uintptr
	number uint32
	time   uint64
}

// take returns the result that the last host call put into the slot.
func take() []byte {
	if slot.data == nil {
		return nil
	}
	b := unsafe.Slice((*byte)(slot.data), slot.size)
	slot.data, slot.size = nil, 0
	return b
}

func takeString() string {
	b := take()
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func bytesOf(b []byte) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.SliceData(b)), uint32(len(b))
}

func stringOf(s string) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.StringData(s)), uint32(len(s))
}

// clock is the monotonic clock where the proxy has one, so that stepping the machine's
// clock neither ends nor prolongs a lockout.
var clock uint32 = clockMonotonic

// WallNow returns the time of day in milliseconds. If the proxy does not know it,
// everything counts as expired.
func (*Host) WallNow() int64 {
	if clockTimeGet(clockRealtime, 0, unsafe.Pointer(&slot.time)) != statusOK {
		return math.MaxInt64
	}
	return int64(slot.time / 1_000_000)
}

// Now returns the time of the clock in milliseconds.
func (*Host) Now() int64 {
	if clockTimeGet(clock, 0, unsafe.Pointer(&slot.time)) != statusOK {
		clock = clockRealtime
		clockTimeGet(clock, 0, unsafe.Pointer(&slot.time))
	}
	return int64(slot.time / 1_000_000)
}

// Random fills b with random bytes.
func (*Host) Random(b []byte) {
	p, n := bytesOf(b)
	randomGet(p, n)
}

// Environment returns the VM's variables as "NAME=value". It asks the proxy directly,
// because under TinyGo the os package goes through a C library, which expects more of
// malloc than exports_tinygo.go offers.
func (*Host) Environment() []string {
	var sizes [2]uint32
	if environSizesGet(unsafe.Pointer(&sizes[0]), unsafe.Pointer(&sizes[1])) != statusOK || sizes[0] == 0 {
		return nil
	}
	pointers := make([]uint32, sizes[0])
	data := make([]byte, sizes[1])
	if environGet(unsafe.Pointer(&pointers[0]), unsafe.Pointer(unsafe.SliceData(data))) != statusOK {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
}

// Configuration returns the plugin configuration of that size, or nil if the proxy does
// not hand it out. It can be read in OnPluginStart alone.
func (*Host) Configuration(size int) []byte { return buffer(bufferPluginConfiguration, 0, size) }

// SetTickPeriod makes the proxy call OnTick this often, in milliseconds, and reports
// whether it will.
func (*Host) SetTickPeriod(milliseconds uint32) bool { return setTickPeriod(milliseconds) == statusOK }

func (*Host) Get(key []byte) (value []byte, cas uint32, found bool) {
	k, n := bytesOf(key)
	if getSharedData(k, n, unsafe.Pointer(&slot.data), unsafe.Pointer(&slot.size), unsafe.Pointer(&slot.number)) != statusOK {
		return nil, 0, false
	}
	return take(), slot.number, true
}

func (*Host) Set(key, value []byte, cas uint32) bool {
	k, n := bytesOf(key)
	v, m := bytesOf(value)
	return setSharedData(k, n, v, m, cas) == statusOK
}

func (h *Host) RequestHeaders() []proxy.Header { return h.all(mapRequestHeaders) }

func (h *Host) ResponseHeaders() []proxy.Header { return h.all(mapResponseHeaders) }

func (h *Host) all(kind uint32) []proxy.Header {
	h.headers = h.headers[:0]
	if getHeaderMapPairs(kind, unsafe.Pointer(&slot.data), unsafe.Pointer(&slot.size)) == statusOK {
		h.headers = proxy.ReadPairs(takeString(), h.headers)
	}
	return h.headers
}

func (*Host) ResponseHeader(name string) string { return headerValue(mapResponseHeaders, name) }

func (*Host) ResponseTrailer(name string) string { return headerValue(mapResponseTrailers, name) }

func headerValue(kind uint32, name string) string {
	k, n := stringOf(name)
	if getHeaderMapValue(kind, k, n, unsafe.Pointer(&slot.data), unsafe.Pointer(&slot.size)) != statusOK {
		return ""
	}
	return takeString()
}

func (*Host) AddResponseHeader(name, value string) {
	k, n := stringOf(name)
	v, m := stringOf(value)
	addHeaderMapValue(mapResponseHeaders, k, n, v, m)
}

func (*Host) RemoveResponseHeader(name string) { removeHeader(mapResponseHeaders, name) }

func (*Host) RemoveRequestHeader(name string) { removeHeader(mapRequestHeaders, name) }

func removeHeader(kind uint32, name string) {
	k, n := stringOf(name)
	removeHeaderMapValue(kind, k, n)
}

func (*Host) RequestBody(start, size int) []byte { return buffer(bufferRequestBody, start, size) }

func (*Host) ResponseBody(size int) []byte { return buffer(bufferResponseBody, 0, size) }

func (*Host) ReplaceResponseBody(chunk []byte) {
	data, size := bytesOf(chunk)
	setBufferBytes(bufferResponseBody, 0, wholeBuffer, data, size)
}

// wholeBuffer is longer than any buffer.
const wholeBuffer = 1<<31 - 1

func buffer(kind uint32, start, size int) []byte {
	if getBufferBytes(kind, uint32(start), uint32(size), unsafe.Pointer(&slot.data), unsafe.Pointer(&slot.size)) != statusOK {
		return nil
	}
	return take()
}

func (*Host) Property(path string) string {
	p, n := stringOf(path)
	if getProperty(p, n, unsafe.Pointer(&slot.data), unsafe.Pointer(&slot.size)) != statusOK {
		return ""
	}
	return takeString()
}

// reasonProperty becomes the filter state wasm.gatewarden.reason.
const reasonProperty = "gatewarden.reason"

func (*Host) SetReason(reason string) { setState(reasonProperty, reason) }

// failureProperty becomes the filter state wasm.gatewarden.failure.
const failureProperty = "gatewarden.failure"

func (*Host) SetFailure(cause string) { setState(failureProperty, cause) }

// guessProperty becomes the filter state wasm.gatewarden.guess.
const guessProperty = "gatewarden.guess"

func (*Host) SetGuess(hash string) { setState(guessProperty, hash) }

func setState(property, value string) {
	p, n := stringOf(property)
	v, m := stringOf(value)
	setProperty(p, n, v, m)
}

func (h *Host) Reply(r *proxy.Reply) {
	h.pairs = proxy.AppendPairs(h.pairs[:0], r.Headers)
	d, n := stringOf(r.Details)
	b, m := bytesOf(r.Body)
	p, l := bytesOf(h.pairs)
	sendLocalResponse(uint32(r.Status), d, n, b, m, p, l, int32(r.GRPC))
}

func (*Host) Resume() { continueStream(streamRequest) }

func (h *Host) Call(c *proxy.Call) (number uint32, ok bool) {
	h.pairs = proxy.AppendPairs(h.pairs[:0], c.Headers)
	n, l := stringOf(c.Cluster)
	p, m := bytesOf(h.pairs)
	b, k := bytesOf(c.Body)
	status := httpCall(n, l, p, m, b, k, nil, 0, uint32(c.Timeout), unsafe.Pointer(&slot.number))
	return slot.number, status == statusOK
}

func (*Host) AnswerStatus() string { return headerValue(mapAnswerHeaders, ":status") }

func (*Host) AnswerBody(size int) []byte { return buffer(bufferAnswerBody, 0, size) }

func (h *Host) CallGRPC(c *proxy.GRPCCall) (number uint32, ok bool) {
	h.pairs = appendServer(h.pairs[:0], c.Cluster)
	d, n := bytesOf(h.pairs)
	s, l := stringOf(c.Service)
	t, m := stringOf(c.Method)
	b, k := bytesOf(c.Message)
	status := grpcCall(d, n, s, l, t, m, nil, 0, b, k, uint32(c.Timeout), unsafe.Pointer(&slot.number))
	return slot.number, status == statusOK
}

func (*Host) GRPCMessage(size int) []byte { return buffer(bufferGRPCMessage, 0, size) }

func (*Host) Attend(stream uint32) { setEffectiveContext(stream) }

func (*Host) Warn(line string) { log(logWarn, line) }

// Info logs a line that asks nobody to do anything.
func (*Host) Info(line string) { log(logInfo, line) }

// Error logs a line about a mistake that keeps the plugin from working.
func (*Host) Error(line string) { log(logError, line) }

func (h *Host) Counter(name string) proxy.Metric { return h.define(metricCounter, name) }

func (h *Host) Gauge(name string) proxy.Metric { return h.define(metricGauge, name) }

func (h *Host) Histogram(name string) proxy.Metric { return h.define(metricHistogram, name) }

// define defines a metric. A proxy that refuses one refuses most likely all, so the log
// names the first.
func (h *Host) define(kind uint32, name string) proxy.Metric {
	k, n := stringOf(name)
	slot.number = 0
	if defineMetric(kind, k, n, unsafe.Pointer(&slot.number)) != statusOK && !h.withoutMetrics {
		h.withoutMetrics = true
		log(logError, "gatewarden: the proxy refuses metrics (proxy_define_metric), the first is "+name+": they will show nothing; check capability_restriction_config")
	}
	return proxy.Metric(slot.number)
}

func (*Host) Add(m proxy.Metric, n uint64) { incrementMetric(uint32(m), int64(n)) }

func (*Host) Record(m proxy.Metric, value uint64) { recordMetric(uint32(m), value) }

func log(level uint32, line string) {
	l, n := stringOf(line)
	logMessage(level, l, n)
}
