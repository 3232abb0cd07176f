package fleet

import (
	"errors"
	"net"

	"google.golang.org/grpc"
)

// Garble is a service of the right protocol: HTTP/2 and gRPC are as they should be, and
// each answer is a message that is not protobuf.
type Garble struct {
	// Address is host:port.
	Address string

	server *grpc.Server
}

// StartGarble starts one that answers every call with the same bytes.
func StartGarble(answer []byte) (*Garble, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &Garble{Address: listener.Addr().String()}
	g.server = grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		var request []byte
		if err := stream.RecvMsg(&request); err != nil {
			return err
		}
		return stream.SendMsg(&answer)
	}))
	go func() { _ = g.server.Serve(listener) }()
	return g, nil
}

// Stop ends it.
func (g *Garble) Stop() { g.server.Stop() }

// raw is a codec for messages that are bytes.
type raw struct{}

var errNoBytes = errors.New("not bytes")

// Marshal implements encoding.Codec.
func (raw) Marshal(v any) ([]byte, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, errNoBytes
	}
	return *b, nil
}

// Unmarshal implements encoding.Codec.
func (raw) Unmarshal(data []byte, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return errNoBytes
	}
	*b = append([]byte(nil), data...)
	return nil
}

// Name implements encoding.Codec.
func (raw) Name() string { return "proto" }
