package protocols

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

type (
	message  = wrapperspb.StringValue
	request  = connect.Request[message]
	response = connect.Response[message]
)

// serveRPC serves a unary method and two that stream, in gRPC, gRPC-Web and Connect.
func serveRPC() (address string, stop func(), err error) {
	mux := http.NewServeMux()
	mux.Handle("/e2e.Gate/Check", connect.NewUnaryHandler("/e2e.Gate/Check", check,
		connect.WithIdempotency(connect.IdempotencyNoSideEffects)))
	mux.Handle("/e2e.Gate/Watch", connect.NewServerStreamHandler("/e2e.Gate/Watch", watch))
	mux.Handle("/e2e.Gate/Follow", connect.NewServerStreamHandler("/e2e.Gate/Follow", follow))
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: mux, Protocols: &protocols, ReadHeaderTimeout: 10 * time.Second}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	go func() { _ = server.Serve(listener) }()
	return listener.Addr().String(), func() { _ = server.Close() }, nil
}

func authenticate(headers http.Header) error {
	if headers.Get("Authorization") != "Bearer "+right {
		return connect.NewError(connect.CodeUnauthenticated, errors.New("the token is wrong"))
	}
	return nil
}

func check(_ context.Context, r *request) (*response, error) {
	if err := authenticate(r.Header()); err != nil {
		return nil, err
	}
	return connect.NewResponse(r.Msg), nil
}

func watch(_ context.Context, r *request, stream *connect.ServerStream[message]) error {
	if err := authenticate(r.Header()); err != nil {
		return err
	}
	return errors.Join(stream.Send(r.Msg), stream.Send(r.Msg))
}

// follow greets before it looks.
func follow(_ context.Context, r *request, stream *connect.ServerStream[message]) error {
	if err := stream.Send(r.Msg); err != nil {
		return err
	}
	return authenticate(r.Header())
}

// asProtocol is what connect-go's client speaks.
type asProtocol struct {
	http    client.Protocol
	options []connect.ClientOption
}

var (
	asGRPC       = asProtocol{client.HTTP2, []connect.ClientOption{connect.WithGRPC()}}
	asGRPCWeb    = asProtocol{client.HTTP1, []connect.ClientOption{connect.WithGRPCWeb()}}
	asConnect    = asProtocol{client.HTTP1, nil}
	asConnectGet = asProtocol{client.HTTP1, []connect.ClientOption{
		connect.WithHTTPGet(), connect.WithIdempotency(connect.IdempotencyNoSideEffects),
	}}
)

func connectGo(as asProtocol, method string) try {
	return func(t *testing.T, w way, from string, batches []batch) (answers []answer) {
		t.Helper()
		call := as.client(t, w, from, method)
		for _, b := range batches {
			for range b.Times {
				answers = append(answers, told(call(t.Context(), b.Password)))
			}
		}
		return answers
	}
}

// client returns a call that presents a token.
func (as asProtocol) client(t *testing.T, w way, from, method string) func(context.Context, string) error {
	t.Helper()
	h, err := client.New(from, as.http)
	require.NoError(t, err)
	t.Cleanup(h.CloseIdleConnections)
	c := connect.NewClient[message, message](h, w.url(t)+"/e2e.Gate/"+method, as.options...)
	return func(ctx context.Context, token string) error {
		r := connect.NewRequest(&message{Value: "x"})
		r.Header().Set("Authorization", "Bearer "+token)
		if method == "Check" {
			_, err := c.CallUnary(ctx, r)
			return err
		}
		stream, err := c.CallServerStream(ctx, r)
		if err != nil {
			return err
		}
		for stream.Receive() {
		}
		return errors.Join(stream.Err(), stream.Close())
	}
}

// told is what connect-go says of a call.
func told(err error) answer {
	if err == nil {
		return answer{Code: "ok"}
	}
	a := answer{Code: connect.CodeOf(err).String()}
	var failed *connect.Error
	if errors.As(err, &failed) {
		a.RetryAfter = failed.Meta().Get("Retry-After")
	}
	return a
}
