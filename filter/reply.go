package filter

import (
	"strconv"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/mcp"
)

// Reason says why a request was refused. The list is closed: it is what access
// logs, metrics and the audit log know.
type Reason string

// The reasons.
const (
	ReasonLockedOut Reason = "locked_out"
	ReasonMalformed Reason = "malformed"
)

// details is the reason as response code details.
func (r Reason) details() string { return "gatewarden_" + string(r) }

// Problem types of draft-ietf-httpapi-ratelimit-headers section 6, for RFC 9457
// documents.
const problemLockedOut = "https://iana.org/assignments/http-problem-types#abnormal-usage-detected"

// gRPC status codes.
const (
	grpcInvalidArgument   = 3
	grpcResourceExhausted = 8
)

// lockedOut is the reply to a client that is locked out of a surface for
// seconds more. The body is what the client's protocol expects; request is the
// body of an MCP request where it is at hand.
func lockedOut(s *surface, seconds int64, grpc bool, request []byte, cors []Header) *Reply {
	wait := strconv.FormatInt(seconds, 10)
	message := "Too many failed authentications. Try again in " + wait + " seconds."
	if seconds == 1 {
		message = "Too many failed authentications. Try again in 1 second."
	}
	reply := &Reply{
		Status:  429,
		Details: ReasonLockedOut.details(),
		GRPC:    grpcResourceExhausted,
		Headers: append([]Header{
			{"retry-after", wait},
			// RFC 6585 section 4: a 429 must not be stored by a cache.
			{"cache-control", "no-store"},
			{"ratelimit", `"lockout-` + s.Name + `";r=0;t=` + wait},
		}, cors...),
	}
	switch {
	case grpc:
		reply.Body = []byte(message)
	case s.Kind == config.KindMCP:
		reply.contentType("application/json")
		reply.Body = mcp.Error(request, mcp.CodeRateLimited, message,
			`{"reason":"`+string(ReasonLockedOut)+`","retryAfter":`+wait+`}`)
	default:
		reply.contentType(problemMediaType)
		reply.Body = []byte(`{"type":"` + problemLockedOut + `","title":"Abnormal usage detected",` +
			`"status":429,"detail":"` + message + `","violated-policies":["lockout-` + s.Name + `"]}`)
	}
	return reply
}

// malformed is the reply to a request whose path can be read as belonging to
// two surfaces.
func malformed(grpc bool, cors []Header) *Reply {
	const detail = "The path can be read in more than one way. Send it without encoded slashes, dot segments and parameters."
	reply := &Reply{
		Status:  400,
		Details: ReasonMalformed.details(),
		GRPC:    grpcInvalidArgument,
		Headers: append([]Header{{"cache-control", "no-store"}}, cors...),
	}
	if grpc {
		reply.Body = []byte(detail)
		return reply
	}
	reply.contentType(problemMediaType)
	reply.Body = []byte(`{"type":"about:blank","title":"Bad Request","status":400,"detail":"` + detail + `"}`)
	return reply
}

const problemMediaType = "application/problem+json"

func (r *Reply) contentType(mediaType string) {
	r.Headers = append(r.Headers, Header{"content-type", mediaType})
}

// exposed lists the reply headers that a script on another origin needs.
const exposed = "Retry-After, RateLimit, WWW-Authenticate"

// corsHeaders lets a page on the given origin read a reply of the filter. A
// named origin may send cookies, every origin ("*") may not: that is how the
// fetch standard has it.
// See https://fetch.spec.whatwg.org/#cors-protocol-and-credentials
func corsHeaders(c *config.CORS, origin string) []Header {
	if origin == "" {
		return nil
	}
	if c.Any {
		return []Header{
			{"access-control-allow-origin", "*"},
			{"access-control-expose-headers", exposed},
		}
	}
	for _, allowed := range c.Origins {
		if origin == allowed {
			return []Header{
				{"access-control-allow-origin", origin},
				{"access-control-allow-credentials", "true"},
				{"access-control-expose-headers", exposed},
				{"vary", "origin"},
			}
		}
	}
	return []Header{{"vary", "origin"}}
}
