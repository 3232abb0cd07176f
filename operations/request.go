package operations

import "github.com/gatewarden/gatewarden/filter/proxy"

// request has the parts of a request that matter. They are valid until it is answered.
type request struct {
	method, path, query string
	// host is the request's host, origin the page that sent it, and site what the browser
	// says about that page.
	host, origin, site string
	// authorizations is the number of Authorization lines, authorization the last one.
	authorization  string
	authorizations int
}

func readRequest(headers []proxy.Header) (r request) {
	for i := range headers {
		value := headers[i].Value
		switch headers[i].Name {
		case ":method":
			r.method = value
		case ":path":
			r.path, r.query = cutQuery(value)
		case ":authority":
			r.host = value
		case "origin":
			r.origin = value
		case "sec-fetch-site":
			r.site = value
		case "authorization":
			r.authorization = value
			r.authorizations++
		}
	}
	return r
}
