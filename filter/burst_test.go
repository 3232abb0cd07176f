package filter

import (
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// lastGuess is a configuration in which each client has one failure.
const lastGuess = `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 1, "window": "1m"}},
	{"name": "token", "kind": "oauth-token", "match": [{"path": "/token"}], "lockout": {"failures": 1, "window": "1m"}}]}`

// attempts begins a request with each of these credentials.
func attempts(f *Filter, host *fakehost.Host, more []string, credentials ...string) (streams []*Stream) {
	for i, c := range credentials {
		host.Request = with(get("/api"), append([]string{"authorization", c}, more...)...)
		s := f.NewStream()
		s.ID = uint32(i + 1)
		s.RequestHeaders(true)
		streams = append(streams, s)
	}
	return streams
}

// TestCallsOfAttemptsThatWait holds what a wait costs: nothing while it lasts, the read of the
// counter once more when it ends. A refusal comes at the tick.
func TestCallsOfAttemptsThatWait(t *testing.T) {
	f, host := newFilter(t, lastGuess)
	all := attempts(f, host, nil, "a", "b", "c")
	const each = "request headers, property source.address, get"
	if got := taken(host); got != each+", "+each+", "+each {
		t.Errorf("to begin to wait: %s", got)
	}
	f.Tick()
	host.Response = hdr(":status", "500")
	if got := taken(host); strings.Contains(got, "get") || strings.Contains(got, "attend") {
		t.Errorf("to wait: %s", got)
	}
	all[0].ResponseHeaders(true)
	if got := taken(host); got != "response header :status, attend, get, resume" || host.Attended != 2 {
		t.Errorf("to go on: %s, stream %d", got, host.Attended)
	}
	host.Response = hdr(":status", "401")
	all[1].ResponseHeaders(true)
	if got := taken(host); got != "response header :status, now, get, set, get, set, log" { // and the register
		t.Errorf("the failure: %s", got)
	}
	f.Tick()
	if got := taken(host); !strings.HasPrefix(got, "attend, get, now, reason, now, log, reply") && !strings.HasPrefix(got, "attend, get, now, reason, log, reply") {
		t.Errorf("the refusal: %s", got)
	}
	checkOwnReply(t, host, all[2])
}

// TestWhoNeverWaits shows the credentials and the requests that are not guesses.
func TestWhoNeverWaits(t *testing.T) {
	key := keysConfig(`{"id": "ci", "sha256": "` + hashOf("k") + `"}`)
	for _, row := range []struct {
		name, json string
		waits      bool
		request    []proxy.Header
	}{
		{"a guess", lastGuess, true, with(get("/api"), "authorization", "x")},
		{"no credential", lastGuess, false, get("/api")},
		{"another surface", lastGuess, false, hdr(":method", "POST", ":path", "/token")},
		{"a preflight", lastGuess, false, hdr(":method", "OPTIONS", ":path", "/api", "origin", "https://x", "access-control-request-method", "GET")},
		{"an allowed client", `{"client": {"allow": ["192.0.2.1"]}, ` + lastGuess[1:], false, with(get("/api"), "authorization", "x")},
		{"shadow mode", strings.ReplaceAll(lastGuess, `"window"`, `"mode": "shadow", "window"`), false, with(get("/api"), "authorization", "x")},
		{"pending", strings.ReplaceAll(lastGuess, `"window"`, `"pending": 9, "window"`), false, with(get("/api"), "authorization", "x")},
		{"off", `{"burst": {"hold": "off"}, ` + lastGuess[1:], false, with(get("/api"), "authorization", "x")},
		{"an API key", strings.NewReplacer(`"require": true, `, "", `"failures": 3`, `"failures": 1`).Replace(key), false, with(get("/api"), "x-api-key", "k")},
		{"an identity that another credential has", strings.Replace(headersConfig, `"match"`, `"lockout": {"failures": 1}, "match"`, 1), true,
			with(get("/api"), "x-user-id", "alice", "x-api-key", "guess")},
	} {
		f, host := newFilter(t, row.json)
		attempts(f, host, nil, "first")
		host.Request = row.request
		s := f.NewStream()
		action := s.RequestHeaders(true)
		if got := s.waits(); got != row.waits || got != (action == proxy.PauseAll) {
			t.Errorf("%s: waits %v, action %d, %s", row.name, got, action, details(host))
		}
	}
}

// TestKnownGoodNeverWaits shows that the table is asked for the standing only before a wait.
func TestKnownGoodNeverWaits(t *testing.T) {
	f, host := newFilter(t, strings.ReplaceAll(lastGuess, `"kind": "api", "match": [{"prefix": "/api"}], "lockout": {`, `"kind": "api", "match": [{"prefix": "/api"}], "lockout": {"known_good": {"for": "1h"}, `))
	exchange(f, host, with(get("/api"), "authorization", "good"), hdr(":status", "200"))
	host.Forget()
	all := attempts(f, host, nil, "x", "good", "y")
	if all[1].waits() || !all[2].waits() {
		t.Errorf("the good one waits: %v, the other: %v", all[1].waits(), all[2].waits())
	}
	const each = "request headers, property source.address, get"
	if got := taken(host); !strings.HasPrefix(got, each+", "+each+", get") {
		t.Errorf("calls: %s", got)
	}
}

// TestStreamsAreJudgedByTheirHeaders shows that a gRPC stream makes others wait until its headers
// have come, and a token error until its body has.
func TestStreamsAreJudgedByTheirHeaders(t *testing.T) {
	f, host := newFilter(t, lastGuess)
	all := attempts(f, host, []string{"content-type", "application/grpc"}, "a", "b")
	host.Response = hdr(":status", "200", "content-type", "application/grpc")
	all[0].ResponseHeaders(false)
	if all[1].waits() {
		t.Error("the second waits for the end of the first")
	}
	host.Request = hdr(":method", "POST", ":path", "/token")
	first, second := f.NewStream(), f.NewStream()
	first.RequestHeaders(true)
	second.RequestHeaders(true)
	host.Response = hdr(":status", "400", "content-type", "application/json")
	first.ResponseHeaders(false)
	if !second.waits() {
		t.Error("the second does not wait for the error")
	}
	host.ResponseData = []byte(`{"error":"invalid_request"}`)
	first.ResponseBody(len(host.ResponseData), true)
	if second.waits() {
		t.Error("the second waits although the error has come")
	}
	if second.RequestTrailers() != proxy.Continue {
		t.Error("the second is held")
	}
}

// TestDecidedAgain shows that a request that waited is held to its quota when it goes on, and
// costs nothing while it waits.
func TestDecidedAgain(t *testing.T) {
	f, host := newFilter(t, `{"quotas": [{"name": "all", "per": ["client"], "limit": 1, "window": "1m"}], `+lastGuess[1:])
	all := attempts(f, host, nil, "a", "b")
	if !all[1].waits() || len(host.Replies) > 0 {
		t.Fatal("the second does not wait")
	}
	host.Response = hdr(":status", "500")
	all[0].ResponseHeaders(true)
	if !all[1].waits() || len(host.Replies) > 0 {
		t.Fatal("it is refused in the callback of the first")
	}
	f.Tick()
	if got := details(host); got != "gatewarden_quota_exceeded" || all[1].waits() {
		t.Errorf("at the tick: %q", got)
	}
	for _, s := range all {
		s.Done()
	}
	if attempts(f, host, nil, "c")[0].waits() {
		t.Error("it has kept a place")
	}
}
