package quota

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// told returns the fields that tell about quotas, in order.
func told(headers []proxy.Header) string {
	var fields []string
	for _, h := range headers {
		if strings.Contains(h.Name, "ratelimit") || h.Name == "retry-after" {
			fields = append(fields, h.Name+": "+h.Value)
		}
	}
	return strings.Join(fields, "\n")
}

const policies = "ratelimit-policy: "

// TestQuotaHeaders walks through a window: what each response tells, and at last the
// refusal.
func TestQuotaHeaders(t *testing.T) {
	d := newDoor(t, quotaConfig(
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
		d.host.Time += row.after
		d.forget()
		d.ask(nobody, get(row.path))
		got := told(d.host.Response)
		if len(d.replies) > 0 {
			got = told(d.replies[0].Headers)
		}
		if got != row.want {
			t.Errorf("step %d:\n%s\nwant\n%s", i+1, got, row.want)
		}
		checkFields(t, d.host.Response)
	}
}

// checkFields holds the fields to the grammar of structured fields: lists of strings with
// integer parameters (RFC 9651).
func checkFields(t *testing.T, headers []proxy.Header) {
	t.Helper()
	const item = `"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"(?:;[a-z*][a-z0-9_.*-]*=-?[0-9]{1,15})*`
	list := regexp.MustCompile(`^` + item + `(?:[ \t]*,[ \t]*` + item + `)*$`)
	for _, name := range []string{rateLimit, rateLimitPolicy} {
		for _, field := range fakehost.All(headers, name) {
			if !list.MatchString(field) {
				t.Errorf("%s: %s is no structured field", name, field)
			}
		}
	}
}

// TestSlowResponse shows that a response tells how much is left as of the request, and
// how long that lasts as of the response.
func TestSlowResponse(t *testing.T) {
	d := newDoor(t, quotaConfig(rule("all", 5, "")))
	for i, row := range []struct {
		after int64
		reset string
	}{{0, "60"}, {1, "60"}, {30_000, "30"}, {59_999, "1"}, {60_000, "0"}, {600_000, "0"}} {
		d.from(fmt.Sprintf("192.0.2.%d", i))
		s, _, _ := d.begin(get("/api"))
		s.Spend(&d.client, &nobody)
		d.host.Time += row.after
		d.host.Response = fakehost.Headers(":status", "200")
		s.AddHeaders(refusal.Origin{})
		got, item := fakehost.First(d.host.Response, xRateLimitReset), fakehost.First(d.host.Response, rateLimit)
		if got != row.reset || !strings.HasSuffix(item, ";r=4;t="+row.reset) {
			t.Errorf("after %d: %s, %s", row.after, got, item)
		}
	}
}

// TestMergedHeaders shows that the service's lists stay, and that of two triples the
// stricter one goes out whole.
func TestMergedHeaders(t *testing.T) {
	const ours = "x-ratelimit-limit: 5\nx-ratelimit-remaining: 4\nx-ratelimit-reset: 60"
	theirs := func(limit, left, reset string) []string {
		return []string{xRateLimitLimit, limit, xRateLimitLeft, left, xRateLimitReset, reset}
	}
	as := func(pairs []string) string { return told(fakehost.Headers(pairs...)) }
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
		d := newDoor(t, quotaConfig(rule("all", 5, "")))
		d.ask(nobody, get("/api"), row.response...)
		var triple []proxy.Header
		for _, h := range d.host.Response {
			if strings.HasPrefix(h.Name, "x-") {
				triple = append(triple, h)
			}
		}
		if got := told(triple); got != row.want {
			t.Errorf("%s:\n%s\nwant\n%s", row.name, got, row.want)
		}
	}
	d := newDoor(t, quotaConfig(rule("all", 5, "")))
	d.ask(nobody, get("/api"), rateLimit, `"theirs";r=1`, rateLimitPolicy, `"theirs";q=2`)
	if got := fakehost.All(d.host.Response, rateLimit); !reflect.DeepEqual(got, []string{`"theirs";r=1`, `"all";r=4;t=60`}) {
		t.Errorf("%q", got)
	}
	if got := fakehost.All(d.host.Response, rateLimitPolicy); !reflect.DeepEqual(got, []string{`"theirs";q=2`, `"all";q=5;w=60`}) {
		t.Errorf("%q", got)
	}
}

// FuzzLeadingNumber compares the number with which a field begins with that of a regular
// expression.
func FuzzLeadingNumber(f *testing.F) {
	for _, field := range []string{"0", "100, 100;w=60", " \t7", "-1", "+1", "many", "9223372036854775807", "9223372036854775808", "", "007x"} {
		f.Add(field)
	}
	digits := regexp.MustCompile(`^[ \t]*([0-9]+)`)
	f.Fuzz(func(t *testing.T, field string) {
		want := int64(-1)
		if m := digits.FindStringSubmatch(field); m != nil {
			if n, err := strconv.ParseUint(m[1], 10, 63); err == nil {
				want = int64(n)
			}
		}
		if got := leadingNumber(field); got != want {
			t.Errorf("%q: %d, want %d", field, got, want)
		}
	})
}

// TestResetForms shows the reset in seconds from now, in seconds since 1970, and left
// out; Retry-After is never earlier than the reset.
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
		d := newDoor(t, with(quotaConfig(rule("all", 1, "")), `"headers": {"x_ratelimit": "`+row.form+`"}`))
		d.host.Time, d.host.Wall = row.now, epoch*1000+row.now
		d.ask(nobody, get("/api"), xRateLimitLeft, "7")
		if row.form == "off" && fakehost.First(d.host.Response, xRateLimitLeft) != "7" {
			t.Errorf("%s: what the service says is gone", row.form)
		}
		d.host.Time, d.host.Wall = d.host.Time+row.after, d.host.Wall+row.after
		d.forget()
		d.ask(nobody, get("/api"))
		r := d.replies[0]
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

// TestTightest shows that the fields tell of the quota with the least left or, of those
// that refuse, of the one that refuses for longest; the reply names all that refuse.
func TestTightest(t *testing.T) {
	d := newDoor(t, quotaConfig(rule("b", 3, ""),
		`{"name": "a", "per": ["client"], "limit": 3, "window": "1h"}`, rule("c", 9, ""), rule("d", 2, `, "mode": "shadow"`)))
	for i, want := range []string{`"a";r=2;t=3600`, `"a";r=1;t=3600`, `"a";r=0;t=3600`} {
		if d.ask(nobody, get("/api")); fakehost.First(d.host.Response, rateLimit) != want {
			t.Errorf("response %d: %s", i+1, fakehost.First(d.host.Response, rateLimit))
		}
	}
	d.ask(nobody, get("/api"))
	r := d.replies[0]
	const want = `{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded",` +
		`"title":"Request cannot be satisfied as assigned quota has been exceeded","status":429,` +
		`"detail":"Rate limit exceeded. Try again in 3600 seconds.","violated-policies":["b","a"]}`
	if string(r.Body) != want || !json.Valid(r.Body) || fakehost.First(r.Headers, "retry-after") != "3600" {
		t.Errorf("%s", r.Body)
	}
	if r.Status != 429 || r.Details != "gatewarden_quota_exceeded" ||
		fakehost.First(r.Headers, "cache-control") != "no-store" || fakehost.First(r.Headers, "content-type") != "application/problem+json" {
		t.Errorf("%+v", r)
	}
}

func TestOverQuotaReplies(t *testing.T) {
	d := newDoor(t, quotaConfig(rule("all", 1, "")))
	d.ask(nobody, get("/api"))
	d.host.Time += 59_500
	for _, row := range []struct {
		name    string
		request []proxy.Header
		grpc    int
		body    string
	}{
		{"gRPC", fakehost.Headers(":method", "POST", ":path", "/api", "content-type", "application/grpc"), 8, "Rate limit exceeded. Try again in 1 seconds."},
		{"MCP", fakehost.Headers(":method", "POST", ":path", "/mcp", "content-type", "application/json"), 8,
			`{"jsonrpc":"2.0","error":{"code":429,"message":"Rate limit exceeded. Try again in 1 seconds.","data":{"reason":"quota_exceeded","retryAfter":1}}}`},
	} {
		d.forget()
		d.ask(nobody, row.request)
		if r := d.replies[0]; string(r.Body) != row.body || r.GRPC != row.grpc || fakehost.First(r.Headers, "retry-after") != "1" ||
			fakehost.First(r.Headers, rateLimit) != `"all";r=0;t=1` {
			t.Errorf("%s: %+v %s", row.name, r, r.Body)
		}
	}
}

// TestOtherRefusalsTellOfQuotas shows that a refusal by something else tells how the
// quotas stand, and costs nothing of them.
func TestOtherRefusalsTellOfQuotas(t *testing.T) {
	d := newDoor(t, quotaConfig(rule("all", 9, ""), rule("watching", 1, `, "mode": "shadow"`)))
	for range 3 {
		d.ask(nobody, get("/api"))
	}
	d.host.Time += 20_000
	for range 3 {
		d.host.Forget()
		s, _, _ := d.begin(get("/api"))
		got := told(s.Headers(&d.client, &nobody, &refusal.Refusal{Reason: refusal.LockedOut, Seconds: 40}))
		const want = policies + "\"all\";q=9;w=60\n" +
			"ratelimit: \"all\";r=6;t=40\nx-ratelimit-limit: 9\nx-ratelimit-remaining: 6\nx-ratelimit-reset: 40"
		if calls := strings.Join(d.host.Calls, ", "); got != want || calls != "now, get" {
			t.Errorf("%s\n%s", got, calls)
		}
	}
	s, _, _ := d.begin(get("/x"))
	if got := s.Headers(&d.client, &nobody, &refusal.Refusal{Reason: refusal.Malformed}); got != nil {
		t.Errorf("no quota holds: %v", got)
	}
}

// TestErrorsTellOfQuotas shows that errors of the service and of Envoy carry the fields
// like any other response.
func TestErrorsTellOfQuotas(t *testing.T) {
	d := newDoor(t, quotaConfig(rule("all", 9, "")))
	for i, status := range []int{200, 204, 301, 401, 404, 500, 503} {
		s, _, _ := d.begin(get("/api"))
		s.Spend(&d.client, &nobody)
		d.host.Response = fakehost.Headers(":status", strconv.Itoa(status))
		if got := s.AddHeaders(refusal.Origin{}); got != status {
			t.Errorf("%d is read as %d", status, got)
		}
		if got := fakehost.First(d.host.Response, xRateLimitLeft); got != strconv.Itoa(8-i) {
			t.Errorf("%d: %s left", status, got)
		}
	}
}

// TestQuotaHeadersAcrossOrigins shows that a page of another origin may read the fields
// where it may read the response.
func TestQuotaHeadersAcrossOrigins(t *testing.T) {
	d := newDoor(t, quotaConfig(rule("all", 3, "")))
	origin := append(get("/api"), proxy.Header{Name: "origin", Value: "https://app.example"})
	d.ask(nobody, origin, "access-control-allow-origin", "*")
	if got := fakehost.All(d.host.Response, refusal.ExposeHeaders); !reflect.DeepEqual(got,
		[]string{"RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"}) {
		t.Errorf("%q", got)
	}
	if d.ask(nobody, get("/api"), "access-control-allow-origin", "*"); fakehost.First(d.host.Response, refusal.ExposeHeaders) != "" {
		t.Error("exposed to a request that names no origin")
	}
	if d.ask(nobody, origin); fakehost.First(d.host.Response, refusal.ExposeHeaders) != "" {
		t.Error("exposed where nothing is allowed")
	}
	d.ask(nobody, origin)
	const want = "Retry-After, RateLimit, WWW-Authenticate, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
	if got := fakehost.First(d.replies[0].Headers, refusal.ExposeHeaders); got != want {
		t.Errorf("%s", got)
	}
	if got := newDoor(t, quotaConfig(rule("off", 1, `, "mode": "off"`))).Exposed(); got != "" {
		t.Errorf("exposed without quotas: %s", got)
	}
}
