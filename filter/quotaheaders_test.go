package filter

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

const (
	rateLimit       = "ratelimit"
	rateLimitPolicy = "ratelimit-policy"
	rateLimitLeft   = "x-ratelimit-remaining"
	exposeHeaders   = "access-control-expose-headers"

	policies = rateLimitPolicy + ": "
)

// told returns the header fields that tell how quotas stand, in order.
func told(headers []proxy.Header) string {
	var fields []string
	for _, h := range headers {
		if strings.Contains(h.Name, "ratelimit") || h.Name == "retry-after" {
			fields = append(fields, h.Name+": "+h.Value)
		}
	}
	return strings.Join(fields, "\n")
}

// TestQuotaHeaders shows what the responses and refusals of a window tell.
func TestQuotaHeaders(t *testing.T) {
	f, host := newFilter(t, quotaConfig(
		rule("all", 5, ""),
		`{"name": "hour", "per": ["client"], "limit": 4, "window": "1h", "cost": [{"path": "/api/batch", "cost": 3}]}`))
	const policy = policies + `"all";q=5;w=60, "hour";q=4;w=3600` + "\n"
	for i, row := range []struct {
		after int64
		path  string
		want  string
	}{
		{0, "/api", policy + "ratelimit: \"hour\";r=3;t=3600\nx-ratelimit-limit: 4\nx-ratelimit-remaining: 3\nx-ratelimit-reset: 3600"},
		{1, "/api", policy + "ratelimit: \"hour\";r=2;t=3600\nx-ratelimit-limit: 4\nx-ratelimit-remaining: 2\nx-ratelimit-reset: 3600"},
		{999, "/api/batch", "retry-after: 3599\n" + policy + "ratelimit: \"hour\";r=2;t=3599\nx-ratelimit-limit: 4\nx-ratelimit-remaining: 2\nx-ratelimit-reset: 3599"},
		{1000, "/api", policy + "ratelimit: \"hour\";r=1;t=3598\nx-ratelimit-limit: 4\nx-ratelimit-remaining: 1\nx-ratelimit-reset: 3598"},
		{58_000, "/api", policy + "ratelimit: \"hour\";r=0;t=3540\nx-ratelimit-limit: 4\nx-ratelimit-remaining: 0\nx-ratelimit-reset: 3540"},
		{3_539_999, "/api", "retry-after: 1\n" + policy + "ratelimit: \"hour\";r=0;t=1\nx-ratelimit-limit: 4\nx-ratelimit-remaining: 0\nx-ratelimit-reset: 1"},
		{1, "/api/batch", policy + "ratelimit: \"hour\";r=1;t=3600\nx-ratelimit-limit: 4\nx-ratelimit-remaining: 1\nx-ratelimit-reset: 3600"},
	} {
		host.Time += row.after
		host.Forget()
		ask(f, host, get(row.path))
		got := told(host.Response)
		if len(host.Replies) > 0 {
			got = told(host.Replies[0].Headers)
		}
		if got != row.want {
			t.Errorf("step %d:\n%s\nwant\n%s", i+1, got, row.want)
		}
	}
}

// TestTightest shows that clients are told of the quota with the least left, and of several
// that refuse of the one that refuses for longest. A refusal names all that refuse.
func TestTightest(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("b", 3, ""),
		`{"name": "a", "per": ["client"], "limit": 3, "window": "1h"}`, rule("c", 9, ""), rule("d", 2, `, "mode": "shadow"`)))
	for i, want := range []string{`"a";r=2;t=3600`, `"a";r=1;t=3600`, `"a";r=0;t=3600`} {
		if ask(f, host, get("/api")); fakehost.First(host.Response, rateLimit) != want {
			t.Errorf("response %d: %s", i+1, fakehost.First(host.Response, rateLimit))
		}
	}
	ask(f, host, get("/api"))
	r := host.Replies[0]
	const want = `{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded",` +
		`"title":"Request cannot be satisfied as assigned quota has been exceeded","status":429,` +
		`"detail":"Rate limit exceeded. Try again in 3600 seconds.","violated-policies":["b","a"]}`
	if string(r.Body) != want || !json.Valid(r.Body) || fakehost.First(r.Headers, "retry-after") != "3600" {
		t.Errorf("%s", r.Body)
	}
	if r.Status != 429 || r.Details != "gatewarden_quota_exceeded" || host.Reasons[0] != "quota_exceeded" ||
		fakehost.First(r.Headers, "cache-control") != "no-store" || fakehost.First(r.Headers, "content-type") != "application/problem+json" {
		t.Errorf("%+v", r)
	}
}

// TestOverQuotaReplies shows the refusals by quotas on gRPC and MCP.
func TestOverQuotaReplies(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("all", 1, "")))
	ask(f, host, get("/api"))
	host.Time += 59_500
	for _, row := range []struct {
		name    string
		request []proxy.Header
		grpc    int
		body    string
	}{
		{"gRPC", hdr(":method", "POST", ":path", "/api", "content-type", "application/grpc"), 8, "Rate limit exceeded. Try again in 1 seconds."},
		{"MCP", hdr(":method", "POST", ":path", "/mcp", "content-type", "application/json"), 8,
			`{"jsonrpc":"2.0","error":{"code":429,"message":"Rate limit exceeded. Try again in 1 seconds.","data":{"reason":"quota_exceeded","retryAfter":1}}}`},
	} {
		host.Forget()
		ask(f, host, row.request)
		if r := host.Replies[0]; string(r.Body) != row.body || r.GRPC != row.grpc || fakehost.First(r.Headers, "retry-after") != "1" ||
			fakehost.First(r.Headers, rateLimit) != `"all";r=0;t=1` {
			t.Errorf("%s: %+v %s", row.name, r, r.Body)
		}
	}
}

// TestQuotasOfTheLockedOut shows that the refusal of a client that is locked out tells how
// its quotas stand, and costs nothing.
func TestQuotasOfTheLockedOut(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("all", 9, "")))
	for range 3 {
		exchange(f, host, with(get("/api"), "authorization", "x"), hdr(":status", "401"))
	}
	host.Time += 20_000
	for range 3 {
		host.Forget()
		exchange(f, host, get("/api"), nil)
		const want = "retry-after: 40\nratelimit: \"lockout-rest\";r=0;t=40\n" + policies + "\"all\";q=9;w=60\n" +
			"ratelimit: \"all\";r=6;t=40\nx-ratelimit-limit: 9\nx-ratelimit-remaining: 6\nx-ratelimit-reset: 40"
		if got := told(host.Replies[0].Headers); got != want {
			t.Errorf("%s", got)
		}
	}
}

// TestErrorsTellOfQuotas shows that responses of every status have the fields.
func TestErrorsTellOfQuotas(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("all", 9, "")))
	for i, status := range []string{"200", "204", "301", "401", "404", "500", "503"} {
		exchange(f, host, get("/api"), hdr(":status", status))
		if got := fakehost.First(host.Response, rateLimitLeft); got != strconv.Itoa(8-i) {
			t.Errorf("%s: %s left", status, got)
		}
	}
}

// TestQuotaHeadersAcrossOrigins shows that a page of another origin may read the fields if
// it may read the response.
func TestQuotaHeadersAcrossOrigins(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("all", 2, "")))
	origin := with(get("/api"), "origin", "https://app.example")
	ask(f, host, origin, "access-control-allow-origin", "*")
	if got := fakehost.All(host.Response, exposeHeaders); !reflect.DeepEqual(got,
		[]string{"RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"}) {
		t.Errorf("%q", got)
	}
	if ask(f, host, origin); fakehost.First(host.Response, exposeHeaders) != "" {
		t.Error("exposed where nothing is allowed")
	}
	ask(f, host, origin)
	const want = "Retry-After, RateLimit, WWW-Authenticate, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
	if got := fakehost.First(host.Replies[0].Headers, exposeHeaders); got != want {
		t.Errorf("%s", got)
	}
}

// TestQuotaHeadersBesideAChallenge shows that a 401 gets its challenge and the fields, and
// counts as a failure.
func TestQuotaHeadersBesideAChallenge(t *testing.T) {
	f, host := newFilter(t, strings.Replace(quotaConfig(rule("all", 9, "")), "{",
		`{"oauth": {"resource": "https://api.example.com", "authorization_servers": ["https://auth.example.com"]}, `, 1))
	for range 3 {
		exchange(f, host, with(get("/api"), "authorization", "x"), hdr(":status", "401"))
	}
	if fakehost.First(host.Response, "www-authenticate") == "" || fakehost.First(host.Response, rateLimitLeft) != "6" {
		t.Errorf("%v", host.Response)
	}
	if exchange(f, host, get("/api"), nil); len(host.Replies) != 1 {
		t.Error("the failures were not counted")
	}
}
