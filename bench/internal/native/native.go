// Package native runs the filter's rules without a proxy, to count what they
// allocate and which host calls they make.
package native

import (
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/table"
)

// host is a proxy whose results cost nothing, so that what is allocated is the
// filter's own. Of shared data it has what the filter put there.
type host struct {
	proxy.Host // nil: no scene needs the rest

	request  []proxy.Header
	response []proxy.Header
	now      int64
	data     map[string]*[]byte
	calls    int // that a real host charges for
}

var _ proxy.Host = (*host)(nil)

func (h *host) Get(key []byte) ([]byte, uint32, bool) {
	h.calls++
	value := h.data[string(key)]
	if value == nil {
		return nil, 0, false
	}
	return *value, 1, true
}

func (h *host) Set(key, value []byte, _ uint32) bool {
	h.calls++
	kept := h.data[string(key)]
	if kept == nil {
		kept = new([]byte)
		h.data[string(key)] = kept
	}
	*kept = append((*kept)[:0], value...)
	return true
}

func (h *host) Now() int64 { h.calls++; return h.now }

func (h *host) RequestHeaders() []proxy.Header { h.calls++; return h.request }

func (h *host) Property(string) string { h.calls++; return "192.0.2.1:4711" }

func (h *host) ResponseHeader(name string) string {
	h.calls++
	if name == ":status" {
		return h.response[0].Value
	}
	return ""
}

func (h *host) ResponseHeaders() []proxy.Header  { h.calls++; return h.response }
func (h *host) AddResponseHeader(string, string) { h.calls++ }

func (h *host) SetReason(string)              { h.calls++ }
func (h *host) SetFailure(string)             { h.calls++ }
func (h *host) SetGuess(string)               { h.calls++ }
func (h *host) Reply(*proxy.Reply)            { h.calls++ }
func (h *host) Warn(string)                   { h.calls++ }
func (h *host) Counter(string) proxy.Metric   { return 0 }
func (h *host) Gauge(string) proxy.Metric     { return 0 }
func (h *host) Histogram(string) proxy.Metric { return 0 }
func (h *host) Record(proxy.Metric, uint64)   { h.calls++ }

// Scene is a kind of request.
type Scene struct {
	Name, Path, Status string
	// Failures come first, of the same client.
	Failures int
	// Quotas is how many quotas the request is held to. Nobody reaches a limit
	// unless SpentBy requests come first, which use them up.
	Quotas, SpentBy int
}

// Scenes are the requests whose allocations and host calls are counted.
func Scenes() []Scene {
	return []Scene{
		{Name: "passing, on a guarded path", Path: "/api/v1/items", Status: "200"},
		{Name: "passing, from a client with failures", Path: "/api/v1/items", Status: "200", Failures: 3},
		{Name: "passing, on a path that is not guarded", Path: "/other", Status: "200"},
		{Name: "failing", Path: "/api/v1/items", Status: "401"},
		{Name: "refused", Path: "/api/v1/items", Status: "200", Failures: 20},
		{Name: "passing, with one quota", Path: "/api/v1/items", Status: "200", Quotas: 1},
		{Name: "passing, with three quotas", Path: "/api/v1/items", Status: "200", Quotas: 3},
		{Name: "refused by one quota", Path: "/api/v1/items", Status: "200", Quotas: 1, SpentBy: 20},
	}
}

// Cost is what one request of a scene takes.
type Cost struct{ Allocations, Calls float64 }

// Count runs a scene under the given configuration.
func Count(s Scene, configuration string) (Cost, error) {
	exchange, h, err := s.prepare(configuration)
	if err != nil {
		return Cost{}, err
	}
	const runs = 1000
	h.calls = 0
	allocations := testing.AllocsPerRun(runs, exchange)
	return Cost{Allocations: allocations, Calls: float64(h.calls) / (runs + 1)}, nil // one to warm up
}

// Exchange returns what runs one request of a scene from its beginning to its end.
func Exchange(s Scene, configuration string) (func(), error) {
	exchange, _, err := s.prepare(configuration)
	return exchange, err
}

// prepare is Exchange, and returns the stand-in for the proxy, too.
func (s Scene) prepare(configuration string) (exchange func(), h *host, err error) {
	c, err := config.Parse([]byte(configuration), nil)
	if err != nil {
		return nil, nil, err
	}
	h = &host{now: 1_000_000, data: map[string]*[]byte{}, request: requestTo("/api/v1/items"), response: responseOf("401")}
	f := filter.New(c, h, table.Seed{1, 2, 3})
	stream := f.NewStream() // the plugin uses streams again, too
	exchange = func() {
		if stream.RequestHeaders(true) == proxy.Continue {
			stream.ResponseHeaders(false)
			stream.ResponseBody(3, true)
		}
		stream.Done()
		stream.Reset()
	}
	for range s.Failures {
		exchange()
	}
	h.request, h.response = requestTo(s.Path), responseOf(s.Status)
	for range s.SpentBy {
		exchange()
	}
	return exchange, h, nil
}

func responseOf(status string) []proxy.Header {
	return []proxy.Header{
		{Name: ":status", Value: status},
		{Name: "content-length", Value: "3"},
		{Name: "content-type", Value: "text/plain"},
		{Name: "date", Value: "Sun, 06 Nov 2039 08:49:37 GMT"},
		{Name: "server", Value: "envoy"},
	}
}

func requestTo(path string) []proxy.Header {
	return []proxy.Header{
		{Name: ":authority", Value: "127.0.0.1:10000"},
		{Name: ":path", Value: path},
		{Name: ":method", Value: "GET"},
		{Name: ":scheme", Value: "http"},
		{Name: "user-agent", Value: "bench"},
		{Name: "authorization", Value: "Bearer bench"},
		{Name: "x-tenant-id", Value: "acme"},
		{Name: "x-user-id", Value: "alice"},
		{Name: "origin", Value: "https://app.example.com"},
		{Name: "content-type", Value: "application/json"},
		{Name: "cookie", Value: "theme=dark; session=0123456789abcdef"},
		{Name: "x-forwarded-for", Value: "192.0.2.1"},
		{Name: "x-forwarded-proto", Value: "http"},
		{Name: "x-request-id", Value: "11111111-2222-3333-4444-555555555555"},
	}
}
