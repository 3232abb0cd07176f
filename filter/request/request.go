// Package request has what a request asks for: its method, path and host in all their
// readings, and the few headers besides credentials that matter. It also has the
// patterns of the configuration that they are compared with.
//
// Method, path and host alone decide which rules a request is held to. A client could put
// anything into other headers.
package request

import (
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/ascii"
)

// Target is what a request asks for.
type Target struct {
	// Method and Path as they were sent. Path is the whole request target.
	Method, Path string
	// Overrides are the methods of method-override headers: a service that honours
	// one of them would run this method instead.
	Overrides []string
	// Readings are the readings of the path. The router fills them in.
	Readings []string
	// Authority as it was sent, with the value of each further Host line.
	Authority string
	// Hosts are the readings of the host, in normal form. The router fills them in.
	// Without any, a service may take the request for one of any host.
	Hosts []string
}

// Details are the request headers besides credentials that matter once a request
// belongs to a surface.
type Details struct {
	// ContentType has all lines of the field, with commas between them.
	ContentType, ContentEncoding, Origin, RequestedMethod string
	// Upgrade is what protocol the client asks for, such as "websocket".
	Upgrade string
	// Connect tells whether the request names a version of Connect.
	Connect bool
	// ContentLength is 0 if there is none.
	ContentLength int
}

// Read reads a request in one pass over its headers. The result lives no longer than
// they do.
func Read(headers []proxy.Header) (t Target, d Details) {
	for i := range headers {
		read(&t, &d, headers[i].Name, headers[i].Value)
	}
	return t, d
}

// read reads one header. Its length comes first, because it tells nearly all headers apart:
// TinyGo compares a string with each case in turn.
func read(t *Target, d *Details, name, value string) {
	switch n := len(name); {
	case n == len(":path") && name == ":path":
		t.Path = value
	case n == len(":method") && name == ":method":
		t.Method = value
	case n == len(":authority") && name == ":authority", n == len("host") && name == "host":
		t.Authority = joined(t.Authority, value) // as Envoy shows two Host lines
	case n == len("content-type") && name == "content-type":
		d.ContentType = joined(d.ContentType, value)
	case n == len("content-encoding") && name == "content-encoding":
		d.ContentEncoding = joined(d.ContentEncoding, value)
	case n == len("upgrade") && name == "upgrade":
		d.Upgrade = value
	case n == len("content-length") && name == "content-length":
		d.ContentLength, _ = strconv.Atoi(value)
	case n == len("origin") && name == "origin":
		d.Origin = value
	case n == len("access-control-request-method") && name == "access-control-request-method":
		d.RequestedMethod = value
	case n == len("connect-protocol-version") && name == "connect-protocol-version":
		d.Connect = true
	case overridesMethod(name):
		t.override(value)
	}
}

// joined is a field of several lines (RFC 9110 section 5.3).
func joined(before, value string) string {
	if before == "" {
		return value
	}
	return before + "," + value
}

// override notes the methods of a method-override header. Of several, some services
// take the first and others the last.
func (t *Target) override(methods string) {
	for _, method := range strings.Split(methods, ",") {
		t.Overrides = append(t.Overrides, ascii.TrimBlanks(method))
	}
}

func overridesMethod(header string) bool {
	switch len(header) {
	case len("x-http-method"):
		return proxy.SameHeader(header, "x-http-method")
	case len("x-method-override"):
		return proxy.SameHeader(header, "x-method-override")
	case len("x-http-method-override"):
		return proxy.SameHeader(header, "x-http-method-override")
	}
	return false
}

// IsPreflight tells whether the request is a CORS preflight, which a browser sends by
// itself and without credentials. A preflight passes even while its client is locked
// out: otherwise no page could read the refusal of the request that follows. No
// browser overrides the method of a preflight; a service that honours the override
// would run the other method.
// See https://fetch.spec.whatwg.org/#cors-preflight-fetch
func IsPreflight(t *Target, d *Details) bool {
	return t.Method == "OPTIONS" && len(t.Overrides) == 0 && d.Origin != "" && d.RequestedMethod != ""
}

// AsksOptions tells whether services may answer the request without looking at its
// credential, so that a success proves nothing about it.
func (t *Target) AsksOptions() bool {
	if strings.EqualFold(t.Method, "OPTIONS") {
		return true
	}
	for _, method := range t.Overrides {
		if strings.EqualFold(method, "OPTIONS") {
			return true
		}
	}
	return false
}

// IsGRPC tells whether the request is gRPC over HTTP/2.
func (d *Details) IsGRPC() bool {
	const grpc = "application/grpc"
	return strings.HasPrefix(d.ContentType, grpc) &&
		(len(d.ContentType) == len(grpc) || strings.IndexByte("+; ", d.ContentType[len(grpc)]) >= 0)
}

// Upgrades tells whether the request asks for another protocol, in which the client may
// say nothing before it has an answer. Envoy lets the field pass only if it does so, too.
func Upgrades(t *Target, d *Details) bool { return t.Method == "GET" && d.Upgrade != "" }
