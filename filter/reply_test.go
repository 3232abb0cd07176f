package filter

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
)

func TestLockedOutReply(t *testing.T) {
	rest := &surface{Surface: &config.Surface{Name: "rest", Kind: config.KindAPI}}
	mcpSurface := &surface{Surface: &config.Surface{Name: "mcp", Kind: config.KindMCP}}
	headers := func(name, wait string, more ...string) []Header {
		return append(hdr("retry-after", wait, "cache-control", "no-store", "ratelimit", `"lockout-`+name+`";r=0;t=`+wait), hdr(more...)...)
	}
	for _, row := range []struct {
		name    string
		surface *surface
		seconds int64
		grpc    bool
		request string
		cors    []Header
		headers []Header
		body    string
	}{
		{"problem", rest, 60, false, "", nil, headers("rest", "60", "content-type", "application/problem+json"),
			`{"type":"https://iana.org/assignments/http-problem-types#abnormal-usage-detected","title":"Abnormal usage detected",` +
				`"status":429,"detail":"Too many failed authentications. Try again in 60 seconds.","violated-policies":["lockout-rest"]}`},
		{"one second", rest, 1, false, "", hdr("vary", "origin"),
			headers("rest", "1", "vary", "origin", "content-type", "application/problem+json"),
			`{"type":"https://iana.org/assignments/http-problem-types#abnormal-usage-detected","title":"Abnormal usage detected",` +
				`"status":429,"detail":"Too many failed authentications. Try again in 1 second.","violated-policies":["lockout-rest"]}`},
		{"MCP", mcpSurface, 5, false, `{"jsonrpc":"2.0","id":"a\u0062","method":"tools/call"}`, nil,
			headers("mcp", "5", "content-type", "application/json"),
			`{"jsonrpc":"2.0","id":"a\u0062","error":{"code":429,"message":"Too many failed authentications. Try again in 5 seconds.",` +
				`"data":{"reason":"locked_out","retryAfter":5}}}`},
		{"MCP without body", mcpSurface, 5, false, "", nil, headers("mcp", "5", "content-type", "application/json"),
			`{"jsonrpc":"2.0","error":{"code":429,"message":"Too many failed authentications. Try again in 5 seconds.",` +
				`"data":{"reason":"locked_out","retryAfter":5}}}`},
		{"gRPC", mcpSurface, 5, true, "", nil, headers("mcp", "5"), "Too many failed authentications. Try again in 5 seconds."},
	} {
		got := tooMany(row.surface, &refusal{reason: ReasonLockedOut, seconds: row.seconds}, row.grpc, []byte(row.request), row.cors)
		want := &Reply{Status: 429, Details: "gatewarden_locked_out", GRPC: 8, Headers: row.headers, Body: []byte(row.body)}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v\n%s\nwant\n%+v\n%s", row.name, got, got.Body, want, want.Body)
		}
		if !row.grpc && !json.Valid(got.Body) {
			t.Errorf("%s is not JSON: %s", row.name, got.Body)
		}
		checkRateLimit(t, first(got.Headers, "ratelimit"))
	}
}

// checkRateLimit holds a field against the grammar of a structured field list of
// strings with integer parameters (RFC 9651, draft-ietf-httpapi-ratelimit-headers).
func checkRateLimit(t *testing.T, field string) {
	t.Helper()
	const item = `"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"(?:; *[a-z*][a-z0-9_.*-]*=-?[0-9]{1,15})*`
	if !regexp.MustCompile(`^` + item + `(?:[ \t]*,[ \t]*` + item + `)*$`).MatchString(field) {
		t.Errorf("%q is no structured field", field)
	}
	if !strings.Contains(field, ";r=0;t=") {
		t.Errorf("%q does not say when", field)
	}
}

// Whatever name a surface may have, the replies stay well-formed.
func TestRepliesOfAnyName(t *testing.T) {
	for _, name := range []string{"a", "a-b_c9", strings.Repeat("x", 32)} {
		f, _ := newFilter(t, `{"surfaces": [{"name": "`+name+`", "kind": "api", "match": [{"prefix": "/x"}]}]}`)
		r := tooMany(&f.surfaces[0], &refusal{reason: ReasonLockedOut, seconds: 30 * 24 * 3600}, false, nil, nil)
		checkRateLimit(t, first(r.Headers, "ratelimit"))
		if !json.Valid(r.Body) {
			t.Errorf("%s", r.Body)
		}
	}
}

func TestMalformedReply(t *testing.T) {
	const detail = "The path can be read in more than one way. Send it without encoded slashes, dot segments and parameters."
	got := malformed(malformedPath, false, hdr("vary", "origin"))
	want := &Reply{Status: 400, Details: "gatewarden_malformed", GRPC: 3,
		Headers: hdr("cache-control", "no-store", "vary", "origin", "content-type", "application/problem+json"),
		Body:    []byte(`{"type":"about:blank","title":"Bad Request","status":400,"detail":"` + detail + `"}`)}
	if !reflect.DeepEqual(got, want) || !json.Valid(got.Body) {
		t.Errorf("%+v %s, want %+v", got, got.Body, want)
	}
	if got := malformed(malformedPath, true, nil); string(got.Body) != detail || first(got.Headers, "content-type") != "" {
		t.Errorf("%+v %s", got, got.Body)
	}
}

func TestCORS(t *testing.T) {
	const exposing = "Retry-After, RateLimit, WWW-Authenticate"
	anyone := hdr("access-control-allow-origin", "*", "access-control-expose-headers", exposing)
	some := `{"cors": {"origins": ["https://app.example", "https://b"]}}`
	for _, row := range []struct {
		json, origin string
		want         []Header
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
		cors := &parseConfig(t, row.json).CORS
		if got := corsHeaders(cors, originOf(cors, row.origin), exposed); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s for %q: %v, want %v", row.json, row.origin, got, row.want)
		}
	}
}

// A reply that was made before is the one that would be made now.
func TestRefusalAgainIsTheSameReply(t *testing.T) {
	f, _ := newFilter(t, `{"cors": {"origins": ["https://a.example"]}}`)
	here, elsewhere := crossOrigin{named: true, allowed: "https://a.example"}, crossOrigin{named: true}
	wait := func(seconds int64) refusal { return refusal{reason: ReasonLockedOut, seconds: seconds} }
	const call = `{"jsonrpc":"2.0","id":7,"method":"tools/call"}`
	for i, row := range []struct {
		why     refusal
		grpc    bool
		request string
		origin  crossOrigin
		again   bool
	}{
		{wait(30), false, "", crossOrigin{}, false},
		{wait(30), false, "", crossOrigin{}, true},
		{wait(30), false, call, crossOrigin{}, false},
		{wait(30), false, "", crossOrigin{}, true},
		{wait(30), false, "", here, false},
		{wait(30), false, "", here, true},
		{wait(30), false, "", elsewhere, false},
		{wait(30), true, "", elsewhere, false},
		{wait(29), true, "", elsewhere, false},
		{refusal{reason: ReasonRateLimited, seconds: 29}, true, "", elsewhere, false},
		{wait(29), false, "", crossOrigin{}, false},
	} {
		for n := range f.surfaces {
			s := &f.surfaces[n]
			var request []byte
			if row.request != "" {
				request = []byte(row.request)
			}
			before := s.last.reply
			got := f.refusal(s, &row.why, row.grpc, request, row.origin, nil)
			want := tooMany(s, &row.why, row.grpc, request, f.cors(row.origin))
			if !reflect.DeepEqual(got, want) || (got == before) != row.again {
				t.Errorf("row %d, %s: %+v (again %v), want %+v", i+1, s.Name, got, got == before, want)
			}
		}
	}
}
