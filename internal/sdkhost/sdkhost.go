//go:build !wasip1

// Package sdkhost connects the plugin to the proxy through the functions of the Go SDK for
// proxy-wasm. Natively they lead to the SDK's emulator of a proxy, proxytest: a second,
// independent host for the plugin.
//
// In Wasm the plugin uses internal/proxywasm instead, which copies nothing.
//
// The emulator differs from Envoy here and there. Where the SDK offers a way that has
// the same effect on both, this package takes it and says why; what is left is noted
// at the tests.
package sdkhost

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm"
	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/types"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// Host is the proxy behind the SDK's functions. The emulator has neither a clock nor
// variables nor random numbers, so these come with it.
type Host struct {
	Clock func() time.Time
	// Env are the VM's variables as "NAME=value".
	Env []string
	// Seed is repeated wherever random bytes are asked for.
	Seed []byte

	// respond takes the responses to calls: see Responding.
	respond func(number uint32, headers, body, trailers int)
}

var _ proxy.Host = (*Host)(nil)

// HTTPCallContext is a plugin context that takes the responses to calls itself.
type HTTPCallContext interface {
	OnHttpCallResponse(number uint32, numHeaders, bodySize, numTrailers int)
}

// Responding returns vm so that the responses to calls made through this host reach
// the plugin context that vm creates. The SDK would call a function that comes with
// each call.
func (h *Host) Responding(vm types.VMContext) types.VMContext { return &responding{vm, h} }

type responding struct {
	types.VMContext
	host *Host
}

func (r *responding) NewPluginContext(id uint32) types.PluginContext {
	p := r.VMContext.NewPluginContext(id)
	if c, ok := p.(HTTPCallContext); ok {
		r.host.respond = c.OnHttpCallResponse
	}
	return p
}

func (h *Host) Now() int64 { return h.Clock().UnixMilli() }

func (h *Host) WallNow() int64 { return h.Clock().UnixMilli() }

func (h *Host) Environment() []string { return h.Env }

func (h *Host) Random(b []byte) {
	for i := range b {
		b[i] = h.Seed[i%len(h.Seed)]
	}
}

func (*Host) Configuration(size int) []byte {
	b, err := proxywasm.GetPluginConfiguration()
	if err != nil {
		return nil
	}
	return b[:min(size, len(b))]
}

func (*Host) SetTickPeriod(milliseconds uint32) bool {
	return proxywasm.SetTickPeriodMilliSeconds(milliseconds) == nil
}

// Get copies the value, because the emulator hands out its own memory, and the table
// writes into what it has read.
func (*Host) Get(key []byte) (value []byte, cas uint32, found bool) {
	value, cas, err := proxywasm.GetSharedData(string(key))
	return bytes.Clone(value), cas, err == nil
}

func (*Host) Set(key, value []byte, cas uint32) bool {
	return proxywasm.SetSharedData(string(key), value, cas) == nil
}

func (*Host) RequestHeaders() []proxy.Header {
	pairs, _ := proxywasm.GetHttpRequestHeaders()
	return headers(pairs)
}

func (*Host) ResponseHeaders() []proxy.Header {
	pairs, _ := proxywasm.GetHttpResponseHeaders()
	return headers(pairs)
}

func headers(pairs [][2]string) []proxy.Header {
	var all []proxy.Header
	for _, p := range pairs {
		all = append(all, proxy.Header{Name: p[0], Value: p[1]})
	}
	return all
}

func pairs(headers []proxy.Header) [][2]string {
	var all [][2]string
	for _, h := range headers {
		all = append(all, [2]string{h.Name, h.Value})
	}
	return all
}

func (*Host) ResponseHeader(name string) string {
	value, _ := proxywasm.GetHttpResponseHeader(name)
	return value
}

func (*Host) ResponseTrailer(name string) string {
	value, _ := proxywasm.GetHttpResponseTrailer(name)
	return value
}

// AddResponseHeader replaces all headers, because the emulator's way to add a line to
// a header that is there is to append its value to the first line's.
func (*Host) AddResponseHeader(name, value string) {
	all, _ := proxywasm.GetHttpResponseHeaders()
	_ = proxywasm.ReplaceHttpResponseHeaders(append(all, [2]string{strings.Clone(name), strings.Clone(value)}))
}

// RemoveResponseHeader replaces all headers, because the emulator's way to remove a
// header is to remove its first line.
func (*Host) RemoveResponseHeader(name string) {
	all, _ := proxywasm.GetHttpResponseHeaders()
	_ = proxywasm.ReplaceHttpResponseHeaders(without(all, name))
}

// RemoveRequestHeader does to the request what RemoveResponseHeader does to the
// response.
func (*Host) RemoveRequestHeader(name string) {
	all, _ := proxywasm.GetHttpRequestHeaders()
	_ = proxywasm.ReplaceHttpRequestHeaders(without(all, name))
}

func without(pairs [][2]string, name string) [][2]string {
	return slices.DeleteFunc(pairs, func(p [2]string) bool { return p[0] == name })
}

func (*Host) RequestBody(start, size int) []byte {
	b, _ := proxywasm.GetHttpRequestBody(start, size)
	return b
}

func (*Host) ResponseBody(size int) []byte {
	b, _ := proxywasm.GetHttpResponseBody(0, size)
	return b
}

func (*Host) ReplaceResponseBody(chunk []byte) { _ = proxywasm.ReplaceHttpResponseBody(chunk) }

func (*Host) Property(path string) string {
	b, _ := proxywasm.GetProperty(strings.Split(path, "\x00"))
	return string(b)
}

func (*Host) SetReason(reason string) { setState("gatewarden.reason", reason) }

func (*Host) SetFailure(cause string) { setState("gatewarden.failure", cause) }

func (*Host) SetGuess(hash string) { setState("gatewarden.guess", hash) }

func setState(property, value string) {
	_ = proxywasm.SetProperty([]string{property}, []byte(value))
}

// Reply cannot pass on the details: the SDK has no way to send them. The body is
// copied, because the emulator keeps it.
func (*Host) Reply(r *proxy.Reply) {
	_ = proxywasm.SendHttpResponse(uint32(r.Status), pairs(r.Headers), bytes.Clone(r.Body), int32(r.GRPC))
}

func (*Host) Resume() { _ = proxywasm.ResumeHttpRequest() }

func (h *Host) Call(c *proxy.Call) (number uint32, ok bool) {
	number, err := proxywasm.DispatchHttpCall(c.Cluster, pairs(c.Headers), c.Body, nil, uint32(c.Timeout),
		func(headers, body, trailers int) {
			if h.respond != nil {
				h.respond(number, headers, body, trailers)
			}
		})
	return number, err == nil
}

func (*Host) AnswerStatus() string {
	all, _ := proxywasm.GetHttpCallResponseHeaders()
	for _, h := range all {
		if h[0] == ":status" {
			return h[1]
		}
	}
	return ""
}

func (*Host) AnswerBody(size int) []byte {
	b, _ := proxywasm.GetHttpCallResponseBody(0, size)
	return b
}

// CallGRPC sends nothing: the SDK and its emulator have no gRPC calls.
func (*Host) CallGRPC(*proxy.GRPCCall) (number uint32, ok bool) { return 0, false }

func (*Host) GRPCMessage(int) []byte { return nil }

func (*Host) Attend(stream uint32) { _ = proxywasm.SetEffectiveContext(stream) }

func (*Host) Warn(line string) { proxywasm.LogWarn(line) }

func (*Host) Info(line string) { proxywasm.LogInfo(line) }

func (*Host) Error(line string) { proxywasm.LogError(line) }

func (*Host) Counter(name string) proxy.Metric {
	return proxy.Metric(proxywasm.DefineCounterMetric(name))
}

func (*Host) Gauge(name string) proxy.Metric {
	return proxy.Metric(proxywasm.DefineGaugeMetric(name))
}

func (*Host) Histogram(name string) proxy.Metric {
	return proxy.Metric(proxywasm.DefineHistogramMetric(name))
}

func (*Host) Add(m proxy.Metric, n uint64) { proxywasm.MetricCounter(m).Increment(n) }

// Record calls the host as for a histogram, which sets a gauge: the SDK can only add to one.
func (*Host) Record(m proxy.Metric, value uint64) { proxywasm.MetricHistogram(m).Record(value) }
