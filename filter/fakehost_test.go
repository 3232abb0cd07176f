package filter

import (
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/table"
)

// fakeHost is a proxy in memory: its clock is set by hand, its shared data has
// Envoy's compare-and-swap, and it notes every call.
type fakeHost struct {
	now   int64
	wall  int64 // the time of day
	data  map[string]datum
	cas   uint32
	races int // so many of the next Set calls lose

	request, response, trailers []Header
	requestBody, responseBody   []byte
	properties                  map[string]string

	// meanwhile is what another worker does before one of the next calls: the
	// first if in is 0.
	meanwhile func()
	in        int

	noCalls              bool // to other servers
	sent                 []*Call
	answerStatus, answer string
	attended             uint32
	resumed              []uint32 // streams

	calls    []string
	reasons  []string
	failures []string // that the status does not tell
	replies  []*Reply
	log      []string
	names    []string // of metrics
	values   []uint64
}

type datum struct {
	value []byte
	cas   uint32
}

var _ Host = (*fakeHost)(nil)

func (h *fakeHost) note(call string) {
	if do := h.meanwhile; do != nil {
		if h.in--; h.in < 0 {
			h.meanwhile = nil
			request, response := h.request, h.response
			do()
			h.request, h.response = request, response
		}
	}
	h.calls = append(h.calls, call)
}

func (h *fakeHost) Get(key []byte) ([]byte, uint32, bool) {
	h.note("get")
	d, found := h.data[string(key)]
	return d.value, d.cas, found
}

// Set creates a missing key whatever the number, and overwrites blindly for 0.
func (h *fakeHost) Set(key, value []byte, cas uint32) bool {
	h.note("set")
	if h.races > 0 {
		h.races--
		return false
	}
	d, found := h.data[string(key)]
	if found && cas != 0 && cas != d.cas {
		return false
	}
	if h.data == nil {
		h.data = map[string]datum{}
	}
	h.cas++
	h.data[string(key)] = datum{append([]byte(nil), value...), h.cas}
	return true
}

func (h *fakeHost) Now() int64 { h.note("now"); return h.now }

func (h *fakeHost) WallNow() int64 { h.note("wall now"); return h.wall }

func (h *fakeHost) RequestHeaders() []Header { h.note("request headers"); return h.request }

func (h *fakeHost) RequestBody(start, size int) []byte {
	h.note("request body")
	rest := h.requestBody[min(start, len(h.requestBody)):]
	return rest[:min(size, len(rest))]
}

func (h *fakeHost) ResponseHeader(name string) string {
	h.note("response header " + name)
	return first(h.response, name)
}

func (h *fakeHost) ResponseHeaders() []Header {
	h.note("response headers")
	return append([]Header(nil), h.response...)
}

func (h *fakeHost) ResponseTrailer(name string) string {
	h.note("response trailer " + name)
	return first(h.trailers, name)
}

func (h *fakeHost) ResponseBody(size int) []byte {
	h.note("response body")
	return h.responseBody[:min(size, len(h.responseBody))]
}

func (h *fakeHost) AddResponseHeader(name, value string) {
	h.note("add " + name)
	h.response = append(h.response, Header{name, value})
}

func (h *fakeHost) RemoveResponseHeader(name string) {
	h.note("remove " + name)
	h.response = without(h.response, name)
}

func (h *fakeHost) RemoveRequestHeader(name string) {
	h.note("remove request header " + name)
	h.request = without(h.request, name)
}

func without(headers []Header, name string) []Header {
	var kept []Header
	for _, header := range headers {
		if header.Name != name {
			kept = append(kept, header)
		}
	}
	return kept
}

func (h *fakeHost) Property(path string) string {
	h.note("property " + strings.ReplaceAll(path, "\x00", "."))
	return h.properties[path]
}

func (h *fakeHost) SetReason(reason string) {
	h.note("reason")
	h.reasons = append(h.reasons, reason)
}

func (h *fakeHost) SetFailure(cause string) {
	h.note("failure")
	h.failures = append(h.failures, cause)
}

func (h *fakeHost) Reply(r *Reply) {
	h.note("reply")
	h.replies = append(h.replies, r)
}

func (h *fakeHost) Resume() { h.note("resume"); h.resumed = append(h.resumed, h.attended) }

func (h *fakeHost) Call(c *Call) (number uint32, ok bool) {
	h.note("call")
	if h.noCalls {
		return 0, false
	}
	h.sent = append(h.sent, c)
	return uint32(len(h.sent)), true
}

func (h *fakeHost) AnswerStatus() string { h.note("answer status"); return h.answerStatus }

func (h *fakeHost) AnswerBody(size int) []byte {
	h.note("answer body")
	return []byte(h.answer[:min(size, len(h.answer))])
}

func (h *fakeHost) Attend(stream uint32) { h.note("attend"); h.attended = stream }

func (h *fakeHost) Warn(line string) { h.note("log"); h.log = append(h.log, line) }

func (h *fakeHost) Counter(name string) Metric { return h.metric("counter", name) }

func (h *fakeHost) Gauge(name string) Metric { return h.metric("gauge", name) }

func (h *fakeHost) metric(kind, name string) Metric {
	h.note("define")
	for i, known := range h.names {
		if known == kind+" "+name {
			return Metric(i)
		}
	}
	h.names = append(h.names, kind+" "+name)
	h.values = append(h.values, 0)
	return Metric(len(h.names) - 1)
}

func (h *fakeHost) Add(m Metric, n uint64) { h.note("add metric"); h.values[m] += n }

func (h *fakeHost) Record(m Metric, value uint64) { h.note("record metric"); h.values[m] = value }

// value returns what a counter stands at.
func (h *fakeHost) value(t testing.TB, name string) uint64 {
	t.Helper()
	for i, known := range h.names {
		if known == "counter "+name {
			return h.values[i]
		}
	}
	t.Fatalf("there is no counter %s", name)
	return 0
}

// forget drops what was noted so far.
func (h *fakeHost) forget() { h.calls, h.reasons, h.replies, h.log = nil, nil, nil, nil }

func first(headers []Header, name string) string {
	for _, h := range headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}

// allOf returns all values of a header.
func allOf(headers []Header, name string) []string {
	var values []string
	for _, h := range headers {
		if h.Name == name {
			values = append(values, h.Value)
		}
	}
	return values
}

func parseConfig(t testing.TB, json string) *config.Config {
	t.Helper()
	c, err := config.Parse([]byte(json), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var testSeed = table.Seed{1, 2, 3, 4}

// newFilter makes a filter, and a host with the address 192.0.2.1 at a time
// that is not zero.
func newFilter(t testing.TB, json string) (*Filter, *fakeHost) {
	t.Helper()
	host := &fakeHost{now: 1_000_000, properties: map[string]string{sourceAddress: "192.0.2.1:4711"}}
	f := New(parseConfig(t, json), host, testSeed)
	host.forget()
	return f, host
}

// hdr makes headers of names and values.
func hdr(pairs ...string) []Header {
	var headers []Header
	for i := 0; i < len(pairs); i += 2 {
		headers = append(headers, Header{pairs[i], pairs[i+1]})
	}
	return headers
}

// surfaceName is how the tests write what classify returns.
func surfaceName(s *surface, ambiguous bool) string {
	switch {
	case ambiguous:
		return "ambiguous"
	case s == nil:
		return "-"
	}
	return s.Name
}
