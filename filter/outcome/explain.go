package outcome

import "strconv"

// IsFailure tells whether a response fails the credential of its request, for tools that
// know only how the response was logged. grpc is its gRPC status, or -1 if it is not
// gRPC. Responses that only their body tells are not failures.
func (r *Rule) IsFailure(status, grpc int, credential bool) bool {
	if grpc >= 0 && status == 200 {
		return r.judgeGRPC(strconv.Itoa(grpc), credential) == Failed
	}
	return r.judge(status, credential) == Failed
}
