// Package replay runs the filter on known requests and responses: those of an access log,
// or one to explain. It sends nothing.
package replay

import (
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// Host is the proxy that the filter believes to be in. Its shared data has Envoy's
// compare and swap, its time is what the caller says. Not for concurrent use.
type Host struct {
	// Clock and Wall are what the filter reads as the time, in milliseconds.
	Clock, Wall int64
	// Address is the peer's, as Envoy writes it.
	Address string
	// Request and Response are the current stream's headers, names in lower case.
	Request, Response []proxy.Header
	// Body is the request's, Answer what comes of the response's.
	Body, Answer []byte
	// Properties of the stream, by their path with NUL between its parts.
	Properties map[string]string

	// Replied is what the filter answered, nil if it let the request pass.
	Replied *proxy.Reply
	// Reason is that of a refusal, Failure that of a failure which the status does
	// not tell.
	Reason, Failure string
	// Log, if not nil, gets the lines that the filter writes.
	Log func(line string)

	shared map[string]*datum
	cas    uint32
	names  map[string]proxy.Metric
	values []uint64
}

type datum struct {
	value []byte
	cas   uint32
}

var _ proxy.Host = (*Host)(nil)

// NewHost returns a proxy whose shared data is empty.
func NewHost() *Host {
	return &Host{shared: map[string]*datum{}, names: map[string]proxy.Metric{}}
}

// Next forgets the current stream.
func (h *Host) Next() {
	h.Address, h.Request, h.Response, h.Body, h.Answer, h.Properties = "", h.Request[:0], h.Response[:0], nil, nil, nil
	h.Replied, h.Reason, h.Failure = nil, "", ""
}

// Metric returns a metric's value by its name, with the labels that are in it.
func (h *Host) Metric(name string) uint64 {
	if id, defined := h.names[name]; defined {
		return h.values[id]
	}
	return 0
}

// Get is table.Store's.
func (h *Host) Get(key []byte) (value []byte, cas uint32, found bool) {
	d := h.shared[string(key)]
	if d == nil {
		return nil, 0, false
	}
	return d.value, d.cas, true
}

// Set is table.Store's: as in Envoy, a missing key is created whatever the number,
// and zero overwrites blindly.
func (h *Host) Set(key, value []byte, cas uint32) bool {
	d := h.shared[string(key)]
	if d == nil {
		d = &datum{}
		h.shared[string(key)] = d
	} else if cas != 0 && cas != d.cas {
		return false
	}
	h.cas++
	d.value, d.cas = append(d.value[:0], value...), h.cas
	return true
}

// Now is the filter's clock.
func (h *Host) Now() int64 { return h.Clock }

// WallNow is the time of day.
func (h *Host) WallNow() int64 { return h.Wall }

// RequestHeaders are those of the current stream.
func (h *Host) RequestHeaders() []proxy.Header { return h.Request }

// RemoveRequestHeader removes all lines of a header.
func (h *Host) RemoveRequestHeader(name string) { h.Request = without(h.Request, name) }

// RequestBody is what is held of the body.
func (h *Host) RequestBody(start, size int) []byte {
	rest := h.Body[min(start, len(h.Body)):]
	return rest[:min(size, len(rest))]
}

// ResponseHeader is the first value of a header.
func (h *Host) ResponseHeader(name string) string {
	for i := range h.Response {
		if h.Response[i].Name == name {
			return h.Response[i].Value
		}
	}
	return ""
}

// ResponseHeaders are those of the current stream.
func (h *Host) ResponseHeaders() []proxy.Header { return h.Response }

// ResponseTrailer is always empty.
func (*Host) ResponseTrailer(string) string { return "" }

// ReplaceResponseBody does nothing: nobody gets the response.
func (*Host) ReplaceResponseBody([]byte) {}

// ResponseBody is the begin of Answer.
func (h *Host) ResponseBody(size int) []byte { return h.Answer[:min(size, len(h.Answer))] }

// AddResponseHeader adds a line.
func (h *Host) AddResponseHeader(name, value string) {
	h.Response = append(h.Response, proxy.Header{Name: strings.Clone(name), Value: strings.Clone(value)})
}

// RemoveResponseHeader removes all lines of a header.
func (h *Host) RemoveResponseHeader(name string) { h.Response = without(h.Response, name) }

// without leaves the given lines as they are: the filter may be reading them.
func without(headers []proxy.Header, name string) []proxy.Header {
	return slices.DeleteFunc(slices.Clone(headers), func(h proxy.Header) bool { return h.Name == name })
}

// Property is an attribute of the stream.
func (h *Host) Property(path string) string {
	if path == "source\x00address" {
		return h.Address
	}
	return h.Properties[path]
}

// SetReason notes why the filter refuses.
func (h *Host) SetReason(reason string) { h.Reason = reason }

// SetFailure notes why a failure was counted.
func (h *Host) SetFailure(cause string) { h.Failure = cause }

// SetGuess does nothing: the caller knows what the request presents.
func (*Host) SetGuess(string) {}

// Reply notes the filter's answer.
func (h *Host) Reply(reply *proxy.Reply) { h.Replied = reply }

// Resume does nothing: what is held is asked about when its body is there.
func (*Host) Resume() {}

// Call fails: no server is asked.
func (*Host) Call(*proxy.Call) (number uint32, ok bool) { return 0, false }

// AnswerStatus is always empty.
func (*Host) AnswerStatus() string { return "" }

// AnswerBody is always empty.
func (*Host) AnswerBody(int) []byte { return nil }

// CallGRPC fails: no server is asked.
func (*Host) CallGRPC(*proxy.GRPCCall) (number uint32, ok bool) { return 0, false }

// GRPCMessage is always empty.
func (*Host) GRPCMessage(int) []byte { return nil }

// SetTickPeriod does nothing: time passes as the caller says.
func (*Host) SetTickPeriod(uint32) bool { return true }

// Attend does nothing: there is one stream at a time.
func (*Host) Attend(uint32) {}

// Warn passes a line on to Log.
func (h *Host) Warn(line string) {
	if h.Log != nil {
		h.Log(line)
	}
}

// Counter defines a counter.
func (h *Host) Counter(name string) proxy.Metric { return h.define(name) }

// Gauge defines a gauge.
func (h *Host) Gauge(name string) proxy.Metric { return h.define(name) }

// Histogram defines a histogram.
func (h *Host) Histogram(name string) proxy.Metric { return h.define(name) }

func (h *Host) define(name string) proxy.Metric {
	id, defined := h.names[name]
	if !defined {
		id = proxy.Metric(len(h.values))
		h.names[name] = id
		h.values = append(h.values, 0)
	}
	return id
}

// Add adds to a counter.
func (h *Host) Add(metric proxy.Metric, n uint64) { h.values[metric] += n }

// Record sets a gauge, or keeps the last sample of a histogram.
func (h *Host) Record(metric proxy.Metric, value uint64) { h.values[metric] = value }
