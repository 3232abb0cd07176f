package filter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/quota"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// quotasOf returns how the quotas concern a request without an identity.
func quotasOf(f *Filter, host *fakehost.Host, headers []proxy.Header) []quota.View {
	t, _ := request.Read(headers)
	surface, _ := f.route.Route(&t)
	if surface < 0 {
		return nil
	}
	client := f.client.Find(headers)
	return f.quota.Explain(surface, &t, 0, &client, &caller.Identity{}, host.Time, false)
}

// left returns how much of a quota is left for a client without an identity.
func left(f *Filter, host *fakehost.Host, path, name string) uint32 {
	for i, v := range quotasOf(f, host, hdr(":method", "POST", ":path", path)) {
		if f.config.Quotas[i].Name == name {
			return v.Left
		}
	}
	return 1<<32 - 1
}

// TestWhichRulesHold shows that a quota holds for a request if one reading leads to it,
// and overrides another quota only if all readings do.
func TestWhichRulesHold(t *testing.T) {
	f, host := newFilter(t, quotaConfig(
		rule("all", 60, ""),
		rule("rest", 60, `, "surfaces": ["rest"]`),
		rule("batch", 60, `, "paths": [{"path": "/api/batch"}, {"prefix": "/mcp/batch"}], "cost": [{"path": "/api/batch", "methods": ["POST"], "cost": 5}, {"path": "/api/batch", "methods": ["GET"], "cost": 0}], "overrides": ["all"]`),
		rule("writes", 60, `, "methods": ["PUT"], "overrides": ["rest"]`),
		rule("nightly", 60, `, "paths": [{"path": "/api/batch/nightly"}], "overrides": ["late"]`),
		rule("late", 60, `, "paths": [{"prefix": "/api/batch/nightly"}], "overrides": ["all"]`),
		rule("watching", 60, `, "paths": [{"path": "/api/watched"}], "overrides": ["all", "rest"], "mode": "shadow"`),
		rule("zero", 0, `, "overrides": ["all"]`),
		rule("off", 60, `, "overrides": ["all"], "mode": "off"`),
	))
	counts := func() (list []uint64) {
		f.Flush()
		for i := range f.config.Quotas {
			n := uint64(0)
			name := "gatewarden_quota_requests_total.rule." + f.config.Quotas[i].Name + ".outcome.admitted"
			if slices.Contains(host.Names, "counter "+name) {
				n = host.Value(t, name)
			}
			list = append(list, n)
		}
		return list
	}
	for _, row := range []struct{ request, want string }{
		{"GET /mcp", "all"},
		{"GET /api/x", "all rest"},
		{"POST /api/batch", "rest batch*5"},
		{"GET /api/batch", "rest batch*0"},
		{"HEAD /api/batch", "rest batch*0"},
		{"DELETE /api/batch", "rest batch"},
		{"GET /mcp/batch/x", "batch"},
		{"GET /mcp/batches", "all"},
		{"PUT /api/x", "all writes"},
		{"HEAD /api/x", "all rest"},
		// A path that resembles the quota's path belongs to the quota, and to all others.
		{"POST /api/%62atch", "rest batch*5"},
		{"POST /API/Batch", "all rest batch*5"},
		{"POST /api/batch/", "all rest batch*5"},
		{"POST /api/x/..%2fbatch", "all rest batch*5"},
		{"POST /api/batch;x=1", "all rest batch*5"},
		{"POST /mcp/batch/../x", "all batch"},
		{"POST /api/batch/../x", "all rest"},
		// A header for another method has the same effect.
		{"GET /api/batch x-http-method-override:POST", "rest batch*5"},
		{"POST /api/batch x-http-method-override:GET", "rest batch*5"},
		{"POST /api/x x-method-override:PUT", "all rest writes"},
		{"PUT /api/x x-method-override:GET", "all rest writes"},
		// An overridden quota still overrides others.
		{"GET /api/batch/nightly", "rest nightly"},
		{"GET /api/batch/nightly/x", "rest late"},
		// A quota in shadow mode overrides nothing.
		{"GET /api/watched", "all rest watching"},
		{"GET /elsewhere", ""},
	} {
		parts := strings.Fields(row.request)
		request := hdr(":method", parts[0], ":path", parts[1])
		for _, header := range parts[2:] {
			name, value, _ := strings.Cut(header, ":")
			request = append(request, proxy.Header{Name: name, Value: value})
		}
		admitted, before := counts(), quotasOf(f, host, request)
		ask(f, host, request)
		after := quotasOf(f, host, request)
		var got []string
		for i, count := range counts() {
			if count == admitted[i] {
				continue
			}
			name := f.config.Quotas[i].Name
			if cost := before[i].Left - after[i].Left; cost != 1 {
				name += "*" + strconv.Itoa(int(cost))
			}
			got = append(got, name)
		}
		if strings.Join(got, " ") != row.want {
			t.Errorf("%s: %q, want %q", row.request, strings.Join(got, " "), row.want)
		}
	}
}

// TestPreflightIsNotCharged shows that a preflight pays nothing, and that its response tells
// of no quota.
func TestPreflightIsNotCharged(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("all", 1, "")))
	preflight := hdr(":method", "OPTIONS", ":path", "/api/x", "origin", "https://x", "access-control-request-method", "GET")
	for range 3 {
		ask(f, host, preflight)
	}
	if got := taken(host); strings.Count(got, "get") != 0 || strings.Contains(got, "add") {
		t.Errorf("%s", got)
	}
	ask(f, host, hdr(":method", "OPTIONS", ":path", "/api/x"))
	ask(f, host, with(preflight, "authorization", "x"))
	if len(host.Replies) != 1 {
		t.Error("a request that is not a preflight is not limited")
	}
}

// TestPreflightsAskForNoOtherMethod shows that a request with a header for another method is
// no preflight. No browser sends one, and a service that obeys the header would see a request
// that is free of charge and of lockouts.
func TestPreflightsAskForNoOtherMethod(t *testing.T) {
	preflight := []string{":method", "OPTIONS", ":path", "/api", "origin", "https://app.example", "access-control-request-method", "POST"}
	for _, row := range []struct {
		header  string
		refused int
	}{
		{"", 0}, {"x-http-method-override", 2}, {"x-http-method", 2}, {"x_method_override", 2},
	} {
		f, host := newFilter(t, quotaConfig(rule("all", 1, "")))
		request := preflight
		if row.header != "" {
			request = append(request, row.header, "POST")
		}
		for range 3 {
			ask(f, host, hdr(request...))
		}
		if len(host.Replies) != row.refused {
			t.Errorf("%q: %d refused, want %d", row.header, len(host.Replies), row.refused)
		}
	}
}

// TestLockoutComesFirst shows that a client that is locked out pays nothing, and that a
// request over its quota is no failure.
func TestLockoutComesFirst(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("all", 5, "")))
	bad := with(get("/api"), "authorization", "x")
	for range 3 {
		exchange(f, host, bad, hdr(":status", "401"))
	}
	for range 9 {
		exchange(f, host, bad, hdr(":status", "401"))
	}
	if got := left(f, host, "/api", "all"); got != 2 || len(host.Replies) != 9 {
		t.Fatalf("%d left, %d refused", got, len(host.Replies))
	}
	for _, r := range host.Replies {
		if r.Details != "gatewarden_locked_out" {
			t.Errorf("%s", r.Details)
		}
	}
	host.Time += 60_000
	host.Forget()
	for range 5 {
		exchange(f, host, get("/api"), hdr(":status", "200"))
	}
	for range 9 {
		exchange(f, host, bad, hdr(":status", "401"))
	}
	for _, r := range host.Replies {
		if r.Details != "gatewarden_quota_exceeded" {
			t.Errorf("%s", r.Details)
		}
	}
	f.Flush()
	if got := host.Value(t, "gatewarden_auth_failures_total.surface.rest"); got != 3 {
		t.Errorf("%d failures", got)
	}
}

// TestAllowedClientsHaveQuotas shows that quotas hold for clients on the allow list, too.
func TestAllowedClientsHaveQuotas(t *testing.T) {
	f, host := newFilter(t, strings.Replace(quotaConfig(rule("all", 1, "")), "{", `{"client": {"allow": ["192.0.2.0/24"]}, `, 1))
	for range 2 {
		exchange(f, host, get("/api"), hdr(":status", "401"))
	}
	if len(host.Replies) != 1 || host.Replies[0].Details != "gatewarden_quota_exceeded" {
		t.Errorf("%v", host.Replies)
	}
}

// TestOverQuotaIsNotPending shows that a request over its quota takes no slot of the
// attempts that may be pending.
func TestOverQuotaIsNotPending(t *testing.T) {
	f, host := newFilter(t, `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}],
		"lockout": {"failures": 2, "pending": 1}}],
		"quotas": [{"name": "reads", "per": ["client"], "limit": 1, "window": "1m", "methods": ["GET"]}]}`)
	attempt := func(method string) []proxy.Header {
		return hdr(":method", method, ":path", "/api", "authorization", "x")
	}
	host.Request = attempt("GET")
	f.NewStream().RequestHeaders(true) // it has no response yet
	for range 10 {
		exchange(f, host, attempt("GET"), nil)
	}
	if len(host.Replies) != 10 {
		t.Fatalf("%d refused", len(host.Replies))
	}
	if exchange(f, host, attempt("POST"), hdr(":status", "200")); len(host.Replies) != 10 {
		t.Errorf("%+v", host.Replies[10])
	}
}

// TestOverQuotaTakesNoTurn shows that a request over its quota takes no turn at an account,
// so that it keeps nobody from the account, and that its client is told of the quota, whether
// its headers were held or not.
func TestOverQuotaTakesNoTurn(t *testing.T) {
	for _, hold := range []string{"false", "true"} {
		f, host := newFilter(t, `{"allow_on_headers_stop_iteration": `+hold+`, "surfaces": [{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}],
			"lockout": {"keys": [{"per": ["account"], "failures": 1}]}}],
			"quotas": [`+rule("all", 1, "")+`]}`)
		attempt := func(address string) (details string) {
			host.Forget()
			from(host, address)
			host.Request = hdr(":method", "POST", ":path", "/mcp", "authorization", basic("ann", "x"))
			host.Response, host.RequestData = hdr(":status", "401"), []byte("{}")
			s := f.NewStream()
			if action := s.RequestHeaders(false); action == proxy.Continue || hold == "true" && len(host.Replies) == 0 {
				s.RequestBody(2, true)
			}
			if len(host.Replies) > 0 {
				return host.Replies[0].Details
			}
			s.ResponseHeaders(true)
			return ""
		}
		for i, row := range []struct{ address, want string }{
			{"192.0.2.1", ""},
			{"192.0.2.1", "gatewarden_quota_exceeded"},
			{"192.0.2.1", "gatewarden_quota_exceeded"},
			{"192.0.2.2", ""},
			{"192.0.2.3", "gatewarden_rate_limited"},
			{"192.0.2.1", "gatewarden_rate_limited"},
		} {
			if got := attempt(row.address); got != row.want {
				t.Errorf("held %s, attempt %d: %q, want %q", hold, i+1, got, row.want)
			}
		}
	}
}

// TestALostTurnGivesBack shows that a request pays nothing if another worker takes the turn
// at its account between any two of its calls of the proxy. In shadow mode, it passes and pays.
func TestALostTurnGivesBack(t *testing.T) {
	const config = `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}],
		"lockout": {"pending": 3, "mode": "%s", "keys": [{"per": ["account"], "failures": 1}]}}],
		"quotas": [{"name": "all", "per": ["client"], "limit": 10, "window": "1m"}]}`
	ann := with(get("/api"), "authorization", basic("ann", "x"))
	for mode, want := range map[string]struct{ lost, left int }{"enforce": {1, 8}, "shadow": {0, 7}} {
		seen := 0
		for in := 1; in < 20; in++ {
			f, host := newFilter(t, fmt.Sprintf(config, mode))
			other := New(fakehost.ParseConfig(t, fmt.Sprintf(config, mode)), host, fakehost.Seed)
			exchange(f, host, ann, hdr(":status", "401"))
			theirs := 0
			host.In, host.Meanwhile = in, func() {
				exchange(other, host, ann, hdr(":status", "500"))
				theirs = len(host.Replies)
				host.Forget()
			}
			exchange(f, host, ann, hdr(":status", "500"))
			if host.Meanwhile != nil {
				continue // the request made fewer calls
			}
			lost := theirs + len(host.Replies)
			if got := left(f, host, "/api", "all"); lost != want.lost || int(got) != want.left {
				t.Errorf("%s, in call %d: %d of two refused, %d left", mode, in, lost, got)
			}
			seen += len(host.Replies)
		}
		if mode == "enforce" && seen < 3 {
			t.Errorf("only %d turns were lost: the test shows nothing", seen)
		}
	}
}
