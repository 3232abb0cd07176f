package refusal

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/proxy"
)

// exposed lists the headers of replies that a page of another origin needs.
const exposed = "Retry-After, RateLimit, WWW-Authenticate"

// ExposeHeaders is the header that lists which headers a page may read.
const ExposeHeaders = "access-control-expose-headers"

// CORS lets pages of other origins read the filter's replies.
type CORS struct {
	config *config.CORS
	// exposed are the headers that a page may read, exposedWeb those of gRPC-Web.
	exposed, exposedWeb string
}

// NewCORS returns the rules. further lists headers of replies besides those that
// every refusal has, separated by commas.
func NewCORS(c *config.CORS, further string) *CORS {
	out := &CORS{config: c, exposed: exposed}
	if further != "" {
		out.exposed += ", " + further
	}
	out.exposedWeb = out.exposed + ", Grpc-Status, Grpc-Message"
	return out
}

// Origin is the origin of the page that sent a request. The zero Origin means no page.
type Origin struct {
	// Named tells whether the request has an Origin header.
	Named bool
	// allowed is the configured origin that matches, "" if none does.
	allowed string
}

// Origin reads an Origin header. It keeps nothing of it: a stream outlives its
// request's headers.
func (c *CORS) Origin(header string) Origin {
	o := Origin{Named: header != ""}
	for _, allowed := range c.config.Origins {
		if header == allowed {
			o.allowed = allowed
		}
	}
	return o
}

// addFor adds the headers that let a page read a reply of some form: gRPC-Web has its
// status in headers. A configured origin may send cookies, every origin ("*") may not.
// See https://fetch.spec.whatwg.org/#cors-protocol-and-credentials
func (c *CORS) addFor(headers *proxy.Headers, form Form, o Origin) {
	exposed := c.exposed
	if form.IsWeb() {
		exposed = c.exposedWeb
	}
	switch {
	case !o.Named:
		return
	case c.config.Any:
		headers.Add("access-control-allow-origin", "*")
		headers.Add(ExposeHeaders, exposed)
		return
	case o.allowed != "":
		headers.Add("access-control-allow-origin", o.allowed)
		headers.Add("access-control-allow-credentials", "true")
		headers.Add(ExposeHeaders, exposed)
	}
	headers.Add("vary", "origin")
}
