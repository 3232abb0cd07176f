package filter

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

const callConfig = `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 2, "mode": "%s"}}]}`

func lastFrame(flags byte, payload string) string {
	return string(binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(payload)))) + payload
}

// call passes a call through a filter, and its response, whose body comes in one piece.
func call(f *Filter, host *fakehost.Host, contentType, response string, more ...string) *Stream {
	host.Request = with(hdr(":method", "POST", ":path", "/api/pkg.Service/Method", "authorization", "Bearer x", "content-type", contentType), more...)
	host.Response, host.ResponseData = hdr(":status", "200", "content-type", contentType), []byte(response)
	s := f.NewStream()
	if s.RequestHeaders(false) == proxy.Continue {
		s.ResponseHeaders(false)
		s.ResponseBody(len(response), true)
	} else {
		host.Response = hdr(":status", "200")
		s.ResponseHeaders(true)
	}
	s.Done()
	return s
}

func TestCalls(t *testing.T) {
	const web, connect = "application/grpc-web+proto", "application/connect+json"
	wrong := map[string]string{web: lastFrame(0x80, "grpc-status: 16\r\n"), connect: lastFrame(2, `{"error":{"code":"unauthenticated"}}`)}
	right := map[string]string{web: lastFrame(0x80, "grpc-status: 0\r\n"), connect: lastFrame(2, `{}`)}
	cause := map[string]string{web: "grpc_status_16", connect: "unauthenticated"}
	for contentType := range wrong {
		f, host := newFilter(t, fmt.Sprintf(callConfig, "enforce"))
		for range 5 {
			call(f, host, contentType, right[contentType])
		}
		for range 2 {
			call(f, host, contentType, wrong[contentType])
		}
		if want := []string{cause[contentType], cause[contentType]}; !slices.Equal(host.Failures, want) || len(host.Replies) > 0 {
			t.Errorf("%s: the access log has %q, replies %+v", contentType, host.Failures, host.Replies)
		}
		host.Forget()
		call(f, host, contentType, right[contentType])
		if len(host.Replies) != 1 || host.Replies[0].Details != "gatewarden_locked_out" || host.Replies[0].Status != 200 {
			t.Fatalf("%s: %+v", contentType, host.Replies)
		}
		// Envoy makes no media type for a reply without a body.
		if got := fakehost.First(host.Response, "content-type"); contentType == web && got != web || contentType == connect && got != "" {
			t.Errorf("%s: the response has %q", contentType, got)
		}
	}
}

// TestCallsAreNotCompressed shows that the service is asked not to compress what tells how a
// call ended, and that a call that would have it compressed all the same is refused.
func TestCallsAreNotCompressed(t *testing.T) {
	const accepts = ", remove request header accept-encoding, remove request header grpc-accept-encoding, remove request header connect-accept-encoding"
	all := []string{"accept-encoding", "br", "grpc-accept-encoding", "gzip", "connect-accept-encoding", "gzip"}
	for _, row := range []struct {
		name, mode, contentType string
		more                    []string
		refused                 string
		removed                 bool
	}{
		{"gRPC-Web", "enforce", "application/grpc-web", all, "", true},
		{"a stream of Connect", "enforce", "application/connect+proto", all, "", true},
		{"a call of Connect", "enforce", "application/proto", append([]string{"connect-protocol-version", "1"}, all...), "", false},
		{"gRPC", "enforce", "application/grpc", all, "", false},
		{"gRPC compresses as it likes", "enforce", "application/grpc", []string{"grpc-encoding", "gzip"}, "", false},
		{"compressed gRPC-Web", "enforce", "application/grpc-web", append([]string{"grpc-encoding", "gzip"}, all...), "12", true},
		{"a compressed stream", "enforce", "application/connect+proto", append([]string{"connect-content-encoding", "gzip"}, all...), "12", true},
		{"not compressed", "enforce", "application/grpc-web", append([]string{"grpc-encoding", "identity"}, all...), "", true},
		{"in shadow mode", "shadow", "application/grpc-web", append([]string{"grpc-encoding", "gzip"}, all...), "", true},
		{"no lockout", "off", "application/grpc-web", append([]string{"grpc-encoding", "gzip"}, all...), "", false},
	} {
		f, host := newFilter(t, fmt.Sprintf(callConfig, row.mode))
		host.Request = with(hdr(":method", "POST", ":path", "/api/x", "authorization", "x", "content-type", row.contentType), row.more...)
		s := f.NewStream()
		action := s.RequestHeaders(false)
		got := ""
		if len(host.Replies) > 0 {
			got = fmt.Sprint(host.Replies[0].GRPC)
		}
		if got != row.refused || (action == proxy.Pause) != (row.refused != "") {
			t.Errorf("%s: refused with %q, action %d", row.name, got, action)
		}
		if shadow := strings.Contains(strings.Join(host.Log, "\n"), "shadow refusal surface=rest client=192.0.2.1 reason=malformed"); shadow != (row.mode == "shadow") {
			t.Errorf("%s: the log has %q", row.name, host.Log)
		}
		if calls := taken(host); strings.Contains(calls, accepts) != row.removed {
			t.Errorf("%s: %s", row.name, calls)
		}
	}
	// Where failures do not count, a call may be compressed. Its answer is not, if it would
	// make the credential known.
	for json, want := range map[string]string{
		`{"surfaces": [{"name": "a", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 0}}], "quotas": [` + rule("all", 9, "") + `]}`: "",
		strings.Replace(acceptedConfig, `"failures": 100`, `"failures": 0`, 1):                                                                            "remove request header accept-encoding",
	} {
		f, host := newFilter(t, json)
		host.Request = hdr(":method", "POST", ":path", "/api/x", "authorization", "Bearer x", "content-type", "application/grpc-web", "grpc-encoding", "gzip", "accept-encoding", "br")
		action := f.NewStream().RequestHeaders(false)
		if calls := taken(host); action != proxy.Continue || strings.Contains(calls, "remove") != (want != "") || !strings.Contains(calls, want) {
			t.Errorf("%s: action %d, %s", json, action, calls)
		}
	}
	// A call that cannot fail may be compressed.
	f, host := newFilter(t, fmt.Sprintf(callConfig, "enforce"))
	host.Request = hdr(":method", "POST", ":path", "/api/x", "content-type", "application/grpc-web", "grpc-encoding", "gzip")
	if f.NewStream().RequestHeaders(false) != proxy.Continue {
		t.Error("a call without a credential is refused")
	}
}

// TestPendingCalls shows that a call takes its place among the unanswered attempts until its
// last frame has come.
func TestPendingCalls(t *testing.T) {
	f, host := newFilter(t, strings.Replace(fmt.Sprintf(callConfig, "enforce"), `"failures": 2`, `"failures": 2, "pending": 1`, 1))
	host.Request = hdr(":method", "POST", ":path", "/api/x", "authorization", "x", "content-type", "application/grpc-web")
	host.Response = hdr(":status", "200", "content-type", "application/grpc-web")
	s := f.NewStream()
	s.RequestHeaders(false)
	if s.ResponseHeaders(false); !s.lockout.HoldsSlot() {
		t.Error("the place is given back with the headers")
	}
	host.ResponseData = []byte(lastFrame(0x80, "grpc-status: 0\r\n"))
	s.ResponseBody(len(host.ResponseData), true)
	if s.Done(); s.lockout.HoldsSlot() {
		t.Error("the place is not given back")
	}
}

// TestFormsOfKinds shows that a surface for MCP answers calls in their own protocol.
func TestFormsOfKinds(t *testing.T) {
	for contentType, want := range map[string]string{
		"application/json": "application/json", "application/connect+proto": "application/connect+proto", "application/connect+x": "application/json",
	} {
		f, host := newFilter(t, `{"surfaces": [{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"failures": 1}}]}`)
		request := hdr(":method", "POST", ":path", "/mcp", "authorization", "x", "content-type", contentType)
		exchange(f, host, request, hdr(":status", "401"))
		if exchange(f, host, request, nil); len(host.Replies) != 1 || fakehost.First(host.Replies[0].Headers, "content-type") != want {
			t.Errorf("%s: %+v", contentType, host.Replies)
		}
	}
}
