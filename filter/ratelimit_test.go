package filter

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// told returns the fields that tell about quotas, in order.
func told(headers []Header) string {
	var fields []string
	for _, h := range headers {
		if strings.Contains(h.Name, "ratelimit") || h.Name == "retry-after" {
			fields = append(fields, h.Name+": "+h.Value)
		}
	}
	return strings.Join(fields, "\n")
}

const policies = "ratelimit-policy: "

// TestQuotaHeaders walks through a window: what is told with each response, and at
// last with the refusal.
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
		host.now += row.after
		host.forget()
		ask(f, host, nobody, get(row.path))
		got := told(host.response)
		if len(host.replies) > 0 {
			got = told(host.replies[0].Headers)
		}
		if got != row.want {
			t.Errorf("step %d:\n%s\nwant\n%s", i+1, got, row.want)
		}
		checkFields(t, host.response)
	}
}

// checkFields holds the fields to the grammar of structured fields, lists of
// strings with integer parameters (RFC 9651).
func checkFields(t *testing.T, headers []Header) {
	t.Helper()
	const item = `"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"(?:;[a-z*][a-z0-9_.*-]*=-?[0-9]{1,15})*`
	list := regexp.MustCompile(`^` + item + `(?:[ \t]*,[ \t]*` + item + `)*$`)
	for _, name := range []string{rateLimit, rateLimitPolicy} {
		for _, field := range allOf(headers, name) {
			if !list.MatchString(field) {
				t.Errorf("%s: %s is no structured field", name, field)
			}
		}
	}
}

// How much is left is told as of the request, and how long that lasts as of the
// response.
func TestSlowResponse(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("all", 5, "")))
	for i, row := range []struct {
		after int64
		reset string
	}{{0, "60"}, {1, "60"}, {30_000, "30"}, {59_999, "1"}, {60_000, "0"}, {600_000, "0"}} {
		host.properties[sourceAddress] = fmt.Sprintf("192.0.2.%d:1", i)
		host.request, host.response = get("/api"), hdr(":status", "200")
		s := f.NewStream()
		s.RequestHeaders(host, true)
		host.now += row.after
		s.ResponseHeaders(host, true)
		if got := first(host.response, xRateLimitReset); got != row.reset || !strings.HasSuffix(first(host.response, rateLimit), ";r=4;t="+row.reset) {
			t.Errorf("after %d: %s, %s", row.after, got, first(host.response, rateLimit))
		}
	}
}

// TestMergedHeaders: what the service sends of lists stays, and of two triples the
// more restrictive one goes out whole.
func TestMergedHeaders(t *testing.T) {
	const ours = "x-ratelimit-limit: 5\nx-ratelimit-remaining: 4\nx-ratelimit-reset: 60"
	theirs := func(limit, left, reset string) []string {
		return []string{xRateLimitLimit, limit, xRateLimitLeft, left, xRateLimitReset, reset}
	}
	as := func(pairs []string) string { return told(hdr(pairs...)) }
	for _, row := range []struct {
		name     string
		response []string
		want     string
	}{
		{"none", nil, ours},
		{"less left", theirs("100", "3", "1"), as(theirs("100", "3", "1"))},
		{"more left", theirs("100", "5", "3600"), ours},
		{"as little, for longer", theirs("100", "4", "61"), as(theirs("100", "4", "61"))},
		{"as little, as long", theirs("100", "4", "60"), as(theirs("100", "4", "60"))},
		{"as little, not as long", theirs("100", "4", "59"), ours},
		{"as little, on another clock", theirs("100", "4", "1800000000"), as(theirs("100", "4", "1800000000"))},
		{"with policies behind the number", theirs("100, 100;w=60", "0", "1"), as(theirs("100, 100;w=60", "0", "1"))},
		{"no number", theirs("100", "many", "1"), ours},
		{"negative", theirs("100", "-1", "1"), ours},
		{"too large", theirs("100", strings.Repeat("9", 30), "1"), ours},
		{"nothing left to tell", []string{xRateLimitLimit, "100"}, ours},
		{"no reset", []string{xRateLimitLimit, "100", xRateLimitLeft, "3"}, "x-ratelimit-limit: 100\nx-ratelimit-remaining: 3"},
		{"no reset, as little", []string{xRateLimitLimit, "100", xRateLimitLeft, "4"}, ours},
	} {
		f, host := newFilter(t, quotaConfig(rule("all", 5, "")))
		ask(f, host, nobody, get("/api"), row.response...)
		var triple []Header
		for _, h := range host.response {
			if strings.HasPrefix(h.Name, "x-") {
				triple = append(triple, h)
			}
		}
		if got := told(triple); got != row.want {
			t.Errorf("%s:\n%s\nwant\n%s", row.name, got, row.want)
		}
	}
	f, host := newFilter(t, quotaConfig(rule("all", 5, "")))
	ask(f, host, nobody, get("/api"), rateLimit, `"theirs";r=1`, rateLimitPolicy, `"theirs";q=2`)
	if got := allOf(host.response, rateLimit); !reflect.DeepEqual(got, []string{`"theirs";r=1`, `"all";r=4;t=60`}) {
		t.Errorf("%q", got)
	}
	if got := allOf(host.response, rateLimitPolicy); !reflect.DeepEqual(got, []string{`"theirs";q=2`, `"all";q=5;w=60`}) {
		t.Errorf("%q", got)
	}
}

// TestResetForms: seconds from now, seconds since 1970, or none of the three; and
// Retry-After is never earlier than any of them.
func TestResetForms(t *testing.T) {
	const epoch = 1_700_000_000
	for _, row := range []struct {
		form  string
		now   int64 // of the first request
		after int64
		retry string
		want  string
	}{
		{"delta", 1_000_000, 0, "60", "x-ratelimit-limit: 1\nx-ratelimit-remaining: 0\nx-ratelimit-reset: 60"},
		{"delta", 1_000_000, 59_001, "1", "x-ratelimit-limit: 1\nx-ratelimit-remaining: 0\nx-ratelimit-reset: 1"},
		{"off", 1_000_000, 0, "60", ""},
		{"epoch", 1_000_000, 0, "60", "x-ratelimit-limit: 1\nx-ratelimit-remaining: 0\nx-ratelimit-reset: " + strconv.Itoa(epoch+1060)},
		{"epoch", 1_000_001, 0, "61", "x-ratelimit-limit: 1\nx-ratelimit-remaining: 0\nx-ratelimit-reset: " + strconv.Itoa(epoch+1061)},
		{"epoch", 1_000_001, 59_900, "2", "x-ratelimit-limit: 1\nx-ratelimit-remaining: 0\nx-ratelimit-reset: " + strconv.Itoa(epoch+1061)},
		{"epoch", 1_000_001, 59_999, "1", "x-ratelimit-limit: 1\nx-ratelimit-remaining: 0\nx-ratelimit-reset: " + strconv.Itoa(epoch+1061)},
	} {
		f, host := newFilter(t, strings.Replace(quotaConfig(rule("all", 1, "")), "{", `{"headers": {"x_ratelimit": "`+row.form+`"}, `, 1))
		host.now, host.wall = row.now, epoch*1000+row.now
		ask(f, host, nobody, get("/api"), xRateLimitLeft, "7")
		if row.form == "off" && first(host.response, xRateLimitLeft) != "7" {
			t.Errorf("%s: what the service says is gone", row.form)
		}
		host.now, host.wall = host.now+row.after, host.wall+row.after
		host.forget()
		ask(f, host, nobody, get("/api"))
		r := host.replies[0]
		want := "retry-after: " + row.retry + "\n" + policies + "\"all\";q=1;w=60\nratelimit: \"all\";r=0;t=" + row.retry
		if row.want != "" {
			want += "\n" + row.want
		}
		if got := told(r.Headers); got != want {
			t.Errorf("%s at %d+%d:\n%s\nwant\n%s", row.form, row.now, row.after, got, want)
		}
		if !strings.Contains(string(r.Body), "Try again in "+row.retry+" seconds.") {
			t.Errorf("%s", r.Body)
		}
	}
}

// Of several rules the one is shown of which the least is left, and of those that
// refuse the one that does for longest; all that refuse are named.
func TestTightest(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("b", 3, ""),
		`{"name": "a", "per": ["client"], "limit": 3, "window": "1h"}`, rule("c", 9, ""), rule("d", 2, `, "mode": "shadow"`)))
	for i, want := range []string{`"a";r=2;t=3600`, `"a";r=1;t=3600`, `"a";r=0;t=3600`} {
		if ask(f, host, nobody, get("/api")); first(host.response, rateLimit) != want {
			t.Errorf("response %d: %s", i+1, first(host.response, rateLimit))
		}
	}
	ask(f, host, nobody, get("/api"))
	r := host.replies[0]
	const want = `{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded",` +
		`"title":"Request cannot be satisfied as assigned quota has been exceeded","status":429,` +
		`"detail":"Rate limit exceeded. Try again in 3600 seconds.","violated-policies":["b","a"]}`
	if string(r.Body) != want || !json.Valid(r.Body) || first(r.Headers, "retry-after") != "3600" {
		t.Errorf("%s", r.Body)
	}
	if r.Status != 429 || r.Details != "gatewarden_quota_exceeded" || host.reasons[0] != "quota_exceeded" ||
		first(r.Headers, "cache-control") != "no-store" || first(r.Headers, "content-type") != "application/problem+json" {
		t.Errorf("%+v", r)
	}
}

func TestOverQuotaReplies(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("all", 1, "")))
	ask(f, host, nobody, get("/api"))
	host.now += 59_500
	for _, row := range []struct {
		name    string
		request []Header
		grpc    int
		body    string
	}{
		{"gRPC", hdr(":method", "POST", ":path", "/api", "content-type", "application/grpc"), 8, "Rate limit exceeded. Try again in 1 seconds."},
		{"MCP", hdr(":method", "POST", ":path", "/mcp", "content-type", "application/json"), 8,
			`{"jsonrpc":"2.0","error":{"code":429,"message":"Rate limit exceeded. Try again in 1 seconds.","data":{"reason":"quota_exceeded","retryAfter":1}}}`},
	} {
		host.forget()
		ask(f, host, nobody, row.request)
		if r := host.replies[0]; string(r.Body) != row.body || r.GRPC != row.grpc || first(r.Headers, "retry-after") != "1" ||
			first(r.Headers, rateLimit) != `"all";r=0;t=1` {
			t.Errorf("%s: %+v %s", row.name, r, r.Body)
		}
	}
}

// A lockout's refusal tells of the quotas, too, and costs nothing of them.
func TestQuotasOfTheLockedOut(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("all", 9, "")))
	for range 3 {
		exchange(f, host, append(get("/api"), Header{"authorization", "x"}), hdr(":status", "401"))
	}
	host.now += 20_000
	for range 3 {
		host.forget()
		exchange(f, host, get("/api"), nil)
		const want = "retry-after: 40\nratelimit: \"lockout-rest\";r=0;t=40\n" + policies + "\"all\";q=9;w=60\n" +
			"ratelimit: \"all\";r=6;t=40\nx-ratelimit-limit: 9\nx-ratelimit-remaining: 6\nx-ratelimit-reset: 40"
		if got := told(host.replies[0].Headers); got != want {
			t.Errorf("%s", got)
		}
	}
}

// Errors of the service and of Envoy carry the fields like any other response.
func TestErrorsTellOfQuotas(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("all", 9, "")))
	for i, status := range []string{"200", "204", "301", "401", "404", "500", "503"} {
		exchange(f, host, get("/api"), hdr(":status", status))
		if got := first(host.response, xRateLimitLeft); got != strconv.Itoa(8-i) {
			t.Errorf("%s: %s left", status, got)
		}
	}
}

// A page on another origin may read the fields where it may read the response.
func TestQuotaHeadersAcrossOrigins(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("all", 2, "")))
	origin := append(get("/api"), Header{"origin", "https://app.example"})
	ask(f, host, nobody, origin, "access-control-allow-origin", "*")
	if got := allOf(host.response, exposeHeaders); !reflect.DeepEqual(got,
		[]string{"RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"}) {
		t.Errorf("%q", got)
	}
	if ask(f, host, nobody, origin); first(host.response, exposeHeaders) != "" {
		t.Error("exposed where nothing is allowed")
	}
	ask(f, host, nobody, origin)
	const want = "Retry-After, RateLimit, WWW-Authenticate, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
	if got := first(host.replies[0].Headers, exposeHeaders); got != want {
		t.Errorf("%s", got)
	}
}

// A 401 that is judged and completed with a challenge tells of quotas as well.
func TestQuotaHeadersBesideAChallenge(t *testing.T) {
	f, host := newFilter(t, strings.Replace(quotaConfig(rule("all", 9, "")), "{",
		`{"oauth": {"resource": "https://api.example.com", "authorization_servers": ["https://auth.example.com"]}, `, 1))
	for range 3 {
		exchange(f, host, append(get("/api"), Header{"authorization", "x"}), hdr(":status", "401"))
	}
	if first(host.response, wwwAuthenticate) == "" || first(host.response, xRateLimitLeft) != "6" {
		t.Errorf("%v", host.response)
	}
	if exchange(f, host, get("/api"), nil); len(host.replies) != 1 {
		t.Error("the failures were not counted")
	}
}
