package refusal

import (
	"encoding/binary"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/text"
)

// connectCode is what Connect calls a gRPC status, with the HTTP status that belongs to
// it.
// See https://connectrpc.com/docs/protocol#error-codes
func connectCode(grpc int) (code string, status int) {
	switch grpc {
	case GRPCInvalidArgument:
		return "invalid_argument", 400
	case GRPCPermissionDenied:
		return "permission_denied", 403
	case GRPCResourceExhausted:
		return "resource_exhausted", 429
	case GRPCFailedPrecondition:
		return "failed_precondition", 400
	case GRPCUnimplemented:
		return "unimplemented", 501
	case GRPCUnauthenticated:
		return "unauthenticated", 401
	}
	return "unavailable", 503
}

// statusIn returns the HTTP status of the refusal in a form. It is 200 for calls that
// have their outcome elsewhere in the response, as in Envoy's own gRPC replies.
func (w *Words) statusIn(f Form) int {
	switch {
	case f == ConnectForm:
		_, status := connectCode(w.GRPC)
		return status
	case f == ConnectProtoForm, f == ConnectJSONForm, f.IsWeb(), f == RPCErrorForm, f == ToolErrorForm:
		return 200
	}
	return w.Status
}

// addStatus adds the status of a call as gRPC-Web has it without a body.
func (w *Words) addStatus(headers *proxy.Headers) {
	headers.Add("grpc-status", text.Int(int64(w.GRPC)))
	headers.Add("grpc-message", percentEncode(w.Message))
}

// connect is the error of Connect, at the end of a stream in the frame that ends it.
func (w *Words) connect(f Form) []byte {
	code, _ := connectCode(w.GRPC)
	document := text.Join(`{"code":"`, code, `","message":"`, w.Message, `"}`)
	if f == ConnectForm {
		return []byte(document)
	}
	const endOfStream = 0x02
	document = text.Join(`{"error":`, document, "}")
	b := binary.BigEndian.AppendUint32([]byte{endOfStream}, uint32(len(document)))
	return append(b, document...)
}

// percentEncode encodes a message for a header.
// See https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
func percentEncode(message string) string {
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, len(message))
	for i := 0; i < len(message); i++ {
		if c := message[i]; c < ' ' || c > '~' || c == '%' {
			b = append(b, '%', digits[c>>4], digits[c&15])
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}
