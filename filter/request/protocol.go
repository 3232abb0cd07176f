package request

import (
	"strings"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// The protocols for calls from web pages, besides gRPC. A service may disregard the
// letter case of a media type, and what stands behind its name.

// IsGRPCWeb tells whether the request is gRPC-Web, binary or as text.
// See https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
func (d *Details) IsGRPCWeb() bool { return begins(d.ContentType, "application/grpc-web") }

// IsConnectStream tells whether the request is a streaming call of Connect.
// See https://connectrpc.com/docs/protocol
func (d *Details) IsConnectStream() bool { return begins(d.ContentType, "application/connect+") }

// IsConnectUnary tells whether the request is a call of Connect without a stream, which
// is HTTP as any other: a POST that names the protocol's version, or a GET that does so
// in its query.
func (d *Details) IsConnectUnary(t *Target) bool {
	if t.Method == "GET" {
		query := t.Path[len(CutQuery(t.Path)):]
		return strings.Contains(query, "?connect=v1") || strings.Contains(query, "&connect=v1")
	}
	return d.Connect && begins(d.ContentType, "application/")
}

// EndsInBody tells whether the body of the response, and not its status, says how the
// call ended.
func (d *Details) EndsInBody() bool { return d.IsGRPCWeb() || d.IsConnectStream() }

func begins(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// Accepts are the headers by which a client lets a service compress what it answers:
// all of the body, or each frame of it.
var Accepts = [...]string{"accept-encoding", "grpc-accept-encoding", "connect-accept-encoding"}

// veils are the headers by which a client could have a body come in a form that cannot be
// read, in parts, or not at all.
var veils = []string{"accept-encoding", "range", "if-range", "if-none-match", "if-modified-since"}

// Unveil removes what could keep the body of the response from being read.
func Unveil(headers []proxy.Header, from proxy.RequestHeaderRemover) {
	for i := range headers {
		for _, name := range veils {
			if proxy.SameHeader(headers[i].Name, name) {
				from.RemoveRequestHeader(headers[i].Name)
			}
		}
	}
}

// CompressesFrames tells whether the frames of the request are compressed. A service
// compresses those of its answer in the same way, whatever the client accepts.
// See https://github.com/grpc/grpc/blob/master/doc/compression.md
func CompressesFrames(headers []proxy.Header) bool {
	for i := range headers {
		name, value := headers[i].Name, headers[i].Value
		if (name == "grpc-encoding" || name == "connect-content-encoding") && value != "" && !strings.EqualFold(value, "identity") {
			return true
		}
	}
	return false
}

// Has tells whether there is a header of that name.
func Has(headers []proxy.Header, name string) bool {
	for i := range headers {
		if headers[i].Name == name {
			return true
		}
	}
	return false
}
