package contract

import (
	"strconv"
	"strings"
)

// The names of which Envoy keeps one line, and others, where two lines stay two.
const (
	joinedInRequests = "accept accept-encoding access-control-request-headers access-control-request-method " +
		"authorization cache-control content-encoding content-type grpc-timeout if-match if-modified-since " +
		"if-none-match if-range if-unmodified-since origin pragma referer user-agent via " +
		"x-envoy-decorator-operation x-envoy-original-path x-forwarded-for x-forwarded-host x-forwarded-port " +
		"x-forwarded-proto x-request-id "
	apartInRequests = "accept-language api-key baggage cf-connecting-ip cookie forwarded idempotency-key " +
		"last-event-id mcp-method mcp-name mcp-protocol-version mcp-session-id proxy-authorization range " +
		"traceparent true-client-ip x-api-key x-auth-token x-client-ip x-original-url x-real-ip"

	joinedInResponses = "access-control-allow-credentials access-control-allow-headers access-control-allow-methods " +
		"access-control-allow-origin access-control-allow-private-network access-control-expose-headers " +
		"access-control-max-age age cache-control content-encoding content-type date etag expires grpc-message " +
		"grpc-status last-modified location proxy-status server vary via x-envoy-ratelimited x-request-id "
	apartInResponses = "allow content-language content-security-policy link mcp-session-id proxy-authenticate " +
		"ratelimit ratelimit-policy retry-after set-cookie strict-transport-security www-authenticate " +
		"x-ratelimit-limit x-ratelimit-remaining x-ratelimit-reset"
)

// twice adds two lines of each name to a request.
func twice(r Request, names string) Request {
	for _, name := range strings.Fields(names) {
		r = with(r, name, "1", name, "2")
	}
	return r
}

// counts is what the operation count says of names that all have n lines.
func counts(names string, n int) string {
	var words []string
	for _, name := range strings.Fields(names) {
		words = append(words, name+"="+strconv.Itoa(n))
	}
	text := strings.Join(words, " ")
	if strings.HasSuffix(names, " ") {
		text += " "
	}
	return text
}

func headerCases() []Case {
	duplicates := with(get, "x-c-a", "1", "x-c-b", "2", "x-c-a", "3")
	return []Case{
		one("headers: get returns the first line", duplicates, report(
			`request get 0 x-c-a OK "1"`, `request get 0 X-C-A OK "1"`, `request get 0 x-c-none NotFound ""`,
		), in("request", "get", "0", "x-c-a"), in("request", "get", "0", "X-C-A"), in("request", "get", "0", "x-c-none")),
		one("headers: pairs come in order, in lower case, duplicates apart", with(duplicates, "X-C-D", ""), report(
			`request pairs 0 OK [x-c-a=1 | x-c-b=2 | x-c-a=3 | x-c-d=]`,
		), in("request", "pairs", "0", "x-c-")),
		one("headers: pseudo headers come first", get, report(
			`request pairs 0 OK [:authority=contract.example | :path=/x | :method=GET | :scheme=http]`,
		), in("request", "pairs", "0", ":")),
		one("headers: two lines of some names are one on arrival", twice(get, joinedInRequests+apartInRequests), report(
			"request count 0 "+counts(joinedInRequests, 1)+counts(apartInRequests, 2),
		), in("request", "count", append([]string{"0"}, strings.Fields(joinedInRequests+apartInRequests)...)...)),
		one("headers: joined lines have a comma between", with(get, "authorization", "Bearer a", "x-c-a", "1", "authorization", "Bearer b"), report(
			`request get 0 authorization OK "Bearer a,Bearer b"`, `request property request.headers.authorization OK "Bearer a,Bearer b"`,
			`request add 0 authorization OK`, `request get 0 authorization OK "Bearer a,Bearer b,Bearer c"`,
		), in("request", "get", "0", "authorization"), in("request", "property", "text", "request", "headers", "authorization"),
			in("request", "add", "0", "authorization", "Bearer c"), in("request", "get", "0", "authorization")),
		one("headers: replace leaves one line, at the end", duplicates, report(
			`request replace 0 x-c-a OK`, `request pairs 0 OK [x-c-b=2 | x-c-a=9]`,
			`request replace 0 X-C-new OK`, `request pairs 0 OK [x-c-b=2 | x-c-a=9 | x-c-new=1]`,
		), in("request", "replace", "0", "x-c-a", "9"), in("request", "pairs", "0", "x-c-"),
			in("request", "replace", "0", "X-C-new", "1"), in("request", "pairs", "0", "x-c-")),
		one("headers: replace moves a single line too", with(get, "x-c-a", "1", "x-c-b", "2"), report(
			`request replace 0 x-c-a OK`, `request pairs 0 OK [x-c-b=2 | x-c-a=9]`,
		), in("request", "replace", "0", "x-c-a", "9"), in("request", "pairs", "0", "x-c-")),
		one("headers: remove takes all lines, of which there may be none", duplicates, report(
			`request remove 0 x-c-a OK`, `request remove 0 x-c-none OK`, `request pairs 0 OK [x-c-b=2]`,
		), in("request", "remove", "0", "x-c-a"), in("request", "remove", "0", "x-c-none"), in("request", "pairs", "0", "x-c-")),
		one("headers: add puts a line at the end", with(get, "x-c-a", "1"), report(
			`request add 0 x-c-a OK`, `request pairs 0 OK [x-c-a=1 | x-c-a=2]`,
		), in("request", "add", "0", "x-c-a", "2"), in("request", "pairs", "0", "x-c-")),
		one("headers: pseudo headers can be changed", get, Want{Status: 200, Body: Text("GET /y\n\n"), Report: []string{
			`request replace 0 :path OK`,
			`request pairs 0 OK [:authority=contract.example | :method=GET | :scheme=http | :path=/y]`,
		}}, in("request", "replace", "0", ":path", "/y"), in("request", "pairs", "0", ":")),
		one("headers: changes reach the upstream", with(duplicates, "x-c-gone", "1"), Want{
			Status: 200, Body: Text("GET /x\nx-c-a: 9\nx-c-b: 2\nx-c-b: 4\n\n"),
		}, in("request", "replace", "0", "x-c-a", "9"), in("request", "add", "0", "x-c-b", "4"), in("request", "remove", "0", "x-c-gone")),
		one("headers: changes reach the client", with(get,
			"x-echo-header", "www-authenticate=Basic", "x-echo-header", "www-authenticate=Bearer",
			"x-echo-header", "x-c-a=1", "x-echo-status", "401"), Want{
			Status:  401,
			Headers: map[string][]string{"www-authenticate": {"Basic", "Bearer", "Digest"}, "x-c-a": {"2"}, "x-c-b": {"3"}},
			Report:  []string{`response get 2 :status OK "401"`, `response pairs 2 OK [www-authenticate=Basic | www-authenticate=Bearer]`, `response add 2 www-authenticate OK`, `response replace 2 x-c-a OK`, `response add 2 x-c-b OK`},
		}, in("response", "get", "2", ":status"), in("response", "pairs", "2", "www-"), in("response", "add", "2", "www-authenticate", "Digest"),
			in("response", "replace", "2", "x-c-a", "2"), in("response", "add", "2", "x-c-b", "3")),
		one("headers: two lines of some names are one in a response", get, report(
			"response count 2 "+counts(joinedInResponses, 1)+counts(apartInResponses, 2),
		), in("response", "add-twice", append([]string{"2"}, strings.Fields(joinedInResponses+apartInResponses)...)...),
			in("response", "count", append([]string{"2"}, strings.Fields(joinedInResponses+apartInResponses)...)...)),
		one("headers: set-pairs puts other lines in place of all", get, Want{Status: 200, Headers: map[string][]string{"x-c-only": {"1"}, "content-type": nil}, Report: []string{
			`response set-pairs 2 OK`, `response pairs 2 OK [:status=200 | x-c-only=1]`,
		}}, in("response", "set-pairs", "2", ":status", "200", "x-c-only", "1"), in("response", "pairs", "2", "")),
		one("headers: no such map", get, report(
			`request get 9 x BadArgument ""`, `request pairs 9 BadArgument [] (no bytes)`, `request add 9 x BadArgument`,
			`request get 2 :status BadArgument ""`, `request pairs 2 OK [] (no bytes)`, `request add 2 x BadArgument`,
			`request get 6 :status BadArgument ""`,
		), in("request", "get", "9", "x"), in("request", "pairs", "9", ""), in("request", "add", "9", "x", "y"),
			in("request", "get", "2", ":status"), in("request", "pairs", "2", ""), in("request", "add", "2", "x", "y"),
			in("request", "get", "6", ":status")),
	}
}
