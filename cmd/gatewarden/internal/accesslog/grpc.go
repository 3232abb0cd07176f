package accesslog

import (
	"strconv"
	"strings"
)

// grpcNames are the statuses by their numbers, as %GRPC_STATUS% writes them.
// See https://grpc.github.io/grpc/core/md_doc_statuscodes.html
var grpcNames = [...]string{
	"ok", "canceled", "unknown", "invalidargument", "deadlineexceeded", "notfound", "alreadyexists",
	"permissiondenied", "resourceexhausted", "failedprecondition", "aborted", "outofrange",
	"unimplemented", "internal", "unavailable", "dataloss", "unauthenticated",
}

// grpcStatus reads a status in each of the three forms that Envoy writes:
// Unauthenticated, UNAUTHENTICATED and 16.
func grpcStatus(text string) int {
	if text == "" {
		return NoGRPC
	}
	if n, err := strconv.Atoi(text); err == nil {
		return max(n, NoGRPC)
	}
	name := strings.ToLower(strings.ReplaceAll(text, "_", ""))
	for n, known := range grpcNames {
		if name == known {
			return n
		}
	}
	if name == "cancelled" {
		return 1
	}
	return NoGRPC
}
