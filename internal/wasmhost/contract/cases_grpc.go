package contract

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/gatewarden/gatewarden/internal/wasmhost/contract/script"
)

// grpcCases are unary calls. All outcomes come to the plugin, as those of HTTP calls do.
func grpcCases() []Case {
	cases := []Case{
		waiting("an answer", GRPCCluster, "Echo", "abc", []string{
			`request grpc-call OK`, `grpc-answer size=3 end=true`, `grpc-answer buffer 5 OK "bc"`, `grpc-answer get 0 :path BadArgument ""`,
			`grpc-answer attend OK`, `grpc-answer get 0 :path OK "/x"`, `grpc-answer buffer 5 OK "abc"`, `grpc-answer continue OK`,
		}, in("grpc-answer", "call"), in("grpc-answer", "buffer", "5", "1", "100"), in("grpc-answer", "get", "0", ":path"),
			in("grpc-answer", "attend"), in("grpc-answer", "get", "0", ":path"), in("grpc-answer", "buffer", "5", "0", "100"), in("grpc-answer", "continue", "0")),
		waiting("an answer without a byte", GRPCCluster, "Echo", "", []string{
			`request grpc-call OK`, `grpc-answer size=0 end=true`, `grpc-answer buffer 5 OK ""`, `grpc-answer attend OK`, `grpc-answer continue OK`,
		}, in("grpc-answer", "call"), in("grpc-answer", "buffer", "5", "0", "100"), in("grpc-answer", "attend"), in("grpc-answer", "continue", "0")),
		waiting("the server sees the authority", GRPCCluster, "Host", "", []string{
			`request grpc-call OK`, `grpc-answer buffer 5 OK "authority"`, `grpc-answer attend OK`, `grpc-answer continue OK`,
		}, in("grpc-answer", "buffer", "5", "0", "100"), in("grpc-answer", "attend"), in("grpc-answer", "continue", "0")),
		// A call to nowhere fails at once. Its outcome is reported all the same, by a number
		// that nobody was told, when the callback is over.
		one("grpc: an unknown cluster", get, report(
			`request grpc-call InternalFailure`, `grpc-stray size=14 end=true`, `grpc-stray get 0 :path BadArgument ""`, `response size=0 end=false`,
		), in("request", "grpc-call", "contract_none", "Echo", "abc"), in("grpc-stray", "call"), in("grpc-stray", "get", "0", ":path"), in("response", "call")),
		one("grpc: the stream ends before the answer", get, Want{Status: 200, Report: []string{
			`request grpc-call OK`, `log get 2 :status OK "200"`, `grpc-close size=14 end=true`, `grpc-close attend BadArgument`,
		}}, in("request", "grpc-call", GRPCCluster, "Wait", "abc"), in("log", "get", "2", ":status"), in("grpc-close", "call"), in("grpc-close", "attend")),
		failing("no server", ClosedCluster, "Echo", 14),
		failing("a server that does not speak HTTP/2", "service", "Echo", 13),
	}
	for _, method := range slices.Sorted(maps.Keys(ways)) {
		if status := ways[method].status; status != 0 {
			cases = append(cases, failing(method, GRPCCluster, method, status))
		}
	}
	return append(cases, waiting("the last of two answers counts", GRPCCluster, "Two", "abc", []string{
		`request grpc-call OK`, `grpc-answer buffer 5 OK "abc"`, `grpc-answer attend OK`, `grpc-answer continue OK`,
	}, in("grpc-answer", "buffer", "5", "0", "100"), in("grpc-answer", "attend"), in("grpc-answer", "continue", "0")))
}

// waiting is a request that waits for the outcome of a call.
func waiting(name, cluster, method, message string, report []string, steps ...script.Step) Case {
	steps = append([]script.Step{in("request", "pause-all"), in("request", "grpc-call", cluster, method, message)}, steps...)
	return one("grpc: "+name, get, Want{Status: 200, Report: report}, steps...)
}

// failing is one that ends with a status.
func failing(name, cluster, method string, status uint32) Case {
	return waiting(name+" is status "+strconv.FormatUint(uint64(status), 10), cluster, method, "abc", []string{
		`request grpc-call OK`, fmt.Sprintf(`grpc-close size=%d end=true`, status), `grpc-close buffer 5 OK ""`, `grpc-close get 0 :path BadArgument ""`,
		`grpc-close attend OK`, `grpc-close continue OK`,
	}, in("grpc-close", "call"), in("grpc-close", "buffer", "5", "0", "100"), in("grpc-close", "get", "0", ":path"),
		in("grpc-close", "attend"), in("grpc-close", "continue", "0"))
}
