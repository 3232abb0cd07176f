package operations

import "github.com/gatewarden/gatewarden/filter/proxy"

// request is what matters of one. It is gone when it is answered.
type request struct {
	method, path, query string
	// host is where it was sent to, origin the page that sent it, and site what its
	// browser says of that page.
	host, origin, site string
	// authorizations are the lines of the header Authorization, of which authorization is
	// the last.
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
