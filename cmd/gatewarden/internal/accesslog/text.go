package accesslog

import "strings"

// The default texts of Envoy and Istio begin alike:
//
//	[START_TIME] "METHOD PATH PROTOCOL" CODE FLAGS ...
//
// and go on, in Envoy, with
//
//	RECEIVED SENT DURATION UPSTREAM_TIME "FORWARDED_FOR" "AGENT" "ID" "AUTHORITY" "HOST"
//
// and in Istio with
//
//	DETAILS TERMINATION "TRANSPORT_FAILURE" RECEIVED SENT DURATION UPSTREAM_TIME
//	"FORWARDED_FOR" "AGENT" "ID" "AUTHORITY" "HOST" CLUSTER LOCAL LOCAL REMOTE NAME ROUTE
//
// Envoy does not escape a quote in a header. With one, the end of a field is unknown, and
// a client could write into later fields: such a line is not read.
// See https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/observability/access_log/usage#default-format-string
// and https://istio.io/latest/docs/tasks/observability/logs/access-log/#default-access-log-format
const (
	envoyQuotes = 12
	istioQuotes = 14
)

const noText = "it begins like the default text of Envoy or Istio, and goes on differently: that is [TIME] \"METHOD PATH PROTOCOL\" STATUS"

const quoteInHeader = "a quote in the path or in a header hides where the fields end in the default text of Envoy or Istio; log JSON"

// readText reads a line of a default text, and tells why it could not.
func readText(line string, v *values) (problem string) {
	rest, ok := readRequestLine(line, v)
	if !ok {
		return noText
	}
	switch strings.Count(line, `"`) {
	case envoyQuotes:
		return readEnvoy(rest, v)
	case istioQuotes:
		return readIstio(rest, v)
	}
	return quoteInHeader
}

// readRequestLine reads up to the response flags. A path has no blanks, so that it
// ends where it seems to, whatever is in it.
func readRequestLine(line string, v *values) (rest string, ok bool) {
	started, rest, ok := strings.Cut(strings.TrimPrefix(line, "["), `] "`)
	if !ok {
		return "", false
	}
	v.set(known{fieldTime, 1}, started)
	for _, what := range [...]field{fieldMethod, fieldPath} {
		var text string
		if text, rest, ok = strings.Cut(rest, " "); !ok {
			return "", false
		}
		v.set(known{what, 1}, text)
	}
	if _, rest, ok = strings.Cut(rest, `" `); !ok {
		return "", false
	}
	status, rest, ok := strings.Cut(rest, " ")
	v.set(known{fieldStatus, 1}, status)
	_, rest, _ = strings.Cut(rest, " ") // the flags
	return rest, ok
}

const fieldsMissing = "it has too few fields for the default text of Envoy or Istio"

func readEnvoy(rest string, v *values) (problem string) {
	parts := strings.SplitN(rest, " ", 5)
	if len(parts) < 5 {
		return fieldsMissing
	}
	v.set(known{fieldDuration, 1}, parts[2])
	return readForwarded(parts[4], v)
}

func readIstio(rest string, v *values) (problem string) {
	details, rest, _ := strings.Cut(rest, " ")
	v.set(known{fieldDetails, 1}, details)
	quoted := strings.SplitN(rest, `"`, 3) // behind the termination
	if len(quoted) < 3 {
		return fieldsMissing
	}
	parts := strings.SplitN(strings.TrimPrefix(quoted[2], " "), " ", 5)
	last := strings.LastIndexByte(rest, '"')
	tail := strings.Fields(rest[last+1:])
	const tailFields, remote = 6, 3
	if len(parts) < 5 || len(tail) != tailFields {
		return fieldsMissing
	}
	v.set(known{fieldDuration, 1}, parts[2])
	v.set(known{fieldClient, 1}, tail[remote])
	return readForwarded(parts[4], v)
}

// readForwarded reads the first of the quoted fields, and the host, which is the fourth.
func readForwarded(rest string, v *values) (problem string) {
	if !strings.HasPrefix(rest, `"`) {
		return fieldsMissing
	}
	const forwarded, authority = 1, 7
	quoted := strings.SplitN(rest, `"`, authority+2)
	v.set(known{fieldForwarded, 1}, quoted[forwarded])
	if len(quoted) > authority {
		v.set(known{fieldAuthority, 1}, quoted[authority])
	}
	return ""
}
