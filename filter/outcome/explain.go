package outcome

import "strconv"

// Handshakes tells whether a 401 to the request can be a step of a handshake, or say
// that its nonce is stale.
func (s *State) Handshakes() bool { return s.handshake.scheme != noScheme }

// IsFailure tells whether a response fails the credential of its request, for tools that
// know only how the response was logged. grpc is its gRPC status, or -1 if it is not
// gRPC. Responses that only a header or their body tells are not failures.
func (r *Rule) IsFailure(status, grpc int, credential bool) bool {
	if grpc >= 0 && status == 200 {
		return r.judgeGRPC(strconv.Itoa(grpc), credential) == Failed
	}
	return r.judge(status, credential) == Failed
}

// IsUndecided tells whether a header or the body of a response with this status would
// tell more.
func (r *Rule) IsUndecided(status int) bool { return r.judge(status, true) == undecided }
