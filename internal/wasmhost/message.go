package wasmhost

import (
	"strings"

	"github.com/gatewarden/gatewarden/internal/hostform"
)

// Request is what a client sends, and what the upstream receives.
type Request struct {
	Method    string // GET if empty
	Scheme    string // http if empty
	Authority string // gateway.example if empty
	Path      string // with the query; / if empty
	// Headers are the other lines, in order. No line is made up: a filter that
	// reads content-length sees one only if it is here. Several lines of some
	// names become one on arrival (two of authorization do, two of cookie and of
	// x-api-key do not).
	Headers [][2]string
	// Body are the chunks as they arrive. A request without chunks and without
	// trailers ends with its headers.
	Body     [][]byte
	Trailers [][2]string

	// SourceAddress is the property source.address; "192.0.2.1:40000" if empty.
	SourceAddress string
	// Metadata is the dynamic metadata that other filters have left behind, by
	// their names: values as encoding/json reads them.
	Metadata map[string]any
	// EndsWithData puts the end of the stream on the last chunk, as HTTP/2 may.
	// Otherwise an empty last call follows the chunks, as in HTTP/1.1.
	EndsWithData bool
	// AbortAfter lets the client go away at that point.
	AbortAfter AbortPoint
}

// AbortPoint is where a client gives up.
type AbortPoint string

const (
	// AfterRequestHeaders is when the filter has seen the request headers.
	AfterRequestHeaders AbortPoint = "request-headers"
	// AfterResponseHeaders is when the client has the response headers.
	AfterResponseHeaders AbortPoint = "response-headers"
)

// Header returns the first line of a name, or nothing.
func (r Request) Header(name string) string {
	value, _ := newHeaderMap(nil, r.Headers...).get(name)
	return value
}

// Response is what the upstream answers.
type Response struct {
	Status   int // 200 if 0
	Headers  [][2]string
	Body     [][]byte
	Trailers [][2]string
	// Details are the response code details: "via_upstream" if empty. Another
	// value makes it a local reply of a filter behind this one, for instance
	// "jwt_authn_access_denied{...}".
	Details string
	// EndsWithData is as in Request.
	EndsWithData bool
}

// Upstream answers a request. It may send requests of its own through the same
// Proxy: streams then interleave on one VM, as they do on a worker.
type Upstream func(Request) Response

// Result is what came of a stream.
type Result struct {
	// Status is 0 if the client got no response headers.
	Status   int
	Headers  [][2]string
	Body     []byte
	Trailers [][2]string

	// Local tells whether the filter answered, or Envoy for a filter that is dead.
	Local bool
	// Details are the response code details of the access log.
	Details string
	// FilterState is what the guest set by set_property; the keys are those of
	// the access log, with "wasm." in front.
	FilterState map[string]string

	// UpstreamSawHeaders tells whether the upstream has at least the headers.
	UpstreamSawHeaders bool
	// ReachedUpstream tells whether the upstream has the whole request.
	ReachedUpstream bool
	// UpstreamRequest is what the upstream has got.
	UpstreamRequest Request

	// Hung tells whether the stream would have waited for ever: the filter paused
	// it and nothing could resume it.
	Hung bool
	// Reset tells whether the stream was cut off instead of ending.
	Reset bool
	// Trapped is why the VM died, if it did in this stream.
	Trapped error

	// Calls are the proxy-wasm calls made in this stream, by name; WASI those of
	// WASI. See Calls.
	Calls map[string]int
	WASI  map[string]int
}

// Header returns the first line of a name, or nothing.
func (r Result) Header(name string) string {
	value, _ := newHeaderMap(nil, r.Headers...).get(name)
	return value
}

// Values returns all lines of a name.
func (r Result) Values(name string) []string {
	var values []string
	for _, p := range r.Headers {
		if strings.EqualFold(p[0], name) {
			values = append(values, p[1])
		}
	}
	return values
}

func (r Request) withDefaults() Request {
	for _, d := range []struct {
		field *string
		value string
	}{
		{&r.Method, "GET"}, {&r.Scheme, "http"}, {&r.Authority, "gateway.example"},
		{&r.Path, "/"}, {&r.SourceAddress, "192.0.2.1:40000"},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	return r
}

// headerMap puts the pseudo headers in Envoy's order in front.
func (r Request) headerMap() *headerMap {
	m := newHeaderMap(hostform.RequestJoins, [2]string{":authority", r.Authority}, [2]string{":path", r.Path},
		[2]string{":method", r.Method}, [2]string{":scheme", r.Scheme})
	for _, p := range r.Headers {
		m.add(p[0], p[1])
	}
	return m
}

// setHeaders is the way back from headerMap.
func (r *Request) setHeaders(m *headerMap) {
	r.Headers = nil
	for _, p := range m.pairs {
		switch p[0] {
		case ":authority":
			r.Authority = p[1]
		case ":path":
			r.Path = p[1]
		case ":method":
			r.Method = p[1]
		case ":scheme":
			r.Scheme = p[1]
		default:
			r.Headers = append(r.Headers, p)
		}
	}
}
