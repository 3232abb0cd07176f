package refusal

import (
	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/text"
)

// gRPC status codes of refusals.
// See https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
const (
	GRPCInvalidArgument    = 3
	GRPCPermissionDenied   = 7
	GRPCResourceExhausted  = 8
	GRPCFailedPrecondition = 9
	GRPCUnimplemented      = 12
	GRPCUnavailable        = 14
	GRPCUnauthenticated    = 16
)

// Problem is the type and the title of an RFC 9457 problem.
type Problem struct{ Type, Title string }

// The problem types of draft-ietf-httpapi-ratelimit-headers section 6.
var (
	AbnormalUsage   = Problem{ianaProblem + "abnormal-usage-detected", "Abnormal usage detected"}
	ExceededQuota   = Problem{ianaProblem + "quota-exceeded", "Request cannot be satisfied as assigned quota has been exceeded"}
	ReducedCapacity = Problem{ianaProblem + "temporary-reduced-capacity", "Temporary reduced capacity"}
)

const ianaProblem = "https://iana.org/assignments/http-problem-types#"

// Blank is a problem that says no more than its status (RFC 9457 section 4.2.1).
func Blank(title string) Problem { return Problem{"about:blank", title} }

// Words are what a refusal says in each protocol. No text in them may need escaping in
// JSON.
type Words struct {
	// Status is the HTTP status, GRPC the gRPC status, and Code the code of the
	// JSON-RPC error, see package jsonrpc.
	Status, GRPC, Code int
	Problem            Problem
	// Message is the problem's detail and the message of the other protocols.
	Message string
	// Violated lists the policies that refused, as JSON strings; "" leaves the list
	// out.
	Violated string
	// More are further members of the problem and of the error's data, each with a
	// comma before it.
	More string
	// Challenge, RateLimit and AcceptEncoding are the values of WWW-Authenticate,
	// RateLimit and Accept-Encoding; "" leaves the header out.
	Challenge, RateLimit, AcceptEncoding string
}

// Recipient is what a reply depends on besides the refusal.
type Recipient struct {
	Form   Form
	Origin Origin
	// Request is the body of a JSON-RPC request, nil if it is not available.
	Request []byte
	// Events tells that an answer to the request comes as an event, because the client
	// accepts nothing else, and Complete that its result says that it is complete.
	Events, Complete bool
	// Quotas are the header fields that tell how the client's quotas stand. Replies copy
	// their values.
	Quotas []proxy.Header
}

// Reply writes a refusal to its recipient.
func (c *CORS) Reply(w *Words, why *Refusal, to *Recipient) *proxy.Reply {
	reply := &proxy.Reply{Status: w.Status, Details: why.Reason.details(), GRPC: w.GRPC}
	wait := ""
	headers := make(proxy.Headers, 0, 10+len(to.Quotas))
	if why.Seconds > 0 {
		wait = text.Int(why.Seconds)
		headers.Add("retry-after", wait)
	}
	if w.Challenge != "" {
		headers.Add("www-authenticate", w.Challenge)
	}
	if w.AcceptEncoding != "" {
		headers.Add("accept-encoding", w.AcceptEncoding)
	}
	// RFC 6585 sections 3 and 4: a cache must not store a 428 or a 429.
	headers.Add("cache-control", "no-store")
	if w.RateLimit != "" {
		headers.Add("ratelimit", w.RateLimit)
	}
	headers = append(headers, copied(to.Quotas)...)
	c.addFor(&headers, to.Form, to.Origin)
	reply.Status = w.statusIn(to.Form)
	switch {
	case to.Form == GRPCForm:
		reply.Body = []byte(w.Message)
	case to.Form.IsWeb():
		w.addStatus(&headers)
		reply.Headers = headers
		return reply
	case to.Form.IsConnect():
		reply.Body = w.connect(to.Form)
	case to.Form == JSONRPCForm:
		reply.Body = jsonrpc.Error(to.Request, w.Code, w.Message, w.data(why.Reason, wait))
	case to.Form == RPCErrorForm:
		reply.Body = to.frame(jsonrpc.Error(to.Request, w.Code, w.Message, w.data(why.Reason, wait)))
	case to.Form == ToolErrorForm:
		reply.Body = to.frame(jsonrpc.ToolError(to.Request, w.Message, to.Complete))
	default:
		reply.Body = w.problem()
	}
	if mediaType := to.mediaType(); mediaType != "" {
		headers.Add("content-type", mediaType)
	}
	reply.Headers = headers
	return reply
}

// frame makes an event of an answer, if that is what the client accepts.
func (to *Recipient) frame(answer []byte) []byte {
	if !to.Events {
		return answer
	}
	return append(append([]byte("event: message\ndata: "), answer...), "\n\n"...)
}

func (to *Recipient) mediaType() string {
	if to.Events && (to.Form == RPCErrorForm || to.Form == ToolErrorForm) {
		return "text/event-stream"
	}
	return to.Form.MediaType()
}

// data is the data of the JSON-RPC error.
func (w *Words) data(reason Reason, wait string) string {
	if wait != "" {
		wait = `,"retryAfter":` + wait
	}
	return text.Join(`{"reason":"`, string(reason), `"`, wait, w.More, "}")
}

// problem is the RFC 9457 document.
func (w *Words) problem() []byte {
	b := make(text.Buffer, 0, 128+len(w.Problem.Type)+len(w.Problem.Title)+len(w.Message)+len(w.Violated)+len(w.More))
	b.Add(`{"type":"`)
	b.Add(w.Problem.Type)
	b.Add(`","title":"`)
	b.Add(w.Problem.Title)
	b.Add(`","status":`)
	b.AddInt(int64(w.Status))
	b.Add(`,"detail":"`)
	b.Add(w.Message)
	b.Add(`"`)
	if w.Violated != "" {
		b.Add(`,"violated-policies":[`)
		b.Add(w.Violated)
		b.Add("]")
	}
	b.Add(w.More)
	b.Add("}")
	return b
}

// TryAgain appends to a sentence when the request may be tried again.
func TryAgain(sentence string, seconds int64) string {
	if seconds == 1 {
		return sentence + " Try again in 1 second."
	}
	return text.Join(sentence, " Try again in ", text.Int(seconds), " seconds.")
}

// NewUnavailable returns the words for a request about which another server must be asked
// that gives no answer. The client did nothing wrong.
func NewUnavailable(message string) *Words {
	return &Words{
		Status: 503, GRPC: GRPCUnavailable, Code: jsonrpc.CodeUnavailable,
		Problem: Blank("Service Unavailable"), Message: message,
	}
}

// NewMalformed returns the words for a request that can be read in more than one way:
// its sender could choose the counters that it is held to.
func NewMalformed(detail string) *Words {
	return &Words{Status: 400, GRPC: GRPCInvalidArgument, Problem: Blank("Bad Request"), Message: detail}
}

// NewCompressed returns the words for a call whose frames are compressed: the service
// would compress its response, too, and so hide the outcome.
func NewCompressed() *Words {
	return &Words{Status: 415, GRPC: GRPCUnimplemented, Problem: Blank("Unsupported Media Type"),
		Message: "Compressed messages are not supported here. Send them as they are."}
}

// NewUnsupported returns the words for a request whose body matters but cannot be read.
// acceptEncoding is the coding to use instead, "" if the coding is not the problem (RFC
// 9110 section 12.5.3).
func NewUnsupported(detail, acceptEncoding string) *Words {
	return &Words{Status: 415, GRPC: GRPCInvalidArgument, Problem: Blank("Unsupported Media Type"), Message: detail, AcceptEncoding: acceptEncoding}
}
