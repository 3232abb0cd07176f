package filter

import (
	"strconv"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/mcp"
)

const (
	// unavailableFor, in seconds, is when to try again. Nobody knows better.
	unavailableFor = 5

	unavailableDetail = "It cannot be found out at the moment whether the credential is valid."
)

// unavailable is the reply to a request of which it could not be found out who it
// comes from. That is no fault of the client's.
func unavailable(s *surface, grpc bool, request []byte, cors []Header) *Reply {
	wait := strconv.Itoa(unavailableFor)
	reply := &Reply{
		Status:  503,
		Details: ReasonStoreUnavailable.details(),
		GRPC:    grpcUnavailable,
		Headers: append([]Header{{"retry-after", wait}, {"cache-control", "no-store"}}, cors...),
	}
	switch {
	case grpc:
		reply.Body = []byte(unavailableDetail)
	case s.Kind == config.KindMCP:
		reply.contentType("application/json")
		reply.Body = mcp.Error(request, mcp.CodeUnavailable, unavailableDetail,
			`{"reason":"`+string(ReasonStoreUnavailable)+`","retryAfter":`+wait+`}`)
	default:
		reply.contentType(problemMediaType)
		reply.Body = []byte(`{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"` + unavailableDetail + `"}`)
	}
	return reply
}
