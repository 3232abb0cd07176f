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

// readRequest reads what it can of a request in one pass over its headers.
func readRequest(headers []Header) (t target, d details) {
	for i := range headers {
		value := headers[i].Value
		switch name := headers[i].Name; name {
		case ":method":
			t.method = value
		case ":path":
			t.path = value
		case "content-type":
			d.contentType = value
		case "content-length":
			d.contentLength, _ = strconv.Atoi(value)
		case "origin":
			d.origin = value
		case "access-control-request-method":
			d.requestedMethod = value
		default:
			if overridesMethod(name) {
				t.override(value)
			}
		}
	}
	return t, d
}

// override notes the methods of a method-override header: of several, services
// take the first or the last.
func (t *target) override(methods string) {
	for _, method := range strings.Split(methods, ",") {
		t.overrides = append(t.overrides, strings.Trim(method, " \t"))
	}
}

func overridesMethod(header string) bool {
	switch len(header) {
	case len("x-http-method"):
		return sameHeader(header, "x-http-method")
	case len("x-method-override"):
		return sameHeader(header, "x-method-override")
	case len("x-http-method-override"):
		return sameHeader(header, "x-http-method-override")
	}
	return false
}

// isPreflight tells a CORS preflight, which a browser sends by itself and
// without credentials. It passes even while its client is locked out, because
// otherwise no page could read the refusal of the request that follows.
// No browser asks for another method in one, which a service that honours the
// header would then run.
// See https://fetch.spec.whatwg.org/#cors-preflight-fetch
func isPreflight(t *target, d *details) bool {
	return t.method == "OPTIONS" && len(t.overrides) == 0 && d.origin != "" && d.requestedMethod != ""
}

// asksOptions tells a request that services answer without a look at its
// credential, whatever that is: a success says nothing about it.
func (t *target) asksOptions() bool {
	if strings.EqualFold(t.method, "OPTIONS") {
		return true
	}
	for _, method := range t.overrides {
		if strings.EqualFold(method, "OPTIONS") {
			return true
		}
	}
	return false
}
