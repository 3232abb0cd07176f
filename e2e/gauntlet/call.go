package gauntlet

import (
	"context"
	"net/http"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Call is how a shot calls a procedure of the service.
type Call int

const (
	// NoCall is plain HTTP.
	NoCall Call = iota
	// GRPCWeb is gRPC-Web in its binary form.
	GRPCWeb
	// GRPCWebText is gRPC-Web as base64 text.
	GRPCWebText
	// ConnectUnary is a call of Connect with one message each way.
	ConnectUnary
	// ConnectStream is a call of Connect whose response is a stream.
	ConnectStream
)

// call makes the shot's call with connect-go and returns the status that plain HTTP
// would have for how it ended.
func call(ctx context.Context, c *http.Client, address string, s Shot, header http.Header) (int, error) {
	seen := &statusTransport{next: c.Transport}
	caller := &http.Client{Transport: seen, Timeout: c.Timeout}
	var options []connect.ClientOption
	path := streamPath
	switch s.Call {
	case GRPCWebText:
		caller.Transport = textTransport{seen}
		fallthrough
	case GRPCWeb:
		options = append(options, connect.WithGRPCWeb())
	case ConnectUnary:
		path = unaryPath
	}
	request := connect.NewRequest(&emptypb.Empty{})
	for name := range header {
		request.Header().Set(name, header.Get(name))
	}
	err := end(ctx, connect.NewClient[emptypb.Empty, emptypb.Empty](caller, "http://"+address+path, options...), path, request)
	if seen.err != nil {
		return 0, seen.err
	}
	return seen.statusOf(err)
}

// end waits for the end of a call.
func end(ctx context.Context, c *connect.Client[emptypb.Empty, emptypb.Empty], path string, request *connect.Request[emptypb.Empty]) error {
	if path == unaryPath {
		_, err := c.CallUnary(ctx, request)
		return err
	}
	stream, err := c.CallServerStream(ctx, request)
	if err != nil {
		return err
	}
	for stream.Receive() {
	}
	_ = stream.Close()
	return stream.Err()
}

// statusTransport remembers the HTTP status of the last response, or why there is
// none: connect-go makes the same error of both.
type statusTransport struct {
	next   http.RoundTripper
	status int
	err    error
}

func (t *statusTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if t.err = err; err == nil {
		t.status = response.StatusCode
	}
	return response, err
}

// statusOf is the status that plain HTTP would have.
func (t *statusTransport) statusOf(err error) (int, error) {
	switch {
	case t.status != http.StatusOK:
		return t.status, nil
	case err == nil:
		return http.StatusOK, nil
	case connect.CodeOf(err) == connect.CodeUnauthenticated:
		return http.StatusUnauthorized, nil
	case connect.CodeOf(err) == connect.CodeResourceExhausted:
		return http.StatusTooManyRequests, nil
	}
	return 0, err
}
