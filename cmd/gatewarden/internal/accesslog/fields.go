package accesslog

import (
	"fmt"
	"slices"
	"strings"
)

// field is what a line may tell.
type field uint8

const (
	fieldTime field = iota
	fieldClient
	fieldForwarded
	fieldMethod
	fieldPath
	fieldAuthority
	fieldStatus
	fieldDetails
	fieldReason
	fieldDuration
	fieldAnswered
	fieldGRPC
	fieldCredential
	fieldCredentialID
	fieldFailure
	fieldGuess
	fieldSubject
	fieldTenant
	fieldTier
	fieldScopes
	fieldCall
	fieldTool
	fieldCredits
	fields // those that --field can name

	// What the names of other proxies mean.
	fieldBegun       // a time at which the request came
	fieldEnded       // a time at which it was over
	fieldSeconds     // how long it took
	fieldNanoseconds // the same
	fieldRequest     // the request line, or an object
	fieldMessage     // what a program says of itself
	fieldErrorID     // the number of an error
	fieldHeaders     // and all above it: the headers that were asked for
)

// usual are the names by which a field is known without being told, the first one
// that a line has. They are those of envoy.yaml, then those of Istio and Envoy
// Gateway, then common ones.
// See https://istio.io/latest/docs/tasks/observability/logs/access-log/ and
// https://gateway.envoyproxy.io/docs/tasks/observability/proxy-accesslog/
var usual = [fields]struct {
	name  string
	names []string
}{
	fieldTime:         {"time", []string{"time", "start_time", "timestamp", "@timestamp", "ts"}},
	fieldClient:       {"client", []string{"client", "downstream_remote_address", "client_ip", "remote_addr", "remote_address"}},
	fieldForwarded:    {"forwarded", []string{"x_forwarded_for", "x-forwarded-for", "forwarded_for"}},
	fieldMethod:       {"method", []string{"method", "request_method"}},
	fieldPath:         {"path", []string{"path", "x-envoy-origin-path", "x_envoy_original_path", "request_path", "uri"}},
	fieldAuthority:    {"authority", []string{"authority", ":authority", "http_host"}},
	fieldStatus:       {"status", []string{"status", "response_code", "status_code"}},
	fieldDetails:      {"details", []string{"details", "response_code_details"}},
	fieldReason:       {"reason", []string{"reason"}},
	fieldDuration:     {"duration", []string{"duration_ms", "duration"}},
	fieldAnswered:     {"response_duration", []string{"response_duration_ms", "response_duration"}},
	fieldGRPC:         {"grpc_status", []string{"grpc_status", "grpc_status_number"}},
	fieldCredential:   {"credential", []string{"credential", "authorization_present"}},
	fieldCredentialID: {"credential_id", []string{"credential_id", "credential_hash"}},
	fieldFailure:      {"failure", []string{"failure"}},
	fieldGuess:        {"guess", []string{"guess"}},
	fieldSubject:      {"subject", []string{"subject"}},
	fieldTenant:       {"tenant", []string{"tenant"}},
	fieldTier:         {"tier", []string{"tier"}},
	fieldScopes:       {"scopes", []string{"scopes"}},
	fieldCall:         {"mcp_method", []string{"mcp_method"}},
	fieldTool:         {"tool", []string{"tool", "mcp_name"}},
	fieldCredits:      {"credits", []string{"credits", "cost"}},
}

// Fields knows by which name a line tells what.
type Fields struct {
	known map[string]known
	// deep are names that lead into objects.
	deep    []deep
	headers []string
	// credentials are the headers that carry one, if known.
	credentials []string
}

// SetCredentials tells which request headers carry a credential. Where a log has all
// headers of a request, it then tells whether a request had none.
func (f *Fields) SetCredentials(headers []string) { f.credentials = headers }

// foreignName is another proxy's name for a field. It is not used if the user named that
// field.
type foreignName struct {
	name      string
	is, about field
	rank      uint8
}

type known struct {
	field field
	rank  uint8 // 1 is believed first
}

type deep struct {
	path  string
	field field
}

// headerPrefix begins the name of a request header among the fields.
const headerPrefix = "header:"

// NewFields returns the usual names, and those that the user gave: "client=src_ip",
// with dots where objects are nested, and "header:x-real-ip=real_ip" for a request
// header.
func NewFields(given []string) (*Fields, error) {
	f := &Fields{known: map[string]known{}}
	taken := map[field]bool{}
	for _, text := range given {
		name, in, found := strings.Cut(text, "=")
		if !found || in == "" {
			return nil, fmt.Errorf("--field %q has no name behind an equals sign; write for example client=src_ip", text)
		}
		what, err := f.find(name)
		if err != nil {
			return nil, err
		}
		taken[what] = true
		f.known[in] = known{what, 1}
		if strings.Contains(in, ".") {
			f.deep = append(f.deep, deep{in, what})
		}
	}
	for what := range fields {
		for i, name := range usual[what].names {
			if _, given := f.known[name]; !given && !taken[what] {
				f.known[name] = known{what, uint8(i + 1)}
			}
		}
	}
	for _, names := range [...][]foreignName{nginxNames, traefikNames, messageNames} {
		for _, n := range names {
			if _, given := f.known[n.name]; !given && !taken[n.about] {
				f.known[n.name] = known{n.is, n.rank}
			}
		}
	}
	return f, nil
}

// messageNames are those of lines that a program writes about itself.
var messageNames = []foreignName{
	{"msg", fieldMessage, fieldMessage, 1}, {"message", fieldMessage, fieldMessage, 2}, {"err_id", fieldErrorID, fieldErrorID, 1},
}

func (f *Fields) find(name string) (field, error) {
	if header, is := strings.CutPrefix(name, headerPrefix); is && header != "" {
		header = strings.ToLower(header)
		i := slices.Index(f.headers, header)
		if i < 0 {
			i = len(f.headers)
			f.headers = append(f.headers, header)
		}
		if i >= maxHeaders {
			return 0, fmt.Errorf("--field %s is one header too many; at most %d can be read", name, maxHeaders)
		}
		return fieldHeaders + field(i), nil
	}
	var names []string
	for what := range fields {
		if usual[what].name == name {
			return what, nil
		}
		names = append(names, usual[what].name)
	}
	return 0, fmt.Errorf("--field %q is no field; write one of %s, or %s and the name of a request header",
		name, strings.Join(names, ", "), headerPrefix)
}

const maxHeaders = 16

// values are what a line says, each by its field.
type values struct {
	text [int(fieldHeaders) + maxHeaders]string
	rank [int(fieldHeaders) + maxHeaders]uint8

	// Times, in milliseconds since 1970, if they were read already.
	begun, answered, ended int64
	missing                Missing
	// unit reads a duration whose field name does not imply a unit.
	unit func(string) int64
	// noRequest tells whether the line is about a connection that brought no request.
	noRequest bool
}

// set notes what a line says, unless a name that is believed more said something.
func (v *values) set(k known, text string) {
	if v.rank[k.field] == 0 || k.rank < v.rank[k.field] {
		v.text[k.field], v.rank[k.field] = text, k.rank
	}
}

// told is the text of a field, "" where Envoy writes a dash for nothing.
func (v *values) told(what field) string {
	if v.text[what] == "-" {
		return ""
	}
	return v.text[what]
}
