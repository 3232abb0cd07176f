package outcome

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

func frameOf(flags byte, payload string) string {
	return string(binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(payload)))) + payload
}

var (
	aMessage  = frameOf(0, "hello")
	wrongWeb  = frameOf(0x80, "grpc-status: 16\r\ngrpc-message: no\r\n")
	rightWeb  = frameOf(0x80, "grpc-status: 0\r\n")
	wrongJSON = frameOf(2, `{"error":{"code":"unauthenticated"}}`)
	rightJSON = frameOf(2, `{}`)
	inText    = base64.StdEncoding.EncodeToString([]byte(wrongWeb))
)

func TestFramed(t *testing.T) {
	web := hdr("content-type", "application/grpc-web+proto")
	failed := []Verdict{{Judgement: Failed, Cause: report.Cause{Code: "grpc_status_16"}, Unlogged: true}}
	inHeaders := []Verdict{{Judgement: Failed, Cause: report.Cause{Code: "grpc_status_16"}}}
	refused := []Verdict{{Judgement: Failed, Cause: report.Cause{Code: "unauthenticated"}, Unlogged: true}}
	aborted := []Verdict{{Judgement: Failed, Cause: report.Cause{Code: "aborted"}}}
	accepted := []Verdict{{Judgement: Accepted}}
	const left = "downstream_remote_disconnect"
	for _, row := range []struct {
		name     string
		response []string
		chunks   []string
		end      string
		want     []Verdict
	}{
		{"wrong", nil, []string{wrongWeb}, "body", failed},
		{"wrong, in pieces", nil, []string{aMessage + wrongWeb[:3], wrongWeb[3:20], wrongWeb[20:], ""}, "body", failed},
		{"wrong, before the body's end", nil, []string{wrongWeb, ""}, left, failed},
		{"wrong, and HTTP trailers", nil, []string{wrongWeb}, "trailers", failed},
		{"wrong, in HTTP trailers", []string{"T-grpc-status", "16"}, []string{aMessage}, "trailers", inHeaders},
		{"wrong, in the headers", []string{"grpc-status", "16"}, nil, "headers", inHeaders},
		{"wrong, in the headers, and an empty body", []string{"grpc-status", "16"}, []string{""}, "body", inHeaders},
		{"right", nil, []string{aMessage, rightWeb}, "body", accepted},
		{"right, in the headers", []string{"grpc-status", "0"}, nil, "headers", accepted},
		{"right, in the headers, and an empty body", []string{"grpc-status", "0"}, []string{""}, "body", accepted},
		{"right in the headers and wrong in the body", []string{"grpc-status", "0"}, []string{wrongWeb}, "body", failed},
		{"right in the headers, and a body that does not say", []string{"grpc-status", "0"}, []string{aMessage}, "body", nil},
		{"another status", []string{"grpc-status", "7"}, []string{wrongWeb}, "body", nil},
		{"no status", nil, []string{aMessage}, "body", nil},
		{"no body", nil, nil, "headers", nil},
		{"a body that is compressed", []string{"content-encoding", "gzip"}, []string{wrongWeb}, "body", nil},
		{"a body that says it is not", []string{"content-encoding", "Identity"}, []string{wrongWeb}, "body", failed},
		{"text", []string{"content-type", "application/grpc-web-text"}, []string{inText[:5], inText[5:]}, "body", failed},
		{"a stream of Connect, wrong", []string{"content-type", "application/connect+proto"}, []string{aMessage, wrongJSON}, "body", refused},
		{"a stream of Connect, right", []string{"content-type", "application/connect+json"}, []string{aMessage + rightJSON}, "body", accepted},
		{"a stream of Connect has no status in headers", []string{"content-type", "application/connect+json", "grpc-status", "16"}, []string{rightJSON}, "body", accepted},
		{"another media type", []string{"content-type", "text/html"}, []string{wrongWeb}, "body", nil},
		{"HTTP says 401", []string{":status", "401"}, []string{aMessage}, "body", []Verdict{{Judgement: Failed, Cause: report.Cause{Status: 401}}}},
		{"HTTP says 503", []string{":status", "503"}, []string{wrongWeb}, "body", nil},
		{"the client leaves before the body", nil, nil, left, nil},
		{"the client leaves within a message", nil, []string{aMessage[:7]}, left, nil},
		{"the client leaves within the last frame", nil, []string{wrongWeb[:9]}, left, aborted},
		{"the client leaves within the last frame behind a message", nil, []string{aMessage + rightWeb[:9]}, left, nil},
		{"the service leaves within the last frame", nil, []string{wrongWeb[:9]}, "upstream_reset_after_response_started", nil},
	} {
		rule, ports := newRule(t, "rest")
		ports.response = hdr(":status", "200")
		for _, media := range [][]string{row.response, {web[0].Name, web[0].Value}} {
			for i := 0; i+1 < len(media); i += 2 {
				name, trailer := strings.CutPrefix(media[i], "T-")
				switch {
				case trailer:
					ports.trailers = hdr(name, media[i+1])
				case name == ":status":
					ports.response[0].Value = media[i+1]
				default:
					ports.response = append(ports.response, hdr(name, media[i+1])...)
				}
			}
		}
		var s State
		s.Begin(rule, true, false, false)
		s.ReadFrames()
		if got := play(&s, ports, row.chunks, row.end); !slices.Equal(got, row.want) {
			t.Errorf("%s: %+v, want %+v", row.name, got, row.want)
		}
		if s.Undecided() {
			t.Errorf("%s: still undecided", row.name)
		}
	}
}

// Without a credential a call is no failure, unless the surface counts it.
func TestFramedWithoutCredential(t *testing.T) {
	for _, row := range []struct {
		json string
		want int
	}{{"", 0}, {`, "count_anonymous": true`, 1}} {
		c := fakehost.ParseConfig(t, `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/"}], "lockout": {"failures": 3`+row.json+`}}]}`)
		for _, chunk := range []string{wrongWeb, wrongWeb[:9]} {
			ports := &fakePorts{response: hdr(":status", "200", "content-type", "application/grpc-web")}
			var s State
			s.Begin(ruleOf(t, New(c, ports), c, "rest"), false, false, false)
			s.ReadFrames()
			if got := play(&s, ports, []string{chunk}, "downstream_remote_disconnect"); len(got) != row.want {
				t.Errorf("%s: %+v", row.json, got)
			}
		}
	}
}

// A status that counts whatever the request says it is cannot be hidden behind its media type.
func TestFramedByStatus(t *testing.T) {
	c := fakehost.ParseConfig(t, `{"surfaces": [{"name": "login", "kind": "oauth-consent", "match": [{"prefix": "/"}], "lockout": {"statuses": [200, 401]}}]}`)
	for mediaType, want := range map[string]int{"text/html": 1, "": 1, "application/grpc-web": 0} {
		for _, end := range []string{"headers", "body"} {
			ports := &fakePorts{response: hdr(":status", "200", "content-type", mediaType)}
			var s State
			s.Begin(ruleOf(t, New(c, ports), c, "login"), false, false, false)
			s.ReadFrames()
			if got := play(&s, ports, nil, end); len(got) != want {
				t.Errorf("%q: %+v", mediaType, got)
			}
		}
	}
	// Nor can the error of a token endpoint.
	rule, ports := newRule(t, "token")
	for body, want := range map[string]int{`{"error":"invalid_grant"`: 1, `{}`: 0, `{"a": 1`: 0} {
		for _, end := range []string{"body", "trailers"} {
			ports.response = hdr(":status", "400", "content-type", "application/json")
			var s State
			s.Begin(rule, false, false, false)
			s.ReadFrames()
			if got := play(&s, ports, []string{body}, end); len(got) != want {
				t.Errorf("%s, %s: %+v", body, end, got)
			}
		}
	}
}

// A call costs a look at three headers, and at the pieces of the body that tell.
func TestFramedCalls(t *testing.T) {
	rule, ports := newRule(t, "rest")
	ports.response = hdr(":status", "200", "content-type", "application/grpc-web")
	long := frameOf(0, strings.Repeat("x", 100))
	var s State
	s.Begin(rule, true, false, true)
	s.ReadFrames()
	play(&s, ports, []string{long[:10], long[10:50], long[50:], rightWeb}, "body")
	want := []string{"response header content-type", "response header grpc-status", "response header content-encoding", "response body", "response body"}
	if got := ports.calls; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	// A State that judges nothing asks for nothing.
	ports.calls = nil
	s.Begin(rule, true, false, false)
	s.ReadFrames()
	s.Stop()
	if play(&s, ports, []string{wrongWeb}, "body"); len(ports.calls) != 0 {
		t.Errorf("%q", ports.calls)
	}
	// Nor does one that is stopped while it reads.
	ports.response = hdr(":status", "200", "content-type", "application/grpc-web")
	s.Begin(rule, true, false, false)
	s.ReadFrames()
	s.Headers(200, false)
	s.Stop()
	ports.body, ports.calls = wrongWeb, nil
	if v := s.Body(len(wrongWeb), true); v.Judgement != Neutral || len(ports.calls) != 0 {
		t.Errorf("%+v, %q", v, ports.calls)
	}
	// A piece that the proxy does not hand over is not guessed.
	ports.response = hdr(":status", "200", "content-type", "application/grpc-web")
	s.Begin(rule, true, false, false)
	s.ReadFrames()
	s.Headers(200, false)
	ports.body = aMessage
	if v := s.Body(len(aMessage)+1, false); v.Judgement != Neutral || s.Undecided() {
		t.Errorf("%+v", v)
	}
}
