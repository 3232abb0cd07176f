package outcome

import (
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// conditions returns the rule of a surface with the given kind and lockout.
func conditions(t testing.TB, kind, lockout string) (*Rule, *fakePorts) {
	t.Helper()
	c, ports := fakehost.ParseConfig(t, `{"surfaces": [{"name": "one", "kind": "`+kind+`", "match": [{"path": "/one"}], "lockout": {`+lockout+`}}]}`), &fakePorts{}
	return New(c, ports).Rule(0), ports
}

func TestConditions(t *testing.T) {
	const (
		spring  = `"failures_when": [{"status": [302], "header": {"name": "location", "contains": "/login?error"}}], "succeeded_when": [{"status": [302]}]`
		graphql = `"failures_when": [{"status": [401]}, {"status": ["2xx"], "json": {"path": ["errors", "0", "extensions", "code"], "one_of": ["UNAUTHENTICATED", "FORBIDDEN"]}}]`
		either  = `"failures_when": [{"json": {"path": ["success"], "equals": false}}], "succeeded_when": [{"status": [200], "json": {"path": ["success"], "equals": true}}]`
		all     = `"failures_when": [{"header": {"name": "x-outcome", "prefix": "bad"}, "json": {"path": ["code"], "equals": 7}}, {"header": {"name": "x-outcome", "equals": "worse"}}],
			"succeeded_when": [{"header": {"name": "set-cookie", "prefix": "session="}}]`
		unauthenticated = `{"errors":[{"message":"no","extensions":{"code":"UNAUTHENTICATED"}}],"data":null}`
	)
	long := `{"data":"` + strings.Repeat("x", maxBody) + `"}`
	for _, row := range []struct {
		name, lockout string
		response      []proxy.Header
		chunks        []string
		end           string // see play
		want          Judgement
		why           string
	}{
		{"back to the form", spring, hdr(":status", "302", "location", "http://h/login?error"), nil, "headers", Failed, "failures_when[0]"},
		{"to the page", spring, hdr(":status", "302", "location", "http://h/home"), nil, "headers", Accepted, ""},
		{"another header", spring, hdr(":status", "302", "content-location", "/login?error"), nil, "headers", Accepted, ""},
		{"another status", spring, hdr(":status", "303", "location", "/login?error"), nil, "headers", Neutral, ""},
		{"2xx is no success then", spring, hdr(":status", "200"), nil, "headers", Neutral, ""},
		{"401 is no failure then", spring, hdr(":status", "401"), nil, "headers", Neutral, ""},

		{"GraphQL, 401", graphql, hdr(":status", "401"), nil, "headers", Failed, "status_401"},
		{"GraphQL, unauthenticated", graphql, hdr(":status", "200"), []string{unauthenticated}, "body", Failed, "failures_when[1]"},
		{"GraphQL, in pieces", graphql, hdr(":status", "200"), strings.SplitAfter(unauthenticated, ""), "body", Failed, "failures_when[1]"},
		{"GraphQL, before its end", graphql, hdr(":status", "200"), []string{unauthenticated[:70], ""}, "downstream_remote_disconnect", Failed, "failures_when[1]"},
		{"GraphQL, the other one", graphql, hdr(":status", "200"), []string{`{"errors":[{"extensions":{"code":"FORBIDDEN"}}]}`}, "trailers", Failed, "failures_when[1]"},
		{"GraphQL, another error", graphql, hdr(":status", "200"), []string{`{"errors":[{"extensions":{"code":"X"}}]}`}, "body", Accepted, ""},
		{"GraphQL, the second error", graphql, hdr(":status", "200"), []string{`{"errors":[{},{"extensions":{"code":"FORBIDDEN"}}]}`}, "body", Accepted, ""},
		{"GraphQL, data", graphql, hdr(":status", "200"), []string{`{"data":{"errors":[{"extensions":{"code":"FORBIDDEN"}}]}}`}, "body", Accepted, ""},
		{"GraphQL, a page", graphql, hdr(":status", "200"), []string{`<html>`}, "body", Accepted, ""},
		{"GraphQL, 400", graphql, hdr(":status", "400"), []string{unauthenticated}, "body", Neutral, ""},
		{"GraphQL, no body", graphql, hdr(":status", "200"), nil, "headers", Neutral, ""},
		{"GraphQL, an empty body", graphql, hdr(":status", "200"), []string{""}, "body", Neutral, ""},
		{"GraphQL, compressed", graphql, hdr(":status", "200", "content-encoding", "gzip"), []string{unauthenticated}, "body", Neutral, ""},
		{"GraphQL, too long", graphql, hdr(":status", "200"), []string{long}, "body", Neutral, ""},
		{"GraphQL, long behind the error", graphql, hdr(":status", "200"), []string{unauthenticated[:len(unauthenticated)-1] + "," + long[1:]}, "body", Failed, "failures_when[1]"},
		{"GraphQL, the client left", graphql, hdr(":status", "200"), []string{unauthenticated[:20]}, "downstream_remote_disconnect", Neutral, ""},

		{"either, no", either, hdr(":status", "200"), []string{`{"success":false}`}, "body", Failed, "failures_when[0]"},
		{"either, yes", either, hdr(":status", "200"), []string{`{"success":true}`}, "body", Accepted, ""},
		{"either, a string", either, hdr(":status", "200"), []string{`{"success":"false"}`}, "body", Neutral, ""},
		{"either, neither", either, hdr(":status", "200"), []string{`{"success":null}`}, "body", Neutral, ""},
		{"either, yes with another status", either, hdr(":status", "201"), []string{`{"success":true}`}, "body", Neutral, ""},
		{"either, the client left a 403", either, hdr(":status", "403"), nil, "downstream_remote_disconnect", Failed, "aborted"},
		{"either, the service left a 403", either, hdr(":status", "403"), nil, "upstream_reset_before_response_started", Neutral, ""},
		{"only a success is in the body", `"failures_when": [{"status": [401]}], "succeeded_when": [{"json": {"path": ["a"], "equals": 1}}]`,
			hdr(":status", "403"), nil, "downstream_remote_disconnect", Neutral, ""},
		{"of two that hold, the first", `"failures_when": [{"status": [302], "header": {"name": "a", "equals": "b"}}, {"status": [302], "header": {"name": "a", "contains": "b"}}]`,
			hdr(":status", "302", "a", "b"), nil, "headers", Failed, "failures_when[0]"},
		{"either, 500", either, hdr(":status", "500"), []string{`{"success":false}`}, "body", Neutral, ""},

		{"all parts", all, hdr(":status", "200", "x-outcome", "bad luck"), []string{`{"code": 7}`}, "body", Failed, "failures_when[0]"},
		{"another number", all, hdr(":status", "200", "x-outcome", "bad luck"), []string{`{"code": 70}`}, "body", Neutral, ""},
		{"a number written otherwise", all, hdr(":status", "200", "x-outcome", "bad luck"), []string{`{"code": 7.0}`}, "body", Neutral, ""},
		{"another header", all, hdr(":status", "200", "x-outcome", "not bad"), []string{`{"code": 7}`}, "body", Neutral, ""},
		{"the header alone", all, hdr(":status", "200", "x-outcome", "worse"), nil, "headers", Failed, "failures_when[1]"},
		{"the header of another letter case", all, hdr(":status", "200", "x-outcome", "Worse"), nil, "headers", Neutral, ""},
		{"one of two lines", all, hdr(":status", "404", "set-cookie", "lang=en", "set-cookie", "session=x"), nil, "headers", Accepted, ""},
		{"a failure all the same", all, hdr(":status", "404", "set-cookie", "session=x", "x-outcome", "worse"), nil, "headers", Failed, "failures_when[1]"},
		{"a success unless the body says otherwise", all, hdr(":status", "200", "set-cookie", "session=x", "x-outcome", "bad"), []string{`{"code":8}`}, "body", Accepted, ""},
		{"the body says otherwise", all, hdr(":status", "200", "set-cookie", "session=x", "x-outcome", "bad"), []string{`{"code":7}`}, "body", Failed, "failures_when[0]"},
	} {
		rule, ports := conditions(t, "oauth-consent", row.lockout)
		ports.response = row.response
		var s State
		s.Begin(rule, false, false, false)
		verdicts := play(&s, ports, row.chunks, row.end)
		if row.want == Neutral {
			if len(verdicts) != 0 {
				t.Errorf("%s: %+v", row.name, verdicts)
			}
			continue
		}
		if len(verdicts) != 1 || verdicts[0].Judgement != row.want {
			t.Errorf("%s: %+v", row.name, verdicts)
			continue
		}
		v := verdicts[0]
		if row.want == Failed && (v.Cause.String() != row.why || v.Unlogged != strings.HasPrefix(row.why, "failures_when")) ||
			row.want == Accepted && v.Cause != (report.Cause{}) {
			t.Errorf("%s: %+v", row.name, v)
		}
		if s.Undecided() || s.reader != nil {
			t.Errorf("%s: still reading", row.name)
		}
	}
}

// A request without a credential cannot fail where that does not count, and an accepted
// OPTIONS proves nothing.
func TestConditionsAndCredentials(t *testing.T) {
	rule, ports := conditions(t, "api", `"failures_when": [{"status": [200], "json": {"path": ["a"], "equals": 1}}]`)
	ports.response = hdr(":status", "200")
	for _, row := range []struct {
		credential, options bool
		body                string
		want                int
	}{
		{true, false, `{"a":1}`, 1}, {false, false, `{"a":1}`, 0}, {true, true, `{"a":1}`, 1}, {true, true, `{"a":2}`, 0}, {true, false, `{"a":2}`, 1},
	} {
		var s State
		s.Begin(rule, row.credential, false, row.options)
		if got := play(&s, ports, []string{row.body}, "body"); len(got) != row.want {
			t.Errorf("%+v: %+v", row, got)
		}
	}
}

// The headers are asked for once, and only where a condition looks at them; the encoding
// only where a body tells.
func TestConditionsCost(t *testing.T) {
	const two = `"failures_when": [{"status": [302], "header": {"name": "a", "equals": "b"}}, {"status": [302, 303], "header": {"name": "a", "equals": "c"}},
		{"status": [200], "json": {"path": ["a"], "equals": 1}}]`
	for status, want := range map[int]string{302: "response headers", 303: "response headers", 200: "response header content-encoding", 401: "", 201: ""} {
		rule, ports := conditions(t, "oauth-consent", two)
		var s State
		s.Begin(rule, false, false, false)
		s.Headers(status, false)
		if got := strings.Join(ports.calls, ", "); got != want {
			t.Errorf("%d: %s", status, got)
		}
	}
}

// A body that could only say once more that the response is a success is not read.
func TestBodyThatIsNotNeeded(t *testing.T) {
	rule, ports := conditions(t, "oauth-consent", `"succeeded_when": [{"json": {"path": ["a"], "equals": 1}}, {"status": [302], "header": {"name": "location", "equals": "/"}}]`)
	ports.response = hdr(":status", "302", "location", "/")
	var s State
	s.Begin(rule, false, false, false)
	if v := s.Headers(302, false); v.Judgement != Accepted || s.Undecided() || strings.Join(ports.calls, ", ") != "response headers" {
		t.Errorf("%+v, %q", v, ports.calls)
	}
}

func TestUnveil(t *testing.T) {
	const body = `"failures_when": [{"json": {"path": ["a"], "equals": 1}}]`
	request := hdr(":method", "POST", "accept-encoding", "gzip", "accept", "*/*", "If_Range", "x", "if_none_match", "y", "if-modified-since", "z", "range", "bytes=9-", "if-match", "q")
	const all = "remove request header accept-encoding, remove request header if_none_match, remove request header if-modified-since, remove request header range"
	for _, row := range []struct{ kind, lockout, want string }{
		{"oauth-token", ``, all},
		{"oauth-consent", body, all},
		{"api", `"succeeded_when": [{"json": {"path": ["a"], "equals": 1}}]`, all},
		{"api", ``, ""},
		{"oauth-token", `"failures_when": [{"status": [401]}]`, ""},
	} {
		rule, ports := conditions(t, row.kind, row.lockout)
		var s State
		s.Begin(rule, true, false, false)
		s.Unveil(request)
		if got := strings.Join(ports.calls, ", "); got != row.want {
			t.Errorf("%s %s: %s", row.kind, row.lockout, got)
		}
		ports.calls = nil
		s.Stop()
		s.Unveil(request)
		if ports.calls != nil {
			t.Errorf("%s %s: %v where nothing is judged", row.kind, row.lockout, ports.calls)
		}
	}
}

// What the log has of a response tells the conditions that look at its status alone.
func TestIsFailureByConditions(t *testing.T) {
	rule, _ := conditions(t, "oauth-consent", `"failures_when": [{"status": ["4xx"]}, {"status": [302], "header": {"name": "location", "equals": "/"}}]`)
	for status, want := range map[int]bool{400: true, 401: true, 404: false, 302: false, 200: false, 500: false} {
		if got := rule.IsFailure(status, -1, false); got != want {
			t.Errorf("%d: %v", status, got)
		}
	}
}
