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
	ReasonLockedOut    Reason = "locked_out"
	ReasonRateLimited  Reason = "rate_limited"
	ReasonMalformed    Reason = "malformed"
	ReasonAuthDenied   Reason = "auth_denied"
	ReasonOverCapacity Reason = "over_capacity"
	ReasonBypassDenied Reason = "bypass_denied"
)

// details is the reason as response code details.
func (r Reason) details() string { return "gatewarden_" + string(r) }

// problemAbnormal is a problem type of draft-ietf-httpapi-ratelimit-headers
// section 6, for RFC 9457 documents.
const problemAbnormal = "https://iana.org/assignments/http-problem-types#abnormal-usage-detected"

// gRPC status codes.
const (
	grpcInvalidArgument    = 3
	grpcResourceExhausted  = 8
	grpcFailedPrecondition = 9
	grpcUnavailable        = 14
	grpcUnauthenticated    = 16
)

// refusal says why a request is refused, and for how many seconds it would be
// again.
type refusal struct {
	reason  Reason
	seconds int64
	now     int64
}

func (r *refusal) message() string {
	what := "Too many failed authentications."
	switch r.reason {
	case ReasonRateLimited:
		what = "Too many attempts at once."
	case ReasonOverCapacity:
		what = "The service is currently at capacity."
	}
	if r.seconds == 1 {
		return what + " Try again in 1 second."
	}
	return what + " Try again in " + strconv.FormatInt(r.seconds, 10) + " seconds."
}

// lastRefusal is the reply that a surface gave last. Who is locked out and goes on
// guessing gets it again for the rest of the second.
type lastRefusal struct {
	reason  Reason
	seconds int64
	grpc    bool
	origin  crossOrigin
	reply   *Reply
}

// refusal is the surface's reply to a client that has to wait.
func (f *Filter) refusal(s *surface, why *refusal, grpc bool, request []byte, origin crossOrigin) *Reply {
	last := lastRefusal{why.reason, why.seconds, grpc, origin, s.last.reply}
	if request == nil && last.reply != nil && last == s.last {
		return s.last.reply
	}
	reply := tooMany(s, why, grpc, request, corsHeaders(&f.config.CORS, origin))
	if request == nil {
		last.reply = reply
		s.last = last
	}
	return reply
}

// tooMany is the reply to a client that has to wait. The body is what the
// client's protocol expects; request is the body of an MCP request where it is
// at hand.
func tooMany(s *surface, r *refusal, grpc bool, request []byte, cors []Header) *Reply {
	wait, message := strconv.FormatInt(r.seconds, 10), r.message()
	reply := &Reply{
		Status:  429,
		Details: r.reason.details(),
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
			`{"reason":"`+string(r.reason)+`","retryAfter":`+wait+`}`)
	default:
		reply.contentType(problemMediaType)
		reply.Body = []byte(`{"type":"` + problemAbnormal + `","title":"Abnormal usage detected",` +
			`"status":429,"detail":"` + message + `","violated-policies":["lockout-` + s.Name + `"]}`)
	}
	return reply
}

// What is wrong with a request that can be read in more than one way.
const (
	malformedPath = "The path can be read in more than one way. Send it without encoded slashes, dot segments and parameters."
	malformedForm = "The form names its account more than once, or is too long."
)

// malformed is the reply to a request that can be read in more than one way:
// whoever sent it could choose the counters to be held to.
func malformed(detail string, grpc bool, cors []Header) *Reply {
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

// crossOrigin is what there is to say about the page that a request came from.
type crossOrigin struct {
	named bool // it named its origin
	// allowed is the configured origin that it is, "" if it is none.
	allowed string
}

// originOf keeps nothing of the header: a stream outlives its request's headers.
func originOf(c *config.CORS, header string) crossOrigin {
	o := crossOrigin{named: header != ""}
	for _, allowed := range c.Origins {
		if header == allowed {
			o.allowed = allowed
		}
	}
	return o
}

// corsHeaders lets the page that a request came from read a reply of the filter. A
// named origin may send cookies, every origin ("*") may not: that is how the
// fetch standard has it.
// See https://fetch.spec.whatwg.org/#cors-protocol-and-credentials
func corsHeaders(c *config.CORS, origin crossOrigin) []Header {
	switch {
	case !origin.named:
		return nil
	case c.Any:
		return []Header{
			{"access-control-allow-origin", "*"},
			{"access-control-expose-headers", exposed},
		}
	case origin.allowed != "":
		return []Header{
			{"access-control-allow-origin", origin.allowed},
			{"access-control-allow-credentials", "true"},
			{"access-control-expose-headers", exposed},
			{"vary", "origin"},
		}
	}
	return []Header{{"vary", "origin"}}
}
