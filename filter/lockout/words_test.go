package lockout

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
)

// headersOf makes headers of names and values.
func headersOf(pairs ...string) (headers []proxy.Header) {
	for i := 0; i+1 < len(pairs); i += 2 {
		headers = append(headers, proxy.Header{Name: pairs[i], Value: pairs[i+1]})
	}
	return headers
}

func TestLockedOutReply(t *testing.T) {
	const rest, mcp = 0, 1
	w := newWorker(t, `{"cors": {"origins": []}, "surfaces": [
		{"name": "rest", "kind": "api", "match": [{"prefix": "/a"}]},
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/b"}]}]}`)
	headers := func(name, wait string, more ...string) []proxy.Header {
		return append(headersOf("retry-after", wait, "cache-control", "no-store", "ratelimit", `"lockout-`+name+`";r=0;t=`+wait), headersOf(more...)...)
	}
	for _, row := range []struct {
		name    string
		surface int
		reason  refusal.Reason
		seconds int64
		form    refusal.Form
		request string
		origin  string
		headers []proxy.Header
		body    string
	}{
		{"problem", rest, refusal.LockedOut, 60, refusal.ProblemForm, "", "", headers("rest", "60", "content-type", "application/problem+json"),
			`{"type":"https://iana.org/assignments/http-problem-types#abnormal-usage-detected","title":"Abnormal usage detected",` +
				`"status":429,"detail":"Too many failed authentications. Try again in 60 seconds.","violated-policies":["lockout-rest"]}`},
		{"one second", rest, refusal.LockedOut, 1, refusal.ProblemForm, "", "https://x",
			headers("rest", "1", "vary", "origin", "content-type", "application/problem+json"),
			`{"type":"https://iana.org/assignments/http-problem-types#abnormal-usage-detected","title":"Abnormal usage detected",` +
				`"status":429,"detail":"Too many failed authentications. Try again in 1 second.","violated-policies":["lockout-rest"]}`},
		{"too many at once", rest, refusal.RateLimited, 1, refusal.ProblemForm, "", "", headers("rest", "1", "content-type", "application/problem+json"),
			`{"type":"https://iana.org/assignments/http-problem-types#abnormal-usage-detected","title":"Abnormal usage detected",` +
				`"status":429,"detail":"Too many attempts at once. Try again in 1 second.","violated-policies":["lockout-rest"]}`},
		{"MCP", mcp, refusal.LockedOut, 5, refusal.JSONRPCForm, `{"jsonrpc":"2.0","id":"a\u0062","method":"tools/call"}`, "",
			headers("mcp", "5", "content-type", "application/json"),
			`{"jsonrpc":"2.0","id":"a\u0062","error":{"code":429,"message":"Too many failed authentications. Try again in 5 seconds.",` +
				`"data":{"reason":"locked_out","retryAfter":5}}}`},
		{"MCP without body", mcp, refusal.LockedOut, 5, refusal.JSONRPCForm, "", "", headers("mcp", "5", "content-type", "application/json"),
			`{"jsonrpc":"2.0","error":{"code":429,"message":"Too many failed authentications. Try again in 5 seconds.",` +
				`"data":{"reason":"locked_out","retryAfter":5}}}`},
		{"gRPC", mcp, refusal.LockedOut, 5, refusal.GRPCForm, "", "", headers("mcp", "5"), "Too many failed authentications. Try again in 5 seconds."},
	} {
		cors := refusal.NewCORS(&w.config.CORS, "")
		why := &refusal.Refusal{Reason: row.reason, Seconds: row.seconds}
		words := w.beginOn(row.surface, ann, "x").Words(why)
		got := cors.Reply(words, why, &refusal.Recipient{Form: row.form, Origin: cors.Origin(row.origin), Request: []byte(row.request)})
		want := &proxy.Reply{Status: 429, Details: "gatewarden_" + string(row.reason), GRPC: 8, Headers: row.headers, Body: []byte(row.body)}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v\n%s\nwant\n%+v\n%s", row.name, got, got.Body, want, want.Body)
		}
		if row.form != refusal.GRPCForm && !json.Valid(got.Body) {
			t.Errorf("%s is not JSON: %s", row.name, got.Body)
		}
		checkRateLimit(t, words.RateLimit)
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

// Replies are well-formed whatever name a surface has.
func TestRepliesOfAnyName(t *testing.T) {
	for _, name := range []string{"a", "a-b_c9", strings.Repeat("x", 32)} {
		w := newWorker(t, `{"surfaces": [{"name": "`+name+`", "kind": "api", "match": [{"prefix": "/x"}]}]}`)
		why := &refusal.Refusal{Reason: refusal.LockedOut, Seconds: 30 * 24 * 3600}
		words := w.begin(ann, "x").Words(why)
		checkRateLimit(t, words.RateLimit)
		if r := refusal.NewCORS(&w.config.CORS, "").Reply(words, why, &refusal.Recipient{}); !json.Valid(r.Body) {
			t.Errorf("%s", r.Body)
		}
	}
}
