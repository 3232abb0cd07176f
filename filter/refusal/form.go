package refusal

import (
	"strings"

	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/ascii"
)

// Form is the form of a reply.
type Form uint8

// The forms.
const (
	// ProblemForm is an RFC 9457 problem.
	ProblemForm Form = iota
	// JSONRPCForm is a JSON-RPC error.
	JSONRPCForm
	// RPCErrorForm is the same with status 200, and ToolErrorForm the result of a tool that
	// failed.
	RPCErrorForm
	ToolErrorForm
	// GRPCForm is a gRPC status and its message.
	GRPCForm
	// ConnectForm is an error of Connect.
	ConnectForm
	// ConnectProtoForm and ConnectJSONForm are the same as the end of a stream, whose
	// media type has to be the request's.
	ConnectProtoForm
	ConnectJSONForm
	// GRPCWebForm and those below are a gRPC status and its message in the headers of
	// a reply without a body, with the media type of the request.
	GRPCWebForm
	GRPCWebProtoForm
	GRPCWebJSONForm
	GRPCWebTextForm
	GRPCWebTextProtoForm

	numForms
)

// mediaTypes are those of the replies. Envoy itself names that of gRPC.
var mediaTypes = [numForms]string{
	ProblemForm:          "application/problem+json",
	JSONRPCForm:          "application/json",
	RPCErrorForm:         "application/json",
	ToolErrorForm:        "application/json",
	ConnectForm:          "application/json",
	ConnectProtoForm:     "application/connect+proto",
	ConnectJSONForm:      "application/connect+json",
	GRPCWebForm:          "application/grpc-web",
	GRPCWebProtoForm:     "application/grpc-web+proto",
	GRPCWebJSONForm:      "application/grpc-web+json",
	GRPCWebTextForm:      "application/grpc-web-text",
	GRPCWebTextProtoForm: "application/grpc-web-text+proto",
}

// MediaType returns the media type of replies of the form, or "".
func (f Form) MediaType() string {
	if f >= numForms {
		return ""
	}
	return mediaTypes[f]
}

// IsWeb tells whether it is a form of gRPC-Web. Its replies have no body, and Envoy takes
// the media type from those: it has to be added to the response.
func (f Form) IsWeb() bool { return f >= GRPCWebForm && f < numForms }

// IsConnect tells whether it is a form of Connect.
func (f Form) IsConnect() bool { return f >= ConnectForm && f <= ConnectJSONForm }

// FormOf returns the form of errors in a request's protocol: a problem for plain HTTP, and
// also for a stream of Connect whose messages are neither Protobuf nor JSON, because
// clients turn its status into an error.
func FormOf(t *request.Target, d *request.Details) Form {
	switch {
	case d.IsGRPC():
		return GRPCForm
	case d.IsConnectStream():
		return formNamed(d.ContentType, ConnectProtoForm, ConnectJSONForm, ProblemForm)
	case d.IsGRPCWeb():
		return formNamed(d.ContentType, GRPCWebForm, GRPCWebTextProtoForm, GRPCWebForm)
	case d.IsConnectUnary(t):
		return ConnectForm
	}
	return ProblemForm
}

// formNamed returns the form from first to last that has a media type, or another one.
func formNamed(mediaType string, first, last, other Form) Form {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	mediaType = ascii.TrimBlanks(mediaType)
	for f := first; f <= last; f++ {
		if strings.EqualFold(mediaType, mediaTypes[f]) {
			return f
		}
	}
	return other
}
