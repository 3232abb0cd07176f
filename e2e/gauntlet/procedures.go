package gauntlet

import (
	"context"
	"errors"
	"net/http"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// Where the procedures of the service are. The names are in lower case, since the
// [Referee] reads all paths so.
const (
	procedurePrefix = "/api/v1/rpc/"
	unaryPath       = procedurePrefix + "items/get"
	streamPath      = procedurePrefix + "items/watch"
)

// procedures serves two procedures as gRPC-Web, binary and text, and as Connect.
// Both check the credential as the demo service does.
func procedures() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(unaryPath, connect.NewUnaryHandler(unaryPath,
		func(_ context.Context, r *connect.Request[emptypb.Empty]) (*connect.Response[emptypb.Empty], error) {
			return connect.NewResponse(&emptypb.Empty{}), authenticate(r.Header())
		}))
	mux.Handle(streamPath, connect.NewServerStreamHandler(streamPath,
		func(_ context.Context, r *connect.Request[emptypb.Empty], s *connect.ServerStream[emptypb.Empty]) error {
			// Without a header of the handler's own, connect-go answers an error in
			// gRPC-Web with grpc-status in the headers. Most servers write it into
			// the last frame of the body, and that is where it is hard to see.
			s.ResponseHeader().Set("Cache-Control", "no-store")
			if err := authenticate(r.Header()); err != nil {
				return err
			}
			return s.Send(&emptypb.Empty{})
		}))
	return acceptText(mux)
}

func authenticate(h http.Header) error {
	if h.Get("Authorization") == bearer(service.Token) {
		return nil
	}
	return connect.NewError(connect.CodeUnauthenticated, errors.New("the credential is wrong"))
}
