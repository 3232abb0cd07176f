package operations

import (
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

const (
	details     = "gatewarden_operations"
	mediaJSON   = "application/json"
	mediaOfPage = "text/html; charset=utf-8"
	// mediaProblem is that of RFC 9457.
	mediaProblem = "application/problem+json"
)

// reply is an answer with what all of them have: nothing of it is stored, framed, or
// taken for something else, and no page elsewhere may read it.
func reply(status int, mediaType string, body []byte, more ...proxy.Header) *proxy.Reply {
	r := &proxy.Reply{
		Status: status, Details: details, Body: body,
		GRPC: -1, // as the status says
		Headers: []proxy.Header{
			{Name: "cache-control", Value: "no-store"},
			{Name: "content-security-policy", Value: contentSecurityPolicy},
			{Name: "cross-origin-opener-policy", Value: "same-origin"},
			{Name: "cross-origin-resource-policy", Value: "same-origin"},
			{Name: "referrer-policy", Value: "no-referrer"},
			{Name: "x-content-type-options", Value: "nosniff"},
			{Name: "x-frame-options", Value: "DENY"},
		},
	}
	if mediaType != "" {
		r.Headers = append(r.Headers, proxy.Header{Name: "content-type", Value: mediaType})
	}
	r.Headers = append(r.Headers, more...)
	return r
}

func problem(status int, title, detail string, more ...proxy.Header) *proxy.Reply {
	b := gjson.AppendJSONString([]byte(`{"type":"about:blank","title":`), title)
	b = strconv.AppendInt(append(b, `,"status":`...), int64(status), 10)
	b = gjson.AppendJSONString(append(b, `,"detail":`...), detail)
	return reply(status, mediaProblem, append(b, '}'), more...)
}

func badRequest(detail string) *proxy.Reply { return problem(400, "Bad Request", detail) }

func notAllowed(methods string) *proxy.Reply {
	return problem(405, "Method Not Allowed", "Here are the methods "+methods+".", proxy.Header{Name: "allow", Value: methods})
}

func unauthorized() *proxy.Reply {
	return problem(401, "Unauthorized", "Send a token of admin.tokens in the header Authorization, after Bearer.",
		proxy.Header{Name: "www-authenticate", Value: `Bearer realm="gatewarden operations"`})
}
