package filter

import (
	"strconv"
	"strings"
)

// details are the request headers, beside the credentials, that matter once a
// request belongs to a surface.
type details struct {
	contentType, origin, requestedMethod string
	// contentLength is 0 when there is none.
	contentLength int
}

func readDetails(headers []Header) details {
	var d details
	for i := range headers {
		switch headers[i].Name {
		case "content-type":
			d.contentType = headers[i].Value
		case "content-length":
			d.contentLength, _ = strconv.Atoi(headers[i].Value)
		case "origin":
			d.origin = headers[i].Value
		case "access-control-request-method":
			d.requestedMethod = headers[i].Value
		}
	}
	return d
}

func readTarget(headers []Header) target {
	var t target
	for i := range headers {
		switch name := headers[i].Name; {
		case name == ":method":
			t.method = headers[i].Value
		case name == ":path":
			t.path = headers[i].Value
		case overridesMethod(name):
			// Of several, services take the first or the last.
			for _, method := range strings.Split(headers[i].Value, ",") {
				t.overrides = append(t.overrides, strings.Trim(method, " \t"))
			}
		}
	}
	return t
}

func overridesMethod(header string) bool {
	return sameHeader(header, "x-http-method-override") || sameHeader(header, "x-http-method") ||
		sameHeader(header, "x-method-override")
}

// isPreflight tells a CORS preflight, which a browser sends by itself and
// without credentials. It passes even while its client is locked out, because
// otherwise no page could read the refusal of the request that follows.
// See https://fetch.spec.whatwg.org/#cors-preflight-fetch
func isPreflight(t *target, d *details) bool {
	return t.method == "OPTIONS" && d.origin != "" && d.requestedMethod != ""
}
