package native

import (
	"slices"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// host implements the filter's ports on the stand-in. It copies what it is given,
// as Envoy does.
type host struct {
	*wasmhost.Host
	*lent
}

var _ proxy.Host = host{}

func (h host) Now() int64 { return h.Process().Clock.Monotonic().Milliseconds() }

func (h host) WallNow() int64 { return h.Process().Clock.Realtime().UnixMilli() }

func (h host) Get(key []byte) (value []byte, cas uint32, found bool) {
	value, cas, status := h.GetSharedData(string(key))
	return h.lend(value), cas, status == wasmhost.OK
}

func (h host) Set(key, value []byte, cas uint32) bool {
	return h.SetSharedData(string(key), value, cas) == wasmhost.OK
}

func (h host) RequestHeaders() []proxy.Header { return h.all(wasmhost.RequestHeaders) }

func (h host) ResponseHeaders() []proxy.Header { return h.all(wasmhost.ResponseHeaders) }

func (h host) all(m wasmhost.MapType) []proxy.Header {
	pairs, _ := h.HeaderMapPairs(m)
	headers := make([]proxy.Header, len(pairs))
	for i, p := range pairs {
		headers[i] = proxy.Header{Name: h.lendString(p[0]), Value: h.lendString(p[1])}
	}
	return headers
}

func (h host) RequestBody(start, size int) []byte { return h.bytes(wasmhost.RequestBody, start, size) }

func (h host) ResponseBody(size int) []byte { return h.bytes(wasmhost.ResponseBody, 0, size) }

func (h host) ReplaceResponseBody(chunk []byte) {
	h.SetBufferBytes(wasmhost.ResponseBody, 0, 1<<30, slices.Clone(chunk))
}

func (h host) bytes(b wasmhost.BufferType, start, size int) []byte {
	data, _ := h.BufferBytes(b, start, size)
	return h.lend(data)
}

func (h host) ResponseHeader(name string) string { return h.value(wasmhost.ResponseHeaders, name) }

func (h host) ResponseTrailer(name string) string { return h.value(wasmhost.ResponseTrailers, name) }

func (h host) value(m wasmhost.MapType, name string) string {
	value, _ := h.HeaderMapValue(m, name)
	return h.lendString(value)
}

func (h host) AddResponseHeader(name, value string) {
	h.AddHeaderMapValue(wasmhost.ResponseHeaders, strings.Clone(name), strings.Clone(value))
}

func (h host) RemoveResponseHeader(name string) {
	h.RemoveHeaderMapValue(wasmhost.ResponseHeaders, name)
}

func (h host) RemoveRequestHeader(name string) {
	h.RemoveHeaderMapValue(wasmhost.RequestHeaders, name)
}

func (h host) Property(path string) string {
	value, _ := h.GetProperty(path)
	return h.lendString(string(value))
}

func (h host) SetReason(reason string) { h.SetProperty("gatewarden.reason", reason) }

func (h host) SetFailure(cause string) { h.SetProperty("gatewarden.failure", cause) }

func (h host) SetGuess(hash string) { h.SetProperty("gatewarden.guess", hash) }

func (h host) Reply(r *proxy.Reply) {
	headers := make([][2]string, len(r.Headers))
	for i, header := range r.Headers {
		headers[i] = [2]string{strings.Clone(header.Name), strings.Clone(header.Value)}
	}
	h.SendLocalResponse(r.Status, r.Details, slices.Clone(r.Body), headers, int32(r.GRPC))
}

func (h host) Resume() { h.ContinueStream(wasmhost.RequestStream) }

func (h host) Call(c *proxy.Call) (number uint32, ok bool) {
	call := wasmhost.HTTPCall{
		Cluster: strings.Clone(c.Cluster), Body: slices.Clone(c.Body), Timeout: time.Duration(c.Timeout) * time.Millisecond,
	}
	for _, header := range c.Headers {
		call.Headers = append(call.Headers, [2]string{strings.Clone(header.Name), strings.Clone(header.Value)})
	}
	number, status := h.SendHTTPCall(call)
	return number, status == wasmhost.OK
}

func (h host) AnswerStatus() string { return h.value(wasmhost.CallResponseHeaders, ":status") }

func (h host) AnswerBody(size int) []byte { return h.bytes(wasmhost.CallResponseBody, 0, size) }

func (h host) CallGRPC(c *proxy.GRPCCall) (number uint32, ok bool) {
	number, status := h.SendGRPCCall(wasmhost.GRPCCall{
		Cluster: strings.Clone(c.Cluster), Service: strings.Clone(c.Service), Method: strings.Clone(c.Method),
		Message: slices.Clone(c.Message), Timeout: time.Duration(c.Timeout) * time.Millisecond,
	})
	return number, status == wasmhost.OK
}

func (h host) GRPCMessage(size int) []byte { return h.bytes(wasmhost.GRPCReceiveBuffer, 0, size) }

func (h host) SetTickPeriod(milliseconds uint32) bool {
	return h.Host.SetTickPeriod(time.Duration(milliseconds)*time.Millisecond) == wasmhost.OK
}

func (h host) Attend(stream uint32) { h.SetEffectiveContext(stream) }

func (h host) Warn(line string) { h.Log(wasmhost.Warn, line) }

func (h host) Counter(name string) proxy.Metric { return h.define(wasmhost.Counter, name) }

func (h host) Gauge(name string) proxy.Metric { return h.define(wasmhost.Gauge, name) }

func (h host) Histogram(name string) proxy.Metric { return h.define(wasmhost.Histogram, name) }

func (h host) define(kind wasmhost.MetricType, name string) proxy.Metric {
	id, _ := h.DefineMetric(kind, name)
	return proxy.Metric(id)
}

func (h host) Add(m proxy.Metric, n uint64) { h.IncrementMetric(uint32(m), int64(n)) }

func (h host) Record(m proxy.Metric, value uint64) { h.RecordMetric(uint32(m), value) }
