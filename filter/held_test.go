package filter

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/filter/proxy"
)

// MCP clients understand only an answer with the id of their request. The headers of a
// request that would be refused are held until its body has told the id.

// TestHeldBody shows what becomes of a body that comes after held headers.
func TestHeldBody(t *testing.T) {
	const request = `{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call"}`
	const withID, withoutID = `"id":9007199254740993,`, `{"jsonrpc":"2.0","error"`
	big := request + strings.Repeat(" ", jsonrpc.MaxRequest-len(request))
	for _, row := range []struct {
		name     string
		pieces   []string
		end      bool   // with the last one
		trailers bool   // after it
		want     string // in the reply
	}{
		{"in one piece", []string{request}, true, false, withID},
		{"in pieces", []string{request[:5], request[5:30], request[30:]}, true, false, withID},
		{"with an empty last piece", []string{request, ""}, true, false, withID},
		{"before trailers", []string{request[:9], request[9:]}, false, true, withID},
		{"nothing but trailers", nil, false, true, withoutID},
		{"an empty body", []string{""}, true, false, withoutID},
		{"not JSON", []string{"xxx"}, true, false, withoutID},
		{"a notification", []string{`{"jsonrpc":"2.0","method":"x"}`}, true, false, withoutID},
		{"as long as is read", []string{big}, true, false, withID},
		{"too long", []string{big + " "}, true, false, withoutID},
		{"too long, in pieces", []string{big[:1000], big[1000:] + " ", " "}, true, false, withoutID},
		{"longer than is read, so far", []string{request[:len(request)-1] + strings.Repeat(" ", jsonrpc.MaxRequest)}, false, false, withoutID},
	} {
		for _, sized := range []bool{false, true} {
			size := len(strings.Join(row.pieces, ""))
			if sized && (size > jsonrpc.MaxRequest || size == 0) {
				continue // such a one is not held
			}
			checkHeldBody(t, row.name, row.pieces, sized, row.end, row.trailers, row.want)
		}
	}
}

// checkHeldBody sends a body with or without a known size. Only with one does the proxy
// hold all of it.
func checkHeldBody(t *testing.T, name string, pieces []string, sized, end, trailers bool, want string) {
	t.Helper()
	f, host := lockOut(t, oneFailure)
	host.Request = hdr(":method", "POST", ":path", "/mcp", "content-type", "application/json")
	if sized {
		name += ", of a known size"
		host.Request = with(host.Request, "content-length", strconv.Itoa(len(strings.Join(pieces, ""))))
	}
	s := f.NewStream()
	if s.RequestHeaders(false) != proxy.Pause || len(host.Replies) != 0 {
		t.Fatalf("%s: the headers are not held", name)
	}
	for i, piece := range pieces {
		wants := proxy.Pause
		if host.RequestData = append(host.RequestData, piece...); !sized {
			host.RequestData = []byte(piece)
		}
		got := s.RequestBody(len(host.RequestData), end && i == len(pieces)-1)
		if len(host.Replies) == 0 && !sized {
			wants = proxy.PauseStream
		}
		if got != wants {
			t.Errorf("%s: piece %d: action %d", name, i, got)
		}
	}
	if trailers && s.RequestTrailers() != proxy.Pause {
		t.Errorf("%s: trailers go on", name)
	}
	if len(host.Replies) != 1 || !bytes.Contains(host.Replies[0].Body, []byte(want)) || host.Replies[0].Status != 429 {
		t.Errorf("%s: %+v", name, host.Replies)
		return
	}
	if len(host.Reasons) != 1 {
		t.Errorf("%s: reasons %v", name, host.Reasons)
	}
	f.Flush()
	if got := host.Value(t, "gatewarden_requests_total.surface.mcp.outcome.refused"); got != 1 {
		t.Errorf("%s: %d refused", name, got)
	}
}

// TestHeldUntilFree shows that a held request goes on if the lockout has ended when its
// body arrives.
func TestHeldUntilFree(t *testing.T) {
	for _, end := range []string{"body", "trailers"} {
		f, host := lockOut(t, oneFailure)
		host.Request = hdr(":method", "POST", ":path", "/mcp", "authorization", "x")
		s := f.NewStream()
		s.RequestHeaders(false)
		host.Time += 60_000
		action := s.RequestTrailers
		if end == "body" {
			action = func() proxy.Action { return s.RequestBody(2, true) }
		}
		if action() != proxy.Continue || len(host.Replies) != 0 {
			t.Errorf("%s: %+v", end, host.Replies)
		}
		if s.RequestBody(2, true) != proxy.Continue || s.RequestTrailers() != proxy.Continue {
			t.Errorf("%s: what follows is held", end)
		}
		f.Flush()
		if got := host.Value(t, "gatewarden_requests_total.surface.mcp.outcome.passed"); got != 2 {
			t.Errorf("%s: %d requests passed, want the one that locked out and this one", end, got)
		}
		// It is judged like any other.
		host.Response = hdr(":status", "401")
		s.ResponseHeaders(true)
		f.Flush()
		if got := host.Value(t, "gatewarden_lockouts_total.surface.mcp"); got != 2 {
			t.Errorf("%s: %d lockouts", end, got)
		}
	}
}

// TestHeldOnlyWhereItHelps shows which refused requests are not held.
func TestHeldOnlyWhereItHelps(t *testing.T) {
	for _, row := range []struct {
		name    string
		json    string
		headers []proxy.Header
		end     bool
	}{
		{"no body", oneFailure, hdr(":method", "POST", ":path", "/mcp"), true},
		{"GET", oneFailure, hdr(":method", "GET", ":path", "/mcp"), false},
		{"gRPC", oneFailure, hdr(":method", "POST", ":path", "/mcp", "content-type", "application/grpc"), false},
		{"an API", oneFailure, hdr(":method", "POST", ":path", "/api"), false},
		{"a body that is too long", oneFailure, hdr(":method", "POST", ":path", "/mcp", "content-length", strconv.Itoa(jsonrpc.MaxRequest+1)), false},
		{"not in the configuration", strings.Replace(oneFailure, "true", "false", 1), hdr(":method", "POST", ":path", "/mcp"), false},
	} {
		f, host := lockOut(t, row.json)
		host.Request = row.headers
		if f.NewStream().RequestHeaders(row.end) != proxy.Pause || len(host.Replies) != 1 {
			t.Errorf("%s: not refused at once", row.name)
		}
	}
	f, host := lockOut(t, oneFailure)
	host.Request = hdr(":method", "POST", ":path", "/mcp", "content-length", strconv.Itoa(jsonrpc.MaxRequest))
	if f.NewStream().RequestHeaders(false) != proxy.Pause || len(host.Replies) != 0 {
		t.Error("a body as long as is read is not held")
	}
}

// TestHeldOverQuota shows that a request over its quota is held for its id, and goes on
// if enough is left again by then.
func TestHeldOverQuota(t *testing.T) {
	const body = `{"jsonrpc":"2.0","id":"x7","method":"tools/list"}`
	for _, later := range []int64{0, 60_000} {
		f, host := newFilter(t, strings.Replace(quotaConfig(rule("all", 1, "")), "{", `{"allow_on_headers_stop_iteration": true, `, 1))
		request := hdr(":method", "POST", ":path", "/mcp", "content-type", "application/json")
		exchange(f, host, request, hdr(":status", "200"))
		host.Request, host.RequestData = request, []byte(body)
		s := f.NewStream()
		if s.RequestHeaders(false) != proxy.Pause || len(host.Replies) != 0 {
			t.Fatal("not held")
		}
		host.Time += later
		action := s.RequestBody(len(body), true)
		if later > 0 {
			if action != proxy.Continue || len(host.Replies) != 0 || left(f, host, "/mcp", "all") != 0 {
				t.Errorf("it does not go on: %v", host.Replies)
			}
			continue
		}
		const want = `{"jsonrpc":"2.0","id":"x7","error":{"code":429,"message":"Rate limit exceeded. Try again in 60 seconds.",` +
			`"data":{"reason":"quota_exceeded","retryAfter":60}}}`
		if len(host.Replies) != 1 || string(host.Replies[0].Body) != want {
			t.Fatalf("%s", host.Replies[0].Body)
		}
		f.Flush()
		if got := host.Value(t, "gatewarden_quota_requests_total.rule.all.outcome.refused"); got != 1 {
			t.Errorf("%d refused", got)
		}
	}
}

// TestHeldForAPlace shows that a request without a place is held for its id, holds no
// place and no slot meanwhile, and goes on if a place is free by then.
func TestHeldForAPlace(t *testing.T) {
	for _, free := range []bool{false, true} {
		f, host := newFilter(t, limits(oneInAll))
		first, _ := enter(f, host, "/a")
		host.Request = hdr(":method", "POST", ":path", "/a", "content-type", "application/json", "authorization", "x")
		host.RequestData = []byte(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)
		held := f.NewStream()
		if held.RequestHeaders(false) != proxy.Pause || len(host.Replies) > 0 {
			t.Fatal("it is not held")
		}
		if n := records(host); n != 1 {
			t.Errorf("%d counters, want only that of the place that the first request holds", n)
		}
		if free {
			first.Done()
		}
		action := held.RequestBody(len(host.RequestData), true)
		f.Flush()
		if passes := action == proxy.Continue && len(host.Replies) == 0; passes != free {
			t.Errorf("passes: %v", passes)
		}
		refused := host.Value(t, "gatewarden_over_capacity_total.rule.one.outcome.refused")
		if (refused == 1) == free {
			t.Errorf("%d refused", refused)
		}
		held.Done()
		first.Done()
		if n := records(host); n != 0 {
			t.Errorf("%d counters of places and slots are left", n)
		}
	}
}

// TestResponseToAHeldRequest shows that a held request may get a response: the proxy's
// own, when the request waits for too long. It tells of no quota, because none was asked.
func TestResponseToAHeldRequest(t *testing.T) {
	const quotas = `"quotas": [{"name": "all", "per": ["client"], "limit": 5, "window": "1m"}], "surfaces"`
	for name, json := range map[string]string{
		"for its body":   strings.Replace(oneFailure, `"surfaces"`, quotas, 1),
		"for its caller": strings.Replace(askConfig("", ""), `"surfaces"`, quotas, 1),
	} {
		f, host := newFilter(t, json)
		exchange(f, host, hdr(":method", "POST", ":path", "/mcp", "authorization", "x"), hdr(":status", "401"))
		host.Request, host.Response = hdr(":method", "POST", ":path", "/mcp", "authorization", "Bearer x"), hdr(":status", "408")
		s := f.NewStream()
		if s.RequestHeaders(false) != proxy.Pause {
			t.Fatalf("%s: it is not held", name)
		}
		s.ResponseHeaders(true)
		s.Done()
		if len(host.Response) != 1 {
			t.Errorf("%s: the response is %q", name, host.Response)
		}
	}
}
