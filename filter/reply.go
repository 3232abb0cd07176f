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
	ReasonLockedOut        Reason = "locked_out"
	ReasonRateLimited      Reason = "rate_limited"
	ReasonQuotaExceeded    Reason = "quota_exceeded"
	ReasonMalformed        Reason = "malformed"
	ReasonAuthDenied       Reason = "auth_denied"
	ReasonStoreUnavailable Reason = "store_unavailable"
	ReasonOverCapacity     Reason = "over_capacity"
	ReasonBypassDenied     Reason = "bypass_denied"
)

// details is the reason as response code details.
func (r Reason) details() string { return "gatewarden_" + string(r) }

// Problem types of draft-ietf-httpapi-ratelimit-headers section 6, for RFC 9457
// documents, each with its title.
const (
	problemAbnormal = `{"type":"https://iana.org/assignments/http-problem-types#abnormal-usage-detected",` +
		`"title":"Abnormal usage detected"`
	problemQuota = `{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded",` +
		`"title":"Request cannot be satisfied as assigned quota has been exceeded"`
)

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
	// rule is the quota that decided, violated all that did, as JSON strings.
	rule, violated string
	// tally is how the client's quotas stand, if it has any.
	tally tally
}

// byLockout tells whether the lockout rule refuses, and not the want of an identity.
func (r *refusal) byLockout() bool {
	return r.reason != ReasonAuthDenied && r.reason != ReasonStoreUnavailable
}

func (r *refusal) message() string {
	what := "Too many failed authentications."
	switch r.reason {
	case ReasonQuotaExceeded:
		// Programs look for this sentence, so that it is the same for one second.
		return "Rate limit exceeded. Try again in " + strconv.FormatInt(r.seconds, 10) + " seconds."
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

// refusal is the surface's reply to a client that has to wait. quotas are the header
// fields that tell how its quotas stand.
func (f *Filter) refusal(s *surface, why *refusal, grpc bool, request []byte, origin crossOrigin, quotas []Header) *Reply {
	if request != nil || quotas != nil {
		return tooMany(s, why, grpc, request, append(quotas, f.cors(origin)...))
	}
	last := lastRefusal{why.reason, why.seconds, grpc, origin, s.last.reply}
	if last.reply == nil || last != s.last {
		last.reply = tooMany(s, why, grpc, nil, f.cors(origin))
		s.last = last
	}
	return last.reply
}

// tooMany is the reply to a client that has to wait. The body is what the
// client's protocol expects; request is the body of an MCP request where it is
// at hand.
func tooMany(s *surface, r *refusal, grpc bool, request []byte, more []Header) *Reply {
	wait, message := strconv.FormatInt(r.seconds, 10), r.message()
	reply := &Reply{
		Status:  429,
		Details: r.reason.details(),
		GRPC:    grpcResourceExhausted,
		Headers: []Header{
			{"retry-after", wait},
			// RFC 6585 section 4: a 429 must not be stored by a cache.
			{"cache-control", "no-store"},
		},
	}
	problem, violated := problemQuota, r.violated
	if r.reason != ReasonQuotaExceeded {
		problem, violated = problemAbnormal, `"lockout-`+s.Name+`"`
		reply.Headers = append(reply.Headers, Header{rateLimit, violated + ";r=0;t=" + wait})
	}
	reply.Headers = append(reply.Headers, more...)
	switch {
	case grpc:
		reply.Body = []byte(message)
	case s.Kind == config.KindMCP:
		reply.contentType("application/json")
		reply.Body = mcp.Error(request, mcp.CodeRateLimited, message,
			`{"reason":"`+string(r.reason)+`","retryAfter":`+wait+`}`)
	default:
		reply.contentType(problemMediaType)
		reply.Body = []byte(problem + `,"status":429,"detail":"` + message + `","violated-policies":[` + violated + `]}`)
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
func malformed(detail string, grpc bool, more []Header) *Reply {
	reply := &Reply{
		Status:  400,
		Details: ReasonMalformed.details(),
		GRPC:    grpcInvalidArgument,
		Headers: append([]Header{{"cache-control", "no-store"}}, more...),
	}
	if grpc {
		reply.Body = []byte(detail)
		return reply
	}
	reply.contentType(problemMediaType)
	reply.Body = []byte(`{"type":"about:blank","title":"Bad Request","status":400,"detail":"` + detail + `"}`)
	return reply
}

// explanation is what a refusal says, in the words of each protocol: message is also
// that of gRPC, code and data are those of a JSON-RPC error, problem is an RFC 9457
// document.
type explanation struct {
	code                   int
	message, data, problem string
}

// explain gives the reply the body that the client's protocol expects. request is the
// body of an MCP request where it is at hand. tooMany has the same by hand: under
// attack, it is not to write what it does not send.
func (r *Reply) explain(s *surface, grpc bool, request []byte, e explanation) *Reply {
	switch {
	case grpc:
		r.Body = []byte(e.message)
	case s.Kind == config.KindMCP:
		r.contentType("application/json")
		r.Body = mcp.Error(request, e.code, e.message, e.data)
	default:
		r.contentType(problemMediaType)
		r.Body = []byte(e.problem)
	}
	return r
}

const problemMediaType = "application/problem+json"

func (r *Reply) contentType(mediaType string) {
	r.Headers = append(r.Headers, Header{"content-type", mediaType})
}

// exposed lists the reply headers that a script on another origin needs.
const exposed = "Retry-After, RateLimit, WWW-Authenticate"

const exposeHeaders = "access-control-expose-headers"

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

// cors are the headers that let the page that a request came from read a reply.
func (f *Filter) cors(origin crossOrigin) []Header {
	return corsHeaders(&f.config.CORS, origin, f.exposed)
}

// corsHeaders lets the page that a request came from read a reply of the filter, and
// of its headers those that are exposed. A named origin may send cookies, every origin ("*") may not: that is how the
// fetch standard has it.
// See https://fetch.spec.whatwg.org/#cors-protocol-and-credentials
func corsHeaders(c *config.CORS, origin crossOrigin, exposed string) []Header {
	switch {
	case !origin.named:
		return nil
	case c.Any:
		return []Header{
			{"access-control-allow-origin", "*"},
			{exposeHeaders, exposed},
		}
	case origin.allowed != "":
		return []Header{
			{"access-control-allow-origin", origin.allowed},
			{"access-control-allow-credentials", "true"},
			{exposeHeaders, exposed},
			{"vary", "origin"},
		}
	}
	return []Header{{"vary", "origin"}}
}
