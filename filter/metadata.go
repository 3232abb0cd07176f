package filter

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/config"
)

// wellKnown is where a protected resource's metadata is found (RFC 9728
// section 3).
const wellKnown = "/.well-known/oauth-protected-resource"

// document is a metadata document and the path that it is served at.
type document struct {
	path string
	body []byte
}

// documents returns the metadata of the resource at its own location and that
// of the whole host at the root location, where clients look that know no path.
// RFC 9728 section 3.3: "resource" must be the identifier from which the
// location was derived, so the two differ in it.
func documents(o *config.OAuth) []document {
	origin, path := splitResource(o.Resource)
	docs := []document{{wellKnown, metadata(o, origin)}}
	if path != "" {
		docs = append(docs, document{wellKnown + path, metadata(o, o.Resource)})
	} else {
		docs[0].body = metadata(o, o.Resource)
	}
	return docs
}

// metadataURL inserts the well-known path between host and path of a resource
// identifier (RFC 9728 section 3.1).
func metadataURL(resource string) string {
	origin, path := splitResource(resource)
	return origin + wellKnown + path
}

// splitResource splits a resource identifier into its origin and its path. A
// slash that only ends the host is no path.
func splitResource(resource string) (origin, path string) {
	authority := strings.Index(resource, "://") + len("://")
	slash := strings.IndexByte(resource[authority:], '/')
	if slash < 0 {
		return resource, ""
	}
	slash += authority
	if resource[slash:] == "/" {
		return resource[:slash], ""
	}
	return resource[:slash], resource[slash:]
}

// metadata is the JSON document. RFC 9728 section 3.2: members without a value
// are left out.
func metadata(o *config.OAuth, resource string) []byte {
	b := []byte(`{"resource":`)
	b = gjson.AppendJSONString(b, resource)
	b = appendList(b, "authorization_servers", o.AuthorizationServers)
	b = appendList(b, "scopes_supported", o.ScopesSupported)
	b = append(b, `,"bearer_methods_supported":["header"]`...)
	b = appendMember(b, "resource_name", o.ResourceName)
	b = appendMember(b, "resource_documentation", o.ResourceDocumentation)
	return append(b, '}')
}

func appendMember(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(b, `,"`+name+`":`...)
	return gjson.AppendJSONString(b, value)
}

func appendList(b []byte, name string, values []string) []byte {
	if len(values) == 0 {
		return b
	}
	b = append(b, `,"`+name+`":[`...)
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = gjson.AppendJSONString(b, v)
	}
	return append(b, ']')
}

// serveMetadata answers a request for one of the documents; nil if it is not for
// one. Nothing about the documents is secret: every origin may read them, and no
// lockout hides them.
func (f *Filter) serveMetadata(t *target) *Reply {
	path := cutQuery(t.path)
	if !strings.HasPrefix(path, wellKnown) {
		return nil
	}
	for i := range f.documents {
		if path == f.documents[i].path {
			return f.documents[i].reply(t.method)
		}
	}
	return nil
}

func (d *document) reply(method string) *Reply {
	switch method {
	case "GET", "HEAD":
		return &Reply{Status: 200, Details: detailsMetadata, Body: d.body, Headers: []Header{
			{"content-type", "application/json"},
			{"cache-control", "public, max-age=3600"},
			{"access-control-allow-origin", "*"},
		}}
	case "OPTIONS":
		return &Reply{Status: 204, Details: detailsMetadata, Headers: []Header{
			{"access-control-allow-origin", "*"},
			{"access-control-allow-methods", "GET, HEAD, OPTIONS"},
			// MCP clients in browsers send their protocol version along.
			{"access-control-allow-headers", "mcp-protocol-version, authorization, content-type"},
			{"access-control-max-age", "3600"},
		}}
	}
	return &Reply{Status: 405, Details: detailsMetadata, Headers: []Header{
		{"allow", "GET, HEAD, OPTIONS"},
		{"access-control-allow-origin", "*"},
	}}
}

// detailsMetadata are the response code details of served metadata, which is no
// refusal and has no reason.
const detailsMetadata = "gatewarden_metadata"
