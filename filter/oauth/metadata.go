package oauth

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/internal/text"
)

// wellKnown is where a protected resource's metadata is found (RFC 9728 section 3).
const wellKnown = "/.well-known/oauth-protected-resource"

// describe serves the metadata of a resource, by its place in the configuration: at its
// own location, and at the root location of its host if it describes that. There,
// "resource" is the host, because it must be the identifier from which the location was
// derived (RFC 9728 section 3.3).
// See RATIONALE.md, "Why does the document of a host name the host?"
func (r *Room) describe(c *config.Config, resource int) {
	o := &c.OAuth[resource]
	if !o.ServeMetadata {
		return
	}
	host, path := config.SplitResource(o.Resource)
	own := newOrigin(o.Resource)
	r.publish(wellKnown+path, own, &Document{body: metadata(o, o.Resource)})
	if path != "" && c.DescribesHost(resource) {
		r.publish(wellKnown, own, &Document{body: metadata(o, host)})
	}
}

// metadataURL returns the location of a resource's metadata: the well-known path comes
// between the host and the path of its identifier (RFC 9728 section 3.1).
func metadataURL(resource string) string {
	origin, path := config.SplitResource(resource)
	return origin + wellKnown + path
}

// metadata returns the JSON document. It leaves members without a value out (RFC 9728
// section 3.2).
func metadata(o *config.OAuth, resource string) []byte {
	var b document
	b.Add(`{"resource":`)
	b.AddJSON(resource)
	b.list("authorization_servers", o.AuthorizationServers)
	b.list("scopes_supported", o.ScopesSupported)
	b.Add(`,"bearer_methods_supported":["header"]`)
	b.member("resource_name", o.ResourceName)
	b.member("resource_documentation", o.ResourceDocumentation)
	b.Add("}")
	return b.Buffer
}

// document is a JSON document that is being written.
type document struct{ text.Buffer }

func (b *document) member(name, value string) {
	if value != "" {
		b.name(name)
		b.AddJSON(value)
	}
}

func (b *document) list(name string, values []string) {
	if len(values) == 0 {
		return
	}
	b.name(name)
	separator := "["
	for _, v := range values {
		b.Add(separator)
		b.AddJSON(v)
		separator = ","
	}
	b.Add("]")
}

func (b *document) name(name string) {
	b.Add(`,"`)
	b.Add(name)
	b.Add(`":`)
}
