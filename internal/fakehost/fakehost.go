// Package fakehost has a proxy in memory for the tests of the filter and its rooms.
//
// Its clocks are set by hand, its shared data has Envoy's compare-and-swap, and it
// records every call: the calls are what a request costs.
package fakehost

import (
	"strings"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// SourceAddress is the path of the property with the address of the connection's peer.
const SourceAddress = "source\x00address"

// Host is a proxy in memory. The zero Host is ready; [New] returns one that has a
// client and a time. Tests read and write its fields between calls.
type Host struct {
	// Time is the monotonic clock and Wall the time of day, in milliseconds.
	Time, Wall int64
	// Data is the shared data by key. Set creates the map. Several hosts may have the
	// same map, as workers have.
	Data map[string]Datum
	// Races is the number of the next Set calls that lose against another worker.
	Races int

	// Request, Response and Trailers are the headers of the current request, the
	// headers of its response and the trailers of the response.
	Request, Response, Trailers []proxy.Header
	// RequestData is what the proxy holds of the request's body, ResponseData the
	// chunk of the response's body that has arrived.
	RequestData, ResponseData []byte
	// Properties are the stream's attributes. The parts of a path are separated by
	// NUL.
	Properties map[string]string

	// Meanwhile, unless nil, is what another worker does before one of the next
	// calls: before the first if In is 0, before the second if In is 1. It runs once,
	// and Request and Response are afterwards as they were.
	Meanwhile func()
	In        int

	// NoCalls makes calls to other servers fail.
	NoCalls bool
	// Sent are the calls to other servers. A call's number is its place, from 1 on.
	Sent []*proxy.Call
	// CallStatus and CallBody are the answer that is being reported.
	CallStatus, CallBody string
	// NoGRPC makes gRPC calls fail.
	NoGRPC bool
	// SentGRPC are the gRPC calls. A call's number is its place, from 1 on.
	SentGRPC []*proxy.GRPCCall
	// GRPCBody is the message of the answer that is being reported.
	GRPCBody string
	// Attended is the stream that calls act on.
	Attended uint32
	// Resumed are the streams that were resumed, in order.
	Resumed []uint32

	// Calls are the calls so far, in order, each in a few words, for instance "get"
	// or "response header :status".
	Calls []string
	// Reasons, Failures and Guesses are the calls of SetReason, SetFailure and SetGuess.
	Reasons, Failures, Guesses []string
	Replies                    []*proxy.Reply
	// TickPeriod is what was asked for last, in milliseconds.
	TickPeriod uint32
	// Log are the lines that were written.
	Log []string
	// Names are the metrics by number, each with its kind before it, for instance
	// "counter gatewarden_failures_total", and Values what they stand at. Of a histogram
	// that is its last sample.
	Names  []string
	Values []uint64
	// Samples are those of histograms, by name.
	Samples map[string][]uint64

	cas uint32
}

// Datum is a value in shared data, with its number for compare-and-swap.
type Datum struct {
	Value []byte
	CAS   uint32
}

var _ proxy.Host = (*Host)(nil)

// New returns a proxy with a client at 192.0.2.1:4711, at a time that is not zero.
func New() *Host {
	return &Host{Time: 1_000_000, Properties: map[string]string{SourceAddress: "192.0.2.1:4711"}}
}

func (h *Host) record(call string) {
	if do := h.Meanwhile; do != nil {
		if h.In--; h.In < 0 {
			h.Meanwhile = nil
			request, response := h.Request, h.Response
			do()
			h.Request, h.Response = request, response
		}
	}
	h.Calls = append(h.Calls, call)
}

// Forget drops the calls, reasons, replies and log lines so far.
func (h *Host) Forget() { h.Calls, h.Reasons, h.Replies, h.Log = nil, nil, nil, nil }

// Get reads shared data.
func (h *Host) Get(key []byte) (value []byte, cas uint32, found bool) {
	h.record("get")
	d, found := h.Data[string(key)]
	return d.Value, d.CAS, found
}

// Set writes shared data as Envoy does: it creates a missing key whatever the number,
// and overwrites blindly if the number is 0.
func (h *Host) Set(key, value []byte, cas uint32) bool {
	h.record("set")
	if h.Races > 0 {
		h.Races--
		return false
	}
	d, found := h.Data[string(key)]
	if found && cas != 0 && cas != d.CAS {
		return false
	}
	if h.Data == nil {
		h.Data = map[string]Datum{}
	}
	h.cas = max(h.cas, d.CAS) + 1
	h.Data[string(key)] = Datum{append([]byte(nil), value...), h.cas}
	return true
}

// Now returns Time.
func (h *Host) Now() int64 { h.record("now"); return h.Time }

// SetTickPeriod is that of proxy.Timer.
func (h *Host) SetTickPeriod(milliseconds uint32) bool {
	h.record("tick period")
	h.TickPeriod = milliseconds
	return true
}

// WallNow returns Wall.
func (h *Host) WallNow() int64 { h.record("wall now"); return h.Wall }

// Property returns an attribute.
func (h *Host) Property(path string) string {
	h.record("property " + strings.ReplaceAll(path, "\x00", "."))
	return h.Properties[path]
}

// SetReason records why a request was refused.
func (h *Host) SetReason(reason string) {
	h.record("reason")
	h.Reasons = append(h.Reasons, reason)
}

// SetFailure records why a failure was counted.
func (h *Host) SetFailure(cause string) {
	h.record("failure")
	h.Failures = append(h.Failures, cause)
}

// SetGuess records the hash of what the request of a failure presented.
func (h *Host) SetGuess(hash string) {
	h.record("guess")
	h.Guesses = append(h.Guesses, hash)
}

// Warn records a log line.
func (h *Host) Warn(line string) { h.record("log"); h.Log = append(h.Log, line) }
