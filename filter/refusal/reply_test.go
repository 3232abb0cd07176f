package refusal

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

var hdr = fakehost.Headers

func newCORS(t testing.TB, json, further string) *CORS {
	t.Helper()
	return NewCORS(&fakehost.ParseConfig(t, json).CORS, further)
}

// The words of each room, as it hands them over.
var (
	lockedOut = Words{Status: 429, GRPC: GRPCResourceExhausted, Code: jsonrpc.CodeRateLimited, Problem: AbnormalUsage,
		Message: TryAgain("Too many failed authentications.", 60), Violated: `"lockout-rest"`, RateLimit: `"lockout-rest";r=0;t=60`}
	overQuota = Words{Status: 429, GRPC: GRPCResourceExhausted, Code: jsonrpc.CodeRateLimited, Problem: ExceededQuota,
		Message: "Rate limit exceeded. Try again in 1 seconds.", Violated: `"hour","day"`}
	overCapacity = Words{Status: 503, GRPC: GRPCUnavailable, Code: jsonrpc.CodeUnavailable, Problem: ReducedCapacity,
		Message: TryAgain("The service is currently at capacity.", 1), Violated: `"concurrency-all"`}
	unavailable = Words{Status: 503, GRPC: GRPCUnavailable, Code: jsonrpc.CodeUnavailable, Problem: Blank("Service Unavailable"), Message: "Later."}
	authDenied  = Words{Status: 401, GRPC: GRPCUnauthenticated, Code: jsonrpc.CodeUnauthorized, Problem: Blank("Unauthorized"),
		Message: "This needs a credential.", More: `,"hint":"Send it.","oauth_discovery":{"resource_metadata":"https://x"}`, Challenge: `Bearer realm="rest"`}
	bypassDenied = Words{Status: 428, GRPC: GRPCFailedPrecondition, Code: jsonrpc.CodeBypassDenied, Problem: Blank("Precondition Required"), Message: "No."}
)

// TestReplies has each room's refusal in each form: status, body and headers, in their
// order.
func TestReplies(t *testing.T) {
	const (
		iana  = `{"type":"https://iana.org/assignments/http-problem-types#`
		blank = `{"type":"about:blank","title":"`
		rpc   = `{"jsonrpc":"2.0","error":{"code":`
	)
	noStore := hdr("cache-control", "no-store")
	wait := func(seconds string) []proxy.Header { return hdr("retry-after", seconds, "cache-control", "no-store") }
	for _, row := range []struct {
		name    string
		words   Words
		why     Refusal
		headers []proxy.Header
		problem string
		rpc     string
	}{
		{"locked out", lockedOut, Refusal{Reason: LockedOut, Seconds: 60}, append(wait("60"), hdr("ratelimit", `"lockout-rest";r=0;t=60`)...),
			iana + `abnormal-usage-detected","title":"Abnormal usage detected","status":429,` +
				`"detail":"Too many failed authentications. Try again in 60 seconds.","violated-policies":["lockout-rest"]}`,
			rpc + `429,"message":"Too many failed authentications. Try again in 60 seconds.","data":{"reason":"locked_out","retryAfter":60}}}`},
		{"over quota", overQuota, Refusal{Reason: QuotaExceeded, Seconds: 1, Rule: "hour"}, wait("1"),
			iana + `quota-exceeded","title":"Request cannot be satisfied as assigned quota has been exceeded","status":429,` +
				`"detail":"Rate limit exceeded. Try again in 1 seconds.","violated-policies":["hour","day"]}`,
			rpc + `429,"message":"Rate limit exceeded. Try again in 1 seconds.","data":{"reason":"quota_exceeded","retryAfter":1}}}`},
		{"over capacity", overCapacity, Refusal{Reason: OverCapacity, Seconds: 1, Rule: "all"}, wait("1"),
			iana + `temporary-reduced-capacity","title":"Temporary reduced capacity","status":503,` +
				`"detail":"The service is currently at capacity. Try again in 1 second.","violated-policies":["concurrency-all"]}`,
			rpc + `503,"message":"The service is currently at capacity. Try again in 1 second.","data":{"reason":"over_capacity","retryAfter":1}}}`},
		{"unavailable", unavailable, Refusal{Reason: StoreUnavailable, Seconds: 5}, wait("5"),
			blank + `Service Unavailable","status":503,"detail":"Later."}`,
			rpc + `503,"message":"Later.","data":{"reason":"store_unavailable","retryAfter":5}}}`},
		{"denied", authDenied, Refusal{Reason: AuthDenied}, append(hdr("www-authenticate", `Bearer realm="rest"`), noStore...),
			blank + `Unauthorized","status":401,"detail":"This needs a credential.","hint":"Send it.","oauth_discovery":{"resource_metadata":"https://x"}}`,
			rpc + `401,"message":"This needs a credential.","data":{"reason":"auth_denied","hint":"Send it.","oauth_discovery":{"resource_metadata":"https://x"}}}}`},
		{"bypass denied", bypassDenied, Refusal{Reason: BypassDenied}, noStore,
			blank + `Precondition Required","status":428,"detail":"No."}`,
			rpc + `428,"message":"No.","data":{"reason":"bypass_denied"}}}`},
	} {
		for form, want := range map[Form]struct{ body, mediaType string }{
			ProblemForm: {row.problem, "application/problem+json"},
			JSONRPCForm: {row.rpc, "application/json"},
			GRPCForm:    {row.words.Message, ""},
		} {
			headers := slices.Clone(row.headers)
			if want.mediaType != "" {
				headers = append(headers, hdr("content-type", want.mediaType)...)
			}
			got := newCORS(t, "", "").Reply(&row.words, &row.why, &Recipient{Form: form})
			is := &proxy.Reply{Status: row.words.Status, Details: "gatewarden_" + string(row.why.Reason), GRPC: row.words.GRPC, Headers: headers, Body: []byte(want.body)}
			if !reflect.DeepEqual(got, is) {
				t.Errorf("%s, form %d:\n%+v\n%s\nwant\n%+v\n%s", row.name, form, got, got.Body, is, is.Body)
			}
			if form != GRPCForm && !json.Valid(got.Body) {
				t.Errorf("%s is not JSON: %s", row.name, got.Body)
			}
		}
		if row.words.RateLimit != "" {
			checkRateLimit(t, row.words.RateLimit)
		}
	}
}

// What a refusal says besides stands between its own headers and the content type.
func TestHeaderOrder(t *testing.T) {
	to := &Recipient{Origin: Origin{Named: true}, Quotas: hdr("ratelimit-policy", `"all";q=9;w=60`, "ratelimit", `"all";r=0;t=9`)}
	got := newCORS(t, "", "").Reply(&lockedOut, &Refusal{Reason: LockedOut, Seconds: 60}, to)
	var names []string
	for _, h := range got.Headers {
		names = append(names, h.Name)
	}
	want := []string{"retry-after", "cache-control", "ratelimit", "ratelimit-policy", "ratelimit",
		"access-control-allow-origin", "access-control-expose-headers", "content-type"}
	if !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
}

// An MCP client knows its request by the id, byte for byte.
func TestLockedOutReply(t *testing.T) {
	words := lockedOut
	words.Message = TryAgain("Too many failed authentications.", 5)
	why := &Refusal{Reason: LockedOut, Seconds: 5}
	const tail = `"error":{"code":429,"message":"Too many failed authentications. Try again in 5 seconds.","data":{"reason":"locked_out","retryAfter":5}}}`
	for name, row := range map[string]struct{ request, want string }{
		"MCP":              {`{"jsonrpc":"2.0","id":"a\u0062","method":"tools/call"}`, `{"jsonrpc":"2.0","id":"a\u0062",` + tail},
		"MCP without body": {"", `{"jsonrpc":"2.0",` + tail},
		"MCP without id":   {`{"jsonrpc":"2.0","method":"x"}`, `{"jsonrpc":"2.0",` + tail},
	} {
		got := newCORS(t, "", "").Reply(&words, why, &Recipient{Form: JSONRPCForm, Request: []byte(row.request)})
		if string(got.Body) != row.want {
			t.Errorf("%s: %s", name, got.Body)
		}
	}
	// The other forms do not look at it.
	for _, form := range []Form{ProblemForm, GRPCForm} {
		cors := newCORS(t, "", "")
		with := cors.Reply(&words, why, &Recipient{Form: form, Request: []byte(`{"id":7,"method":"x"}`)})
		if without := cors.Reply(&words, why, &Recipient{Form: form}); !reflect.DeepEqual(with, without) {
			t.Errorf("form %d: %+v", form, with)
		}
	}
}

// checkRateLimit holds a field against the grammar of a structured field list of
// strings with integer parameters (RFC 9651, draft-ietf-httpapi-ratelimit-headers).
func checkRateLimit(t *testing.T, field string) {
	t.Helper()
	const item = `"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"(?:; *[a-z*][a-z0-9_.*-]*=-?[0-9]{1,15})*`
	if !regexp.MustCompile(`^` + item + `(?:[ \t]*,[ \t]*` + item + `)*$`).MatchString(field) {
		t.Errorf("%q is not a structured field", field)
	}
	if !strings.Contains(field, ";r=0;t=") {
		t.Errorf("%q does not say when", field)
	}
}

// Whatever name a surface has, and however long a client must wait, the replies are
// well-formed.
func TestRepliesOfAnyName(t *testing.T) {
	for _, name := range []string{"a", "a-b_c9", strings.Repeat("x", 32)} {
		const month = 30 * 24 * 3600
		words := lockedOut
		words.Violated = `"lockout-` + name + `"`
		words.RateLimit = words.Violated + ";r=0;t=2592000"
		r := newCORS(t, "", "").Reply(&words, &Refusal{Reason: LockedOut, Seconds: month}, &Recipient{})
		checkRateLimit(t, fakehost.First(r.Headers, "ratelimit"))
		if !json.Valid(r.Body) || fakehost.First(r.Headers, "retry-after") != "2592000" {
			t.Errorf("%s", r.Body)
		}
	}
}

// A request that can be read in two ways is refused in the same words on all
// surfaces. MCP surfaces send the problem, too.
func TestMalformedReply(t *testing.T) {
	const detail = "The path can be read in more than one way. Send it without encoded slashes, dot segments and parameters."
	words, why := NewMalformed(detail), &Refusal{Reason: Malformed}
	some := newCORS(t, `{"cors": {"origins": ["https://b"]}}`, "")
	got := some.Reply(words, why, &Recipient{Origin: some.Origin("https://x")})
	want := &proxy.Reply{Status: 400, Details: "gatewarden_malformed", GRPC: 3,
		Headers: hdr("cache-control", "no-store", "vary", "origin", "content-type", "application/problem+json"),
		Body:    []byte(`{"type":"about:blank","title":"Bad Request","status":400,"detail":"` + detail + `"}`)}
	if !reflect.DeepEqual(got, want) || !json.Valid(got.Body) {
		t.Errorf("%+v %s, want %+v", got, got.Body, want)
	}
	if got := some.Reply(words, why, &Recipient{Form: GRPCForm}); string(got.Body) != detail || fakehost.First(got.Headers, "content-type") != "" {
		t.Errorf("%+v %s", got, got.Body)
	}
}

func TestCORS(t *testing.T) {
	const exposing = "Retry-After, RateLimit, WWW-Authenticate"
	anyone := hdr("access-control-allow-origin", "*", "access-control-expose-headers", exposing)
	some := `{"cors": {"origins": ["https://app.example", "https://b"]}}`
	for _, row := range []struct {
		json, origin string
		want         []proxy.Header
	}{
		{"", "", nil},
		{"", "https://x", anyone},
		{"", "null", anyone},
		{`{"cors": {"origins": ["*"]}}`, "https://x", anyone},
		{some, "", nil},
		{some, "https://app.example", hdr("access-control-allow-origin", "https://app.example", "access-control-allow-credentials", "true",
			"access-control-expose-headers", exposing, "vary", "origin")},
		{some, "https://APP.example", hdr("vary", "origin")},
		{some, "https://app.example.evil", hdr("vary", "origin")},
		{some, "null", hdr("vary", "origin")},
		{some, "*", hdr("vary", "origin")},
		{`{"cors": {"origins": []}}`, "https://x", hdr("vary", "origin")},
	} {
		cors := newCORS(t, row.json, "")
		var got proxy.Headers
		if cors.addFor(&got, ProblemForm, cors.Origin(row.origin)); !reflect.DeepEqual([]proxy.Header(got), row.want) {
			t.Errorf("%s for %q: %v, want %v", row.json, row.origin, got, row.want)
		}
	}
}

// Headers that only some configurations send are exposed behind those of all replies.
func TestFurtherExposedHeaders(t *testing.T) {
	for _, json := range []string{"", `{"cors": {"origins": ["https://b"]}}`} {
		cors := newCORS(t, json, "RateLimit-Policy, X-RateLimit-Limit")
		var headers proxy.Headers
		cors.addFor(&headers, ProblemForm, cors.Origin("https://b"))
		got := fakehost.First(headers, ExposeHeaders)
		if got != "Retry-After, RateLimit, WWW-Authenticate, RateLimit-Policy, X-RateLimit-Limit" {
			t.Errorf("%s: %q", json, got)
		}
	}
}

// What is known of the page does not share the memory of its request's headers, which the
// proxy overwrites.
func TestOriginKeepsNothing(t *testing.T) {
	c := &config.CORS{Origins: []string{"https://b"}}
	cors := NewCORS(c, "")
	o := cors.Origin(strings.Clone("https://b"))
	if o != (Origin{Named: true, allowed: "https://b"}) || unsafe.StringData(o.allowed) != unsafe.StringData(c.Origins[0]) {
		t.Errorf("%+v", o)
	}
	if cors.Origin("") != (Origin{}) || cors.Origin("https://c") != (Origin{Named: true}) {
		t.Error("an origin that is not configured is kept")
	}
}

// A reply that was given before is the one that would be written now.
func TestLast(t *testing.T) {
	cors := newCORS(t, `{"cors": {"origins": ["https://a.example"]}}`, "")
	here, elsewhere := cors.Origin("https://a.example"), cors.Origin("https://b.example")
	wait := func(seconds int64) Refusal { return Refusal{Reason: LockedOut, Seconds: seconds} }
	const call = `{"jsonrpc":"2.0","id":7,"method":"tools/call"}`
	const problem, rpc, grpc = ProblemForm, JSONRPCForm, GRPCForm
	var last Last
	for i, row := range []struct {
		why     Refusal
		form    Form
		request string
		quotas  []proxy.Header
		origin  Origin
		again   bool
	}{
		{wait(30), problem, "", nil, Origin{}, false},
		{wait(30), problem, "", nil, Origin{}, true},
		{wait(30), problem, "", hdr("ratelimit", "x"), Origin{}, false},
		{wait(30), problem, "", hdr("ratelimit", "x"), Origin{}, true},
		{wait(30), problem, "", hdr("ratelimit", "y"), Origin{}, false},
		{wait(30), problem, "", nil, Origin{}, false},
		{wait(30), rpc, call, nil, Origin{}, false},
		{wait(30), problem, "", nil, Origin{}, true},
		{wait(30), problem, "", nil, here, false},
		{wait(30), problem, "", nil, here, true},
		{wait(30), problem, "", nil, elsewhere, false},
		{wait(30), grpc, "", nil, elsewhere, false},
		{wait(29), grpc, "", nil, elsewhere, false},
		{Refusal{Reason: RateLimited, Seconds: 29}, grpc, "", nil, elsewhere, false},
		{wait(29), problem, "", nil, Origin{}, false},
		{wait(29), rpc, "", nil, Origin{}, false},
		{Refusal{Reason: LockedOut, Seconds: 29, Now: 5}, rpc, "", nil, Origin{}, true},
	} {
		to := &Recipient{Form: row.form, Origin: row.origin, Quotas: row.quotas}
		if row.request != "" {
			to.Request = []byte(row.request)
		}
		words := lockedOut
		words.Message = TryAgain("Too many.", row.why.Seconds)
		fresh := cors.Reply(&words, &row.why, to)
		got := last.Find(&row.why, to)
		if (got != nil) != row.again || got != nil && !reflect.DeepEqual(got, fresh) {
			t.Errorf("row %d: %+v, want %+v (again %v)", i+1, got, fresh, row.again)
		}
		if got == nil {
			last.Keep(&row.why, to, fresh)
		}
	}
	// A client that goes on guessing costs no memory.
	to, why := &Recipient{Form: rpc}, wait(29)
	if n := testing.AllocsPerRun(100, func() { last.Find(&why, to) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	// The fields of a quota are in memory that the next request has again.
	value := []byte(`"q";r=0;t=29`)
	to = &Recipient{Quotas: hdr("ratelimit", unsafe.String(&value[0], len(value)))}
	reply := cors.Reply(&Words{Status: 429}, &why, to)
	last.Keep(&why, to, reply)
	clear(value)
	to.Quotas = hdr("ratelimit", `"q";r=0;t=29`)
	if last.Find(&why, to) != reply || fakehost.First(reply.Headers, "ratelimit") != `"q";r=0;t=29` {
		t.Errorf("%q", reply.Headers)
	}
	if (&Last{}).Find(&Refusal{}, &Recipient{}) != nil {
		t.Error("a reply that nobody gave")
	}
}

func TestSecondsUntil(t *testing.T) {
	const now = 1_000_000
	for left, want := range map[int64]int64{
		-5000: 1, 0: 1, 1: 1, 999: 1, 1000: 1, 1001: 2, 1999: 2, 2000: 2, 2001: 3, 60_000: 60, 59_001: 60,
		30 * 24 * 3_600_000: 30 * 24 * 3600,
	} {
		if got := SecondsUntil(now+left, now); got != want {
			t.Errorf("%d ms are %d s, want %d", left, got, want)
		}
		// A client that waits this long is served, and one that waits a second less is
		// not.
		if left > 0 && (want*1000 < left || (want-1)*1000 >= left) {
			t.Errorf("%d s are not the wait for %d ms", want, left)
		}
	}
}

func TestTryAgain(t *testing.T) {
	for seconds, want := range map[int64]string{1: "No. Try again in 1 second.", 2: "No. Try again in 2 seconds.", 2_592_000: "No. Try again in 2592000 seconds."} {
		if got := TryAgain("No.", seconds); got != want {
			t.Errorf("%q", got)
		}
	}
}

// Whatever a request has in its body and its Origin header, the reply is well-formed,
// and says nothing of them but a JSON-RPC id and a configured origin.
func FuzzReply(f *testing.F) {
	for _, seed := range []string{"", `{"jsonrpc":"2.0","id":1,"method":"x"}`, `[{"id":1,"method":"x"},{"id":2,"method":"y"}]`, `{"id":"\ud83d","method":"x"}`, "{", "\xff"} {
		f.Add([]byte(seed), "https://b", int64(5), uint8(1))
		f.Add([]byte(seed), "https://evil\r\nset-cookie: x", int64(0), uint8(0))
	}
	f.Fuzz(func(t *testing.T, request []byte, origin string, seconds int64, form uint8) {
		cors := newCORS(t, `{"cors": {"origins": ["https://b"]}}`, "")
		to := &Recipient{Form: Form(form) % numForms, Origin: cors.Origin(origin), Request: request}
		for _, words := range []*Words{&lockedOut, &authDenied} {
			got := cors.Reply(words, &Refusal{Reason: LockedOut, Seconds: seconds}, to)
			text := got.Body
			if to.Form == ConnectProtoForm || to.Form == ConnectJSONForm {
				text = text[5:] // the frame's head
			}
			if to.Form != GRPCForm && !to.Form.IsWeb() && !json.Valid(text) {
				t.Errorf("%s", got.Body)
			}
			if got := fakehost.First(got.Headers, "retry-after"); (got != "") != (seconds > 0) {
				t.Errorf("retry-after %q for %d s", got, seconds)
			}
			if got := fakehost.First(got.Headers, "access-control-allow-origin"); got != "" && got != "https://b" || (got != "") != (origin == "https://b") {
				t.Errorf("%q is allowed", got)
			}
			for _, h := range got.Headers {
				if strings.ContainsAny(h.Value, "\r\n\x00") || h.Value == "" {
					t.Errorf("%s: %q", h.Name, h.Value)
				}
			}
		}
	})
}
