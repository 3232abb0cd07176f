package wasmhost

import (
	"encoding/binary"
	"slices"
	"time"
)

// GRPCCall is a unary gRPC call that a guest asked for.
type GRPCCall struct {
	Cluster, Service, Method string
	Metadata                 [][2]string
	Message                  []byte
	Timeout                  time.Duration
}

// GRPCAnswer is what comes of a call: a message, or another status than 0.
type GRPCAnswer struct {
	Status  uint32
	Message []byte
}

// grpcCalls are those of one VM.
type grpcCalls struct {
	asked    []GRPCCall // also those that were refused
	lastID   uint32
	owed     []grpcCall
	received []byte // the message that the running callback is told, in any context
}

type grpcCall struct {
	id   uint32
	call GRPCCall
}

// GRPCCalls returns the gRPC calls asked for so far.
func (h *Host) GRPCCalls() []GRPCCall { return slices.Clone(h.grpc.asked) }

// SendGRPCCall makes a call. As an HTTP call it belongs to the plugin, and the root context
// gets the answer. See
// https://github.com/envoyproxy/envoy/blob/v1.36.0/source/extensions/common/wasm/context.cc
// (Context::grpcCall)
func (h *Host) SendGRPCCall(c GRPCCall) (id uint32, status Status) {
	h.grpc.asked = append(h.grpc.asked, c)
	if !slices.Contains(h.options.Clusters, c.Cluster) {
		return 0, InternalFailure
	}
	h.grpc.lastID++
	h.grpc.owed = append(h.grpc.owed, grpcCall{h.grpc.lastID, c})
	return h.grpc.lastID, OK
}

// clusterOf reads an envoy.config.core.v3.GrpcService that names a cluster, and nothing
// else: field 1 in field 1. Envoy takes other bytes for the name itself.
func clusterOf(server []byte) string {
	if inner, ok := onlyField(server); ok {
		if name, ok := onlyField(inner); ok {
			return string(name)
		}
	}
	return string(server)
}

// onlyField returns the content of a message with nothing but a field 1 of any length.
func onlyField(b []byte) (content []byte, ok bool) {
	if len(b) == 0 || b[0] != 0x0a {
		return nil, false
	}
	length, n := binary.Uvarint(b[1:])
	if n <= 0 || length != uint64(len(b)-1-n) {
		return nil, false
	}
	return b[1+n:], true
}

// AnswerGRPC answers the oldest gRPC call that waits for it, and tells whether there was
// one.
func (p *Proxy) AnswerGRPC() bool {
	h := p.host
	if len(h.grpc.owed) == 0 || p.trapped != nil {
		return false
	}
	owed := h.grpc.owed[0]
	h.grpc.owed = h.grpc.owed[1:]
	answer := h.options.GRPC(owed.call)
	switch {
	case answer.Status != 0 && p.guest.Exports(OnGRPCClose):
		_, p.trapped = h.call(rootID, func() error { return p.guest.OnGRPCClose(rootID, owed.id, answer.Status) })
	case answer.Status == 0 && p.guest.Exports(OnGRPCReceive):
		_, p.trapped = h.call(rootID, func() error {
			h.grpc.received = answer.Message
			defer func() { h.grpc.received = nil }()
			return p.guest.OnGRPCReceive(rootID, owed.id, len(answer.Message))
		})
	}
	return true
}
