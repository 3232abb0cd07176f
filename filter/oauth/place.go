package oauth

import (
	"strings"

	"github.com/gatewarden/gatewarden/filter/request"
)

// A document is found by its path alone, whatever the Host of the request says: a proxy
// in front may have changed that. Only where documents of several hosts have one path,
// the Host chooses among them. No document is made of what a Host says.

// site is a path at which documents are served. There are several if the services of
// several hosts have the same path.
type site struct {
	path string
	docs []document
}

// origin is where a document is, in the forms in which requests are compared with it.
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

// publish serves a document at a path. The first one at the same path and origin stays.
func (r *Room) publish(path string, d document) {
	for i := range r.sites {
		at := &r.sites[i]
		if at.path != path {
			continue
		}
		for j := range at.docs {
			if at.docs[j].origin == d.origin {
				return
			}
		}
		at.docs = append(at.docs, d)
		return
	}
	r.sites = append(r.sites, site{path: path, docs: []document{d}})
}

// find returns the document that a request asks for, by its path without query and its
// authority; nil if it asks for none.
func (r *Room) find(path, authority string) *document {
	for i := range r.sites {
		if r.sites[i].path == path {
			return r.sites[i].choose(authority)
		}
	}
	return nil
}

// choose returns the document for the host of a request: that of its port, too, if the
// host has several.
func (s *site) choose(authority string) *document {
	if len(s.docs) == 1 {
		return &s.docs[0]
	}
	asked, ok := originOf(authority)
	if !ok {
		return nil
	}
	var found *document
	several := false
	for i := range s.docs {
		switch d := &s.docs[i]; {
		case d.origin == asked:
			return d
		case d.origin.host == asked.host:
			several = found != nil
			found = d
		}
	}
	if several {
		return nil
	}
	return found
}
