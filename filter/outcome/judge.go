package outcome

import (
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/report"
)

// Judgement is what a response says about the credential of its request.
type Judgement uint8

// The judgements.
const (
	// Neutral responses say nothing: they count neither as failures nor as successes.
	Neutral Judgement = iota
	// Accepted responses say that the credential was right.
	Accepted
	// Failed responses say that the credential was wrong.
	Failed
	// undecided responses tell by a header or by their body.
	undecided
)

// Rule is how responses of a surface are judged.
type Rule struct {
	room    *Room
	kind    config.Kind
	lockout *config.Lockout

	failures, successes []condition
	members             []member // that the conditions look at
	forms               bool     // members may stand in a form, too
}

// MayFail tells whether the response to a request can be a failure. A 401 to a request
// without a credential is how OAuth discovery begins, and not a failure, unless the
// surface counts anonymous failures. On surfaces where the body is what logs in, every
// request may fail.
func (r *Rule) MayFail(credential bool) bool {
	return credential || r.lockout.CountAnonymous || !r.kind.IsResource()
}

// judge judges a response by its HTTP status.
func (r *Rule) judge(status int, credential bool) Judgement {
	if !r.MayFail(credential) {
		return Neutral
	}
	if slices.Contains(r.lockout.Statuses, status) {
		return Failed
	}
	if fails := byStatus(r.failures, status, Failed); fails != Neutral {
		return fails
	}
	if len(r.successes) > 0 {
		return byStatus(r.successes, status, Accepted)
	}
	if isSuccess(status) {
		return Accepted
	}
	return Neutral
}

const (
	// grpcStatus is the header or trailer with the status of a gRPC response. It is in
	// the headers if there is no message.
	grpcStatus = "grpc-status"
	// unauthenticated is the gRPC status code UNAUTHENTICATED as headers have it.
	// See https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
	unauthenticated = "16"
)

// causeGRPC is the only gRPC status that is a failure.
var causeGRPC = report.Cause{Code: "grpc_status_16"}

// judgeGRPC judges a gRPC response by its gRPC status.
func (r *Rule) judgeGRPC(status string, credential bool) Judgement {
	if !credential && !r.lockout.CountAnonymous {
		return Neutral
	}
	switch status {
	case unauthenticated:
		return Failed
	case "0":
		return Accepted
	}
	return Neutral
}

// isPlain tells from its Content-Encoding whether a body can be read while it passes
// through. To read a compressed one, the filter would have to hold all of it.
func isPlain(encoding string) bool {
	return encoding == "" || strings.EqualFold(encoding, "identity")
}

// codeDetails is the property that says how the stream ended.
const codeDetails = "response\x00code_details"

// brokeOff tells from the response code details whether the service aborted the
// response or a timeout of Envoy ended it. A client may cause every other end: there
// are many ways to end a stream, and each violation of HTTP has details of its own.
// See https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/http_conn_man/response_code_details
func brokeOff(details string) bool {
	return strings.HasPrefix(details, "upstream_") || strings.HasSuffix(details, "timeout")
}
