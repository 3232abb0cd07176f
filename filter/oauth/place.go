package oauth

import (
	"strings"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/request"
)

// A document is found by its path alone, whatever the Host of the request says: a proxy
// in front may have changed that. Only where documents of several hosts have one path,
// the Host chooses among them. No document is made of what a Host says.

// Document is a metadata document.
type Document struct {
	// body is what the configuration says. It is nil for the document of a server.
	body   []byte
	server *server
}

// site is a path at which documents are served. There are several if the services of
// several hosts have the same path.
type site struct {
	path    string
	entries []entry
}

// entry is a document of a site, and the origins whose document it is. It is nil for
// those that have none there.
type entry struct {
	document *Document
	origins  []origin
}

// origin is where a document is, in the form in which requests are compared with it.
type origin struct{ host, port string }

// newOrigin reads the origin of a URL, which may have a path.
func newOrigin(url string) origin {
	_, authority, _ := strings.Cut(url, "://")
	authority, _, _ = strings.Cut(authority, "/")
	o, _ := originOf(authority)
	return o
}

// originOf returns the origin that the authority of a request names. It is not ok if
// services may read it in several ways.
func originOf(authority string) (o origin, ok bool) {
	if o.host, ok = request.Host(authority); !ok {
		return origin{}, false
	}
	bracket := strings.IndexByte(authority, ']') + 1
	_, o.port, _ = strings.Cut(authority[bracket:], ":")
	if o.port == "443" || o.port == "80" { // the defaults need not be written
		o.port = ""
	}
	return o, true
}

// publish serves a document at a path, for requests of an origin. What is there already
// stays.
func (r *Room) publish(path string, o origin, d *Document) {
	at := r.siteAt(path)
	for i := range at.entries {
		if at.entries[i].has(o) {
			return
		}
	}
	for i := range at.entries {
		if e := &at.entries[i]; e.document == d {
			e.origins = append(e.origins, o)
			return
		}
	}
	at.entries = append(at.entries, entry{document: d, origins: []origin{o}})
}

// siteAt returns the site of a path. It makes one if there is none.
func (r *Room) siteAt(path string) *site {
	for i := range r.sites {
		if r.sites[i].path == path {
			return &r.sites[i]
		}
	}
	r.sites = append(r.sites, site{path: path})
	return &r.sites[len(r.sites)-1]
}

func (e *entry) has(o origin) bool {
	for i := range e.origins {
		if e.origins[i] == o {
			return true
		}
	}
	return false
}

// hasHost tells whether the document is that of a host, whatever its port.
func (e *entry) hasHost(host string) bool {
	for i := range e.origins {
		if e.origins[i].host == host {
			return true
		}
	}
	return false
}

// Find returns the document that a request asks for, or nil.
func (r *Room) Find(t *request.Target) *Document {
	path := request.CutQuery(t.Path)
	if !strings.HasPrefix(path, "/.well-known/") && (!r.appended || !strings.HasSuffix(path, openidKnown)) {
		return nil
	}
	for i := range r.sites {
		if r.sites[i].path == path {
			return r.sites[i].choose(t.Authority)
		}
	}
	return nil
}

// choose returns the document for the host of a request: that of its port, too, if the
// host has several.
func (s *site) choose(authority string) *Document {
	if len(s.entries) == 1 {
		return s.entries[0].document
	}
	asked, ok := originOf(authority)
	if !ok {
		return nil
	}
	var found *Document
	several := false
	for i := range s.entries {
		switch e := &s.entries[i]; {
		case e.has(asked):
			return e.document
		case e.hasHost(asked.host):
			several = found != nil
			found = e.document
		}
	}
	if several {
		return nil
	}
	return found
}

// freshFor is how long, in seconds, clients may use a document of the configuration.
const freshFor = "3600"

// Reply returns the reply to a request for the document. It returns nil if a server's
// own is asked for, see [Visit.Await].
func (d *Document) Reply(method string) *proxy.Reply {
	switch method {
	case "GET", "HEAD":
		if d.server != nil {
			return nil
		}
		return found(d.body, freshFor)
	case "OPTIONS":
		return &preflight
	}
	return &notAllowed
}

// Replies that are always the same.
var (
	preflight = proxy.Reply{Status: 204, Details: detailsMetadata, Headers: []proxy.Header{
		{Name: "access-control-allow-origin", Value: "*"},
		{Name: "access-control-allow-methods", Value: methods},
		// MCP clients in browsers send their protocol version, too.
		{Name: "access-control-allow-headers", Value: "mcp-protocol-version, authorization, content-type"},
		{Name: "access-control-max-age", Value: "3600"},
	}}
	notAllowed = proxy.Reply{Status: 405, Details: detailsMetadata, Headers: []proxy.Header{
		{Name: "allow", Value: methods},
		{Name: "access-control-allow-origin", Value: "*"},
	}}
	// unavailable is the reply if the server's document cannot be passed on. Clients look
	// elsewhere then, as after any error.
	unavailable = proxy.Reply{Status: 502, Details: detailsMetadata, Headers: []proxy.Header{
		{Name: "content-type", Value: "application/problem+json"},
		{Name: "cache-control", Value: "no-store"},
		{Name: "access-control-allow-origin", Value: "*"},
	}, Body: []byte(`{"type":"about:blank","title":"Bad Gateway","status":502,"detail":"The authorization server's metadata is not available at the moment."}`)}
)

const methods = "GET, HEAD, OPTIONS"

// found is the reply with a document, which clients may use for some seconds.
func found(body []byte, seconds string) *proxy.Reply {
	return &proxy.Reply{Status: 200, Details: detailsMetadata, Body: body, Headers: []proxy.Header{
		{Name: "content-type", Value: "application/json"},
		{Name: "cache-control", Value: "public, max-age=" + seconds},
		{Name: "access-control-allow-origin", Value: "*"},
	}}
}

// detailsMetadata are the response code details of a served document. It is not a
// refusal and has no reason.
const detailsMetadata = "gatewarden_metadata"
