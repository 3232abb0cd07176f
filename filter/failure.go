package filter

import (
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/config"
)

// judgement is what a response says about the credential of its request.
type judgement uint8

const (
	// neutral says nothing: neither counted nor taken as a success.
	neutral judgement = iota
	// accepted says that the credential was good.
	accepted
	// failed says that it was wrong.
	failed
	// undecided says that the body will tell (token endpoint).
	undecided
)

// judge looks at a response's status. credential tells whether the request
// presented one: a 401 without is how OAuth discovery begins, not a failure.
func judge(s *surface, status int, credential bool) judgement {
	switch s.Kind {
	case config.KindOAuthToken:
		if status == 400 {
			return undecided
		}
	case config.KindAPI, config.KindMCP:
		if !credential && !s.Lockout.CountAnonymous {
			return neutral
		}
	}
	for _, listed := range s.Lockout.Statuses {
		if status == listed {
			return failed
		}
	}
	if status >= 200 && status < 300 {
		return accepted
	}
	return neutral
}

// unauthenticated is the gRPC status code UNAUTHENTICATED as it stands in a header.
// See https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
const unauthenticated = "16"

// judgeGRPC looks at the status of a gRPC response, which comes with its
// headers when there is no message and with its trailers otherwise.
func judgeGRPC(s *surface, status string, credential bool) judgement {
	if !credential && !s.Lockout.CountAnonymous {
		return neutral
	}
	switch status {
	case unauthenticated:
		return failed
	case "0":
		return accepted
	}
	return neutral
}

func isGRPC(contentType string) bool {
	const grpc = "application/grpc"
	return strings.HasPrefix(contentType, grpc) &&
		(len(contentType) == len(grpc) || strings.IndexByte("+; ", contentType[len(grpc)]) >= 0)
}

// countsTokenError tells whether an error code of the token endpoint (RFC 6749
// section 5.2) says that a credential was wrong. All others speak of the
// request, or ask the client to go on polling (RFC 8628 section 3.5).
func countsTokenError(code string) bool {
	return code == "invalid_client" || code == "invalid_grant"
}

// isReadableJSON tells whether a response's body is JSON that can be read as it
// passes. A compressed one cannot: judging it would need it whole.
func isReadableJSON(contentType, contentEncoding string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	mediaType = strings.Trim(mediaType, " \t")
	return (contentEncoding == "" || strings.EqualFold(contentEncoding, "identity")) &&
		strings.EqualFold(mediaType, "application/json")
}

// parseStatus reads a :status, 0 if there is none.
func parseStatus(s string) int {
	status, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return status
}
