package filter

import (
	"strconv"

	"github.com/gatewarden/gatewarden/mcp"
)

// problemCapacity is a problem type of draft-ietf-httpapi-ratelimit-headers
// section 6.
const problemCapacity = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"

// overCapacity is the reply to a request for which a limit has no place.
func overCapacity(s *surface, l *limit, r *refusal, grpc bool, request []byte, cors []Header) *Reply {
	wait, message := strconv.FormatInt(r.seconds, 10), r.message()
	reply := &Reply{
		Status:  503,
		Details: r.reason.details(),
		GRPC:    grpcUnavailable,
		Headers: append([]Header{
			{"retry-after", wait},
			{"cache-control", "no-store"},
		}, cors...),
	}
	return reply.explain(s, grpc, request, explanation{
		code: mcp.CodeUnavailable, message: message,
		data: `{"reason":"` + string(r.reason) + `","retryAfter":` + wait + `}`,
		problem: `{"type":"` + problemCapacity + `","title":"Temporary reduced capacity",` +
			`"status":503,"detail":"` + message + `","violated-policies":["concurrency-` + l.Name + `"]}`,
	})
}
