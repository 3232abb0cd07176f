package filter

import (
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// The hall holds an MCP request until its body was read, and only then decides about limits.

// callsConfig reads the calls of the MCP server behind a gateway that verifies callers.
func callsConfig(more string) string {
	return `{"allow_on_headers_stop_iteration": true,
		"identity": [{"source": "headers", "subject": "x-user-id", "tier": "x-tier", "scopes": "x-scopes"}],
		"surfaces": [{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"failures": 2, "window": "1m"` + more + `}}],
		"mcp": {"max_body": 131072, "tiers": ["pro"], "tools": [{"name": "free", "scopes": []}, {"name": "paid", "scopes": ["generate"], "tier": "pro"}]}}`
}

// unstopped returns a configuration for a proxy that cannot hold headers.
func unstopped(json string) string {
	return strings.Replace(json, `"allow_on_headers_stop_iteration": true`, `"allow_on_headers_stop_iteration": false`, 1)
}

func callOf(tool string) string {
	return `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"` + tool + `"}}`
}

// posted returns the headers of an MCP request of a known or an unknown length.
func posted(length int, more ...string) []proxy.Header {
	headers := hdr(":method", "POST", ":path", "/mcp", "content-type", "application/json", "x-user-id", "alice", "x-scopes", "generate")
	if length > 0 {
		headers = with(headers, "content-length", strconv.Itoa(length))
	}
	return with(headers, more...)
}

// feed passes the pieces of a body to a stream, as the proxy does: all of it so far if its
// length is known, and each piece once otherwise. It returns the last action.
func feed(host *fakehost.Host, s *Stream, sized, trailers bool, pieces ...string) (action proxy.Action) {
	for i, piece := range pieces {
		if host.RequestData = append(host.RequestData, piece...); !sized {
			host.RequestData = []byte(piece)
		}
		action = s.RequestBody(len(host.RequestData), i == len(pieces)-1 && !trailers)
	}
	if trailers {
		action = s.RequestTrailers()
	}
	return action
}

// TestCallIsRead: where headers can be held, none of the request goes on before all of its
// body was read; otherwise, none of its body does.
func TestCallIsRead(t *testing.T) {
	long := strings.Replace(callOf("free"), "{", "{"+strings.Repeat(" ", 131072-len(callOf("free"))), 1)
	for _, row := range []struct {
		name, body, tier, want string
	}{
		{"for everybody", callOf("free"), "", ""},
		{"for some", callOf("paid"), "pro", ""},
		{"for others", callOf("paid"), "", "403 tier_denied"},
		{"malformed", callOf("paid")[1:], "pro", "400 malformed"},
		{"nothing", "", "pro", "400 malformed"},
		{"as long as is read", long, "", ""},
		{"too long", long + " ", "", "413 malformed"},
		{"far too long", long + strings.Repeat(" ", 100), "", "413 malformed"},
	} {
		for _, stops := range []bool{false, true} {
			for _, sized := range []bool{false, true} {
				for _, trailers := range []bool{false, true} {
					if sized && row.body == "" {
						continue
					}
					name := row.name + ", stops " + strconv.FormatBool(stops) + ", sized " + strconv.FormatBool(sized) + ", trailers " + strconv.FormatBool(trailers)
					json := callsConfig("")
					if !stops {
						json = unstopped(json)
					}
					checkCallIsRead(t, name, json, row.body, row.tier, row.want, sized, trailers)
				}
			}
		}
	}
}

func checkCallIsRead(t *testing.T, name, json, body, tier, want string, sized, trailers bool) {
	t.Helper()
	f, host := newFilter(t, json)
	length := 0
	if sized {
		length = len(body)
	}
	host.Request = posted(length, "x-tier", tier)
	s := f.NewStream()
	first := s.RequestHeaders(false)
	switch stops := json != unstopped(json); {
	case sized && strings.HasPrefix(want, "413") && len(host.Replies) == 1:
		return // at once: its length is told
	case len(host.Replies) > 0 || (first == proxy.Pause) != stops || first != proxy.Pause && first != proxy.Continue:
		t.Errorf("%s: headers: action %d, replies %d", name, first, len(host.Replies))
	}
	half := len(body) / 2
	if half > 0 {
		if action := s.RequestBody(feedSize(host, body[:half]), false); action == proxy.Continue {
			t.Errorf("%s: the first half of the body goes on", name)
		}
		if !sized {
			host.RequestData = nil
		}
	}
	action := feed(host, s, sized, trailers, body[half:])
	got := ""
	if len(host.Replies) > 0 {
		got = status(host) + " " + strings.TrimPrefix(details(host), "gatewarden_")
	}
	if got != want || (action == proxy.Continue) != (want == "") || len(host.Replies) > 1 {
		t.Errorf("%s: %q, action %d, want %q", name, got, action, want)
	}
	if want == "403 tier_denied" && !strings.Contains(string(host.Replies[0].Body), `"id":7,`) {
		t.Errorf("%s: the refusal is %s", name, host.Replies[0].Body)
	}
	outcome := "passed"
	if want != "" {
		outcome = "refused"
		checkOwnReply(t, forgotten(host), s)
	}
	if got := sum(t, host, "gatewarden_requests_total.surface.mcp.outcome."+outcome, f); got != 1 {
		t.Errorf("%s: %d %s", name, got, outcome)
	}
}

func feedSize(host *fakehost.Host, piece string) int {
	host.RequestData = []byte(piece)
	return len(piece)
}

func forgotten(host *fakehost.Host) *fakehost.Host {
	host.Forget()
	return host
}

// TestSmallBodies: more is read for the id of a request than a call may have.
func TestSmallBodies(t *testing.T) {
	json := strings.Replace(callsConfig(""), "131072", "1024", 1)
	body := strings.Replace(callOf("free"), "{", "{"+strings.Repeat(" ", 1024), 1)
	for _, length := range []int{0, len(body)} {
		f, host := newFilter(t, json)
		form(f, host, posted(length), body, hdr(":status", "200"))
		if status(host) != "413" || !strings.Contains(string(host.Replies[0].Body), `"id":7,`) {
			t.Errorf("of a told length of %d: %q", length, status(host))
		}
	}
}

// TestWhichID: nobody knows the id of a request that can be read in two ways.
func TestWhichID(t *testing.T) {
	for body, named := range map[string]bool{
		`{"id":7,"id":8,"method":"ping"}`: false, `{"id":7,"method":"ping","Method":"x"}`: false, `{"id":7,"method":"tools/call"}`: true, callOf("paid"): true,
	} {
		f, host := newFilter(t, callsConfig(""))
		form(f, host, posted(0), body, nil)
		if len(host.Replies) != 1 || strings.Contains(string(host.Replies[0].Body), `"id":`) != named {
			t.Errorf("%s: %s", body, host.Replies[0].Body)
		}
	}
}

// TestCallOfALockedOutClient: its body is read for the id alone.
func TestCallOfALockedOutClient(t *testing.T) {
	for _, stops := range []bool{false, true} {
		json := callsConfig("")
		if !stops {
			json = unstopped(json)
		}
		f, host := newFilter(t, json)
		for range 2 {
			exchange(f, host, posted(0, "authorization", "x"), hdr(":status", "401"))
		}
		host.Request = posted(0, "authorization", "y", "content-type", "text/plain", "mcp-protocol-version", "x")
		s := f.NewStream()
		s.RequestHeaders(false)
		if replied := len(host.Replies) == 1; replied == stops {
			t.Fatalf("stops %v: replied at once: %v", stops, replied)
		}
		if stops {
			feed(host, s, false, false, callOf("paid")[:9], callOf("paid")[9:])
		}
		if status(host) != "429" || strings.Contains(string(host.Replies[0].Body), `"id":7,`) != stops && stops {
			t.Errorf("stops %v: %s %s", stops, status(host), host.Replies[0].Body)
		}
		if got := sum(t, host, "gatewarden_rate_limited_requests_total.surface.mcp.reason.malformed", f); got != 0 {
			t.Errorf("stops %v: %d malformed", stops, got)
		}
	}
}

// TestCallsAreNoFailures: a refusal for a call counts no failure, and leaves nothing behind.
func TestCallsAreNoFailures(t *testing.T) {
	json := strings.Replace(callsConfig(`, "pending": 1`), `"mcp": {`, `"concurrency": [{"name": "all", "per": "all", "limit": 1}],
		"quotas": [{"name": "all", "per": ["client"], "limit": 5, "window": "1m"}], "mcp": {`, 1)
	f, host := newFilter(t, json)
	for _, body := range []string{callOf("paid"), "[", callOf("free") + "x"} {
		for range 5 {
			form(f, host, posted(0, "authorization", "x"), body, hdr(":status", "200"))
		}
	}
	for range 5 { // none of them holds a slot until it is done
		host.Request, host.RequestData = posted(0, "authorization", "x"), nil
		s := f.NewStream()
		s.RequestHeaders(false)
		feed(host, s, false, false, callOf("paid"))
	}
	for _, reply := range host.Replies[15:] {
		if reply.Status != 403 {
			t.Errorf("a request beside refused ones: %d", reply.Status)
		}
	}
	if len(host.Replies) != 20 || records(host) != 0 {
		t.Errorf("%d refusals leave %d counters", len(host.Replies), records(host))
	}
	if n := left(f, host, "/mcp", "all"); n != 5 {
		t.Errorf("%d of 5 are left", n)
	}
	host.Replies = nil
	for want := uint32(4); want > 0; want-- {
		form(f, host, posted(0), callOf("free"), hdr(":status", "200"))
		quotas := quotasOf(f, host, posted(0))
		if len(quotas) != 1 || len(host.Replies) > 0 {
			t.Fatalf("%+v, replies %d", quotas, len(host.Replies))
		}
		if now := quotas[0].Left; now != want {
			t.Errorf("%d are left, want %d: a held request is charged once", now, want)
		}
	}
}

// TestCallOfATokenThatIsAskedAbout: where headers can be held, the body is read first and
// then the server asked; otherwise, the server is asked first.
func TestCallOfATokenThatIsAskedAbout(t *testing.T) {
	const mcp = `"mcp": {"tools": [{"name": "free", "scopes": []}, {"name": "paid", "scopes": ["generate"]}]}, "surfaces"`
	for _, row := range []struct{ name, tool, answer, want string }{
		{"allowed", "paid", `{"active":true,"sub":"alice","scope":"generate"}`, ""},
		{"without the scope", "paid", `{"active":true,"sub":"alice","scope":"query"}`, "403"},
		{"nobody", "paid", `{"active":false}`, "401"},
		{"nobody, for whom the surface is not", "free", `{"active":false}`, "401"},
		{"malformed", `x","name":"y`, `{"active":true,"sub":"alice","scope":"generate"}`, "400"},
	} {
		for _, stops := range []bool{false, true} {
			json := strings.Replace(askConfig("", ""), `"surfaces"`, mcp, 1)
			if !stops {
				json = unstopped(json)
			}
			f, host := newAsker(t, json)
			body := callOf(row.tool)
			host.Request = hdr(":method", "POST", ":path", "/mcp", "content-type", "application/json", "authorization", "Bearer t")
			s := f.NewStream()
			lastStream++
			s.ID = lastStream
			action := s.RequestHeaders(false)
			if asked := len(host.Sent) == 1; asked == stops || (action == proxy.PauseAll) == stops {
				t.Fatalf("%s, stops %v: action %d, %d calls", row.name, stops, action, len(host.Sent))
			}
			if stops {
				action = feed(host, s, false, false, body[:20], body[20:])
				if waits := s.identity.Waits(); !waits || action != proxy.PauseStream {
					t.Fatalf("%s: waits %v, action %d", row.name, waits, action)
				}
			}
			if s.identity.Waits() {
				answered(f, host, "200", row.answer)
			}
			if !stops && len(host.Replies) == 0 {
				action = feed(host, s, false, false, body[:20], body[20:])
			}
			passed := action == proxy.Continue || stops && len(host.Resumed) == 1
			if got := status(host); got != row.want || passed != (row.want == "") && len(host.Replies) == 0 {
				t.Errorf("%s, stops %v: %q, passed %v, want %q", row.name, stops, got, passed, row.want)
			}
			s.Done()
		}
	}
}

// TestPreflightsAreNotRead: a browser asks for the method with an empty hand.
func TestPreflightsAreNotRead(t *testing.T) {
	for path, more := range map[string][]string{"/mcp": nil, "/mcp?api_key=k": nil} {
		f, host := newFilter(t, callsConfig(""))
		request := with(preflightOf(path, more...), "mcp-protocol-version", "no version")
		host.Request = request
		if action := f.NewStream().RequestHeaders(false); action != proxy.Continue || len(host.Replies) > 0 {
			t.Errorf("%s: action %d, %d replies", path, action, len(host.Replies))
		}
	}
	// With another method, it is none.
	f, host := newFilter(t, callsConfig(""))
	host.Request = with(preflightOf("/mcp", "x-http-method-override", "POST"), "mcp-protocol-version", "no version")
	if f.NewStream().RequestHeaders(false); status(host) != "400" {
		t.Errorf("an overridden one: %q", status(host))
	}
}

// TestCallBesideAnAccount: the body is read for both.
func TestCallBesideAnAccount(t *testing.T) {
	for _, sized := range []bool{false, true} {
		json := callsConfig(`, "count_anonymous": true, "keys": [{"per": ["account"], "failures": 1, "action": "lock"}]`)
		f, host := newFilter(t, json)
		body := strings.Replace(callOf("free"), "{", `{"username":"bob",`, 1)
		for i, want := range []string{"", "429"} {
			host.Request, host.RequestData, host.Replies = posted(0), nil, nil
			if sized {
				host.Request = posted(len(body))
			}
			s := f.NewStream()
			if s.RequestHeaders(false) != proxy.Pause {
				t.Fatalf("sized %v: not held", sized)
			}
			feed(host, s, true, false, body[:12], body[12:]) // read for an account, all of it stays at hand
			if got := status(host); got != want {
				t.Errorf("sized %v: request %d: %q, want %q", sized, i, got, want)
			}
			host.Response = hdr(":status", "401")
			s.ResponseHeaders(true)
			s.Done()
		}
		host.Request, host.RequestData, host.Replies = posted(0), nil, nil
		s := f.NewStream()
		s.RequestHeaders(false)
		feed(host, s, true, false, strings.Replace(callOf("paid"), "{", `{"username":"eve",`, 1))
		if status(host) != "403" {
			t.Errorf("sized %v: a call that is not allowed: %q", sized, status(host))
		}
	}
}

// TestOperationsNeedIdentities: an operation is for nobody without an identity, although
// the surface does not require one.
func TestOperationsNeedIdentities(t *testing.T) {
	json := strings.Replace(headersConfig, `"surfaces"`, `"scopes": {"operations": [{"path": "/api/open", "scopes": []}, {"prefix": "/api", "scopes": ["read"]}]}, "surfaces"`, 1)
	for _, row := range []struct {
		path, want string
		headers    []string
	}{
		{"/api/open", "", nil}, {"/api/x", "401", nil}, {"/api/x", "401", []string{"x-scopes", "read"}},
		{"/api/x", "403", []string{"x-user-id", "alice"}}, {"/api/x", "", []string{"x-user-id", "alice", "x-scopes", "read"}},
		{"/api/x", "403", []string{"x-user-id", "alice", "x-scopes", "Read"}},
	} {
		f, host := newFilter(t, json)
		for range 25 { // more than the failures that lock out
			ask(f, host, with(get(row.path), row.headers...))
		}
		for _, reply := range host.Replies {
			if got := strconv.Itoa(reply.Status); got != row.want {
				t.Fatalf("%s %q: %s, want %s", row.path, row.headers, got, row.want)
			}
		}
		if (len(host.Replies) > 0) != (row.want != "") {
			t.Errorf("%s %q: %d refusals", row.path, row.headers, len(host.Replies))
		}
	}
}
