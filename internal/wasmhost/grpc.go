package wasmhost

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// GRPCCall is a unary gRPC call that a guest asked for.
type GRPCCall struct {
	Cluster, Authority, Service, Method string
	Metadata                            [][2]string
	Message                             []byte
	Timeout                             time.Duration
}

// grpcUnavailable is the status of calls that reach no server, and, in Envoy, of those that
// have no answer in time.
const grpcUnavailable = 14

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
// gets the outcome. So it does if there is no such cluster: by a number that the guest was
// not told, when the running callback is over. See
// https://github.com/envoyproxy/envoy/blob/v1.36.0/source/extensions/common/wasm/context.cc
// (Context::grpcCall)
func (h *Host) SendGRPCCall(c GRPCCall) (id uint32, status Status) {
	h.grpc.asked = append(h.grpc.asked, c)
	h.grpc.lastID++
	call := grpcCall{h.grpc.lastID, c}
	if !slices.Contains(h.options.Clusters, c.Cluster) {
		h.deferred = append(h.deferred, func() { h.proxy.tellGRPC(call, GRPCAnswer{Status: grpcUnavailable}) })
		return 0, InternalFailure
	}
	h.grpc.owed = append(h.grpc.owed, call)
	return call.id, OK
}

// serverOf reads an envoy.config.core.v3.GrpcService that names a cluster, and perhaps an
// authority, in this order, and nothing else. Envoy takes the bare name of a cluster, too,
// but crashes on "users", which is a message of another kind. So here the VM traps.
func serverOf(server []byte) (cluster, authority string) {
	target, rest, ok := cutField(server, 1)
	name, more, named := cutField(target, 1)
	host := name
	if len(more) > 0 {
		var hosted bool
		host, more, hosted = cutField(more, 2)
		named = named && hosted
	}
	if !ok || !named || len(rest)+len(more) > 0 {
		panic(fmt.Sprintf("%q is not a GrpcService with a cluster: Envoy may crash", server))
	}
	return string(name), string(host)
}

// cutField returns the content of the field of this number, which has to come first, and
// what follows.
func cutField(b []byte, number byte) (content, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != number<<3|2 {
		return nil, nil, false
	}
	length, n := binary.Uvarint(b[1:])
	if n <= 0 || length > uint64(len(b)-1-n) {
		return nil, nil, false
	}
	b = b[1+n:]
	return b[:length], b[length:], true
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
	p.tellGRPC(owed, h.options.GRPC(owed.call))
	return true
}

func (p *Proxy) tellGRPC(c grpcCall, a GRPCAnswer) {
	h := p.host
	switch {
	case a.Status != 0 && p.guest.Exports(OnGRPCClose):
		_, p.trapped = h.call(rootID, func() error { return p.guest.OnGRPCClose(rootID, c.id, a.Status) })
	case a.Status == 0 && p.guest.Exports(OnGRPCReceive):
		_, p.trapped = h.call(rootID, func() error {
			h.grpc.received = a.Message
			defer func() { h.grpc.received = nil }()
			return p.guest.OnGRPCReceive(rootID, c.id, len(a.Message))
		})
	}
}
