package outcome

import (
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// fakePorts is a proxy with one response. It notes the calls.
type fakePorts struct {
	response, trailers []proxy.Header
	body               string // the piece that has arrived
	details            string // of the response code
	calls              []string
}

func (p *fakePorts) ResponseHeader(name string) string {
	p.calls = append(p.calls, "response header "+name)
	return first(p.response, name)
}

func (p *fakePorts) ResponseHeaders() []proxy.Header {
	p.calls = append(p.calls, "response headers")
	return p.response
}

func (p *fakePorts) RemoveRequestHeader(name string) {
	p.calls = append(p.calls, "remove request header "+name)
}

func (p *fakePorts) ResponseTrailer(name string) string {
	p.calls = append(p.calls, "response trailer "+name)
	return first(p.trailers, name)
}

func (p *fakePorts) ResponseBody(size int) []byte {
	p.calls = append(p.calls, "response body")
	return []byte(p.body[:min(size, len(p.body))])
}

func (p *fakePorts) Property(path string) string {
	p.calls = append(p.calls, "property "+strings.ReplaceAll(path, "\x00", "."))
	if path != "response\x00code_details" {
		return ""
	}
	return p.details
}

func first(headers []proxy.Header, name string) string {
	for _, h := range headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}

// hdr is short for the many rows that need it.
var hdr = fakehost.Headers

// ruleOf returns the rule of the surface with a name.
func ruleOf(t testing.TB, room *Room, c *config.Config, surface string) *Rule {
	t.Helper()
	for i := range c.Surfaces {
		if c.Surfaces[i].Name == surface {
			return room.Rule(i)
		}
	}
	t.Fatalf("there is no surface %s", surface)
	return nil
}

// newRule returns the rule of a surface of the default configuration.
func newRule(t testing.TB, surface string) (*Rule, *fakePorts) {
	t.Helper()
	c, ports := fakehost.ParseConfig(t, ""), &fakePorts{}
	return ruleOf(t, New(c, ports), c, surface), ports
}

// play plays a whole response, and returns the verdicts that are not neutral. The body
// arrives in chunks. end is "headers", "body" or "trailers" for the part that ends the
// response, and otherwise the response code details of an abort.
func play(s *State, ports *fakePorts, chunks []string, end string) (verdicts []Verdict) {
	add := func(v Verdict) {
		if v.Judgement != Neutral {
			verdicts = append(verdicts, v)
		}
	}
	add(s.Headers(proxy.Status(first(ports.response, ":status")), end == "headers"))
	for i, chunk := range chunks {
		ports.body = chunk
		add(s.Body(len(chunk), end == "body" && i == len(chunks)-1))
	}
	switch end {
	case "trailers":
		add(s.Trailers())
		fallthrough
	case "body", "headers":
		// A client that has the whole response may leave.
		ports.details = "downstream_remote_disconnect"
	default:
		ports.details = end
	}
	add(s.Done())
	return verdicts
}

func TestGRPC(t *testing.T) {
	for _, row := range []struct {
		name     string
		grpc     bool
		response []proxy.Header
		trailers []proxy.Header
		failures int
	}{
		{"headers only", true, hdr(":status", "200", "grpc-status", "16"), nil, 1},
		{"trailers", true, hdr(":status", "200"), hdr("grpc-status", "16"), 1},
		{"both", true, hdr(":status", "200", "grpc-status", "16"), hdr("grpc-status", "16"), 1},
		{"good", true, hdr(":status", "200"), hdr("grpc-status", "0"), 0},
		{"good at first", true, hdr(":status", "200", "grpc-status", "0"), hdr("grpc-status", "16"), 0},
		{"denied", true, hdr(":status", "200"), hdr("grpc-status", "7"), 0},
		{"none", true, hdr(":status", "200"), nil, 0},
		{"HTTP 401", true, hdr(":status", "401"), nil, 1},
		{"HTTP 401 and trailers", true, hdr(":status", "401"), hdr("grpc-status", "16"), 1},
		{"HTTP 503", true, hdr(":status", "503"), hdr("grpc-status", "14"), 0},
		{"no gRPC", false, hdr(":status", "200", "grpc-status", "16"), hdr("grpc-status", "16"), 0},
		{"gRPC-Web", false, hdr(":status", "200", "grpc-status", "16"), nil, 0},
	} {
		rule, ports := newRule(t, "rest")
		ports.response, ports.trailers = row.response, row.trailers
		end, chunks := "headers", []string(nil)
		if row.trailers != nil {
			end, chunks = "trailers", []string{"12345"}
		}
		var s State
		s.Begin(rule, true, row.grpc, false)
		failures := 0
		for _, v := range play(&s, ports, chunks, end) {
			if v.Judgement == Failed {
				failures++
				if want := causeGRPC; v.Cause != want && first(row.response, ":status") == "200" || v.Unlogged {
					t.Errorf("%s: %+v", row.name, v)
				}
			}
		}
		if failures != row.failures {
			t.Errorf("%s: %d failures", row.name, failures)
		}
	}
}

func TestTokenResponse(t *testing.T) {
	jsonHeaders := func(status string, more ...string) []proxy.Header {
		return append(hdr(":status", status, "content-type", "application/json"), hdr(more...)...)
	}
	const grant, client, pending = `{"error":"invalid_grant"}`, `{"error":"invalid_client"}`, `{"error":"authorization_pending"}`
	for _, row := range []struct {
		name     string
		response []proxy.Header
		chunks   []string
		end      string // see play
		failures int
		why      string
	}{
		{"O01", jsonHeaders("400"), []string{grant}, "body", 1, "invalid_grant"},
		{"O02", jsonHeaders("400"), []string{client}, "body", 1, "invalid_client"},
		{"401", jsonHeaders("401"), []string{pending}, "body", 1, "status_401"},
		{"O03", jsonHeaders("400"), []string{pending}, "body", 0, ""},
		{"O03, slow down", jsonHeaders("400"), []string{`{"error":"slow_down"}`}, "body", 0, ""},
		{"O04", jsonHeaders("400"), []string{`{"error":"unsupported_grant_type"}`}, "body", 0, ""},
		{"in pieces", jsonHeaders("400"), []string{grant[:1], grant[1:14], grant[14:20], grant[20:]}, "body", 1, "invalid_grant"},
		{"an empty last piece", jsonHeaders("400"), []string{grant[:20], grant[20:], ""}, "body", 1, "invalid_grant"},
		{"before trailers", jsonHeaders("400"), []string{grant}, "trailers", 1, "invalid_grant"},
		{"cut off, then trailers", jsonHeaders("400"), []string{grant[:20]}, "trailers", 0, ""},
		{"cut off", jsonHeaders("400"), []string{grant[:20]}, "body", 0, ""},
		{"no body", jsonHeaders("400"), nil, "headers", 0, ""},
		{"the proxy's patience ended", jsonHeaders("400"), []string{grant[:5]}, "max_duration_timeout", 0, ""},
		{"the client broke the rules of HTTP/2", jsonHeaders("400"), []string{grant[:5]}, "downstream_local_disconnect(codec_error)", 1, "aborted"},
		{"nobody says why", jsonHeaders("400"), nil, "via_upstream", 1, "aborted"},
		{"compressed", jsonHeaders("400", "content-encoding", "gzip"), []string{grant}, "body", 0, ""},
		{"of another media type", hdr(":status", "400", "content-type", "text/html"), []string{grant}, "body", 1, "invalid_grant"},
		{"as a problem", hdr(":status", "400", "content-type", "application/problem+json"), []string{grant}, "body", 1, "invalid_grant"},
		{"without a media type", hdr(":status", "400"), []string{grant}, "body", 1, "invalid_grant"},
		{"a form", hdr(":status", "400"), []string{"error_description=%22", "x&err", "or=invalid%5fgr", "ant"}, "body", 1, "invalid_grant"},
		{"a form that ends in its trailers", hdr(":status", "400"), []string{"error=invalid_grant"}, "trailers", 1, "invalid_grant"},
		{"a form with another error", hdr(":status", "400"), []string{"error=slow_down&x=invalid_grant"}, "body", 0, ""},
		{"a page", hdr(":status", "400", "content-type", "text/html"), []string{"<a href='?x=1&error=invalid_grant&'>"}, "body", 0, ""},
		{"200", jsonHeaders("200"), []string{grant}, "body", 1, "invalid_grant"},
		{"200, as GitHub answers", hdr(":status", "200"), []string{"error=bad_verification_code&error_description=The+code+passed+is+incorrect+or+expired."}, "body", 1, "bad_verification_code"},
		{"302", jsonHeaders("302"), []string{grant}, "body", 1, "invalid_grant"},
		{"403, as Auth0 answers", jsonHeaders("403"), []string{grant}, "body", 1, "invalid_grant"},
		{"404", jsonHeaders("404"), []string{grant}, "body", 1, "invalid_grant"},
		{"429", jsonHeaders("429"), []string{grant}, "body", 1, "invalid_grant"},
		{"500", jsonHeaders("500"), []string{grant}, "body", 0, ""},
		{"the client left", jsonHeaders("400"), nil, "downstream_remote_disconnect", 1, "aborted"},
		{"the client left in between", jsonHeaders("400"), []string{grant[:5]}, "downstream_remote_disconnect", 1, "aborted"},
		{"the client left when all was read", jsonHeaders("400"), []string{pending[:len(pending)-1]}, "downstream_remote_disconnect", 0, ""},
		{"the client reset the stream", jsonHeaders("400"), nil, "http2.remote_reset", 1, "aborted"},
		{"the service left", jsonHeaders("400"), []string{grant[:5]}, "upstream_reset_after_response_started{connection_termination}", 0, ""},
		{"the service left it unfinished", jsonHeaders("400"), []string{grant[:5]}, "stream_idle_timeout", 0, ""},
		{"and for too long", jsonHeaders("400"), nil, "upstream_response_timeout", 0, ""},
		{"the client left a good one", jsonHeaders("200"), nil, "downstream_remote_disconnect", 0, ""},
		{"the client left a page", hdr(":status", "400", "content-type", "text/html"), nil, "downstream_remote_disconnect", 1, "aborted"},
		{"the client left a compressed one", hdr(":status", "400", "content-encoding", "br"), nil, "downstream_remote_disconnect", 0, ""},
	} {
		rule, ports := newRule(t, "token")
		ports.response = row.response
		var s State
		s.Begin(rule, false, false, false)
		var failed []Verdict
		for _, v := range play(&s, ports, row.chunks, row.end) {
			if v.Judgement == Failed {
				failed = append(failed, v)
			}
		}
		if len(failed) != row.failures {
			t.Errorf("%s: %d failures", row.name, len(failed))
		}
		for _, v := range failed {
			// The status does not tell the codes that are found in the body.
			if v.Cause.String() != row.why || v.Unlogged != !strings.HasPrefix(row.why, "status_") && row.why != "aborted" {
				t.Errorf("%s: %+v", row.name, v)
			}
		}
		if s.Undecided() {
			t.Errorf("%s: undecided when the stream is done", row.name)
		}
	}
}

// The filter does not copy the rest of a long body out of the proxy.
func TestTokenResponseIsReadNoFurther(t *testing.T) {
	rule, ports := newRule(t, "token")
	ports.response = hdr(":status", "400", "content-type", "application/json")
	var s State
	s.Begin(rule, false, false, false)
	s.Headers(400, false)
	ports.body = `{"error":"slow_down",`
	s.Body(len(ports.body), false)
	ports.calls = nil
	s.Body(len(ports.body), false)
	s.Trailers()
	s.Done()
	if ports.calls != nil {
		t.Errorf("%q", ports.calls)
	}
}

// The first verdict ends the wait. An accepted OPTIONS request is not a verdict.
func TestVerdicts(t *testing.T) {
	const none, accepted, failed = Neutral, Accepted, Failed
	for _, row := range []struct {
		name                      string
		surface                   string
		credential, grpc, options bool
		response, trailers        []proxy.Header
		want                      Judgement
		awaits, undecided         bool // after the headers
		calls                     string
	}{
		{"accepted", "rest", true, false, false, hdr(":status", "204"), nil, accepted, false, false, ""},
		{"failed", "rest", true, false, false, hdr(":status", "401"), nil, failed, false, false, ""},
		{"neutral", "rest", true, false, false, hdr(":status", "404"), nil, none, true, false, ""},
		{"anonymous", "rest", false, false, false, hdr(":status", "401"), nil, none, true, false, ""},
		{"accepted OPTIONS", "rest", true, false, true, hdr(":status", "204"), nil, none, true, false, ""},
		{"failed OPTIONS", "rest", true, false, true, hdr(":status", "401"), nil, failed, false, false, ""},
		{"gRPC", "rest", true, true, false, hdr(":status", "200"), hdr("grpc-status", "0"), none, true, true, "response header grpc-status"},
		{"gRPC without a message", "rest", true, true, false, hdr(":status", "200", "grpc-status", "16"), nil, failed, false, false, "response header grpc-status"},
		{"gRPC OPTIONS", "rest", true, true, true, hdr(":status", "200", "grpc-status", "0"), nil, none, true, true, "response header grpc-status"},
		{"a token error", "token", false, false, false, hdr(":status", "400", "content-type", "application/json"), nil, none, true, true,
			"response header content-encoding"},
		{"a compressed token error", "token", false, false, false, hdr(":status", "400", "content-encoding", "gzip"), nil, none, true, false,
			"response header content-encoding"},
		{"a compressed gRPC token error", "token", true, true, false, hdr(":status", "400", "content-encoding", "gzip"), nil, none, true, true,
			"response header content-encoding"},
		{"a token", "token", false, false, false, hdr(":status", "200"), nil, none, true, true, "response header content-encoding"},
		{"a token endpoint out of order", "token", false, false, false, hdr(":status", "503"), nil, none, true, false, ""},
	} {
		rule, ports := newRule(t, row.surface)
		ports.response, ports.trailers = row.response, row.trailers
		var s State
		s.Begin(rule, row.credential, row.grpc, row.options)
		if !s.Awaits() {
			t.Errorf("%s: does not await a response", row.name)
		}
		v := s.Headers(proxy.Status(first(row.response, ":status")), false)
		if v.Judgement != row.want || (v.Cause != report.Cause{}) != (row.want == failed) || s.Awaits() != row.awaits || s.Undecided() != row.undecided {
			t.Errorf("%s: %+v, awaits %v, undecided %v", row.name, v, s.Awaits(), s.Undecided())
		}
		if got := strings.Join(ports.calls, ", "); got != row.calls {
			t.Errorf("%s: %s", row.name, got)
		}
	}
}

// A token endpoint's error counts once, whatever trailers say after it.
func TestTokenErrorBeforeTrailers(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":"invalid_grant"`: "invalid_grant",
		`{"error":"slow_down"`:     "grpc_status_16",
		`{"error":"inval`:          "grpc_status_16",
	} {
		rule, ports := newRule(t, "token")
		ports.response, ports.trailers = hdr(":status", "400", "content-type", "application/json"), hdr("grpc-status", "16")
		var s State
		s.Begin(rule, true, true, false)
		verdicts := play(&s, ports, []string{body}, "trailers")
		if len(verdicts) != 1 || verdicts[0].Judgement != Failed || verdicts[0].Cause.String() != want {
			t.Errorf("%s: %+v", body, verdicts)
		}
	}
}

// The zero State judges nothing, and neither does one that was stopped.
func TestStop(t *testing.T) {
	rule, ports := newRule(t, "token")
	ports.response, ports.body = hdr(":status", "400", "content-type", "application/json"), `{"error":"invalid_grant"}`
	var zero, unguarded, stopped, late State
	unguarded.Begin(nil, true, true, false)
	stopped.Begin(rule, true, true, false)
	stopped.Stop()
	late.Begin(rule, true, false, false)
	late.Headers(400, false)
	late.Stop()
	ports.calls = nil
	for i, s := range []*State{&zero, &unguarded, &stopped, &late} {
		verdicts := []Verdict{s.Headers(401, false), s.Headers(400, false), s.Body(len(ports.body), true), s.Trailers(), s.Done(), s.Done()}
		if !slices.Equal(verdicts, make([]Verdict, len(verdicts))) || s.Awaits() || s.Undecided() || ports.calls != nil {
			t.Errorf("%d: %+v, %q", i, verdicts, ports.calls)
		}
	}
}

// The same State follows one response after another.
func TestAgain(t *testing.T) {
	rule, ports := newRule(t, "token")
	ports.response = hdr(":status", "400", "content-type", "application/json")
	var s State
	for i := 0; i < 2; i++ {
		s.Begin(rule, false, false, false)
		if verdicts := play(&s, ports, []string{`{"error":"slow_down"}`}, "body"); verdicts != nil {
			t.Errorf("%+v", verdicts)
		}
		s.Begin(rule, false, false, false)
		if verdicts := play(&s, ports, []string{`{"error":"invalid_grant"}`}, "body"); len(verdicts) != 1 {
			t.Errorf("%+v", verdicts)
		}
	}
}

func TestStateAllocatesNothing(t *testing.T) {
	rule, _ := newRule(t, "rest")
	var s State
	if n := testing.AllocsPerRun(100, func() {
		s.Begin(rule, true, false, false)
		s.Headers(200, false)
		s.Body(10, true)
		s.Done()
	}); n != 0 {
		t.Errorf("%.0f allocations", n)
	}
}

// Response code details tell only some aborts for sure.
func TestBrokeOff(t *testing.T) {
	for details, want := range map[string]bool{
		"upstream_reset_after_response_started{connection_termination}": true, "upstream_response_timeout": true, "stream_idle_timeout": true,
		"max_duration_timeout": true, "downstream_remote_disconnect": false, "http2.remote_reset": false, "via_upstream": false, "": false,
		"downstream_local_disconnect(codec_error)": false, "timeout_of_the_client": false,
	} {
		if got := brokeOff(details); got != want {
			t.Errorf("%q broke off: %v", details, got)
		}
	}
}
