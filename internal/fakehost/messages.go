package fakehost

import (
	"strings"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// RequestHeaders returns Request.
func (h *Host) RequestHeaders() []proxy.Header { h.record("request headers"); return h.Request }

// RemoveRequestHeader removes all lines of a header from Request.
func (h *Host) RemoveRequestHeader(name string) {
	h.record("remove request header " + name)
	h.Request = without(h.Request, name)
}

// RequestBody returns a part of RequestData.
func (h *Host) RequestBody(start, size int) []byte {
	h.record("request body")
	rest := h.RequestData[min(start, len(h.RequestData)):]
	return rest[:min(size, len(rest))]
}

// ResponseHeader returns the first value of a header.
func (h *Host) ResponseHeader(name string) string {
	h.record("response header " + name)
	return First(h.Response, name)
}

// ResponseHeaders returns a copy of Response.
func (h *Host) ResponseHeaders() []proxy.Header {
	h.record("response headers")
	return append([]proxy.Header(nil), h.Response...)
}

// AddResponseHeader appends a line to Response.
func (h *Host) AddResponseHeader(name, value string) {
	h.record("add " + name)
	h.Response = append(h.Response, proxy.Header{Name: strings.Clone(name), Value: strings.Clone(value)})
}

// RemoveResponseHeader removes all lines of a header from Response.
func (h *Host) RemoveResponseHeader(name string) {
	h.record("remove " + name)
	h.Response = without(h.Response, name)
}

// ResponseBody returns the beginning of ResponseData.
func (h *Host) ResponseBody(size int) []byte {
	h.record("response body")
	return h.ResponseData[:min(size, len(h.ResponseData))]
}

// ReplaceResponseBody replaces ResponseData.
func (h *Host) ReplaceResponseBody(chunk []byte) {
	h.record("replace response body")
	h.ResponseData = append([]byte(nil), chunk...)
}

// ResponseTrailer returns the first value of a trailer.
func (h *Host) ResponseTrailer(name string) string {
	h.record("response trailer " + name)
	return First(h.Trailers, name)
}

// Headers makes headers of names and values.
func Headers(pairs ...string) []proxy.Header {
	var headers []proxy.Header
	for i := 0; i < len(pairs); i += 2 {
		headers = append(headers, proxy.Header{Name: pairs[i], Value: pairs[i+1]})
	}
	return headers
}

// First returns the first value of a header, or "".
func First(headers []proxy.Header, name string) string {
	for _, h := range headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}

// All returns all values of a header.
func All(headers []proxy.Header, name string) []string {
	var values []string
	for _, h := range headers {
		if h.Name == name {
			values = append(values, h.Value)
		}
	}
	return values
}

func without(headers []proxy.Header, name string) []proxy.Header {
	var kept []proxy.Header
	for _, header := range headers {
		if header.Name != name {
			kept = append(kept, header)
		}
	}
	return kept
}
