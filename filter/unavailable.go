package filter

import (
	"strconv"

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
	return reply.explain(s, grpc, request, explanation{
		code: mcp.CodeUnavailable, message: unavailableDetail,
		data:    `{"reason":"` + string(ReasonStoreUnavailable) + `","retryAfter":` + wait + `}`,
		problem: `{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"` + unavailableDetail + `"}`,
	})
}
